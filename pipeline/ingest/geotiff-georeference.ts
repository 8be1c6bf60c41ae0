import { type Affine, isInvertible } from '../core/affine.ts';
import { epsgOfName } from './crs-name.ts';
import { type Directory, TAG } from './geotiff-directory.ts';

/** Where a raster lies on the earth, as far as its tags say so in terms that can be trusted. */
export interface Georeference {
  readonly epsg: number | null;
  /** The name the file gives its coordinate system; what is left to show when there is no EPSG code. */
  readonly crsName: string | null;
  /** Null when there is none, or one that cannot be inverted. */
  readonly transform: Affine | null;
}

/** GeoKey numbers (OGC 19-008r4). */
const KEY = {
  modelType: 1024,
  rasterType: 1025,
  citation: 1026,
  geographicType: 2048,
  geographicCitation: 2049,
  projectedType: 3072,
  projectedCitation: 3073,
  linearUnit: 3076,
  centralMeridian: 3080,
  falseEasting: 3082,
} as const;

const MODEL_GEOGRAPHIC = 2;
const PIXEL_IS_POINT = 2;

export async function readGeoreference(directory: Directory): Promise<Georeference> {
  const keys = await readGeoKeys(directory);
  const transform = await readTransform(directory, keys.get(KEY.rasterType) === PIXEL_IS_POINT);
  return { epsg: epsgOf(keys) ?? epsgByName(keys), crsName: nameOf(keys), transform };
}

type GeoKeys = ReadonlyMap<number, number | string>;

/** Keys are four numbers each: key, the tag its value is in (0: right here), count, value or index there. */
async function readGeoKeys(directory: Directory): Promise<GeoKeys> {
  const keys = new Map<number, number | string>();
  const table = await directory.numbers(TAG.geoKeys).catch(() => null);
  if (table === null || table.length < 4) return keys;
  const words = (await directory.text(TAG.geoText).catch(() => null)) ?? '';
  const doubles = (await directory.numbers(TAG.geoDoubles).catch(() => null)) ?? [];
  for (let i = 4; i + 3 < table.length && i < 4 + 4 * table[3]!; i += 4) {
    const [key, location, count, value] = [table[i]!, table[i + 1]!, table[i + 2]!, table[i + 3]!];
    if (location === 0) keys.set(key, value);
    if (location === TAG.geoDoubles && doubles[value] !== undefined) keys.set(key, doubles[value]);
    // Texts share one tag; a bar stands for the zero byte between them.
    if (location === TAG.geoText) keys.set(key, words.slice(value, value + count).replace(/\|.*$/s, ''));
  }
  return keys;
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
  const number = (key: number) => {
    const value = keys.get(key);
    return typeof value === 'number' ? value : null;
  };
  const isGeographic = keys.get(KEY.modelType) === MODEL_GEOGRAPHIC;
  const citations = isGeographic
    ? [KEY.geographicCitation, KEY.citation]
    : [KEY.projectedCitation, KEY.citation];
  for (const key of citations) {
    const text = keys.get(key);
    if (typeof text !== 'string') continue;
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
    const text = keys.get(key);
    if (typeof text === 'string' && text.trim() !== '') return text.trim();
  }
  return null;
}

/** GDAL's order: scale and tie point, else the 4 × 4 matrix. Several tie points without a scale are no transform. */
async function readTransform(directory: Directory, pixelIsPoint: boolean): Promise<Affine | null> {
  const scale = await directory.numbers(TAG.pixelScale).catch(() => null);
  const tie = await directory.numbers(TAG.tiepoint).catch(() => null);
  const matrix = await directory.numbers(TAG.transformation).catch(() => null);
  let t: Affine | null = null;
  if (scale !== null && scale.length >= 2 && scale[0] !== 0 && scale[1] !== 0) {
    if (tie !== null && tie.length >= 6) {
      const width = scale[0]!;
      // A negative scale is a slip of its writer: GDAL, too, takes every such raster as north-up.
      const height = -Math.abs(scale[1]!);
      t = [tie[3]! - tie[0]! * width, width, 0, tie[4]! - tie[1]! * height, 0, height];
    }
  } else if (matrix !== null && matrix.length === 16) {
    t = [matrix[3]!, matrix[0]!, matrix[1]!, matrix[7]!, matrix[4]!, matrix[5]!];
  }
  if (t === null || !isInvertible(t) || isPixelSpace(t)) return null;
  return pixelIsPoint ? [t[0] - (t[1] + t[2]) / 2, t[1], t[2], t[3] - (t[4] + t[5]) / 2, t[4], t[5]] : t;
}

/** The identity says that world positions are pixel positions: what programs write when they know of no place. */
function isPixelSpace(t: Affine): boolean {
  return [0, 1, 0, 0, 0, 1].every((value, i) => t[i] === value);
}
