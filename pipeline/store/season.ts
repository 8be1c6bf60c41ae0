import type { AssetRow } from './asset.ts';
import type { Store } from './open.ts';
import type { PlaceKind } from './place.ts';
import type { SceneRow } from './scene.ts';
import { every, sql } from './sql.ts';
import { inSpan, type Span } from './where.ts';

/** A parcel as season products ask for it. */
export interface SeasonPlace {
  readonly id: string;
  readonly name: string;
  readonly regionCode: string | null;
  readonly areaM2: number;
  /** A point inside it, degrees. */
  readonly lon: number;
  readonly lat: number;
  /** Crop by year. */
  readonly crops: Readonly<Record<string, string>>;
}

/** Places of a kind whose region code is, or begins with, the given one (null: all), in id order. */
export async function seasonPlaces(
  store: Store,
  { kind, region }: { readonly kind: PlaceKind; readonly region: string | null },
): Promise<SeasonPlace[]> {
  const where = every([
    sql`p.kind = ${kind}`,
    region === null ? null : sql`starts_with(p.region_code, ${region})`,
  ]);
  return store.query<SeasonPlace>(sql`
    SELECT p.id, p.name, p.region_code AS "regionCode", p.area_m2 AS "areaM2",
      ST_X(at.geom) AS lon, ST_Y(at.geom) AS lat,
      coalesce((SELECT jsonb_object_agg(year, crop) FROM place_season WHERE place_id = p.id), '{}') AS crops
    FROM place p CROSS JOIN LATERAL (SELECT ST_PointOnSurface(p.geom) AS geom) AS at
    WHERE ${where} ORDER BY p.id`);
}

/** Names of regions by their code. */
export async function regionNames(store: Store): Promise<ReadonlyMap<string, string>> {
  const rows = await store.query<{ code: string; name: string }>(
    sql`SELECT code, name FROM place WHERE kind = 'region'`,
  );
  return new Map(rows.map(({ code, name }) => [code, name]));
}

/** What was seen of one place on one day. */
export interface Look {
  readonly placeId: string;
  /** Beijing calendar day. */
  readonly date: string;
  /** Null where too little was clear. */
  readonly value: number | null;
  readonly pixelCount: number;
  readonly clearFraction: number;
}

export interface LookFilter extends Span {
  readonly places: readonly string[];
  readonly product: string;
  readonly statistic: string;
  readonly collections: readonly string[];
}

/** Observations of some places by scenes in use, by place and time. */
export async function looksAt(store: Store, filter: LookFilter): Promise<Look[]> {
  const { places, product, statistic, collections } = filter;
  const where = every([
    sql`o.place_id = ANY(${places}::text[]) AND o.product = ${product} AND o.statistic = ${statistic}`,
    sql`s.status = 'processed' AND NOT s.derived AND s.collection = ANY(${collections}::text[])`,
    inSpan(sql`o.datetime`, filter),
  ]);
  return store.query<Look>(sql`
    SELECT o.place_id AS "placeId", to_char(o.datetime AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') AS date, o.value,
      o.pixel_count AS "pixelCount", o.clear_fraction AS "clearFraction"
    FROM observation o JOIN scene s ON s.id = o.scene_id WHERE ${where} ORDER BY o.place_id, o.datetime, o.scene_id`);
}

/** A processed scene with the files of one of its products. */
export interface Source extends SceneRow {
  /** Run that made the file. */
  readonly run: string;
  readonly asset: AssetRow;
}

/** Scenes in use in which a product was published within a span, oldest first. */
export async function sourcesOf(
  store: Store,
  filter: Span & { readonly product: string; readonly collection: string | null },
): Promise<Source[]> {
  const where = every([
    sql`s.status = 'processed' AND NOT s.derived AND a.product = ${filter.product}`,
    filter.collection === null ? null : sql`s.collection = ${filter.collection}`,
    inSpan(sql`s.datetime`, filter),
  ]);
  return store.query<Source>(sql`
    SELECT s.document AS scene, s.status, s.clear_fraction AS "clearFraction", s.fingerprint, s.derived, a.run_id AS run,
      json_build_object('sceneId', a.scene_id, 'product', a.product, 'path', a.path, 'sha256', a.sha256, 'bytes', a.bytes,
        'epsg', a.epsg, 'bbox', a.bbox) AS asset
    FROM scene s JOIN asset a ON a.scene_id = s.id WHERE ${where} ORDER BY s.datetime, s.id`);
}
