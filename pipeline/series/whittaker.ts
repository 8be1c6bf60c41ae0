import { type DayAxis, type DayPlace, placeOn } from './axis.ts';
import { type Banded, bandedOf, factor, inverseBand, solve } from './banded.ts';
import type { Sorted } from './observations.ts';

export interface WhittakerParameters {
  /** Stiffness λ on the step of the axis. The same season wants 16 times as much on half the step. */
  readonly lambda: number;
  /** Which differences are held small: 2 leaves straight lines alone, 1 only constants. */
  readonly order: 1 | 2;
  /**
   * Share p of the weight that observations above the line keep; those below keep 1 − p. 0.5 treats both alike, 0.8 to 0.9
   * follows the upper side of an index that cloud lowers.
   */
  readonly envelope: number;
  /** Most rounds of the envelope. */
  readonly rounds: number;
}

export interface WhittakerFit {
  /** The line at the nodes of the axis. */
  readonly values: Float64Array;
  /** Weights as the last round used them. */
  readonly weights: Float64Array;
  /** tr(H): how many free parameters the line has in effect. */
  readonly dimension: () => number;
}

/**
 * Whittaker's smoother: the line z that makes `Σ w (y − z)² + λ Σ (Δᵏz)²` least, z between two nodes being straight, so that
 * an observation counts on its own day; with an envelope, again with weights `w · p` above the line and `w · (1 − p)` below,
 * from z = 0, until no weight changes. Null where the observations do not determine it (fewer days than the order).
 * Throws RangeError for λ ≤ 0, p outside (0, 1), or an observation outside the axis.
 * Source: Eilers 2003, doi 10.1021/ac034173t; envelope Eilers 2004 as in modape (WFP-VAM) `ws2dp`; METHODS 5.2.
 */
export function whittaker(
  observed: Sorted,
  axis: DayAxis,
  { lambda, order, envelope, rounds }: WhittakerParameters,
): WhittakerFit | null {
  if (!(lambda > 0 && Number.isFinite(lambda))) throw new RangeError(`λ is ${lambda}`);
  if (!(envelope > 0 && envelope < 1)) throw new RangeError(`envelope is ${envelope}`);
  if (observed.days.length < order) return null;
  const places = Array.from(observed.days, (day) => {
    const place = placeOn(axis, day);
    if (place === null) throw new RangeError(`day ${day} is outside the axis`);
    return place;
  });
  const penalty = penaltyOf(axis.count, order, lambda);
  const isLevel = envelope === 0.5;
  let weights = observed.weights;
  let values = new Float64Array(axis.count);
  for (let round = 0; round < (isLevel ? 1 : rounds); round++) {
    const weighted = isLevel ? weights : leaning(observed, places, values, envelope);
    if (round > 0 && weighted.every((weight, i) => weight === weights[i])) break;
    weights = weighted;
    const { matrix, right } = equations(observed.values, weights, places, penalty);
    const factors = factor(matrix);
    if (factors === null) return null;
    values = solve(factors, right) as Float64Array<ArrayBuffer>; // solve makes it anew
  }
  const used = weights;
  return { values, weights: used, dimension: () => dimensionOf(used, places, penalty) };
}

/** Weights of the envelope: more for what lies above the line. */
function leaning(
  { values, weights }: Sorted,
  places: readonly DayPlace[],
  line: Float64Array,
  envelope: number,
): Float64Array {
  return weights.map(
    (weight, i) => weight * (values[i]! > between(line, places[i]!) ? envelope : 1 - envelope),
  );
}

function between(line: Float64Array, { node, share }: DayPlace): number {
  return (1 - share) * line[node]! + share * line[node + 1]!;
}

/** `BᵀWB + λDᵀD` and `BᵀWy`, B giving the line at the days of the observations. */
function equations(
  values: Float64Array,
  weights: Float64Array,
  places: readonly DayPlace[],
  penalty: Banded,
): { matrix: Banded; right: Float64Array } {
  const matrix = {
    diagonal: penalty.diagonal.slice(),
    first: penalty.first.slice(),
    second: penalty.second,
  };
  const right = new Float64Array(penalty.diagonal.length);
  for (const [i, { node, share }] of places.entries()) {
    const weight = weights[i]!;
    matrix.diagonal[node]! += weight * (1 - share) ** 2;
    matrix.diagonal[node + 1]! += weight * share ** 2;
    matrix.first[node]! += weight * share * (1 - share);
    right[node]! += weight * (1 - share) * values[i]!;
    right[node + 1]! += weight * share * values[i]!;
  }
  return { matrix, right };
}

