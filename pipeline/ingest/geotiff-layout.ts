import { HeituError } from '../core/error.ts';
import { type Directory, TAG } from './geotiff-directory.ts';
import type { Source } from './geotiff-source.ts';

/** What one stored sample is. */
export type Dtype =
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'uint32'
  | 'int32'
  | 'float32'
  | 'float64'
  | 'uint64'
  | 'int64'
  | 'float16';

/** How the pixels of one image are stored: everything needed to find and decode a block, checked for sense. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly samples: number;
  readonly dtype: Dtype;
  /** Bits of one sample in the file; fewer than the dtype's when samples are packed. */
  readonly bits: number;
  readonly compression: number;
  readonly predictor: number;
  readonly planar: 1 | 2;
  readonly photometric: number;
  /** True when bits are stored lowest first (fill order 2). */
  readonly reversedBits: boolean;
  readonly tiled: boolean;
  readonly blockWidth: number;
  readonly blockHeight: number;
  readonly blocksAcross: number;
  readonly blocksDown: number;
  /** Samples of one pixel that lie side by side in a block: all of them, or one when planes are separate. */
  readonly samplesInBlock: number;
  /** Bytes of one row of a block before compression. */
  readonly rowBytes: number;
  /** Blocks are too large to be decoded at once: their rows come one after the other from the first (geotiff-stream.ts). */
  readonly sequential: boolean;
  /** File position and length of every block; 0 and 0 where nothing was written. */
  readonly offsets: Float64Array;
  readonly sizes: Float64Array;
  readonly jpegTables: Uint8Array | null;
  readonly lercParameters: Float64Array | null;
}

const MOST_PIXELS_A_SIDE = 2 ** 31 - 1;

/** The tag is a 16-bit number by the book; larger ones only ever come from damage, and every band costs memory. */
const MOST_SAMPLES = 65535;

/** The most memory one block may take; larger ones would stall everything else on the machine. */
const LARGEST_BLOCK_BYTES = 192 * 2 ** 20;

/** Compressions whose blocks can be decoded a few rows at a time, and how long such a block may be. */
const STREAMED: ReadonlySet<number> = new Set([8, 32946, 50000]);
const LARGEST_STREAM_BYTES = 2 ** 32;

/** The layout that a directory describes; throws E_TIFF_DAMAGED, E_TIFF_UNSUPPORTED or E_TIFF_TOO_LARGE. */
export async function readLayout(source: Source, directory: Directory): Promise<Layout> {
  const where = source.name;
  const damaged = (what: string) => new HeituError('E_TIFF_DAMAGED', { where, what });
  const width = await directory.number(TAG.width, 0);
  const height = await directory.number(TAG.height, 0);
  if (!isSize(width) || !isSize(height)) throw damaged(`its size is ${width} × ${height}`);
  if (width > MOST_PIXELS_A_SIDE || height > MOST_PIXELS_A_SIDE)
    throw tooLarge(where, `${width} × ${height} pixels`);
  const samples = await directory.number(TAG.samples, 1);
  if (!isSize(samples) || samples > MOST_SAMPLES) throw damaged(`it has ${samples} samples a pixel`);
  const planar = await directory.number(TAG.planar, 1);
  if (planar !== 1 && planar !== 2) throw damaged(`its planar configuration is ${planar}`);

  const { bits, dtype } = await readSampleType(where, directory);
  const tiled = directory.has(TAG.tileWidth);
  const blockWidth = tiled ? await directory.number(TAG.tileWidth, 0) : width;
  const rowsPerStrip = Math.min(await directory.number(TAG.rowsPerStrip, height), height);
  const blockHeight = tiled ? await directory.number(TAG.tileHeight, 0) : rowsPerStrip;
  if (!isSize(blockWidth) || !isSize(blockHeight))
    throw damaged(`its blocks are ${blockWidth} × ${blockHeight}`);

  const compression = await directory.number(TAG.compression, 1);
  const samplesInBlock = planar === 1 ? samples : 1;
  const rowBytes = Math.ceil((blockWidth * samplesInBlock * bits) / 8);
  // Rows of an uncompressed block are read a few at a time, so only one row of it has to fit.
  const blockBytes = compression === 1 ? rowBytes : rowBytes * blockHeight;
  const sequential = blockBytes > LARGEST_BLOCK_BYTES;
  const isStreamed = STREAMED.has(compression) && blockBytes <= LARGEST_STREAM_BYTES;
  if (sequential && (!isStreamed || rowBytes > LARGEST_BLOCK_BYTES)) {
    const most = STREAMED.has(compression) ? LARGEST_STREAM_BYTES : LARGEST_BLOCK_BYTES;
    const what = `blocks of ${blockWidth} × ${blockHeight} pixels are ${mebibytes(blockBytes)} MiB, at most ${mebibytes(most)} MiB are read; gdal_translate -co TILED=YES makes them smaller`;
    throw tooLarge(where, what);
  }

  const blocksAcross = Math.ceil(width / blockWidth);
  const blocksDown = Math.ceil(height / blockHeight);
  const count = blocksAcross * blocksDown * (planar === 2 ? samples : 1);
  // Some writers list tiles under the tags of strips, or the other way round.
  const offsets = await directory.numbers(
    directory.has(TAG.tileOffsets) ? TAG.tileOffsets : TAG.stripOffsets,
  );
  if (offsets === null) throw damaged('it has no block offsets');
  if (offsets.length < count) throw damaged(`it lists ${offsets.length} of its ${count} blocks`);
  const stored = await directory.numbers(directory.has(TAG.tileSizes) ? TAG.tileSizes : TAG.stripSizes);
  const layout = {
    width,
    height,
    samples,
    dtype,
    bits,
    compression,
    predictor: await directory.number(TAG.predictor, 1),
    planar,
    photometric: await directory.number(TAG.photometric, 1),
    reversedBits: (await directory.number(TAG.fillOrder, 1)) === 2,
    tiled,
    blockWidth,
    blockHeight,
    blocksAcross,
    blocksDown,
    samplesInBlock,
    rowBytes,
    sequential,
    offsets,
    jpegTables: await directory.bytes(TAG.jpegTables),
    lercParameters: await directory.numbers(TAG.lercParameters),
  } as const;
  return {
    ...layout,
    sizes: stored !== null && stored.length >= count ? stored : guessSizes(source, layout, count),
  };
}

