import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { reflectanceOf } from '../calibrate/calibration.ts';
import { sameCrsKeys } from '../core/crs-keys.ts';
import { HeituError } from '../core/error.ts';
import { finer, type Grid, latticeOffset, TILE_SIZE, type Window } from '../core/grid.ts';
import { isClear } from '../core/quality.ts';
import { saturationOf } from '../core/scene.ts';
import { type StoredIndex, storedIndex } from '../indices/stored.ts';
import type { IndexId } from '../indices/table.ts';
import {
  type Dtype,
  type OwnPlace,
  openRaster,
  ownPlace,
  type RasterFile,
  type RasterInfo,
  storedAs,
} from '../ingest/geotiff.ts';
import type { BackendName } from '../kernels/backend.ts';
import type { Conversion } from '../kernels/convert.ts';
import type { CellMask } from '../mask/apply.ts';
import { BANDS, type BandCode, isBandCode } from '../sensors/bands.ts';
import { blockRules, type CogProfile } from '../write/cog-file.ts';
import { type BlockEncoder, openCog } from '../write/cog-writer.ts';
import { openSpool } from '../write/spool.ts';
import type { CalibratedImage } from './calibrate.ts';
import {
  type HiddenCells,
  type IndexPlan,
  openIndexWorker,
  type PlannedBand,
  type WindowDone,
} from './index-work.ts';
import { eachWindow, openWindowThreads } from './window-threads.ts';

/** Where a band is: a file and a 1-based band number in it. */
export interface BandSource {
  readonly file: string;
  readonly number: number;
}

export interface IndexFileOptions {
  readonly bands: ReadonlyMap<BandCode, BandSource>;
  readonly indices: readonly IndexId[];
  /** Indices that a person wrote down, beside those of the table. */
  readonly expressions?: readonly StoredIndex[];
  readonly stem: string;
  readonly out: string;
  /** `reflectance = scale * stored + offset`; left out, the file's own scale, else a convention by dtype. */
  readonly scale: number | undefined;
  readonly offset: number | undefined;
  /** CRS of files that do not name their own. */
  readonly epsg: number | undefined;
  /** Place a file that has only ground control points by the transform that fits them best. */
  readonly gcps?: boolean;
  /** How a delivery's numbers become reflectance; then scale and offset are not asked. */
  readonly calibrated?: CalibratedImage;
  /** What hides the ground, in cells that begin at the image's first pixel or before it. */
  readonly mask?: CellMask;
  readonly compress: 'deflate' | 'zstd';
  readonly backend: BackendName;
  readonly version: string;
  /** Threads to work in; left out, as many as the machine has cores and the image is worth. */
  readonly threads: number | undefined;
  readonly onPixels?: (done: number, total: number) => void;
}

export interface IndexFile {
  readonly index: string;
  readonly file: string;
  readonly bytes: number;
  readonly validFraction: number;
}

/** Reflectance per stored count where neither file nor person says: what most products of that dtype use. */
const CONVENTION: Readonly<Partial<Record<Dtype, number>>> = {
  uint8: 1 / 255,
  uint16: 0.0001,
  int16: 0.0001,
};

/**
 * `B=1,G=2,R=3,N=4` (band numbers of `file`) or `N=nir.tif,R=red.tif` (band 1 of each), by ASI code or STAC common name.
 * Throws E_PARAMETER_INVALID for what cannot be read.
 */
export function parseBands(text: string, file: string | null): Map<BandCode, BandSource> {
  const bands = new Map<BandCode, BandSource>();
  for (const part of text.split(',')) {
    const [name = '', target = ''] = part.split('=', 2).map((item) => item.trim());
    const code = bandCode(name);
    const refuse = (what: string) => new HeituError('E_PARAMETER_INVALID', { where: '--bands', what });
    if (code === null) throw refuse(`${part}: no band ${name}; known are ${Object.keys(BANDS).join(', ')}`);
    if (target === '') throw refuse(`${part}: write it as N=4 or N=nir.tif`);
    if (bands.has(code)) throw refuse(`${name} is given twice`);
    if (/^\d+$/.test(target)) {
      if (file === null) throw refuse(`${part}: a band number needs a file to count in`);
      if (Number(target) < 1) throw refuse(`${part}: bands count from 1`);
      bands.set(code, { file, number: Number(target) });
    } else bands.set(code, { file: target, number: 1 });
  }
  return bands;
}

