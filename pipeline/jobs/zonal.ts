import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { openRaster, placedGrid, type RasterInfo } from '../ingest/geotiff.ts';
import { CLASS_STATISTICS, type ClassStatisticId, type StatisticId } from '../zones/statistics.ts';
import { areaOf, type PlaceFeature, readVectorFile } from '../zones/vector.ts';
import {
  type CoverageRule,
  FACTS,
  openStripWorker,
  type Piece,
  type PlaceClasses,
  type PlaceTable,
  windowIn,
  type ZonalJob,
} from './zonal-strips.ts';
import { openZonalThreads, type ZonalThreads } from './zonal-threads.ts';

/** How a pixel counts: by the exact share of it that is covered, or wholly when its centre is inside. */
export const COVERAGE_RULES: readonly CoverageRule[] = ['exact', 'center'];

export interface ZonalOptions {
  readonly statistics: readonly StatisticId[];
  /** Statistics with one number a class, for class rasters. */
  readonly classes?: readonly ClassStatisticId[];
  readonly rule: CoverageRule;
  /** 1-based. */
  readonly band: number;
  readonly id: string | undefined;
  /** CRS of a raster that does not name its own. */
  readonly epsg: number | undefined;
  /** Threads at work; all cores when left out. Results do not depend on it. */
  readonly threads?: number | undefined;
  /** Rows read at a time, for tests; results do not depend on it. */
  readonly stripHeight?: number;
  readonly onPart?: (done: number, total: number) => void;
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
  /** A number a class for every class statistic: `{ frac: { '1': 0.25, '3': 0.75 } }`. */
  readonly classes: Readonly<Partial<Record<ClassStatisticId, Readonly<Record<string, number>>>>>;
}

/**
 * Statistics of a raster band over every polygon of a file, in the raster's own units and grid; no database. Every
 * block of the raster that a polygon touches is decoded once, and no more of it is in memory than two rows of blocks
 * a thread. The same file gives the same bits, whatever its tiles and however many threads.
 */
export async function zonalOfFile(
  raster: string,
  vector: string,
  options: ZonalOptions,
): Promise<{ rows: ZonalRow[]; refused: readonly HeituError[] }> {
  const file = await openRaster(raster);
  await file.close();
  const { info } = file;
  const grid = placedGrid(info, raster, options.epsg);
  if (options.band > info.bandCount) {
    throw new HeituError('E_BAND_MISSING', {
      what: `number ${options.band}`,
      where: `${info.bandCount} bands in ${basename(raster)}`,
    });
  }
  // Threads start while the polygons are read.
  const threads = openZonalThreads(threadsFor(info, options.threads));
  try {
    const { epsg, features, findings } = await readVectorFile(vector, { id: options.id, name: undefined });
    const places = placeTable(features);
    const job: ZonalJob = {
      raster,
      grid,
      band: options.band,
      rule: options.rule,
      statistics: options.statistics,
      wantsClasses: (options.classes ?? []).length > 0,
      stripHeight: options.stripHeight ?? stripHeightOf(info),
      places,
      placesEpsg: epsg,
      results: sharedDoubles(features.length * (FACTS + options.statistics.length)),
    };
    const classes = await runJob(job, threads, options.onPart ?? (() => undefined));
    const rows = features.map((feature, i) => rowOf(job, feature, i, options, classes.get(i)));
    if (rows.length > 0 && rows.every((row) => !row.touches)) {
      throw new HeituError('E_OUTSIDE_IMAGE', {
        where: basename(vector),
        what: `none of ${rows.length} shapes touches ${basename(raster)}`,
      });
    }
    return { rows, refused: findings };
  } finally {
    await threads.close();
  }
}

/** Rasters of fewer pixels are done before a thread has started. */
const WORTH_A_THREAD = 2 ** 22;

function threadsFor(info: RasterInfo, wanted: number | undefined): number {
  if (wanted !== undefined) return wanted;
  return info.width * info.height < WORTH_A_THREAD ? 1 : availableParallelism();
}

/** Flat blocks are read several at a time; uncompressed ones of any height by the row. */
function stripHeightOf({ block, compression }: RasterInfo): number {
  const [, height] = block;
  if (compression === 'none') return 512;
  return height >= 256 ? height : height * Math.ceil(256 / height);
}

function sharedDoubles(length: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * length));
}

