import { determinant } from '../core/affine.ts';
import { clampWindow, type Grid, type Window } from '../core/grid.ts';

/** Polygons, each an outer ring and its holes, as positions [x, y] in the grid's CRS (GeoJSON MultiPolygon coordinates). */
export type MultiPolygonCoords = readonly (readonly (readonly (readonly number[])[])[])[];

/** How a polygon lies on a grid. */
export interface Coverage {
  /** The whole pixels around the part of the polygon that is inside the grid. */
  readonly window: Window;
  /** Weight of every pixel of the window, row by row, 0 to 1. */
  readonly fraction: Float64Array;
  /** Share of the polygon's area that lies inside the grid, 0 to 1. */
  readonly inside: number;
}

/**
 * Vertices are moved to the nearest 1/2²⁴ of a pixel (0.2 µm at 3 m). Whole-pixel shifts of a grid then change no
 * bit of the result, and an edge that is meant to lie on a pixel border lies on it.
 */
const STEPS = 2 ** 24;

/** Areas are added as whole numbers of 1/2³² pixel: integer sums do not depend on order, tiling or neighbours. */
export const UNIT = 2 ** 32;

/** What a polygon covers of a grid, in whole numbers: pixels covered wholly, in part, and Σw of the latter in units. */
export interface Cover {
  whole: number;
  parts: number;
  units: number;
}

/** Square pixels. */
export function coveredArea({ whole, units }: Cover): number {
  return whole + units / UNIT;
}

export function clearCover(cover: Cover): void {
  cover.whole = 0;
  cover.parts = 0;
  cover.units = 0;
}

export function addCover(cover: Cover, more: Cover): void {
  cover.whole += more.whole;
  cover.parts += more.parts;
  cover.units += more.units;
}

/** A ring in pixel coordinates, closed, x and y in turn. */
export type PixelRing = Float64Array;

/** A polygon in pixel coordinates, made once and laid on any window of its grid. */
export interface PixelPolygon {
  readonly rings: readonly { readonly ring: PixelRing; readonly sign: 1 | -1 }[];
  /** Square pixels, holes taken out. */
  readonly area: number;
  /** The whole-pixel box around it; it may reach outside the grid. */
  readonly box: Window;
}

/**
 * Exact share of every pixel that a polygon covers. Each edge adds the area between itself and the right border of
 * the pixels it crosses, and its height to all pixels right of them; the running sum along a row is the coverage, as
 * in the rasterisers of FreeType and stb_truetype. Linear in edges, crossed pixels and window. Outer rings count
 * plus and holes minus, whatever their direction. Works in pixel space, so rotated grids are no special case.
 * Returns null when polygon and grid share no area. The rectangle (.5, .5)–(2.5, 2.5) on 3 × 3 unit pixels gives
 * .25 .5 .25 / .5 1 .5 / .25 .5 .25.
 */
export function coverage(polygon: MultiPolygonCoords, grid: Grid): Coverage | null {
  const pixels = toPixels(polygon, grid);
  return pixels === null ? null : coverPixels(pixels, grid);
}

function coverPixels(pixels: PixelPolygon, grid: Grid): Coverage | null {
  const window = clampWindow(grid, pixels.box);
  if (window === null) return null;
  const sums = new Float64Array(window.width * window.height);
  addCoverage(sums, window, pixels);
  const covered = sweep(sums, window);
  if (covered === 0) return null;
  return { window, fraction: sums, inside: insideShare(pixels, grid, covered) };
}

/**
 * Weight 1 for pixels whose centre lies in the polygon and 0 for the others, as GDAL rasterises (a centre on a left
 * edge is out, on a right edge in; rows half open). Returns null when polygon and grid share no area.
 */
export function centerMask(polygon: MultiPolygonCoords, grid: Grid): Coverage | null {
  const pixels = toPixels(polygon, grid);
  const exact = pixels === null ? null : coverPixels(pixels, grid);
  if (exact === null || pixels === null) return null;
  const { window } = exact;
  const mask = new Float64Array(window.width * window.height);
  addCentres(mask, window, pixels);
  sweep(mask, window);
  return { window, fraction: mask, inside: exact.inside };
}

