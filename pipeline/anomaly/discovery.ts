/**
 * The largest probability that still counts as a discovery when a share `rate` of discoveries may be false: the largest p
 * with p ≤ rate · rank / n; 0 where there is none. NaN takes no part. `discoveryCut([.01, .02, .03, .04, .9], .05)` is 0.04.
 * Source: Benjamini and Hochberg 1995, doi 10.1111/j.2517-6161.1995.tb02031.x.
 */
export function discoveryCut(probabilities: ArrayLike<number>, rate: number): number {
  const sorted = Float64Array.from(probabilities)
    .filter((p) => !Number.isNaN(p))
    .sort();
  for (let rank = sorted.length; rank > 0; rank--) {
    const p = sorted[rank - 1]!;
    if (p <= (rate * rank) / sorted.length) return p;
  }
  return 0;
}
