import type { Estimate, EstimateStatus } from '../models/predict.ts';

/** A yield estimate of a place with what it belongs to. */
export interface PlaceYield {
  readonly id: string;
  readonly region: string | null;
  readonly areaM2: number;
  readonly crop: string | null;
  readonly estimate: Estimate;
  /** Class 1 to 5 by rank among the fields of its crop; null where the estimate is a number, or nothing is known. */
  readonly relative: number | null;
  /** The value before plots or statistics moved it; null where nothing did. */
  readonly unadjusted: number | null;
  readonly pixelCount: number;
  readonly clearFraction: number;
  readonly clearDates: number;
}

/** True of an estimate that may stand as a number: its model passed its gates, and it has an interval. */
export function isReleased({ status, value, low90 }: Estimate): boolean {
  return (status === 'ok' || status === 'early') && value !== null && low90 !== null;
}

/** A yield that was cut and weighed on a known place (测产), kg/ha at storage moisture. */
export interface Plot {
  readonly id: string;
  readonly yieldKgHa: number;
}

/** What plots said of the estimates. */
export interface PlotShift {
  readonly plots: number;
  /** Plots on places without an estimate. */
  readonly unused: readonly string[];
  /** Mean of plot minus estimate, kg/ha. */
  readonly meanDifference: number;
  /** Share of it that the estimates are moved by. */
  readonly weight: number;
  /** kg/ha added to every estimate. */
  readonly shift: number;
  /** What half-widths are multiplied by. */
  readonly widthFactor: number;
}

/**
 * Half of the card's error variance is taken to be common to all fields of a season (weather, sensor), half a field's own
 * (house). n plots then tell n/(n + 1) of the common part, and leave `√(½ + ½/(n + 1))` of the width.
 */
const COMMON_SHARE = 0.5;

/** How plots of a season move its estimates: not at all where none lies on a place with one. */
export function plotShiftOf(estimates: readonly PlaceYield[], plots: readonly Plot[]): PlotShift {
  const values = new Map(estimates.map(({ id, estimate }) => [id, estimate.value]));
  const used = plots.filter(({ id }) => typeof values.get(id) === 'number');
  const unused = plots.filter((plot) => !used.includes(plot)).map(({ id }) => id);
  if (used.length === 0) return { plots: 0, unused, meanDifference: 0, weight: 0, shift: 0, widthFactor: 1 };
  const n = used.length;
  const meanDifference = used.reduce((sum, { id, yieldKgHa }) => sum + yieldKgHa - values.get(id)!, 0) / n;
  const own = (1 - COMMON_SHARE) / n;
  const weight = COMMON_SHARE / (COMMON_SHARE + own);
  return {
    plots: n,
    unused,
    meanDifference,
    weight,
    shift: weight * meanDifference,
    widthFactor: Math.sqrt(1 - COMMON_SHARE + COMMON_SHARE * (1 - weight)),
  };
}

/** Moves estimates by a number of kg/ha and narrows their intervals around it. */
export function shifted(
  estimates: readonly PlaceYield[],
  { plots, shift, widthFactor }: PlotShift,
): readonly PlaceYield[] {
  if (plots === 0) return estimates;
  return changed(estimates, (value) => value + shift, widthFactor);
}

/** Multiplies estimates and their intervals by a factor. */
export function scaledBy(estimates: readonly PlaceYield[], factor: number): PlaceYield[] {
  return changed(estimates, (value) => value * factor, factor);
}

function changed(
  estimates: readonly PlaceYield[],
  move: (value: number) => number,
  width: number,
): PlaceYield[] {
  return estimates.map((one) => {
    const { value } = one.estimate;
    if (value === null) return one;
    const next = move(value);
    const bound = (old: number | null) => (old === null ? null : Math.max(0, next + (old - value) * width));
    const { low80, high80, low90, high90 } = one.estimate;
    const estimate = {
      ...one.estimate,
      value: next,
      low80: bound(low80),
      high80: bound(high80),
      low90: bound(low90),
      high90: bound(high90),
    };
    return { ...one, unadjusted: one.unadjusted ?? value, estimate };
  });
}

/** What a region is estimated to yield, by its released estimates. */
export interface RegionYield {
  readonly region: string | null;
  readonly parcels: number;
  readonly estimated: number;
  readonly areaM2: number;
  readonly estimatedM2: number;
  /** Area-weighted mean, kg/ha, and its bounds; null where nothing is estimated. */
  readonly yieldKgHa: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly unadjusted: number | null;
  /** Tonnes of the estimated area, with bounds of yield and area together; null likewise. */
  readonly tonnes: number | null;
  readonly tonnesLow: number | null;
  readonly tonnesHigh: number | null;
  /** Area-weighted clear share of the latest looks. */
  readonly clearFraction: number;
  readonly statuses: Readonly<Partial<Record<EstimateStatus, number>>>;
}

