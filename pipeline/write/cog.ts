import { createHash } from 'node:crypto';
import { TILE_SIZE } from '../core/grid.ts';
import { type CogOptions, type CogProfile, levelShapes } from './cog-file.ts';
import { openCog } from './cog-writer.ts';
import type { BandMeaning } from './metadata.ts';
import { arrayLike, type CogArray, dtypeOf } from './pyramid.ts';

export type { CogOptions } from './cog-file.ts';

/** One band to be written: values as stored, and what they mean (`value = stored * scale + offset`). */
export interface CogBand extends BandMeaning {
  readonly data: CogArray;
}

/** A raster that is all there, to be written as a COG; see CogProfile. Bands are of one dtype, each as long as the grid. */
export interface CogInput extends Omit<CogProfile, 'dtype' | 'bands'> {
  readonly bands: readonly CogBand[];
}

export interface Written {
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a Cloud-Optimized GeoTIFF in the layout of GDAL's COG driver: 512 × 512 blocks, deflate or zstd with predictor,
 * halved overviews until one block is enough, directories first, the smallest overview's data next, full resolution last.
 * Blocks without a valid pixel are left out. Same input, same bytes. Source: OGC 21-026 (COG 1.0), GDAL COG driver.
 *
 * Throws E_WRITE_FAILED; the file appears under its name only when it is complete.
 * `await writeCog('ndvi.tif', {grid, bands: [{data, description: 'NDVI', scale: 0.0001}], nodata: -32768, …})`.
 */
export async function writeCog(path: string, input: CogInput, options: CogOptions = {}): Promise<Written> {
  checkInput(input);
  const { grid, bands } = input;
  const writer = openCog(path, { ...input, dtype: dtypeOf(bands[0]!.data) }, options);
  const [full] = levelShapes(grid);
  const count = full!.across * full!.down;
  let next = 0;
  const work = async () => {
    while (next < count) {
      const i = next++;
      const at = { across: i % full!.across, down: Math.floor(i / full!.across) };
      await writer.put(
        at,
        bands.map(({ data }) => cutBlock(data, grid, at.across * TILE_SIZE, at.down * TILE_SIZE)),
      );
    }
  };
  try {
    await Promise.all(Array.from({ length: CONCURRENCY }, work));
    const hash = createHash('sha256');
    const { bytes } = await writer.finish({ watch: (piece) => hash.update(piece) });
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await writer.close();
  }
}

/** How many blocks are compressed at a time: libuv has four threads. */
const CONCURRENCY = 4;

/** The pixels of one block, those beyond the edge left out. */
function cutBlock(
  data: CogArray,
  grid: { width: number; height: number },
  left: number,
  top: number,
): CogArray {
  const width = Math.min(TILE_SIZE, grid.width - left);
  const height = Math.min(TILE_SIZE, grid.height - top);
  const block = arrayLike(data, width * height);
  for (let row = 0; row < height; row++) {
    const from = (top + row) * grid.width + left;
    block.set(data.subarray(from, from + width), row * width);
  }
  return block;
}

/** Mistakes of the caller, not of the data: they are bugs, so they get no error code. */
function checkInput({ grid, bands, photometric }: CogInput): void {
  const first = bands[0];
  if (first === undefined) throw new RangeError('a COG needs at least one band');
  for (const { data, description } of bands) {
    if (data.constructor !== first.data.constructor)
      throw new TypeError(`band ${description} has another dtype`);
    if (data.length !== grid.width * grid.height) {
      throw new RangeError(
        `band ${description} has ${data.length} pixels, the grid ${grid.width} × ${grid.height}`,
      );
    }
  }
  if (photometric === 'rgb' && bands.length < 3) throw new RangeError('an RGB image needs three bands');
}
