import type { Window } from '../core/grid.ts';
import { addCoverage, type PixelPolygon, UNIT } from './coverage.ts';

/** What the inside of a place held: pixels wholly inside with all their neighbours, those with a value, and their sum. */
export interface InnerSum {
  cells: number;
  clear: number;
  sum: number;
}

export function newInnerSum(): InnerSum {
  return { cells: 0, clear: 0, sum: 0 };
}

/** Pixels of a window beside each other in a row, three numbers a run: row, first column, column behind the last. */
export type Runs = readonly number[];

/** Kept from place to place: what is made anew for each has to be collected for each. */
let sums = new Float64Array(1 << 14);
let across = new Uint8Array(1 << 14);

/**
 * Pixels of a window that a polygon covers wholly together with the eight around them: the polygon drawn in by a pixel
 * (METHODS 6.3). Neighbours outside the window are looked at too, so that cutting a place into windows changes nothing.
 * A square of 4 × 4 whole pixels has 2 × 2 of them.
 */
export function innerRuns(window: Window, polygon: PixelPolygon): Runs {
  const [width, height] = [window.width + 2, window.height + 2];
  const size = width * height;
  if (sums.length < size) {
    sums = new Float64Array(2 * size);
    across = new Uint8Array(2 * size);
  }
  addCoverage(sums, { col: window.col - 1, row: window.row - 1, width, height }, polygon);
  // Of every pixel of a row, whether it and both its neighbours in the row are whole; the sums are taken out as they are read.
  for (let row = 0, i = 0; row < height; row++) {
    let units = 0;
    let wholes = 0;
    for (const end = i + width; i < end; i++) {
      units += sums[i]!;
      sums[i] = 0;
      wholes = units >= UNIT ? wholes + 1 : 0;
      across[i] = wholes >= 3 ? 1 : 0;
    }
  }
  const runs: number[] = [];
  for (let row = 0; row < window.height; row++) {
    let start = -1;
    const above = row * width + 2;
    for (let col = 0; col < window.width; col++) {
      const i = above + col;
      const isInner = (across[i]! & across[i + width]! & across[i + 2 * width]!) === 1;
      if (isInner && start < 0) start = col;
      if (!isInner && start >= 0) {
        runs.push(row, start, col);
        start = -1;
      }
    }
    if (start >= 0) runs.push(row, start, window.width);
  }
  return runs;
}

/** Adds the stored numbers under inner pixels; `counts` are whole rows of `width` from row `top` on. Whole numbers: no order matters. */
export function addInner(
  into: InnerSum,
  runs: Runs,
  window: Window,
  counts: Int16Array,
  rows: { readonly top: number; readonly width: number },
  nodata: number,
): void {
  let [cells, clear, sum] = [0, 0, 0];
  for (let k = 0; k < runs.length; k += 3) {
    const start = (window.row - rows.top + runs[k]!) * rows.width + window.col;
    const [from, to] = [start + runs[k + 1]!, start + runs[k + 2]!];
    cells += to - from;
    for (let i = from; i < to; i++) {
      const count = counts[i]!;
      if (count === nodata) continue;
      clear += 1;
      sum += count;
    }
  }
  into.cells += cells;
  into.clear += clear;
  into.sum += sum;
}
