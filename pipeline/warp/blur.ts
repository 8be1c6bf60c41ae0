import { EXCLUDING, QUALITY } from '../core/quality.ts';
import type { LooseTile, Unit } from '../core/tile.ts';

/**
 * A tile as a blunter instrument would see it: every band under a Gaussian of standard deviation `sigma` pixels, cut off at
 * three of them. A pixel near one that is excluded, or near the rim, has no value: it is NODATA.
 */
export function blurTile<U extends Unit>(tile: LooseTile<U>, sigma: number): LooseTile<U> {
  const { width, height } = tile.grid;
  const radius = Math.ceil(3 * sigma);
  const bell = Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma * sigma)),
  );
  const total = bell.reduce((sum, value) => sum + value, 0);
  const weights = bell.map((value) => value / total);
  const usable = Float32Array.from(tile.quality, (flags) => ((flags & EXCLUDING) === 0 ? 1 : 0));
  const smooth = (plane: Float32Array) =>
    along(along(plane, weights, width, height, 'rows'), weights, width, height, 'columns');
  const seen = smooth(usable);
  // What is under a flag may be no number, which would spread.
  const bands = Object.fromEntries(
    Object.entries(tile.bands).map(([name, band]) => [
      name,
      smooth(band.map((value, i) => (usable[i] === 1 ? value : 0))),
    ]),
  );
  const quality = tile.quality.map((flags, i) =>
    seen[i]! > 1 - 1e-6 ? flags & ~EXCLUDING : flags | QUALITY.NODATA.bit,
  );
  return { ...tile, bands, quality };
}

function along(
  plane: Float32Array,
  weights: readonly number[],
  width: number,
  height: number,
  direction: 'rows' | 'columns',
): Float32Array {
  const radius = (weights.length - 1) / 2;
  const [step, length] = direction === 'rows' ? [1, width] : [width, height];
  const out = new Float32Array(plane.length);
  for (let i = 0; i < plane.length; i++) {
    const at = direction === 'rows' ? i % width : Math.floor(i / width);
    const [first, last] = [Math.max(-radius, -at), Math.min(radius, length - 1 - at)];
    let sum = 0;
    for (let k = first; k <= last; k++) sum += weights[k + radius]! * plane[i + k * step]!;
    out[i] = sum;
  }
  return out;
}
