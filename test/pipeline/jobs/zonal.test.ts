import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { transformer } from '../../../pipeline/core/crs.ts';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { type ZonalOptions, type ZonalRow, zonalOfFile } from '../../../pipeline/jobs/zonal.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { coverage } from '../../../pipeline/zones/coverage.ts';
import { summarise } from '../../../pipeline/zones/summarise.ts';
import { areaOf } from '../../../pipeline/zones/vector.ts';
import { indexPixels, parcelsGeoJson } from '../../bench/make-parcels.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';

const folder = await temporaryFolder();
const SIZE = 700;
const GRID: Grid = { width: SIZE, height: SIZE, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 };
const NODATA = -32_768;
const counts = indexPixels(SIZE, 10);
const [index, floats, classes, parcels] = ['index.tif', 'floats.tif', 'classes.tif', 'parcels.geojson'].map(
  (name) => join(folder, name),
) as [string, string, string, string];

/** 150 parcels side by side, one over most of the raster with a hole, one half outside, one wholly outside. */
function places(): string {
  const { features } = JSON.parse(parcelsGeoJson(GRID, 150)) as { features: object[] };
  const toLonLat = transformer(32651, 4326);
  const box = (id: string, ...boxes: [number, number, number, number][]) => ({
    type: 'Feature',
    id,
    properties: {},
    geometry: {
      type: 'Polygon',
      coordinates: boxes.map(([x0, y0, x1, y1]) =>
        [
          [x0, y0],
          [x1, y0],
          [x1, y1],
          [x0, y1],
          [x0, y0],
        ].map(([x, y]) => toLonLat(516_000 + 3 * x!, 4_873_800 - 3 * y!)),
      ),
    },
  });
  const more = [
    box('large', [10.25, 5.5, 690.125, 691.75], [100.5, 100.5, 300.25, 400.5]),
    box('rim', [-50.5, 650.25, 60.75, 750.5]),
    box('far', [1000, 1000, 1100, 1100]),
  ];
  return JSON.stringify({ type: 'FeatureCollection', features: [...features, ...more] });
}

beforeAll(async () => {
  const common = { grid: GRID, compress: 'deflate', metadata: {} } as const;
  const random = seeded(8);
  await writeCog(index, {
    ...common,
    bands: [{ data: counts, description: 'NDVI', scale: 0.0001 }],
    nodata: NODATA,
    resampling: 'average',
  });
  await writeCog(floats, {
    ...common,
    bands: [
      {
        data: Float32Array.from(counts, (value) => (value === NODATA ? Number.NaN : value / 7 + random())),
        description: 'x',
      },
    ],
    nodata: null,
    resampling: 'average',
  });
  await writeCog(classes, {
    ...common,
    bands: [
      {
        data: Uint8Array.from(counts, (value) =>
          value === NODATA ? 0 : 1 + Math.floor((value + 2000) / 3000),
        ),
        description: 'class',
      },
    ],
    nodata: 0,
    resampling: 'mode',
  });
  await writeFile(parcels, places());
});

const OPTIONS = {
  statistics: ['mean', 'stdev', 'min', 'max', 'median', 'p5', 'sum', 'count', 'covered', 'mode'],
  rule: 'exact',
  band: 1,
  id: undefined,
  epsg: undefined,
} as const satisfies ZonalOptions;

const numbersOf = (rows: readonly ZonalRow[]) =>
  rows.map(({ feature, touches, pixelCount, clearFraction, values, classes: found }) => ({
    id: feature.id,
    touches,
    pixelCount,
    clearFraction,
    values,
    found,
  }));

