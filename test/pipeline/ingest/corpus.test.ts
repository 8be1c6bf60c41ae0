import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Inspection, inspectRaster } from '../../../pipeline/ingest/geotiff.ts';
import { realData } from '../../helpers/real-data.ts';

/** What GDAL 3.6.2 made of a file, from the corpus's catalog. */
interface Known {
  readonly file: string;
  readonly tier: 'A' | 'B' | 'C' | 'M';
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

const ROOT = realData('13-geotiff-corpus');

function catalog(root: string): Known[] {
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

/** Every point in which an inspection differs from what GDAL says. */
function differences(ours: Inspection, { gdal }: Known): string[] {
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

function isNear(a: number | null | undefined, b: number | null | undefined): boolean {
  if (a == null || b == null) return a == null && b == null;
  return Object.is(a, b) || a === b || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(b));
}

describe.skipIf(ROOT === null)('the corpus of TIFF files other readers are tested with', () => {
  const root = ROOT ?? '';
  const files = ROOT === null ? [] : catalog(root);

  test('all 549 must-read files that GDAL reads give GDAL’s numbers', async () => {
    const wrong: string[] = [];
    let right = 0;
    for (const known of files.filter(({ tier, gdal }) => tier === 'A' && gdal.ok)) {
      const found = differences(await inspectRaster(join(root, known.file)), known);
      if (found.length === 0) right++;
      else wrong.push(`${known.file}: ${found.join('; ')}`);
    }
    expect(wrong).toEqual([]);
    expect(right).toBe(549);
  }, 120_000);

  test('EPSG codes are GDAL’s wherever the file names one', async () => {
    const others: (number | null)[] = [];
    for (const known of files.filter(({ tier, gdal }) => tier === 'A' && gdal.ok)) {
      const code = /^EPSG:(\d+)$/.exec(known.gdal.crs ?? '')?.[1];
      if (code === undefined) continue;
      const { epsg } = await inspectRaster(join(root, known.file));
      if (epsg !== Number(code)) others.push(epsg);
    }
    // Two withdrawn codes, for which GDAL puts the code that replaced them (8254 and 27561).
    expect(others).toEqual([8255, 27591]);
  }, 120_000);

  test('no other file gives numbers that are not GDAL’s: they are read right or refused by name', async () => {
    const counts = { right: 0, refused: 0 };
    const wrong: string[] = [];
    for (const known of files.filter(({ tier, gdal }) => (tier === 'B' || tier === 'C') && gdal.ok)) {
      const ours = await inspectRaster(join(root, known.file));
      const found = differences(ours, known);
      if (found.length === 0) counts.right++;
      else if (!ours.ok) counts.refused++;
      else wrong.push(`${known.file}: ${found.join('; ')}`);
      if (!ours.ok) expect(ours.error?.code, known.file).toMatch(/^E_TIFF_(UNSUPPORTED|TOO_LARGE)$/);
    }
    expect(wrong).toEqual([]);
    expect(counts.right).toBeGreaterThanOrEqual(LEAST_RIGHT);
  }, 120_000);

  test('a malformed file ends in an error that names it, within seconds', async () => {
    for (const { file } of files.filter(({ tier }) => tier === 'M')) {
      const start = performance.now();
      const ours = await inspectRaster(join(root, file));
      expect(performance.now() - start, file).toBeLessThan(10_000);
      if (ours.ok) continue;
      expect(ours.error?.code, file).toMatch(/^E_(NOT_TIFF|TIFF_\w+)$/);
      expect(ours.error?.message, file).toContain(file.split('/').at(-1)!.slice(0, 20));
    }
  }, 120_000);
});

/** Files of the two lower tiers that are read with GDAL's numbers; raise it when the reader learns more. */
const LEAST_RIGHT = 149;
