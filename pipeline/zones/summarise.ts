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
    clearFraction: clearShare(accumulated, weight, inside),
    values: Object.fromEntries(statistics.map((id) => [id, statisticRow(id).of(accumulated)])),
  };
}

/** Share of a polygon over pixels with a value; `inside` of it lies in the grid, where it covers `weight` pixels. */
export function clearShare(accumulated: Accumulated, weight: number, inside: number): number {
  return accumulated.count === 0 ? 0 : Math.min(1, (inside * accumulated.weight) / weight);
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
  return { length: 0, xs: new Float64Array(256), ws: new Float64Array(256) };
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

/** The same from pixels that were grouped by value, which are in one order whatever order their pixels came in. */
export function accumulateGroups(groups: Groups, covered: number): Accumulated {
  const { size, values, counts, weights } = groups;
  let [count, weight, sum, squares] = [0, 0, 0, 0];
  for (let g = 0; g < size; g++) {
    count += counts[g]!;
    weight += weights[g]!;
    sum += weights[g]! * values[g]!;
  }
  const mean = sum / weight;
  for (let g = 0; g < size; g++) squares += weights[g]! * (values[g]! - mean) ** 2;
  return {
    covered,
    count,
    weight,
    sum,
    squares,
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

/** Room to sort and group the pixels of one polygon after the other. */
let room = roomFor(1024);

function roomFor(size: number) {
  const doubles = () => new Float64Array(size);
  const words = () => new Uint32Array(size);
  return {
    size,
    keys: [words(), words()] as const,
    orders: [words(), words()] as const,
    groups: { values: doubles(), counts: doubles(), weights: doubles(), firsts: doubles(), lasts: doubles() },
  };
}

/** Pixels by value, equal values in the order of their pixels; good until the next are grouped. */
function groupsOf(xs: Float64Array, ws: Float64Array): Groups {
  const n = xs.length;
  if (n > room.size) room = roomFor(2 * n);
  const order = orderOf(xs);
  const { values, counts, weights, firsts, lasts } = room.groups;
  let g = -1;
  for (let i = 0; i < n; i++) {
    const x = xs[order[i]!]!;
    const w = ws[order[i]!]!;
    if (g < 0 || x !== values[g]) {
      g += 1;
      values[g] = x;
      counts[g] = 0;
      weights[g] = 0;
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
const PASSES = 3;

/**
 * Positions in ascending order of value, equal values in the order they came: a radix sort of the numbers' bits, with
 * the sign turned so that they order as whole numbers. Numbers that are all float32, as most rasters hold, are sorted
 * by their 32 bits; others by the lower half of 64 bits and then by the upper.
 */
function orderOf(xs: Float64Array): Uint32Array {
  const n = xs.length;
  const [keys] = room.keys;
  const [order] = room.orders;
  for (let i = 0; i < n; i++) order[i] = i;
  let isSingle = true;
  for (let i = 0; i < n && isSingle; i++) isSingle = Math.fround(xs[i]!) === xs[i];
  if (isSingle) {
    for (let i = 0; i < n; i++) {
      // −0 and 0 are one value.
      SINGLE[0] = xs[i]! + 0;
      keys[i] = ordered(SINGLE_BITS[0]!);
    }
    sortByKeys(n);
    return room.orders[0];
  }
  for (const word of [0, 1]) {
    for (let i = 0; i < n; i++) {
      DOUBLE[0] = xs[room.orders[0][i]!]! + 0;
      const high = DOUBLE_BITS[1]!;
      keys[i] = word === 1 ? ordered(high) : high >>> 31 === 1 ? ~DOUBLE_BITS[0]! : DOUBLE_BITS[0]!;
    }
    sortByKeys(n);
  }
  return room.orders[0];
}

const SINGLE = new Float32Array(1);
const SINGLE_BITS = new Uint32Array(SINGLE.buffer);
const DOUBLE = new Float64Array(1);
const DOUBLE_BITS = new Uint32Array(DOUBLE.buffer);

/** Bits of a floating-point number as a whole number of the same order. */
function ordered(bits: number): number {
  return bits >>> 31 === 1 ? ~bits : bits | 0x80000000;
}

const STARTS = new Uint32Array(PASSES * DIGITS);

/** Sorts the positions in the room by the keys beside them, keeping the order of equal ones. */
function sortByKeys(n: number): void {
  let [keys, otherKeys] = room.keys;
  let [order, other] = room.orders;
  STARTS.fill(0);
  for (let i = 0; i < n; i++) {
    const key = keys[i]!;
    STARTS[key & (DIGITS - 1)]! += 1;
    STARTS[DIGITS + ((key >>> DIGIT_BITS) & (DIGITS - 1))]! += 1;
    STARTS[2 * DIGITS + (key >>> (2 * DIGIT_BITS))]! += 1;
  }
  for (let pass = 0; pass < PASSES; pass++) {
    const shift = pass * DIGIT_BITS;
    const starts = STARTS.subarray(pass * DIGITS, (pass + 1) * DIGITS);
    // A digit that all share moves nothing.
    if (n > 0 && starts[(keys[0]! >>> shift) & (DIGITS - 1)] === n) continue;
    for (let d = 0, sum = 0; d < DIGITS; d++) {
      const count = starts[d]!;
      starts[d] = sum;
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const key = keys[i]!;
      const digit = (key >>> shift) & (DIGITS - 1);
      const to = starts[digit]!;
      starts[digit] = to + 1;
      otherKeys[to] = key;
      other[to] = order[i]!;
    }
    [keys, otherKeys] = [otherKeys, keys];
    [order, other] = [other, order];
  }
  if (order !== room.orders[0]) room.orders[0].set(order.subarray(0, n));
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
