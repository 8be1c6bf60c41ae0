import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { assetsOn } from '../../pipeline/store/asset.ts';
import { seriesOf } from '../../pipeline/store/observation.ts';
import { openStore } from '../../pipeline/store/open.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { realData } from '../helpers/real-data.ts';
import { heitu } from '../helpers/terminal.ts';

const folder = await temporaryFolder();
const slovenia = realData('01-s2-timeseries-slovenia');
const naip = realData('07-naip-rgbn-field-scale');

/** Scene dates and their band in ndvi_68dates_float32.tif (order of timestamps.json). */
const DATES: readonly (readonly [date: string, band: number])[] = [
  ['2015-07-11', 1],
  ['2015-07-31', 2],
  ['2015-08-20', 3],
  ['2015-08-30', 4],
  ['2015-09-09', 5],
];

async function bandOf(file: string, band: number): Promise<Float64Array> {
  const raster = await openRaster(file);
  const { width, height } = raster.info;
  const [values] = await raster.read([band], { col: 0, row: 0, width, height });
  await raster.close();
  return Float64Array.from(values as Float32Array, Number);
}

describe.skipIf(slovenia === null)('Sentinel-2 over Slovenia', () => {
  const workspace = join(folder, 'slovenia');

  it('goes from files to parcel observations, both encodings as collections of their own', async () => {
    const ran = await heitu(['demo', '--once', '--data', slovenia!, '--workspace', workspace, '--json']);
    const [summary] = ran.json();
    expect(summary).toMatchObject({ scenes: 10, parcels: 88, simulated: false });
    expect(summary!.observations).toBeGreaterThan(88 * 10 * 4);
    const store = await openStore({ workspace, databaseUrl: null });
    const points = await seriesOf(store, { placeId: '37649', product: 'NDVI', statistic: 'mean' });
    await store.close();
    expect(new Set(points.map((point) => point.collection))).toEqual(
      new Set(['s2-l1c-13band', 's2-l1c-bgrn']),
    );
  }, 120_000);

  it.each(['s2-l1c-13band', 's2-l1c-bgrn'])(
    '%s stores the published NDVI within 0.51 of a count wherever it is clear',
    async (collection) => {
      const store = await openStore({ workspace, databaseUrl: null });
      try {
        for (const [date, band] of DATES) {
          const [ndvi] = await assetsOn(store, { collection, product: 'NDVI', date });
          const [quality] = await assetsOn(store, { collection, product: 'QUALITY', date });
          const counts = await bandOf(join(workspace, ndvi!.path), 1);
          const flags = await bandOf(join(workspace, quality!.path), 1);
          const published = await bandOf(join(slovenia!, 'ndvi_68dates_float32.tif'), band);
          let compared = 0;
          for (let i = 0; i < counts.length; i++) {
            if (flags[i] !== 0) continue;
            compared += 1;
            if (Math.abs(counts[i]! - published[i]! * 10_000) > 0.51) {
              throw new Error(`${date} pixel ${i}: stored ${counts[i]}, published ${published[i]! * 10_000}`);
            }
          }
          if (date !== '2015-07-31' && date !== '2015-08-20') expect(compared).toBeGreaterThan(9000);
        }
      } finally {
        await store.close();
      }
    },
  );

  it.each(['13band_float32', 'BGRN_uint16'])(
    'index of the %s scenes equals the published NDVI on every pixel',
    async (kind) => {
      const out = join(folder, `index-${kind}`);
      const bands = kind === 'BGRN_uint16' ? 'B=1,G=2,R=3,N=4' : 'B=2,G=3,R=4,N=8';
      const files = DATES.map(([date]) => join(slovenia!, 'scenes', `S2_L1C_${date}_${kind}.tif`));
      const ran = await heitu([
        'index',
        ...files,
        '--index',
        'NDVI',
        '--bands',
        bands,
        '--out',
        out,
        '--json',
      ]);
      expect(ran.code).toBe(0);
      for (const [date, band] of DATES) {
        const counts = await bandOf(join(out, `S2_L1C_${date}_${kind}_NDVI.tif`), 1);
        const published = await bandOf(join(slovenia!, 'ndvi_68dates_float32.tif'), band);
        const worst = Math.max(...counts.map((count, i) => Math.abs(count - published[i]! * 10_000)));
        expect(worst).toBeLessThanOrEqual(0.51);
      }
    },
  );

  it('zonal statistics by pixel centre reproduce the table made with GDAL to 1e-6', async () => {
    const table = (await readFile(join(slovenia!, 'expected_zonal_ndvi_2015-07-11.csv'), 'utf8'))
      .trim()
      .split('\n')
      .slice(1);
    const ran = await heitu([
      'stats',
      join(slovenia!, 'ndvi_68dates_float32.tif'),
      join(slovenia!, 'lulc_parcels.geojson'),
      '--rule',
      'center',
      '--band',
      '1',
      '--id',
      'index',
      '--json',
    ]);
    const ours = new Map(ran.json().map((row) => [row.id, row]));
    expect(ours.size).toBe(table.length);
    for (const line of table) {
      const [, index, , pixels, , mean, min, max, sd] = line.split(',');
      const row = ours.get(index);
      expect(row?.pixel_count, `${index} pixels`).toBe(Number(pixels));
      if (Number(pixels) === 0) continue;
      for (const [name, expected] of [
        ['mean', mean],
        ['min', min],
        ['max', max],
        ['stdev', sd],
      ] as const) {
        expect(Math.abs(Number(row?.[name]) - Number(expected)), `${index} ${name}`).toBeLessThan(1e-6);
      }
    }
  });
});

describe.skipIf(naip === null)('NAIP over North Dakota', () => {
  it('goes from files to index maps on one grid, with red taken from band 1', async () => {
    const workspace = join(folder, 'naip');
    const ran = await heitu(['demo', '--once', '--data', naip!, '--workspace', workspace, '--json']);
    expect(ran.code).toBe(0);
    expect(ran.json()[0]).toMatchObject({ scenes: 3, simulated: false });
    const store = await openStore({ workspace, databaseUrl: null });
    const grids = [];
    for (const date of ['2010-06-30', '2014-07-21', '2018-07-17']) {
      const [asset] = await assetsOn(store, { collection: 'naip-rgbn', product: 'NDVI', date });
      const raster = await openRaster(join(workspace, asset!.path));
      grids.push(raster.info.transform!);
      await raster.close();
    }
    await store.close();
    for (const transform of grids) {
      expect((transform[0] - grids[0]![0]) % 5).toBe(0);
      expect((transform[3] - grids[0]![3]) % 5).toBe(0);
    }
  }, 120_000);
});
