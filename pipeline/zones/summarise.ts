import type { Coverage } from './coverage.ts';
import { type Accumulated, type Groups, type StatisticId, statisticRow } from './statistics.ts';

/** What one raster says about one polygon. */
export interface Summary {
  /** Pixels with a value and some weight. */
  readonly pixelCount: number;
  /** Share of the polygon that lies over pixels with a value; what is outside the grid counts as not clear. */
  readonly clearFraction: number;
  /** Empty when no pixel has a value. */
  readonly values: Readonly<Partial<Record<StatisticId, number>>>;
}

/**
 * Statistics of the values in a coverage's window, row by row, weighted by coverage. `valid` is not 0 where a pixel may
 * be used. Nothing is judged here: how much clear share is enough is the product's to say.
 */
export function summarise(
  values: ArrayLike<number>,
  valid: ArrayLike<number>,
  cover: Coverage,
  statistics: readonly StatisticId[],
): Summary {
  const { fraction, inside } = cover;
  const list = newList();
  const weight = newSum();
  let covered = 0;
  for (let i = 0; i < fraction.length; i++) {
    const w = fraction[i]!;
    if (w === 0) continue;
    covered += 1;
    add(weight, w);
    if (valid[i]) append(list, values[i]!, w);
  }
  const accumulated = accumulateList(list, covered, needsGroups(statistics));
  return summaryOf(accumulated, total(weight), inside, statistics);
}

/** The statistics that follow from what a polygon left behind; `weight` is all it covers inside the grid, in pixels. */
export function summaryOf(
  accumulated: Accumulated,
  weight: number,
  inside: number,
  statistics: readonly StatisticId[],
): Summary {
  const { count } = accumulated;
  if (count === 0) return { pixelCount: 0, clearFraction: 0, values: {} };
  return {
    pixelCount: count,
    clearFraction: Math.min(1, (inside * accumulated.weight) / weight),
    values: Object.fromEntries(statistics.map((id) => [id, statisticRow(id).of(accumulated)])),
  };
}

/** True when one of the statistics needs to know every value, and not only sums. */
export function needsGroups(statistics: readonly StatisticId[]): boolean {
  return statistics.some((id) => statisticRow(id).groups);
}

/** Values and weights of pixels in reading order, in arrays that grow. */
export interface PixelList {
  length: number;
  xs: Float64Array;
  ws: Float64Array;
}

export function newList(): PixelList {
  return { length: 0, xs: new Float64Array(1024), ws: new Float64Array(1024) };
}

export function append(list: PixelList, x: number, w: number): void {
  if (list.length === list.xs.length) grow(list, 2 * list.length);
  list.xs[list.length] = x;
  list.ws[list.length++] = w;
}

function grow(list: PixelList, capacity: number): void {
  const [xs, ws] = [new Float64Array(capacity), new Float64Array(capacity)];
  xs.set(list.xs.subarray(0, list.length));
  ws.set(list.ws.subarray(0, list.length));
  [list.xs, list.ws] = [xs, ws];
}

/** Everything the statistics need from a list of usable pixels; `groups` only when they are asked for. */
export function accumulateList(list: PixelList, covered: number, wantsGroups: boolean): Accumulated {
  const count = list.length;
  const xs = list.xs.subarray(0, count);
  const ws = list.ws.subarray(0, count);
  const weight = newSum();
  const sum = newSum();
  let [min, max] = [Infinity, -Infinity];
  for (let i = 0; i < count; i++) {
    const x = xs[i]!;
    add(weight, ws[i]!);
    add(sum, ws[i]! * x);
    if (x < min) min = x;
    if (x > max) max = x;
  }
  const mean = total(sum) / total(weight);
  const squares = newSum();
  for (let i = 0; i < count; i++) add(squares, ws[i]! * (xs[i]! - mean) ** 2);
  return {
    covered,
    count,
    weight: total(weight),
    sum: total(sum),
    squares: total(squares),
    min,
    max,
    groups: wantsGroups ? groupsOf(xs, ws) : NO_GROUPS,
  };
}

