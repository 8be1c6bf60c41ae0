import { solveSymmetric } from '../models/linear.ts';
import { type Observations, sortObservations } from '../series/observations.ts';

/** How a series is watched. Defaults: MONITOR_RULE. */
export interface MonitorOptions {
  /** First day that is monitored; what is before is history. */
  readonly start: number;
  /** Length of a year in the unit of the days. */
  readonly period: number;
  /** With a straight line in the norm; left out, only where the history holds five periods. */
  readonly trend?: boolean;
  /** Most harmonics of the norm. */
  readonly harmonics?: number;
}

/**
 * Numbers of the monitoring. `critical` is the 95 % point of sup |W(t) − W(t−h) − h·W(1)| / √(2·log⁺ t) over 1 ≤ t ≤ 10 for
 * h = 0.25, by simulation (docs/zones.md). `peek`, `trendPeriods` and `leastPeriods` are choices of this house.
 */
export const MONITOR_RULE = {
  version: 'monitor-2026.1',
  harmonics: 3,
  /** Window of the moving sum over the length of the history. */
  window: 0.25,
  critical: 1.34,
  /** Bound of the reversed CUSUM that finds the stable part of the history, 5 % (Brown, Durbin and Evans 1975). */
  stable: 0.9479,
  /** So many residuals in a row beyond the 95 % point on one side are a break at once (docs/zones.md: false alarms). */
  peek: 3,
  beyond: 1.96,
  /** Smaller medians are not reported as disturbance. */
  leastMagnitude: 0.1,
  /** A slope is taken from a history of so many periods; from a shorter one it would be carried on into a false alarm. */
  trendPeriods: 5,
  /** Observations for one, two and three harmonics (as in CCDC), over at least one period. */
  observations: [12, 18, 24],
  leastPeriods: 1,
  source:
    'METHODS 10: bfastmonitor (Verbesselt et al. 2012, doi 10.1016/j.rse.2012.02.022), run of residuals as in CCDC (Zhu and Woodcock 2014, doi 10.1016/j.rse.2014.01.011)',
} as const;

export interface Break {
  /** Day of the first observation that belongs to the change. */
  readonly day: number;
  /** Day on which it was sure. */
  readonly declared: number;
  /** Which test was sure first: a run of large residuals, or the moving sum over its bound. */
  readonly by: 'run' | 'mosum';
  /** Median of observed less expected over the period from the break on, or what there is of it. */
  readonly magnitude: number;
  /** The magnitude is 0.1 or more either way. Correlated residuals pass the tests often, seldom by so much (docs/zones.md). */
  readonly isMaterial: boolean;
}

export interface Monitoring {
  readonly status: 'ok' | 'insufficient-history' | 'nothing-to-monitor';
  readonly break: Break | null;
  /** Day on which the moving sum first passed its bound, whatever the other test says; null where it never did. */
  readonly mosumDay: number | null;
  /** Observations of the stable history, and its first day. */
  readonly history: { readonly n: number; readonly from: number } | null;
  /** Standard deviation of the residuals of the history. */
  readonly sigma: number;
  /** Correlation of neighbouring residuals of the history: far from 0, the level of the tests does not hold. */
  readonly correlation: number;
  readonly harmonics: number;
  readonly hasTrend: boolean;
  /** Of every monitored observation its day, value and expected value. */
  readonly monitored: readonly { readonly day: number; readonly value: number; readonly expected: number }[];
}

/**
 * Watches a series for a change: a norm of waves (and a slope) is fitted to the stable end of the history; a break is sure
 * when three residuals in a row lie beyond their 95 % points on one side, or when the moving sum of residuals passes its
 * bound, whichever comes first. Observations with weight 0 take no part. Throws RangeError for a period that is not positive.
 * The pine plantation of docs/zones.md, watched from 2003.0, breaks at 2004.696, after a last value of 0.84 at
 * 2004.609.
 */
