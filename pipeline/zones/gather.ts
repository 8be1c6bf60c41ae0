import type { Window } from '../core/grid.ts';
import { addCover, type Cover, clearCover, UNIT } from './coverage.ts';
import { append, newList, type PixelList } from './summarise.ts';
import type { Patch } from './tally.ts';

/** Pixels of one polygon over some rows, one by one: what is kept of numbers that cannot be counted by value. */
export interface Gathered {
  readonly list: PixelList;
  readonly cover: Cover;
}

export function newGathered(): Gathered {
  return { list: newList(), cover: { whole: 0, parts: 0, units: 0 } };
}

/** Makes room for the next polygon. */
export function clearGathered({ list, cover }: Gathered): void {
  list.length = 0;
  clearCover(cover);
}

/** How stored numbers become values: `value = stored * scale + offset`; what is not finite is no value. */
export interface Scaling {
  readonly nodata: number;
  readonly scale: number;
  readonly offset: number;
}

/** Adds the pixels of a window; `sums` as addCoverage left them, which are zero again afterwards. */
export function gatherWindow(
  { list, cover }: Gathered,
  sums: Float64Array,
  window: Window,
  patch: Patch<ArrayLike<number>>,
  { nodata, scale, offset }: Scaling,
): void {
  const { data } = patch;
  for (let row = 0; row < window.height; row++) {
    const from = row * window.width;
    const shift = (window.row + row - patch.row) * patch.width + window.col - patch.col - from;
    let running = 0;
    for (let i = from; i < from + window.width; i++) {
      running += sums[i]!;
      sums[i] = 0;
      if (running <= 0) continue;
      // Parts that overlap cover a pixel once.
      const units = Math.min(running, UNIT);
      if (units === UNIT) cover.whole += 1;
      else {
        cover.parts += 1;
        cover.units += units;
      }
      const stored = data[i + shift]!;
      if (stored === nodata || !Number.isFinite(stored)) continue;
      append(list, stored * scale + offset, units / UNIT);
    }
  }
}

/** Adds what lies further down to what is above it. */
export function addGathered(above: Gathered, below: Gathered): void {
  for (let i = 0; i < below.list.length; i++) append(above.list, below.list.xs[i]!, below.list.ws[i]!);
  addCover(above.cover, below.cover);
}

/** How much a polygon covers of a window, whatever lies there; the sums are zero again afterwards. */
export function measureWindow(cover: Cover, sums: Float64Array, { width, height }: Window): void {
  for (let row = 0; row < height; row++) {
    let running = 0;
    for (let i = row * width; i < (row + 1) * width; i++) {
      running += sums[i]!;
      sums[i] = 0;
      if (running <= 0) continue;
      if (running >= UNIT) cover.whole += 1;
      else {
        cover.parts += 1;
        cover.units += running;
      }
    }
  }
}
