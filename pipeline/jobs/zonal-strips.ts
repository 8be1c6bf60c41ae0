import { transformer } from '../core/crs.ts';
import type { Grid, Window } from '../core/grid.ts';
import { makeArray, openRaster, type RasterFile, type TypedArray } from '../ingest/geotiff.ts';
import {
  addCentres,
  addCover,
  addRing,
  type Cover,
  coveredArea,
  type PixelPolygon,
  pixelPolygon,
  toPixelRing,
} from '../zones/coverage.ts';
import {
  addGathered,
  clearGathered,
  type Gathered,
  gatherWindow,
  measureWindow,
  newGathered,
  type Scaling,
} from '../zones/gather.ts';
import { type Accumulated, type StatisticId, type StatisticRow, statisticRow } from '../zones/statistics.ts';
import { accumulateGroups, accumulateList, clearShare } from '../zones/summarise.ts';
import {
  addPiece,
  type Countable,
  newTally,
  type Patch,
  type Tally,
  type TallyPiece,
  takeGroups,
  takePiece,
  tallyWindow,
} from '../zones/tally.ts';

export type CoverageRule = 'exact' | 'center';

/** Polygons of a file as flat arrays in shared memory, so that threads need no copies. */
export interface PlaceTable {
  readonly count: number;
  /** x and y in turn, rings closed: in their file's CRS until they are located, then pixels. */
  readonly coords: Float64Array;
  /** First vertex of every ring, and one more; first ring of every place, and one more. */
  readonly ringStart: Uint32Array;
  readonly placeStart: Uint32Array;
  readonly isHole: Uint8Array;
  /** How a ring's area counts, 1 or −1, from its direction and whether it is a hole; known when it is located. */
  readonly signs: Int8Array;
  /** First and last (exclusive) column and row a place reaches over, whether inside the grid or not; NaN without area. */
  readonly boxes: Float64Array;
  /** Square pixels, inside the grid or not. */
  readonly areas: Float64Array;
}

/** What is to be done, the same for every thread. */
export interface ZonalJob {
  readonly raster: string;
  readonly grid: Grid;
  /** 1-based. */
  readonly band: number;
  readonly rule: CoverageRule;
  readonly statistics: readonly StatisticId[];
  readonly wantsClasses: boolean;
  /** Rows that are read at a time: a row of blocks, or several flat ones. */
  readonly stripHeight: number;
  readonly places: PlaceTable;
  /** CRS of the places' vertices until they are located. */
  readonly placesEpsg: number;
  /** A row a place: touches (1 or 0), pixel count, clear fraction, then the statistics; written by whoever completes it. */
  readonly results: Float64Array;
}

/** Columns of a row of results before the statistics. */
export const FACTS = 3;

/** Values under one place with Σw of each, and of all. */
export interface PlaceClasses {
  readonly place: number;
  readonly values: Float64Array;
  readonly weights: Float64Array;
  readonly total: number;
}

/** What one run of rows knows of a place that also reaches into others. */
export interface Piece {
  readonly tally: TallyPiece | null;
  readonly gathered: Gathered | null;
  /** What the place covers by its exact outline where the rule is another one. */
  readonly outline: Cover;
}

/** What a band of strips leaves behind besides the results of the places that are complete. */
export interface BandResult {
  readonly pieces: readonly { readonly place: number; readonly piece: Piece }[];
  readonly classes: readonly PlaceClasses[];
}

/** One thread's hands: an open raster and room to work in. */
export interface StripWorker {
  /** Statistics of the places over the strips `from` to `to` (exclusive). */
  readonly band: (from: number, to: number) => Promise<BandResult>;
  /** Completes a place from the pieces of several bands, top to bottom. */
  readonly complete: (place: number, pieces: readonly Piece[]) => PlaceClasses | null;
  readonly close: () => Promise<void>;
}

/** Moves the places `from` to `to` (exclusive) onto the grid: their vertices, boxes and areas. */
export function locate({ places, placesEpsg, grid }: ZonalJob, from: number, to: number): void {
  const { coords, ringStart, placeStart, signs, boxes, areas } = places;
  const firstVertex = ringStart[placeStart[from]!]!;
  const endVertex = ringStart[placeStart[to]!]!;
  if (grid.epsg === null) throw new RangeError('a grid without CRS');
  if (grid.epsg !== placesEpsg) {
    const toGrid = transformer(placesEpsg, grid.epsg);
    for (let v = firstVertex; v < endVertex; v++) {
      const [x, y] = toGrid(coords[2 * v]!, coords[2 * v + 1]!);
      coords[2 * v] = x;
      coords[2 * v + 1] = y;
    }
  }
  toPixelRing(coords.subarray(2 * firstVertex, 2 * endVertex), grid);
  for (let place = from; place < to; place++) {
    const polygon = polygonOf(places, place);
    const { col, row, width, height } = polygon?.box ?? NOWHERE;
    boxes.set([col, row, col + width, row + height], 4 * place);
    areas[place] = polygon?.area ?? 0;
    for (const [i, { sign }] of (polygon?.rings ?? []).entries()) signs[placeStart[place]! + i] = sign;
  }
}

