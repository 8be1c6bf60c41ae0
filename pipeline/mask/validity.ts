import { QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';

/** Reflectance outside is not physical (METHODS 3.1); slightly negative values over water and shadow are kept. */
const REFLECTANCE_MIN = -0.02;
const REFLECTANCE_MAX = 1.6;

/**
 * Flags reflectance that cannot be: UNDEFINED where any band is not finite, below −0.02 or above 1.6.
 * Returns a tile with its own quality plane; values are shared.
 */
export function flagImplausible<U extends 'toa' | 'boa'>(tile: LooseTile<U>): LooseTile<U> {
  const quality = Uint16Array.from(tile.quality);
  for (const band of Object.values(tile.bands)) {
    for (let i = 0; i < quality.length; i++) {
      const value = band[i]!;
      // Written so that NaN is caught too.
      if (!(value >= REFLECTANCE_MIN && value <= REFLECTANCE_MAX)) quality[i]! |= QUALITY.UNDEFINED.bit;
    }
  }
  return { ...tile, quality };
}
