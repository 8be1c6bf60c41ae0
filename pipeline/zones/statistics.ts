/** What a row needs the accumulator to keep; the engine does only the union of what was asked. */
type Need = 'moments' | 'extremes' | 'values';

/** Everything one pass over a polygon's pixels leaves behind. Weights are coverage fractions, 0 < w ≤ 1. */
export interface Accumulated {
  /** Pixels with a value and some coverage. */
  readonly count: number;
  /** Σw, Σwx, Σw(x−mean)² over pixels with a value. */
  readonly weight: number;
  readonly sum: number;
  readonly squares: number;
  readonly min: number;
  readonly max: number;
  /** Values in ascending order with their weights; empty unless a row that needs `values` was asked. */
  readonly values: readonly { readonly value: number; readonly weight: number }[];
}

interface StatisticRow {
  readonly title: { readonly zh: string; readonly en: string };
  readonly needs: readonly Need[];
  readonly of: (a: Accumulated) => number;
}

/**
 * Zonal statistics, one row each, weighted by exact coverage (definitions as in exactextract 0.2 for the weighted
 * mean, population standard deviation and quantiles).
 */
export const STATISTICS = {
  mean: { title: { zh: '均值', en: 'mean' }, needs: ['moments'], of: (a) => a.sum / a.weight },
  stdev: { title: { zh: '标准差', en: 'standard deviation' }, needs: ['moments'], of: (a) => Math.sqrt(a.squares / a.weight) },
  min: { title: { zh: '最小', en: 'minimum' }, needs: ['extremes'], of: (a) => a.min },
  max: { title: { zh: '最大', en: 'maximum' }, needs: ['extremes'], of: (a) => a.max },
  median: { title: { zh: '中位数', en: 'median' }, needs: ['values'], of: (a) => quantile(a, 0.5) },
  p10: { title: { zh: '10 分位', en: '10th percentile' }, needs: ['values'], of: (a) => quantile(a, 0.1) },
  p90: { title: { zh: '90 分位', en: '90th percentile' }, needs: ['values'], of: (a) => quantile(a, 0.9) },
  sum: { title: { zh: '加权和', en: 'weighted sum' }, needs: ['moments'], of: (a) => a.sum },
} as const satisfies Record<string, StatisticRow>;

export type StatisticId = keyof typeof STATISTICS;

/** True for the id of a known statistic. */
export function isStatisticId(text: string): text is StatisticId {
  return Object.hasOwn(STATISTICS, text);
}

/** Weighted quantile, 0 ≤ q ≤ 1: linear between the mid-weights of neighbouring values; equal weights give numpy's `hazen` rule. */
function quantile(a: Accumulated, q: number): number {
  const { values, weight } = a;
  const target = q * weight;
  let before = 0;
  let previous = values[0]!;
  let previousMiddle = previous.weight / 2;
  if (target <= previousMiddle) return previous.value;
  for (const current of values) {
    const middle = before + current.weight / 2;
    if (middle >= target && current !== previous) {
      const share = (target - previousMiddle) / (middle - previousMiddle);
      return previous.value + share * (current.value - previous.value);
    }
    before += current.weight;
    previous = current;
    previousMiddle = middle;
  }
  return previous.value;
}
