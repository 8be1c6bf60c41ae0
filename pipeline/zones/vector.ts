import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { isKnownCrs, transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { checkRings } from './rings.ts';

/** Polygons as GeoJSON MultiPolygon coordinates, longitude and latitude in degrees, rings closed. */
export type LonLatPolygons = number[][][][];

/** The same in the CRS of a file. */
export type StoredPolygons = readonly (readonly (readonly (readonly number[])[])[])[];

/** One shape of a vector file. */
export interface PlaceFeature {
  readonly id: string;
  readonly name: string | null;
  /** As in the file. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** In longitude and latitude; made when it is first asked for, where the file is in another CRS. */
  readonly polygon: LonLatPolygons;
  /** As in the file, x and y in its CRS. */
  readonly stored: StoredPolygons;
}

export interface VectorOptions {
  /** Property that is the id; left out, the feature's own id or a usual field is taken, else its number. */
  readonly id?: string | undefined;
  /** Property that is the name; left out, a usual field is taken. */
  readonly name?: string | undefined;
}

export interface VectorContent {
  /** CRS of what is stored; 4326 for longitude and latitude. */
  readonly epsg: number;
  readonly features: readonly PlaceFeature[];
  /** Shapes that were left out, each with its reason. */
  readonly findings: readonly HeituError[];
}

/** Bounds of what is read (SAFETY section 4). */
const MAX_BYTES = 50 * 2 ** 20;
const MAX_FEATURES = 200_000;

/** Fields that usually hold an id or a name, in the order they are tried. */
const ID_FIELDS = ['id', 'ID', 'Id', 'code', 'CODE', 'index', 'OBJECTID', 'FID', 'fid', '编号', '小班号'];
const NAME_FIELDS = ['name', 'NAME', 'Name', '名称', '地块名称', '小班名称'];

/**
 * Reads the polygons of a GeoJSON file (FeatureCollection, Feature or bare geometry; an old `crs` member is honoured
 * for known EPSG codes). A broken shape is reported and the rest goes on. Throws E_FILE_MISSING, E_VECTOR_INVALID for
 * what is no GeoJSON at all, E_CRS_UNKNOWN.
 */
export async function readVectorFile(file: string, options: VectorOptions = {}): Promise<VectorContent> {
  const where = basename(file);
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new HeituError('E_FILE_MISSING', { what: file, cause });
  });
  if (size > MAX_BYTES) throw invalid(where, `${size} bytes, more than ${MAX_BYTES}`);
  return readGeoJson(await readFile(file, 'utf8'), where, options);
}

/** The same for text; `where` is what messages call it. */
export function readGeoJson(text: string, where: string, options: VectorOptions = {}): VectorContent {
  const document = parseJson(text, where);
  const epsg = crsOf(document, where);
  const raw = rawFeatures(document, where);
  if (raw.length > MAX_FEATURES) throw invalid(where, `${raw.length} features, more than ${MAX_FEATURES}`);
  const features: PlaceFeature[] = [];
  const findings: HeituError[] = [];
  const ids = idsOf(raw, options.id);
  const seen = new Map<string, number>();
  const globe = newGlobe(epsg);
  for (const [i, feature] of raw.entries()) {
    const properties = propertiesOf(feature);
    const id = ids[i] ?? String(i);
    const place = `${where}, feature ${i}${ids[i] === null ? '' : ` (id ${id})`}`;
    try {
      if (ids[i] === null) throw invalid(place, `no ${options.id} to be its id`);
      const earlier = seen.get(id);
      if (earlier !== undefined) throw invalid(place, `feature ${earlier} has the same id`);
      seen.set(id, i);
      const stored = polygonOf(feature.geometry, place);
      globe.check(stored, place);
      const name = firstText(properties, options.name === undefined ? NAME_FIELDS : [options.name]);
      features.push(placeFeature({ id, name, properties, stored }, globe));
    } catch (error) {
      if (!(error instanceof HeituError)) throw error;
      findings.push(error);
    }
  }
  return { epsg, features, findings };
}

/** A Polygon or MultiPolygon geometry as multi-polygon coordinates; null for any other. */
export function toMultiPolygon(geometry: {
  readonly type: string;
  readonly coordinates?: unknown;
}): unknown[] | null {
  if (!Array.isArray(geometry.coordinates)) return null;
  if (geometry.type === 'Polygon') return [geometry.coordinates];
  return geometry.type === 'MultiPolygon' ? geometry.coordinates : null;
}

