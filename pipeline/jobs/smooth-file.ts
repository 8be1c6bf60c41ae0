import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { type Grid, TILE_SIZE, tilesOf } from '../core/grid.ts';
import { openRaster, placedGrid, type RasterInfo } from '../ingest/geotiff.ts';
import { axisOver, type DayAxis, dateOf, dayNumber, daysOf } from '../series/axis.ts';
import { SMOOTHERS, type SmootherId, type SmootherParameters } from '../series/smooth.ts';
import { blockRules, type CogProfile } from '../write/cog-file.ts';
import { openCog } from '../write/cog-writer.ts';
import { openSpool } from '../write/spool.ts';
import { openSmoothWorker, type SmoothBlock, type SmoothPlan } from './smooth-work.ts';
import { eachWindow, openWindowThreads } from './window-threads.ts';

export interface SmoothFileOptions {
  /** File with the date of every band: JSON list, or a date a line (CSV). */
  readonly dates: string;
  /** Mask with a band a date, not 0 where it is cloudy. */
  readonly clouds: string | undefined;
  readonly method: SmootherId;
  /** Stiffness of Whittaker's method; left out, its own. */
  readonly lambda: number | undefined;
  readonly envelope: number | undefined;
  /** Days from one band of the result to the next. */
  readonly step: number;
  /** First and last day wanted; left out, those of the dates. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly maxGap: number;
  readonly out: string;
  readonly epsg: number | undefined;
  readonly compress: 'deflate' | 'zstd';
  readonly version: string;
  /** Threads to work in; left out, as many as there are cores and blocks, and as their blocks fit into memory. */
  readonly threads: number | undefined;
  readonly onPixels?: (done: number, total: number) => void;
}

export interface SmoothFile {
  readonly file: string;
  readonly bytes: number;
  readonly method: SmootherId;
  readonly parameters: SmootherParameters[SmootherId];
  readonly maxGap: number;
  /** Dates of the bands. */
  readonly dates: readonly string[];
  /** Share of the values that are there; the others lie in gaps. */
  readonly validFraction: number;
}

/** Most bytes that blocks in work may take, all threads together. */
const WORK_BYTES = 2 ** 30;

/** Compressed blocks kept in memory until the overviews are complete; more goes to the disk. */
const SPOOL_LIMIT = 256 * 2 ** 20;

/** Rows that are smoothed at a time, where the file's own blocks are no higher. */
const USUAL_ROWS = 64;

const THREAD = new URL('./smooth-thread.ts', import.meta.url);

/**
 * Smooths a raster whose bands are dates onto a regular grid of days: `OUT`, a COG with a band a day, named by its date, NaN
 * in gaps. Blocks go through threads. Same bytes whatever the number of threads. Throws E_PARAMETER_INVALID when there are
 * not as many dates as bands, and what reading and writing throw.
 */
export async function smoothFile(file: string, options: SmoothFileOptions): Promise<SmoothFile> {
  const { plan, profile, grid } = await planSmooth(file, options);
  const windows = tilesOf(grid, TILE_SIZE);
  const count = Math.min(threadsFor(plan, options.threads), windows.length);
  const worker =
    count === 1
      ? await openSmoothWorker(plan)
      : openWindowThreads<SmoothBlock>(THREAD, plan, count, plan.file);
  const spool = openSpool(options.out, SPOOL_LIMIT);
  try {
    const writer = openCog(options.out, profile, { spool, encode: (planes) => worker.encode(planes) });
    let [pixels, valid] = [0, 0];
    await eachWindow(windows, worker, count, async ({ at, ...block }, { width, height }) => {
      await writer.putEncoded(at, block);
      valid += block.valid;
      pixels += width * height;
      options.onPixels?.(pixels, grid.width * grid.height);
    });
    const { bytes } = await writer.finish();
    const { method, parameters, maxGap, axis } = plan;
    const validFraction = valid / (grid.width * grid.height * axis.count);
    const dates = [...daysOf(axis)].map(dateOf);
    return { file: options.out, bytes, method, parameters, maxGap, dates, validFraction };
  } finally {
    await worker.close();
    await spool.close();
  }
}

function threadsFor({ days, axis, clouds, rows }: SmoothPlan, asked: number | undefined): number {
  const read = TILE_SIZE * rows * days.length * (clouds === null ? 1 : 2);
  // A block is held as planes, once more with its bands side by side, and half of it as an overview.
  const made = TILE_SIZE * TILE_SIZE * axis.count * 2.25;
  const most = Math.max(1, Math.floor(WORK_BYTES / (4 * (read + made))));
  return Math.min(asked ?? availableParallelism(), most);
}

