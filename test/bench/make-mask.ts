/**
 * Makes the input of the polygonise benchmark from a seed: a uint8 class raster of blobs (1 and 2) on nodata (0).
 *
 *     node test/bench/make-mask.ts FOLDER [SIZE] [BLOBS]
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Grid } from '../../pipeline/core/grid.ts';
import { seeded } from '../../pipeline/core/random.ts';
import { writeCog } from '../../pipeline/write/cog.ts';

const SEED = 20_240_801;

/** Blobs with crooked rims of 4 to 14 pixels around centres that are a seeded jitter away from a lattice. */
export function maskPixels(size: number, blobs: number): Uint8Array<ArrayBuffer> {
  const random = seeded(SEED);
  const out = new Uint8Array(size * size);
  const across = Math.ceil(Math.sqrt(blobs));
  const step = size / across;
  for (let i = 0; i < blobs; i++) {
    const cx = ((i % across) + 0.3 + 0.4 * random()) * step;
    const cy = (Math.floor(i / across) + 0.3 + 0.4 * random()) * step;
    const radius = 5 + 7 * random();
    const [phase, lobes, depth] = [6.3 * random(), 2 + Math.floor(5 * random()), 0.25 * random()];
    const value = random() < 0.8 ? 1 : 2;
    for (let row = Math.max(0, Math.floor(cy - 14)); row < Math.min(size, cy + 14); row++) {
      for (let col = Math.max(0, Math.floor(cx - 14)); col < Math.min(size, cx + 14); col++) {
        const [dx, dy] = [col + 0.5 - cx, row + 0.5 - cy];
        const rim = radius * (1 + depth * Math.sin(lobes * Math.atan2(dy, dx) + phase));
        if (dx * dx + dy * dy < rim * rim) out[row * size + col] = value;
      }
    }
  }
  return out;
}

/** Writes `mask.tif` (size × size, 3 m, EPSG:32651) into a folder and returns its path. */
export async function makeMaskBench(folder: string, size = 8192, blobs = 50_000): Promise<string> {
  await mkdir(folder, { recursive: true });
  const grid: Grid = { width: size, height: size, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 };
  const path = join(folder, 'mask.tif');
  await writeCog(path, {
    grid,
    bands: [{ data: maskPixels(size, blobs), description: 'mask' }],
    nodata: 0,
    compress: 'deflate',
    resampling: 'mode',
    metadata: {},
  });
  return path;
}

if (import.meta.main) {
  const [folder, size, blobs] = process.argv.slice(2);
  if (folder === undefined) throw new Error('give a folder');
  console.log(await makeMaskBench(folder, Number(size ?? 8192), Number(blobs ?? 50_000)));
}
