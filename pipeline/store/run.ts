import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { Instant } from '../core/time.ts';
import type { AssetRow } from './asset.ts';
import { inBatches } from './batch.ts';
import type { Store } from './open.ts';
import { footprint } from './scene.ts';
import { type Query, sql } from './sql.ts';

/** One processing of one scene, as provenance. */
export interface ProductRun {
  readonly id: string;
  readonly sceneId: string;
  readonly startedAt: Instant;
  readonly finishedAt: Instant;
  readonly version: string;
  /** The kernel back end that really ran. */
  readonly backend: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** One statistic of one product on one place. */
export interface ObservationRow {
  readonly placeId: string;
  readonly product: string;
  readonly datetime: Instant;
  readonly statistic: string;
  readonly status: 'ok' | 'insufficient';
  /** In the product's unit; null exactly when the status is `insufficient`. */
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
  readonly pixelCount: number;
  readonly clearFraction: number;
  /** Why the value is what it is, or why there is none; left out where the numbers say it all. */
  readonly reason?: Reason;
}

/** A reason by a code that programs tell apart, and in words. */
export interface Reason {
  readonly code: string;
  readonly zh: string;
  readonly en: string;
}

export interface Publication {
  readonly run: ProductRun;
  /** Files the results were made from; when the scene has others by now, a later delivery took its place meanwhile. */
  readonly madeFrom?: Scene['files'];
  /** Clear share of the scene's pixels, 0–1. */
  readonly clearFraction: number;
  readonly assets: readonly AssetRow[];
  readonly observations: readonly ObservationRow[];
}

/**
 * Publishes what a scene became, in one transaction: a reader sees all of it or what was there before. Products of
 * this run take the place of the same products of an earlier run; other products stay. Gives the paths of COGs that
 * no scene refers to any more. Throws E_NOT_FOUND when the scene is not registered or was retired, and E_SCENE_CONFLICT when
 * another delivery took its place while it was worked on.
 */
export async function publishScene(
  store: Store,
  publication: Publication,
): Promise<{ superseded: readonly string[] }> {
  const { run, assets, observations, clearFraction, madeFrom } = publication;
  const products = [...new Set([...assets, ...observations].map((row) => row.product))];
  await makePartitions(store, observations);
  return store.transaction(async (query) => {
    const [scene] = await query<{ collection: string; files: Scene['files'] }>(sql`
      UPDATE scene SET status = 'processed', clear_fraction = ${clearFraction}
      WHERE id = ${run.sceneId} AND status <> 'retired' RETURNING collection, document -> 'files' AS files`);
    if (scene === undefined)
      throw new HeituError('E_NOT_FOUND', { what: `scene ${run.sceneId}`, where: 'heitu scene list' });
    if (madeFrom !== undefined && sumsOf(madeFrom) !== sumsOf(scene.files)) {
      throw new HeituError('E_SCENE_CONFLICT', {
        what: run.sceneId,
        where: 'a later delivery took its place while it was processed',
      });
    }
    return saveResults(query, publication, products, scene.collection);
  });
}

export interface SeasonPublication extends Publication {
  /** The item as a scene: where it lies, its day and collection; its id is the run's `sceneId`. */
  readonly item: Scene;
}

/**
 * Publishes a product of many dates, in one transaction, as an item of its own collection; one of the same id gives way.
 * Gives the paths of COGs that it no longer refers to. Throws E_SCENE_CONFLICT when a delivered scene has that id.
 */
export async function publishSeason(
  store: Store,
  publication: SeasonPublication,
): Promise<{ superseded: readonly string[] }> {
  const { item, run, assets, observations, clearFraction } = publication;
  const products = [...new Set([...assets, ...observations].map((row) => row.product))];
  await makePartitions(store, observations);
  return store.transaction(async (query) => {
    const [kept] = await query<{ id: string }>(sql`
      INSERT INTO scene (id, collection, sensor, datetime, status, derived, clear_fraction, simulated, fingerprint, document, geom)
      VALUES (${item.id}, ${item.collection}, ${item.sensor}, ${item.datetime}, 'processed', true, ${clearFraction},
        ${item.simulated}, ${run.id}, ${JSON.stringify(item)}::jsonb, ${footprint(item)})
      ON CONFLICT (id) DO UPDATE SET status = 'processed', retire_reason = NULL, sensor = excluded.sensor,
        datetime = excluded.datetime, clear_fraction = excluded.clear_fraction, simulated = excluded.simulated,
        fingerprint = excluded.fingerprint, document = excluded.document, geom = excluded.geom
      WHERE scene.derived RETURNING id`);
    if (kept === undefined)
      throw new HeituError('E_SCENE_CONFLICT', { what: item.id, where: 'a delivered scene of that name' });
    return saveResults(query, publication, products, item.collection);
  });
}

/** The checksums of files, whatever their order and folder. */
function sumsOf(files: Scene['files']): string {
  return files
    .map((file) => file.sha256)
    .sort()
    .join(' ');
}

async function saveResults(
  query: Query,
  { run, assets, observations }: Publication,
  products: readonly string[],
  collection: string,
): Promise<{ superseded: readonly string[] }> {
  await query(sql`
    INSERT INTO product_run (id, scene_id, started_at, finished_at, version, backend, parameters)
    VALUES (${run.id}, ${run.sceneId}, ${run.startedAt}, ${run.finishedAt}, ${run.version}, ${run.backend},
      ${JSON.stringify(run.parameters)}::jsonb)
    ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at,
      version = excluded.version, backend = excluded.backend, parameters = excluded.parameters`);
  const superseded = await saveAssets(query, run, products, assets);
  await query(
    sql`DELETE FROM observation WHERE scene_id = ${run.sceneId} AND product = ANY(${products}::text[])`,
  );
  for (const batch of inBatches(observations, sizeOf)) await saveObservations(query, run, collection, batch);
  await query(sql`
    UPDATE scene SET observation_count = (SELECT count(*) FROM observation WHERE scene_id = ${run.sceneId})
    WHERE id = ${run.sceneId}`);
  return { superseded };
}

/** Characters of a row in a statement, about. */
function sizeOf({ placeId, reason }: ObservationRow): number {
  return placeId.length + 150 + (reason === undefined ? 0 : reason.zh.length + reason.en.length);
}

/** Partitions are made apart, so that the publish itself never holds the lock that takes. */
async function makePartitions(store: Store, observations: readonly ObservationRow[]): Promise<void> {
  const years = [...new Set(observations.map((row) => new Date(row.datetime).getUTCFullYear()))];
  if (years.length === 0) return;
  await store.transaction(async (query) => {
    await query(sql`SELECT pg_advisory_xact_lock(hashtext('observation'), hashtext(current_schema()))`);
    await query(sql`SELECT make_observation_partition(year) FROM unnest(${years}::int[]) AS year`);
  });
}

async function saveAssets(
  query: Query,
  run: ProductRun,
  products: readonly string[],
  assets: readonly AssetRow[],
): Promise<string[]> {
  const old = await query<{ path: string }>(
    sql`DELETE FROM asset WHERE scene_id = ${run.sceneId} AND product = ANY(${products}::text[]) RETURNING path`,
  );
  for (const { sceneId, product, path, sha256, bytes, epsg, bbox } of assets) {
    await query(sql`
      INSERT INTO asset (scene_id, product, run_id, path, sha256, bytes, epsg, bbox)
      VALUES (${sceneId}, ${product}, ${run.id}, ${path}, ${sha256}, ${bytes}, ${epsg}, ${[...bbox]}::float8[])`);
  }
  const current = new Set(assets.map((asset) => asset.path));
  return old.map((row) => row.path).filter((path) => !current.has(path));
}

async function saveObservations(
  query: Query,
  run: ProductRun,
  collection: string,
  rows: readonly ObservationRow[],
): Promise<void> {
  await query(sql`
    INSERT INTO observation (place_id, product, datetime, statistic, scene_id, collection, run_id, status, value, low,
      high, pixel_count, clear_fraction, reason)
    SELECT place_id, product, datetime, statistic, ${run.sceneId}, ${collection}, ${run.id}, status, value, low, high,
      pixel_count, clear_fraction, reason::jsonb
    FROM unnest(${rows.map((row) => row.placeId)}::text[], ${rows.map((row) => row.product)}::text[],
      ${rows.map((row) => row.datetime)}::timestamptz[], ${rows.map((row) => row.statistic)}::text[],
      ${rows.map((row) => row.status)}::text[], ${rows.map((row) => row.value)}::float8[],
      ${rows.map((row) => row.low)}::float8[], ${rows.map((row) => row.high)}::float8[],
      ${rows.map((row) => row.pixelCount)}::int[], ${rows.map((row) => row.clearFraction)}::float8[],
      ${rows.map(({ reason }) => (reason === undefined ? null : JSON.stringify(reason)))}::text[])
      AS given (place_id, product, datetime, statistic, status, value, low, high, pixel_count, clear_fraction, reason)`);
}
