import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspection } from '../../pipeline/ingest/geotiff.ts';

/** The folders of the corpus: A must be read, B should be, C may be refused, M is malformed. */
export type Tier = 'A' | 'B' | 'C' | 'M';

/** What GDAL 3.6.2 made of a file, from the corpus's catalog. */
export interface Known {
  readonly file: string;
  readonly tier: Tier;
  readonly gdal: {
    readonly ok: boolean;
    readonly size: readonly number[];
    readonly dtype: string;
    readonly crs?: string | null;
    readonly gt?: readonly number[] | null;
    readonly nodata?: string | null;
    readonly bands: readonly { valid: number; min?: number; max?: number; mean?: number }[];
  };
}

/** All entries of the catalog in a folder that holds the corpus. */
export function readCatalog(root: string): Known[] {
  // The catalog was written with bare NaN and Infinity, which JSON has not.
  const text = readFileSync(join(root, 'catalog.json'), 'utf8')
    .replace(/([[:,]\s*)NaN/g, '$1null')
    .replace(/([[:,]\s*)(-?)Infinity/g, '$1$21e999');
  return JSON.parse(text);
}

/** GDAL 3.6 has no signed byte and no half float: it calls them by the next type. */
const GDAL_TYPES: Readonly<Record<string, string>> = {
  uint8: 'Byte',
  int8: 'Byte',
  uint16: 'UInt16',
  int16: 'Int16',
  uint32: 'UInt32',
  int32: 'Int32',
  uint64: 'UInt64',
  int64: 'Int64',
  float16: 'Float32',
  float32: 'Float32',
  float64: 'Float64',
};

/** Every point in which an inspection differs from what GDAL says: size, dtype, transform, nodata, 16 bands. */
export function differences(ours: Inspection, { gdal }: Known): string[] {
  if (!ours.ok) return [`refused: ${ours.error?.code}`];
  const found: string[] = [];
  const size = [ours.width, ours.height, ours.bandCount];
  if (size.join() !== gdal.size.join()) found.push(`size ${size} instead of ${gdal.size}`);
  if (GDAL_TYPES[ours.dtype ?? ''] !== gdal.dtype) found.push(`dtype ${ours.dtype} instead of ${gdal.dtype}`);
  const transform = gdal.gt == null || gdal.gt.join() === '0,1,0,0,0,1' ? null : gdal.gt;
  const same =
    transform === null ? ours.transform === null : transform.every((v, i) => isNear(ours.transform?.[i], v));
  if (!same) found.push(`transform ${ours.transform} instead of ${transform}`);
  if (!isNear(toNumber(ours.nodata), toNumber(gdal.nodata)))
    found.push(`nodata ${ours.nodata} instead of ${gdal.nodata}`);
  gdal.bands.forEach((band, i) => {
    const own = ours.bands?.[i];
    const isSame =
      own?.validCount === band.valid &&
      isNear(own.min, band.min) &&
      isNear(own.max, band.max) &&
      isNear(own.mean, band.mean);
    if (!isSame) found.push(`band ${i + 1} ${JSON.stringify(own)} instead of ${JSON.stringify(band)}`);
  });
  return found;
}

function toNumber(value: number | string | null | undefined): number | null {
  if (value == null) return null;
  const text = String(value).toLowerCase();
  return text.includes('inf') ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text);
}

/** Tighter than the issue asks for means (1e-5). */
function isNear(a: number | null | undefined, b: number | null | undefined): boolean {
  if (a == null || b == null) return a == null && b == null;
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
}
