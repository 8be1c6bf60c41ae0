import type { Bbox } from '../core/grid.ts';
import type { Instant } from '../core/time.ts';
import type { Store } from './open.ts';
import { sql } from './sql.ts';

/** What a workspace holds; retired scenes do not count. */
export interface WorkspaceSummary {
  readonly counts: {
    readonly scenes: number;
    readonly parcels: number;
    readonly stands: number;
    readonly zones: number;
    readonly observations: number;
  };
  /** Around all scenes, else around all places; null when there are neither. */
  readonly bbox: Bbox | null;
  readonly collections: readonly CollectionSummary[];
  /** True when any of it is made, not measured. */
  readonly simulated: boolean;
}

export interface CollectionSummary {
  readonly id: string;
  readonly sensor: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly sceneCount: number;
  /** What was published of it: products, TRUE_COLOR, QUALITY …, by name. */
  readonly products: readonly string[];
}

/** Counts, extent and collections of the workspace. */
export async function workspaceSummary(store: Store): Promise<WorkspaceSummary> {
  const collections = await store.query<CollectionSummary>(sql`
    SELECT collection AS id, string_agg(DISTINCT sensor, ', ') AS sensor, min(datetime) AS "from", max(datetime) AS "to",
      count(*) AS "sceneCount",
      ARRAY(SELECT DISTINCT a.product FROM asset a JOIN scene o ON o.id = a.scene_id
        WHERE o.collection = scene.collection AND o.status = 'processed' ORDER BY 1) AS products
    FROM scene WHERE status <> 'retired' GROUP BY collection ORDER BY collection`);
  const [totals] = await store.query<
    WorkspaceSummary['counts'] & { simulated: boolean; bbox: Bbox | null }
  >(sql`
    SELECT s.scenes, s.observations, s.simulated, p.parcels, p.stands, (SELECT count(*) FROM zone) AS zones,
      (SELECT ARRAY[ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)] FROM coalesce(s.box, p.box) AS box
        WHERE box IS NOT NULL) AS bbox
    FROM (SELECT count(*) FILTER (WHERE NOT derived) AS scenes, coalesce(sum(observation_count), 0) AS observations,
        coalesce(bool_or(simulated), false) AS simulated, ST_Extent(geom) AS box
        FROM scene WHERE status <> 'retired') AS s,
      (SELECT count(*) FILTER (WHERE kind = 'parcel') AS parcels, count(*) FILTER (WHERE kind = 'stand') AS stands,
        ST_Extent(geom) AS box FROM place) AS p`);
  const { simulated, bbox, ...counts } = totals!;
  return { counts, bbox, collections, simulated };
}
