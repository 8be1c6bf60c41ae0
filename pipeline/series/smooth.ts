import { type DayAxis, daysOf } from './axis.ts';
import { type HantsParameters, type HarmonicParameters, hants, harmonic } from './harmonic.ts';
import { linear } from './linear.ts';
import { CLEAR_WEIGHT, type Observations, type Sorted, sortObservations } from './observations.ts';
import { chenSmooth, type SavitzkyGolayParameters } from './savgol.ts';
import { type WhittakerParameters, whittaker } from './whittaker.ts';

/** What each method can be told. */
export interface SmootherParameters {
  readonly whittaker: WhittakerParameters;
  readonly savgol: SavitzkyGolayParameters;
  readonly hants: HantsParameters;
  readonly harmonic: HarmonicParameters;
  readonly linear: Readonly<Record<never, never>>;
}

export type SmootherId = keyof SmootherParameters;

interface SmootherRow<P> {
  readonly title: { readonly zh: string; readonly en: string };
  /** What holds on an axis of this step where nothing is said. */
  readonly defaults: (step: number) => P;
  /** Fewer clear days than this make no line. */
  readonly needs: (parameters: P) => number;
  /** The line at the nodes of the axis; null where the observations leave it open. */
  readonly fit: (observed: Sorted, axis: DayAxis, parameters: P) => Float64Array | null;
}

/**
 * λ on a 10-day step and the envelope, where nothing is said: they predict hidden clear observations of real series best when
 * cloud flags may or may not be there (docs/season.md). A stiffer λ (METHODS 5.2: 5 to 20) suits dense, noisy series; choose
 * it for a crop with `chooseLambda`.
 */
const WHITTAKER = { lambda: 1.5, envelope: 0.65 };

/** Curves need five clear days (METHODS 5.3: below that there are dates, and no line). */
const LEAST_DAYS = 5;

/** The ways to make a series regular, one row each; what they share is done once, in `smoothSeries`. */
export const SMOOTHERS: { readonly [Id in SmootherId]: SmootherRow<SmootherParameters[Id]> } = {
  whittaker: {
    title: { zh: 'Whittaker 平滑（上包络）', en: 'Whittaker smoother (upper envelope)' },
    // The cut-off period goes with the fourth root of λ.
    defaults: (step) => ({
      lambda: WHITTAKER.lambda * (10 / step) ** 4,
      envelope: WHITTAKER.envelope,
      order: 2,
      rounds: 10,
    }),
    needs: () => LEAST_DAYS,
    fit: (observed, axis, parameters) => whittaker(observed, axis, parameters)?.values ?? null,
  },
  savgol: {
    title: { zh: 'Savitzky–Golay 迭代滤波', en: 'iterated Savitzky–Golay filter' },
    defaults: () => ({
      trendDays: 40,
      trendDegree: 2,
      halfDays: 40,
      degree: 6,
      jump: 0.4,
      jumpDays: 20,
      rounds: 10,
    }),
    needs: () => LEAST_DAYS,
    fit: chenSmooth,
  },
  hants: {
    title: { zh: '谐波分析（HANTS）', en: 'harmonic analysis (HANTS)' },
    defaults: () => ({
      harmonics: 3,
      period: 365.25,
      tolerance: 0.05,
      overdetermination: 3,
      damping: 0.25,
      valid: [-0.1, 1],
      outliers: 'low',
    }),
    needs: ({ harmonics, overdetermination }) => 2 * harmonics + 1 + overdetermination,
    fit: hants,
  },
  harmonic: {
    title: { zh: '谐波回归', en: 'harmonic regression' },
    defaults: () => ({ harmonics: 2, period: 365.25, trend: false }),
    needs: ({ harmonics, trend }) => 2 * harmonics + 1 + (trend ? 1 : 0),
    fit: harmonic,
  },
  linear: {
    title: { zh: '线性插值（对照）', en: 'straight lines (for comparison)' },
    defaults: () => ({}),
    needs: () => 2,
    fit: linear,
  },
};

/** A node is `SEEN`, in a gap between observations too far apart, or outside the first and the last of them. */
export const NODE = { SEEN: 0, GAP: 1, OUTSIDE: 2 } as const;

