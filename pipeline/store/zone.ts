import type { MultiPolygon } from 'geojson';
import type { Bbox } from '../core/grid.ts';
import type { Instant } from '../core/time.ts';
import type { Store } from './open.ts';
import { every, sql } from './sql.ts';
import { inBox, inSpan, type Page, pageOf, type Span } from './where.ts';

/** A polygon derived from a raster. */
export interface ZoneRow {
  readonly id: string;
  readonly product: string;
  readonly datetime: Instant;
  readonly scene: string | null;
  readonly code: string;
  readonly name: string;
  /** As its product grades it; null when it is not graded. */
  readonly severity: number | null;
  readonly regionCode: string | null;
  readonly areaM2: number;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: MultiPolygon;
}

const COLUMNS = sql`id, product, datetime, scene_id AS scene, code, name, severity, region_code AS "regionCode",
  area_m2 AS "areaM2", properties, ST_AsGeoJSON(geom, 8)::json AS geometry`;

export interface ZoneFilter extends Span, Page {
  readonly bbox?: Bbox;
}

/** Zones by time, and how many there are in all. */
export async function zonesIn(
  store: Store,
  filter: ZoneFilter,
): Promise<{ matched: number; items: ZoneRow[] }> {
  // What was made of a retired scene is not shown.
  const isServed = sql`NOT EXISTS (SELECT FROM scene s WHERE s.id = zone.scene_id AND s.status = 'retired')`;
  const where = every([inBox(sql`geom`, filter.bbox), inSpan(sql`datetime`, filter), isServed]);
  const [count] = await store.query<{ matched: number }>(
    sql`SELECT count(*) AS matched FROM zone WHERE ${where}`,
  );
  const items = await store.query<ZoneRow>(
    sql`SELECT ${COLUMNS} FROM zone WHERE ${where} ORDER BY datetime, id ${pageOf(filter)}`,
  );
  return { matched: count!.matched, items };
}

/** One zone; null when there is none. */
export async function zoneById(store: Store, id: string): Promise<ZoneRow | null> {
  const [row] = await store.query<ZoneRow>(sql`SELECT ${COLUMNS} FROM zone WHERE id = ${id}`);
  return row ?? null;
}
