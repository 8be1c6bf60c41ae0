/** How growing degree days are made of a day's extremes, °C; results are °C d. */
export interface DegreeDayOptions {
  /** Below this nothing grows. */
  readonly base: number;
  /** Above this more heat does no more. */
  readonly cap: number;
}

/** Maize, rice and soybean (METHODS 5.4). */
export const DEGREE_DAY_DEFAULTS: DegreeDayOptions = { base: 10, cap: 30 };

interface DegreeDayRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** Degree days of one day from its extremes. */
  readonly ofDay: (max: number, min: number, options: DegreeDayOptions) => number;
}

export type DegreeDayMethod = 'mean' | 'clipped' | 'sine';

/**
 * The ways in use. They differ by 10 to 20 % in spring, so a sum always says which one it is (McMaster and Wilhelm 1997,
 * doi 10.1016/S0168-1923(97)00027-0; sine after Baskerville and Emin 1969, doi 10.2307/1933912, level above the cap).
 */
export const DEGREE_DAYS: Readonly<Record<DegreeDayMethod, DegreeDayRow>> = {
  mean: {
    title: { zh: '日均法', en: 'mean of the extremes, then the base' },
    ofDay: (max, min, { base, cap }) => Math.max(0, (Math.min(max, cap) + Math.min(min, cap)) / 2 - base),
  },
  clipped: {
    title: { zh: '先截断法（玉米）', en: 'extremes brought between base and cap first (US maize)' },
    ofDay: (max, min, { base, cap }) => (clip(max, base, cap) + clip(min, base, cap)) / 2 - base,
  },
  sine: {
    title: { zh: '正弦法', en: 'area under a sine between base and cap' },
    ofDay: (max, min, { base, cap }) => areaAbove(max, min, base) - areaAbove(max, min, cap),
  },
};

function clip(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Mean over a day of how far a sine between two extremes is above a level. */
function areaAbove(max: number, min: number, level: number): number {
  const [middle, half] = [(max + min) / 2, (max - min) / 2];
  if (level >= max) return 0;
  if (level <= min) return middle - level;
  const angle = Math.asin((level - middle) / half);
  return ((middle - level) * (Math.PI / 2 - angle) + half * Math.cos(angle)) / Math.PI;
}

/** A sum of degree days, and what it stands on. */
export interface DegreeDays {
  readonly method: DegreeDayMethod;
  readonly options: DegreeDayOptions;
  /** Sum up to and with each day; days without weather add nothing and are counted in `missing`. */
  readonly sums: Float64Array;
  readonly missing: number;
}

/**
 * Running sum of growing degree days from daily extremes, °C. Throws RangeError when the arrays differ in length or a
 * minimum is above its maximum. `degreeDays('clipped', [24], [12]).sums` is `[8]`.
 */
export function degreeDays(
  method: DegreeDayMethod,
  max: ArrayLike<number>,
  min: ArrayLike<number>,
  options: DegreeDayOptions = DEGREE_DAY_DEFAULTS,
): DegreeDays {
  if (max.length !== min.length) throw new RangeError(`${max.length} maxima, ${min.length} minima`);
  const sums = new Float64Array(max.length);
  let [sum, missing] = [0, 0];
  for (let i = 0; i < max.length; i++) {
    const [high, low] = [max[i]!, min[i]!];
    if (low > high) throw new RangeError(`day ${i}: minimum ${low} above maximum ${high}`);
    if (Number.isFinite(high) && Number.isFinite(low)) sum += DEGREE_DAYS[method].ofDay(high, low, options);
    else missing++;
    sums[i] = sum;
  }
  return { method, options, sums, missing };
}
