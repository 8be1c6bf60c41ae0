import type { Bbox } from '../core/grid.ts';
import type { Store } from './open.ts';
import { sql } from './sql.ts';
import { onDay } from './where.ts';

/** One published COG. */
export interface AssetRow {
  readonly sceneId: string;
  /** A product id, or `TRUE_COLOR` or `QUALITY`. */
  readonly product: string;
  /** Relative to the workspace. */
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly epsg: number;
  /** In longitude and latitude. */
  readonly bbox: Bbox;
}

/** What is wanted of one Beijing calendar day. */
export interface AssetFilter {
  readonly collection: string;
  readonly product: string;
  readonly date: string;
}

/**
 * The COGs of a product on a day, the one to be preferred first: where scenes overlap the clearer one wins, then the
 * one seen closest to nadir.
 */
export async function assetsOn(
  store: Store,
  { collection, product, date }: AssetFilter,
): Promise<AssetRow[]> {
  return store.query<AssetRow>(sql`
    SELECT a.scene_id AS "sceneId", a.product, a.path, a.sha256, a.bytes, a.epsg, a.bbox
    FROM asset a JOIN scene s ON s.id = a.scene_id
    WHERE s.status = 'processed' AND s.collection = ${collection} AND a.product = ${product}
      AND ${onDay(sql`s.datetime`, date)}
    ORDER BY s.clear_fraction DESC NULLS LAST, abs(s.view_zenith) NULLS LAST, s.id`);
}

/** The published COGs of all scenes that are in use, by scene and product. */
export async function allAssets(
  store: Store,
): Promise<Pick<AssetRow, 'sceneId' | 'product' | 'path' | 'sha256' | 'bytes'>[]> {
  return store.query(sql`
    SELECT a.scene_id AS "sceneId", a.product, a.path, a.sha256, a.bytes
    FROM asset a JOIN scene s ON s.id = a.scene_id
    WHERE s.status <> 'retired' ORDER BY a.scene_id, a.product`);
}
