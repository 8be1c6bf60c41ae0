import { execFileSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { computeIndex, quantise } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { indexFile, parseBands } from '../../../pipeline/jobs/index-file.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { madePixels, madeTiff, type Storage, tallTiff } from './imagery.ts';

const folder = await temporaryFolder();
const INDEX_IDS = ['NDVI', 'EVI', 'GNDVI'] as const satisfies readonly IndexId[];

interface Run {
  readonly indices?: readonly IndexId[];
  readonly threads?: number;
  readonly scale?: number;
}

/** Runs the job on a file; the bytes of each result by index. */
async function bytesOf(file: string, out: string, { indices = INDEX_IDS, threads = 1, scale }: Run = {}) {
  const made = await indexFile({
    bands: parseBands('B=1,G=2,R=3,N=4', file),
    indices,
    stem: 'x',
    out: join(folder, out),
    scale,
    offset: undefined,
    epsg: undefined,
    compress: 'deflate',
    backend: 'cpu',
    version: 'test',
    threads,
  });
  return Object.fromEntries(
    await Promise.all(made.map(async (one) => [one.index, await readFile(one.file)] as const)),
  );
}

describe('an image of 1337 × 1100 pixels', () => {
  const [width, height] = [1337, 1100];
  const pixels = madePixels(width, height);
  const file = join(folder, 'tiles.tif');
  let usual: Record<string, Buffer>;

  beforeAll(async () => {
    await writeFile(
      file,
      madeTiff(pixels, width, height, { block: [256, 256], deflate: true, predictor: 2 }),
    );
    usual = await bytesOf(file, 'usual', { scale: 0.0001 });
  });

  test('has the counts that the stages one after the other give, on every pixel', async () => {
    const backend = await openBackend('cpu');
    const quality = new Uint16Array(width * height);
    const bands: Record<string, Float32Array> = {};
    for (const [i, name] of ['B', 'G', 'R', 'N'].entries()) {
      bands[name] = Float32Array.from(pixels[i]!, (count) => count * 0.0001);
    }
    const grid = { width, height, transform: [0, 1, 0, 0, 0, -1], epsg: null } as const;
    for (const id of INDEX_IDS) {
      quality.fill(0);
      for (const name of INDICES[id].bands) {
        bands[name]!.forEach((value, i) => {
          if (value === 0 || value > 1.6) quality[i] = QUALITY.NODATA.bit;
        });
      }
      // The bands are those above.
      const tile = {
        unit: 'boa',
        grid,
        bands: bands as Record<'B' | 'G' | 'R' | 'N', Float32Array>,
        quality,
      } as const;
      const expected = quantise(await computeIndex(id, tile, backend), INDICES[id].scale);
      const raster = await openRaster(join(folder, 'usual', `x_${id}.tif`));
      const [found] = await raster.read([1], { col: 0, row: 0, width, height });
      await raster.close();
      expect(Buffer.compare(Buffer.from(found!.buffer), Buffer.from(expected.buffer)), id).toBe(0);
    }
  });

  test.each([1, 2, 3, 4])('gives the same bytes with %i thread(s)', async (threads) => {
    const found = await bytesOf(file, `threads-${threads}`, { threads, scale: 0.0001 });
    for (const id of INDEX_IDS) expect(found[id]!.equals(usual[id]!), id).toBe(true);
  });

  test.each<Storage>([
    { block: 'strips of 1' },
    { block: 'strips of 37', deflate: true },
    { block: 'one strip', deflate: true, predictor: 2 },
    { block: 'one strip' },
    { block: [512, 512], planar: 2, predictor: 2, deflate: true },
    { block: [1024, 160] },
    { block: [16, 16], deflate: true },
    { block: [2048, 2048], deflate: true, bigEndian: true, predictor: 2 },
    { block: 'strips of 37', planar: 2, bigEndian: true },
  ])(
    'gives the same bytes however it is stored: $block, planar $planar, deflate $deflate, predictor $predictor',
    async (storage) => {
      const other = join(folder, 'stored.tif');
      await writeFile(other, madeTiff(pixels, width, height, storage));
      const found = await bytesOf(other, 'stored', { threads: 2, scale: 0.0001 });
      for (const id of INDEX_IDS) expect(found[id]!.equals(usual[id]!), id).toBe(true);
    },
  );

  test('an index is the same whatever others are asked for with it', async () => {
    const alone = await bytesOf(file, 'alone', { indices: ['NDVI'], scale: 0.0001 });
    expect(alone.NDVI!.equals(usual.NDVI!)).toBe(true);
  });

  test('leaves nothing behind in the output folder but the results', async () => {
    expect((await readdir(join(folder, 'usual'))).sort()).toEqual(
      INDEX_IDS.map((id) => `x_${id}.tif`).sort(),
    );
  });

  test('a file that is damaged in the middle is refused by the thread that meets it, and no result is left', async () => {
    const damaged = madeTiff(pixels, width, height, { block: [256, 256], deflate: true });
    damaged.fill(0xff, damaged.length - 40_000, damaged.length - 20_000);
    const path = join(folder, 'damaged.tif');
    await writeFile(path, damaged);
    await expect(bytesOf(path, 'none', { threads: 2 })).rejects.toMatchObject({ code: 'E_TIFF_DAMAGED' });
    expect(await readdir(join(folder, 'none')).catch(() => [])).toEqual([]);
  });
});

describe('memory', () => {
  test('does not grow with the height of an image', { timeout: 60_000 }, async () => {
    const peak = async (height: number) => {
      const path = join(folder, `tall-${height}.tif`);
      await writeFile(path, tallTiff(1024, height));
      const script = fileURLToPath(new URL('./peak-child.ts', import.meta.url));
      return Number(
        execFileSync(process.execPath, [script, path, join(folder, 'tall')], { encoding: 'utf8' }),
      );
    };
    const [low, high] = [await peak(8192), await peak(40_960)];
    // What the taller has more is 34 million pixels: 134 MB for one float32 plane, and the job makes two, counts, and four
    // planes of stored numbers.
    expect(high - low).toBeLessThan(130);
  });

  test('is kept within bounds where a block is as large as the image, whatever number of threads is asked for', async () => {
    const [width, height] = [700, 600];
    const path = join(folder, 'one.tif');
    await writeFile(
      path,
      madeTiff(madePixels(width, height), width, height, { block: 'one strip', deflate: true }),
    );
    const [one, many] = [await bytesOf(path, 'one'), await bytesOf(path, 'many', { threads: 64 })];
    expect(many.NDVI!.equals(one.NDVI!)).toBe(true);
  });
});
