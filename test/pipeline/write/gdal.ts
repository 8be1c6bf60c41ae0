import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { TestContext } from 'vitest';

const VALIDATOR = '/usr/lib/python3/dist-packages/osgeo_utils/samples/validate_cloud_optimized_geotiff.py';

function runs(command: string, args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const hasGdal = runs('gdalinfo', ['--version']);
const hasValidator = existsSync(VALIDATOR) && runs('/usr/bin/python3', ['-c', 'from osgeo import gdal']);

/** Skips the test, saying why, where GDAL's programs are not installed. */
export function needGdal(context: TestContext): void {
  if (!hasGdal) context.skip('GDAL is not installed (apt: gdal-bin)');
}

/** Skips the test, saying why, where GDAL's COG validator is not installed. */
export function needValidator(context: TestContext): void {
  if (!hasValidator) context.skip("GDAL's COG validator is not installed (apt: python3-gdal)");
}

/** What GDAL's own validator says about a file, block leaders and trailers included; it throws when the file fails. */
export function validateCog(path: string): string {
  return execFileSync('/usr/bin/python3', [VALIDATOR, '--full-check=yes', path], { encoding: 'utf8' });
}

export interface GdalBand {
  readonly type: string;
  readonly description?: string;
  readonly unit?: string;
  readonly scale?: number;
  readonly offset?: number;
  readonly noDataValue?: number | string;
  readonly checksum: number;
  readonly metadata?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly overviews?: readonly { readonly size: readonly [number, number]; readonly checksum: number }[];
}

export interface GdalInfo {
  readonly size: readonly [number, number];
  readonly geoTransform: readonly number[];
  readonly coordinateSystem: { readonly wkt: string };
  readonly metadata: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly bands: readonly GdalBand[];
}

/** What `gdalinfo` makes of a file, with a checksum of every band and overview. */
export function gdalinfo(path: string, ...more: string[]): GdalInfo {
  // gdalinfo prints bare nan, which JSON has not.
  const text = execFileSync('gdalinfo', ['-json', '-checksum', ...more, path], { encoding: 'utf8' });
  return JSON.parse(text.replace(/:\s*nan\b/g, ':"NaN"'));
}

export function gdal(program: 'gdal_translate' | 'gdalwarp', ...args: string[]): void {
  execFileSync(program, ['-q', ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
}
