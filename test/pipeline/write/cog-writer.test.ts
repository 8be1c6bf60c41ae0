import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { EMPTY_BLOCK, encodePlanes } from '../../../pipeline/write/block.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { blockRules, type CogProfile, levelShapes } from '../../../pipeline/write/cog-file.ts';
import { openCog } from '../../../pipeline/write/cog-writer.ts';
import { arrayOf, type CogArray, type CogDtype, type Resampling } from '../../../pipeline/write/pyramid.ts';
import { openSpool } from '../../../pipeline/write/spool.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

const folder = await temporaryFolder();

function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 8) / 2 ** 24;
  };
}

interface Case {
  readonly width: number;
  readonly height: number;
  readonly dtype: CogDtype;
  readonly bands: number;
  readonly nodata: number | null;
  readonly resampling: Resampling;
  readonly compress: 'deflate' | 'zstd';
}

const CASES: readonly Case[] = [
  { width: 1, height: 1, dtype: 'uint8', bands: 1, nodata: null, resampling: 'mode', compress: 'deflate' },
  {
    width: 513,
    height: 1,
    dtype: 'int16',
    bands: 1,
    nodata: -32768,
    resampling: 'average',
    compress: 'zstd',
  },
  {
    width: 1537,
    height: 2049,
    dtype: 'int16',
    bands: 1,
    nodata: -32768,
    resampling: 'average',
    compress: 'deflate',
  },
  {
    width: 1025,
    height: 1023,
    dtype: 'uint16',
    bands: 2,
    nodata: 0,
    resampling: 'average',
    compress: 'zstd',
  },
  {
    width: 2050,
    height: 700,
    dtype: 'float32',
    bands: 1,
    nodata: Number.NaN,
    resampling: 'average',
    compress: 'zstd',
  },
  { width: 1100, height: 1300, dtype: 'uint8', bands: 3, nodata: 7, resampling: 'mode', compress: 'zstd' },
];

function pixelsOf({ width, height, dtype, bands, nodata }: Case): CogArray[] {
  const next = random(width * 31 + height);
  return Array.from({ length: bands }, () => {
    const data = arrayOf(dtype, width * height);
    for (let i = 0; i < data.length; i++) {
      const isHole = (i % width < 600 && i / width < 520) || next() < 0.1;
      data[i] = isHole && nodata !== null ? nodata : Math.floor(next() * 400);
    }
    return data;
  });
}

function profileOf({ width, height, bands, ...rest }: Case): CogProfile {
  return {
    grid: { width, height, transform: [0, 1, 0, 0, 0, -1], epsg: 4551 },
    bands: Array.from({ length: bands }, (_, i) => ({ description: `band ${i + 1}` })),
    metadata: { A: 'b' },
    ...rest,
  };
}

/** The pixels of one full-size block. */
function cut(data: CogArray, { width, height }: Case, across: number, down: number): CogArray {
  const right = Math.min(width, 512 * (across + 1));
  const bottom = Math.min(height, 512 * (down + 1));
  const block = data.slice(0, (right - 512 * across) * (bottom - 512 * down));
  let to = 0;
  for (let row = 512 * down; row < bottom; row++) {
    for (let col = 512 * across; col < right; col++) block[to++] = data[row * width + col]!;
  }
  return block;
}

/** Positions of all full-size blocks in an order that the seed decides. */
function shuffled(one: Case, seed: number): { across: number; down: number }[] {
  const [{ across, down } = { across: 0, down: 0 }] = levelShapes(one);
  const next = random(seed);
  return Array.from({ length: across * down }, (_, i) => ({
    at: { across: i % across, down: Math.floor(i / across) },
    key: next(),
  }))
    .sort((a, b) => a.key - b.key)
    .map(({ at }) => at);
}

