import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectRaster } from '../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { gdalinfo, needGdal } from '../pipeline/write/gdal.ts';
import { type Contest, hold } from './contest.ts';
import { makeBlobs, makeParcels, makeScene } from './inputs.ts';

const folder = await temporaryFolder();
const scene = join(folder, 'scene.tif');
await makeScene(scene, 256, 1);

describe('the scene of the bench', () => {
  it('is the same for the same seed, and another for another', async () => {
    const [again, other] = [join(folder, 'again.tif'), join(folder, 'other.tif')];
    await makeScene(again, 256, 1);
    await makeScene(other, 256, 2);
    expect(readFileSync(again).equals(readFileSync(scene))).toBe(true);
    expect(readFileSync(other).equals(readFileSync(scene))).toBe(false);
  });

  it('is four bands of 16 bits in uncompressed strips with empty corners', async () => {
    const found = await inspectRaster(scene);
    expect(found).toMatchObject({
      width: 256,
      height: 256,
      bandCount: 4,
      dtype: 'uint16',
      epsg: 4551,
      nodata: 0,
      compression: 'none',
      block: [256, 16],
      transform: [500_000, 3, 0, 4_890_000, 0, -3],
    });
    for (const { validCount } of found.bands!) {
      expect(validCount).toBeGreaterThan(60_000);
      expect(validCount).toBeLessThan(65_000);
    }
  });

  it('is the same to GDAL', async (context) => {
    needGdal(context);
    const found = gdalinfo(scene);
    expect(found.size).toEqual([256, 256]);
    expect(found.bands.map(({ type }) => type)).toEqual(['UInt16', 'UInt16', 'UInt16', 'UInt16']);
    expect(found.geoTransform).toEqual([500_000, 3, 0, 4_890_000, 0, -3]);
  });
});

it('blobs are classes 1 to 3 on 0, and parcels are as many as asked for', async () => {
  const [blobs, parcels] = [join(folder, 'blobs.tif'), join(folder, 'parcels.geojson')];
  await makeBlobs(blobs, 128, 40, 1);
  const { bands } = await inspectRaster(blobs);
  expect(bands).toMatchObject([{ min: 1, max: 3 }]);
  await makeParcels(parcels, 256, 50, 1);
  expect(JSON.parse(readFileSync(parcels, 'utf8')).features).toHaveLength(50);
});

describe('a contest', () => {
  const shell = (name: string, script: string) => ({
    name,
    commands: [{ program: 'bash', args: ['-c', script] }],
  });

  it('gives ratios of their time to ours, and says what fails and what differs', async () => {
    const contest: Contest = {
      title: 'naps',
      megapixels: 1,
      ours: shell('short', 'sleep 0.05'),
      theirs: [shell('long', 'sleep 0.3'), shell('broken', 'echo no such thing >&2; exit 3')],
      differences: async ({ name }) => `${name} differs`,
    };
    const [ours, long, broken] = await hold(contest, 3);
    expect(ours).toMatchObject({ side: 'short', runs: 3, wallRatio: '' });
    expect(Number(long!.wallRatio)).toBeGreaterThan(2);
    expect(long!.agreement).toBe('long differs');
    expect(broken!.agreement).toContain('no such thing');
  });

  it('of ours that fails ends the bench', async () => {
    const contest: Contest = {
      title: 'nothing',
      megapixels: null,
      ours: shell('ours', 'exit 1'),
      theirs: [],
      differences: async () => '',
    };
    await expect(hold(contest, 1)).rejects.toThrow('ended with 1');
  });
});
