import { asHeituError, HeituError } from '../core/error.ts';
import type { Window } from '../core/grid.ts';
import type { Rpc } from '../core/rpc.ts';
import { openRaster, type RasterFile, type RasterInfo } from './geotiff-file.ts';
import { storedAs, type TypedArray } from './geotiff-samples.ts';
import type { ValidityKind } from './geotiff-validity.ts';

/** Statistics of one band over its finite stored values that are not nodata; null where there is none. */
export interface BandSummary {
  readonly name: string | null;
  readonly validCount: number;
  readonly min: number | null;
  readonly max: number | null;
  readonly mean: number | null;
}

/** What `heitu inspect --json` prints for one file; everything but `file`, `ok` and `error` is null when it cannot be read. */
export interface Inspection {
  readonly file: string;
  readonly ok: boolean;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly bandCount: number | null;
  readonly dtype: string | null;
  readonly epsg: number | null;
  readonly crsName: string | null;
  readonly transform: readonly number[] | null;
  /** JSON has no NaN and no infinities, so these are given by name. */
  readonly nodata: number | string | null;
  /**
   * Where else the file says which pixels are there, and how many that leaves (null where they cannot be counted). The counts
   * of the bands are those of their stored values, whatever the mask says, as in GDAL's statistics.
   */
  readonly mask: { readonly kind: ValidityKind; readonly validCount: number | null } | null;
  /** Ground control points of a raster without a transform. */
  readonly gcpCount: number | null;
  readonly rpc: Rpc | null;
  /** What a person should know of the files beside this one. */
  readonly notes: readonly string[];
  readonly overviews: RasterInfo['overviews'] | null;
  readonly cog: boolean | null;
  readonly compression: string | null;
  readonly predictor: number | null;
  readonly planar: 1 | 2 | null;
  readonly block: readonly [number, number] | null;
  readonly bigEndian: boolean | null;
  readonly bigTiff: boolean | null;
  readonly bands: readonly BandSummary[] | null;
}

/** Reads every pixel of a raster and says what it is; never throws, the error is part of the answer. */
export async function inspectRaster(path: string): Promise<Inspection> {
  try {
    const raster = await openRaster(path);
    try {
      // Before memory is taken for pixels that are not there.
      raster.checkWhole();
      return describe(raster.info, await summarise(raster), await countValid(raster));
    } finally {
      await raster.close();
    }
  } catch (thrown) {
    const error = asHeituError(thrown, 'E_TIFF_DAMAGED', path);
    return { ...UNREADABLE, file: path, error: { code: error.code, message: error.in('en') } };
  }
}

const UNREADABLE: Omit<Inspection, 'file'> = {
  ok: false,
  error: null,
  width: null,
  height: null,
  bandCount: null,
  dtype: null,
  epsg: null,
  crsName: null,
  transform: null,
  nodata: null,
  mask: null,
  gcpCount: null,
  rpc: null,
  notes: [],
  overviews: null,
  cog: null,
  compression: null,
  predictor: null,
  planar: null,
  block: null,
  bigEndian: null,
  bigTiff: null,
  bands: null,
};

function describe(info: RasterInfo, bands: readonly BandSummary[], mask: MaskCount | null): Inspection {
  const { metadata: _, bands: __, crsKeys: ___, alpha: ____, nodata, gcps, validity, ...facts } = info;
  return {
    ...facts,
    ok: true,
    error: null,
    mask: validity === null ? null : { kind: validity, validCount: mask?.count ?? null },
    gcpCount: gcps.length,
    notes: mask?.note == null ? info.notes : [...info.notes, mask.note],
    nodata: nodata === null || Number.isFinite(nodata) ? nodata : String(nodata),
    bands,
  };
}

/** Memory for one round of reading; larger rasters are taken in as many rounds as they need. */
const ROUND_BYTES = 2 ** 25;

