import { type DayAxis, daysOf, valueOn } from './axis.ts';

export interface PhenologyOptions {
  /** Share of the amplitude at which the season starts and ends: 0.2, or 0.5 for its middle. */
  readonly share: number;
  /** Only days from … to are looked at: one season. */
  readonly window?: readonly [from: number, to: number];
  /** Days within which a gap leaves dates open: around the peak, where the season is decided. */
  readonly key?: readonly [from: number, to: number];
  /** A curve that rises by less has no season. */
  readonly leastAmplitude: number;
}

/** TIMESAT's usual share; an index that moves by less than 0.1 shows no crop. */
export const PHENOLOGY_DEFAULTS: PhenologyOptions = { share: 0.2, leastAmplitude: 0.1 };

/** One season of a curve, days as the axis counts them. */
export interface Season {
  readonly status: 'ok';
  readonly share: number;
  /** Crossings of the share of the amplitude, rising and falling, and the days between them. */
  readonly start: number;
  readonly end: number;
  readonly length: number;
  readonly peakDay: number;
  readonly peak: number;
  /** Lowest values before and after the peak. */
  readonly baseLeft: number;
  readonly baseRight: number;
  /** Peak above the mean of both. */
  readonly amplitude: number;
  /** Half way between the crossings of 80 %. */
  readonly middle: number;
  /** Change a day between the crossings of 20 % and 80 %; the fall is positive, too. */
  readonly rise: number;
  readonly fall: number;
  /** Area under the curve from start to end, and what of it is above the base. */
  readonly largeIntegral: number;
  readonly smallIntegral: number;
}

/** Why there are no dates: a gap in the key days, no line, or a curve without a season. */
export interface NoSeason {
  readonly status: 'gap' | 'insufficient' | 'flat';
}

/**
 * Start, peak, end, length and integrals of the season of a smooth curve, with TIMESAT's definitions (Jönsson and Eklundh 2004,
 * doi 10.1016/j.cageo.2004.05.006): base at the lowest value on each side of the peak, start where the rising side first
 * crosses `base + share · (peak − base)`, end where the falling side last does, straight between nodes. Where the curve has
 * holes the status says so instead. A double logistic with its turning points on days 165 and 262 starts on day 150.91 and
 * ends on day 277.39 for a share of 0.2.
 */
export function phenology(
  axis: DayAxis,
  values: ArrayLike<number>,
  options: PhenologyOptions = PHENOLOGY_DEFAULTS,
): Season | NoSeason {
  const days = daysOf(axis);
  const [from, to] = options.window ?? [days[0]!, days.at(-1)!];
  const inside = [...days.keys()].filter((i) => days[i]! >= from && days[i]! <= to);
  const seen = inside.filter((i) => Number.isFinite(values[i]));
  if (seen.length < 3) return { status: 'insufficient' };
  const [keyFrom, keyTo] = options.key ?? [days[seen[0]!]!, days[seen.at(-1)!]!];
  const isOpen = (i: number) => !Number.isFinite(values[i]) && days[i]! >= keyFrom && days[i]! <= keyTo;
  if (inside.some(isOpen)) return { status: 'gap' };
  const at = (i: number) => values[i]!;
  const top = seen.reduce((best, i) => (at(i) > at(best) ? i : best));
  const lowest = (some: readonly number[]) => some.reduce((best, i) => (at(i) < at(best) ? i : best));
  const left = lowest(seen.filter((i) => i <= top).toReversed());
  const right = lowest(seen.filter((i) => i >= top));
  const [peak, baseLeft, baseRight] = [at(top), at(left), at(right)];
  const amplitude = peak - (baseLeft + baseRight) / 2;
  if (!(amplitude >= options.leastAmplitude) || left === top || right === top) return { status: 'flat' };
  const rising = (share: number) => crossing(days, values, left, top, baseLeft + share * (peak - baseLeft));
  const falling = (share: number) =>
    crossing(days, values, right, top, baseRight + share * (peak - baseRight));
  const [start, end] = [rising(options.share), falling(options.share)];
  const largeIntegral = integral(axis, values, start, end);
  if (Number.isNaN(largeIntegral)) return { status: 'gap' };
  return {
    status: 'ok',
    share: options.share,
    start,
    end,
    length: end - start,
    peakDay: days[top]!,
    peak,
    baseLeft,
    baseRight,
    amplitude,
    middle: (rising(0.8) + falling(0.8)) / 2,
    rise: (0.6 * (peak - baseLeft)) / (rising(0.8) - rising(0.2)),
    fall: (0.6 * (peak - baseRight)) / (falling(0.2) - falling(0.8)),
    largeIntegral,
    smallIntegral: largeIntegral - ((baseLeft + baseRight) / 2) * (end - start),
  };
}

/** Day on which the curve first reaches a level on the way from its foot to the top. */
function crossing(
  days: Float64Array,
  values: ArrayLike<number>,
  foot: number,
  top: number,
  level: number,
): number {
  const step = top > foot ? 1 : -1;
  let last = foot;
  for (let i = foot; i !== top + step; i += step) {
    const value = values[i]!;
    // A hole outside the key days is bridged.
    if (!Number.isFinite(value)) continue;
    if (value >= level) {
      const before = values[last]!;
      const share = value === before ? 0 : (level - before) / (value - before);
      return days[last]! + share * (days[i]! - days[last]!);
    }
    last = i;
  }
  return days[top]!;
}

/** Area under the straight pieces of a curve between two days; NaN over a hole. */
function integral(axis: DayAxis, values: ArrayLike<number>, from: number, to: number): number {
  const nodes = [...daysOf(axis)].filter((day) => day > from && day < to);
  const points = [from, ...nodes, to].map((day) => [day, valueOn(axis, values, day)] as const);
  let area = 0;
  for (const [i, [day, value]] of points.entries()) {
    if (i === 0) continue;
    const [before, valueBefore] = points[i - 1]!;
    area += ((value + valueBefore) / 2) * (day - before);
  }
  return area;
}