/** Equatorial radius in m and squared eccentricity of WGS 84. */
const RADIUS = 6_378_137;
const E2 = 0.006_694_379_990_141_3;
const E = Math.sqrt(E2);

/**
 * Area on the WGS 84 ellipsoid in m², between geodesics: the strip under an edge is R² · Δλ · mean sin β, with β the
 * latitude on the sphere of equal area (Snyder 1987, USGS Professional Paper 1395, equations 3-11 to 3-13). PostGIS
 * gives the same to 10⁻⁷ for parcels. A 0.01° square at 44° N has 891 114.9.
 */
export function areaOf(polygon: LonLatPolygons): number {
  let total = 0;
  for (const rings of polygon) {
    for (const [i, ring] of rings.entries()) total += (i === 0 ? 1 : -1) * Math.abs(ringArea(ring));
  }
  return total;
}

function ringArea(ring: readonly (readonly number[])[]): number {
  const flat = new Float64Array(2 * ring.length);
  for (const [i, [lon, lat]] of ring.entries()) {
    flat[2 * i] = lon!;
    flat[2 * i + 1] = lat!;
  }
  return flatRingArea(flat);
}

/** Signed area of one ring in m², as areaOf; longitude and latitude in turn, the numbers `from` to `to` of a list. */
export function flatRingArea(ring: Float64Array, from = 0, to = ring.length): number {
  const degree = Math.PI / 180;
  // Heights over the first position, because the differences are a millionth of the numbers.
  const base = authalic(ring[from + 1]! * degree);
  let sum = 0;
  let [lon1, lat1, height1] = [ring[from]! * degree, ring[from + 1]! * degree, base];
  for (let i = from + 2; i <= to; i += 2) {
    const at = i === to ? from : i;
    const lon2 = ring[at]! * degree;
    const lat2 = ring[at + 1]! * degree;
    const height2 = authalic(lat2);
    const middle = authalic(middleLatitude(lon2 - lon1, lat1, lat2));
    // Simpson's rule for the mean height along the edge.
    sum += ((lon2 - lon1) * (height1 + 4 * middle + height2 - 6 * base)) / 6;
    lon1 = lon2;
    lat1 = lat2;
    height1 = height2;
  }
  return (sum * RADIUS ** 2) / 2;
}

/** Longest edge in radians (6°) that is bent into a geodesic; the series below is for short ones. */
const MAX_BENT = 0.1;

/** Latitude of a great circle half way in longitude: it bends towards the pole, φ'' = −sin φ cos φ (1 + 2 (φ′/cos φ)²). */
function middleLatitude(step: number, lat1: number, lat2: number): number {
  const middle = (lat1 + lat2) / 2;
  if (Math.abs(step) > MAX_BENT || Math.abs(middle) > 1.5) return middle;
  return middle + (step ** 2 * Math.sin(2 * middle)) / 16 + ((lat2 - lat1) ** 2 * Math.tan(middle)) / 4;
}

/** q(φ), Snyder's equation 3-12: 2 sin β for the sphere of equal area, in units of the equatorial radius. */
function authalic(latitude: number): number {
  const sin = Math.sin(latitude);
  return (1 - E2) * (sin / (1 - E2 * sin * sin) + Math.atanh(E * sin) / E);
}

function parseJson(text: string, where: string): Record<string, unknown> {
  let document: unknown;
  try {
    // A byte order mark is no JSON, but many programs write one.
    document = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new HeituError('E_VECTOR_INVALID', {
      where,
      what: `no JSON: ${cause instanceof Error ? cause.message : cause}`,
      cause,
    });
  }
  if (!isRecord(document) || typeof document.type !== 'string') throw invalid(where, 'no GeoJSON object');
  return document;
}

/** CRS of the file's coordinates. RFC 7946 knows WGS 84 only; GDAL still writes `crs` for others. */
function crsOf(document: Record<string, unknown>, where: string): number {
  const { crs } = document;
  if (crs === undefined || crs === null) return 4326;
  const name = isRecord(crs) && isRecord(crs.properties) ? String(crs.properties.name ?? '') : '';
  if (/CRS84$/i.test(name)) return 4326;
  const epsg = Number(/EPSG:+(?:[\d.]*:)?(\d+)$/i.exec(name)?.[1] ?? Number.NaN);
  if (!isKnownCrs(epsg)) throw new HeituError('E_CRS_UNKNOWN', { where, what: name || JSON.stringify(crs) });
  return epsg;
}

/** From a file's CRS to longitude and latitude. */
interface Globe {
  /** Throws E_VECTOR_INVALID naming a position that is not on the globe. */
  readonly check: (polygon: StoredPolygons, where: string) => void;
  readonly place: (polygon: StoredPolygons) => LonLatPolygons;
}

