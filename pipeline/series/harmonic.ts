import { type DayAxis, daysOf } from './axis.ts';
import type { Sorted } from './observations.ts';

export interface HarmonicParameters {
  /** Waves in a period: 2 are the year and its half. */
  readonly harmonics: number;
  /** Days of the base period. */
  readonly period: number;
  /** With a straight line besides the waves. */
  readonly trend: boolean;
}

/** Which side of the line outliers lie on: `low` for an index that cloud lowers. */
export type OutlierSide = 'low' | 'high';

export interface HantsParameters {
  readonly harmonics: number;
  readonly period: number;
  /** Fit error tolerance: observations further out than this are dropped, the furthest first. */
  readonly tolerance: number;
  /** So many observations more than unknowns are kept at least. */
  readonly overdetermination: number;
  /** Added to the squares of the amplitudes, which keeps them small over gaps. */
  readonly damping: number;
  /** Values outside never take part. */
  readonly valid: readonly [min: number, max: number];
  readonly outliers: OutlierSide;
}

/** A sum of waves: `mean + trend · (day − centre) + Σ cosₖ cos(2πk·day / period) + sinₖ sin(…)`. */
export interface Waves {
  readonly period: number;
  readonly centre: number;
  /** Mean, change a day, then cosine and sine of each harmonic. */
  readonly coefficients: Float64Array;
}

/** Value of the waves on a day. */
export function wavesAt({ period, centre, coefficients }: Waves, day: number): number {
  let sum = coefficients[0]! + coefficients[1]! * (day - centre);
  for (let k = 1; 2 * k + 1 < coefficients.length; k++) {
    const angle = (2 * Math.PI * k * day) / period;
    sum += coefficients[2 * k]! * Math.cos(angle) + coefficients[2 * k + 1]! * Math.sin(angle);
  }
  return sum;
}

/**
 * Weighted least squares of waves through observations of any days (several years at once are pooled by the period); null
 * when these do not determine them.
 */
export function fitWaves({ days, values, weights }: Sorted, parameters: HarmonicParameters): Waves | null {
  const centre = days.reduce((sum, day) => sum + day, 0) / Math.max(1, days.length);
  const solution = leastSquares(rowsOf(days, centre, parameters), values, weights, 0);
  return solution === null ? null : wavesOf(solution, centre, parameters);
}

/** What each day multiplies the unknowns with: 1, the trend in periods, then cosine and sine of each harmonic. */
function rowsOf(
  days: Float64Array,
  centre: number,
  { harmonics, period, trend }: HarmonicParameters,
): readonly Float64Array[] {
  const first = trend ? 2 : 1;
  return Array.from(days, (day) => {
    const row = new Float64Array(first + 2 * harmonics);
    row[0] = 1;
    // A change a period, so that all columns are of one size.
    if (trend) row[1] = (day - centre) / period;
    for (let k = 1; k <= harmonics; k++) {
      const angle = (2 * Math.PI * k * day) / period;
      row[first + 2 * k - 2] = Math.cos(angle);
      row[first + 2 * k - 1] = Math.sin(angle);
    }
    return row;
  });
}

function wavesOf(solution: Float64Array, centre: number, { period, trend }: HarmonicParameters): Waves {
  const [mean, ...rest] = solution;
  const waves = trend ? [rest[0]! / period, ...rest.slice(1)] : [0, ...rest];
  return { period, centre, coefficients: Float64Array.of(mean!, ...waves) };
}

/** Unknowns that make `Σ w (y − row · x)²` least, with `damping` added to the squares of all but the first. */
function leastSquares(
  rows: readonly Float64Array[],
  values: Float64Array,
  weights: Float64Array,
  damping: number,
): Float64Array | null {
  const n = rows[0]?.length ?? 0;
  if (n === 0) return null;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const right = new Float64Array(n);
  for (let i = 0; i < rows.length; i++) {
    const [row, weight] = [rows[i]!, weights[i]!];
    if (weight === 0) continue;
    for (let a = 0; a < n; a++) {
      const share = weight * row[a]!;
      right[a]! += share * values[i]!;
      const line = matrix[a]!;
      for (let b = 0; b <= a; b++) line[b]! += share * row[b]!;
    }
  }
  for (let a = 1; a < n; a++) matrix[a]![a]! += damping;
  return solveDense(matrix, right);
}

