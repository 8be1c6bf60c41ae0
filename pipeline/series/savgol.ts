import type { DayAxis } from './axis.ts';
import { linear } from './linear.ts';
import { CLEAR_WEIGHT, type Sorted } from './observations.ts';

export interface SavitzkyGolayParameters {
  /** Half of the window of the long-term trend, days, and the degree of its polynomials. */
  readonly trendDays: number;
  readonly trendDegree: number;
  /** The same of the line that is fitted round after round. */
  readonly halfDays: number;
  readonly degree: number;
  /** A rise by more than this within `jumpDays` is none of vegetation: what lies below it was cloud. */
  readonly jump: number;
  readonly jumpDays: number;
  /** Most rounds. */
  readonly rounds: number;
}

/**
 * Weights that give, at place `at` of −m … m, the least-squares polynomial of a degree over 2m + 1 values; at 0 those of
 * Savitzky and Golay. Throws RangeError when the degree is beyond 2m.
 * `savitzkyGolay(2, 2)` is (−3, 12, 17, 12, −3) / 35. Source: Gorry 1990, doi 10.1021/ac00205a007 (orthogonal polynomials).
 */
export function savitzkyGolay(m: number, degree: number, at = 0): Float64Array {
  if (degree > 2 * m) throw new RangeError(`degree ${degree} over ${2 * m + 1} values`);
  const places = Float64Array.from({ length: 2 * m + 1 }, (_, i) => i - m);
  const weights = new Float64Array(2 * m + 1);
  let [before, now] = [places.map(() => 0), places.map(() => 1)];
  let [beforeAt, nowAt] = [0, 1];
  let beforeNorm = 1;
  for (let k = 0; k <= degree; k++) {
    const norm = now.reduce((sum, value) => sum + value * value, 0);
    for (let i = 0; i < weights.length; i++) weights[i]! += (nowAt * now[i]!) / norm;
    const beta = k === 0 ? 0 : norm / beforeNorm;
    const next = places.map((place, i) => place * now[i]! - beta * before[i]!);
    [beforeAt, nowAt] = [nowAt, at * nowAt - beta * beforeAt];
    [before, now, beforeNorm] = [now, next, norm];
  }
  return weights;
}

/** A series smoothed by polynomials over windows of 2m + 1; towards its ends the last whole window is read off its centre. */
export function smoothByPolynomials(values: Float64Array, m: number, degree: number): Float64Array {
  const n = values.length;
  const half = Math.min(m, Math.floor((n - 1) / 2));
  const fitting = Math.min(degree, 2 * half);
  const weights = weightsAt(half, fitting);
  return values.map((_, i) => {
    const centre = Math.min(Math.max(i, half), n - 1 - half);
    const own = weights[i - centre + half]!;
    let sum = 0;
    for (let k = 0; k < own.length; k++) sum += own[k]! * values[centre - half + k]!;
    return sum;
  });
}

/** Weights of windows that were asked for: the same few serve every pixel. */
const tables = new Map<string, readonly Float64Array[]>();

/** Weights for every place of a window, from its first to its last. */
function weightsAt(half: number, degree: number): readonly Float64Array[] {
  const key = `${half}/${degree}`;
  const known = tables.get(key);
  if (known !== undefined) return known;
  const made = Array.from({ length: 2 * half + 1 }, (_, i) => savitzkyGolay(half, degree, i - half));
  tables.set(key, made);
  return made;
}

/**
 * Chen's iterated Savitzky–Golay filter on a regular axis: straight lines over cloud and impossible jumps, a long-term trend,
 * weights by how far a value lies below it, and fits of values lifted to the fit before, until the weighted distance from
 * the observed line grows. Source: Chen et al. 2004, doi 10.1016/j.rse.2004.03.014; METHODS 5.3.
 */
export function chenSmooth(
  observed: Sorted,
  axis: DayAxis,
  parameters: SavitzkyGolayParameters,
): Float64Array | null {
  const clear = withoutJumps(observed, parameters);
  const first = linear(clear, axis);
  if (first === null) return null;
  const steps = (days: number) => Math.max(1, Math.round(days / axis.step));
  const trend = smoothByPolynomials(first, steps(parameters.trendDays), parameters.trendDegree);
  const below = first.map((value, i) => Math.max(0, trend[i]! - value));
  const furthest = Math.max(...below);
  const weights = below.map((distance) => (furthest === 0 ? 1 : 1 - distance / furthest));
  let lifted = first.map((value, i) => Math.max(value, trend[i]!));
  let best = { fit: trend, index: Number.POSITIVE_INFINITY };
  for (let round = 0; round < parameters.rounds; round++) {
    const fit = smoothByPolynomials(lifted, steps(parameters.halfDays), parameters.degree);
    const index = fit.reduce((sum, value, i) => sum + Math.abs(value - first[i]!) * weights[i]!, 0);
    if (index >= best.index) break;
    best = { fit, index };
    lifted = first.map((value, i) => Math.max(value, fit[i]!));
  }
  return best.fit;
}

/** Clear observations but the low ones in front of a rise that no vegetation makes. */
function withoutJumps(observed: Sorted, { jump, jumpDays }: SavitzkyGolayParameters): Sorted {
  const { days, values, weights } = observed;
  const kept = [...days.keys()].filter((i) => {
    if (weights[i]! < CLEAR_WEIGHT) return false;
    for (let k = i + 1; k < days.length && days[k]! - days[i]! <= jumpDays; k++) {
      if (weights[k]! >= CLEAR_WEIGHT && values[k]! - values[i]! > jump) return false;
    }
    return true;
  });
  const pick = (from: Float64Array) => Float64Array.from(kept, (i) => from[i]!);
  return { days: pick(days), values: pick(values), weights: pick(weights) };
}
