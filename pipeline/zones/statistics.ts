/** Everything the pixels of a polygon leave behind. Weights are coverage fractions, 0 < w ≤ 1. */
export interface Accumulated {
  /** Pixels with some coverage, with a value or without one. */
  readonly covered: number;
  /** Pixels with a value and some coverage. */
  readonly count: number;
  /** Σw, Σwx, Σw(x−mean)² over pixels with a value. */
  readonly weight: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  /** Pixels with a value by their value; empty unless a row with `groups` was asked for. */
  readonly groups: Groups;
}

/**
 * Pixels of equal value, one entry each, in ascending order of value. Quantiles between two values depend on the
 * weight of the last pixel of the lower and the first of the upper, in reading order: row by row, left to right.
 */
export interface Groups {
  /** How many there are; the lists may be longer. */
  readonly size: number;
  readonly values: Float64Array;
  /** Pixels of that value, and Σw of them. */
  readonly counts: Float64Array;
  readonly weights: Float64Array;
  /** Weight of the first and of the last of them; not looked at where all have the weight 1. */
  readonly firsts: Float64Array;
  readonly lasts: Float64Array;
}

export interface StatisticRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** True when the sums are not enough and every value has to be known. */
  readonly groups: boolean;
  readonly of: (a: Accumulated) => number;
}

/**
 * Zonal statistics, one row each, weighted by exact coverage (weighted mean, population standard deviation and
 * quantiles as exactextract 0.2 defines them). Every other whole percentile is `pN`.
 */
export const STATISTICS = {
  mean: { title: { zh: '均值', en: 'mean' }, groups: false, of: (a) => a.sum / a.weight },
  stdev: {
    title: { zh: '标准差', en: 'standard deviation' },
    groups: false,
    of: (a) => Math.sqrt(a.squares / a.weight),
  },
  min: { title: { zh: '最小', en: 'minimum' }, groups: false, of: (a) => a.min },
  max: { title: { zh: '最大', en: 'maximum' }, groups: false, of: (a) => a.max },
  median: { title: { zh: '中位数', en: 'median' }, groups: true, of: (a) => quantile(a, 0.5) },
  p10: percentile(10),
  p90: percentile(90),
  sum: { title: { zh: '加权和', en: 'weighted sum' }, groups: false, of: (a) => a.sum },
  count: {
    title: { zh: '有值像元数（加权）', en: 'pixels with a value, weighted' },
    groups: false,
    of: (a) => a.weight,
  },
  covered: {
    title: { zh: '触及像元数', en: 'pixels touched, with a value or not' },
    groups: false,
    of: (a) => a.covered,
  },
  mode: { title: { zh: '众数', en: 'value of the largest area' }, groups: true, of: (a) => mode(a.groups) },
} as const satisfies Record<string, StatisticRow>;

/** A statistic of a class raster has one number a class. */
export interface ClassStatisticRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** The number of a class: its Σw, Σw of all classes, and the area of one pixel in m². */
  readonly of: (weight: number, total: number, pixelArea: number) => number;
}

/** Statistics of class rasters, one row each; written as `frac_3` for class 3. */
export const CLASS_STATISTICS = {
  frac: { title: { zh: '各类占比', en: 'share of every class' }, of: (weight, total) => weight / total },
  area: {
    title: { zh: '各类面积（m²）', en: 'area of every class in m²' },
    of: (weight, _total, pixelArea) => weight * pixelArea,
  },
} as const satisfies Record<string, ClassStatisticRow>;

/** `p25` and the like: the percentiles that have no row of their own. */
export type Percentile = `p${number}`;

export type StatisticId = keyof typeof STATISTICS | Percentile;

export type ClassStatisticId = keyof typeof CLASS_STATISTICS;

/** True for the id of a known statistic of one number: a row of the table, or p1 to p99. */
export function isStatisticId(text: string): text is StatisticId {
  return Object.hasOwn(STATISTICS, text) || /^p[1-9]\d?$/.test(text);
}

/** True for the id of a statistic that has one number a class. */
export function isClassStatisticId(text: string): text is ClassStatisticId {
  return Object.hasOwn(CLASS_STATISTICS, text);
}

/** The row of a statistic; percentiles are made as they are asked for. */
export function statisticRow(id: StatisticId): StatisticRow {
  return isTabled(id) ? STATISTICS[id] : percentile(Number(id.slice(1)));
}

function isTabled(id: StatisticId): id is keyof typeof STATISTICS {
  return Object.hasOwn(STATISTICS, id);
}

function percentile(n: number): StatisticRow {
  return {
    title: { zh: `${n} 分位`, en: `${n}th percentile` },
    groups: true,
    of: (a) => quantile(a, n / 100),
  };
}

/**
 * Weighted quantile, 0 ≤ q ≤ 1. The k-th of n values (k from 0) stands at s_k = k·w_k + (n − 1)·Σ_{i<k} w_i of
 * (n − 1)·Σw, and values between are interpolated; equal weights give numpy's default (`linear`) rule. Of pixels of
 * equal value only the first and the last place matter.
 */
function quantile({ groups, weight, count }: Accumulated, q: number): number {
  const { size, values, counts, weights, firsts, lasts } = groups;
  const target = q * weight * (count - 1);
  let before = 0;
  let k = 0;
  let [leftValue, leftPlace] = [values[0]!, 0];
  for (let g = 0; g < size; g++) {
    const value = values[g]!;
    const isWhole = weights[g] === counts[g];
    const first = k * (isWhole ? 1 : firsts[g]!) + (count - 1) * before;
    if (first > target) return leftValue + ((target - leftPlace) * (value - leftValue)) / (first - leftPlace);
    k += counts[g]!;
    const lastWeight = isWhole ? 1 : lasts[g]!;
    const last = (k - 1) * lastWeight + (count - 1) * (before + weights[g]! - lastWeight);
    if (last > target) return value;
    [leftValue, leftPlace] = [value, last];
    before += weights[g]!;
  }
  return leftValue;
}

/** The value that covers most; of several that cover the same, the least. */
function mode({ size, values, weights }: Groups): number {
  let best = 0;
  for (let g = 1; g < size; g++) if (weights[g]! > weights[best]!) best = g;
  return values[best]!;
}
