import { promisify } from 'node:util';
import { constants, deflate, deflateSync, zstdCompressSync } from 'node:zlib';
import { noiseEncoder } from '../kernels/huffman.ts';
import { int16Kernels, MOST_PIXELS } from '../kernels/int16.ts';
import { arrayLike, type CogArray, type CogDtype, halve, type Plane, type Resampling } from './pyramid.ts';
import { type Tally, tally } from './statistics.ts';

const deflateAsync = promisify(deflate);

export type Compression = 'deflate' | 'zstd';

/** Where a block lies in its level, in blocks. */
export interface BlockPosition {
  readonly across: number;
  readonly down: number;
}

/**
 * The pixels of a square block, bands interleaved, from planes that are smaller at the right and bottom edge of the image.
 * Beyond the edge a row goes on with its last pixel, and the rows below hold the very last: both cost next to nothing to
 * store. A single plane of full size is the block itself.
 */
export function gatherBlock(planes: readonly Plane[], size: number): CogArray {
  const { width, height, data: first } = planes[0]!;
  const n = planes.length;
  if (n === 1 && width === size && height === size) return first;
  const block = arrayLike(first, size * size * n);
  for (let band = 0; band < n; band++) {
    const { data } = planes[band]!;
    for (let row = 0; row < height; row++) {
      let to = row * size * n + band;
      for (let from = row * width; from < (row + 1) * width; from++, to += n) block[to] = data[from]!;
      const last = block[to - n]!;
      for (let col = width; col < size; col++, to += n) block[to] = last;
    }
    const last = data[height * width - 1]!;
    for (let to = height * size * n + band; to < block.length; to += n) block[to] = last;
  }
  return block;
}

/**
 * The same with every number as the difference to the same band's on its left (TIFF predictor 2), in one go for bands that are
 * interleaved: beyond the edge nothing differs, and a row below it begins with the very last pixel.
 */
function gatherDifferences(planes: readonly Plane[], size: number): CogArray {
  const { width, height, data: first } = planes[0]!;
  const n = planes.length;
  const block = arrayLike(first, size * size * n);
  for (let band = 0; band < n; band++) {
    const { data } = planes[band]!;
    for (let row = 0; row < height; row++) {
      let left = 0;
      let to = row * size * n + band;
      for (let from = row * width; from < (row + 1) * width; from++, to += n) {
        const value = data[from]!;
        block[to] = value - left;
        left = value;
      }
    }
    const last = data[height * width - 1]!;
    for (let row = height; row < size; row++) block[row * size * n + band] = last;
  }
  return block;
}

/** True when no pixel of any band is a value. */
function isEmpty(planes: readonly Plane[], nodata: number | null): boolean {
  if (nodata === null) return false;
  return planes.every(({ data }) => {
    const empty = data instanceof Float32Array ? Math.fround(nodata) : nodata;
    // A NaN nodata equals itself here, as it does in GDAL. The first value found ends the search.
    if (Number.isNaN(empty)) {
      for (const v of data) if (!Number.isNaN(v)) return false;
      return true;
    }
    for (let i = 0; i < data.length; i++) if (data[i] !== empty) return false;
    return true;
  });
}

/** How the blocks of a file are encoded. */
export interface Encoding {
  readonly compress: Compression;
  /** TIFF predictor number. */
  readonly predictor: 1 | 2 | 3;
}

/**
 * The encoding that suits the numbers. Measurements differ a little from pixel to pixel: as differences they take 5 to
 * 7 % less. Classes repeat: as differences they take 20 % more.
 */
export function encodingFor(dtype: CogDtype, resampling: Resampling, compress: Compression): Encoding {
  return { compress, predictor: resampling === 'mode' ? 1 : dtype === 'float32' ? 3 : 2 };
}

/** What encoding a block needs to know beyond its pixels. */
export interface BlockRules {
  readonly size: number;
  readonly nodata: number | null;
  readonly resampling: Resampling;
  readonly encoding: Encoding;
  /** Whether the values are counted: at full size they are. */
  readonly isTallied: boolean;
}

/** A block as the file holds it, and what the next overview needs of it. */
export interface EncodedBlock {
  /** Null when no pixel is valid: such a block is left out of the file. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** The block at half its size, one plane a band; null when no pixel is valid. */
  readonly half: readonly CogArray[] | null;
  /** What is known of the values, a band each; null where they are not counted, or there are none. */
  readonly tallies: readonly Tally[] | null;
}

/** Encodes a block in this thread. Its planes (see gatherBlock) are used up. */
export function encodePlanes(planes: readonly Plane[], rules: BlockRules): EncodedBlock {
  if (isEmpty(planes, rules.nodata)) return EMPTY_BLOCK;
  const { bytes, ...rest } = prepare(planes, rules);
  return { bytes: exact(compressNow(bytes, rules.encoding)), ...rest };
}

/** The same without holding up this thread while it compresses. */
export async function encodePlanesLater(planes: readonly Plane[], rules: BlockRules): Promise<EncodedBlock> {
  if (isEmpty(planes, rules.nodata)) return EMPTY_BLOCK;
  const { bytes, ...rest } = prepare(planes, rules);
  return { bytes: exact(await compressLater(bytes, rules.encoding)), ...rest };
}

/** A block without a value, known without a look at it. */
export const EMPTY_BLOCK: EncodedBlock = { bytes: null, half: null, tallies: null };

