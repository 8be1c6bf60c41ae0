import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { type Grid, TILE_SIZE, tilesOf } from '../core/grid.ts';
import type { Rpc } from '../core/rpc.ts';
import { orthoGrid } from '../geometry/ortho.ts';
import { footprint, parseRpc } from '../geometry/rpc.ts';
import { type Dtype, openRaster, type RasterInfo } from '../ingest/geotiff.ts';
import { type GroundSource, openGround } from '../ingest/ground.ts';
import { blockRules, type CogProfile } from '../write/cog-file.ts';
import { openCog } from '../write/cog-writer.ts';
import type { CogDtype } from '../write/pyramid.ts';
import { openSpool } from '../write/spool.ts';
import { type OrthoBlock, type OrthoPlan, openOrthoWorker, type Placement } from './ortho-work.ts';
import { eachWindow, openWindowThreads } from './window-threads.ts';

export interface OrthoFileOptions {
  /** File of the camera model; left out, the one inside the image. */
  readonly rpc: string | undefined;
  readonly pixelCentre: 0 | 0.5;
  readonly ground: GroundSource;
  readonly epsg: number;
  /** Pixel size in metres. */
  readonly gsd: number;
  readonly out: string;
  readonly compress: 'deflate' | 'zstd';
  readonly version: string;
  /** Threads to work in; left out, as many as the machine has cores. */
  readonly threads: number | undefined;
  readonly onPixels?: (done: number, total: number) => void;
}

export interface OrthoFile {
  readonly file: string;
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  readonly epsg: number;
}

/** Types that a COG is written in, for those that an image may be stored in; what has more digits is rounded to float32. */
const WRITTEN_AS: Readonly<Partial<Record<Dtype, CogDtype>>> = {
  uint8: 'uint8',
  uint16: 'uint16',
  int16: 'int16',
  int8: 'int16',
};

/**
 * Orthorectifies an image with a camera model: `OUT`, a COG of all its bands on a north-up grid, bilinear. Windows of the
 * result go through threads, each reads what lies under it. Same bytes whatever the number of threads. Throws E_RPC_INVALID,
 * E_OUTSIDE_IMAGE when the terrain model lies elsewhere, and what reading and writing throw.
 */
export async function orthoFile(file: string, options: OrthoFileOptions): Promise<OrthoFile> {
  const { info, rpc, grid } = await planOrtho(file, options);
  const place = { kind: 'rpc', rpc, ground: options.ground } as const;
  return await layFile(info, place, grid, { ...options, metadata: { GROUND: groundName(options.ground) } });
}

export interface LayOptions {
  readonly out: string;
  readonly compress: 'deflate' | 'zstd';
  readonly version: string;
  readonly threads: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;
  readonly onPixels?: (done: number, total: number) => void;
}

/** All bands of an image, laid on a grid as a COG by a camera model or from another grid; see orthoFile. */
export async function layFile(
  info: RasterInfo,
  place: Placement,
  grid: Grid & { readonly epsg: number },
  options: LayOptions,
): Promise<OrthoFile> {
  const dtype = WRITTEN_AS[info.dtype] ?? 'float32';
  const empty = info.nodata ?? (dtype === 'float32' ? Number.NaN : 0);
  const profile: CogProfile = {
    grid,
    dtype,
    bands: info.bands.map((band, i) => ({
      description: band.description ?? `band ${i + 1}`,
      ...(band.scale === null ? {} : { scale: band.scale }),
      ...(band.offset === null ? {} : { offset: band.offset }),
    })),
    nodata: empty,
    compress: options.compress,
    resampling: 'average',
    metadata: { SOFTWARE: `heitu ${options.version}`, ...options.metadata },
  };
  const plan: OrthoPlan = { file: info.file, place, grid, dtype, empty, rules: blockRules(profile) };
  const windows = tilesOf(grid, stepsFor(info) * TILE_SIZE);
  const count = Math.min(options.threads ?? availableParallelism(), windows.length);
  const worker =
    count === 1
      ? await openOrthoWorker(plan)
      : openWindowThreads<readonly OrthoBlock[]>(THREAD, plan, count, plan.file);
  const spool = openSpool(options.out, SPOOL_LIMIT);
  try {
    const writer = openCog(options.out, profile, { spool, encode: (planes) => worker.encode(planes) });
    let pixels = 0;
    const { width, height, epsg } = grid;
    await eachWindow(windows, worker, count, async (blocks, window) => {
      await Promise.all(blocks.map(({ at, ...block }) => writer.putEncoded(at, block)));
      pixels += window.width * window.height;
      options.onPixels?.(pixels, width * height);
    });
    const { bytes } = await writer.finish();
    return { file: options.out, bytes, width, height, epsg };
  } finally {
    await worker.close();
    await spool.close();
  }
}

