import { type Affine, isInvertible } from '../core/affine.ts';
import type { CrsKeys } from '../core/crs-keys.ts';
import type { Rpc } from '../core/rpc.ts';
import { rpcFromTag } from '../geometry/rpc.ts';
import { epsgOfName } from './crs-name.ts';
import { type Directory, TAG } from './geotiff-directory.ts';
import type { Gcp } from './geotiff-gcp.ts';

/** Where a raster lies on the earth, as far as its tags say so in terms that can be trusted. */
export interface Georeference {
  readonly epsg: number | null;
  /** The name the file gives its coordinate system; what is left to show when there is no EPSG code. */
  readonly crsName: string | null;
  /** The system itself where it has no EPSG code but is fully described; null otherwise. */
  readonly crsKeys: CrsKeys | null;
  /** Null when there is none, or one that cannot be inverted. */
  readonly transform: Affine | null;
  /** Ground control points of a raster without a transform. */
  readonly gcps: readonly Gcp[];
  /** The camera model, or null when there is none that can be used. */
  readonly rpc: Rpc | null;
}

/** GeoKey numbers (OGC 19-008r4). */
const KEY = {
  modelType: 1024,
  rasterType: 1025,
  citation: 1026,
  geographicType: 2048,
  geographicCitation: 2049,
  datum: 2050,
  ellipsoid: 2056,
  semiMajor: 2057,
  projectedType: 3072,
  projectedCitation: 3073,
  projection: 3074,
  method: 3075,
  linearUnit: 3076,
  centralMeridian: 3080,
  falseEasting: 3082,
} as const;

const MODEL_PROJECTED = 1;
const MODEL_GEOGRAPHIC = 2;
const PIXEL_IS_POINT = 2;

export async function readGeoreference(directory: Directory, where: string): Promise<Georeference> {
  const keys = await readGeoKeys(directory);
  const pixelIsPoint = keys.get(KEY.rasterType) === PIXEL_IS_POINT;
  const { transform, gcps } = await readPlace(directory, pixelIsPoint);
  const epsg = epsgOf(keys) ?? epsgByName(keys);
  return {
    epsg,
    crsName: nameOf(keys),
    crsKeys: epsg === null && isDescribed(keys) ? toCrsKeys(keys) : null,
    transform,
    gcps,
    rpc: await readRpc(directory, where),
  };
}

type GeoKeys = ReadonlyMap<number, number | string | readonly number[]>;

/** A system takes a few dozen keys; what lists more is damaged. */
const MOST_KEYS = 256;
/** Values of one key: only transformations between datums have more than one. */
const MOST_VALUES = 16;
const LONGEST_TEXT = 4096;

/** Keys are four numbers each: key, the tag its value is in (0: right here), count, value or index there. */
async function readGeoKeys(directory: Directory): Promise<GeoKeys> {
  const keys = new Map<number, number | string | readonly number[]>();
  const table = await directory.numbers(TAG.geoKeys).catch(() => null);
  if (table === null || table.length < 4) return keys;
  const words = (await directory.text(TAG.geoText).catch(() => null)) ?? '';
  const doubles = (await directory.numbers(TAG.geoDoubles).catch(() => null)) ?? new Float64Array(0);
  const end = Math.min(table.length - 3, 4 + 4 * Math.min(table[3]!, MOST_KEYS));
  for (let i = 4; i < end; i += 4) {
    const [key, location, count, value] = [table[i]!, table[i + 1]!, table[i + 2]!, table[i + 3]!];
    if (location === 0) keys.set(key, value);
    const numbers = [...doubles.subarray(value, value + Math.min(count, MOST_VALUES))];
    if (location === TAG.geoDoubles && numbers.length > 0) keys.set(key, numbers);
    // Texts share one tag; a bar stands for the zero byte between them, but some have bars inside.
    if (location === TAG.geoText) {
      const text = words.slice(value, value + Math.min(count, LONGEST_TEXT));
      keys.set(key, text.replace(/\|+$/, ''));
    }
  }
  return keys;
}

/** The value of a key as one number, wherever it is kept; null when it has none. */
function numberOf(keys: GeoKeys, key: number): number | null {
  const value = keys.get(key);
  if (typeof value === 'number') return value;
  return typeof value === 'object' ? (value[0] ?? null) : null;
}

/** The text of a key up to its first bar; null when it has none. */
function textOf(keys: GeoKeys, key: number): string | null {
  const value = keys.get(key);
  return typeof value === 'string' ? value.replace(/\|.*$/s, '') : null;
}

const USER_DEFINED = 32767;

/**
 * True when the keys of a user-defined system say all there is to know: the shape of the Earth, and how it is projected.
 * One that is merely called user-defined could be anywhere.
 */
function isDescribed(keys: GeoKeys): boolean {
  const isNamed = (key: number) => {
    const code = numberOf(keys, key);
    return code !== null && code > 0 && code < USER_DEFINED;
  };
  const semiMajor = numberOf(keys, KEY.semiMajor);
  const hasEarth =
    [KEY.geographicType, KEY.datum, KEY.ellipsoid].some(isNamed) ||
    (semiMajor !== null && Number.isFinite(semiMajor) && semiMajor > 0);
  const model = numberOf(keys, KEY.modelType);
  if (model === MODEL_GEOGRAPHIC) return hasEarth && numberOf(keys, KEY.geographicType) === USER_DEFINED;
  return (
    model === MODEL_PROJECTED &&
    numberOf(keys, KEY.projectedType) === USER_DEFINED &&
    hasEarth &&
    (isNamed(KEY.projection) || isNamed(KEY.method))
  );
}

