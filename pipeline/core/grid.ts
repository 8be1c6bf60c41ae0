import { type Affine, apply, invert, type Point, shift } from './affine.ts';

/** Where pixels lie: size in pixels, pixel-to-world transform, and the CRS by EPSG code (null when unknown). */
export interface Grid {
  readonly width: number;
  readonly height: number;
  readonly transform: Affine;
  readonly epsg: number | null;
}

/** Bounding box in the order GeoJSON and STAC use: west, south, east, north. */
export type Bbox = readonly [west: number, south: number, east: number, north: number];

/** A rectangle of whole pixels inside a grid. */
export interface Window {
  readonly col: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
}

/** Edge length in pixels of the square unit of work (and of a COG block). */
export const TILE_SIZE = 512;

/** The grid of a window of `grid`: same CRS and pixel size, own origin and size. */
export function crop(grid: Grid, window: Window): Grid {
  return {
    width: window.width,
    height: window.height,
    transform: shift(grid.transform, window.col, window.row),
    epsg: grid.epsg,
  };
}

/** The grid of the pixels of some cells, k × k each. */
export function finer(cells: Grid, k: number): Grid {
  const [x, width, rowTurn, y, columnTurn, height] = cells.transform;
  return {
    width: cells.width * k,
    height: cells.height * k,
    transform: [x, width / k, rowTurn / k, y, columnTurn / k, height / k],
    epsg: cells.epsg,
  };
}

/** The four corners in world coordinates: upper left, upper right, lower right, lower left. */
export function corners(grid: Grid): readonly [Point, Point, Point, Point] {
  const { width: w, height: h, transform: t } = grid;
  return [apply(t, 0, 0), apply(t, w, 0), apply(t, w, h), apply(t, 0, h)];
}

/** Extent in the grid's own CRS. */
export function bounds(grid: Grid): Bbox {
  const points = corners(grid);
  const xs = points.map((p) => p[0]);
  const ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** The part of `window` that lies inside the grid, or null when none does. */
export function clampWindow(grid: Grid, window: Window): Window | null {
  const col = Math.max(0, window.col);
  const row = Math.max(0, window.row);
  const right = Math.min(grid.width, window.col + window.width);
  const bottom = Math.min(grid.height, window.row + window.height);
  return right <= col || bottom <= row ? null : { col, row, width: right - col, height: bottom - row };
}

/** Windows of at most `size` × `size` pixels that cover the grid once, row by row. */
export function tilesOf(grid: Pick<Grid, 'width' | 'height'>, size: number = TILE_SIZE): Window[] {
  const windows: Window[] = [];
  for (let row = 0; row < grid.height; row += size) {
    for (let col = 0; col < grid.width; col += size) {
      windows.push({
        col,
        row,
        width: Math.min(size, grid.width - col),
        height: Math.min(size, grid.height - row),
      });
    }
  }
  return windows;
}

/**
 * The whole-pixel offset of `inner` in `outer` when both lie on one lattice (same CRS, pixel size and phase), else null.
 * `tolerance` is in pixels: two origins 1 mm apart on 3 m pixels are the same lattice.
 */
export function latticeOffset(
  outer: Grid,
  inner: Grid,
  tolerance = 1e-3,
): { col: number; row: number } | null {
  if (outer.epsg !== inner.epsg) return null;
  const [, aw, ar, , ac, ah] = outer.transform;
  const [, bw, br, , bc, bh] = inner.transform;
  // The difference in pixel size may add up to no more than the tolerance across the whole raster.
  const drift = tolerance / Math.max(inner.width, inner.height, 1);
  const near = (a: number, b: number, unit: number) => Math.abs(a - b) <= drift * Math.abs(unit);
  if (!near(aw, bw, aw) || !near(ah, bh, ah) || !near(ar, br, aw) || !near(ac, bc, ah)) return null;
  const [col, row] = apply(invert(outer.transform), inner.transform[0], inner.transform[3]);
  const whole = { col: Math.round(col), row: Math.round(row) };
  return Math.abs(col - whole.col) <= tolerance && Math.abs(row - whole.row) <= tolerance ? whole : null;
}