export function monitorChange(observations: Observations, options: MonitorOptions): Monitoring {
  const { start, period } = options;
  if (!(period > 0)) throw new RangeError(`period is ${period}`);
  const { days, values } = sortObservations(observations);
  const before = days.findIndex((day) => day >= start);
  const end = before < 0 ? days.length : before;
  const most = Math.min(options.harmonics ?? MONITOR_RULE.harmonics, 3);
  const empty = {
    break: null,
    mosumDay: null,
    history: null,
    sigma: Number.NaN,
    correlation: Number.NaN,
    monitored: [],
  };
  const span = end === 0 ? 0 : days[end - 1]! - days[0]!;
  const hasTrend = options.trend ?? span >= MONITOR_RULE.trendPeriods * period;
  const none = { ...empty, harmonics: 0, hasTrend };
  // A year of 16-day composites ends sixteen days before the next begins.
  const isLong = span >= (MONITOR_RULE.leastPeriods - 0.1) * period;
  const harmonics = Math.min(most, MONITOR_RULE.observations.filter((least) => end >= least).length);
  if (harmonics === 0 || !isLong) return { ...none, status: 'insufficient-history' };
  if (end === days.length) return { ...none, status: 'nothing-to-monitor' };
  const rows = Array.from(days, (day) => rowOf(day - start, period, harmonics, hasTrend));
  const from = stableFrom(rows, values, end);
  const n = end - from;
  const fit = fitOf(rows, values, from, end);
  if (fit === null || n < MONITOR_RULE.observations[0]) return { ...none, status: 'insufficient-history' };
  const residuals = values.map((value, i) => value - dot(rows[i]!, fit));
  let squares = 0;
  for (let i = from; i < end; i++) squares += residuals[i]! ** 2;
  const sigma = Math.sqrt(squares / (n - rows[0]!.length));
  const mosum = mosumAlarm(residuals, from, end, sigma);
  const run = runAlarm(residuals, end, sigma);
  const first = run !== null && (mosum === null || run.declared <= mosum.declared) ? run : mosum;
  let products = 0;
  for (let i = from + 1; i < end; i++) products += residuals[i]! * residuals[i - 1]!;
  const magnitude = first === null ? 0 : magnitudeOf(days, residuals, first.at, period);
  return {
    status: 'ok',
    correlation: products / squares,
    break:
      first === null
        ? null
        : {
            day: days[first.at]!,
            declared: days[first.declared]!,
            by: first === run ? 'run' : 'mosum',
            magnitude,
            isMaterial: Math.abs(magnitude) >= MONITOR_RULE.leastMagnitude,
          },
    mosumDay: mosum === null ? null : days[mosum.declared]!,
    history: { n, from: days[from]! },
    sigma,
    harmonics,
    hasTrend,
    monitored: Array.from({ length: days.length - end }, (_, i) => ({
      day: days[end + i]!,
      value: values[end + i]!,
      expected: values[end + i]! - residuals[end + i]!,
    })),
  };
}

/** 1, the slope in periods, then cosine and sine of each harmonic. */
function rowOf(day: number, period: number, harmonics: number, hasTrend: boolean): Float64Array {
  const row = hasTrend ? [1, day / period] : [1];
  for (let k = 1; k <= harmonics; k++) {
    const angle = (2 * Math.PI * k * day) / period;
    row.push(Math.cos(angle), Math.sin(angle));
  }
  return Float64Array.from(row);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k]! * b[k]!;
  return sum;
}

/** Sums of squares and products that grow by one observation after the other. */
interface Normal {
  readonly matrix: readonly Float64Array[];
  readonly right: Float64Array;
}

function newNormal(size: number): Normal {
  return {
    matrix: Array.from({ length: size }, () => new Float64Array(size)),
    right: new Float64Array(size),
  };
}

function add({ matrix, right }: Normal, row: Float64Array, value: number): void {
  for (let a = 0; a < row.length; a++) {
    right[a]! += row[a]! * value;
    for (let b = 0; b < row.length; b++) matrix[a]![b]! += row[a]! * row[b]!;
  }
}

