import { HeituError } from './error.ts';
import type { Grid } from './grid.ts';

/** What a pixel value is: stored number, radiance (W m-2 sr-1 µm-1), reflectance 0–1 at the top of the atmosphere or at the surface, index. */
export type Unit = 'dn' | 'radiance' | 'toa' | 'boa' | 'index';

/**
 * One piece of raster on its way through the pipeline: one float32 array a band (row by row), and one plane of
 * quality flags for all of them (see quality.ts). The unit and the band names are part of the type, so that an index
 * over digital numbers, or over bands nobody proved to be there, does not compile.
 *
 * The default for `B` is `never`, not `string`: a tile of unproved bands promises nothing.
 */
export interface Tile<U extends Unit, B extends string = never> {
  readonly unit: U;
  readonly grid: Grid;
  readonly bands: Readonly<Record<B, Float32Array>>;
  readonly quality: Uint16Array;
}

/** A tile as it comes through the door: its band names are known at run time only. */
export interface LooseTile<U extends Unit> {
  readonly unit: U;
  readonly grid: Grid;
  readonly bands: Readonly<Record<string, Float32Array>>;
  readonly quality: Uint16Array;
}

/** Proves that a tile has the named bands and narrows its type; throws E_BAND_MISSING naming what is not there. */
export function withBands<U extends Unit, B extends string>(
  tile: LooseTile<U>,
  names: readonly B[],
): Tile<U, B> {
  const missing = names.filter((name) => !(name in tile.bands));
  if (missing.length > 0) {
    throw new HeituError('E_BAND_MISSING', {
      what: missing.join(', '),
      where: Object.keys(tile.bands).join(', ') || 'no bands',
    });
  }
  // The one cast of the pipeline: the check above is what the type says.
  return tile as Tile<U, B>;
}
