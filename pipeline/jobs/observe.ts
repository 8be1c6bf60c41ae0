import type { Grid, Window } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { Instant } from '../core/time.ts';
import { NODATA_COUNT } from '../indices/compute.ts';
import { INDICES } from '../indices/table.ts';
import { INDEX_PRODUCTS, INNER, type IndexProductId, type IndexProductRow } from '../products/table.ts';
import type { ObservationRow } from '../store/run.ts';
import {
  addCoverage,
  coveredArea,
  type MultiPolygonCoords,
  type PixelPolygon,
  toPixels,
} from '../zones/coverage.ts';
import { addInner, type InnerSum, innerRuns, newInnerSum } from '../zones/inner.ts';
import type { StatisticId } from '../zones/statistics.ts';
import { accumulateGroups, summaryOf } from '../zones/summarise.ts';
import {
  addPiece,
  newTally,
  type Tally,
  type TallyPiece,
  takeGroups,
  takePiece,
  tallyWindow,
} from '../zones/tally.ts';

/** A parcel or stand as a shape on the analysis grid's CRS. */
export interface PlaceShape {
  readonly id: string;
  readonly polygon: MultiPolygonCoords;
}

/** Whole rows of a scene on the analysis grid. */
export interface SceneRows {
  readonly top: number;
  readonly height: number;
  /** Stored counts of each product, −32768 where a flag excludes the pixel. */
  readonly counts: ReadonlyMap<IndexProductId, Int16Array>;
  readonly quality: Uint16Array;
}

/** Takes a scene's rows as they are computed, top to bottom, and says in the end what every place looked like. */
export interface Observer {
  readonly add: (rows: SceneRows) => void;
  /** One row a statistic, in product units, places in their order; one under the product's minimum clear share is `insufficient`. */
  readonly finish: () => ObservationRow[];
}

/** A place that has begun and not ended: one piece for each product and run of rows. */
interface Open {
  readonly pieces: TallyPiece[][];
  readonly inner: InnerSum[];
  isSeen: boolean;
}

/**
 * Exact-coverage statistics of every product over every place that touches the scene, with no more of the scene in
 * memory than the rows that are handed over. Counted in whole numbers: how the rows are cut changes no bit.
 */
export function observePlaces(
  places: readonly PlaceShape[],
  scene: { grid: Grid; products: readonly IndexProductId[]; datetime: Instant },
): Observer {
  const { grid, products } = scene;
  const polygons = places.map(({ polygon }) => toPixels(polygon, grid));
  const order = startingFrom(polygons, grid);
  const open = new Map<number, Open>();
  const found = new Map<number, ObservationRow[]>();
  const tallies = products.map(() => newTally());
  const keepsInner = products.some((id) => rowOf(id).statistics.includes(INNER));
  let room = { sums: new Float64Array(1 << 14), copy: new Float64Array(1 << 14) };
  let next = 0;

  const addTo = (place: number, rows: SceneRows) => {
    const polygon = polygons[place]!;
    const window = rowsOf(polygon, grid, rows.top, rows.top + rows.height);
    if (window === null) return;
    const one = open.get(place) ?? {
      pieces: products.map(() => []),
      inner: products.map(newInnerSum),
      isSeen: false,
    };
    open.set(place, one);
    const size = window.width * window.height;
    if (room.sums.length < size)
      room = { sums: new Float64Array(2 * size), copy: new Float64Array(2 * size) };
    const { sums, copy } = room;
    addCoverage(sums, window, polygon);
    one.isSeen ||= seesImage(sums, window, rows, grid.width);
    const runs = keepsInner ? innerRuns(window, polygon) : null;
    for (const [i, product] of products.entries()) {
      // Counting takes the sums out as it goes.
      copy.set(sums.subarray(0, size));
      const patch = { data: rows.counts.get(product)!, col: 0, row: rows.top, width: grid.width };
      tallyWindow(tallies[i]!, copy, window, patch, NODATA_COUNT);
      one.pieces[i]!.push(takePiece(tallies[i]!));
      if (runs !== null)
        addInner(one.inner[i]!, runs, window, patch.data, { top: rows.top, width: grid.width }, NODATA_COUNT);
    }
    sums.fill(0, 0, size);
  };

  const close = (place: number) => {
    const { pieces, inner, isSeen } = open.get(place)!;
    open.delete(place);
    // The image's own edge is no cloud: a place that lies outside the image has not been looked at.
    if (!isSeen) return;
    const polygon = polygons[place]!;
    const rows = products.flatMap((product, i) => {
      for (const piece of pieces[i]!) addPiece(tallies[i]!, piece);
      return rowsFor(places[place]!.id, product, tallies[i]!, inner[i]!, polygon, scene);
    });
    found.set(place, rows);
  };

  return {
    add: (rows) => {
      const bottom = rows.top + rows.height;
      for (; next < order.length && topOf(polygons[order[next]!]!) < bottom; next++)
        addTo(order[next]!, rows);
      for (const place of [...open.keys()]) {
        const { row, height } = polygons[place]!.box;
        if (topOf(polygons[place]!) < rows.top) addTo(place, rows);
        if (row + height <= bottom || bottom === grid.height) close(place);
      }
    },
    finish: () => [...found.keys()].sort((a, b) => a - b).flatMap((place) => found.get(place)!),
  };
}

