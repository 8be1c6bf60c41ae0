import type { Grid } from '../core/grid.ts';
import { isClear, QUALITY } from '../core/quality.ts';
import type { Instant } from '../core/time.ts';
import { INDICES } from '../indices/table.ts';
import { PRODUCTS, type ProductId, type ProductRow } from '../products/table.ts';
import type { ObservationRow } from '../store/run.ts';
import { type Coverage, coverage, type MultiPolygonCoords } from '../zones/coverage.ts';
import type { StatisticId } from '../zones/statistics.ts';
import { summarise } from '../zones/summarise.ts';

/** A parcel or stand as a shape on the analysis grid's CRS. */
export interface PlaceShape {
  readonly id: string;
  readonly polygon: MultiPolygonCoords;
}

/** What one scene shows, on the analysis grid. */
export interface SceneRasters {
  readonly grid: Grid;
  readonly counts: ReadonlyMap<ProductId, Int16Array>;
  readonly quality: Uint16Array;
  readonly datetime: Instant;
}

/** Stored count that means "no value". */
const NODATA = -32768;

/**
 * Exact-coverage statistics of every product over every place that touches the scene: one row a statistic, in product
 * units. A place under the product's minimum clear share is `insufficient` and has no value.
 */
export function observePlaces(places: readonly PlaceShape[], rasters: SceneRasters): ObservationRow[] {
  const rows: ObservationRow[] = [];
  for (const place of places) {
    const cover = coverage(place.polygon, rasters.grid);
    if (cover === null) continue;
    for (const [product, counts] of rasters.counts)
      rows.push(...observePlace(place.id, product, counts, cover, rasters));
  }
  return rows;
}

function observePlace(
  placeId: string,
  product: ProductId,
  counts: Int16Array,
  cover: Coverage,
  rasters: SceneRasters,
): ObservationRow[] {
  const row: ProductRow = PRODUCTS[product];
  const { scale } = INDICES[row.from.index];
  const { values, valid } = window(counts, cover, rasters);
  const summary = summarise(values, valid, cover, row.statistics);
  // The image's own edge is no cloud: a place that mostly lies outside the image has not been looked at.
  if (summary.pixelCount === 0 && summary.clearFraction === 0 && !touchesImage(cover, rasters)) return [];
  const sufficient = summary.pixelCount > 0 && summary.clearFraction >= row.minimumClear;
  return row.statistics.map((statistic: StatisticId) => ({
    placeId,
    product,
    datetime: rasters.datetime,
    statistic,
    status: sufficient ? ('ok' as const) : ('insufficient' as const),
    value: sufficient ? round(summary.values[statistic]! * scale) : null,
    low: null,
    high: null,
    pixelCount: summary.pixelCount,
    clearFraction: round(summary.clearFraction),
  }));
}

/** The counts under a place and whether each may be used. */
function window(
  counts: Int16Array,
  cover: Coverage,
  rasters: SceneRasters,
): { values: Float64Array; valid: Uint8Array } {
  const { col, row, width, height } = cover.window;
  const values = new Float64Array(width * height);
  const valid = new Uint8Array(width * height);
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      const at = (row + r) * rasters.grid.width + col + c;
      const count = counts[at]!;
      values[r * width + c] = count;
      valid[r * width + c] = count !== NODATA && isClear(rasters.quality[at]!) ? 1 : 0;
    }
  }
  return { values, valid };
}

function touchesImage(cover: Coverage, rasters: SceneRasters): boolean {
  const { col, row, width, height } = cover.window;
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) {
      if (
        cover.fraction[r * width + c]! > 0 &&
        (rasters.quality[(row + r) * rasters.grid.width + col + c]! & QUALITY.NODATA.bit) === 0
      )
        return true;
    }
  }
  return false;
}

/** Six decimals: far below what a count resolves, and short in the database and on the wire. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
