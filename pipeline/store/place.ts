import { createHash } from 'node:crypto';
import type { MultiPolygon, Position } from 'geojson';
import { HeituError } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import { isInstant } from '../core/time.ts';
import { inBatches } from './batch.ts';
import type { Store } from './open.ts';
import { every, type Query, type Sql, sql } from './sql.ts';
import { inBox, type Page, pageOf } from './where.ts';

/** Parcel 地块, stand 小班 or region 行政区. */
export type PlaceKind = 'parcel' | 'stand' | 'region';

/** A place as it is imported. */
export interface PlaceInput {
  /** One namespace for all kinds: observations name a place by its id alone. */
  readonly id: string;
  readonly code: string;
  readonly name: string;
  /** In longitude and latitude, EPSG:4326. */
  readonly geometry: MultiPolygon;
  /** Geodesic area in m². */
  readonly areaM2: number;
  readonly regionCode: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly season?: PlaceSeason;
}

/** What grows there in one year. */
export interface PlaceSeason {
  readonly year: number;
  readonly crop: string;
  /** `YYYY-MM-DD`; what is no calendar day is kept as null. */
  readonly sowingDate: string | null;
  readonly variety: string | null;
}

/** A place as it is kept. */
export interface PlaceRow {
  readonly id: string;
  readonly kind: PlaceKind;
  readonly code: string;
  readonly name: string;
  readonly areaM2: number;
  readonly regionCode: string | null;
  /** Of its latest season; null when none is known. */
  readonly crop: string | null;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly geometry: MultiPolygon;
}

/** Crop of a place's latest season. */
export const LATEST_CROP = sql`(SELECT crop FROM place_season WHERE place_id = p.id ORDER BY year DESC LIMIT 1)`;

/** 8 decimals are about a millimetre: enough for a page. */
const COLUMNS = columns(sql`8`);
/** 15 decimals give back what was imported. */
const EXACT_COLUMNS = columns(sql`15`);

function columns(digits: Sql): Sql {
  return sql`p.id, p.kind, p.code, p.name, p.area_m2 AS "areaM2", p.region_code AS "regionCode", ${LATEST_CROP} AS crop,
    p.properties, ST_AsGeoJSON(p.geom, ${digits})::json AS geometry`;
}

export interface Imported {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
}

/**
 * Keeps places of one kind, all or none: new ones are added, changed ones updated, and what is there with the same
 * content is left alone, so that importing a file twice changes nothing. Throws E_VECTOR_INVALID, naming the place,
 * for an id that comes twice or belongs to another kind, and for text or shapes that cannot be stored.
 */
export async function importPlaces(
  store: Store,
  kind: PlaceKind,
  places: readonly PlaceInput[],
  source: string,
): Promise<Imported> {
  const rows = places.map((place) => storedForm(kind, place)).sort((a, b) => (a.id < b.id ? -1 : 1));
  for (const [i, row] of rows.entries())
    if (row.id === rows[i + 1]?.id) throw refused(row.id, 'it comes twice in one file');
  return store.transaction(async (query) => {
    const hashes = await hashesOf(query, kind, rows);
    const changed = rows.filter((row) => hashes.get(row.id) !== row.hash);
    for (const batch of inBatches(changed, (row) => row.geometry.length + row.properties.length)) {
      await savePlaces(query, kind, batch, source);
      await saveSeasons(query, batch);
    }
    const updated = changed.filter((row) => hashes.has(row.id)).length;
    return { added: changed.length - updated, updated, unchanged: rows.length - changed.length };
  });
}

interface StoredPlace extends Omit<PlaceInput, 'geometry' | 'properties'> {
  readonly geometry: string;
  readonly properties: string;
  readonly hash: string;
}

function storedForm(kind: PlaceKind, place: PlaceInput): StoredPlace {
  const { id, code, name, regionCode, areaM2, season } = place;
  const geometry = JSON.stringify(place.geometry);
  // Half a surrogate pair is no character; PostgreSQL refuses it in JSON.
  const properties = JSON.stringify(place.properties, (_, value) =>
    typeof value === 'string' ? value.toWellFormed() : value,
  );
  const texts = [id, code, name, regionCode ?? '', season?.crop ?? '', season?.variety ?? ''];
  // An escaped NUL, but not an escaped backslash before the letters u0000.
  const hasNul = texts.some((text) => text.includes('\0')) || /(?<!\\)(?:\\\\)*\\u0000/.test(properties);
  if (hasNul) throw refused(id, 'its attributes hold a NUL character');
  const rings = place.geometry.coordinates.flat();
  if (rings.length === 0) throw refused(id, 'its shape is empty');
  if (!rings.every(isRing)) throw refused(id, 'a ring is open or has a position that is none');
  if (!Number.isFinite(areaM2) || areaM2 < 0) throw refused(id, `its area is ${areaM2}`);
  if (
    season !== undefined &&
    !(Number.isInteger(season.year) && season.year >= 1900 && season.year <= 2200)
  ) {
    throw refused(id, `its year is ${season.year}`);
  }
  const hash = createHash('sha256')
    .update(JSON.stringify([kind, code, name, regionCode, areaM2, season ?? null]))
    .update(geometry)
    .update(properties)
    .digest('hex');
  return { ...place, geometry, properties, hash };
}