async function summarise(raster: RasterFile): Promise<BandSummary[]> {
  const { info } = raster;
  const empty = storedAs(info.dtype, info.nodata);
  const tallies = info.bands.map(() => ({ count: 0, sum: 0, min: Infinity, max: -Infinity }));
  for (const { bands, window } of rounds(raster)) {
    if (!raster.isWritten(bands, window)) {
      // Only without a nodata value are the pixels of blocks that nobody wrote values: zeros.
      for (const band of bands)
        if (empty === null) tallyZeros(tallies[band - 1]!, window.width * window.height);
      continue;
    }
    const arrays = await raster.read(bands, window);
    bands.forEach((band, i) => {
      tally(tallies[band - 1]!, arrays[i]!, empty);
    });
  }
  return tallies.map(({ count, sum, min, max }, i) => ({
    name: info.bands[i]!.description,
    validCount: count,
    min: count === 0 ? null : min,
    max: count === 0 ? null : max,
    mean: count === 0 ? null : sum / count,
  }));
}

interface MaskCount {
  readonly count: number | null;
  readonly note: string | null;
}

/** Larger masks are not counted: a few bytes can feign one of any size. */
const MOST_COUNTED = 2 ** 31;

/** Pixels that the mask or alpha band leaves; null when there is neither. */
async function countValid(raster: RasterFile): Promise<MaskCount | null> {
  const { width, height, bandCount, alpha, validity } = raster.info;
  if (validity === null) return null;
  if (width * height > MOST_COUNTED) return { count: null, note: 'its mask is too large to be counted' };
  const bands = Array.from({ length: bandCount }, (_, i) => i + 1).filter((band) => band !== alpha);
  const rows = Math.max(1, Math.floor(ROUND_BYTES / width / 512) * 512);
  let count = 0;
  try {
    for (let row = 0; row < height; row += rows) {
      const window = { col: 0, row, width, height: Math.min(rows, height - row) };
      for (const isThere of (await raster.readValidity(bands, window)) ?? []) count += isThere;
    }
    return { count, note: null };
  } catch (error) {
    // The pixels are there all the same; who needs to know which of them count is refused.
    if (error instanceof HeituError && error.code === 'E_TIFF_UNSUPPORTED') {
      return { count: null, note: `its mask cannot be read: ${error.details.what ?? ''}` };
    }
    throw error;
  }
}

interface Tally {
  count: number;
  sum: number;
  min: number;
  max: number;
}

function tally(into: Tally, values: TypedArray, empty: number | null): void {
  let { count, sum, min, max } = into;
  for (let i = 0; i < values.length; i++) {
    const v = values[i]!;
    if (v === empty || !Number.isFinite(v)) continue;
    count++;
    sum += v;
    if (v < min) min = v;
    if (v > max) max = v;
  }
  Object.assign(into, { count, sum, min, max });
}

function tallyZeros(into: Tally, count: number): void {
  into.count += count;
  into.min = Math.min(into.min, 0);
  into.max = Math.max(into.max, 0);
}

/** Windows of whole blocks, so that no block is decoded twice, and bands together where they are stored together. */
function* rounds(raster: RasterFile): Generator<{ bands: number[]; window: Window }> {
  const { width, height, bandCount, block, planar, compression, sequential } = raster.info;
  const all = Array.from({ length: bandCount }, (_, i) => i + 1);
  const groups = planar === 1 ? [all] : all.map((band) => [band]);
  const pixelBytes = 8 * (planar === 1 ? bandCount : 1);
  const rowsFit = Math.floor(ROUND_BYTES / (width * pixelBytes));
  const unit = compression === 'none' || sequential ? 1 : block[1];
  const rows = Math.min(height, Math.max(unit, rowsFit - (rowsFit % unit)));
  const columnsFit = Math.floor(ROUND_BYTES / (rows * pixelBytes));
  const columns = Math.min(width, Math.max(block[0], columnsFit - (columnsFit % block[0])));
  // Rows of a block that comes row by row are taken in order, from its left edge to its right one.
  const lineRows = sequential ? rows : Math.max(rows, block[1]);
  for (const bands of groups) {
    for (let top = 0; top < height; top += lineRows) {
      const line = { col: 0, row: top, width, height: Math.min(lineRows, height - top) };
      // Blocks that nobody wrote may be of any size: a few bytes can feign a raster of a billion rows.
      if (!raster.isWritten(bands, line)) {
        yield { bands, window: line };
        continue;
      }
      const bottom = top + line.height;
      for (let row = top; row < bottom; row += rows) {
        for (let col = 0; col < width; col += columns) {
          const size = { width: Math.min(columns, width - col), height: Math.min(rows, bottom - row) };
          yield { bands, window: { col, row, ...size } };
        }
      }
    }
  }
}
