import { openStackSmoother } from '../series/stack.ts';
import { groupMedians, type Plane, type Season } from './looks.ts';
import { ANOMALY_RULE } from './rules.ts';

/** Step of the axis that own curves are fitted on, days. */
const STEP = 5;

/** Looks a pixel must have before its range says how it follows its group. */
const LEAST_LOOKS = 3;

/** A group that moves less than this says nothing of amplitudes. */
const LEAST_RANGE = 0.1;

/**
 * What a plane should show on a date (look number `at`), from looks up to day `until`: the curve of the pixel's group,
 * moved and stretched to the pixel's own earlier looks, blended with Whittaker's line through the pixel's own looks carried on
 * to the date; the longer ago the last look, the less its own line counts. NaN without an earlier look or without a group.
 * Source: METHODS 8.2, step 1.
 */
export function expectedOf(season: Season, plane: Plane, at: number, until: number): Float32Array {
  const { looks, groups, medians } = season;
  const today = looks[at]!;
  const past = looks.slice(0, at).filter(({ day }) => day <= until);
  const own = forecastOf(
    past.map((look) => look[plane]),
    past.map(({ day }) => day),
    today.day,
  );
  const now = medians[plane][at]!;
  const expected = new Float32Array(today.quality.length).fill(Number.NaN);
  const { blend } = ANOMALY_RULE;
  for (const [group, pixels] of groups.members.entries()) {
    const curve = past.map((_, k) => medians[plane][k]![group]!);
    for (const i of pixels) {
      let [n, sum, groupSum, low, high, groupLow, groupHigh, last] = [0, 0, 0, 9, -9, 9, -9, 0];
      for (const [k, look] of past.entries()) {
        const [value, middle] = [look[plane][i]!, curve[k]!];
        if (Number.isNaN(value) || Number.isNaN(middle)) continue;
        n++;
        sum += value;
        groupSum += middle;
        low = Math.min(low, value);
        high = Math.max(high, value);
        groupLow = Math.min(groupLow, middle);
        groupHigh = Math.max(groupHigh, middle);
        last = look.day;
      }
      if (n === 0 || Number.isNaN(now[group]!)) continue;
      const range = groupHigh - groupLow;
      const stretch =
        n >= LEAST_LOOKS && range >= LEAST_RANGE ? Math.min(2, Math.max(0.5, (high - low) / range)) : 1;
      const follows = sum / n + stretch * (now[group]! - groupSum / n);
      const line = own === null ? Number.NaN : own[i]!;
      const age = today.day - last;
      const share = Number.isNaN(line)
        ? 0
        : blend.most * Math.min(1, Math.max(0, (blend.to - age) / (blend.to - blend.from)));
      expected[i] = share > 0 ? (1 - share) * follows + share * line : follows;
    }
  }
  return expected;
}

/** Whittaker's lines carried on to a day; null where there are too few dates for any. */
function forecastOf(
  planes: readonly Float32Array[],
  days: readonly number[],
  day: number,
): Float32Array | null {
  if (planes.length === 0) return null;
  // The last node is the day itself.
  const count = Math.max(4, Math.ceil((day - days[0]!) / STEP) + 1);
  const axis = { start: day - STEP * (count - 1), step: STEP, count };
  const out = new Float32Array(planes[0]!.length);
  const scratch = new Float32Array(planes[0]!.length);
  const smoother = openStackSmoother('whittaker', days, axis, {
    // Looks are clear here, so no side of the line is trusted more than the other.
    parameters: { envelope: 0.5 },
    maxGap: Number.POSITIVE_INFINITY,
  });
  const nodes = Array.from({ length: count }, (_, node) => (node === count - 1 ? out : scratch));
  smoother.smooth({ values: planes }, 0, out.length, nodes, 0);
  return out;
}

