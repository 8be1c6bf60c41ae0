import type { Casters, Slope } from './casting.ts';
import { MASK } from './thresholds.ts';

/** What is known of the ground under a projected cloud. */
export const UNSEEN = 0;
export const LIT = 1;
export const DARK = 2;
/** Dark beyond doubt: much darker than what is around it in the visible, too, or also darker than it was. */
export const DEEP = 3;

/** UNSEEN, LIT, DARK or DEEP for every cell. */
export interface Scenery {
  readonly ground: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Edge of a cell, m; rows run from north to south. */
  readonly size: number;
}

/** Of the samples of a cloud moved by its shadow's way: how many fell on ground that was seen, and how many of those on dark. */
interface Hit {
  readonly seen: number;
  readonly dark: number;
}

/** Columns and rows that a shadow lies from its cloud. */
export function stepOf(slope: Slope, height: number, size: number): readonly [cols: number, rows: number] {
  return [Math.round((slope[0] * height) / size), Math.round((-slope[1] * height) / size)];
}

function hitOf(scenery: Scenery, casters: Casters, k: number, slope: Slope, height: number): Hit {
  const { ground, width, height: rowCount, size } = scenery;
  const { cols, rows, start } = casters;
  const [dx, dy] = stepOf(slope, height, size);
  let [seen, dark] = [0, 0];
  for (let i = start[k]!; i < start[k + 1]!; i++) {
    const col = cols[i]! + dx;
    const row = rows[i]! + dy;
    if (col < 0 || col >= width || row < 0 || row >= rowCount) continue;
    const state = ground[row * width + col]!;
    if (state === UNSEEN) continue;
    seen++;
    if (state >= DARK) dark++;
  }
  return { seen, dark };
}

/** Heights from 200 m to 8000 m in steps of 100 m. */
const HEIGHTS: readonly number[] = Array.from(
  { length: (MASK.height.to - MASK.height.from) / MASK.height.step + 1 },
  (_, i) => MASK.height.from + i * MASK.height.step,
);

/** Heights near a first guess, in steps of 20 m. */
function near(height: number): readonly number[] {
  const { step, fine } = MASK.height;
  const count = step / fine;
  return Array.from({ length: 2 * count - 1 }, (_, i) => height + (i + 1 - count) * fine);
}

/** A height and the share of the seen ground under the moved cloud that is dark. */
export interface Match {
  readonly height: number;
  readonly overlap: number;
}

/** The height of the highest score above 0: every 100 m, then every 20 m around the best. */
function bestHeight(scoreAt: (height: number) => number): number | null {
  const best = (heights: readonly number[]): number | null => {
    let [found, top] = [null as number | null, 0];
    for (const height of heights) {
      const score = scoreAt(height);
      if (score > top) [found, top] = [height, score];
    }
    return found;
  };
  const rough = best(HEIGHTS);
  return rough === null ? null : best(near(rough));
}

/** Height at which one cloud best covers dark ground; null when hardly any of its places was seen. */
function matchOne(scenery: Scenery, casters: Casters, k: number, slope: Slope): Match | null {
  const samples = casters.start[k + 1]! - casters.start[k]!;
  const least = Math.max(MASK.match.cells, MASK.match.seen * samples);
  const overlapAt = (at: number) => {
    const { seen, dark } = hitOf(scenery, casters, k, slope, at);
    return seen < least ? 0 : dark / seen;
  };
  const height = bestHeight(overlapAt);
  return height === null ? null : { height, overlap: overlapAt(height) };
}

function darkCells(ground: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < ground.length; i++) if (ground[i]! >= DARK) count++;
  return count;
}

/** How well all the named clouds together match, at a height. */
export interface JointMatch extends Match {
  /** Ground that is dark and under a moved cloud, over ground that is either. */
  readonly jaccard: number;
}

/**
 * One height for the named clouds together, each weighing as much as it is large: the one at which the moved clouds and
 * the dark ground cover each other best. It has to explain the dark ground, too: a height at which the clouds happen
 * to hide each other is none.
 */
export function matchAll(
  scenery: Scenery,
  casters: Casters,
  names: readonly number[],
  slope: Slope,
): JointMatch | null {
  const darkGround = darkCells(scenery.ground);
  const hitAt = (height: number): Hit => {
    let [seen, dark] = [0, 0];
    for (const k of names) {
      const hit = hitOf(scenery, casters, k, slope, height);
      seen += hit.seen * casters.weights[k]!;
      dark += hit.dark * casters.weights[k]!;
    }
    return { seen, dark };
  };
  const jaccardOf = ({ seen, dark }: Hit) => dark / Math.max(1, seen + darkGround - dark);
  const height = bestHeight((at) => jaccardOf(hitAt(at)));
  if (height === null) return null;
  const hit = hitAt(height);
  return hit.seen < MASK.match.cells
    ? null
    : { height, overlap: hit.dark / hit.seen, jaccard: jaccardOf(hit) };
}

/**
 * The height of every cloud whose shadow was found, 0 for the others. A cloud lies at the height that serves all of them
 * best, `common`, unless its own serves it clearly better; where its shadow cannot be seen it lies there, too.
 */
export function heightsOf(
  scenery: Scenery,
  casters: Casters,
  slope: Slope,
  common: Match | null,
): Float64Array {
  const heights = new Float64Array(casters.count + 1);
  for (let k = 1; k <= casters.count; k++) {
    const own = matchOne(scenery, casters, k, slope);
    if (common === null) {
      if (own !== null && own.overlap >= MASK.match.overlap) heights[k] = own.height;
      continue;
    }
    const { seen, dark } = hitOf(scenery, casters, k, slope, common.height);
    const there = seen < MASK.match.cells ? MASK.match.overlap : dark / seen;
    if (own !== null && own.overlap >= Math.max(MASK.match.overlap, there + MASK.ownHeight)) {
      heights[k] = own.height;
    } else if (there >= MASK.match.overlap) heights[k] = common.height;
  }
  return heights;
}