async function planSmooth(file: string, options: SmoothFileOptions) {
  const days = await readDays(options.dates);
  const { info, grid } = await lookAt(file, days.length, options.epsg);
  if (options.clouds !== undefined) {
    const mask = await lookAt(options.clouds, days.length, options.epsg);
    if (mask.grid.width !== grid.width || mask.grid.height !== grid.height) {
      throw new HeituError('E_GRID_MISMATCH', {
        where: `${basename(file)}, ${basename(options.clouds)}`,
        what: `${grid.width} × ${grid.height} and ${mask.grid.width} × ${mask.grid.height}`,
      });
    }
  }
  const axis = axisFor(days, options);
  const parameters = parametersFor(options);
  const dates = [...daysOf(axis)].map(dateOf);
  const profile: CogProfile = {
    grid,
    dtype: 'float32',
    bands: dates.map((description) => ({ description })),
    nodata: Number.NaN,
    compress: options.compress,
    resampling: 'average',
    metadata: {
      SOFTWARE: `heitu ${options.version}`,
      SMOOTHER: options.method,
      PARAMETERS: JSON.stringify(parameters),
      MAX_GAP_DAYS: String(options.maxGap),
      OBSERVED: [...new Set(days)]
        .sort((a, b) => a - b)
        .map(dateOf)
        .join(' '),
    },
  };
  const plan: SmoothPlan = {
    file,
    clouds: options.clouds ?? null,
    days,
    axis,
    method: options.method,
    parameters,
    maxGap: options.maxGap,
    rows: Math.min(TILE_SIZE, Math.max(USUAL_ROWS, info.block[1])),
    rules: blockRules(profile),
  };
  return { plan, profile, grid };
}

/** A raster with a band a date, and where it lies. */
async function lookAt(
  path: string,
  dates: number,
  epsg: number | undefined,
): Promise<{ info: RasterInfo; grid: Grid }> {
  const raster = await openRaster(path);
  try {
    raster.checkWhole();
    const { info } = raster;
    if (info.bandCount !== dates) {
      throw new HeituError('E_PARAMETER_INVALID', {
        where: '--dates',
        what: `${dates} dates for the ${info.bandCount} bands of ${basename(path)}`,
      });
    }
    return { info, grid: placedGrid(info, path, epsg) };
  } finally {
    await raster.close();
  }
}

function axisFor(days: readonly number[], { from, to, step }: SmoothFileOptions): DayAxis {
  const first = from === undefined ? Math.min(...days) : dayNumber(from);
  const last = to === undefined ? Math.max(...days) : dayNumber(to);
  if (last <= first) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--from, --to',
      what: `${dateOf(first)} to ${dateOf(last)}`,
    });
  }
  return axisOver(first, last, step);
}

function parametersFor({
  method,
  lambda,
  envelope,
  step,
}: SmoothFileOptions): SmootherParameters[SmootherId] {
  const defaults = SMOOTHERS[method].defaults(step);
  if (lambda === undefined && envelope === undefined) return defaults;
  if (method !== 'whittaker') {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--lambda, --envelope',
      what: `${method} has none; they are whittaker's`,
    });
  }
  return {
    ...defaults,
    ...(lambda === undefined ? {} : { lambda }),
    ...(envelope === undefined ? {} : { envelope }),
  };
}

/** The dates of the bands, in their order. Throws E_FILE_MISSING, or E_PARAMETER_INVALID for a line that holds no date. */
async function readDays(path: string): Promise<number[]> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new HeituError('E_FILE_MISSING', { what: path, cause });
  });
  const [head = '', ...rest] = text
    .split(/[\r\n]+|(?<="),/)
    .map((line) => line.trim())
    .filter((line) => !/^[[\]]?$/.test(line));
  // A table may say in its first line what its columns are.
  const lines = dateIn(head) === null ? rest : [head, ...rest];
  if (lines.length === 0)
    throw new HeituError('E_PARAMETER_INVALID', { where: basename(path), what: 'no date in it' });
  return lines.map((line) => {
    const date = dateIn(line);
    if (date === null) {
      throw new HeituError('E_PARAMETER_INVALID', {
        where: basename(path),
        what: `${line.slice(0, 40)}, expected a date such as 2023-08-15`,
      });
    }
    return dayNumber(date);
  });
}

function dateIn(line: string): string | null {
  return /\d{4}-\d{2}-\d{2}/.exec(line)?.[0] ?? null;
}