/** Bands a file names itself: a word of the band's description is an ASI code or common name (`B08 nir`). */
export function namedBands(
  file: string,
  descriptions: readonly (string | null)[],
): Map<BandCode, BandSource> {
  const bands = new Map<BandCode, BandSource>();
  for (const [i, description] of descriptions.entries()) {
    const codes = (description ?? '').split(/\s+/).map(bandCode);
    const code = codes.find((one) => one !== null) ?? null;
    if (code !== null && !bands.has(code)) bands.set(code, { file, number: i + 1 });
  }
  return bands;
}

function bandCode(name: string): BandCode | null {
  if (isBandCode(name)) return name;
  const found = (Object.keys(BANDS) as BandCode[]).find((code) => BANDS[code].common === name.toLowerCase());
  return found ?? null;
}

/**
 * Computes indices of one image without a database: `OUT/<stem>_<INDEX>.tif`, a COG each. The image is read and decoded
 * once; windows of it go through threads and come back as encoded blocks. Same bytes whatever the number of threads.
 */
export async function indexFile(options: IndexFileOptions): Promise<IndexFile[]> {
  const { out, stem } = options;
  const { plan, place, steps } = await planIndices(options);
  const { grid } = place;
  const windows = windowsOf(grid, steps);
  const most = steps.inOrder ? 1 : threadsFor(options.threads, grid, steps, plan.bands.length);
  const count = Math.min(most, windows.length);
  const worker =
    count === 1
      ? await openIndexWorker(plan)
      : openWindowThreads<WindowDone>(THREAD, plan, count, plan.files[0]!);
  const spool = openSpool(join(out, stem), SPOOL_LIMIT);
  try {
    const encode: BlockEncoder = (planes) => worker.encode(planes);
    const { indices } = plan;
    const path = (id: string) => join(out, `${stem}_${id}.tif`);
    const writers = indices.map((row) =>
      openCog(path(row.id), indexProfile(row, place, options), { spool, encode }),
    );
    const valid = indices.map(() => 0);
    const backends = new Set<BackendName>();
    let pixels = 0;
    await eachWindow(windows, worker, count, async ({ blocks, backend }, { width, height }) => {
      backends.add(backend);
      await Promise.all(blocks.map(({ index, at, ...block }) => writers[index]!.putEncoded(at, block)));
      for (const block of blocks) valid[block.index]! += block.valid;
      pixels += width * height;
      options.onPixels?.(pixels, grid.width * grid.height);
    });
    const metadata = { BACKEND: [...backends].sort().join(' ') };
    return await Promise.all(
      indices.map(async ({ id }, i) => {
        const { bytes } = await writers[i]!.finish({ metadata });
        return { index: id, file: path(id), bytes, validFraction: valid[i]! / (grid.width * grid.height) };
      }),
    );
  } finally {
    await worker.close();
    await spool.close();
  }
}

const THREAD = new URL('./index-thread.ts', import.meta.url);

/** Below this a thread costs more to start than it saves. */
const PIXELS_WORTH_A_THREAD = 2 ** 23;

/** What the windows that are worked on may take, as float32 numbers of all their bands. */
const WINDOW_BYTES = 2 ** 29;

/** As many threads as are asked for, or as there are cores and work for them; fewer where their windows would not fit. */
function threadsFor(asked: number | undefined, grid: Grid, steps: Steps, bands: number): number {
  const worth = Math.min(
    availableParallelism(),
    Math.ceil((grid.width * grid.height) / PIXELS_WORTH_A_THREAD),
  );
  const [width, height] = [steps.across * TILE_SIZE, steps.down * TILE_SIZE];
  const window = Math.min(width, grid.width) * Math.min(height, grid.height) * (bands + 1) * 4;
  return Math.max(1, Math.min(asked ?? worth, Math.floor(WINDOW_BYTES / window)));
}

/** Compressed blocks kept in memory until the overviews are complete; more goes to the disk. */
const SPOOL_LIMIT = 256 * 2 ** 20;