function placeTable(features: readonly PlaceFeature[]): PlaceTable {
  let [ringCount, vertexCount] = [0, 0];
  for (const { stored } of features) {
    for (const rings of stored) {
      ringCount += rings.length;
      for (const positions of rings) vertexCount += positions.length;
    }
  }
  const indices = (length: number) => new Uint32Array(new SharedArrayBuffer(4 * length));
  const table: PlaceTable = {
    count: features.length,
    coords: sharedDoubles(2 * vertexCount),
    ringStart: indices(ringCount + 1),
    placeStart: indices(features.length + 1),
    isHole: new Uint8Array(new SharedArrayBuffer(ringCount)),
    signs: new Int8Array(new SharedArrayBuffer(ringCount)),
    boxes: sharedDoubles(4 * features.length),
    areas: sharedDoubles(features.length),
  };
  let [ring, vertex] = [0, 0];
  for (const [place, { stored }] of features.entries()) {
    for (const rings of stored) {
      for (const [i, positions] of rings.entries()) {
        table.isHole[ring] = i > 0 ? 1 : 0;
        for (let k = 0; k < positions.length; k++, vertex++) {
          table.coords[2 * vertex] = positions[k]![0]!;
          table.coords[2 * vertex + 1] = positions[k]![1]!;
        }
        ring += 1;
        table.ringStart[ring] = vertex;
      }
    }
    table.placeStart[place + 1] = ring;
  }
  return table;
}

/** Fills the results of a job; returns the classes of each place where they were asked for. */
async function runJob(
  job: ZonalJob,
  threads: ZonalThreads,
  onPart: (done: number, total: number) => void,
): Promise<ReadonlyMap<number, PlaceClasses>> {
  const { count } = job.places;
  const share = Math.ceil(count / threads.count);
  const shares = Array.from({ length: threads.count }, (_, i) => Math.min(i * share, count));
  await Promise.all(shares.map((from) => threads.locate(job, from, Math.min(from + share, count))));
  const bands = bandsOf(job, threads.count);
  let done = 0;
  const results = await Promise.all(
    bands.map(async ([from, to]) => {
      const result = await threads.band(job, from, to);
      onPart(++done, bands.length);
      return result;
    }),
  );
  const classes = new Map<number, PlaceClasses>();
  const pieces = new Map<number, Piece[]>();
  for (const result of results) {
    for (const found of result.classes) classes.set(found.place, found);
    for (const { place, piece } of result.pieces) {
      const above = pieces.get(place);
      if (above === undefined) pieces.set(place, [piece]);
      else above.push(piece);
    }
  }
  if (pieces.size === 0) return classes;
  const worker = await openStripWorker(job);
  try {
    for (const [place, list] of pieces) {
      const found = worker.complete(place, list);
      if (found !== null) classes.set(place, found);
    }
  } finally {
    await worker.close();
  }
  return classes;
}

/** Bands a thread gets, one after the other, so that nobody waits long for the last. */
const BANDS_A_THREAD = 3;

/** Runs of strips that are about the same work, top to bottom; strips that no place touches are in none at the ends. */
function bandsOf({ places, grid, stripHeight }: ZonalJob, threads: number): [from: number, to: number][] {
  const strips = Math.ceil(grid.height / stripHeight);
  const work = new Float64Array(strips);
  for (let place = 0; place < places.count; place++) {
    const window = windowIn(places, place, grid, 0, grid.height);
    if (window === null) continue;
    const first = Math.floor(window.row / stripHeight);
    const last = Math.floor((window.row + window.height - 1) / stripHeight);
    for (let strip = first; strip <= last; strip++)
      work[strip]! += (window.width * window.height) / (last - first + 1);
  }
  const total = work.reduce((sum, x) => sum + x, 0);
  const count = threads === 1 ? 1 : threads * BANDS_A_THREAD;
  const bands: [number, number][] = [];
  let [from, sum] = [0, 0];
  for (let strip = 0; strip < strips; strip++) {
    sum += work[strip]!;
    if (sum === 0) from = strip + 1;
    if (sum < total / count && strip + 1 < strips) continue;
    if (sum > 0) bands.push([from, strip + 1]);
    [from, sum] = [strip + 1, 0];
  }
  return bands;
}

function rowOf(
  { results, places }: ZonalJob,
  feature: PlaceFeature,
  place: number,
  { statistics, classes = [] }: ZonalOptions,
  found: PlaceClasses | undefined,
): ZonalRow {
  const at = place * (FACTS + statistics.length);
  const pixelCount = results[at + 1]!;
  const some = pixelCount > 0;
  const pixelArea = classes.includes('area') ? areaOf(feature.polygon) / places.areas[place]! : Number.NaN;
  return {
    feature,
    touches: results[at] === 1,
    pixelCount,
    clearFraction: results[at + 2]!,
    values: Object.fromEntries(statistics.map((id, i) => [id, some ? results[at + FACTS + i]! : null])),
    classes: Object.fromEntries(
      classes.map((id) => [id, found === undefined ? {} : numbersOf(id, found, pixelArea)]),
    ),
  };
}

function numbersOf(id: ClassStatisticId, found: PlaceClasses, pixelArea: number): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [i, value] of found.values.entries()) {
    numbers[String(value)] = CLASS_STATISTICS[id].of(found.weights[i]!, found.total, pixelArea);
  }
  return numbers;
}
