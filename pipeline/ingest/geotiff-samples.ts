import { int16Kernels, MOST_COLUMNS } from '../kernels/int16.ts';
import type { Dtype, Layout } from './geotiff-layout.ts';

/**
 * Pixels in memory. Of the stored types, float16 becomes float32 (exactly), and 64-bit integers become float64
 * (exactly up to 2^53), so that every pixel is a number.
 */
export type TypedArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** A zeroed array for `length` pixels of a stored type. */
export function makeArray(dtype: Dtype, length: number): TypedArray {
  switch (dtype) {
    case 'uint8':
      return new Uint8Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'float16':
    case 'float32':
      return new Float32Array(length);
    default:
      return new Float64Array(length);
  }
}

/**
 * The value as an array of this type would hold it, or null when it cannot: -9999 is no number of a uint8 raster, so no
 * pixel is meant by it. Float32 arrays hold the nearest float32.
 */
export function storedAs(dtype: Dtype, value: number | null): number | null {
  if (value === null) return null;
  const cell = makeArray(dtype, 1);
  cell[0] = value;
  const isHeld = cell instanceof Float32Array || cell instanceof Float64Array || cell[0] === value;
  return isHeld ? cell[0]! : null;
}

/** Samples of one row: `samples[start]` and every `stride`-th after it. */
export interface Run {
  readonly samples: TypedArray;
  readonly start: number;
  readonly stride: number;
}

/** One band's samples of one row of a block, columns `left` to `right` (exclusive). They are there until the next call. */
export type Rows = (row: number, sample: number, left: number, right: number) => Run;

/** Rows of a decompressed block; it may be changed in place, and must not be used by others meanwhile. */
export function unpackRows(layout: Layout, bytes: Uint8Array, rows: number, bigEndian: boolean): Rows {
  const { bits, dtype, predictor, compression, blockWidth, samplesInBlock: step } = layout;
  const isWord = dtype === 'uint16' || dtype === 'int16';
  const isCoded = !OWN_SAMPLES.has(compression);
  if (isWord && bits === 16 && isCoded && predictor <= 2) {
    const own = aligned(bytes);
    if (bigEndian) swapBytes(own, bits);
    const words = new Uint16Array(own.buffer, own.byteOffset, own.byteLength >> 1);
    return wordRows(words, dtype, blockWidth, step, predictor === 2);
  }
  return runsOf(toSamples(layout, bytes, rows, bigEndian), blockWidth, step);
}

/** Rows as they lie in a block, bands interleaved. */
function runsOf(samples: TypedArray, blockWidth: number, step: number): Rows {
  return (row, sample, left) => ({ samples, start: (row * blockWidth + left) * step + sample, stride: step });
}

/**
 * Rows of 16-bit samples, the kind that nearly all imagery is of: the differences of predictor 2 are summed up on the way
 * out of the block, a row at a time.
 */
function wordRows(
  words: Uint16Array,
  dtype: 'uint16' | 'int16',
  blockWidth: number,
  step: number,
  isDifference: boolean,
): Rows {
  const asStored = (array: Uint16Array) =>
    dtype === 'uint16' ? array : new Int16Array(array.buffer, array.byteOffset, array.length);
  if (!isDifference) return runsOf(asStored(words), blockWidth, step);
  const kernels = blockWidth % 8 === 0 && blockWidth <= MOST_COLUMNS ? int16Kernels() : null;
  if (kernels !== null && step === 1) {
    const samples = asStored(kernels.sumOne(words, 0, 0));
    return (row, _sample, left) => {
      kernels.sumOne(words, row * blockWidth, blockWidth);
      return { samples, start: left, stride: 1 };
    };
  }
  if (kernels !== null && step === 4) {
    const planes = kernels.sumFour(words, 0, 0).map(asStored);
    let last = -1;
    return (row, sample, left) => {
      if (row !== last) kernels.sumFour(words, row * blockWidth * step, blockWidth);
      last = row;
      return { samples: planes[sample]!, start: left, stride: 1 };
    };
  }
  const line = new Uint16Array(blockWidth);
  const samples = asStored(line);
  return (row, sample, left, right) => {
    sumWords(words, row * blockWidth * step + sample, step, right, line);
    return { samples, start: left, stride: 1 };
  };
}

/** `line[i] = words[from] + words[from + step] + … + words[from + i·step]`, modulo 2¹⁶. */
function sumWords(words: Uint16Array, from: number, step: number, n: number, line: Uint16Array): void {
  let sum = 0;
  for (let i = 0, at = from; i < n; i++, at += step) {
    sum = (sum + words[at]!) & 0xffff;
    line[i] = sum;
  }
}

/** Samples of a decompressed block, in storage order; may be changed in place and shares the memory of `bytes`. */
function toSamples(layout: Layout, bytes: Uint8Array, rows: number, bigEndian: boolean): TypedArray {
  const { bits, dtype, predictor } = layout;
  if (bits === 24 && dtype === 'float32') return float24(layout, bytes, rows, bigEndian);
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64) return unpackBits(layout, bytes, rows);
  const isCoded = !OWN_SAMPLES.has(layout.compression);
  const own = aligned(bytes);
  if (isCoded && predictor === 3) {
    return widen(dtype, joinFloatBytes(layout, own, rows));
  }
  // Codecs with samples of their own hand them over in this machine's order, which is little endian.
  if (isCoded && bigEndian) swapBytes(own, bits);
  if (isCoded && predictor === 2) addDifferences(layout, own, rows);
  return widen(dtype, own);
}