/** How wide 90 % of a normal distribution is on either side, in standard deviations. */
const Z90 = 1.6449;

/**
 * Means and production by region and in all (region null, last). The interval of a mean is that of its fields, not
 * narrowed by their number: what a season does to all of them alike does not average out. `areaError` is the relative
 * standard error of the area; with independent errors `V(P) = A²σ_Y² + Y²σ_A² + σ_A²σ_Y²` (METHODS 7.4).
 */
export function yieldRegions(estimates: readonly PlaceYield[], areaError: number): RegionYield[] {
  const groups = [...Map.groupBy(estimates, ({ region }) => region ?? '?')].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  return [
    ...groups.map(([region, own]) => regionOf(region, own, areaError)),
    regionOf(null, estimates, areaError),
  ];
}

function regionOf(region: string | null, own: readonly PlaceYield[], areaError: number): RegionYield {
  const known = own.filter(({ estimate }) => isReleased(estimate));
  const areaM2 = own.reduce((sum, one) => sum + one.areaM2, 0);
  const estimatedM2 = known.reduce((sum, one) => sum + one.areaM2, 0);
  const mean = (of: (one: PlaceYield) => number | null) => {
    let sum = 0;
    for (const one of known) {
      const value = of(one);
      if (value === null) return null;
      sum += value * one.areaM2;
    }
    return known.length === 0 ? null : sum / estimatedM2;
  };
  const yieldKgHa = mean(({ estimate }) => estimate.value);
  const low = mean(({ estimate }) => estimate.low90);
  const high = mean(({ estimate }) => estimate.high90);
  const statuses: Partial<Record<EstimateStatus, number>> = {};
  for (const { estimate } of own) statuses[estimate.status] = (statuses[estimate.status] ?? 0) + 1;
  const hectares = estimatedM2 / 10_000;
  const tonnes = yieldKgHa === null ? null : (yieldKgHa * hectares) / 1000;
  const half =
    yieldKgHa === null || low === null || high === null
      ? null
      : Z90 * productionError(hectares, areaError * hectares, yieldKgHa / 1000, (high - low) / 2000 / Z90);
  return {
    region,
    parcels: own.length,
    estimated: known.length,
    areaM2,
    estimatedM2,
    yieldKgHa,
    low,
    high,
    unadjusted: known.some((one) => one.unadjusted !== null)
      ? mean((one) => one.unadjusted ?? one.estimate.value)
      : null,
    tonnes,
    tonnesLow: tonnes === null || half === null ? null : Math.max(0, tonnes - half),
    tonnesHigh: tonnes === null || half === null ? null : tonnes + half,
    clearFraction:
      areaM2 === 0 ? 0 : own.reduce((sum, one) => sum + one.areaM2 * one.clearFraction, 0) / areaM2,
    statuses,
  };
}

/**
 * Standard error of a production from area and yield with independent errors. 100 ± 3 kha of 7.2 ± 0.4 t/ha make
 * 720 ± 45.475 kt (METHODS 7.4).
 */
export function productionError(area: number, areaSe: number, yieldOf: number, yieldSe: number): number {
  return Math.sqrt((area * yieldSe) ** 2 + (yieldOf * areaSe) ** 2 + (areaSe * yieldSe) ** 2);
}

/** Known statistics of a region: its mean yield, kg/ha. */
export interface Statistic {
  readonly region: string;
  readonly yieldKgHa: number;
}

export interface Benchmark {
  /** By region. */
  readonly factors: ReadonlyMap<string, number>;
  /** Statistics of regions without an estimate. */
  readonly unused: readonly string[];
}

/** The factor that brings the mean of a region to its statistics. */
export function benchmarkOf(estimates: readonly PlaceYield[], statistics: readonly Statistic[]): Benchmark {
  const factors = new Map<string, number>();
  const unused: string[] = [];
  for (const { region, yieldKgHa } of statistics) {
    const own = estimates.filter((one) => one.region?.startsWith(region));
    const mean = regionOf(region, own, 0).yieldKgHa;
    if (mean === null || !(mean > 0)) unused.push(region);
    else factors.set(region, yieldKgHa / mean);
  }
  return { factors, unused };
}

/** Estimates times the factor of their region: of the longest code that their own begins with; 1 where there is none. */
export function benchmarked(estimates: readonly PlaceYield[], { factors }: Benchmark): PlaceYield[] {
  const codes = [...factors.keys()].sort((a, b) => b.length - a.length);
  return estimates.flatMap((one) => {
    const code = codes.find((start) => one.region?.startsWith(start));
    return code === undefined ? [one] : scaledBy([one], factors.get(code)!);
  });
}
