import { HeituError } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import { beijingDay, isInstant } from '../core/time.ts';
import { every, type Sql, sql } from './sql.ts';

/** A slice of a list: the first `limit` after `offset`. */
export interface Page {
  readonly limit: number;
  readonly offset: number;
}

/** A span of time, both ends included: instants, or Beijing calendar days `YYYY-MM-DD`. */
export interface Span {
  readonly from?: string;
  readonly to?: string;
}

/**
 * True where a geometry touches a box in longitude and latitude, or no condition without a box. A box whose west is
 * east of its east crosses the antimeridian (RFC 7946, 5.2). Throws E_PARAMETER_INVALID for what is no box.
 */
export function inBox(geom: Sql, bbox: Bbox | undefined): Sql | null {
  if (bbox === undefined) return null;
  const [west, south, east, north] = bbox;
  if (bbox.length !== 4 || !bbox.every(Number.isFinite) || south > north) {
    throw new HeituError('E_PARAMETER_INVALID', { where: 'bbox', what: bbox.join(',') });
  }
  const touches = (w: number, e: number) =>
    sql`ST_Intersects(${geom}, ST_MakeEnvelope(${w}, ${south}, ${e}, ${north}, 4326))`;
  return west <= east ? touches(west, east) : sql`(${touches(west, 180)} OR ${touches(-180, east)})`;
}

/** True within a span of time, or no condition without one. Throws E_PARAMETER_INVALID for what is no time. */
export function inSpan(column: Sql, { from, to }: Span): Sql | null {
  if (from === undefined && to === undefined) return null;
  const start = from === undefined ? null : sql`${column} >= ${isInstant(from) ? from : dayOf(from)[0]}`;
  const end =
    to === undefined ? null : isInstant(to) ? sql`${column} <= ${to}` : sql`${column} < ${dayOf(to)[1]}`;
  return every([start, end]);
}

/** True within one Beijing calendar day; a range of instants, so that indices and partitions are used. */
export function onDay(column: Sql, date: string): Sql {
  const [start, end] = dayOf(date);
  return sql`${column} >= ${start} AND ${column} < ${end}`;
}

function dayOf(date: string): readonly [from: string, to: string] {
  if (!isInstant(`${date}T00:00:00Z`))
    throw new HeituError('E_PARAMETER_INVALID', { where: 'date', what: date });
  return beijingDay(date);
}

/** `LIMIT … OFFSET …`. */
export function pageOf({ limit, offset }: Page): Sql {
  return sql`LIMIT ${limit} OFFSET ${offset}`;
}
