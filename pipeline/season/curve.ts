import { axisOver, type DayAxis, daysOf, valueOn } from '../series/axis.ts';
import { type Observations, sortObservations } from '../series/observations.ts';
import { SMOOTHERS, type SmootherId, smoothSeries } from '../series/smooth.ts';
import { chooseLambda } from '../series/whittaker.ts';
import { GROWTH_RULE } from './rules.ts';

/** What was seen of a place in one season, day by day; only what was clear enough to have a value. */
export interface SeasonLooks {
  /** Days since 1970-01-01, in order, each once. */
  readonly days: readonly number[];
  readonly values: readonly number[];
  readonly pixels: readonly number[];
  readonly clear: readonly number[];
  /** Days on which somebody looked, clear or not. */
  readonly looked: number;
}

/** The season of a place as a line, and what it stands on. */
export interface Curve {
  readonly looks: SeasonLooks;
  readonly axis: DayAxis;
  /** The line at the nodes; NaN where nothing supports it. */
  readonly values: Float64Array;
  /** How the line was made; null where the dates are too few for one. */
  readonly method: SmootherId | null;
}

/** A line needs so many clear dates; with fewer there are dates only (METHODS 5.3). */
export const LEAST_FOR_LINE = 5;

/**
 * Smooths a season from one day to another by Whittaker's method, λ null taking its default; fewer than five clear dates make no line. One season
 * alone does not bear the harmonic regression that METHODS 5.3 has for five to seven dates of pooled years.
 */
export function curveOf(looks: SeasonLooks, from: number, to: number, lambda: number | null): Curve {
  const axis = axisOver(from, Math.max(to, from), GROWTH_RULE.step);
  const observed: Observations = { days: looks.days, values: looks.values, weights: looks.days.map(() => 1) };
  if (looks.days.length < LEAST_FOR_LINE)
    return { looks, axis, values: new Float64Array(axis.count).fill(Number.NaN), method: null };
  const options = lambda === null ? {} : { parameters: { lambda } };
  const { values, method } = smoothSeries('whittaker', observed, axis, options);
  return { looks, axis, values, method };
}

/** Exponents of ten that λ of parcel seasons is looked for among: 0.04 to 25 on the grid of five days. */
const EXPONENTS = Array.from({ length: 15 }, (_, i) => (i - 7) / 5);
/** Seasons that λ is chosen on, spread evenly over all. */
const MOST_CHOSEN_ON = 60;

/**
 * One λ for the seasons of a crop, by generalized cross-validation. Means over hundreds of pixels carry little noise, so that
 * the stiff default for single pixels would bend green-up away from where it was seen; with a dozen dates a season the
 * V-curve has no corner to find. Null where no season bears a line.
 */
export function seasonLambda(seasons: readonly SeasonLooks[], from: number, to: number): number | null {
  const axis = axisOver(from, Math.max(to, from), GROWTH_RULE.step);
  const long = seasons.filter(({ days }) => days.length >= LEAST_FOR_LINE);
  const stride = Math.ceil(long.length / MOST_CHOSEN_ON);
  const some = long.filter((_, i) => i % stride === 0);
  if (some.length === 0) return null;
  const { order, envelope, rounds } = SMOOTHERS.whittaker.defaults(GROWTH_RULE.step);
  const observed = some.map(({ days, values }) =>
    sortObservations({ days, values, weights: days.map(() => 1) }),
  );
  return chooseLambda(observed, axis, 'gcv', { order, envelope, rounds }, EXPONENTS);
}

/**
 * The season on a day: the clear look of that day, else the smooth line between two looks; null beyond the first and the
 * last, where a line is only guessed on and would be set beside what others really were.
 */
export function valueOnDay(curve: Curve, day: number): number | null {
  const { days, values } = curve.looks;
  const at = days.indexOf(day);
  if (at >= 0) return values[at]!;
  if (days.length === 0 || day < days[0]! || day > days.at(-1)!) return null;
  const value = valueOn(curve.axis, curve.values, day);
  return Number.isFinite(value) ? value : null;
}

/** The same, and where that is null the nearest clear look not more than five days off. */
export function valueNear(curve: Curve, day: number): number | null {
  const value = valueOnDay(curve, day);
  if (value !== null) return value;
  const { days, values } = curve.looks;
  let best = -1;
  for (const [i, own] of days.entries())
    if (best < 0 || Math.abs(own - day) < Math.abs(days[best]! - day)) best = i;
  return best >= 0 && Math.abs(days[best]! - day) <= GROWTH_RULE.nearDays ? values[best]! : null;
}

/** The last clear look at or before a day: index into the looks, −1 for none. */
export function lastLook({ days }: SeasonLooks, day: number): number {
  return days.findLastIndex((own) => own <= day);
}

/**
 * Growth-process ratio: area under a line from the start of a reference line's season to a day, over that of the
 * reference; the start is where the reference has climbed a fifth of the way from its lowest value to its highest so far.
 * Null where one of them has a hole there. Two equal lines give 1.
 */
export function processRatio(
  axis: DayAxis,
  line: ArrayLike<number>,
  reference: ArrayLike<number>,
  day: number,
): number | null {
  const days = daysOf(axis);
  const until = [...days.keys()].filter((i) => days[i]! <= day && Number.isFinite(reference[i]));
  if (until.length < 3) return null;
  const top = until.reduce((best, i) => (reference[i]! > reference[best]! ? i : best));
  const foot = until
    .filter((i) => i <= top)
    .reduce((best, i) => (reference[i]! <= reference[best]! ? i : best));
  const level = reference[foot]! + 0.2 * (reference[top]! - reference[foot]!);
  const start = until.find((i) => i >= foot && reference[i]! >= level);
  if (start === undefined || start === until.at(-1)) return null;
  let [own, other] = [0, 0];
  for (let i = start; i < until.at(-1)!; i++) {
    own += line[i]! + line[i + 1]!;
    other += reference[i]! + reference[i + 1]!;
  }
  return Number.isFinite(own) && other > 0 ? own / other : null;
}
