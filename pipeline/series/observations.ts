import { EXCLUDING, QUALITY } from '../core/quality.ts';

/** What was seen of one place: any order, any days. Values that are not finite and weights of 0 take no part. */
export interface Observations {
  /** Days since 1970-01-01. */
  readonly days: ArrayLike<number>;
  readonly values: ArrayLike<number>;
  /** 0 not used … 1 clear. */
  readonly weights: ArrayLike<number>;
}

/** Observations that take part, by day, one a day. */
export interface Sorted {
  readonly days: Float64Array;
  readonly values: Float64Array;
  readonly weights: Float64Array;
}

/** From this weight on an observation counts as a clear look. */
export const CLEAR_WEIGHT = 0.5;

/**
 * Observations that take part, sorted by day; those of the same day become their weighted mean with the sum of their weights,
 * added in an order of their own, so that the order they come in changes no bit of the result. Throws RangeError when the
 * arrays differ in length or a weight is negative.
 */
export function sortObservations({ days, values, weights }: Observations): Sorted {
  if (values.length !== days.length || weights.length !== days.length)
    throw new RangeError(`${days.length} days, ${values.length} values, ${weights.length} weights`);
  const used: { day: number; value: number; weight: number }[] = [];
  for (let i = 0; i < days.length; i++) {
    const [day, value, weight] = [days[i]!, values[i]!, weights[i]!];
    if (weight < 0) throw new RangeError(`weight ${weight} of day ${day}`);
    if (weight > 0 && Number.isFinite(value) && Number.isFinite(weight) && Number.isFinite(day))
      used.push({ day, value, weight });
  }
  used.sort((a, b) => a.day - b.day || a.value - b.value || a.weight - b.weight);
  const merged: { day: number; sum: number; weight: number }[] = [];
  for (const { day, value, weight } of used) {
    const last = merged.at(-1);
    if (last !== undefined && last.day === day) {
      last.sum += value * weight;
      last.weight += weight;
    } else merged.push({ day, sum: value * weight, weight });
  }
  return {
    days: Float64Array.from(merged, ({ day }) => day),
    values: Float64Array.from(merged, ({ sum, weight }) => sum / weight),
    weights: Float64Array.from(merged, ({ weight }) => weight),
  };
}

/**
 * Weight of an observation by its class, one row a source. Sentinel-2 SCL after METHODS 2.3; MODIS SummaryQA (MOD13 user guide:
 * 0 good, 1 marginal, 2 snow or ice, 3 cloudy) with the same meaning. A class that is not in the table has weight 0.
 */
export const CLASS_WEIGHTS = {
  'sentinel-2-scl': [0, 0, 0.3, 0, 1, 1, 1, 0.5, 0, 0, 0.2, 0],
  'modis-summary-qa': [1, 0.5, 0, 0],
} as const satisfies Record<string, readonly number[]>;

/** Weight of a class value. `classWeight('sentinel-2-scl', 4)` is 1, and of thin cirrus, 10, 0.2. */
export function classWeight(source: keyof typeof CLASS_WEIGHTS, value: number): number {
  const row: readonly number[] = CLASS_WEIGHTS[source];
  return row[value] ?? 0;
}

/** Haze dims an index as thin cirrus does (METHODS 2.3, class 10). */
const HAZE_WEIGHT = 0.2;

/** Weight of a pixel by its quality plane: 0 where a flag excludes it, 0.2 in haze, else 1. */
export function qualityWeight(quality: number): number {
  if ((quality & EXCLUDING) !== 0) return 0;
  return (quality & QUALITY.HAZE.bit) === 0 ? 1 : HAZE_WEIGHT;
}
