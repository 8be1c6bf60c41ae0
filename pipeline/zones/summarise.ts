import type { Coverage } from './coverage.ts';
import { type Accumulated, STATISTICS, type StatisticId } from './statistics.ts';

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
  let weight = 0;
  let pixelCount = 0;
  const clear = newSum();
  for (let i = 0; i < fraction.length; i++) {
    const w = fraction[i]!;
    if (w === 0) continue;
    weight += w;
    if (!valid[i]) continue;
    add(clear, w);
    pixelCount += 1;
  }
  if (pixelCount === 0) return { pixelCount, clearFraction: 0, values: {} };
  const clearWeight = total(clear);
  const accumulated = accumulate(values, valid, fraction, pixelCount, statistics);
  return {
    pixelCount,
    clearFraction: Math.min(1, (inside * clearWeight) / weight),
    values: Object.fromEntries(statistics.map((id) => [id, STATISTICS[id].of(accumulated)])),
  };
}

/** Everything the statistics need from the usable pixels; what nobody asked for is not computed. */
function accumulate(
  values: ArrayLike<number>,
  valid: ArrayLike<number>,
  fraction: Float64Array,
  count: number,
  statistics: readonly StatisticId[],
): Accumulated {
  const xs = new Float64Array(count);
  const ws = new Float64Array(count);
  for (let i = 0, n = 0; i < fraction.length; i++) {
    if (fraction[i]! === 0 || !valid[i]) continue;
    xs[n] = values[i]!;
    ws[n] = fraction[i]!;
    n += 1;
  }
  const needs = new Set(statistics.flatMap((id): readonly string[] => STATISTICS[id].needs));
  const weight = newSum();
  const sum = newSum();
  for (let i = 0; i < count; i++) {
    add(weight, ws[i]!);
    add(sum, ws[i]! * xs[i]!);
  }
  const mean = total(sum) / total(weight);
  const squares = newSum();
  let [min, max] = [Infinity, -Infinity];
  if (needs.has('squares')) for (let i = 0; i < count; i++) add(squares, ws[i]! * (xs[i]! - mean) ** 2);
  if (needs.has('extremes')) {
    for (let i = 0; i < count; i++) {
      min = Math.min(min, xs[i]!);
      max = Math.max(max, xs[i]!);
    }
  }
  const sorted = needs.has('values') ? sortByValue(xs, ws) : { values: EMPTY, weights: EMPTY };
  return { count, weight: total(weight), sum: total(sum), squares: total(squares), min, max, ...sorted };
}

const EMPTY = new Float64Array(0);

/**
 * Values in ascending order, each with its weight; equal values keep the order of their pixels. Sorting plain numbers
 * and then looking up where each belongs is several times as fast as sorting by a comparison of pairs.
 */
function sortByValue(xs: Float64Array, ws: Float64Array): { values: Float64Array; weights: Float64Array } {
  const order = orderOf(xs);
  const values = new Float64Array(xs.length);
  const weights = new Float64Array(xs.length);
  for (let i = 0; i < order.length; i++) {
    values[i] = xs[order[i]!]!;
    weights[i] = ws[order[i]!]!;
  }
  return { values, weights };
}

/** Counting takes as long as the range is wide; beyond this many counts a pixel, comparing is faster. */
const COUNTS_PER_PIXEL = 4;

/** Positions in ascending order of value, equal values in the order they came. Stored counts are whole numbers in a narrow range: those are counted, not compared. */
function orderOf(xs: Float64Array): Uint32Array {
  let [min, max] = [Infinity, -Infinity];
  let isWhole = true;
  for (let i = 0; i < xs.length; i++) {
    const x = xs[i]!;
    min = Math.min(min, x);
    max = Math.max(max, x);
    isWhole &&= Number.isInteger(x);
  }
  if (!isWhole || max - min > COUNTS_PER_PIXEL * xs.length) {
    return Uint32Array.from(xs, (_, i) => i).sort((a, b) => xs[a]! - xs[b]! || a - b);
  }
  // starts[v] becomes the place of the first pixel of value min + v, then moves on with each one placed.
  const starts = new Uint32Array(max - min + 2);
  for (let i = 0; i < xs.length; i++) starts[xs[i]! - min + 1]! += 1;
  for (let v = 1; v < starts.length; v++) starts[v]! += starts[v - 1]!;
  const order = new Uint32Array(xs.length);
  for (let i = 0; i < xs.length; i++) order[starts[xs[i]! - min]!++] = i;
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