/** JPEG, LERC, WebP. */
const OWN_SAMPLES: ReadonlySet<number> = new Set([7, 34887, 50001]);

/** Typed views need their bytes on a boundary of 8, in memory that nobody else writes to. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
}

function swapBytes(bytes: Uint8Array, bits: number): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bits === 16) buffer.swap16();
  if (bits === 32) buffer.swap32();
  if (bits === 64) buffer.swap64();
}

/** Undoes predictor 2: each sample is the difference to the same band's sample on its left. */
function addDifferences(layout: Layout, bytes: Uint8Array, rows: number): void {
  const { bits, samplesInBlock: step } = layout;
  const row = layout.blockWidth * step;
  const { buffer, byteOffset, byteLength } = bytes;
  if (bits === 64) {
    const words = new BigUint64Array(buffer, byteOffset, byteLength / 8);
    for (let start = 0; start < rows * row; start += row) {
      for (let i = start + step; i < start + row; i++) words[i] = words[i]! + words[i - step]!;
    }
    return;
  }
  const words =
    bits === 8
      ? bytes
      : bits === 16
        ? new Uint16Array(buffer, byteOffset, byteLength / 2)
        : new Uint32Array(buffer, byteOffset, byteLength / 4);
  for (let start = 0; start < rows * row; start += row) {
    for (let i = start + step; i < start + row; i++) words[i] = words[i]! + words[i - step]!;
  }
}

/**
 * Undoes predictor 3 (Adobe TIFF Technical Note 3): running sums over the bytes of a row, which then are planes of
 * bytes, most significant first, whatever the byte order of the file. Comes out little endian.
 */
function joinFloatBytes(layout: Layout, bytes: Uint8Array, rows: number): Uint8Array {
  const { rowBytes, samplesInBlock: step } = layout;
  const size = layout.bits / 8;
  const count = rowBytes / size;
  const out = new Uint8Array(rows * rowBytes);
  for (let start = 0; start < rows * rowBytes; start += rowBytes) {
    for (let i = start + step; i < start + rowBytes; i++) bytes[i] = bytes[i]! + bytes[i - step]!;
    for (let plane = 0; plane < size; plane++) {
      const from = start + plane * count;
      let to = start + size - 1 - plane;
      for (let i = 0; i < count; i++, to += size) out[to] = bytes[from + i]!;
    }
  }
  return out;
}

/** Packed samples of any depth up to 32, highest bit first; every row starts on a whole byte. */
function unpackBits(layout: Layout, bytes: Uint8Array, rows: number): TypedArray {
  const { bits, rowBytes } = layout;
  const row = layout.blockWidth * layout.samplesInBlock;
  const out = makeArray(layout.dtype, rows * row);
  for (let r = 0; r < rows; r++) {
    let at = r * rowBytes;
    let buffer = 0;
    let have = 0;
    for (let i = 0; i < row; i++) {
      // Up to 39 bits are held, more than a bitwise operator can see, so this is done by arithmetic.
      while (have < bits) {
        buffer = buffer * 256 + bytes[at++]!;
        have += 8;
      }
      have -= bits;
      const unit = 2 ** have;
      const value = Math.floor(buffer / unit);
      out[r * row + i] = value;
      buffer -= value * unit;
    }
  }
  return out;
}

function widen(dtype: Dtype, bytes: Uint8Array): TypedArray {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case 'uint8':
      return bytes;
    case 'int8':
      return new Int8Array(buffer, byteOffset, byteLength);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 'int16':
      return new Int16Array(buffer, byteOffset, byteLength / 2);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    case 'int32':
      return new Int32Array(buffer, byteOffset, byteLength / 4);
    case 'float32':
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case 'float64':
      return new Float64Array(buffer, byteOffset, byteLength / 8);
    case 'float16':
      return Float32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), halfToFloat);
    case 'uint64':
      return Float64Array.from(new BigUint64Array(buffer, byteOffset, byteLength / 8), Number);
    case 'int64':
      return Float64Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
  }
}

/** The 24-bit floats of Adobe TIFF Technical Note 3: sign, 7 bits of exponent with bias 63, 16 bits of fraction. */
function float24(layout: Layout, bytes: Uint8Array, rows: number, bigEndian: boolean): Float32Array {
  const isJoined = layout.predictor === 3;
  const source = isJoined ? joinFloatBytes(layout, aligned(bytes), rows) : bytes;
  const [low, high] = bigEndian && !isJoined ? [2, 0] : [0, 2];
  const out = new Float32Array(rows * layout.blockWidth * layout.samplesInBlock);
  for (let i = 0; i < out.length; i++) {
    const top = source[3 * i + high]!;
    const fraction = source[3 * i + 1]! * 256 + source[3 * i + low]!;
    const exponent = top & 127;
    const sign = top & 128 ? -1 : 1;
    if (exponent === 127) out[i] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else if (exponent === 0) out[i] = sign * fraction * 2 ** -78;
    else out[i] = sign * (1 + fraction / 65536) * 2 ** (exponent - 63);
  }
  return out;
}

/** IEEE 754 binary16. `halfToFloat(0x3c00)` is 1. */
function halfToFloat(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