/** How far a plane is from what was expected of it. */
export interface Departure {
  readonly expected: Float32Array;
  /** Seen less expected, less the group's median of this: what all of a group do is no anomaly of one place. */
  readonly residual: Float32Array;
  /** Residual over its scale in the group. */
  readonly z: Float32Array;
  /** Scale of each group: 1.4826 median absolute deviations, at least 0.02. */
  readonly spread: Float64Array;
}

const MAD_TO_SIGMA = 1.4826;

/** Residuals of a date and their scores (METHODS 8.2, steps 1 and 2). */
export function departureOf(season: Season, plane: Plane, at: number, until: number): Departure {
  const { looks, groups } = season;
  const expected = expectedOf(season, plane, at, until);
  const seen = looks[at]![plane];
  const residual = seen.map((value, i) => value - expected[i]!);
  const middles = groupMedians(residual, groups);
  groups.members.forEach((pixels, group) => {
    for (const i of pixels) residual[i]! -= middles[group]!;
  });
  const sizes = groupMedians(residual.map(Math.abs), groups);
  const spread = sizes.map((size) => Math.max(ANOMALY_RULE.spreadFloor, MAD_TO_SIGMA * size));
  const z = residual.map((value, i) => (groups.of[i]! < 0 ? Number.NaN : value / spread[groups.of[i]!]!));
  return { expected, residual, z, spread };
}

/** Scores within each field or stand: difference from its median over 1.4826 median absolute deviations, at least 0.015. */
export function fieldScores(season: Season, plane: Plane, at: number): Float32Array {
  const { parcel } = season.ground;
  const values = season.looks[at]![plane];
  const out = new Float32Array(values.length).fill(Number.NaN);
  const fields = new Map<number, number[]>();
  for (let i = 0; i < parcel.length; i++) {
    if (parcel[i] === 0 || Number.isNaN(values[i]!)) continue;
    const field = fields.get(parcel[i]!);
    if (field === undefined) fields.set(parcel[i]!, [i]);
    else field.push(i);
  }
  for (const pixels of fields.values()) {
    const own = Float64Array.from(pixels, (i) => values[i]!);
    const middle = middleOf(own);
    const scale = MAD_TO_SIGMA * middleOf(own.map((value) => Math.abs(value - middle)));
    for (const i of pixels) out[i] = (values[i]! - middle) / Math.max(ANOMALY_RULE.fieldFloor, scale);
  }
  return out;
}

function middleOf(values: Float64Array): number {
  const sorted = values.slice().sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** How far a plane fell since a look not long ago. */
export interface Drop {
  /** Change less the group's median change, the deepest over the looks of the days; NaN where there is none. */
  readonly relative: Float32Array;
  /** Number of the look it is measured from, −1 for none. */
  readonly since: Int16Array;
  /** Median change of each group since each look that was tried, by number of look. */
  readonly ofGroups: ReadonlyMap<number, Float64Array>;
}

/**
 * Changes since looks up to `days` ago, against neighbours of the same host (METHODS 8.2, step 4): this takes out senescence
 * and radiometry.
 */
export function dropOf(season: Season, plane: Plane, at: number, days: number): Drop {
  const { looks, groups } = season;
  const today = looks[at]!;
  const relative = new Float32Array(today.quality.length).fill(Number.NaN);
  const since = new Int16Array(relative.length).fill(-1);
  const ofGroups = new Map<number, Float64Array>();
  for (let k = 0; k < at; k++) {
    const before = looks[k]!;
    if (before.day === today.day || today.day - before.day > days) continue;
    const change = today[plane].map((value, i) => value - before[plane][i]!);
    const middles = groupMedians(change, groups);
    ofGroups.set(k, middles);
    groups.members.forEach((pixels, group) => {
      for (const i of pixels) {
        const own = change[i]! - middles[group]!;
        if (Number.isNaN(own) || own >= relative[i]!) continue;
        relative[i] = own;
        since[i] = k;
      }
    });
  }
  return { relative, since, ofGroups };
}
