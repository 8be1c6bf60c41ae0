import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import { HeituError } from '../../../pipeline/core/error.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { type Delivery, findDeliveries } from '../../../pipeline/ingest/delivery.ts';
import { admit } from '../../../pipeline/ingest/door.ts';
import { openScene } from '../../../pipeline/ingest/tile.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';

const folder = await temporaryFolder();
let county = '';
let first: Delivery;

beforeAll(async () => {
  county = join(folder, 'county');
  await makeCounty(county, { width: 96, height: 80, dates: 2 });
  const [found] = await findDeliveries(join(county, 'deliveries'));
  if (found === undefined || !('delivery' in found)) throw new Error('the generator wrote no delivery');
  first = found.delivery;
});

/** A copy of the first delivery with one thing changed about it. */
async function damaged(
  name: string,
  change: (paths: { image: string; metadata: string }) => Promise<void>,
): Promise<Delivery> {
  const copy = join(folder, name);
  await mkdir(copy);
  for (const file of first.files) await copyFile(join(first.folder, file), join(copy, file));
  await change({ image: join(copy, first.image), metadata: join(copy, first.metadata!) });
  return { ...first, folder: copy };
}

const rewrite = (path: string, from: RegExp, to: string) =>
  readFile(path, 'utf8').then((text) => writeFile(path, text.replace(from, to)));

describe('the door', () => {
  it('makes a scene of a Jilin-1 delivery', async () => {
    const { scene, fingerprint } = await admit(first);
    expect(scene).toMatchObject({
      sensor: 'jl1-gf02',
      encoding: 'boa',
      radiometry: 'absolute',
      bits: 12,
      nodata: 0,
      simulated: true,
      level: 'L1',
    });
    expect(scene.bands.map((band) => band.name)).toEqual(['B', 'G', 'R', 'N']);
    expect(scene.grid).toMatchObject({ width: 96, height: 80, epsg: 4551 });
    expect(scene.bbox[0]).toBeGreaterThan(125);
    expect(scene.bbox[2]).toBeLessThan(126.5);
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    expect(scene.run).toBe('001');
    const stem = first.image.replace('.tif', '');
    expect(scene.files.map((file) => file.name)).toEqual([
      `${stem}.tif`,
      `${stem}_meta.xml`,
      `${stem}_rpc.txt`,
    ]);
  });

  it('knows the same bytes again under another folder', async () => {
    const copy = await damaged('same', async () => undefined);
    expect((await admit(copy)).fingerprint).toBe((await admit(first)).fingerprint);
  });

  it.each([
    ['a truncated image', 'E_TIFF_DAMAGED', ({ image }: { image: string }) => truncate(image, 20_000)],
    [
      'a file that is no TIFF',
      'E_NOT_TIFF',
      ({ image }: { image: string }) => writeFile(image, 'not a tiff at all, only named like one'),
    ],
    ['an empty file', 'E_NOT_TIFF', ({ image }: { image: string }) => writeFile(image, '')],
    [
      'gains for three of four bands',
      'E_CALIBRATION_INVALID',
      ({ metadata }: { metadata: string }) =>
        rewrite(metadata, /(<AbsCalibrationGain>[^,]+,[^,]+),[^,]+,/, '$1,'),
    ],
    [
      'no gains',
      'E_META_MISSING',
      ({ metadata }: { metadata: string }) =>
        rewrite(metadata, /<AbsCalibrationGain>.*<\/AbsCalibrationGain>/, ''),
    ],
    [
      'a gain of zero',
      'E_CALIBRATION_INVALID',
      ({ metadata }: { metadata: string }) =>
        rewrite(metadata, /<AbsCalibrationGain>[^,]+/, '<AbsCalibrationGain>0'),
    ],
    [
      'a time of another day',
      'E_TIME_CONFLICT',
      ({ metadata }: { metadata: string }) => rewrite(metadata, /Time>2024-/g, 'Time>2023-'),
    ],
    [
      'a satellite nobody knows',
      'E_META_INVALID',
      ({ metadata }: { metadata: string }) =>
        rewrite(metadata, /JL1GF02B<\/SatelliteID>/, 'XX9</SatelliteID>'),
    ],
    [
      'a visible-only camera',
      'E_BAND_MISSING',
      ({ metadata }: { metadata: string }) =>
        rewrite(metadata, /JL1GF02B<\/SatelliteID>/, 'JL1GF03C01</SatelliteID>'),
    ],
  ] as const)('refuses %s with %s, naming the file', async (what, code, change) => {
    const delivery = await damaged(what.replaceAll(' ', '-'), change);
    const error = await admit(delivery).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(HeituError);
    expect((error as HeituError).code).toBe(code);
    expect((error as HeituError).message).toContain(first.image.slice(0, 20));
  });

  it('finds every delivery of a folder and says of each other file why it is none', async () => {
    const mixed = join(folder, 'mixed');
    await mkdir(join(mixed, 'empty'), { recursive: true });
    await copyFile(join(first.folder, first.image), join(mixed, first.image));
    await copyFile(join(first.folder, first.image), join(mixed, 'holiday.tif'));
    await writeFile(join(mixed, 'scene_L1.zip'), 'PK');
    await writeFile(join(mixed, 'scene_L1.rar'), 'Rar!');
    const found = await findDeliveries(mixed);
    const codes = found.map((one) => ('error' in one ? one.error.code : 'archive' in one ? 'archive' : 'ok'));
    expect(codes.sort()).toEqual(['E_ARCHIVE_PACKED', 'E_META_MISSING', 'E_NAME_GRAMMAR', 'archive']);
    await expect(findDeliveries(join(mixed, 'empty'))).rejects.toThrow(/E_FOLDER_EMPTY|no imagery found/);
    await expect(findDeliveries(join(mixed, 'nowhere'))).rejects.toThrow(/no such file/);
  });

  it('reads a window that reaches out of the image, and calls the rest no data', async () => {
    const { scene } = await admit(first);
    const open = await openScene(scene);
    const whole = await open.read({ col: 0, row: 0, width: 96, height: 80 });
    const wide = await open.read({ col: -4, row: -2, width: 104, height: 84 });
    await open.close();
    expect(wide.quality[0]).toBe(QUALITY.NODATA.bit);
    for (const name of ['B', 'N']) {
      for (const [col, row] of [
        [0, 0],
        [95, 79],
        [40, 17],
      ] as const) {
        expect(wide.bands[name]![(row + 2) * 104 + col + 4]).toBe(whole.bands[name]![row * 96 + col]);
      }
    }
  });
});

