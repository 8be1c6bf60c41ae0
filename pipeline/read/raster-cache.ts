import { stat } from 'node:fs/promises';
import { isKnownCrs, transformBbox } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { type Bbox, bounds, type Grid } from '../core/grid.ts';
import {
  type Dtype,
  gridOf,
  openRaster,
  type RasterFile,
  storedAs,
  type TypedArray,
} from '../ingest/geotiff.ts';
import { checkFile, type RecordedFile } from './recorded-file.ts';

/** A raster to read: a path, or a file that is checked against what was recorded of it when it is first opened. */
export type RasterSource = string | RecordedFile;

/** An open raster that lies somewhere known, as the readers of this folder use it. */
export interface PlacedRaster {
  /** Different for every opening, so that blocks of a replaced file are never taken for its own. */
  readonly id: number;
  readonly file: RasterFile;
  readonly grid: Grid & { readonly epsg: number };
  /** Extent in Web Mercator metres (EPSG:3857). */
  readonly mercator: Bbox;
  /** Stored value that means nodata, or null. */
  readonly empty: number | null;
}

/** Edge in pixels of the squares that are read and remembered; the block size of the COGs we write. */
export const CACHE_BLOCK = 512;

const MOST_OPEN_FILES = 64;
const MOST_BLOCK_BYTES = 128 * 2 ** 20;

interface Entry {
  readonly identity: string;
  readonly raster: Promise<PlacedRaster>;
  users: number;
  isRetired: boolean;
}

/** Maps keep insertion order: what was used last is moved to the end, so the first is the one to go. */
const entries = new Map<string, Entry>();
const blocks = new Map<string, { readonly arrays: Promise<TypedArray[]>; readonly bytes: number }>();
let blockBytes = 0;
let openings = 0;

/**
 * Runs `use` with an open raster, which stays open for the next caller. A file that was replaced (other inode, time or
 * size) is opened anew. Throws what openRaster throws, E_CRS_UNKNOWN when the file does not say where it lies, and
 * E_FILE_CHANGED for a recorded file that is not what it was: not a pixel of it is handed out then.
 */
export async function withRaster<T>(
  source: RasterSource,
  use: (raster: PlacedRaster) => Promise<T>,
): Promise<T> {
  const entry = await acquire(source);
  try {
    return await use(await entry.raster);
  } finally {
    entry.users--;
    await closeWhenUnused(entry);
  }
}

/** The given bands of one cached square of a level; the arrays are shared: do not write into them. */
export function readBlock(
  raster: PlacedRaster,
  level: number,
  across: number,
  down: number,
  bands: readonly number[],
): Promise<TypedArray[]> {
  const key = `${raster.id}/${level}/${across}/${down}/${bands.join()}`;
  const known = blocks.get(key);
  if (known !== undefined) {
    blocks.delete(key);
    blocks.set(key, known);
    return known.arrays;
  }
  const size = levelSize(raster, level);
  const window = {
    col: across * CACHE_BLOCK,
    row: down * CACHE_BLOCK,
    width: Math.min(CACHE_BLOCK, size.width - across * CACHE_BLOCK),
    height: Math.min(CACHE_BLOCK, size.height - down * CACHE_BLOCK),
  };
  const arrays = raster.file.read(bands, window, level);
  const bytes = window.width * window.height * bands.length * bytesOf(raster.file.info.dtype);
  blocks.set(key, { arrays, bytes });
  blockBytes += bytes;
  arrays.catch(() => forgetBlock(key));
  for (const oldest of blocks.keys()) {
    if (blockBytes <= MOST_BLOCK_BYTES || oldest === key) break;
    forgetBlock(oldest);
  }
  return arrays;
}

/** Bytes of one pixel in memory, where half floats are widened. */
function bytesOf(dtype: Dtype): number {
  const bits = Number(/\d+$/.exec(dtype)?.[0] ?? 64);
  return dtype === 'float16' ? 4 : bits / 8;
}

/** Size in pixels of a level; 0 is the full image. */
export function levelSize({ file }: PlacedRaster, level: number): { width: number; height: number } {
  return level === 0 ? file.info : file.info.overviews[level - 1]!;
}

/** Closes all files, those in use when their readers are done, and forgets all blocks, e.g. before the process ends. */
export async function closeRasters(): Promise<void> {
  for (const key of [...blocks.keys()]) forgetBlock(key);
  await Promise.all([...entries.keys()].map(retire));
}

/** Files that were found damaged, by path, and as what: to find it out again would take reading all of them. */
const damaged = new Map<string, { readonly identity: string; readonly error: HeituError }>();
const MOST_DAMAGED = 1000;

async function acquire(source: RasterSource): Promise<Entry> {
  const path = typeof source === 'string' ? source : source.path;
  const recorded = typeof source === 'string' ? null : source;
  const identity = `${await identityOf(path)} ${recorded?.sha256 ?? ''}`;
  const known = entries.get(path);
  if (known !== undefined && known.identity === identity) {
    entries.delete(path);
    entries.set(path, known);
    known.users++;
    return known;
  }
  if (known !== undefined) void retire(path);
  const trouble = damaged.get(path);
  if (trouble?.identity === identity) throw trouble.error;
  const entry: Entry = { identity, raster: openPlaced(path, recorded), users: 1, isRetired: false };
  entries.set(path, entry);
  // A file that cannot be opened now may be there later.
  entry.raster.catch((error: unknown) => {
    if (entries.get(path) === entry) entries.delete(path);
    if (!(error instanceof HeituError && error.code === 'E_FILE_CHANGED')) return;
    if (damaged.size >= MOST_DAMAGED) damaged.clear();
    damaged.set(path, { identity, error });
  });
  for (const oldest of entries.keys()) {
    if (entries.size <= MOST_OPEN_FILES) break;
    void retire(oldest);
  }
  return entry;
}

async function identityOf(path: string): Promise<string> {
  try {
    const { ino, mtimeNs, size } = await stat(path, { bigint: true });
    return `${ino} ${mtimeNs} ${size}`;
  } catch (error) {
    throw new HeituError('E_FILE_MISSING', { what: path, cause: error });
  }
}

async function openPlaced(path: string, recorded: RecordedFile | null): Promise<PlacedRaster> {
  if (recorded !== null) await checkFile(recorded);
  const file = await openRaster(path);
  try {
    const grid = gridOf(file.info);
    const { epsg } = grid;
    if (!isKnownCrs(epsg)) {
      const what = epsg === null ? (file.info.crsName ?? 'none is named') : `EPSG:${epsg}`;
      throw new HeituError('E_CRS_UNKNOWN', { where: path, what });
    }
    openings++;
    return {
      id: openings,
      file,
      grid: { ...grid, epsg },
      mercator: transformBbox(bounds(grid), epsg, 3857),
      empty: storedAs(file.info.dtype, file.info.nodata),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function retire(path: string): Promise<void> {
  const entry = entries.get(path);
  if (entry === undefined) return;
  entries.delete(path);
  entry.isRetired = true;
  await closeWhenUnused(entry);
}

/** Opening that failed is the business of whoever asked; a file only read from has nothing to lose by a failing close. */
async function closeWhenUnused(entry: Entry): Promise<void> {
  if (!entry.isRetired || entry.users > 0) return;
  await entry.raster.then(({ file }) => file.close()).catch(() => undefined);
}

function forgetBlock(key: string): void {
  const block = blocks.get(key);
  if (block === undefined) return;
  blocks.delete(key);
  blockBytes -= block.bytes;
}