/** The polygon in pixel coordinates, or null when it has no area or a position that is no number. */
export function toPixels(polygon: MultiPolygonCoords, grid: Grid): PixelPolygon | null {
  const rings: { ring: PixelRing; isHole: boolean }[] = [];
  for (const part of polygon) {
    for (const [i, positions] of part.entries()) {
      const ring = new Float64Array(2 * positions.length + 2);
      for (const [k, position] of positions.entries()) {
        ring[2 * k] = position[0]!;
        ring[2 * k + 1] = position[1]!;
      }
      ring.copyWithin(2 * positions.length, 0, 2);
      toPixelRing(ring, grid);
      rings.push({ ring, isHole: i > 0 });
    }
  }
  return pixelPolygon(rings);
}

/** Moves a ring from the grid's CRS to pixel coordinates, in place, each vertex to the nearest step. */
export function toPixelRing(ring: Float64Array, grid: Grid): void {
  const [originX, a, b, originY, c, d] = grid.transform;
  const det = determinant(grid.transform);
  for (let i = 0; i < ring.length; i += 2) {
    // The origin is taken off first: large eastings would eat the last digits.
    const x = ring[i]! - originX;
    const y = ring[i + 1]! - originY;
    ring[i] = Math.round(((x * d - y * b) / det) * STEPS) / STEPS;
    ring[i + 1] = Math.round(((y * a - x * c) / det) * STEPS) / STEPS;
  }
}

/** A polygon of closed rings in pixel coordinates; null when it has no area or a position that is no number. */
export function pixelPolygon(
  parts: readonly { readonly ring: PixelRing; readonly isHole: boolean }[],
): PixelPolygon | null {
  const rings: { ring: PixelRing; sign: 1 | -1 }[] = [];
  let area = 0;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { ring, isHole } of parts) {
    for (let k = 0; k < ring.length; k += 2) {
      const [x, y] = [ring[k]!, ring[k + 1]!];
      if (!Number.isFinite(x) || !Number.isFinite(y)) return null;
      if (x < left) left = x;
      if (x > right) right = x;
      if (y < top) top = y;
      if (y > bottom) bottom = y;
    }
    const signed = areaOf(ring);
    area += isHole ? -Math.abs(signed) : Math.abs(signed);
    rings.push({ ring, sign: signed < 0 === isHole ? 1 : -1 });
  }
  if (!(area > 0)) return null;
  const col = Math.floor(left);
  const row = Math.floor(top);
  return { rings, area, box: { col, row, width: Math.ceil(right) - col, height: Math.ceil(bottom) - row } };
}

/** Signed area in square pixels; positive when the ring runs clockwise as seen on the image (y down). */
function areaOf(ring: PixelRing): number {
  const [x0, y0] = [ring[0]!, ring[1]!];
  let twice = 0;
  for (let i = 0; i + 3 < ring.length; i += 2) {
    twice += (ring[i]! - x0) * (ring[i + 3]! - y0) - (ring[i + 2]! - x0) * (ring[i + 1]! - y0);
  }
  return twice / 2;
}

/**
 * Adds a polygon to the sums of a window, which lies inside the grid: whole numbers of units, whose running sum along
 * a row is the coverage. What a row gets depends on the polygon and the window's columns, not on its rows.
 */
export function addCoverage(sums: Float64Array, window: Window, polygon: PixelPolygon): void {
  for (const { ring, sign } of polygon.rings) addRing(sums, window, sign, ring, 0, ring.length);
}

/** The same for one ring, which is closed: the numbers `from` to `to` (exclusive) of a list. */
export function addRing(
  sums: Float64Array,
  window: Window,
  sign: number,
  coords: Float64Array,
  from: number,
  to: number,
): void {
  for (let i = from; i + 3 < to; i += 2)
    addEdge(sums, window, sign, coords[i]!, coords[i + 1]!, coords[i + 2]!, coords[i + 3]!);
}

/** The same with whole pixels, where their centre is inside. */
export function addCentres(sums: Float64Array, window: Window, polygon: PixelPolygon): void {
  const crossings: number[][] = Array.from({ length: window.height }, () => []);
  for (const { ring } of polygon.rings) {
    for (let i = 0; i + 3 < ring.length; i += 2)
      addCrossings(crossings, window, ring[i]!, ring[i + 1]!, ring[i + 2]!, ring[i + 3]!);
  }
  for (const [row, xs] of crossings.entries()) {
    xs.sort((a, b) => a - b);
    for (let i = 0; i + 1 < xs.length; i += 2) {
      const from = Math.max(Math.floor(xs[i]! + 0.5) - window.col, 0);
      const to = Math.min(Math.floor(xs[i + 1]! + 0.5) - window.col, window.width);
      if (to <= from) continue;
      sums[row * window.width + from]! += UNIT;
      if (to < window.width) sums[row * window.width + to]! -= UNIT;
    }
  }
}