describe('real imagery at the door', () => {
  const slovenia = realData('01-s2-timeseries-slovenia/scenes');
  const naip = realData('07-naip-rgbn-field-scale');

  it.skipIf(slovenia === null)('is refused until somebody says what it is', async () => {
    const found = await findDeliveries(slovenia!);
    expect(found).toHaveLength(10);
    expect(new Set(found.map((one) => ('error' in one ? one.error.code : 'ok')))).toEqual(
      new Set(['E_NAME_GRAMMAR']),
    );
  });

  it.skipIf(naip === null)('takes NAIP’s red from band 1 because its description says so', async () => {
    const { parseDescriptions } = await import('../../../pipeline/ingest/describe.ts');
    const text = await readFile(new URL('../../../fixtures/describe/naip.json', import.meta.url), 'utf8');
    const found = await findDeliveries(naip!, parseDescriptions(text, 'naip.json'));
    const files = (await readdir(naip!)).filter((name) => name.endsWith('.tif'));
    expect(found).toHaveLength(files.length);
    const [one] = found;
    if (one === undefined || !('delivery' in one)) throw new Error('not admitted');
    const { scene } = await admit(one.delivery);
    expect(scene.bands.map((band) => `${band.name}${band.number}`)).toEqual(['R1', 'G2', 'B3', 'N4']);
    expect(scene).toMatchObject({ radiometry: 'relative', nodata: 0, datetime: '2010-06-29T17:00:00.000Z' });
  });
});
