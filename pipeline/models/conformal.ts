/**
 * Rank of the score that bounds a share 1 − alpha of new ones: k = ⌈(n + 1)(1 − alpha)⌉. `conformalRank(19, 0.1)` is 18.
 * Source: Vovk, Gammerman, Shafer 2005; Lei et al. 2018, doi 10.1080/01621459.2017.1307116.
 */
export function conformalRank(n: number, alpha: number): number {
  // 1 − 0.9 is not 0.1 in floating point, and a rank must not change by it.
  return Math.ceil((n + 1) * (1 - alpha) - 1e-9);
}

/**
 * Half-width of an interval that holds a share 1 − alpha of new values: the k-th smallest absolute residual of rows that
 * were held out with their whole year. Infinity where there are too few of them to say.
 */
export function conformalWidth(residuals: readonly number[], alpha: number): number {
  const sorted = residuals.map(Math.abs).sort((a, b) => a - b);
  return sorted[conformalRank(sorted.length, alpha) - 1] ?? Number.POSITIVE_INFINITY;
}
