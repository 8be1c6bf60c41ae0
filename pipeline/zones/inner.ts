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

/**
 * Pixels of a window that a polygon covers wholly together with the eight around them, as 1: the polygon drawn in by a
 * pixel (METHODS 6.3). Neighbours outside the window are looked at too, so that cutting a place into windows changes nothing.
 * A square of 4 × 4 whole pixels has 2 × 2 of them.
 */
export function innerCells(window: Window, polygon: PixelPolygon): Uint8Array {
  const wide = {
    col: window.col - 1,
    row: window.row - 1,
    width: window.width + 2,
    height: window.height + 2,
  };
  const sums = new Float64Array(wide.width * wide.height);
  addCoverage(sums, wide, polygon);
  // Of every pixel, how many of it and its two neighbours in the row are whole; then the same down the column.
  const across = new Uint8Array(window.width * wide.height);
  for (let row = 0; row < wide.height; row++) {
    const start = row * wide.width;
    let [units, before, last] = [0, 0, 0];
    for (let col = 0; col < wide.width; col++) {
      units += sums[start + col]!;
      const whole = units >= UNIT ? 1 : 0;
      if (col >= 2) across[row * window.width + col - 2] = before & last & whole;
      [before, last] = [last, whole];
    }
  }
  const cells = new Uint8Array(window.width * window.height);
  for (let i = 0; i < cells.length; i++)
    cells[i] = across[i]! & across[i + window.width]! & across[i + 2 * window.width]!;
  return cells;
}

/** Adds the stored numbers under inner pixels; `counts` are whole rows of `width` from row `top` on. Whole numbers: no order matters. */
export function addInner(
  into: InnerSum,
  cells: Uint8Array,
  window: Window,
  counts: Int16Array,
  rows: { readonly top: number; readonly width: number },
  nodata: number,
): void {
  for (let row = 0; row < window.height; row++) {
    const from = (window.row - rows.top + row) * rows.width + window.col;
    for (let col = 0; col < window.width; col++) {
      if (cells[row * window.width + col] === 0) continue;
      into.cells += 1;
      const count = counts[from + col]!;
      if (count === nodata) continue;
      into.clear += 1;
      into.sum += count;
    }
  }
}