function newGlobe(epsg: number): Globe {
  const toLonLat = transformer(epsg, 4326);
  // Half a turn and more of slack for shapes across the date line; anything else is another CRS.
  const isOn = (x: number, y: number) => {
    const [lon, lat] = toLonLat(x, y);
    return Math.abs(lon) <= 360 && Math.abs(lat) <= 90;
  };
  // What a projection can turn back is a box: where its corners are on the globe, so is all within.
  let [left, bottom, right, top] = [Infinity, Infinity, -Infinity, -Infinity];
  return {
    check: (polygon, where) => {
      let [x0, y0, x1, y1] = [left, bottom, right, top];
      for (const rings of polygon) {
        for (const ring of rings) {
          for (let i = 0; i < ring.length; i++) {
            const [x, y] = [ring[i]![0]!, ring[i]![1]!];
            if (x < x0) x0 = x;
            if (x > x1) x1 = x;
            if (y < y0) y0 = y;
            if (y > y1) y1 = y;
          }
        }
      }
      if (x0 === left && y0 === bottom && x1 === right && y1 === top) return;
      if (isOn(x0, y0) && isOn(x1, y0) && isOn(x0, y1) && isOn(x1, y1)) {
        [left, bottom, right, top] = [x0, y0, x1, y1];
        return;
      }
      const off = polygon.flat(2).find(([x, y]) => !isOn(x!, y!));
      if (off !== undefined)
        throw invalid(where, `position ${off[0]}, ${off[1]} is not longitude and latitude`);
    },
    place: (polygon) => polygon.map((rings) => rings.map((ring) => ring.map(([x, y]) => toLonLat(x!, y!)))),
  };
}

function placeFeature(feature: Omit<PlaceFeature, 'polygon'>, { place }: Globe): PlaceFeature {
  let placed: LonLatPolygons | null = null;
  return {
    ...feature,
    get polygon() {
      placed ??= place(feature.stored);
      return placed;
    },
  };
}

interface RawFeature {
  readonly id?: unknown;
  readonly properties?: unknown;
  readonly geometry?: unknown;
}

function rawFeatures(document: Record<string, unknown>, where: string): readonly RawFeature[] {
  if (document.type === 'Feature') return [document];
  if (document.type !== 'FeatureCollection') return [{ geometry: document }];
  if (!Array.isArray(document.features)) throw invalid(where, 'features is no list');
  return document.features.map((feature: unknown) => (isRecord(feature) ? feature : {}));
}

function polygonOf(geometry: unknown, where: string): StoredPolygons {
  if (!isRecord(geometry) || typeof geometry.type !== 'string') throw invalid(where, 'no geometry');
  const parts = toMultiPolygon({ type: geometry.type, coordinates: geometry.coordinates });
  if (parts === null) throw invalid(where, `${geometry.type} is no polygon`);
  const polygon = parts.map((rings, part) => {
    if (!Array.isArray(rings)) throw invalid(where, `part ${part} is no list of rings`);
    return checkRings(rings, (what) => invalid(where, parts.length > 1 ? `part ${part}, ${what}` : what));
  });
  if (polygon.length === 0) throw invalid(where, 'no rings');
  return polygon;
}

/**
 * The id of every feature: the field that was named (null where a feature lacks it), else the first of the feature's
 * own id and the usual fields that every feature has and no two share, else the position in the file.
 */
function idsOf(features: readonly RawFeature[], field: string | undefined): readonly (string | null)[] {
  if (field !== undefined) return features.map((feature) => firstText(propertiesOf(feature), [field]));
  const own = features.map(({ id }) =>
    typeof id === 'string' || typeof id === 'number' ? String(id) : null,
  );
  if (isIdentifying(own)) return own;
  for (const name of ID_FIELDS) {
    const ids = features.map((feature) => firstText(propertiesOf(feature), [name]));
    if (isIdentifying(ids)) return ids;
  }
  return features.map((_, i) => String(i));
}

function isIdentifying(ids: readonly (string | null)[]): boolean {
  return ids.every((id) => id !== null) && new Set(ids).size === ids.length;
}

function propertiesOf(feature: RawFeature): Record<string, unknown> {
  return isRecord(feature.properties) ? feature.properties : {};
}

function firstText(properties: Record<string, unknown>, names: readonly string[]): string | null {
  for (const name of names) {
    const value = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(where: string, what: string): HeituError {
  return new HeituError('E_VECTOR_INVALID', { where, what });
}
