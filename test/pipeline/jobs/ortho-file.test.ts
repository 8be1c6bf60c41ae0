import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import { heightAt } from '../../../pipeline/geometry/ground.ts';
import { project } from '../../../pipeline/geometry/rpc.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { type OrthoFileOptions, orthoFile } from '../../../pipeline/jobs/ortho-file.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { goldenGround, ikonosText, MODELS, modelOf } from '../geometry/models.ts';
import { madePixels, madeTiff } from './imagery.ts';

const SIDE = 1500;
const number = (col: number, row: number, band: number) => 300 + ((col * (3 + band) + row * 7) % 1500);
const model = {
  ...MODELS[2]!.rpc,
  LINE_OFF: SIDE / 2,
  SAMP_OFF: SIDE / 2,
  LINE_SCALE: SIDE / 2,
  SAMP_SCALE: SIDE / 2,
};
const RPC = modelOf({ ...MODELS[2]!, rpc: model });

let folder: string;
let options: OrthoFileOptions;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heitu-ortho-'));
  const bands = [0, 1].map((band) =>
    Uint16Array.from({ length: SIDE * SIDE }, (_, i) => number(i % SIDE, Math.floor(i / SIDE), band)),
  );
  await writeFile(join(folder, 'plain.tif'), madeTiff(bands, SIDE, SIDE, { block: 'strips of 37' }));
  await writeFile(
    join(folder, 'packed.tif'),
    madeTiff(bands, SIDE, SIDE, { block: [256, 256], planar: 2, deflate: true }),
  );
  await writeFile(join(folder, 'model_rpc.txt'), ikonosText(model));
  const ground = goldenGround();
  await writeCog(join(folder, 'dem.tif'), {
    grid: ground.grid,
    bands: [{ data: ground.values, description: 'height' }],
    nodata: null,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
  options = {
    rpc: join(folder, 'model_rpc.txt'),
    pixelCentre: 0,
    ground: { kind: 'dem', file: join(folder, 'dem.tif'), geoid: 0 },
    epsg: 4551,
    gsd: 30,
    out: join(folder, 'out.tif'),
    compress: 'zstd',
    version: 'test',
    threads: 1,
  };
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('heitu ortho', () => {
  it('lays an image on terrain, the same bytes in any storage and with any number of threads', async () => {
    const done = await orthoFile(join(folder, 'plain.tif'), options);
    expect(done.epsg).toBe(4551);
    const others = await Promise.all(
      [
        ['plain.tif', 2],
        ['packed.tif', 1],
      ].map(async ([file, threads], i) => {
        const out = join(folder, `other${i}.tif`);
        await orthoFile(join(folder, String(file)), { ...options, out, threads: Number(threads) });
        return await readFile(out);
      }),
    );
    const bytes = await readFile(options.out);
    for (const other of others) expect(other.equals(bytes)).toBe(true);

    const raster = await openRaster(options.out);
    expect(raster.info).toMatchObject({ epsg: 4551, dtype: 'uint16', nodata: 0, bandCount: 2, cog: true });
    const [width, height] = [raster.info.width, raster.info.height];
    const bands = await raster.read([1, 2], { col: 0, row: 0, width, height });
    await raster.close();
    const toPlace = transformer(4551, 4326);
    const heightOf = heightAt(goldenGround());
    let [inside, worst] = [0, 0];
    for (let row = 3; row < height; row += 41) {
      for (let col = 5; col < width; col += 37) {
        const [lon, lat] = toPlace(...apply(raster.info.transform!, col + 0.5, row + 0.5));
        const [u, v] = project(RPC, lon, lat, heightOf(lon, lat));
        const isInside = u > 0.5 && v > 0.5 && u < SIDE - 0.5 && v < SIDE - 0.5;
        const [left, top] = [Math.floor(u - 0.5), Math.floor(v - 0.5)];
        const [fx, fy] = [u - 0.5 - left, v - 0.5 - top];
        for (const band of [0, 1]) {
          const is = bands[band]![row * width + col]!;
          const line = (r: number) => number(left, r, band) * (1 - fx) + number(left + 1, r, band) * fx;
          const should = isInside ? line(top) * (1 - fy) + line(top + 1) * fy : 0;
          worst = Math.max(worst, Math.abs(is - should));
          inside += isInside ? 1 : 0;
        }
      }
    }
    expect(inside).toBeGreaterThan(1500);
    // Half a count of rounding, and what a few ten-thousandths of a pixel make on edges of 1500 counts.
    expect(worst).toBeLessThan(1.5);
  });

  it('takes four interleaved bands by another way to the same pixels as four planes, nodata and all', async () => {
    const bands = madePixels(700, 600);
    const half = { LINE_OFF: 300, SAMP_OFF: 350, LINE_SCALE: 300, SAMP_SCALE: 350 };
    await writeFile(join(folder, 'four_rpc.txt'), ikonosText({ ...MODELS[2]!.rpc, ...half }));
    const storages = [
      { block: 'strips of 37' },
      { block: [128, 128], deflate: true },
      { block: [128, 128], planar: 2, deflate: true },
    ] as const;
    const outs = [];
    for (const [i, storage] of storages.entries()) {
      const file = join(folder, `four${i}.tif`);
      await writeFile(file, madeTiff(bands, 700, 600, storage));
      const out = join(folder, `four${i}-out.tif`);
      await orthoFile(file, { ...options, rpc: join(folder, 'four_rpc.txt'), gsd: 60, out });
      outs.push(await readFile(out));
    }
    for (const out of outs) expect(out.equals(outs[0]!)).toBe(true);
    expect(outs[0]!.length).toBeGreaterThan(100_000);
  });

  it('says what it lacks: a model, or ground where the image lies', async () => {
    const file = join(folder, 'plain.tif');
    await expect(orthoFile(file, { ...options, rpc: undefined })).rejects.toThrow(/--rpc/);
    await expect(orthoFile(file, { ...options, rpc: join(folder, 'none.txt') })).rejects.toThrow(
      /no such file/,
    );
    await writeCog(join(folder, 'far.tif'), {
      grid: { ...goldenGround().grid, epsg: 32630 },
      bands: [{ data: goldenGround().values, description: 'height' }],
      nodata: null,
      compress: 'deflate',
      resampling: 'average',
      metadata: {},
    });
    const far = { kind: 'dem', file: join(folder, 'far.tif'), geoid: 0 } as const;
    await expect(orthoFile(file, { ...options, ground: far })).rejects.toThrow(
      /far.tif lies outside|outside the image/,
    );
  });
});
