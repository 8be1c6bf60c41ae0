import { type GeoJSONVTTile, geoJSONToTile } from '@maplibre/geojson-vt';
import { fromGeojsonVt } from '@maplibre/vt-pbf';
import type { Feature, MultiPolygon, Polygon, Position } from 'geojson';
import type { Bbox } from '../core/grid.ts';
import type { Store } from './open.ts';
import { LATEST_CROP, type PlaceKind } from './place.ts';
import { type Sql, sql } from './sql.ts';

/** Units across a tile, and how far beyond its edge shapes are drawn, as all common makers of tiles have it. */
const EXTENT = 4096;
const BUFFER = 64;

/** From this zoom on shapes are drawn as they are. */
const EXACT_ZOOM = 15;

/** Half the width of the Web Mercator square in metres: π times the equator's radius of 6378137 m. */
const HALF_WORLD = Math.PI * 6_378_137;

/** Layer name in the tile: the id of the collection. */
const LAYERS = { parcel: 'parcels', stand: 'stands', region: 'regions', zone: 'zones' } as const;

export interface TileAddress {
  readonly kind: PlaceKind | 'zone';
  readonly z: number;
  /** Column from the west. */
  readonly x: number;
  /** Row from the north. */
  readonly y: number;
}

/**
 * A Mapbox vector tile (version 2) in Web Mercator, empty when nothing is there; one layer named as the collection,
 * extent 4096, buffer 64. Properties: id, code, name, crop, kind and areaMu (1 亩 is 2000/3 m²). Below zoom 15 shapes
 * are simplified to a quarter of a 256-pixel tile's pixel, and smaller ones are left out. Made by PostGIS where it
 * can, else here, to the same tile within a unit.
 */
export async function mvtTile(store: Store, address: TileAddress): Promise<Uint8Array> {
  return store.hasMvt ? tileOfServer(store, address) : tileOfOurs(store, address);
}

/** The tile as PostGIS makes it. */
export async function tileOfServer(store: Store, address: TileAddress): Promise<Uint8Array> {
  const { kind, z, x, y } = address;
  const [row] = await store.query<{ tile: Uint8Array }>(sql`
    SELECT ST_AsMVT(feature, ${LAYERS[kind]}, ${EXTENT}, 'geom') AS tile
    FROM (
      SELECT id, code, name, crop, kind, "areaMu",
        ST_AsMVTGeom(shape, ST_TileEnvelope(${z}, ${x}, ${y}), ${EXTENT}, ${BUFFER}, true) AS geom
      FROM (${shapesIn(address)}) AS shapes
    ) AS feature WHERE geom IS NOT NULL`);
  return row!.tile;
}

interface Shape {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly crop: string | null;
  readonly kind: string;
  readonly areaMu: number;
  /** In Web Mercator metres. */
  readonly shape: Polygon | MultiPolygon;
}

/** The tile made here, for databases without ST_AsMVT. */
export async function tileOfOurs(store: Store, address: TileAddress): Promise<Uint8Array> {
  const { kind, z, x, y } = address;
  const shapes = await store.query<Shape>(sql`
    SELECT id, code, name, crop, kind, "areaMu", ST_AsGeoJSON(shape, 3)::json AS shape
    FROM (${shapesIn(address)}) AS shapes`);
  const tile = geoJSONToTile({ type: 'FeatureCollection', features: shapes.map(featureOf) }, z, x, y, {
    coordinates: 'unitSquare',
    extent: EXTENT,
    buffer: BUFFER,
    tolerance: 0,
    maxZoom: z,
    clip: true,
  });
  if (tile === null || tile.features.length === 0) return new Uint8Array();
  return fromGeojsonVt({ [LAYERS[kind]]: tile satisfies GeoJSONVTTile }, { version: 2, extent: EXTENT });
}

/** A property without a value is left out, as ST_AsMVT does. */
function featureOf({ shape, crop, ...facts }: Shape): Feature {
  const properties = crop === null ? facts : { ...facts, crop };
  return { type: 'Feature', properties, geometry: inUnitSquare(shape) };
}

function inUnitSquare(shape: Polygon | MultiPolygon): Polygon | MultiPolygon {
  const ring = (points: Position[]) =>
    points.map(
      ([x, y]): Position => [(x! + HALF_WORLD) / (2 * HALF_WORLD), (HALF_WORLD - y!) / (2 * HALF_WORLD)],
    );
  return shape.type === 'Polygon'
    ? { type: 'Polygon', coordinates: shape.coordinates.map(ring) }
    : { type: 'MultiPolygon', coordinates: shape.coordinates.map((rings) => rings.map(ring)) };
}

/** What both makers draw: properties, and the shape in Web Mercator, simplified for the zoom. */
function shapesIn(address: TileAddress): Sql {
  const { kind, z } = address;
  const box = boxOf(address);
  // A quarter pixel of a 256-pixel tile is 4 units.
  const tolerance = z >= EXACT_ZOOM ? 0 : (4 * 2 * HALF_WORLD) / 2 ** z / EXTENT;
  // Web Mercator stretches lengths by 1 / cos(latitude).
  const ground = tolerance * Math.cos((((box[1] + box[3]) / 2) * Math.PI) / 180);
  const source =
    kind === 'zone'
      ? sql`SELECT id, code, name, NULL AS crop, 'zone' AS kind, area_m2, geom FROM zone p WHERE true`
      : sql`SELECT id, code, name, ${LATEST_CROP} AS crop, kind, area_m2, geom FROM place p WHERE kind = ${kind}`;
  const mercator = sql`ST_Transform(geom, 3857)`;
  const shape = tolerance === 0 ? mercator : sql`ST_Simplify(${mercator}, ${tolerance})`;
  return sql`
    SELECT id, code, name, crop, kind, round((area_m2 * 0.0015)::numeric, 2)::float8 AS "areaMu", shape
    FROM (
      SELECT source.*, ${shape} AS shape
      FROM (${source} AND geom && ST_MakeEnvelope(${box[0]}, ${box[1]}, ${box[2]}, ${box[3]}, 4326)
        AND area_m2 >= ${ground * ground}) AS source
    ) AS drawn
    WHERE NOT ST_IsEmpty(shape) ORDER BY id`;
}

/** The tile with its buffer in longitude and latitude, inside the world. `boxOf({ z: 0, x: 0, y: 0 })` is all of it. */
function boxOf({ z, x, y }: Pick<TileAddress, 'z' | 'x' | 'y'>): Bbox {
  const margin = BUFFER / EXTENT;
  const share = (n: number) => Math.min(1, Math.max(0, n / 2 ** z));
  const longitude = (n: number) => 360 * share(n) - 180;
  const latitude = (n: number) => (180 / Math.PI) * Math.atan(Math.sinh(Math.PI * (1 - 2 * share(n))));
  return [longitude(x - margin), latitude(y + 1 + margin), longitude(x + 1 + margin), latitude(y - margin)];
}
