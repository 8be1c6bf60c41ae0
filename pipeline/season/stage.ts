import { dateOf, dayNumber } from '../series/axis.ts';
import { DEGREE_DAY_DEFAULTS, DEGREE_DAYS, type DegreeDayMethod } from '../series/degree-days.ts';

/** A day of weather: days since 1970-01-01 and its extremes, °C. */
interface HeatDay {
  readonly day: number;
  readonly tmax: number;
  readonly tmin: number;
}

/** Degree days are summed from here on, month and day. */
const SUM_FROM = '04-01';
/** Days without weather that a sum may pass over. */
const MOST_MISSING = 3;

/**
 * The day of another year on which as many degree days had gathered since 1 April as on a given day; null where the
 * weather of either year has more than three holes up to there, or the other year never got so warm.
 */
export function sameHeat(
  { days }: { readonly days: readonly HeatDay[] },
  method: DegreeDayMethod = 'clipped',
): (day: number, year: number) => number | null {
  const byDay = new Map(days.map((one) => [one.day, one]));
  const sums = new Map<number, { readonly from: number; readonly sums: readonly (number | null)[] }>();
  const ofYear = (year: number) => {
    const known = sums.get(year);
    if (known !== undefined) return known;
    const from = dayNumber(`${year}-${SUM_FROM}`);
    const own: (number | null)[] = [];
    let [sum, missing] = [0, 0];
    for (let day = from; day <= dayNumber(`${year}-12-31`); day++) {
      const one = byDay.get(day);
      if (one === undefined || !Number.isFinite(one.tmax + one.tmin)) missing++;
      else sum += DEGREE_DAYS[method].ofDay(one.tmax, one.tmin, DEGREE_DAY_DEFAULTS);
      own.push(missing > MOST_MISSING ? null : sum);
    }
    const made = { from, sums: own };
    sums.set(year, made);
    return made;
  };
  return (day, year) => {
    const now = ofYear(Number(dateOf(day).slice(0, 4)));
    const wanted = now.sums[day - now.from] ?? null;
    if (wanted === null) return null;
    const then = ofYear(year);
    const at = then.sums.findIndex((sum) => sum !== null && sum >= wanted);
    return at < 0 ? null : then.from + at;
  };
}
