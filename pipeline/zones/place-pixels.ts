import { apply } from '../core/affine.ts';
import { isGeographic, transformer } from '../core/crs.ts';
import type { Grid } from '../core/grid.ts';

/** Corners of pixels as longitude and latitude. */
export interface CornerPlacer {
  /** Pixels after which a straight side gets a vertex, so that it follows the bent line it stands for. */
  readonly step: number;
  /** Writes a ring of corners, x and y in turn, as longitude and latitude from place `at` on; returns how many numbers. */
  readonly place: (ring: ArrayLike<number>, into: Float64Array, at?: number) => number;
}

/** Sides of a cell in m: between places this far apart the Earth bends a straight line by 0.1 m at most. */
const CELL_M = 2000;
const MOST_STEP = 64;
const MOST_CELLS = 32_768;

/**
 * Exact positions every `step` pixels, and between them the parabola through three in each direction: within 10⁻⁶ m
 * for pixels of 3 m, 1 mm for 30 m. The same corner always gets the same numbers, whichever ring asks.
 */
export function cornerPlacer(grid: Grid, pixelM: number): CornerPlacer {
  const { epsg, transform } = grid;
  if (epsg === null) throw new RangeError('a grid without CRS');
  const toLonLat = transformer(epsg, 4326);
  const step = isGeographic(epsg)
    ? Number.POSITIVE_INFINITY
    : Math.max(1, Math.min(MOST_STEP, 2 ** Math.floor(Math.log2(CELL_M / pixelM))));
  const exact = (x: number, y: number) => toLonLat(...apply(transform, x, y));
  if (!Number.isFinite(step) || step < 4) {
    return {
      step,
      place: (ring, into, at = 0) => {
        for (let i = 0; i < ring.length; i += 2) into.set(exact(ring[i]!, ring[i + 1]!), at + i);
        return ring.length;
      },
    };
  }
  const across = Math.floor(grid.width / step) + 1;
  const cells = new Map<number, Float64Array>();
  // Cells have their borders in common: what one has computed the next ones look up.
  const corners = new Map<number, readonly [number, number]>();
  const halves = 2 * across + 1;
  const placeAt = (halfCol: number, halfRow: number): readonly [number, number] => {
    const key = halfRow * halves + halfCol;
    let found = corners.get(key);
    if (found === undefined) {
      found = exact((halfCol * step) / 2, (halfRow * step) / 2);
      corners.set(key, found);
    }
    return found;
  };
  const cellAt = (col: number, row: number): Float64Array => {
    const key = row * across + col;
    let cell = cells.get(key);
    if (cell === undefined) {
      // An area can be as large as the raster, but most are not: what was not asked for lately is forgotten.
      if (cells.size >= MOST_CELLS) {
        cells.clear();
        corners.clear();
      }
      cell = parabolas((c, r) => placeAt(2 * col + c, 2 * row + r));
      cells.set(key, cell);
    }
    return cell;
  };
  let [known, knownCol, knownRow] = [cellAt(0, 0), 0, 0];
  const place = (ring: ArrayLike<number>, into: Float64Array, at = 0): number => {
    for (let i = 0; i < ring.length; i += 2) {
      const [x, y] = [ring[i]!, ring[i + 1]!];
      const [col, row] = [Math.floor(x / step), Math.floor(y / step)];
      if (col !== knownCol || row !== knownRow) [known, knownCol, knownRow] = [cellAt(col, row), col, row];
      const u = (x - col * step) / step;
      const v = (y - row * step) / step;
      // lon, lat = Σ c_jk u^j v^k, j and k to 2.
      for (let part = 0; part < 2; part++) {
        const o = 9 * part;
        into[at + i + part] =
          known[o]! +
          u * (known[o + 1]! + u * known[o + 2]!) +
          v *
            (known[o + 3]! +
              u * (known[o + 4]! + u * known[o + 5]!) +
              v * (known[o + 6]! + u * (known[o + 7]! + u * known[o + 8]!)));
      }
    }
    return ring.length;
  };
  return { step, place };
}

/** Coefficients of the two parabolas in u and v, 0 to 1 across a cell, through its 3 × 3 places. */
function parabolas(placeAt: (col: number, row: number) => readonly [number, number]): Float64Array {
  const out = new Float64Array(18);
  const places = [0, 1, 2].map((r) => [0, 1, 2].map((c) => placeAt(c, r)));
  for (let part = 0; part < 2; part++) {
    const rows = places.map((row) => parabola(row[0]![part]!, row[1]![part]!, row[2]![part]!));
    for (let j = 0; j < 3; j++) {
      const [a, b, c] = parabola(rows[0]![j]!, rows[1]![j]!, rows[2]![j]!);
      out[9 * part + j] = a;
      out[9 * part + 3 + j] = b;
      out[9 * part + 6 + j] = c;
    }
  }
  return out;
}

/** Coefficients of the parabola through values at 0, ½ and 1. */
function parabola(a: number, b: number, c: number): [number, number, number] {
  return [a, -3 * a + 4 * b - c, 2 * a - 4 * b + 2 * c];
}
