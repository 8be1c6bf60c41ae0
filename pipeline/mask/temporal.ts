import { isClear } from '../core/quality.ts';
import type { Cells, Look } from './cells.ts';
import { BODY, HAZY } from './spectral.ts';
import { MASK } from './thresholds.ts';

/** What the ground was at the last clear looks; NaN where there was none. */
export interface Before {
  /** Medians of the last three clear looks. */
  readonly B: Float32Array;
  readonly G: Float32Array;
  readonly R: Float32Array;
  readonly N: Float32Array;
  /** Days since the middle one of them. */
  readonly days: Float32Array;
}

/** Medians per cell of the last three clear looks (`looks` newest first); null when there are no earlier dates. */
export function groundBefore(cells: Cells, looks: readonly Look[]): Before | null {
  if (looks.length === 0) return null;
  const length = cells.valid.length;
  const plane = () => new Float32Array(length).fill(Number.NaN);
  const before = { B: plane(), G: plane(), R: plane(), N: plane(), days: plane() };
  const clear = looks.map(clearCells);
  for (let i = 0; i < length; i++) {
    // The newest three that were clear here, as positions in `looks`.
    let [count, a, b, c] = [0, 0, 0, 0];
    for (let k = 0; k < clear.length && count < MASK.temporal.looks; k++) {
      if (clear[k]![i] === 0) continue;
      if (count === 0) a = k;
      else if (count === 1) b = k;
      c = k;
      count++;
    }
    if (count === 0) continue;
    const [x, y, z] = [looks[a]!.cells, looks[b]!.cells, looks[c]!.cells];
    before.B[i] = middle(x.B[i]!, y.B[i]!, z.B[i]!, count);
    before.G[i] = middle(x.G[i]!, y.G[i]!, z.G[i]!, count);
    before.R[i] = middle(x.R[i]!, y.R[i]!, z.R[i]!, count);
    before.N[i] = middle(x.N[i]!, y.N[i]!, z.N[i]!, count);
    before.days[i] = Math.max(0, looks[count === 1 ? a : b]!.days);
  }
  return before;
}

function clearCells({ cells, quality }: Look): Uint8Array {
  const clear = new Uint8Array(quality.length);
  for (let i = 0; i < clear.length; i++) if (cells.valid[i] === 1 && isClear(quality[i]!)) clear[i] = 1;
  return clear;
}

/** Median of one, two (their mean) or three values. */
function middle(a: number, b: number, c: number, count: number): number {
  if (count < 3) return (a + c) / 2;
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

/**
 * The even part of the rise in blue since the last clear looks: what more air does, over vegetation. 0 when it is small,
 * large, or uneven, which is what cloud does.
 */
export function airShift(cells: Cells, before: Before): number {
  const { from, to, spread, ndvi, cells: least } = MASK.air;
  const rises: number[] = [];
  // Some ten thousand cells are enough for two quantiles; an odd step walks through all columns.
  const step = Math.floor(cells.valid.length / 16_384) | 1;
  for (let i = 0; i < cells.valid.length; i += step) {
    if (cells.valid[i] === 0) continue;
    const [red, nir] = [before.R[i]!, before.N[i]!];
    // Written so that NaN, no earlier look, is passed over.
    if (nir - red > ndvi * (nir + red)) rises.push(cells.B[i]! - before.B[i]!);
  }
  if (rises.length * step < least) return 0;
  rises.sort((a, b) => a - b);
  const median = rises[rises.length >> 1]!;
  const low = rises[Math.floor(rises.length / 10)]!;
  return median > from && median < to && median - low < spread ? median : 0;
}

/**
 * NOTHING, HAZY or BODY for every cell from the rise in blue since the last clear looks (METHODS 2.2, step 4): 20 days
 * after a look, blue 0.05 above it is cloud unless red rose by more than 1.5 times as much, which a ploughed field does.
 */
export function temporalClass(cells: Cells, before: Before, shift: number): Uint8Array {
  const { rise, days, red, haze } = MASK.temporal;
  const found = new Uint8Array(cells.valid.length);
  for (let i = 0; i < found.length; i++) {
    if (cells.valid[i] === 0) continue;
    const blue = cells.B[i]! - before.B[i]! - shift;
    const limit = rise * (1 + before.days[i]! / days);
    // Written so that NaN, no earlier look, finds nothing.
    if (!(blue > haze * limit) || cells.R[i]! - before.R[i]! - shift > red * blue) continue;
    // Cloud is brighter than leaves in the near infrared, too: where it falls, the leaves went.
    if (before.N[i]! - cells.N[i]! > blue) continue;
    found[i] = blue > limit ? BODY : HAZY;
  }
  return found;
}

/** 1 where a cell is darker than at the last clear looks in the near infrared and in the visible: as shadow makes it. */
export function darkened(cells: Cells, before: Before): Uint8Array {
  const { nirThen, visibleThen, days } = MASK.dark;
  const { G, R, N } = cells;
  const found = new Uint8Array(cells.valid.length);
  for (let i = 0; i < found.length; i++) {
    if (cells.valid[i] === 0 || !(before.days[i]! <= days)) continue;
    const isDark =
      N[i]! < nirThen * before.N[i]! && G[i]! + R[i]! < visibleThen * (before.G[i]! + before.R[i]!);
    if (isDark) found[i] = 1;
  }
  return found;
}