/** All that is made of the pixels before they are compressed, after which they are gone. */
function prepare(planes: readonly Plane[], { size, nodata, resampling, encoding, isTallied }: BlockRules) {
  const half = planes.map((plane) => halve(plane, nodata, resampling).data);
  const tallies = isTallied ? planes.map(({ data }) => tally(data, nodata)) : null;
  const bytes =
    planes.length > 1 && encoding.predictor === 2
      ? bytesOf(gatherDifferences(planes, size))
      : predict(gatherBlock(planes, size), size, planes.length, encoding.predictor);
  return { bytes, half, tallies };
}

/** Compressed bytes lie in buffers made for the worst case: what is kept must not keep those too. */
function exact(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** A block's bytes as differences, where its predictor says so. May change the block. */
function predict(block: CogArray, size: number, bands: number, predictor: 1 | 2 | 3): Uint8Array {
  if (predictor === 3) return predictFloats(block, size, bands);
  if (predictor === 2) return predictIntegers(block, size, bands);
  return bytesOf(block);
}

function compressNow(bytes: Uint8Array, encoding: Encoding): Uint8Array {
  if (encoding.compress === 'zstd') return zstdCompressSync(bytes, zstdOptions(bytes));
  return compressNoise(bytes, encoding) ?? deflateSync(bytes, deflateOptions(bytes, encoding));
}

async function compressLater(bytes: Uint8Array, encoding: Encoding): Promise<Uint8Array> {
  // zstd takes a millisecond, and would make other bytes when fed as a stream.
  if (encoding.compress === 'zstd') return compressNow(bytes, encoding);
  return compressNoise(bytes, encoding) ?? (await deflateAsync(bytes, deflateOptions(bytes, encoding)));
}

/** Differences of measurements, unless much of the block is empty. */
function compressNoise(bytes: Uint8Array, { predictor }: Encoding): Uint8Array | null {
  return predictor === 2 ? (noiseEncoder()?.(bytes) ?? null) : null;
}

/** One output buffer for the worst case, or compressed pieces would have to be joined. */
function room(bytes: Uint8Array): number {
  return bytes.length + (bytes.length >> 8) + 1024;
}

/**
 * Level and strategy, by what they made of differences (predictor 2) of int16 NDVI at scale 0.0001 from real imagery, in
 * share of the uncompressed size and MB/s of one core. Differences are noise: what longer matches there are, are not
 * worth searching for, and runs only where a part of a block is empty; the rest goes to kernels/huffman. zstd is faster at
 * the same size, but browsers and GDAL before 2.3 cannot read it.
 *
 *     imagery        deflate 6        + Z_RLE           huffman          zstd 1           zstd 3           zstd 9
 *     NAIP           75.5 %   38      77.0 %  125       77.0 %  257      75.6 %  521      75.3 %  212      74.9 %   73
 *     Sentinel-2     75.5 %   58      75.2 %  118       75.4 %  197      75.0 %  567      75.0 %  290      75.0 %  162
 *     Landsat-5      83.8 %   52      83.7 %  147       (runs)           83.4 %  456      83.4 %  221      83.5 %  149
 */
const DEFLATE_LEVEL = 6;
const ZSTD_LEVEL = 1;

function zstdOptions(bytes: Uint8Array) {
  return { chunkSize: room(bytes), params: { [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL } };
}

function deflateOptions(bytes: Uint8Array, { predictor }: Encoding) {
  const strategy = predictor === 2 ? constants.Z_RLE : constants.Z_DEFAULT_STRATEGY;
  return { chunkSize: room(bytes), level: DEFLATE_LEVEL, memLevel: 9, strategy };
}

function bytesOf(block: CogArray): Uint8Array {
  return new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
}

/** TIFF predictor 2: every sample becomes the difference to the same band's sample on its left. */
function predictIntegers(block: CogArray, size: number, bands: number): Uint8Array {
  const row = size * bands;
  const isWord = block instanceof Int16Array || block instanceof Uint16Array;
  const kernels = isWord && bands === 1 && block.length <= MOST_PIXELS ? int16Kernels() : null;
  if (isWord && kernels !== null) {
    kernels.difference(block, row);
    return bytesOf(block);
  }
  for (let start = 0; start < block.length; start += row) {
    for (let band = start; band < start + bands; band++) {
      let left = block[band]!;
      for (let i = band + bands; i < start + row; i += bands) {
        const value = block[i]!;
        block[i] = value - left;
        left = value;
      }
    }
  }
  return bytesOf(block);
}

/**
 * TIFF predictor 3 (Adobe TIFF Technical Note 3): the bytes of a row are sorted into planes, most significant first,
 * then every byte becomes the difference to the one `bands` places before it.
 */
function predictFloats(block: CogArray, size: number, bands: number): Uint8Array {
  const row = size * bands;
  const source = bytesOf(block);
  const out = new Uint8Array(source.length);
  for (let start = 0; start < source.length; start += row * 4) {
    for (let i = 0; i < row; i++) {
      const from = start + 4 * i;
      out[start + i] = source[from + 3]!;
      out[start + row + i] = source[from + 2]!;
      out[start + 2 * row + i] = source[from + 1]!;
      out[start + 3 * row + i] = source[from]!;
    }
    for (let i = start + 4 * row - 1; i >= start + bands; i--) out[i] = out[i]! - out[i - bands]!;
  }
  return out;
}