/** Opens the files to see what is in them: what every worker has to know, the grid, and the size of a window. */
async function planIndices(
  options: IndexFileOptions,
): Promise<{ plan: IndexPlan; place: OwnPlace; steps: Steps }> {
  const rows = [...options.indices.map(storedIndex), ...(options.expressions ?? [])];
  const needed = [...new Set(rows.flatMap((row) => row.bands))];
  const missing = needed.filter((name) => !options.bands.has(name));
  if (missing.length > 0) {
    throw new HeituError('E_BAND_MISSING', {
      what: missing.join(', '),
      where: [...options.bands.keys()].join(', ') || 'none named',
    });
  }
  const sources = new Map(needed.map((name) => [name, options.bands.get(name)!]));
  const files = await openAll(new Set([...sources.values()].map((source) => source.file)));
  try {
    for (const file of files.values()) file.checkWhole();
    const place = commonPlace(files, options);
    const paths = [...files.keys()];
    const bands = [...sources].map(([name, source]) =>
      planBand(name, source, files.get(source.file)!.info, paths.indexOf(source.file), options),
    );
    const rules = rows.map((row) => blockRules(indexProfile(row, place, options)));
    const hidden = options.mask === undefined ? null : hiddenCells(options.mask, place.grid);
    const plan = { files: paths, bands, indices: rows, rules, backend: options.backend, hidden };
    return { plan, place, steps: stepsFor([...files.values()].map((file) => file.info)) };
  } finally {
    for (const file of files.values()) await file.close();
  }
}

/** Where the image lies on the mask's cells, and which of those exclude their pixels: shared, so that threads need no copy. */
function hiddenCells(mask: CellMask, grid: Grid): HiddenCells {
  const offset = latticeOffset(finer(mask.grid, mask.pixels), grid);
  if (offset === null) throw new RangeError('the image does not lie on the cells of the mask');
  const cells = new Uint8Array(new SharedArrayBuffer(mask.quality.length));
  for (let i = 0; i < cells.length; i++) cells[i] = isClear(mask.quality[i]!) ? 0 : 1;
  return { cells, width: mask.grid.width, pixels: mask.pixels, ...offset };
}

function indexProfile(row: StoredIndex, place: OwnPlace, options: IndexFileOptions): CogProfile {
  const { grid, crsKeys, fitted } = place;
  return {
    grid,
    crsKeys,
    dtype: row.dtype,
    bands: [{ description: row.id, unit: '1', scale: row.scale, offset: 0 }],
    nodata: row.nodata,
    compress: options.compress,
    resampling: 'average',
    metadata: {
      SOFTWARE: `heitu ${options.version}`,
      FORMULA: row.formula,
      ...(fitted === null ? {} : { PLACED_BY: fitted }),
      ...(options.calibrated === undefined ? {} : calibrationItems(options.calibrated)),
      ...(options.mask === undefined ? {} : { MASK: 'cloud, shadow, snow; one date' }),
    },
  };
}

/** What a file says about how its numbers were calibrated. */
function calibrationItems({ scene, calibration, aerosol }: CalibratedImage): Record<string, string> {
  return {
    ACQUISITION_TIME: scene.datetime,
    SENSOR: scene.sensor,
    SCENE: scene.id,
    RADIOMETRY: scene.radiometry,
    REFLECTANCE: calibration.unit,
    ...(aerosol === null ? {} : { AOT550: aerosol.aot550.toFixed(3), AOT550_SOURCE: aerosol.source }),
    ...(scene.simulated ? { SIMULATED: 'true' } : {}),
  };
}

/** Size of a window in blocks. */
interface Steps {
  readonly across: number;
  readonly down: number;
  /** Blocks come row by row from their start, so that every thread would have to decode what is above its windows. */
  readonly inOrder: boolean;
}

/** Blocks side by side in a window: enough to make a message worth its while, few enough to stay in the cache. */
const USUAL_STEP = 2;
/** Of uncompressed files parts of rows are read, each with a call of its own: that should be worth its while, too. */
const PLAIN_STEP = 8;

/** Windows that follow the files' own blocks, so that none is decoded twice; of uncompressed ones any part can be read. */
function stepsFor(infos: readonly RasterInfo[]): Steps {
  const inOrder = infos.some((info) => info.sequential);
  const packed = infos.filter((info) => info.compression !== 'none' && !info.sequential);
  if (packed.length === 0) return { across: PLAIN_STEP, down: 1, inOrder };
  const blocks = (side: 0 | 1) => Math.max(...packed.map(({ block }) => Math.ceil(block[side] / TILE_SIZE)));
  return { across: Math.max(USUAL_STEP, blocks(0)), down: blocks(1), inOrder };
}

