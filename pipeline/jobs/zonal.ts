import { basename } from 'node:path';
import { transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { clampWindow, type Grid, type Window } from '../core/grid.ts';
import { placedGrid } from '../ingest/door.ts';
import { openRaster, type RasterFile } from '../ingest/geotiff.ts';
import { type Coverage, centerMask, coverage, type MultiPolygonCoords } from '../zones/coverage.ts';
import type { StatisticId } from '../zones/statistics.ts';
import { summarise } from '../zones/summarise.ts';
import { type PlaceFeature, readVectorFile } from '../zones/vector.ts';

/** How a pixel counts: by the exact share of it that is covered, or wholly when its centre is inside. */
export const COVERAGE_RULES = { exact: coverage, center: centerMask } as const;

export type CoverageRule = keyof typeof COVERAGE_RULES;

export interface ZonalOptions {
  readonly statistics: readonly StatisticId[];
  readonly rule: CoverageRule;
  /** 1-based. */
  readonly band: number;
  readonly id: string | undefined;
  /** CRS of a raster that does not name its own. */
  readonly epsg: number | undefined;
  readonly onPlace?: (done: number, total: number) => void;
}

/** Statistics of one place; values are null where no usable pixel lies in it. */
export interface ZonalRow {
  readonly feature: PlaceFeature;
  /** False when the polygon lies wholly outside the raster. */
  readonly touches: boolean;
  readonly pixelCount: number;
  /** Share of the polygon's area over pixels with a value; what lies outside the image counts as not clear. */
  readonly clearFraction: number;
  readonly values: Readonly<Partial<Record<StatisticId, number | null>>>;
}

/** Statistics of a raster band over every polygon of a file, in the raster's own units and grid; no database. */
export async function zonalOfFile(
  raster: string,
  vector: string,
  options: ZonalOptions,
): Promise<{ rows: ZonalRow[]; refused: readonly HeituError[] }> {
  const file = await openRaster(raster);
  try {
    const grid = placedGrid(file.info, raster, options.epsg);
    if (options.band > file.info.bandCount) {
      throw new HeituError('E_BAND_MISSING', {
        what: `number ${options.band}`,
        where: `${file.info.bandCount} bands in ${basename(raster)}`,
      });
    }
    const { features, findings } = await readVectorFile(vector, { id: options.id, name: undefined });
    const toGrid = transformer(4326, grid.epsg);
    const rows: ZonalRow[] = [];
    for (const [i, feature] of features.entries()) {
      const polygon = feature.polygon.map((rings) =>
        rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!))),
      );
      rows.push(await zonalOfPlace(file, grid, feature, polygon, options));
      options.onPlace?.(i + 1, features.length);
    }
    if (rows.length > 0 && rows.every((row) => !row.touches)) {
      throw new HeituError('E_OUTSIDE_IMAGE', {
        where: basename(vector),
        what: `none of ${rows.length} shapes touches ${basename(raster)}`,
      });
    }
    return { rows, refused: findings };
  } finally {
    await file.close();
  }
}

async function zonalOfPlace(
  file: RasterFile,
  grid: Grid,
  feature: PlaceFeature,
  polygon: MultiPolygonCoords,
  options: ZonalOptions,
): Promise<ZonalRow> {
  const cover = COVERAGE_RULES[options.rule](polygon, grid);
  if (cover === null) {
    const values = Object.fromEntries(options.statistics.map((id) => [id, null]));
    return { feature, pixelCount: 0, clearFraction: 0, values, touches: false };
  }
  const { values, valid } = await readValues(file, grid, options.band, cover);
  const summary = summarise(values, valid, cover, options.statistics);
  const some = summary.pixelCount > 0;
  return {
    feature,
    pixelCount: summary.pixelCount,
    clearFraction: summary.clearFraction,
    values: Object.fromEntries(options.statistics.map((id) => [id, some ? summary.values[id]! : null])),
    touches: true,
  };
}

/** Values of a window in physical units (the file's own scale and offset applied), and which of them are values. */
async function readValues(
  file: RasterFile,
  grid: Grid,
  band: number,
  cover: Coverage,
): Promise<{ values: Float64Array; valid: Uint8Array }> {
  const window: Window | null = clampWindow(grid, cover.window);
  const n = cover.window.width * cover.window.height;
  const values = new Float64Array(n);
  const valid = new Uint8Array(n);
  if (window === null) return { values, valid };
  const [stored] = await file.read([band], window);
  const { nodata, bands } = file.info;
  const { scale, offset } = bands[band - 1]!;
  for (let i = 0; i < n; i++) {
    const value = Number(stored![i]);
    if (!Number.isFinite(value) || value === nodata) continue;
    values[i] = value * (scale ?? 1) + (offset ?? 0);
    valid[i] = 1;
  }
  return { values, valid };
}