const NOWHERE: Window = { col: Number.NaN, row: Number.NaN, width: 0, height: 0 };

function polygonOf(
  { coords, ringStart, placeStart, isHole }: PlaceTable,
  place: number,
): PixelPolygon | null {
  const parts: { ring: Float64Array; isHole: boolean }[] = [];
  for (let ring = placeStart[place]!; ring < placeStart[place + 1]!; ring++) {
    parts.push({
      ring: coords.subarray(2 * ringStart[ring]!, 2 * ringStart[ring + 1]!),
      isHole: isHole[ring] === 1,
    });
  }
  return pixelPolygon(parts);
}

/** The part of a place's box inside the grid and some rows; null when there is none. */
export function windowIn(
  places: PlaceTable,
  place: number,
  grid: Grid,
  top: number,
  bottom: number,
): Window | null {
  const { boxes } = places;
  const col = Math.max(boxes[4 * place]!, 0);
  const row = Math.max(boxes[4 * place + 1]!, top);
  const right = Math.min(boxes[4 * place + 2]!, grid.width);
  const end = Math.min(boxes[4 * place + 3]!, bottom);
  return right > col && end > row ? { col, row, width: right - col, height: end - row } : null;
}

/** Opens the raster; `blocking` for a thread that has nothing else to do than to work on it. */
export async function openStripWorker(job: ZonalJob, { blocking = false } = {}): Promise<StripWorker> {
  const file = await openRaster(job.raster, { blocking });
  const work = newWork(job, file);
  return {
    band: (from, to) => runBand(work, from, to),
    complete: (place, pieces) => {
      for (const piece of pieces) addToCurrent(work, piece);
      return complete(work, place);
    },
    close: () => file.close(),
  };
}

/** The room one thread works in; one place at a time is the current one. */
interface Work {
  readonly job: ZonalJob;
  readonly file: RasterFile;
  readonly scaling: Scaling;
  readonly signed: boolean;
  /** For numbers of at most 16 bits; others are gathered. */
  readonly tally: Tally | null;
  readonly rows: readonly StatisticRow[];
  readonly wantsGroups: boolean;
  /** Memory of strips that are done. */
  readonly spare: TypedArray[];
  /** Pixels of a place that lie in several tiles. */
  scratch: TypedArray;
  gathered: Gathered;
  outline: Cover;
  /** Zero between uses. */
  sums: Float64Array;
}

function newWork(job: ZonalJob, file: RasterFile): Work {
  const { dtype, nodata, bands } = file.info;
  const { scale, offset } = bands[job.band - 1]!;
  const rows = job.statistics.map(statisticRow);
  return {
    job,
    file,
    scaling: { nodata: nodata ?? Number.NaN, scale: scale ?? 1, offset: offset ?? 0 },
    signed: dtype === 'int8' || dtype === 'int16',
    tally: /^u?int(8|16)$/.test(dtype) ? newTally() : null,
    rows,
    wantsGroups: job.wantsClasses || rows.some(({ groups }) => groups),
    spare: [],
    scratch: makeArray(dtype, 1 << 16),
    gathered: newGathered(),
    outline: { whole: 0, parts: 0, units: 0 },
    sums: new Float64Array(1 << 16),
  };
}

