import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { coregisterFile } from '../../../pipeline/jobs/coregister-file.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { realData } from '../../helpers/real-data.ts';

const naip = realData('07-naip-rgbn-field-scale');
const scene = (date: string) => join(naip!, `m_4709963_se_14_1_${date}.tif`);
const OPTIONS = { gradient: false, out: undefined, compress: 'zstd', version: 'test', threads: 1 } as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heitu-coreg-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The image as if it lay elsewhere by (right, down) metres. */
async function displaced(date: string, right: number, down: number): Promise<string> {
  const raster = await openRaster(scene(date));
  const { width, height, transform: t, epsg } = raster.info;
  const bands = await raster.read([1, 2, 3, 4], { col: 0, row: 0, width, height });
  await raster.close();
  const path = join(folder, `${date}-${right}-${down}.tif`);
  const grid = { width, height, epsg, transform: [t![0] + right, t![1], 0, t![3] - down, 0, t![5]] } as const;
  await writeCog(path, {
    grid,
    bands: bands.map((data, i) => ({ data: Uint8Array.from(data), description: `band ${i + 1}` })),
    nodata: 0,
    compress: 'zstd',
    resampling: 'average',
    metadata: {},
  });
  return path;
}

describe('three years of NAIP (5 m pixels; starts differ by 1 to 3 m)', () => {
  // What numpy's phase correlation of the same windows and bands says, georeference ignored, in pixels:
  // test/helpers/phase-correlation.py naip; 2018 starts 2 m further right and 3 m further up, which is (0.4, −0.6) of that.
  it.skipIf(naip === null).each([
    ['20140720', -0.12, 0.07],
    ['20180716', 0.18 - 0.4, -0.64 + 0.6],
  ])(
    'lie on each other to half a pixel by their georeference, though fields changed: %s',
    async (date, dx, dy) => {
      const found = await coregisterFile(scene(date), scene('20100629'), OPTIONS);
      expect(found).toMatchObject({ status: 'ok', reason: null, pixelSize: 5, file: null });
      expect(found.after.rmse).toBeLessThan(0.45);
      expect(Math.abs(found.shift[0] - dx)).toBeLessThan(0.25);
      expect(Math.abs(found.shift[1] - dy)).toBeLessThan(0.25);
    },
  );

  it.skipIf(naip === null)(
    'are brought back from 31 m to the right and 18 m up, and stay there',
    async () => {
      const moving = await displaced('20140720', 31, -18);
      const out = join(folder, 'aligned.tif');
      const found = await coregisterFile(moving, scene('20100629'), { ...OPTIONS, out });
      expect(found).toMatchObject({ status: 'ok', file: out });
      expect(found.before.median).toBeGreaterThan(6.5);
      expect(found.after.rmse).toBeLessThan(0.5);
      expect(Math.abs(found.shift[0] + 31 / 5)).toBeLessThan(0.25);
      expect(Math.abs(found.shift[1] - 18 / 5)).toBeLessThan(0.25);
      const again = await coregisterFile(out, scene('20100629'), OPTIONS);
      expect(again.status).toBe('ok');
      expect(Math.hypot(...again.shift)).toBeLessThan(0.2);
      expect(again.before.rmse).toBeLessThan(0.5);
    },
  );

  it.skipIf(naip === null)('say so where the other image lies elsewhere', async () => {
    const far = await displaced('20140720', 50_000, 0);
    await expect(coregisterFile(far, scene('20100629'), OPTIONS)).rejects.toThrow(/outside the image/);
  });
});