/** `λDᵀD` of first or second differences over `size` nodes. */
export function penaltyOf(size: number, order: 1 | 2, lambda: number): Banded {
  const matrix = bandedOf(size);
  const stencil = order === 2 ? [1, -2, 1] : [-1, 1];
  for (let row = 0; row + order < size; row++) {
    for (const [i, a] of stencil.entries()) {
      matrix.diagonal[row + i]! += lambda * a * a;
      if (i + 1 < stencil.length) matrix.first[row + i]! += lambda * a * stencil[i + 1]!;
      if (i + 2 < stencil.length) matrix.second[row + i]! += lambda * a * stencil[i + 2]!;
    }
  }
  return matrix;
}

/** Trace of the matrix that turns observations into the line at their days. */
function dimensionOf(weights: Float64Array, places: readonly DayPlace[], penalty: Banded): number {
  const { matrix } = equations(weights, weights, places, penalty);
  const { diagonal, first } = inverseBand(factor(matrix)!); // it was factored to make the line
  let trace = 0;
  for (const [i, { node, share }] of places.entries()) {
    trace +=
      weights[i]! *
      ((1 - share) ** 2 * diagonal[node]! +
        2 * share * (1 - share) * first[node]! +
        share ** 2 * diagonal[node + 1]!);
  }
  return trace;
}

export type LambdaCriterion = 'v-curve' | 'gcv';

/** Exponents of ten that are tried: 10⁻² to 10⁴ by a fifth of a decade. */
export const LAMBDA_EXPONENTS: readonly number[] = Array.from({ length: 31 }, (_, i) => (i - 10) / 5);

/**
 * One λ for many series of a kind (a crop), so that all pixels of it are smoothed alike: by the V-curve, where the way from
 * one λ to the next moves fit and roughness least (Frasso and Eilers 2015, doi 10.1177/1471082X14549288), or by generalized
 * cross-validation. Roughness, misfit and degrees of freedom are summed over the series. Null when no series determines a line.
 */
export function chooseLambda(
  series: readonly Sorted[],
  axis: DayAxis,
  criterion: LambdaCriterion,
  parameters: Omit<WhittakerParameters, 'lambda'>,
  exponents: readonly number[] = LAMBDA_EXPONENTS,
): number | null {
  const scores = exponents.map((exponent) =>
    scoreOf(series, axis, { ...parameters, lambda: 10 ** exponent }),
  );
  if (scores.some((score) => score.count === 0)) return null;
  if (criterion === 'gcv') {
    const gcv = scores.map(({ misfit, dimension, count }) => misfit / count / (1 - dimension / count) ** 2);
    return 10 ** exponents[leastOf(gcv)]!;
  }
  const steps = exponents.slice(1).map((exponent, i) => {
    const [a, b] = [scores[i]!, scores[i + 1]!];
    const way = Math.hypot(Math.log(b.misfit / a.misfit), Math.log(b.roughness / a.roughness));
    return way / (Math.LN10 * (exponent - exponents[i]!));
  });
  const best = leastOf(steps);
  return 10 ** ((exponents[best]! + exponents[best + 1]!) / 2);
}

function leastOf(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value < values[best]! ? i : best), 0);
}

interface Score {
  readonly misfit: number;
  readonly roughness: number;
  readonly dimension: number;
  readonly count: number;
}

function scoreOf(series: readonly Sorted[], axis: DayAxis, parameters: WhittakerParameters): Score {
  let [misfit, roughness, dimension, count] = [0, 0, 0, 0];
  for (const observed of series) {
    const fit = whittaker(observed, axis, parameters);
    if (fit === null) continue;
    for (const [i, day] of observed.days.entries()) {
      const off = observed.values[i]! - between(fit.values, placeOn(axis, day)!);
      misfit += fit.weights[i]! * off * off;
    }
    const { values } = fit;
    for (let i = parameters.order; i < values.length; i++) {
      const bend =
        parameters.order === 2
          ? values[i]! - 2 * values[i - 1]! + values[i - 2]!
          : values[i]! - values[i - 1]!;
      roughness += bend * bend;
    }
    dimension += fit.dimension();
    count += observed.days.length;
  }
  return { misfit, roughness, dimension, count };
}