async function runBand(work: Work, from: number, to: number): Promise<BandResult> {
  const { job } = work;
  const { grid, places, stripHeight } = job;
  const [bandTop, bandBottom] = [from * stripHeight, Math.min(to * stripHeight, grid.height)];
  const members: number[][] = Array.from({ length: to - from }, () => []);
  for (let place = 0; place < places.count; place++) {
    const window = windowIn(places, place, grid, bandTop, bandBottom);
    if (window === null) continue;
    const first = Math.floor(window.row / stripHeight);
    const last = Math.floor((window.row + window.height - 1) / stripHeight);
    for (let strip = first; strip <= last; strip++) members[strip - from]!.push(place);
  }
  // Places that lie in one tile come one after the other, while it is in the processor's cache.
  const tileOf = (place: number) => Math.max(0, Math.floor(places.boxes[4 * place]! / TILE));
  for (const list of members) list.sort((a, b) => tileOf(a) - tileOf(b) || a - b);
  const pending = new Map<number, Piece[]>();
  const classes: PlaceClasses[] = [];
  const pieces: { place: number; piece: Piece }[] = [];
  const read = (strip: number) => (strip < to ? readStrip(work, strip, members[strip - from]!) : null);
  let previous: Strip | null = null;
  let next = read(from);
  for (let strip = from; strip < to; strip++) {
    const rows: Strip = (await next)!;
    // The next rows are decoded while these are counted.
    next = read(strip + 1);
    next?.catch(() => undefined);
    const [top, bottom] = [strip * stripHeight, Math.min((strip + 1) * stripHeight, grid.height)];
    for (const place of members[strip - from]!) {
      const starts = Math.max(places.boxes[4 * place + 1]!, 0);
      const ends = Math.min(places.boxes[4 * place + 3]!, grid.height);
      if (starts >= bandTop && ends <= bottom) {
        // A place that began in the rows before was left for now: most places are no higher than that.
        if (starts < top && starts >= top - stripHeight) addRows(work, place, previous!);
        const above = pending.get(place);
        if (above !== undefined) {
          for (const piece of above) addToCurrent(work, piece);
          pending.delete(place);
        }
        addRows(work, place, rows);
        const found = complete(work, place);
        if (found !== null) classes.push(found);
      } else if (starts < bandTop || ends > bottom + stripHeight || strip + 1 === to || starts < top) {
        addRows(work, place, rows);
        const piece = takeCurrent(work);
        const above = pending.get(place);
        if (above === undefined) pending.set(place, [piece]);
        else above.push(piece);
      }
    }
    if (previous !== null) work.spare.push(previous.memory);
    previous = rows;
  }
  if (previous !== null) work.spare.push(previous.memory);
  for (const [place, list] of pending) for (const piece of list) pieces.push({ place, piece });
  return { pieces, classes };
}

/** Columns of a tile. */
const TILE = 512;

/** The pixels that the places of a strip lie on, decoded once, in tiles: a place lies in one or two of them. */
interface Strip {
  readonly top: number;
  readonly bottom: number;
  /** Tiles from left to right; what no place lies on was not read. */
  readonly tiles: readonly Patch<TypedArray>[];
  readonly memory: TypedArray;
}

async function readStrip(work: Work, strip: number, members: readonly number[]): Promise<Strip> {
  const { job, file, spare } = work;
  const { grid, places, stripHeight, band } = job;
  const [top, bottom] = [strip * stripHeight, Math.min((strip + 1) * stripHeight, grid.height)];
  const height = bottom - top;
  const memory = spare.pop() ?? makeArray(file.info.dtype, grid.width * stripHeight);
  const tiles: Patch<TypedArray>[] = [];
  for (let col = 0; col < grid.width; col += TILE) {
    const width = Math.min(TILE, grid.width - col);
    tiles.push({ data: memory.subarray(col * height, (col + width) * height), col, row: top, width });
  }
  const step = file.info.block[0];
  const columns = new Uint8Array(Math.ceil(grid.width / step));
  for (const place of members) {
    const { col, width } = windowIn(places, place, grid, top, bottom)!;
    columns.fill(1, Math.floor(col / step), Math.ceil((col + width) / step));
  }
  for (let from = columns.indexOf(1); from >= 0; ) {
    const gap = columns.indexOf(0, from);
    const to = gap < 0 ? columns.length : gap;
    const left = from * step;
    const window = { col: left, row: top, width: Math.min(to * step, grid.width) - left, height };
    await file.eachRow([band], window, (_, row, col, { samples, start, stride }, count) => {
      for (let done = 0; done < count; ) {
        const at = left + col + done;
        const tile = tiles[Math.floor(at / TILE)]!;
        const n = Math.min(count - done, tile.col + tile.width - at);
        const into = row * tile.width + at - tile.col;
        const first = start + done * stride;
        if (stride === 1) tile.data.set(samples.subarray(first, first + n), into);
        else for (let i = 0; i < n; i++) tile.data[into + i] = samples[first + i * stride]!;
        done += n;
      }
    });
    from = columns.indexOf(1, to);
  }
  return { top, bottom, tiles, memory };
}