/** Four positions at least, the last one the first; PostGIS takes less than that and then cannot work with it. */
function isRing(ring: readonly Position[]): boolean {
  const [first, last] = [ring[0], ring.at(-1)];
  const isClosed = first?.[0] === last?.[0] && first?.[1] === last?.[1];
  return ring.length >= 4 && isClosed && ring.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y));
}

async function hashesOf(
  query: Query,
  kind: PlaceKind,
  rows: readonly StoredPlace[],
): Promise<Map<string, string>> {
  const known = await query<{ id: string; kind: PlaceKind; hash: string }>(
    sql`SELECT id, kind, hash FROM place WHERE id = ANY(${rows.map((row) => row.id)}::text[])`,
  );
  const stranger = known.find((row) => row.kind !== kind);
  if (stranger !== undefined)
    throw refused(stranger.id, `that id is already a ${stranger.kind}; choose another id field`);
  return new Map(known.map((row) => [row.id, row.hash]));
}

async function savePlaces(
  query: Query,
  kind: PlaceKind,
  rows: readonly StoredPlace[],
  source: string,
): Promise<void> {
  await query(sql`
    INSERT INTO place (id, kind, code, name, area_m2, region_code, properties, source, hash, geom)
    SELECT id, ${kind}, code, name, area_m2, region_code, properties::jsonb, ${source}, hash,
      ST_SetSRID(ST_Multi(ST_Force2D(ST_GeomFromGeoJSON(geometry))), 4326)
    FROM unnest(${rows.map((row) => row.id)}::text[], ${rows.map((row) => row.code)}::text[],
      ${rows.map((row) => row.name)}::text[], ${rows.map((row) => row.areaM2)}::float8[],
      ${rows.map((row) => row.regionCode)}::text[], ${rows.map((row) => row.properties)}::text[],
      ${rows.map((row) => row.hash)}::text[], ${rows.map((row) => row.geometry)}::text[])
      AS given (id, code, name, area_m2, region_code, properties, hash, geometry)
    ON CONFLICT (id) DO UPDATE SET code = excluded.code, name = excluded.name, area_m2 = excluded.area_m2,
      region_code = excluded.region_code, properties = excluded.properties, source = excluded.source,
      hash = excluded.hash, geom = excluded.geom, updated_at = now()`);
}

async function saveSeasons(query: Query, rows: readonly StoredPlace[]): Promise<void> {
  const seasons = rows.flatMap(({ id, season }) => (season === undefined ? [] : [{ ...season, id }]));
  if (seasons.length === 0) return;
  await query(sql`
    INSERT INTO place_season (place_id, year, crop, sowing_date, variety)
    SELECT * FROM unnest(${seasons.map((row) => row.id)}::text[], ${seasons.map((row) => row.year)}::int[],
      ${seasons.map((row) => row.crop)}::text[], ${seasons.map((row) => dayOrNull(row.sowingDate))}::date[],
      ${seasons.map((row) => row.variety)}::text[])
    ON CONFLICT (place_id, year) DO UPDATE SET crop = excluded.crop, sowing_date = excluded.sowing_date,
      variety = excluded.variety`);
}

function dayOrNull(text: string | null): string | null {
  return text !== null && isInstant(`${text}T00:00:00Z`) ? text : null;
}

function refused(id: string, what: string): HeituError {
  return new HeituError('E_VECTOR_INVALID', { where: `place ${id}`, what });
}

export interface PlaceFilter extends Page {
  readonly kind: PlaceKind;
  readonly bbox?: Bbox;
}

/** Places of a kind in id order, and how many there are in all. */
export async function placesIn(
  store: Store,
  filter: PlaceFilter,
): Promise<{ matched: number; items: PlaceRow[] }> {
  const where = every([sql`p.kind = ${filter.kind}`, inBox(sql`p.geom`, filter.bbox)]);
  const [count] = await store.query<{ matched: number }>(
    sql`SELECT count(*) AS matched FROM place p WHERE ${where}`,
  );
  const items = await store.query<PlaceRow>(
    sql`SELECT ${COLUMNS} FROM place p WHERE ${where} ORDER BY p.id ${pageOf(filter)}`,
  );
  return { matched: count!.matched, items };
}

/** One place; null when there is none of that kind and id. */
export async function placeById(store: Store, kind: PlaceKind, id: string): Promise<PlaceRow | null> {
  const [row] = await store.query<PlaceRow>(
    sql`SELECT ${COLUMNS} FROM place p WHERE p.kind = ${kind} AND p.id = ${id}`,
  );
  return row ?? null;
}

/** Every place of some kinds that touches a box, with its exact shape, in id order. */
export async function placesWithin(
  store: Store,
  { kinds, bbox }: { readonly kinds: readonly PlaceKind[]; readonly bbox: Bbox },
): Promise<PlaceRow[]> {
  const where = every([sql`p.kind = ANY(${kinds}::text[])`, inBox(sql`p.geom`, bbox)]);
  return store.query<PlaceRow>(sql`SELECT ${EXACT_COLUMNS} FROM place p WHERE ${where} ORDER BY p.id`);
}
