import type { Instant } from '../core/time.ts';
import type { Store } from './open.ts';
import type { PlaceKind } from './place.ts';
import type { Reason } from './run.ts';
import { every, sql } from './sql.ts';
import { onDay } from './where.ts';

/** One point of a place's curve. */
export interface SeriesPoint {
  readonly datetime: Instant;
  /** Beijing calendar day. */
  readonly date: string;
  readonly collection: string;
  readonly scene: string;
  readonly run: string;
  /** `insufficient`: too little of the place was clear, so there is no value. */
  readonly status: 'ok' | 'insufficient';
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly pixelCount: number;
  /** 0–1. */
  readonly clearFraction: number;
  readonly reason: Reason | null;
}

export interface SeriesFilter {
  readonly placeId: string;
  readonly product: string;
  readonly statistic: string;
  readonly collection?: string;
}

/** Every observation of one place, in order of time; those without a value too. */
export async function seriesOf(
  store: Store,
  { placeId, product, statistic, collection }: SeriesFilter,
): Promise<SeriesPoint[]> {
  const where = every([
    sql`o.place_id = ${placeId} AND o.product = ${product} AND o.statistic = ${statistic} AND s.status = 'processed'`,
    collection === undefined ? null : sql`o.collection = ${collection}`,
  ]);
  return store.query<SeriesPoint>(sql`
    SELECT o.datetime, to_char(o.datetime AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS date, o.collection,
      o.scene_id AS scene, o.run_id AS run, o.status, o.value, o.low, o.high,
      o.pixel_count AS "pixelCount", o.clear_fraction AS "clearFraction", o.reason
    FROM observation o JOIN scene s ON s.id = o.scene_id
    WHERE ${where} ORDER BY o.datetime, o.scene_id`);
}

/** What one place was like on one day. */
export interface PlaceValue {
  readonly placeId: string;
  readonly value: number | null;
  readonly clearFraction: number;
  readonly pixelCount: number;
}

export interface ValueFilter {
  readonly kind: PlaceKind;
  readonly product: string;
  readonly statistic: string;
  /** Beijing calendar day. */
  readonly date: string;
  readonly collection: string;
}

/** The value of every place on a day; where scenes overlap, the one that saw more of the place. */
export async function valuesOn(store: Store, filter: ValueFilter): Promise<PlaceValue[]> {
  const { kind, product, statistic, date, collection } = filter;
  return store.query<PlaceValue>(sql`
    SELECT DISTINCT ON (o.place_id) o.place_id AS "placeId", o.value, o.clear_fraction AS "clearFraction",
      o.pixel_count AS "pixelCount"
    FROM scene s
      JOIN observation o ON o.scene_id = s.id AND o.product = ${product} AND o.statistic = ${statistic}
        AND ${onDay(sql`o.datetime`, date)}
      JOIN place p ON p.id = o.place_id AND p.kind = ${kind}
    WHERE s.status = 'processed' AND s.collection = ${collection} AND ${onDay(sql`s.datetime`, date)}
    ORDER BY o.place_id, o.clear_fraction DESC, o.pixel_count DESC, o.scene_id`);
}