/** The pixels of a window of a strip, in one piece. */
function patchOf(work: Work, { tiles }: Strip, window: Window): Patch<TypedArray> {
  const first = tiles[Math.floor(window.col / TILE)]!;
  const right = window.col + window.width;
  if (right <= first.col + first.width) return first;
  const cells = window.width * window.height;
  if (work.scratch.length < cells) work.scratch = makeArray(work.file.info.dtype, 2 * cells);
  const data = work.scratch;
  for (let t = first.col / TILE; t < tiles.length && tiles[t]!.col < right; t++) {
    const tile = tiles[t]!;
    const from = Math.max(window.col, tile.col);
    const to = Math.min(right, tile.col + tile.width);
    for (let row = 0; row < window.height; row++) {
      const at = (window.row + row - tile.row) * tile.width - tile.col;
      const into = row * window.width - window.col;
      for (let col = from; col < to; col++) data[into + col] = tile.data[at + col]!;
    }
  }
  return { data, col: window.col, row: window.row, width: window.width };
}

/** Adds the rows of a strip to the current place. */
function addRows(work: Work, place: number, strip: Strip): void {
  const { job, tally, scaling } = work;
  const { coords, ringStart, placeStart, signs } = job.places;
  const window = windowIn(job.places, place, job.grid, strip.top, strip.bottom)!;
  const patch = patchOf(work, strip, window);
  const cells = window.width * window.height;
  if (work.sums.length < cells) work.sums = new Float64Array(2 * cells);
  const { sums } = work;
  for (let ring = placeStart[place]!; ring < placeStart[place + 1]!; ring++)
    addRing(sums, window, signs[ring]!, coords, 2 * ringStart[ring]!, 2 * ringStart[ring + 1]!);
  if (job.rule === 'center') {
    measureWindow(work.outline, sums, window);
    addCentres(sums, window, polygonOf(job.places, place)!);
  }
  if (tally === null) gatherWindow(work.gathered, sums, window, patch, scaling);
  // Only bands of at most 16 bits have a tally.
  else tallyWindow(tally, sums, window, patch as Patch<Countable>, scaling.nodata);
}

/** Puts the current place aside. */
function takeCurrent(work: Work): Piece {
  const { tally, gathered, outline } = work;
  work.outline = { whole: 0, parts: 0, units: 0 };
  if (tally !== null) return { tally: takePiece(tally), gathered: null, outline };
  work.gathered = newGathered();
  return { tally: null, gathered, outline };
}

function addToCurrent(work: Work, { tally, gathered, outline }: Piece): void {
  if (tally !== null && work.tally !== null) addPiece(work.tally, tally);
  if (gathered !== null) addGathered(work.gathered, gathered);
  addCover(work.outline, outline);
}

/** Writes the results of the current place, which is all there; what classes it has where they were asked for. */
function complete(work: Work, place: number): PlaceClasses | null {
  const { job, scaling, rows } = work;
  const { wantsClasses, places, grid, results } = job;
  const cover = { ...(work.tally ?? work.gathered).cover };
  const outline = job.rule === 'center' ? work.outline : cover;
  let accumulated: Accumulated;
  if (work.tally !== null) {
    const groups = takeGroups(work.tally, work.signed, scaling.scale, scaling.offset);
    accumulated = accumulateGroups(groups, cover.whole + cover.parts);
  } else {
    accumulated = accumulateList(work.gathered.list, cover.whole + cover.parts, work.wantsGroups);
    clearGathered(work.gathered);
  }
  const inside = insideShare(places, place, grid, outline);
  const at = place * (FACTS + rows.length);
  results[at] = coveredArea(outline) > 0 ? 1 : 0;
  results[at + 1] = accumulated.count;
  results[at + 2] = clearShare(accumulated, coveredArea(cover), inside);
  for (let i = 0; i < rows.length; i++)
    results[at + FACTS + i] = accumulated.count > 0 ? rows[i]!.of(accumulated) : Number.NaN;
  work.outline = { whole: 0, parts: 0, units: 0 };
  if (!wantsClasses) return null;
  const { size, values, weights } = accumulated.groups;
  return { place, values: values.slice(0, size), weights: weights.slice(0, size), total: accumulated.weight };
}

/** Share of a place that lies inside the grid. */
function insideShare({ boxes, areas }: PlaceTable, place: number, grid: Grid, outline: Cover): number {
  const isLeftIn = boxes[4 * place]! >= 0 && boxes[4 * place + 1]! >= 0;
  const isRightIn = boxes[4 * place + 2]! <= grid.width && boxes[4 * place + 3]! <= grid.height;
  return isLeftIn && isRightIn ? 1 : Math.min(1, coveredArea(outline) / areas[place]!);
}