const THREAD = new URL('./ortho-thread.ts', import.meta.url);

/** Compressed blocks kept in memory until the overviews are complete; more goes to the disk. */
const SPOOL_LIMIT = 256 * 2 ** 20;

async function planOrtho(file: string, options: OrthoFileOptions) {
  const raster = await openRaster(file);
  try {
    raster.checkWhole();
    const { info } = raster;
    const rpc = await modelFor(info, options);
    const grounds = await groundsUnder(rpc, info, options.ground);
    return { info, rpc, grid: orthoGrid(rpc, info, options.gsd, options.epsg, grounds) };
  } finally {
    await raster.close();
  }
}

async function modelFor(info: RasterInfo, { rpc, pixelCentre }: OrthoFileOptions): Promise<Rpc> {
  if (rpc !== undefined) {
    const text = await readFile(rpc, 'latin1').catch((cause: unknown) => {
      throw new HeituError('E_FILE_MISSING', { what: rpc, cause });
    });
    return parseRpc(text, rpc, pixelCentre);
  }
  if (info.rpc === null) {
    throw new HeituError('E_RPC_INVALID', {
      where: info.file,
      what: 'there is none inside, and --rpc names none',
    });
  }
  return { ...info.rpc, pixelCentre };
}

/** Parts a side in which a terrain model is looked through, so that a fine one need not fit into memory. */
const PARTS = 8;

/** The least and the largest height under an image, which its outline depends on. */
async function groundsUnder(rpc: Rpc, info: RasterInfo, source: GroundSource): Promise<number[]> {
  if (source.kind === 'height') return [source.metres];
  const { heightOffset, heightScale } = rpc;
  const range = [heightOffset - heightScale, heightOffset + heightScale];
  const [west, south, east, north] = footprint(rpc, info.width, info.height, range);
  const [stepX, stepY] = [(east - west) / PARTS, (south - north) / PARTS];
  let [least, largest] = [Infinity, -Infinity];
  const terrain = await openGround(source);
  try {
    for (let i = 0; i < PARTS * PARTS; i++) {
      const [x, y] = [west + (i % PARTS) * stepX, north + Math.floor(i / PARTS) * stepY];
      const part = { width: 1, height: 1, transform: [x, stepX, 0, y, 0, stepY], epsg: 4326 } as const;
      const ground = await terrain.under(part);
      for (const value of typeof ground === 'number' ? [ground] : ground.values) {
        // NaN is neither.
        if (value < least) least = value;
        if (value > largest) largest = value;
      }
    }
  } finally {
    await terrain.close();
  }
  if (!(largest >= least)) {
    throw new HeituError('E_OUTSIDE_IMAGE', {
      where: basename(source.file),
      what: `the image lies between ${west.toFixed(2)},${south.toFixed(2)} and ${east.toFixed(2)},${north.toFixed(2)}`,
    });
  }
  return [least, largest];
}

function groundName(ground: GroundSource): string {
  if (ground.kind === 'height') return `${ground.metres} m above the ellipsoid`;
  const geoid = typeof ground.geoid === 'number' ? `${ground.geoid} m` : basename(ground.geoid);
  return `${basename(ground.file)} + ${geoid}`;
}

/** Blocks a side of a window: enough that little of the raw image is read twice. */
const USUAL_STEP = 2;
/** Blocks of compressed images are decoded whole; strips are as wide as the image. */
const STRIP_STEP = 4;

function stepsFor({ compression, block, width }: RasterInfo): number {
  return compression !== 'none' && block[0] === width && width > 2 * TILE_SIZE ? STRIP_STEP : USUAL_STEP;
}