/** The keys as plain data. Our pixels are areas, whatever those of the file were. */
function toCrsKeys(keys: GeoKeys): CrsKeys {
  const all = [...keys].filter(([key]) => key !== KEY.rasterType).sort(([a], [b]) => a - b);
  return {
    shorts: all.flatMap(([key, value]) => (typeof value === 'number' ? [[key, value] as const] : [])),
    doubles: all.flatMap(([key, value]) => (typeof value === 'object' ? [[key, value] as const] : [])),
    texts: all.flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])),
  };
}

/** The camera model of tag 50844; one that is no model at all is left out, as pixels do not depend on it. */
async function readRpc(directory: Directory, where: string): Promise<Rpc | null> {
  const numbers = await directory.numbers(TAG.rpc).catch(() => null);
  if (numbers === null) return null;
  try {
    return rpcFromTag([...numbers], where);
  } catch {
    return null;
  }
}

function epsgOf(keys: GeoKeys): number | null {
  const isGeographic = keys.get(KEY.modelType) === MODEL_GEOGRAPHIC;
  const code = keys.get(
    isGeographic || !keys.has(KEY.projectedType) ? KEY.geographicType : KEY.projectedType,
  );
  // 32767 says "user-defined". A projected raster that names only its geographic system is not in degrees.
  const isNamed = typeof code === 'number' && code >= 1024 && code < 32767;
  const isWhole = isGeographic || keys.has(KEY.projectedType) || keys.get(KEY.modelType) === undefined;
  return isNamed && isWhole ? code : null;
}

/** For systems that a file calls user-defined, and names. */
function epsgByName(keys: GeoKeys): number | null {
  const number = (key: number) => numberOf(keys, key);
  const isGeographic = keys.get(KEY.modelType) === MODEL_GEOGRAPHIC;
  const citations = isGeographic
    ? [KEY.geographicCitation, KEY.citation]
    : [KEY.projectedCitation, KEY.citation];
  for (const key of citations) {
    const text = textOf(keys, key);
    if (text === null) continue;
    const epsg = epsgOfName(text, isGeographic ? 'geographic' : 'projected', {
      centralMeridian: number(KEY.centralMeridian),
      falseEasting: number(KEY.falseEasting),
      linearUnit: number(KEY.linearUnit),
    });
    if (epsg !== null) return epsg;
  }
  return null;
}

function nameOf(keys: GeoKeys): string | null {
  for (const key of [KEY.projectedCitation, KEY.citation, KEY.geographicCitation]) {
    const text = textOf(keys, key)?.trim() ?? '';
    if (text !== '') return text;
  }
  return null;
}

/**
 * GDAL's order: scale and tie point, else the 4 × 4 matrix, else tie points alone, which are ground control points and no
 * transform.
 */
async function readPlace(
  directory: Directory,
  pixelIsPoint: boolean,
): Promise<Pick<Georeference, 'transform' | 'gcps'>> {
  const scale = await directory.numbers(TAG.pixelScale).catch(() => null);
  const tie = await directory.numbers(TAG.tiepoint).catch(() => null);
  const matrix = await directory.numbers(TAG.transformation).catch(() => null);
  let t: Affine | null = null;
  let gcps: readonly Gcp[] = [];
  if (scale !== null && scale.length >= 2 && scale[0] !== 0 && scale[1] !== 0) {
    if (tie !== null && tie.length >= 6) {
      const width = scale[0]!;
      // A negative scale is a slip of its writer: GDAL, too, takes every such raster as north-up.
      const height = -Math.abs(scale[1]!);
      t = [tie[3]! - tie[0]! * width, width, 0, tie[4]! - tie[1]! * height, 0, height];
    }
  } else if (matrix !== null && matrix.length === 16) {
    t = [matrix[3]!, matrix[0]!, matrix[1]!, matrix[7]!, matrix[4]!, matrix[5]!];
  } else if (tie !== null) gcps = gcpsOf(tie, pixelIsPoint);
  if (t === null || !isInvertible(t) || isPixelSpace(t)) return { transform: null, gcps };
  const transform: Affine = pixelIsPoint
    ? [t[0] - (t[1] + t[2]) / 2, t[1], t[2], t[3] - (t[4] + t[5]) / 2, t[4], t[5]]
    : t;
  return { transform, gcps };
}

/** GDAL counts at most this many as points of a raster; more are a grid of positions, or damage. */
const MOST_GCPS = 10_000;

/** Tie points are six numbers each: column, row, level, x, y, z. Those that are no numbers are left out. */
function gcpsOf(tie: Float64Array, pixelIsPoint: boolean): Gcp[] {
  const half = pixelIsPoint ? 0.5 : 0;
  const gcps: Gcp[] = [];
  for (let i = 0; i + 5 < tie.length && gcps.length < MOST_GCPS; i += 6) {
    const [col, row, , x, y, z] = [...tie.subarray(i, i + 6)] as [
      number,
      number,
      number,
      number,
      number,
      number,
    ]; // six by the bound above
    if ([col, row, x, y, z].every(Number.isFinite)) gcps.push({ col: col + half, row: row + half, x, y, z });
  }
  return gcps;
}

/** The identity says that world positions are pixel positions: what programs write when they know of no place. */
function isPixelSpace(t: Affine): boolean {
  return [0, 1, 0, 0, 0, 1].every((value, i) => t[i] === value);
}