/** The same from pixels that were grouped by value. */
export function accumulateGroups(groups: Groups, covered: number): Accumulated {
  const { size, values, counts, weights } = groups;
  let count = 0;
  const weight = newSum();
  const sum = newSum();
  for (let g = 0; g < size; g++) {
    count += counts[g]!;
    add(weight, weights[g]!);
    add(sum, weights[g]! * values[g]!);
  }
  const mean = total(sum) / total(weight);
  const squares = newSum();
  for (let g = 0; g < size; g++) add(squares, weights[g]! * (values[g]! - mean) ** 2);
  return {
    covered,
    count,
    weight: total(weight),
    sum: total(sum),
    squares: total(squares),
    min: size > 0 ? values[0]! : Infinity,
    max: size > 0 ? values[size - 1]! : -Infinity,
    groups,
  };
}

const EMPTY = new Float64Array(0);
const NO_GROUPS: Groups = {
  size: 0,
  values: EMPTY,
  counts: EMPTY,
  weights: EMPTY,
  firsts: EMPTY,
  lasts: EMPTY,
};

/** Pixels by value, equal values in the order of their pixels. */
function groupsOf(xs: Float64Array, ws: Float64Array): Groups {
  const order = orderOf(xs);
  const n = order.length;
  const [values, counts, weights] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const [firsts, lasts] = [new Float64Array(n), new Float64Array(n)];
  let g = -1;
  for (let i = 0; i < n; i++) {
    const x = xs[order[i]!]!;
    const w = ws[order[i]!]!;
    if (g < 0 || x !== values[g]) {
      g += 1;
      values[g] = x;
      firsts[g] = w;
    }
    counts[g]! += 1;
    weights[g]! += w;
    lasts[g] = w;
  }
  return { size: g + 1, values, counts, weights, firsts, lasts };
}

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;

/**
 * Positions in ascending order of value, equal values in the order they came: a radix sort of the numbers' bits, with
 * the sign turned so that they order as whole numbers. Digits that all numbers share, as most of a float32 or of a
 * stored count in 64 bits are, cost no pass.
 */
function orderOf(xs: Float64Array): Uint32Array {
  const n = xs.length;
  const bits = new Uint32Array(xs.slice().buffer);
  for (let i = 0; i < n; i++) {
    // −0 and 0 are one value.
    if (xs[i] === 0) bits[2 * i + 1] = 0;
    const high = bits[2 * i + 1]!;
    if (high >>> 31 === 1) bits[2 * i] = ~bits[2 * i]!;
    bits[2 * i + 1] = high >>> 31 === 1 ? ~high : high | 0x80000000;
  }
  let order = Uint32Array.from({ length: n }, (_, i) => i);
  let other = new Uint32Array(n);
  const starts = new Uint32Array(DIGITS + 1);
  for (const word of [0, 1]) {
    for (let shift = 0; shift < 32; shift += DIGIT_BITS) {
      starts.fill(0);
      for (let i = 0; i < n; i++) starts[((bits[2 * i + word]! >>> shift) & (DIGITS - 1)) + 1]! += 1;
      if (starts.includes(n)) continue;
      for (let d = 1; d < DIGITS; d++) starts[d]! += starts[d - 1]!;
      for (let i = 0; i < n; i++) {
        const at = order[i]!;
        other[starts[(bits[2 * at + word]! >>> shift) & (DIGITS - 1)]!++] = at;
      }
      [order, other] = [other, order];
    }
  }
  return order;
}

/**
 * A sum that keeps what rounding drops, so that it is the same to the last digit shown in whatever order pixels come
 * (Neumaier 1974, doi 10.1002/zamm.19740540106).
 */
interface Sum {
  high: number;
  low: number;
}

function newSum(): Sum {
  return { high: 0, low: 0 };
}

function add(sum: Sum, x: number): void {
  const next = sum.high + x;
  sum.low += Math.abs(sum.high) >= Math.abs(x) ? sum.high - next + x : x - next + sum.high;
  sum.high = next;
}

function total(sum: Sum): number {
  return sum.high + sum.low;
}