/** Places that touch the grid, by the row they begin in. */
function startingFrom(polygons: readonly (PixelPolygon | null)[], grid: Grid): number[] {
  const touching = [...polygons.keys()].filter((i) => {
    const polygon = polygons[i];
    return polygon != null && rowsOf(polygon, grid, 0, grid.height) !== null;
  });
  return touching.sort((a, b) => topOf(polygons[a]!) - topOf(polygons[b]!) || a - b);
}

/** First row of the grid that a polygon can touch. */
function topOf(polygon: PixelPolygon | null): number {
  return Math.max(0, polygon!.box.row);
}

/** The part of a polygon's box inside the grid and some rows; null when there is none. */
function rowsOf({ box }: PixelPolygon, grid: Grid, top: number, bottom: number): Window | null {
  const col = Math.max(0, box.col);
  const row = Math.max(top, box.row);
  const width = Math.min(grid.width, box.col + box.width) - col;
  const height = Math.min(bottom, box.row + box.height) - row;
  return width > 0 && height > 0 ? { col, row, width, height } : null;
}

/** True when some covered pixel was imaged, clear or not. */
function seesImage(sums: Float64Array, window: Window, rows: SceneRows, width: number): boolean {
  for (let r = 0; r < window.height; r++) {
    const at = (window.row - rows.top + r) * width + window.col;
    let running = 0;
    for (let c = 0; c < window.width; c++) {
      running += sums[r * window.width + c]!;
      if (running > 0 && (rows.quality[at + c]! & QUALITY.NODATA.bit) === 0) return true;
    }
  }
  return false;
}

function rowsFor(
  placeId: string,
  product: IndexProductId,
  tally: Tally,
  inner: InnerSum,
  polygon: PixelPolygon,
  { datetime }: { datetime: Instant },
): ObservationRow[] {
  const row = rowOf(product);
  const cover = { ...tally.cover };
  const groups = takeGroups(tally, true, INDICES[row.from.index].scale, 0);
  const accumulated = accumulateGroups(groups, cover.whole + cover.parts);
  const inside = Math.min(1, coveredArea(cover) / polygon.area);
  const zonal = row.statistics.filter((one): one is StatisticId => one !== INNER);
  const summary = summaryOf(accumulated, coveredArea(cover), inside, zonal);
  const scale = INDICES[row.from.index].scale;
  return row.statistics.map((statistic) => {
    const { value, pixelCount, clearFraction } =
      statistic === INNER
        ? {
            value: (inner.sum * scale) / inner.clear,
            pixelCount: inner.clear,
            clearFraction: inner.cells === 0 ? 0 : (inside * inner.clear) / inner.cells,
          }
        : { ...summary, value: summary.values[statistic]! };
    const sufficient = pixelCount > 0 && clearFraction >= row.minimumClear;
    return {
      placeId,
      product,
      datetime,
      statistic,
      status: sufficient ? ('ok' as const) : ('insufficient' as const),
      value: sufficient ? round(value) : null,
      low: null,
      high: null,
      pixelCount,
      clearFraction: round(clearFraction),
    };
  });
}

/** The row of a product, as the type that all share. */
function rowOf(id: IndexProductId): IndexProductRow {
  return INDEX_PRODUCTS[id];
}

/** Six decimals: far below what a count resolves, and short in the database and on the wire. */
function round(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