describe('statistics of a file', () => {
  test.each([
    ['counts', 'exact', index],
    ['counts', 'center', index],
    ['fractions', 'exact', floats],
    ['fractions', 'center', floats],
    ['classes', 'exact', classes],
  ] as const)(
    'are the same to the last bit however many rows are read at a time and by however many threads: %s, %s',
    async (_what, rule, raster) => {
      const options = { ...OPTIONS, rule, classes: raster === classes ? (['frac', 'area'] as const) : [] };
      const expected = numbersOf((await zonalOfFile(raster, parcels, { ...options, threads: 1 })).rows);
      expect(expected.filter(({ pixelCount }) => pixelCount > 0).length).toBeGreaterThan(140);
      for (const [threads, stripHeight] of [
        [1, 47],
        [1, 4096],
        [2, 100],
        [3, 256],
      ] as const) {
        const { rows } = await zonalOfFile(raster, parcels, { ...options, threads, stripHeight });
        expect(numbersOf(rows), `${threads} threads, ${stripHeight} rows`).toEqual(expected);
      }
    },
  );

  test('are what one polygon at a time gives', async () => {
    const { rows } = await zonalOfFile(index, parcels, { ...OPTIONS, threads: 1 });
    const toGrid = transformer(4326, 32651);
    for (const row of rows) {
      const polygon = row.feature.polygon.map((rings) =>
        rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!))),
      );
      const cover = coverage(polygon, GRID);
      expect(row.touches, row.feature.id).toBe(cover !== null);
      if (cover === null) continue;
      const under = [...cover.fraction.keys()].map((i) => {
        const { col, row: top, width } = cover.window;
        return counts[(top + Math.floor(i / width)) * SIZE + col + (i % width)]!;
      });
      const one = summarise(
        under.map((count) => count * 0.0001),
        under.map((count) => Number(count !== NODATA)),
        cover,
        OPTIONS.statistics,
      );
      expect(row.pixelCount).toBe(one.pixelCount);
      expect(row.clearFraction).toBeCloseTo(one.clearFraction, 12);
      if (one.pixelCount === 0) continue;
      for (const id of OPTIONS.statistics) expect(row.values[id], id).toBeCloseTo(one.values[id]!, 9);
    }
  });

  test('do not depend on the order of the polygons', async () => {
    const turned = join(folder, 'turned.geojson');
    const document = JSON.parse(places()) as { features: object[] };
    await writeFile(turned, JSON.stringify({ ...document, features: document.features.toReversed() }));
    const forward = await zonalOfFile(index, parcels, { ...OPTIONS, threads: 2 });
    const backward = await zonalOfFile(index, turned, { ...OPTIONS, threads: 2 });
    expect(numbersOf(backward.rows).toReversed()).toEqual(numbersOf(forward.rows));
  });

  test('of parcels side by side add up to those of the whole', async () => {
    const { rows } = await zonalOfFile(index, parcels, OPTIONS);
    const tiled = rows.filter(({ feature }) => /^\d+$/.test(feature.id));
    // Every twentieth parcel has a pond of a ninth of its size cut out; the lattice is 13 wide, 12 high and 150 long.
    const covered = tiled.reduce((sum, { values }) => sum + values.count!, 0);
    const clear = tiled.reduce((sum, { clearFraction }) => sum + clearFraction, 0) / tiled.length;
    const lattice = (150 / 156) * SIZE * SIZE;
    expect(covered / clear / lattice).toBeGreaterThan(0.98);
    expect(covered / clear / lattice).toBeLessThan(1.001);
  });

  test('of classes share out the area of a polygon', async () => {
    const { rows } = await zonalOfFile(classes, parcels, { ...OPTIONS, classes: ['frac', 'area'] });
    for (const { feature, classes: found, clearFraction, pixelCount, values } of rows) {
      if (pixelCount === 0) continue;
      const shares = Object.values(found.frac!);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12);
      const area = Object.values(found.area!).reduce((sum, m2) => sum + m2, 0);
      expect(area / (areaOf(feature.polygon) * clearFraction)).toBeCloseTo(1, 9);
      expect(found.frac![String(values.mode)]).toBe(Math.max(...shares));
    }
  });
});

describe('heitu stats', () => {
  test('writes a column for every class', async () => {
    const ran = await heitu([
      'stats',
      classes,
      parcels,
      '--statistics',
      'mode,p25,frac',
      '--threads',
      '1',
      '--json',
    ]);
    expect(ran.code).toBe(0);
    const large = ran.json().find((row) => row.id === 'large')!;
    expect(Object.keys(large).filter((name) => name.startsWith('frac_')).length).toBeGreaterThan(1);
    expect(large.p25).toBeLessThanOrEqual(3);
    const csv = await heitu(['stats', classes, parcels, '--statistics', 'frac', '--threads', '2']);
    expect(csv.out.split('\n')[0]).toMatch(/^id,name,pixel_count,clear_fraction,frac_2,frac_3,frac_4$/);
    expect(csv.out.split('\n').at(-1)).toMatch(/^far,,0,0,+$/);
  });

  test('says which statistics there are', async () => {
    const ran = await heitu(['stats', index, parcels, '--statistics', 'mean,p100']);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('p100');
    expect(ran.err).toContain('frac');
  });

  test('tells of a raster that is cut off, from whatever thread finds it', async () => {
    const { readFile } = await import('node:fs/promises');
    const bytes = await readFile(index);
    const cut = join(folder, 'cut.tif');
    await writeFile(cut, bytes.subarray(0, bytes.length - 200_000));
    for (const threads of ['1', '2']) {
      const ran = await heitu(['stats', cut, parcels, '--threads', threads]);
      expect([ran.code, ran.err.slice(0, 14)]).toEqual([1, 'E_TIFF_DAMAGED']);
    }
  });
});