/**
 * Adds one edge to the sums. Every crossing is computed from the whole edge and downwards, whatever the window and
 * the direction, so that neighbours sharing an edge share its numbers and cancel exactly.
 */
function addEdge(
  sums: Float64Array,
  window: Window,
  sign: number,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  if (ay === by) return;
  // A ring with positive area (y down) goes up on its left side: there the covered pixels are to the right.
  const isDown = by > ay;
  const s = isDown ? -sign : sign;
  const x0 = isDown ? ax : bx;
  const y0 = isDown ? ay : by;
  const x1 = isDown ? bx : ax;
  const y1 = isDown ? by : ay;
  const xPerY = (x1 - x0) / (y1 - y0);
  const yPerX = 1 / xPerY;
  const firstRow = Math.max(Math.floor(y0), window.row);
  const lastRow = Math.min(Math.ceil(y1), window.row + window.height) - 1;
  const right = window.col + window.width;
  for (let row = firstRow; row <= lastRow; row++) {
    const ya = Math.max(y0, row);
    const yb = Math.min(y1, row + 1);
    const xa = ya === y0 ? x0 : x0 + (ya - y0) * xPerY;
    const xb = yb === y1 ? x1 : x0 + (yb - y0) * xPerY;
    const goesRight = xb >= xa;
    const near = goesRight ? xa : xb;
    const far = goesRight ? xb : xa;
    if (near >= right) continue;
    // Heights above the row's top, in units, where the edge passes the borders of pixels; whole numbers add up exactly.
    const yNear = Math.round(((goesRight ? ya : yb) - row) * UNIT);
    const yFar = Math.round(((goesRight ? yb : ya) - row) * UNIT);
    const start = (row - window.row) * window.width - window.col;
    // Everything left of the window counts as one pixel before it, all of which is covered.
    let before = yNear;
    let col = Math.floor(near);
    if (col < window.col) {
      const after = heightAt(window.col);
      sums[start + window.col]! += s * Math.abs(after - before);
      if (far <= window.col) continue;
      before = after;
      col = window.col;
    }
    const last = Math.min(Math.max(Math.ceil(far) - 1, col), right - 1);
    for (; col <= last; col++) {
      const after = heightAt(col + 1);
      const height = Math.abs(after - before);
      const xl = Math.max(near, col);
      const xr = Math.min(far, col + 1);
      const uncovered = Math.round(height * ((xl + xr) / 2 - col));
      sums[start + col]! += s * (height - uncovered);
      if (col + 1 < right) sums[start + col + 1]! += s * uncovered;
      before = after;
    }

    function heightAt(x: number): number {
      if (x >= far) return yFar;
      if (x <= near) return yNear;
      const y = Math.round((y0 + (x - x0) * yPerX - row) * UNIT);
      return goesRight ? Math.min(Math.max(y, yNear), yFar) : Math.max(Math.min(y, yNear), yFar);
    }
  }
}

/** Turns the sums into coverage, in place; returns the covered area in square pixels. */
function sweep(sums: Float64Array, window: Window): number {
  let covered = 0;
  for (let row = 0; row < window.height; row++) {
    let units = 0;
    for (let at = row * window.width; at < (row + 1) * window.width; at++) {
      units += sums[at]!;
      // Parts that overlap cover a pixel once.
      const fraction = Math.min(Math.max(units / UNIT, 0), 1);
      sums[at] = fraction;
      covered += fraction;
    }
  }
  return covered;
}

function insideShare(pixels: PixelPolygon, grid: Grid, covered: number): number {
  const { col, row, width, height } = pixels.box;
  if (col >= 0 && row >= 0 && col + width <= grid.width && row + height <= grid.height) return 1;
  return Math.min(1, covered / pixels.area);
}

/** Notes where an edge crosses the centre lines of the window's rows. */
function addCrossings(
  crossings: number[][],
  window: Window,
  ax: number,
  ay: number,
  bx: number,
  by: number,
): void {
  const [x0, y0, x1, y1] = by > ay ? [ax, ay, bx, by] : [bx, by, ax, ay];
  const first = Math.max(Math.ceil(y0 - 0.5), window.row);
  const end = Math.min(Math.ceil(y1 - 0.5), window.row + window.height);
  for (let row = first; row < end; row++) {
    crossings[row - window.row]!.push(x0 + ((row + 0.5 - y0) * (x1 - x0)) / (y1 - y0));
  }
}
