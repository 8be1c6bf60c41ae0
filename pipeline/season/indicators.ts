/** How a value stands against others of its kind; null where the others do not say. */
export interface Indicators {
  readonly n: number;
  readonly mean: number;
  readonly median: number;
  /** Value minus the mean, and over it. */
  readonly delta: number;
  readonly rel: number;
  readonly z: number | null;
  /** As z, with what is not known of the mean: `Δ / (s √(1 + 1/n))`, Student's t of n − 1 degrees. */
  readonly tPred: number | null;
  readonly zRobust: number | null;
  /** 0 at the lowest and 100 at the highest value of the others; beyond both where the value is. */
  readonly vci: number | null;
}

/** Makes the median absolute deviation of a normal sample its standard deviation. */
const MAD_TO_SIGMA = 1.4826;

/**
 * Growth indicators of a value against a sample (METHODS 6.1); null without a sample.
 * Against .71 .74 .68 .72 .75 the value .62 has Δ −.10, rel −.1389, z −3.651, robust z −3.372 and VCI −85.71.
 */
export function indicatorsOf(value: number, sample: readonly number[]): Indicators | null {
  const n = sample.length;
  if (n === 0) return null;
  const mean = sample.reduce((sum, one) => sum + one, 0) / n;
  const middle = medianOf(sample);
  const delta = value - mean;
  const [lowest, highest] = [Math.min(...sample), Math.max(...sample)];
  // Equal values have a mean that rounding may put beside them.
  const s =
    lowest === highest ? 0 : Math.sqrt(sample.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1));
  const mad = MAD_TO_SIGMA * medianOf(sample.map((one) => Math.abs(one - middle)));
  return {
    n,
    mean,
    median: middle,
    delta,
    rel: delta / mean,
    z: s > 0 ? delta / s : null,
    tPred: s > 0 ? delta / (s * Math.sqrt(1 + 1 / n)) : null,
    zRobust: mad > 0 ? (value - middle) / mad : null,
    vci: highest > lowest ? (100 * (value - lowest)) / (highest - lowest) : null,
  };
}

/** Best of the season against the whole range of history, in per cent (CropWatch's VCIx). `vcix(0.8, 0.2, 0.9)` is 85.71. */
export function vcix(seasonMax: number, historyMin: number, historyMax: number): number {
  return (100 * (seasonMax - historyMin)) / (historyMax - historyMin);
}

/** The middle of a sample; of an even count the mean of both in the middle; NaN of none. */
export function medianOf(sample: readonly number[]): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Share of a sorted sample below a value, ties by half, in per cent. `percentileOf(3, [1, 2, 3, 4])` is 62.5. */
export function percentileOf(value: number, sorted: readonly number[]): number {
  const below = lowerBound(sorted, value);
  let equal = 0;
  while (sorted[below + equal] === value) equal++;
  return (100 * (below + equal / 2)) / sorted.length;
}

function lowerBound(sorted: readonly number[], value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The normal deviate that is as unlikely as a Student's t of so many degrees of freedom, so that one set of cuts serves any
 * number of years. `normalOfStudent(-12.7062, 1)` is −1.96.
 */
export function normalOfStudent(t: number, freedom: number): number {
  const tail = studentTail(Math.abs(t), freedom);
  const z = -normalQuantile(tail);
  return t < 0 ? -z : z;
}

/** Inverse of `normalOfStudent` in t, for the value at which a grade begins. */
export function studentOfNormal(z: number, freedom: number): number {
  let [low, high] = [0, 1];
  const wanted = Math.abs(z);
  while (normalOfStudent(high, freedom) < wanted && high < 1e9) high *= 2;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (normalOfStudent(middle, freedom) < wanted) low = middle;
    else high = middle;
  }
  return z < 0 ? -high : high;
}

/** P(T > t) for t ≥ 0 and whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4). */
function studentTail(t: number, freedom: number): number {
  const theta = Math.atan(t / Math.sqrt(freedom));
  const [sin, cos2] = [Math.sin(theta), Math.cos(theta) ** 2];
  const isOdd = freedom % 2 === 1;
  let term = isOdd ? Math.cos(theta) : 1;
  let sum = freedom === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= freedom - 2; k += 2) {
    term *= (cos2 * (k - 1)) / k;
    sum += term;
  }
  const inside = isOdd ? (2 / Math.PI) * (theta + sin * sum) : sin * sum;
  return Math.max((1 - inside) / 2, Number.MIN_VALUE);
}

/** The value that a standard normal stays below with a probability, by bisection of its tail. */
function normalQuantile(probability: number): number {
  let [low, high] = [-40, 40];
  for (let i = 0; i < 100; i++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Φ(x): its series near 0, and in the tails the continued fraction (Abramowitz and Stegun 26.2.10 and 26.2.14). */
function normalBelow(x: number): number {
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  if (Math.abs(x) < 3) {
    let [term, sum] = [x, x];
    for (let k = 3; Math.abs(term) > 1e-17; k += 2) {
      term *= (x * x) / k;
      sum += term;
    }
    return 0.5 + density * sum;
  }
  let fraction = 0;
  for (let k = 60; k >= 1; k--) fraction = k / (Math.abs(x) + fraction);
  const tail = density / (Math.abs(x) + fraction);
  return x < 0 ? tail : 1 - tail;
}