/** Plain harmonic regression on an axis. */
export function harmonic(
  observed: Sorted,
  axis: DayAxis,
  parameters: HarmonicParameters,
): Float64Array | null {
  const waves = fitWaves(observed, parameters);
  return waves === null ? null : daysOf(axis).map((day) => wavesAt(waves, day));
}

export interface HantsFit {
  readonly waves: Waves;
  /** 1 for the observations that the line was fitted to at last. */
  readonly accepted: Uint8Array;
}

/**
 * Harmonic analysis of time series: waves are fitted, the observation furthest out on the side of the outliers is dropped
 * when it is further than the tolerance, and again, until none is or only `2·harmonics + 1 + overdetermination` are left.
 * Null when there are fewer to begin with. Source: Roerink et al. 2000, doi 10.1080/014311600209814; one observation a round
 * as gespinoza/hants does, whose published series these are to the last digits (docs/season.md).
 */
export function fitHants(observed: Sorted, parameters: HantsParameters): HantsFit | null {
  const { days, values } = observed;
  const { harmonics, overdetermination, damping, tolerance, outliers, valid } = parameters;
  const [min, max] = valid;
  const accepted = Uint8Array.from(values, (value) => (value >= min && value <= max ? 1 : 0));
  const weights = observed.weights.map((weight, i) => weight * accepted[i]!);
  const side = outliers === 'low' ? 1 : -1;
  const least = 2 * harmonics + 1 + overdetermination;
  let count = accepted.reduce((sum, one) => sum + one, 0);
  if (count < least) return null;
  const shape = { harmonics, period: parameters.period, trend: false };
  const rows = rowsOf(days, 0, shape);
  for (;;) {
    const solution = leastSquares(rows, values, weights, damping);
    if (solution === null) return null;
    let [worst, furthest] = [-1, tolerance];
    for (let i = 0; i < rows.length; i++) {
      if (accepted[i] === 0) continue;
      let line = 0;
      for (let k = 0; k < solution.length; k++) line += solution[k]! * rows[i]![k]!;
      const off = side * (line - values[i]!);
      if (off > furthest) [worst, furthest] = [i, off];
    }
    if (worst === -1 || count === least) return { waves: wavesOf(solution, 0, shape), accepted };
    accepted[worst] = 0;
    weights[worst] = 0;
    count--;
  }
}

/** HANTS on an axis. */
export function hants(observed: Sorted, axis: DayAxis, parameters: HantsParameters): Float64Array | null {
  const fit = fitHants(observed, parameters);
  return fit === null ? null : daysOf(axis).map((day) => wavesAt(fit.waves, day));
}

/** Beside its diagonal, a pivot this small means that the observations leave a wave open. */
const OPEN = 1e-10;

/** Cholesky's method on the lower half of a small symmetric matrix, which is used up; null when it is singular. */
function solveDense(matrix: readonly Float64Array[], right: Float64Array): Float64Array | null {
  const n = right.length;
  for (let i = 0; i < n; i++) {
    const row = matrix[i]!;
    const whole = row[i]!;
    for (let j = 0; j <= i; j++) {
      let sum = row[j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * matrix[j]![k]!;
      if (j < i) row[j] = sum / matrix[j]![j]!;
      else if (!(sum > OPEN * whole)) return null;
      else row[i] = Math.sqrt(sum);
    }
  }
  const x = right.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= matrix[i]![k]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= matrix[k]![i]! * x[k]!;
    x[i]! /= matrix[i]![i]!;
  }
  return x;
}
