import { HeituError } from '../core/error.ts';
import type { Window } from '../core/grid.ts';
import { checkExpansion, checkReadable, compressionName, decompress } from './geotiff-codec.ts';
import { type Directory, readStructure, type Structure, TAG } from './geotiff-directory.ts';
import { type Georeference, readGeoreference } from './geotiff-georeference.ts';
import { type Dtype, type Layout, readLayout, rowsInBlock } from './geotiff-layout.ts';
import { type BandInfo, readAnnotations } from './geotiff-metadata.ts';
import { makeArray, type Rows, type Run, storedAs, type TypedArray, unpackRows } from './geotiff-samples.ts';
import { readSideFiles } from './geotiff-side.ts';
import { fileSource, type Source } from './geotiff-source.ts';
import { openRowStream, type RowStream } from './geotiff-stream.ts';
import { findAlpha, findMasks, isMaskKind, opaque, readMask, type ValidityKind } from './geotiff-validity.ts';

/** What a raster is, from its tags alone. */
export interface RasterInfo extends Georeference {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly bandCount: number;
  readonly dtype: Dtype;
  readonly nodata: number | null;
  /** Where else the file says which pixels are there; see `readValidity`. */
  readonly validity: ValidityKind | null;
  /** Number of the band that is tagged as alpha, or null. */
  readonly alpha: number | null;
  /** Pixels of one block; a strip is as wide as the image. */
  readonly block: readonly [width: number, height: number];
  /** Blocks are decoded row by row from their start: read such a file from top to bottom, a few hundred rows at a time. */
  readonly sequential: boolean;
  readonly compression: string;
  readonly predictor: number;
  readonly planar: 1 | 2;
  readonly bigEndian: boolean;
  readonly bigTiff: boolean;
  /** Largest first; level 1 of `read` is the first of them. */
  readonly overviews: readonly { readonly width: number; readonly height: number }[];
  /** True when tiled, with overviews where they are due, and laid out as GDAL's validator demands. */
  readonly cog: boolean;
  readonly bands: readonly BandInfo[];
  readonly metadata: Readonly<Record<string, string>>;
  /** What a person should know of files beside this one, a line each: which was used, and which was not. */
  readonly notes: readonly string[];
}

export interface RasterFile {
  readonly info: RasterInfo;
  /**
   * A window of the given bands (counted from 1) at an overview level (0 is full size): one array a band, row by row,
   * in the stored type (see TypedArray). The window must lie inside that level. Blocks nobody wrote are nodata, or 0.
   * Throws E_TIFF_DAMAGED, E_TIFF_UNSUPPORTED, E_TIFF_TOO_LARGE, or RangeError for a window or band that is not there.
   */
  read(bands: readonly number[], window: Window, level?: number): Promise<TypedArray[]>;
  /**
   * The same pixels at full size, handed over row by row while they are still in the processor's cache, and without
   * arrays for the whole window: for those who make something else of them at once. Every pixel comes once, rows of a
   * block in order; blocks in no order.
   */
  eachRow(bands: readonly number[], window: Window, take: TakeRow): Promise<void>;
  /**
   * 1 for every pixel of a window that the file's mask or alpha band leaves valid for these bands, 0 for the others; null when
   * it has neither. Nodata is not looked at. An alpha band that is itself asked for is a measurement with a wrong tag (four
   * bands of which the last is near infrared are often written so), and masks nothing. Throws as `read` does.
   */
  readValidity(bands: readonly number[], window: Window, level?: number): Promise<Uint8Array | null>;
  /** False when no block of the window (at full size) was ever written, so that all of it is nodata, or 0. */
  isWritten(bands: readonly number[], window: Window): boolean;
  /** Throws E_TIFF_DAMAGED when a block of the full-size image lies beyond the end of the file: it was cut off. */
  checkWhole(): void;
  close(): Promise<void>;
}

export interface OpenOptions {
  /**
   * Read and decode in the thread that asks, one block after the other: for threads whose only work this is. Left out,
   * several blocks are decoded at a time while the thread goes on.
   */
  readonly blocking?: boolean;
}

/**
 * `count` pixels of the asked band number `into` (its place in the list), from column `col` of row `row`, both counted in
 * the window: they are `run.samples[run.start]` and every `run.stride`-th after it, until the call returns.
 */