function fitOf(
  rows: readonly Float64Array[],
  values: Float64Array,
  from: number,
  end: number,
): Float64Array | null {
  const normal = newNormal(rows[0]!.length);
  for (let i = from; i < end; i++) add(normal, rows[i]!, values[i]!);
  return solveSymmetric(normal.matrix, normal.right);
}

/**
 * First observation of the longest stable end of the history: recursive residuals are summed backwards in time, and what lies
 * before the sum passes its bound is left out (Pesaran and Timmermann 2002, doi 10.1016/S0927-5398(02)00007-5).
 */
function stableFrom(rows: readonly Float64Array[], values: Float64Array, end: number): number {
  const size = rows[0]!.length;
  const normal = newNormal(size);
  const residuals: { readonly at: number; readonly value: number }[] = [];
  for (let i = end - 1; i >= 0; i--) {
    const row = rows[i]!;
    if (end - 1 - i >= size) {
      const fit = solveSymmetric(normal.matrix, normal.right);
      const lever = solveSymmetric(normal.matrix, row);
      if (fit !== null && lever !== null)
        residuals.push({ at: i, value: (values[i]! - dot(row, fit)) / Math.sqrt(1 + dot(row, lever)) });
    }
    add(normal, row, values[i]!);
  }
  const n = residuals.length;
  const mean = residuals.reduce((sum, { value }) => sum + value, 0) / n;
  const variance = residuals.reduce((sum, { value }) => sum + (value - mean) ** 2, 0) / (n - 1);
  const unit = Math.sqrt(variance * n);
  let sum = 0;
  for (const [k, { at, value }] of residuals.entries()) {
    sum += value;
    // The residual that passes the bound is the first that does not belong.
    if (Math.abs(sum) > unit * MONITOR_RULE.stable * (1 + (2 * (k + 1)) / n)) return at + 1;
  }
  return 0;
}

interface Alarm {
  /** Observation the change begins with, and the one that made it sure. */
  readonly at: number;
  readonly declared: number;
}

function mosumAlarm(residuals: Float64Array, from: number, end: number, sigma: number): Alarm | null {
  const n = end - from;
  const width = Math.floor(n * MONITOR_RULE.window);
  let sum = 0;
  for (let i = end - width; i < end; i++) sum += residuals[i]!;
  for (let i = end; i < residuals.length; i++) {
    sum += residuals[i]! - residuals[i - width]!;
    const time = (i - from + 1) / n;
    const bound = MONITOR_RULE.critical * Math.sqrt(2 * Math.max(1, Math.log(time)));
    if (Math.abs(sum) > bound * sigma * Math.sqrt(n))
      return { at: splitOf(residuals, Math.max(end, i - width + 1), i), declared: i };
  }
  return null;
}

/** Where a window parts best into two levels: the second part explains most squares. */
function splitOf(residuals: Float64Array, first: number, last: number): number {
  let [sum, best, most] = [0, last, 0];
  for (let i = last; i >= first; i--) {
    sum += residuals[i]!;
    const explained = sum ** 2 / (last - i + 1);
    if (explained > most) [best, most] = [i, explained];
  }
  return best;
}

function runAlarm(residuals: Float64Array, end: number, sigma: number): Alarm | null {
  const bound = MONITOR_RULE.beyond * sigma;
  let [length, side] = [0, 0];
  for (let i = end; i < residuals.length; i++) {
    const own = Math.abs(residuals[i]!) > bound ? Math.sign(residuals[i]!) : 0;
    length = own !== 0 && own === side ? length + 1 : Number(own !== 0);
    side = own;
    if (length === MONITOR_RULE.peek) return { at: i - length + 1, declared: i };
  }
  return null;
}

function magnitudeOf(days: Float64Array, residuals: Float64Array, at: number, period: number): number {
  const after = residuals.filter((_, i) => i >= at && days[i]! < days[at]! + period).sort();
  const half = after.length >> 1;
  return after.length % 2 === 1 ? after[half]! : (after[half - 1]! + after[half]!) / 2;
}