/** Byte counts are missing in old files: then an uncompressed block is as long as it must be, others reach to the next. */
function guessSizes(source: Source, layout: Omit<Layout, 'sizes'>, count: number): Float64Array {
  const ends = [...layout.offsets.slice(0, count)].sort((a, b) => a - b);
  return Float64Array.from({ length: count }, (_, i) => {
    const at = layout.offsets[i]!;
    if (at === 0) return 0;
    if (layout.compression === 1) return layout.rowBytes * rowsInBlock(layout, i);
    return (ends.find((end) => end > at) ?? source.size) - at;
  });
}

/** Rows that are stored in block `index`: a tile is always whole, the last strip ends with the image. */
export function rowsInBlock(layout: Omit<Layout, 'sizes'>, index: number): number {
  if (layout.tiled) return layout.blockHeight;
  const down = index % layout.blocksDown;
  return Math.min(layout.blockHeight, layout.height - down * layout.blockHeight);
}

async function readSampleType(where: string, directory: Directory): Promise<{ bits: number; dtype: Dtype }> {
  const depths = new Set(await directory.numbers(TAG.bits));
  const formats = new Set(await directory.numbers(TAG.sampleFormat));
  const unsupported = (what: string) => new HeituError('E_TIFF_UNSUPPORTED', { where, what });
  if (depths.size > 1) throw unsupported(`bands of ${[...depths].join(', ')} bits`);
  if (formats.size > 1) throw unsupported('bands of different sample formats');
  const [bits = 1] = depths;
  const [format = 1] = formats;
  const dtype = dtypeOf(bits, format);
  if (dtype === null) throw unsupported(`${bits}-bit samples of format ${FORMAT_NAMES[format] ?? format}`);
  return { bits, dtype };
}

const FORMAT_NAMES: Readonly<Record<number, string>> = {
  1: 'unsigned',
  2: 'signed',
  3: 'float',
  4: 'undefined',
  5: 'complex integer',
  6: 'complex float',
};

function dtypeOf(bits: number, format: number): Dtype | null {
  if (format === 3)
    return ({ 16: 'float16', 24: 'float32', 32: 'float32', 64: 'float64' } as const)[bits] ?? null;
  if (format === 2) return ({ 8: 'int8', 16: 'int16', 32: 'int32', 64: 'int64' } as const)[bits] ?? null;
  if (format !== 1 && format !== 4) return null;
  if (bits === 64) return 'uint64';
  if (!Number.isInteger(bits) || bits < 1 || bits > 32) return null;
  // Packed samples of odd depth are widened to the next whole type, as GDAL does.
  return bits <= 8 ? 'uint8' : bits <= 16 ? 'uint16' : 'uint32';
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

function isSize(n: number): boolean {
  return Number.isInteger(n) && n > 0;
}

function tooLarge(where: string, what: string): HeituError {
  return new HeituError('E_TIFF_TOO_LARGE', { where, what });
}
