import { transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import { corners } from '../core/grid.ts';
import type { Scene } from '../core/scene.ts';
import type { Instant } from '../core/time.ts';
import type { Store } from './open.ts';
import { every, type Query, type Sql, sql } from './sql.ts';
import { inBox, inSpan, type Page, pageOf, type Span } from './where.ts';

/** A scene with what became of it. */
export interface SceneRow {
  readonly scene: Scene;
  readonly status: 'registered' | 'processed' | 'retired';
  /** Clear share of its pixels, 0–1; null before it is processed. */
  readonly clearFraction: number | null;
  /** sha256 over the sorted checksums of its files. */
  readonly fingerprint: string;
  /** True of a product of many dates, which is kept beside the scenes it is made of. */
  readonly derived: boolean;
}

const COLUMNS = sql`document AS scene, status, clear_fraction AS "clearFraction", fingerprint, derived`;

/** Id and fingerprint of a scene, or null when it is not registered. */
export async function knownScene(
  store: Store,
  id: string,
): Promise<{ id: string; fingerprint: string } | null> {
  const [row] = await store.query<{ id: string; fingerprint: string }>(
    sql`SELECT id, fingerprint FROM scene WHERE id = ${id}`,
  );
  return row ?? null;
}

/** What became of a scene at the door: new, known, in the place of an earlier processing run, or itself an earlier one. */
export type Registration = 'registered' | 'unchanged' | 'superseding' | 'older';

/**
 * Registers a scene, once. The same delivery again is `unchanged`. A later processing run takes the place of an earlier one,
 * which stays under `<id>@<run>`, retired with its results (`superseding`); an earlier run that comes later changes nothing
 * (`older`). Any other content under a known id throws E_SCENE_CONFLICT, unless the old scene was retired by hand: then the
 * new one takes its place and the old results go.
 */
export async function registerScene(store: Store, scene: Scene, fingerprint: string): Promise<Registration> {
  const columns = sql`
    ${scene.collection} AS collection, ${scene.sensor} AS sensor, ${scene.datetime}::timestamptz AS datetime,
    'registered' AS status, ${scene.viewZenith}::float8 AS view_zenith, ${scene.simulated}::boolean AS simulated,
    ${fingerprint} AS fingerprint, ${JSON.stringify(scene)}::jsonb AS document, ${footprint(scene)} AS geom`;
  return store.transaction(async (query) => {
    const added = await query(sql`
      INSERT INTO scene (id, collection, sensor, datetime, status, view_zenith, simulated, fingerprint, document, geom)
      SELECT ${scene.id}, given.* FROM (SELECT ${columns}) AS given ON CONFLICT (id) DO NOTHING RETURNING id`);
    if (added.length > 0) return 'registered';
    const [known] = await query<{ fingerprint: string; status: SceneRow['status']; run: string | null }>(
      sql`SELECT fingerprint, status, document->>'run' AS run FROM scene WHERE id = ${scene.id} FOR UPDATE`,
    );
    if (known?.fingerprint === fingerprint) return 'unchanged';
    const order = compareRuns(scene.run, known?.run ?? null);
    if (known?.status !== 'retired') {
      if (order < 0) return 'older';
      if (order === 0) {
        throw new HeituError('E_SCENE_CONFLICT', {
          what: scene.id,
          where: `fingerprint ${known?.fingerprint.slice(0, 12)}`,
        });
      }
      await setAside(query, scene.id, known!.run!, `superseded by run ${scene.run}`);
    }
    await query(sql`DELETE FROM observation WHERE scene_id = ${scene.id}`);
    await query(sql`DELETE FROM asset WHERE scene_id = ${scene.id}`);
    await query(sql`
      UPDATE scene SET (collection, sensor, datetime, status, view_zenith, simulated, fingerprint, document, geom) =
        (SELECT given.* FROM (SELECT ${columns}) AS given), retire_reason = NULL, clear_fraction = NULL, observation_count = 0
      WHERE id = ${scene.id}`);
    return known?.status === 'retired' ? 'registered' : 'superseding';
  });
}

/** Above 0 for a later run, below for an earlier one, 0 for the same or when one of them is not told. */
function compareRuns(run: string | null, known: string | null): number {
  if (run === null || known === null) return 0;
  return run.localeCompare(known, 'en', { numeric: true });
}

/** Moves a scene and all that was made of it to `<id>@<run>`, retired, so that its own id is free. */
async function setAside(query: Query, id: string, run: string, reason: string): Promise<void> {
  const wanted = `${id}@${run}`;
  // A run that was set aside, came back and is set aside again.
  const [before] = await query<{ count: number }>(
    sql`SELECT count(*) AS count FROM scene WHERE starts_with(id, ${wanted})`,
  );
  const aside = before!.count === 0 ? wanted : `${wanted}-${before!.count + 1}`;
  await query(sql`
    INSERT INTO scene (id, collection, sensor, datetime, status, retire_reason, clear_fraction, view_zenith,
      observation_count, simulated, fingerprint, document, geom, registered_at)
    SELECT ${aside}, collection, sensor, datetime, 'retired', ${reason}, clear_fraction, view_zenith,
      observation_count, simulated, fingerprint, jsonb_set(document, '{id}', to_jsonb(${aside}::text)), geom, registered_at
    FROM scene WHERE id = ${id}`);
  await query(sql`UPDATE product_run SET scene_id = ${aside} WHERE scene_id = ${id}`);
  await query(sql`UPDATE asset SET scene_id = ${aside} WHERE scene_id = ${id}`);
  await query(sql`UPDATE observation SET scene_id = ${aside} WHERE scene_id = ${id}`);
  await query(sql`UPDATE zone SET scene_id = ${aside} WHERE scene_id = ${id}`);
  await query(sql`UPDATE delivery SET scene_id = ${aside} WHERE scene_id = ${id}`);
}

/** The four corners of the image as a polygon in longitude and latitude. */
export function footprint(scene: Scene): Sql {
  const toDegrees = transformer(scene.grid.epsg, 4326);
  const ring = corners(scene.grid).map(([x, y]) => toDegrees(x, y));
  const polygon = { type: 'Polygon', coordinates: [[...ring, ring[0]]] };
  return sql`ST_SetSRID(ST_GeomFromGeoJSON(${JSON.stringify(polygon)}::text), 4326)`;
}

/** Takes a scene out of use, with the reason; false when there is no such scene. */
export async function retireScene(store: Store, id: string, reason: string): Promise<boolean> {
  const rows = await store.query(sql`
    UPDATE scene SET status = 'retired', retire_reason = ${reason} WHERE id = ${id} RETURNING id`);
  return rows.length > 0;
}

/** One scene, retired ones too; null when there is none. */
export async function sceneById(store: Store, id: string): Promise<SceneRow | null> {
  const [row] = await store.query<SceneRow>(sql`SELECT ${COLUMNS} FROM scene WHERE id = ${id}`);
  return row ?? null;
}

export interface SceneFilter extends Span, Page {
  readonly collection?: string;
  readonly bbox?: Bbox;
}

/** Delivered scenes by time, and how many there are in all; retired ones too, with their status. */
export async function scenesIn(
  store: Store,
  filter: SceneFilter,
): Promise<{ matched: number; items: SceneRow[] }> {
  const where = every([
    sql`NOT derived`,
    filter.collection === undefined ? null : sql`collection = ${filter.collection}`,
    inBox(sql`geom`, filter.bbox),
    inSpan(sql`datetime`, filter),
  ]);
  const [count] = await store.query<{ matched: number }>(
    sql`SELECT count(*) AS matched FROM scene WHERE ${where}`,
  );
  const items = await store.query<SceneRow>(
    sql`SELECT ${COLUMNS} FROM scene WHERE ${where} ORDER BY datetime, id ${pageOf(filter)}`,
  );
  return { matched: count!.matched, items };
}

/** Registered scenes that wait to be processed, oldest first. */
export async function unprocessedScenes(store: Store): Promise<SceneRow[]> {
  return store.query<SceneRow>(
    sql`SELECT ${COLUMNS} FROM scene WHERE status = 'registered' ORDER BY datetime, id`,
  );
}

/**
 * The latest scenes of a collection that show some of the same ground before a time, newest first: what a scene is
 * compared with. Retired ones are left out.
 */
export async function scenesBefore(
  store: Store,
  scene: Pick<Scene, 'collection' | 'datetime' | 'bbox'>,
  limit: number,
): Promise<Scene[]> {
  const rows = await store.query<SceneRow>(sql`
    SELECT ${COLUMNS} FROM scene
    WHERE collection = ${scene.collection} AND datetime < ${scene.datetime}::timestamptz
      AND ${inBox(sql`geom`, scene.bbox)} AND status <> 'retired'
    ORDER BY datetime DESC, id LIMIT ${limit}`);
  return rows.map((row) => row.scene);
}

/** One Beijing calendar day with imagery of a collection. */
export interface DateRow {
  readonly date: string;
  /** Of the day's first scene. */
  readonly datetime: Instant;
  readonly collection: string;
  /** Scene ids in order of time. */
  readonly scenes: readonly string[];
  /** Clear share of the place when one was asked for, else the mean over the scenes; null when not known. */
  readonly clearFraction: number | null;
}

export interface DateFilter {
  readonly collection?: string;
  readonly product?: string;
  readonly bbox?: Bbox;
  readonly placeId?: string;
}

/** The days something was published of: of a product, a collection, a box or a place, as far as given. */
export async function datesOf(
  store: Store,
  { collection, product, bbox, placeId }: DateFilter,
): Promise<DateRow[]> {
  const ofProduct = (column: Sql) => (product === undefined ? null : sql`${column} = ${product}`);
  const seen = sql`(
    SELECT max(o.clear_fraction) FROM observation o
    WHERE ${every([sql`o.place_id = ${placeId} AND o.scene_id = s.id AND o.datetime = s.datetime`, ofProduct(sql`o.product`)])})`;
  const clear = placeId === undefined ? sql`avg(s.clear_fraction)` : sql`max(${seen})`;
  const where = every([
    sql`s.status = 'processed'`,
    collection === undefined ? null : sql`s.collection = ${collection}`,
    inBox(sql`s.geom`, bbox),
    product === undefined
      ? null
      : sql`EXISTS (SELECT FROM asset a WHERE a.scene_id = s.id AND ${ofProduct(sql`a.product`)!})`,
    placeId === undefined
      ? null
      : sql`EXISTS (SELECT FROM place p WHERE p.id = ${placeId} AND ST_Intersects(p.geom, s.geom))`,
  ]);
  return store.query<DateRow>(sql`
    SELECT to_char(s.datetime AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS date, min(s.datetime) AS datetime,
      s.collection, array_agg(s.id ORDER BY s.datetime, s.id) AS scenes, ${clear} AS "clearFraction"
    FROM scene s WHERE ${where} GROUP BY 1, s.collection ORDER BY 1, s.collection`);
}