describe('blocks in any order, some at a time', () => {
  for (const one of CASES) {
    const { width, height, dtype, compress } = one;
    test(`make the file that the whole raster makes: ${dtype}, ${width} × ${height}, ${compress}`, async () => {
      const pixels = pixelsOf(one);
      const profile = profileOf(one);
      const whole = await writeCog(join(folder, 'whole.tif'), {
        ...profile,
        bands: profile.bands.map((band, i) => ({ ...band, data: pixels[i]! })),
      });
      for (const atOnce of [1, 2, 3, 4]) {
        const path = join(folder, 'parts.tif');
        // Half of the runs keep nothing in memory, and half encode elsewhere.
        const spool = openSpool(path, atOnce % 2 === 0 ? 0 : 2 ** 30);
        const writer = openCog(path, profile, { spool });
        const order = shuffled(one, atOnce);
        const work = async () => {
          for (let at = order.pop(); at !== undefined; at = order.pop()) {
            const { across, down } = at;
            const planes = pixels.map((data) => ({
              width: Math.min(512, width - 512 * across),
              height: Math.min(512, height - 512 * down),
              data: cut(data, one, across, down),
            }));
            if (atOnce < 3)
              await writer.put(
                at,
                planes.map(({ data }) => data),
              );
            else await writer.putEncoded(at, encodePlanes(planes, blockRules(profile)));
          }
        };
        await Promise.all(Array.from({ length: atOnce }, work));
        const parts = await writer.finish();
        await spool.close();
        expect(parts.bytes).toBe(whole.bytes);
        expect((await readFile(path)).equals(await readFile(join(folder, 'whole.tif')))).toBe(true);
      }
    });
  }

  test('make overviews of the mean of what is valid below, level by level', async () => {
    const one = CASES[2]!;
    const [data] = pixelsOf(one);
    const path = join(folder, 'levels.tif');
    const profile = profileOf(one);
    await writeCog(path, { ...profile, bands: [{ description: 'x', data: data! }] });
    const raster = await openRaster(path);
    let below = { ...one, data: data as ArrayLike<number> };
    for (const [i, { width, height }] of raster.info.overviews.entries()) {
      const [found] = await raster.read([1], { col: 0, row: 0, width, height }, i + 1);
      expect([width, height]).toEqual([Math.ceil(below.width / 2), Math.ceil(below.height / 2)]);
      let wrong = 0;
      for (let at = 0; at < width * height; at++) {
        const [col, row] = [2 * (at % width), 2 * Math.floor(at / width)];
        const four = [0, 1].flatMap((y) =>
          [0, 1].flatMap((x) =>
            col + x < below.width && row + y < below.height
              ? [below.data[(row + y) * below.width + col + x]!]
              : [],
          ),
        );
        const valid = four.filter((v) => v !== -32768);
        const mean = valid.reduce((a, b) => a + b, 0) / valid.length;
        if (found![at] !== (valid.length === 0 ? -32768 : Math.floor(mean + 0.5))) wrong += 1;
      }
      expect(wrong).toBe(0);
      below = { ...one, width, height, data: found! };
    }
    await raster.close();
  });
});

describe('a writer', () => {
  const one = CASES[3]!;

  test('refuses to finish while blocks are missing, a block twice, and one that is not there', async () => {
    const path = join(folder, 'partial.tif');
    const writer = openCog(path, profileOf(one));
    await writer.putEncoded({ across: 0, down: 0 }, EMPTY_BLOCK);
    await expect(writer.putEncoded({ across: 0, down: 0 }, EMPTY_BLOCK)).rejects.toThrow(/twice/);
    await expect(writer.putEncoded({ across: 3, down: 0 }, EMPTY_BLOCK)).rejects.toThrow(RangeError);
    await expect(writer.finish()).rejects.toThrow(/missing/);
    await writer.close();
    expect((await readdir(folder)).filter((name) => name.includes('partial'))).toEqual([]);
  });

  test('keeps no more in memory than it may, and gives back what it put aside', async () => {
    const spool = openSpool(join(folder, 'spool.tif'), 1000);
    const bytes = (n: number) => new Uint8Array(600).fill(n);
    const kept = [await spool.keep(bytes(1)), await spool.keep(bytes(2)), await spool.keep(bytes(3))];
    expect(spool.held.now).toBe(600);
    expect(await Promise.all(kept.map((one) => spool.take(one)))).toEqual([bytes(1), bytes(2), bytes(3)]);
    expect(spool.held.now).toBe(0);
    await spool.close();
    expect((await readdir(folder)).filter((name) => name.includes('spool'))).toEqual([]);
  });
});
