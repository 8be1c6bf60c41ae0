import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Window } from '../../../pipeline/core/grid.ts';
import { inspectRaster, openRaster, type RasterFile } from '../../../pipeline/ingest/geotiff.ts';
import { indexFile, parseBands } from '../../../pipeline/jobs/index-file.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { handMade, plainTags, type Tag } from './tiff.ts';

const folder = await temporaryFolder();

// One strip of 12,000 × 9,000 numbers of 16 bits, or of 6,000 × 4,500 of 64: 206 MiB, more than a block may take at once.
const SIZES = { 16: [12_000, 9_000], 64: [6_000, 4_500] } as const;
const valueAt = (col: number, row: number) => 1000 + ((col * 7 + row * 13) % 4000);

const PLACE: readonly Tag[] = [
  { tag: 33550, type: 12, values: [3, 3, 0] },
  { tag: 33922, type: 12, values: [0, 0, 0, 516_000, 4_873_800, 0] },
  { tag: 34735, type: 3, values: [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 4551] },
];

function tagsOf(width: number, height: number, compression: number, bits: 16 | 64 = 16): Tag[] {
  return plainTags(width, height, [
    { tag: 256, type: 4, values: [width] },
    { tag: 257, type: 4, values: [height] },
    { tag: 278, type: 4, values: [height] },
    { tag: 258, type: 3, values: [bits] },
    { tag: 259, type: 3, values: [compression] },
    { tag: 317, type: 3, values: [bits === 16 ? 2 : 1] },
    { tag: 339, type: 3, values: [bits === 16 ? 1 : 3] },
    ...PLACE,
  ]);
}

/** The whole strip before compression: differences along rows of 16 bits, or floats of 64. */
function strip(bits: 16 | 64): Uint8Array {
  const [width, height] = SIZES[bits];
  const cells = bits === 16 ? new Uint16Array(width * height) : new Float64Array(width * height);
  for (let row = 0, i = 0; row < height; row++) {
    for (let col = 0; col < width; col++, i++) {
      cells[i] = valueAt(col, row) - (bits === 16 && col > 0 ? valueAt(col - 1, row) : 0);
    }
  }
  return new Uint8Array(cells.buffer);
}

async function expectPixels(raster: RasterFile, window: Window): Promise<void> {
  const [data] = await raster.read([1], window);
  let wrong = 0;
  for (let i = 0; i < data!.length; i++) {
    const [col, row] = [window.col + (i % window.width), window.row + Math.floor(i / window.width)];
    if (data![i] !== valueAt(col, row)) wrong += 1;
  }
  expect(wrong).toBe(0);
}

const zstd = join(folder, 'zstd.tif');
const deflate = join(folder, 'deflate.tif');
const floats = strip(64);
await writeFile(
  zstd,
  handMade({ tags: tagsOf(...SIZES[64], 50_000, 64), blocks: [zstdCompressSync(floats)] }),
);
await writeFile(
  deflate,
  handMade({ tags: tagsOf(...SIZES[16], 8), blocks: [deflateSync(strip(16), { level: 1 })] }),
);

describe('a strip that is too large to be decoded at once', () => {
  it.each([
    ['zstd', zstd],
    ['deflate with differences', deflate],
  ])('of %s gives the right pixels of any window, also of one further up', async (_name, path) => {
    const raster = await openRaster(path);
    expect(raster.info.sequential).toBe(true);
    await expectPixels(raster, { col: 0, row: 0, width: 512, height: 512 });
    await expectPixels(raster, { col: 5_488, row: 0, width: 512, height: 512 });
    await expectPixels(raster, { col: 5000, row: 500, width: 100, height: 3000 });
    await expectPixels(raster, { col: 3, row: raster.info.height - 1, width: 5_990, height: 1 });
    await expectPixels(raster, { col: 3, row: 17, width: 2, height: 1 });
    await raster.close();
  });

  it('answers windows that are asked for at the same time, each with its own pixels', async () => {
    const raster = await openRaster(zstd);
    const rows = [4000, 10, 2500, 4400];
    await Promise.all(rows.map((row) => expectPixels(raster, { col: 100, row, width: 50, height: 20 })));
    await raster.close();
  });

  it('is inspected to its last pixel', async () => {
    const { ok, bands } = await inspectRaster(zstd);
    expect(ok).toBe(true);
    expect(bands).toMatchObject([{ validCount: 27_000_000, min: 1000, max: 4999 }]);
  });

  it('becomes an index by one thread, as its rows come in order', async () => {
    const made = await indexFile({
      ...{ bands: parseBands('N=1,R=1', zstd), indices: ['NDVI'], stem: 'one', out: folder },
      ...{ scale: 0.0001, offset: undefined, epsg: undefined, compress: 'zstd', backend: 'cpu' },
      ...{ version: 'test', threads: 4 },
    });
    expect(made[0]!.validFraction).toBe(1);
    const raster = await openRaster(made[0]!.file);
    const [data] = await raster.read([1], { col: 700, row: 3800, width: 600, height: 600 });
    await raster.close();
    // Both bands are the same, so that their normalised difference is 0 everywhere.
    expect(data!.every((value) => value === 0)).toBe(true);
  });

  it('that ends early is damaged, and says in which row', async () => {
    const path = join(folder, 'cut.tif');
    const whole = zstdCompressSync(floats.subarray(0, 6_000 * 8 * 100));
    await writeFile(path, handMade({ tags: tagsOf(...SIZES[64], 50_000, 64), blocks: [whole] }));
    const raster = await openRaster(path);
    await expectPixels(raster, { col: 0, row: 0, width: 10, height: 100 });
    await expect(raster.read([1], { col: 0, row: 100, width: 1, height: 1 })).rejects.toThrow(
      /strip 0: it ends in row 100/,
    );
    await raster.close();
  });

  it('of noise is damaged', async () => {
    const path = join(folder, 'noise.tif');
    const noise = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 2_654_435_761) >>> 13);
    await writeFile(path, handMade({ tags: tagsOf(...SIZES[16], 8), blocks: [noise] }));
    const found = await inspectRaster(path);
    expect(found.error?.code).toBe('E_TIFF_DAMAGED');
  });

  it('that its bytes cannot hold is refused before anything is decoded', async () => {
    const path = join(folder, 'bomb.tif');
    const bytes = deflateSync(new Uint8Array(2 ** 20), { level: 9 });
    await writeFile(path, handMade({ tags: tagsOf(40_000, 40_000, 8), blocks: [bytes] }));
    const started = performance.now();
    const found = await inspectRaster(path);
    expect(found.error?.message).toMatch(/strip 0: \d+ deflate bytes cannot hold 3200000000/);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it.each([
    [5, 'LZW, which is not decoded by rows', 12_000, 9000, '206 MiB, at most 192 MiB'],
    [8, 'deflate beyond the limit', 60_000, 60_000, '6867 MiB, at most 4096 MiB'],
  ])(
    'of compression %i (%s) is refused with its size and the limit',
    async (code, _why, width, height, text) => {
      const path = join(folder, `large-${code}.tif`);
      await writeFile(path, handMade({ tags: tagsOf(width, height, code), blocks: [new Uint8Array(99)] }));
      const found = await inspectRaster(path);
      expect(found.error?.code).toBe('E_TIFF_TOO_LARGE');
      expect(found.error?.message).toContain(text);
      expect(found.error?.message).toContain('gdal_translate -co TILED=YES');
    },
  );
});