export interface SmoothOptions<Id extends SmootherId> {
  /** Parameters that differ from the method's own. */
  readonly parameters?: Partial<SmootherParameters[Id]> | undefined;
  /** Longest way between two clear observations that is bridged, days; half of it before the first and behind the last. */
  readonly maxGap?: number;
}

/** METHODS 5.2: more than 30 days unseen are a gap. */
export const MAX_GAP_DAYS = 30;

/** A regular series and all that it was made of. */
export interface SmoothSeries<Id extends SmootherId = SmootherId> {
  readonly method: Id;
  readonly parameters: SmootherParameters[Id];
  readonly maxGap: number;
  /** `insufficient`: too few clear days for the method; there is no line then. */
  readonly status: 'ok' | 'insufficient';
  readonly axis: DayAxis;
  /** The line at the nodes; NaN where nothing supports it. */
  readonly values: Float64Array;
  /** Of every node one of NODE. */
  readonly nodes: Uint8Array;
  /** Observations as they were used, by day. */
  readonly observed: Sorted;
  /** Days with a clear look, and their share of all days that were given. */
  readonly clear: number;
  readonly clearShare: number;
}

/**
 * Makes irregular observations a regular series by one of SMOOTHERS. A value is kept only where clear observations are near
 * enough: in gaps it is NaN and the node says so. Observations outside the axis take no part. Throws RangeError for
 * parameters out of their range. With `whittaker` and five clear days 0.2, 0.4, 0.6, 0.8, 1.0 ten days apart the line runs
 * straight through them.
 */
export function smoothSeries<Id extends SmootherId>(
  method: Id,
  observations: Observations,
  axis: DayAxis,
  options: SmoothOptions<Id> = {},
): SmoothSeries<Id> {
  const row = SMOOTHERS[method];
  const parameters = { ...row.defaults(axis.step), ...options.parameters };
  const maxGap = options.maxGap ?? MAX_GAP_DAYS;
  const observed = within(sortObservations(observations), axis);
  const clearDays = observed.days.filter((_, i) => observed.weights[i]! >= CLEAR_WEIGHT);
  const given = new Set(Array.from(observations.days)).size;
  const line = clearDays.length < row.needs(parameters) ? null : row.fit(observed, axis, parameters);
  const nodes = nodesOf(clearDays, axis, maxGap);
  return {
    method,
    parameters,
    maxGap,
    status: line === null ? 'insufficient' : 'ok',
    axis,
    values: line === null ? blank(axis) : keepSeen(line, nodes),
    nodes,
    observed,
    clear: clearDays.length,
    clearShare: given === 0 ? 0 : clearDays.length / given,
  };
}

/** The method that a number of clear days in a season bears (METHODS 5.3), or null where it bears no line. */
export function methodFor(clearDays: number): 'whittaker' | 'harmonic' | null {
  if (clearDays >= 8) return 'whittaker';
  return clearDays >= LEAST_DAYS ? 'harmonic' : null;
}

function within({ days, values, weights }: Sorted, { start, step, count }: DayAxis): Sorted {
  const inside = (_: number, i: number) => days[i]! >= start && days[i]! <= start + (count - 1) * step;
  return { days: days.filter(inside), values: values.filter(inside), weights: weights.filter(inside) };
}

/** Of every node whether clear observations are near enough on both sides. */
export function nodesOf(clearDays: ArrayLike<number>, axis: DayAxis, maxGap: number): Uint8Array {
  let after = 0;
  return Uint8Array.from(daysOf(axis), (day) => {
    while (after < clearDays.length && clearDays[after]! < day) after++;
    const next = clearDays[after];
    const previous = next === day ? day : clearDays[after - 1];
    if (previous !== undefined && next !== undefined) return next - previous > maxGap ? NODE.GAP : NODE.SEEN;
    const distance = previous === undefined ? (next ?? Number.POSITIVE_INFINITY) - day : day - previous;
    return 2 * distance > maxGap ? NODE.OUTSIDE : NODE.SEEN;
  });
}

function blank({ count }: DayAxis): Float64Array {
  return new Float64Array(count).fill(Number.NaN);
}

function keepSeen(line: Float64Array, nodes: Uint8Array): Float64Array {
  return line.map((value, i) => (nodes[i] === NODE.SEEN ? value : Number.NaN));
}
