import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import { bounds, type Grid, latticeOffset, type Window } from '../core/grid.ts';
import { EXCLUDING, QUALITY } from '../core/quality.ts';
import type { LooseTile, Unit } from '../core/tile.ts';

/** Pixels around a source window that bilinear interpolation looks at. */
const MARGIN = 2;

/** The window of `source` needed to fill `target`, with a margin for interpolation; it may reach outside the source. */
export function sourceWindow(source: Grid & { epsg: number }, target: Grid & { epsg: number }): Window {
  const toSource = transformer(target.epsg, source.epsg);
  const inverse = invert(source.transform);
  const [w, s, e, n] = bounds(target);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const steps = 16;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; j <= steps; j++) {
      const [col, row] = apply(inverse, ...toSource(w + ((e - w) * i) / steps, s + ((n - s) * j) / steps));
      left = Math.min(left, col);
      right = Math.max(right, col);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
    }
  }
  const col = Math.floor(left) - MARGIN;
  const row = Math.floor(top) - MARGIN;
  return { col, row, width: Math.ceil(right) + MARGIN - col, height: Math.ceil(bottom) + MARGIN - row };
}

/**
 * Resamples a tile onto another grid: flags from the nearest pixel, values bilinear over those of the four neighbours
 * that are usable (all four when the nearest is flagged itself). What lies outside the source is NODATA.
 */
export function warpTile<U extends Unit>(tile: LooseTile<U>, target: Grid): LooseTile<U> {
  const { width, height } = tile.grid;
  const names = Object.keys(tile.bands);
  const n = target.width * target.height;
  const bands = Object.fromEntries(names.map((name) => [name, new Float32Array(n)]));
  const quality = new Uint16Array(n);
  if (tile.grid.epsg === null || target.epsg === null) throw new RangeError('both grids need a CRS');
  const toSource = transformer(target.epsg, tile.grid.epsg);
  const inverse = invert(tile.grid.transform);
  const pairs = names.map((name) => [tile.bands[name]!, bands[name]!] as const);
  for (let row = 0; row < target.height; row++) {
    for (let col = 0; col < target.width; col++) {
      const out = row * target.width + col;
      const [x, y] = apply(inverse, ...toSource(...apply(target.transform, col + 0.5, row + 0.5)));
      const nearCol = Math.floor(x);
      const nearRow = Math.floor(y);
      if (nearCol < 0 || nearRow < 0 || nearCol >= width || nearRow >= height) {
        quality[out] = QUALITY.NODATA.bit;
        continue;
      }
      const near = nearRow * width + nearCol;
      const flags = tile.quality[near]!;
      quality[out] = flags;
      // Pixel values sit at pixel centres.
      const left = Math.floor(x - 0.5);
      const top = Math.floor(y - 0.5);
      const fx = x - 0.5 - left;
      const fy = y - 0.5 - top;
      const any = (flags & EXCLUDING) !== 0;
      for (const [from, to] of pairs) {
        let sum = 0;
        let weight = 0;
        for (let corner = 0; corner < 4; corner++) {
          const c = left + (corner & 1);
          const r = top + (corner >> 1);
          if (c < 0 || r < 0 || c >= width || r >= height) continue;
          const at = r * width + c;
          if (!any && (tile.quality[at]! & EXCLUDING) !== 0) continue;
          const share = ((corner & 1) === 1 ? fx : 1 - fx) * (corner >> 1 === 1 ? fy : 1 - fy);
          sum += share * from[at]!;
          weight += share;
        }
        to[out] = weight > 0 ? sum / weight : from[near]!;
      }
    }
  }
  return { unit: tile.unit, grid: target, bands, quality };
}

/** A tile on the target grid: cropped without touching a value where both lie on one lattice, else resampled. */
export function placeTile<U extends Unit>(tile: LooseTile<U>, target: Grid): LooseTile<U> {
  const offset = latticeOffset(tile.grid, target);
  const fits =
    offset !== null &&
    offset.col >= 0 &&
    offset.row >= 0 &&
    offset.col + target.width <= tile.grid.width &&
    offset.row + target.height <= tile.grid.height;
  if (!fits) return warpTile(tile, target);
  if (tile.grid.width === target.width && tile.grid.height === target.height)
    return { ...tile, grid: target };
  const n = target.width * target.height;
  const copy = <A extends Float32Array | Uint16Array>(from: A, to: A) => {
    for (let row = 0; row < target.height; row++) {
      const start = (offset.row + row) * tile.grid.width + offset.col;
      to.set(from.subarray(start, start + target.width), row * target.width);
    }
    return to;
  };
  return {
    unit: tile.unit,
    grid: target,
    bands: Object.fromEntries(
      Object.entries(tile.bands).map(([name, band]) => [name, copy(band, new Float32Array(n))]),
    ),
    quality: copy(tile.quality, new Uint16Array(n)),
  };
}
