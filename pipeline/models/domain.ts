import { eigenOf, type Rows, standardise, standardOf } from './linear.ts';

/** Where a model was trained, and how far from it is too far. Plain numbers: part of a card. */
export interface Domain {
  readonly mean: readonly number[];
  readonly scale: readonly number[];
  /** Principal directions that the rows are enough to know, each with the variance along it. */
  readonly directions: readonly { readonly variance: number; readonly vector: readonly number[] }[];
  /** What lies off them: squared length over `scale` is χ² with `freedom` degrees. Null where nothing does. */
  readonly rest: { readonly scale: number; readonly freedom: number } | null;
  /** χ²₀.₉₉ of normal features. */
  readonly chi: number;
  /** Distance² beyond which a row is outside. */
  readonly limit: number;
}

const OUTSIDE = 0.99;
/** Rows a direction must have to be known by itself. */
const ROWS_PER_DIRECTION = 10;

/**
 * The domain of training rows: Mahalanobis distance of the standardised features with the limit χ²₀.₉₉, or the distance that
 * 99 % of the training rows keep where it is larger: features with heavy tails would have one row in eight refused as unlike
 * the rows it is one of. Where there are
 * fewer than ten rows a feature the leading directions count one by one, and what lies off them together as a scaled χ²
 * (Box 1954, doi 10.1214/aoms/1177728786), for a covariance of more features than rows cannot be inverted.
 */
export function domainOf(rows: Rows, features: number): Domain {
  const { mean, scale } = standardOf(rows, features);
  const standard = standardise(rows, mean, scale);
  const covariance = Array.from({ length: features }, () => new Float64Array(features));
  for (const row of standard)
    for (let i = 0; i < features; i++)
      for (let j = 0; j <= i; j++) covariance[i]![j]! += (row[i]! * row[j]!) / Math.max(1, rows.length - 1);
  for (let i = 0; i < features; i++) for (let j = 0; j < i; j++) covariance[j]![i] = covariance[i]![j]!;
  const { values, vectors } = eigenOf(covariance);
  const known = values.filter((value) => value > 1e-9 * values[0]!).length;
  const kept = Math.max(1, Math.min(known, Math.floor(rows.length / ROWS_PER_DIRECTION)));
  const off = values.slice(kept).filter((value) => value > 0);
  const [sum, squares] = [off.reduce((a, b) => a + b, 0), off.reduce((a, b) => a + b * b, 0)];
  const rest = sum > 1e-9 * values[0]! ? { scale: squares / sum, freedom: (sum * sum) / squares } : null;
  const chi = chiSquareQuantile(OUTSIDE, kept + (rest?.freedom ?? 0));
  const domain = {
    mean: [...mean],
    scale: [...scale],
    directions: vectors.slice(0, kept).map((vector, i) => ({ variance: values[i]!, vector })),
    rest,
    chi,
    limit: chi,
  };
  const own = Float64Array.from(rows, (row) => distanceFrom(domain, row)).sort();
  return { ...domain, limit: Math.max(chi, own[Math.ceil(OUTSIDE * own.length) - 1]!) };
}

/** Distance² of a row from the middle of a domain; outside where it is above the domain's limit. */
export function distanceFrom(domain: Domain, row: ArrayLike<number>): number {
  const standard = domain.mean.map((mean, f) => (row[f]! - mean) / domain.scale[f]!);
  let rest = standard.reduce((sum, value) => sum + value * value, 0);
  let distance = 0;
  for (const { variance, vector } of domain.directions) {
    const along = vector.reduce((sum, weight, f) => sum + weight * standard[f]!, 0);
    distance += (along * along) / variance;
    rest -= along * along;
  }
  // Training rows lie in the known directions exactly; a row that leaves them is as far as can be.
  if (domain.rest === null)
    return rest > 1e-6 * Math.max(1, domain.mean.length) ? Number.POSITIVE_INFINITY : distance;
  return distance + Math.max(0, rest) / domain.rest.scale;
}

/**
 * Value a χ² variable of `freedom` degrees (any positive number) stays below with a probability, by bisection of the
 * regularised incomplete gamma function. `chiSquareQuantile(0.99, 4)` is 13.2767.
 */
export function chiSquareQuantile(probability: number, freedom: number): number {
  let [low, high] = [0, freedom + 20 * Math.sqrt(2 * freedom) + 20];
  for (let step = 0; step < 100; step++) {
    const middle = (low + high) / 2;
    if (gammaBelow(freedom / 2, middle / 2) < probability) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(a, x) by its series (Abramowitz and Stegun 6.5.29) or, beyond a + 1, its continued fraction (6.5.31, Lentz). */
function gammaBelow(a: number, x: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > 1e-16 * sum; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return front * sum;
  }
  let b = x + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let n = 1; n < 1000; n++) {
    const an = -n * (n - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return 1 - front * fraction;
}

/** ln Γ by recurrence up to 10 and Stirling's series from there (Abramowitz and Stegun 6.1.15, 6.1.41). */
function logGamma(a: number): number {
  if (a < 10) return logGamma(a + 1) - Math.log(a);
  const r = 1 / (a * a);
  return (
    (a - 0.5) * Math.log(a) -
    a +
    0.9189385332046727 +
    (1 / 12 - r * (1 / 360 - r * (1 / 1260 - r / 1680))) / a
  );
}