export type TakeRow = (into: number, row: number, col: number, run: Run, count: number) => void;

/**
 * Opens a TIFF for reading; close it when done. Throws E_FILE_MISSING, E_NOT_TIFF, E_TIFF_DAMAGED, E_TIFF_UNSUPPORTED
 * or E_TIFF_TOO_LARGE. `(await openRaster('ndvi.tif')).info.epsg` is 4551.
 */
export async function openRaster(path: string, options: OpenOptions = {}): Promise<RasterFile> {
  const source = await fileSource(path, options);
  let file: RasterFile;
  try {
    file = await openSource(source, options);
  } catch (error) {
    await source.close();
    throw error;
  }
  try {
    return await withSideFiles(path, file, options);
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The raster with what files beside it add: a place where it has none, and a mask. */
async function withSideFiles(path: string, file: RasterFile, options: OpenOptions): Promise<RasterFile> {
  const { maskFile, ...place } = await readSideFiles(path, file.info);
  const info = { ...file.info, ...place };
  if (maskFile === null || file.info.validity === 'mask') return { ...file, info };
  const mask = await openSource(await fileSource(maskFile, options), options);
  const isFitting = mask.info.width === info.width && mask.info.height === info.height;
  const bandsFit = mask.info.bandCount === 1 || mask.info.bandCount === info.bandCount;
  if (!isFitting || !bandsFit) {
    await mask.close();
    return {
      ...file,
      info: { ...info, notes: [...info.notes, `${maskFile} has another size and is not used`] },
    };
  }
  return {
    ...file,
    info: { ...info, validity: 'sidecar mask' },
    readValidity: async (bands, window, level = 0) => {
      const wanted = mask.info.bandCount === 1 ? [1] : bands;
      const size = level === 0 ? info : info.overviews[level - 1];
      if (size === undefined) throw new RangeError(`there is no level ${level}`);
      const levels = [mask.info, ...mask.info.overviews];
      const own = levels.findIndex(({ width, height }) => width === size.width && height === size.height);
      if (own < 0) {
        const what = `a mask without an overview of ${size.width} × ${size.height} pixels`;
        throw new HeituError('E_TIFF_UNSUPPORTED', { where: maskFile, what });
      }
      return opaque(await mask.read(wanted, window, own));
    },
    close: async () => {
      await mask.close();
      await file.close();
    },
  };
}

/** The same for bytes from anywhere; closing the raster closes the source. */
export async function openSource(
  source: Source,
  { blocking = false }: OpenOptions = {},
): Promise<RasterFile> {
  const structure = await readStructure(source);
  const [first] = structure.directories;
  const main = await readLayout(source, first);
  checkReadable(main, source.name);
  const { levels, directories } = await readLevels(source, structure, main);
  const masks = await findMasks(source, structure, levels);
  const alpha = await findAlpha(first, main.samples);
  const annotations = await readAnnotations(first, main.samples);
  const info: RasterInfo = {
    file: source.name,
    width: main.width,
    height: main.height,
    bandCount: main.samples,
    dtype: main.dtype,
    ...(await readGeoreference(first, source.name)),
    nodata: annotations.nodata,
    validity: masks !== null ? 'mask' : alpha !== null ? 'alpha' : null,
    alpha,
    block: [main.blockWidth, main.blockHeight],
    sequential: main.sequential,
    compression: compressionName(main.compression),
    predictor: main.predictor,
    planar: main.planar,
    bigEndian: structure.bigEndian,
    bigTiff: structure.bigTiff,
    overviews: levels.slice(1).map(({ width, height }) => ({ width, height })),
    cog: isCog(await startOfDirectories(source, structure), levels, directories),
    bands: annotations.bands,
    metadata: annotations.metadata,
    notes: [],
  };
  const open: Open = {
    source,
    levels,
    bigEndian: structure.bigEndian,
    fill: storedAs(main.dtype, info.nodata) ?? 0,
    blocking,
    streams: new Map(),
  };
  return {
    info,
    read: (bands, window, level = 0) => readWindow(open, layoutOf(open, level), bands, window),
    eachRow: async (bands, window, take) => {
      checkWindow(main, bands, window);
      await readRows(open, main, bands, window, take);
    },
    readValidity: async (bands, window, level = 0) => {
      const layout = layoutOf(open, level);
      checkWindow(layout, bands, window);
      // Of a mask, what nobody wrote is not there.
      const unwritten = { ...open, fill: 0 };
      if (masks !== null) {
        return await readMask(masks, levels, bands, window, level, (...of) => readWindow(unwritten, ...of));
      }
      if (alpha === null || bands.includes(alpha)) return null;
      return opaque(await readWindow(unwritten, layout, [alpha], window));
    },
    isWritten: (bands, window) => {
      checkWindow(main, bands, window);
      return piecesOf(main, bands, window).some(({ index }) => !isAbsent(main, index));
    },
    checkWhole: () => checkWhole(main, source),
    close: async () => {
      for (const stream of open.streams.values()) await stream.close();
      await source.close();
    },
  };
}

function layoutOf({ levels }: Open, level: number): Layout {
  const layout = levels[level];
  if (layout === undefined) throw new RangeError(`there is no level ${level}`);
  return layout;
}

/** What blocks that share their bytes may decode to; beyond it the file is made to keep its reader busy. */
const MOST_SHARED_BYTES = 2 ** 30;
/** The same of codecs that take ten times as long for a byte: JPEG, LERC, WebP. */
const MOST_SHARED_SLOW = 2 ** 27;
const SLOW: ReadonlySet<number> = new Set([7, 34887, 50001]);

/** `strip 7` */
function blockName({ tiled }: Layout, index: number): string {
  return `${tiled ? 'tile' : 'strip'} ${index}`;
}

/** Positions are read when a file is opened, so this costs no reading. */
function checkWhole(main: Layout, source: Source): void {
  const plain = main.compression === 1;
  let stored = 0;
  let decoded = 0;
  for (let index = 0; index < main.offsets.length; index++) {
    if (isAbsent(main, index)) continue;
    const whole = rowsInBlock(main, index) * main.rowBytes;
    if (plain && main.sizes[index]! < whole) {
      throw new HeituError('E_TIFF_DAMAGED', {
        where: source.name,
        what: `${blockName(main, index)}: ${main.sizes[index]} bytes instead of ${whole}`,
      });
    }
    const size = plain ? whole : main.sizes[index]!;
    if (main.sequential && !plain) checkExpansion(main, size, whole, source.name, blockName(main, index));
    stored += size;
    decoded += whole;
    if (main.offsets[index]! + size > source.size) {
      throw new HeituError('E_TIFF_DAMAGED', {
        where: source.name,
        what: `${blockName(main, index)} reaches beyond the end of the file at ${source.size}`,
      });
    }
  }
  const most = SLOW.has(main.compression) ? MOST_SHARED_SLOW : MOST_SHARED_BYTES;
  if (stored > source.size && decoded > most) {
    throw new HeituError('E_TIFF_TOO_LARGE', {
      where: source.name,
      what: `${decoded} bytes of pixels out of blocks that lie upon each other`,
    });
  }
}

const REDUCED = 1;

/** The image itself and its overviews: reduced-resolution directories of the same bands, largest first. */
async function readLevels(source: Source, structure: Structure, main: Layout) {
  const levels: Layout[] = [main];
  const directories: Directory[] = [structure.directories[0]];
  for (const directory of structure.directories.slice(1)) {
    const kind = await directory.number(TAG.subfileType, 0).catch(() => 0);
    if ((kind & REDUCED) === 0 || isMaskKind(kind)) continue;
    // An overview that cannot be read is as good as none: the image is still there at full size.
    const layout = await readLayout(source, directory).catch(() => null);
    if (layout === null || layout.samples !== main.samples || layout.dtype !== main.dtype) continue;
    if (layout.width > main.width || layout.height > main.height) continue;
    try {
      checkReadable(layout, source.name);
    } catch {
      continue;
    }
    levels.push(layout);
    directories.push(directory);
  }
  const order = levels.map((_, i) => i).sort((a, b) => levels[b]!.width - levels[a]!.width || a - b);
  return { levels: order.map((i) => levels[i]!), directories: order.map((i) => directories[i]!) };
}

const GHOST_START = 'GDAL_STRUCTURAL_METADATA_SIZE=';
const GHOST_HEAD = `${GHOST_START}000000 bytes\n`.length;

/** Where the first directory of a COG has to be: after the header, and after GDAL's text about the layout, if any. */
async function startOfDirectories(source: Source, { bigTiff }: Structure): Promise<number> {
  const header = bigTiff ? 16 : 8;
  const bytes = await source.read(header, Math.max(0, Math.min(GHOST_HEAD, source.size - header)));
  const head = Buffer.from(bytes).toString('latin1');
  const size = Number.parseInt(head.slice(GHOST_START.length), 10);
  if (!head.startsWith(GHOST_START) || !(size > 0)) return header;
  const end = header + GHOST_HEAD + size;
  return end + (end % 2);
}

/** The rules of GDAL's validate_cloud_optimized_geotiff, with missing overviews counted as a fault. */
function isCog(start: number, levels: readonly Layout[], directories: readonly Directory[]): boolean {
  const [main] = levels;
  if (main === undefined || !levels.every((level) => level.tiled)) return false;
  if ((main.width > 512 || main.height > 512) && levels.length === 1) return false;
  const at = directories.map((directory) => directory.at);
  if (at[0] !== 8 && at[0] !== 16 && at[0] !== start) return false;
  const data = levels.map((level) => level.offsets.find((offset) => offset > 0) ?? 0);
  const lastData = data.at(-1)!;
  if (lastData !== 0 && lastData < at.at(-1)!) return false;
  return levels.every(
    (_, i) => i === 0 || (at[i]! > at[i - 1]! && (data[i - 1] === 0 || data[i - 1]! > data[i]!)),
  );
}

interface Open {
  readonly source: Source;
  readonly levels: readonly Layout[];
  readonly bigEndian: boolean;
  /** What pixels of blocks are that nobody wrote. */
  readonly fill: number;
  readonly blocking: boolean;
  /** Blocks that are being decoded row by row, by their position in the file; what was used last is last. */
  readonly streams: Map<number, RowStream>;
}

/** Each takes memory for some hundred rows: planes of many bands are few at a time. */
const MOST_STREAMS = 8;

/** Typed arrays beyond this make little sense for one window: read it in pieces. */
const LARGEST_READ_BYTES = 2 ** 31;

/** How many blocks are decoded at a time: libuv has four threads. */
const CONCURRENCY = 4;

async function readWindow(
  open: Open,
  layout: Layout,
  bands: readonly number[],
  window: Window,
): Promise<TypedArray[]> {
  checkWindow(layout, bands, window);
  const length = window.width * window.height;
  if (length * bands.length * Math.ceil(layout.bits / 8) > LARGEST_READ_BYTES) {
    throw new HeituError('E_TIFF_TOO_LARGE', {
      where: open.source.name,
      what: `a window of ${window.width} × ${window.height} pixels, ${bands.length} bands`,
    });
  }
  const out = bands.map(() => makeArray(layout.dtype, length));
  await readRows(open, layout, bands, window, (into, row, col, { samples, start, stride }, count) => {
    const band = out[into]!;
    const to = row * window.width + col;
    if (stride === 1) band.set(samples.subarray(start, start + count), to);
    else for (let i = 0; i < count; i++) band[to + i] = samples[start + i * stride]!;
  });
  return out;
}

async function readRows(
  open: Open,
  layout: Layout,
  bands: readonly number[],
  window: Window,
  take: TakeRow,
): Promise<void> {
  const pieces = piecesOf(layout, bands, window);
  let next = 0;
  const work = async () => {
    while (next < pieces.length) {
      const piece = pieces[next++]!;
      await handOver(open, layout, piece, window, take);
    }
  };
  const workers = open.blocking ? 1 : Math.min(CONCURRENCY, pieces.length);
  await Promise.all(Array.from({ length: workers }, work));
}

function checkWindow(layout: Layout, bands: readonly number[], { col, row, width, height }: Window): void {
  const isInside =
    [col, row, width, height].every(Number.isInteger) &&
    col >= 0 &&
    row >= 0 &&
    width > 0 &&
    height > 0 &&
    col + width <= layout.width &&
    row + height <= layout.height;
  if (!isInside) {
    throw new RangeError(
      `window ${col},${row} ${width} × ${height} is not inside ${layout.width} × ${layout.height}`,
    );
  }
  for (const band of bands) {
    if (!Number.isInteger(band) || band < 1 || band > layout.samples)
      throw new RangeError(`there is no band ${band}`);
  }
}

/** One block, or some rows of it, and the bands it is wanted for. */
interface Piece {
  /** Number of the block in the file's list. */
  readonly index: number;
  readonly across: number;
  readonly down: number;
  /** Rows of the block that are wanted: from the first (inclusive) to the last (exclusive), counted in the block. */
  readonly top: number;
  readonly bottom: number;
  /** Which of the asked bands it feeds, and which of its samples that is. */
  readonly targets: readonly { readonly into: number; readonly sample: number }[];
}

function piecesOf(layout: Layout, bands: readonly number[], window: Window): Piece[] {
  const { blockWidth, blockHeight, blocksAcross, blocksDown } = layout;
  const pieces: Piece[] = [];
  const together = bands.map((band, into) => ({ into, sample: band - 1 }));
  for (
    let down = Math.floor(window.row / blockHeight);
    down * blockHeight < window.row + window.height;
    down++
  ) {
    const top = Math.max(0, window.row - down * blockHeight);
    const bottom = Math.min(blockHeight, window.row + window.height - down * blockHeight);
    for (
      let across = Math.floor(window.col / blockWidth);
      across * blockWidth < window.col + window.width;
      across++
    ) {
      const index = down * blocksAcross + across;
      if (layout.planar === 1) {
        pieces.push({ index, across, down, top, bottom, targets: together });
        continue;
      }
      bands.forEach((band, into) => {
        const plane = (band - 1) * blocksAcross * blocksDown;
        pieces.push({ index: plane + index, across, down, top, bottom, targets: [{ into, sample: 0 }] });
      });
    }
  }
  return pieces;
}

/** True for a block that nobody wrote: GDAL takes a missing position or size as "all nodata". */
function isAbsent(layout: Layout, index: number): boolean {
  return layout.offsets[index] === 0 || layout.sizes[index] === 0;
}

/** The most uncompressed bytes read at once: they are soon in use, and again out of the cache. */
const PLAIN_BYTES = 2 ** 20;

/** Reads and decodes what the window needs of one block, and hands it over. */
async function handOver(
  open: Open,
  layout: Layout,
  piece: Piece,
  window: Window,
  take: TakeRow,
): Promise<void> {
  const { source } = open;
  const { index } = piece;
  if (isAbsent(layout, index)) {
    handOverNothing(open, layout, piece, window, take);
    return;
  }
  const at = layout.offsets[index]!;
  const size = layout.sizes[index]!;
  const name = blockName(layout, index);
  const isPlain = layout.compression === 1;
  const whole = rowsInBlock(layout, index);
  // How long an uncompressed block is follows from its shape; what some files claim beyond that is of no interest.
  const stored = isPlain ? Math.min(size, whole * layout.rowBytes) : size;
  const damaged = (what: string) =>
    new HeituError('E_TIFF_DAMAGED', { where: source.name, what: `${name}: ${what}` });
  if (at + stored > source.size) throw damaged(`it reaches beyond the end of the file at ${source.size}`);
  if (isPlain && stored < whole * layout.rowBytes) {
    throw damaged(`${stored} bytes instead of ${whole * layout.rowBytes}`);
  }
  const unpack = async (raw: Uint8Array, shape: Layout, rows: number) => {
    const bytes = await decompress(shape, raw, rows, source.name, name, open.blocking);
    return unpackRows(shape, bytes, rows, open.bigEndian);
  };
  if (!isPlain && layout.sequential) {
    checkExpansion(layout, size, whole * layout.rowBytes, source.name, name);
    await handOverStream(open, layout, piece, name, window, take);
    return;
  }
  if (!isPlain) {
    const rows = await unpack(await source.readBriefly(at, size), layout, whole);
    handOverRows(layout, piece, rows, 0, window, take);
    return;
  }
  const narrow = open.blocking ? narrowed(layout, piece, window) : null;
  const { shape, skip, from, over } = narrow ?? { shape: layout, skip: 0, from: piece, over: window };
  const step = narrow !== null ? 1 : Math.max(1, Math.floor(PLAIN_BYTES / layout.rowBytes));
  for (let top = piece.top; top < piece.bottom; top += step) {
    const bottom = Math.min(piece.bottom, top + step);
    const length = (bottom - top) * shape.rowBytes;
    const rows = await unpack(
      await source.readBriefly(at + top * layout.rowBytes + skip, length),
      shape,
      bottom - top,
    );
    handOverRows(shape, { ...from, top, bottom }, rows, top, over, take);
  }
}

/** Hands over rows of a block that is too large to be decoded at once, some at a time. */
async function handOverStream(
  open: Open,
  layout: Layout,
  piece: Piece,
  name: string,
  window: Window,
  take: TakeRow,
): Promise<void> {
  const stream = await streamOf(open, layout, piece.index, name);
  const step = Math.max(1, Math.floor(PLAIN_BYTES / layout.rowBytes));
  for (let top = piece.top; top < piece.bottom; top += step) {
    const bottom = Math.min(piece.bottom, top + step);
    // The window beside this one asks for the same rows again.
    const bytes = await stream.read(top, bottom, piece.top);
    const rows = unpackRows(layout, bytes, bottom - top, open.bigEndian);
    handOverRows(layout, { ...piece, top, bottom }, rows, top, window, take);
  }
}

async function streamOf(open: Open, layout: Layout, index: number, name: string): Promise<RowStream> {
  const { streams, source } = open;
  const at = layout.offsets[index]!;
  const stream = streams.get(at) ?? openRowStream(source, layout, index, name);
  streams.delete(at);
  streams.set(at, stream);
  for (const [oldest, one] of streams) {
    if (streams.size <= MOST_STREAMS) break;
    streams.delete(oldest);
    await one.close();
  }
  return stream;
}

/**
 * An uncompressed block as if it were only as wide as the window, for reading no more of each row than that: its shape, the
 * bytes to skip at the start of a row, and the piece and window as seen from there. Null where most of a row is wanted
 * anyway, or columns do not start on whole bytes.
 */
function narrowed(layout: Layout, piece: Piece, window: Window) {
  const { left, right, col } = columnsOf(layout, piece, window);
  const pixelBytes = (layout.samplesInBlock * layout.bits) / 8;
  const width = right - left;
  if (!Number.isInteger(pixelBytes) || 2 * width > layout.blockWidth) return null;
  return {
    shape: { ...layout, blockWidth: width, rowBytes: width * pixelBytes },
    skip: left * pixelBytes,
    from: { ...piece, across: 0 },
    over: { ...window, col: -col },
  };
}

/** Columns of a block that the window has in common with it, counted in the block, and where they lie in the window. */
function columnsOf({ blockWidth }: Layout, { across }: Piece, window: Window) {
  const left = Math.max(0, window.col - across * blockWidth);
  const right = Math.min(blockWidth, window.col + window.width - across * blockWidth);
  return { left, right, col: across * blockWidth + left - window.col };
}

/** Hands over rows `piece.top` to `piece.bottom`; the first of `rows` is row `first` of the block. */
function handOverRows(
  layout: Layout,
  piece: Piece,
  rows: Rows,
  first: number,
  window: Window,
  take: TakeRow,
): void {
  const { left, right, col } = columnsOf(layout, piece, window);
  const up = piece.down * layout.blockHeight - window.row;
  for (let row = piece.top; row < piece.bottom; row++) {
    for (const { into, sample } of piece.targets) {
      take(into, up + row, col, rows(row - first, sample, left, right), right - left);
    }
  }
}

/** A block that nobody wrote is nodata, or 0. */
function handOverNothing(open: Open, layout: Layout, piece: Piece, window: Window, take: TakeRow): void {
  const { left, right, col } = columnsOf(layout, piece, window);
  const samples = makeArray(layout.dtype, right - left).fill(open.fill);
  const run: Run = { samples, start: 0, stride: 1 };
  const up = piece.down * layout.blockHeight - window.row;
  for (let row = piece.top; row < piece.bottom; row++) {
    for (const { into } of piece.targets) take(into, up + row, col, run, right - left);
  }
}
