import { HeituError } from '../core/error.ts';

/** Days at equal distance: `start + i · step` for i from 0 to count − 1. Days count from 1970-01-01, which is day 0. */
export interface DayAxis {
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

/** Where a day lies between two nodes of an axis: `(1 − share)` of `node` and `share` of the one behind it. */
export interface DayPlace {
  readonly node: number;
  readonly share: number;
}

const DAY_MS = 86_400_000;

/**
 * Day number of a calendar date or the date of an instant (its first ten characters). Throws E_PARAMETER_INVALID for what
 * is no date. `dayNumber('2023-08-15')` is 19584.
 */
export function dayNumber(date: string): number {
  const text = date.slice(0, 10);
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || dateOf(ms / DAY_MS) !== text) {
    throw new HeituError('E_PARAMETER_INVALID', { where: 'date', what: `${date}, expected 2023-08-15` });
  }
  return ms / DAY_MS;
}

/** Calendar date of a day number. `dateOf(19584)` is `2023-08-15`. */
export function dateOf(day: number): string {
  return new Date(Math.floor(day) * DAY_MS).toISOString().slice(0, 10);
}

/**
 * The shortest axis of a step that begins at `from` and reaches `to`, with at least the four nodes that second differences
 * need. Throws RangeError for a step that is not positive or days that are not finite.
 * `axisOver(100, 132, 10)` is 100, 110, 120, 130, 140.
 */
export function axisOver(from: number, to: number, step: number): DayAxis {
  if (!(step > 0 && Number.isFinite(from) && to >= from && Number.isFinite(to)))
    throw new RangeError(`no axis from day ${from} to day ${to} by ${step}`);
  return { start: from, step, count: Math.max(LEAST_NODES, Math.ceil((to - from) / step) + 1) };
}

/** Fewer nodes bear no smooth line (METHODS 5.2). */
export const LEAST_NODES = 4;

/** All days of an axis. */
export function daysOf({ start, step, count }: DayAxis): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => start + i * step);
}

/** Where a day lies on an axis, or null outside it. Day 105 of an axis 100, 110, … is half of node 0 and of node 1. */
export function placeOn(axis: DayAxis, day: number): DayPlace | null {
  const at = (day - axis.start) / axis.step;
  if (!(at >= 0 && at <= axis.count - 1)) return null;
  const node = Math.min(Math.floor(at), axis.count - 2);
  return { node, share: at - node };
}

/** Value of a line with its nodes on an axis at any day, straight between nodes; NaN outside. */
export function valueOn(axis: DayAxis, values: ArrayLike<number>, day: number): number {
  const place = placeOn(axis, day);
  if (place === null) return Number.NaN;
  const { node, share } = place;
  // A node itself owes nothing to the one behind it, which may have no number.
  if (share === 0) return values[node]!;
  if (share === 1) return values[node + 1]!;
  return (1 - share) * values[node]! + share * values[node + 1]!;
}