function windowsOf(grid: Grid, steps: Steps): Window[] {
  const windows: Window[] = [];
  const [width, height] = [steps.across * TILE_SIZE, steps.down * TILE_SIZE];
  for (let row = 0; row < grid.height; row += height) {
    for (let col = 0; col < grid.width; col += width) {
      windows.push({
        col,
        row,
        width: Math.min(width, grid.width - col),
        height: Math.min(height, grid.height - row),
      });
    }
  }
  return windows;
}

async function openAll(paths: ReadonlySet<string>): Promise<Map<string, RasterFile>> {
  const files = new Map<string, RasterFile>();
  try {
    for (const path of paths) files.set(path, await openRaster(path));
  } catch (error) {
    for (const file of files.values()) await file.close();
    throw error;
  }
  return files;
}

/** Bands from several files must lie on one grid. */
function commonPlace(files: ReadonlyMap<string, RasterFile>, options: IndexFileOptions): OwnPlace {
  const [first, ...others] = [...files].map(
    ([path, file]) => [path, ownPlace(file.info, path, options)] as const,
  );
  const [path, place] = first!;
  const { grid } = place;
  for (const [other, { grid: theirs, crsKeys }] of others) {
    const same =
      sameCrsKeys(crsKeys, place.crsKeys) &&
      theirs.width === grid.width &&
      theirs.height === grid.height &&
      theirs.epsg === grid.epsg &&
      theirs.transform.every(
        (value, i) => Math.abs(value - grid.transform[i]!) <= 1e-6 * Math.abs(grid.transform[1]),
      );
    if (!same)
      throw new HeituError('E_GRID_MISMATCH', {
        where: `${basename(path)}, ${basename(other)}`,
        what: `${grid.width} × ${grid.height} and ${theirs.width} × ${theirs.height}, or other position`,
      });
  }
  return place;
}

/** Reflectance outside is not physical (METHODS 3.1); slightly negative values over water and shadow are kept. */
export const PLAUSIBLE = { min: -0.02, max: 1.6 } as const;
/** Numbers that nobody has calibrated know no threshold but being numbers. */
const FINITE = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };

/** Where a band's numbers are and what they mean; throws E_BAND_MISSING for a number the file has no band for. */
export function planBand(
  name: BandCode,
  source: BandSource,
  info: RasterInfo,
  file: number,
  options: Pick<IndexFileOptions, 'scale' | 'offset' | 'calibrated'>,
): PlannedBand {
  const band = info.bands[source.number - 1];
  if (band === undefined) {
    throw new HeituError('E_BAND_MISSING', {
      what: `${name} (number ${source.number})`,
      where: `${info.bandCount} bands in ${basename(dirname(source.file))}/${basename(source.file)}`,
    });
  }
  if (options.calibrated !== undefined) {
    return { name, file, number: source.number, ...calibratedNumbers(name, info, options.calibrated) };
  }
  // Known to be reflectance when the person or the file says how numbers become it.
  const isStated =
    options.scale !== undefined || options.offset !== undefined || (band.scale !== null && band.scale !== 1);
  return {
    name,
    file,
    number: source.number,
    scale: options.scale ?? band.scale ?? CONVENTION[info.dtype] ?? 1,
    offset: options.offset ?? band.offset ?? 0,
    nodata: storedAs(info.dtype, info.nodata),
    ...(isStated ? PLAUSIBLE : FINITE),
  };
}

/** A calibrated band's numbers: those that saturate lie above the last that does not, and are no value. */
function calibratedNumbers(
  name: BandCode,
  info: RasterInfo,
  { scene, calibration }: CalibratedImage,
): Conversion {
  const band = calibration.bands.find((one) => one.name === name);
  if (band === undefined) throw new HeituError('E_BAND_MISSING', { what: name, where: scene.id });
  const saturated = saturationOf(scene);
  return {
    scale: band.gain,
    offset: band.bias,
    curve: band.s,
    nodata: storedAs(info.dtype, scene.nodata),
    min: PLAUSIBLE.min,
    max: saturated === null ? PLAUSIBLE.max : Math.min(PLAUSIBLE.max, reflectanceOf(band, saturated - 1)),
  };
}
