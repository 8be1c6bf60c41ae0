/** What a row needs to be kept beyond count, weight and sum; only the union of what was asked is computed. */
type Need = 'squares' | 'extremes' | 'values';

/** Everything the pixels of a polygon leave behind. Weights are coverage fractions, 0 < w ≤ 1. */
export interface Accumulated {
  /** Pixels with a value and some coverage. */
  readonly count: number;
  /** Σw, Σwx, Σw(x−mean)² over pixels with a value. */
  readonly weight: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  /** Values in ascending order and the weight of each; empty unless a row that needs `values` was asked. */
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

interface StatisticRow {
  readonly title: { readonly zh: string; readonly en: string };
  readonly needs: readonly Need[];
  readonly of: (a: Accumulated) => number;
}

/**
 * Zonal statistics, one row each, weighted by exact coverage (weighted mean, population standard deviation and
 * quantiles as exactextract 0.2 defines them).
 */
export const STATISTICS = {
  mean: { title: { zh: '均值', en: 'mean' }, needs: [], of: (a) => a.sum / a.weight },
  stdev: {
    title: { zh: '标准差', en: 'standard deviation' },
    needs: ['squares'],
    of: (a) => Math.sqrt(a.squares / a.weight),
  },
  min: { title: { zh: '最小', en: 'minimum' }, needs: ['extremes'], of: (a) => a.min },
  max: { title: { zh: '最大', en: 'maximum' }, needs: ['extremes'], of: (a) => a.max },
  median: { title: { zh: '中位数', en: 'median' }, needs: ['values'], of: (a) => quantile(a, 0.5) },
  p10: { title: { zh: '10 分位', en: '10th percentile' }, needs: ['values'], of: (a) => quantile(a, 0.1) },
  p90: { title: { zh: '90 分位', en: '90th percentile' }, needs: ['values'], of: (a) => quantile(a, 0.9) },
  sum: { title: { zh: '加权和', en: 'weighted sum' }, needs: [], of: (a) => a.sum },
} as const satisfies Record<string, StatisticRow>;

export type StatisticId = keyof typeof STATISTICS;

/** True for the id of a known statistic. */
export function isStatisticId(text: string): text is StatisticId {
  return Object.hasOwn(STATISTICS, text);
}

/**
 * Weighted quantile, 0 ≤ q ≤ 1. The k-th of n values (k from 0) stands at s_k = k·w_k + (n − 1)·Σ_{i<k} w_i of
 * (n − 1)·Σw, and values between are interpolated; equal weights give numpy's default (`linear`) rule.
 */
function quantile({ values, weights, weight, count }: Accumulated, q: number): number {
  const target = q * weight * (count - 1);
  let before = 0;
  let [leftValue, leftPlace] = [values[0]!, 0];
  for (let k = 0; k < count; k++) {
    const place = k * weights[k]! + (count - 1) * before;
    if (place > target)
      return leftValue + ((target - leftPlace) * (values[k]! - leftValue)) / (place - leftPlace);
    [leftValue, leftPlace] = [values[k]!, place];
    before += weights[k]!;
  }
  return leftValue;
}
