import { promisify } from 'node:util';
import { constants, inflate, inflateSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import type { getDecoder } from 'geotiff';
import { HeituError } from '../core/error.ts';
import { decodeJpeg, jpegFrame } from './geotiff-jpeg.ts';
import type { Layout } from './geotiff-layout.ts';
import { decodeLzw } from './geotiff-lzw.ts';
import { decodeWebp, webpSize } from './geotiff-webp.ts';

const inflateAsync = promisify(inflate);
const zstdAsync = promisify(zstdDecompress);

/** What is asked of a codec: the block's bytes, and how many must and may come out. */
interface Job {
  readonly input: Uint8Array;
  /** Bytes of the rows that are in the image. */
  readonly expected: number;
  /** Bytes of a whole block. */
  readonly capacity: number;
  readonly layout: Layout;
  /** Rows in this block. */
  readonly rows: number;
  /** The file, for messages. */
  readonly where: string;
  /** Decode in this thread. */
  readonly blocking: boolean;
}

interface Codec {
  readonly name: string;
  /** No stream of this kind grows by more than this factor; a block that would have to is damaged. */
  readonly expansion: number;
  decode(job: Job): Uint8Array | Promise<Uint8Array>;
}

/** The compressions that are read, by TIFF number. */
const CODECS: Readonly<Record<number, Codec>> = {
  1: { name: 'none', expansion: 1, decode: ({ input }) => input },
  5: { name: 'lzw', expansion: 4096, decode: ({ input, expected }) => decodeLzw(input, expected) },
  7: { name: 'jpeg', expansion: 4096, decode: decodeJpegBlock },
  8: { name: 'deflate', expansion: 1040, decode: decodeDeflate },
  32773: {
    name: 'packbits',
    expansion: 65,
    decode: ({ input, expected }) => decodePackBits(input, expected),
  },
  32946: { name: 'deflate', expansion: 1040, decode: decodeDeflate },
  34887: { name: 'lerc', expansion: Number.POSITIVE_INFINITY, decode: decodeLerc },
  50000: { name: 'zstd', expansion: 65536, decode: decodeZstd },
  50001: { name: 'webp', expansion: 65536, decode: decodeWebpBlock },
};

/** Names of the compressions that are not, so that a refusal can say which it was. */
const REFUSED: Readonly<Record<number, string>> = {
  2: 'ccitt-rle',
  3: 'ccitt-g3',
  4: 'ccitt-g4',
  6: 'old-jpeg',
  32766: 'next',
  32809: 'thunderscan',
  34676: 'sgilog',
  34677: 'sgilog24',
  34712: 'jpeg2000',
  34925: 'lzma',
  50002: 'jpeg-xl',
};

/** `compressionName(8)` is `deflate`. */
export function compressionName(code: number): string {
  return CODECS[code]?.name ?? REFUSED[code] ?? `compression ${code}`;
}

const CMYK = 5;
const YCBCR = 6;

/** Colours that other programs show as RGB: their stored numbers would be taken for something else than they are. */
const CONVERTED_COLOURS: Readonly<Record<number, string>> = {
  [CMYK]: 'CMYK',
  [YCBCR]: 'YCbCr',
  8: 'CIELab',
  9: 'ICCLab',
  10: 'ITULab',
};

/** Throws E_TIFF_UNSUPPORTED when blocks of this layout cannot be decoded to the numbers that were stored. */
export function checkReadable(layout: Layout, where: string): void {
  const codec = CODECS[layout.compression];
  if (codec === undefined) throw unsupported(where, compressionName(layout.compression));
  const { predictor, dtype, bits, photometric } = layout;
  const isPicture = codec.name === 'jpeg' || codec.name === 'webp';
  if (isPicture && bits !== 8) throw unsupported(where, `${bits}-bit ${codec.name}`);
  const colours = CONVERTED_COLOURS[photometric];
  const isDecoded = photometric === YCBCR && codec.name === 'jpeg' && layout.samplesInBlock === 3;
  const isPlain = photometric === CMYK && bits !== 8;
  if (colours !== undefined && !isDecoded && !isPlain) throw unsupported(where, `${colours} colours`);
  if (predictor === 1 || isPicture || codec.name === 'lerc') return;
  const isWhole = bits === 8 || bits === 16 || bits === 32 || bits === 64;
  if (predictor === 2 && isWhole) return;
  if (predictor === 3 && dtype.startsWith('float')) return;
  throw unsupported(where, `predictor ${predictor} on ${bits}-bit ${dtype}`);
}

/** Decompresses one block; at least `expected` bytes long, else E_TIFF_DAMAGED. */
export async function decompress(
  layout: Layout,
  input: Uint8Array,
  rows: number,
  where: string,
  block: string,
  blocking: boolean,
): Promise<Uint8Array> {
  const codec = CODECS[layout.compression]!;
  const expected = rows * layout.rowBytes;
  const damaged = (what: string, cause?: unknown) =>
    new HeituError('E_TIFF_DAMAGED', { where, what: `${block}: ${what}`, cause });
  checkExpansion(layout, input.length, expected, where, block);
  const bytes = layout.reversedBits && codec.name !== 'jpeg' ? reverseBits(input) : input;
  const capacity = layout.rowBytes * layout.blockHeight;
  let output: Uint8Array;
  try {
    output = await codec.decode({ input: bytes, expected, capacity, layout, rows, where, blocking });
  } catch (error) {
    if (error instanceof HeituError) throw error;
    throw damaged(`${codec.name}: ${error instanceof Error ? error.message : String(error)}`, error);
  }
  if (output.length < expected) throw damaged(`${output.length} of ${expected} bytes after ${codec.name}`);
  return output.length === expected ? output : output.subarray(0, expected);
}

/** A few bytes may stand for a great many, but not for any number: memory and time are taken only for what can be true. */
export function checkExpansion(
  { compression }: Pick<Layout, 'compression'>,
  stored: number,
  expected: number,
  where: string,
  block: string,
): void {
  const { name, expansion } = CODECS[compression]!;
  if (expected <= stored * expansion) return;
  const what = `${block}: ${stored} ${name} bytes cannot hold ${expected}`;
  throw new HeituError('E_TIFF_DAMAGED', { where, what });
}

/** Some writers pad blocks; what goes far beyond the block is an attack or an error. */
const PADDING = 65536;

function decodeDeflate({ input, capacity, blocking }: Job): Uint8Array | Promise<Uint8Array> {
  const options = {
    // One piece for the whole block, and a little more, or zlib asks for a second one just to find the end.
    chunkSize: capacity + 64,
    maxOutputLength: capacity + PADDING,
    // What is there of a cut-off stream comes out; the caller sees that it is too little.
    finishFlush: constants.Z_SYNC_FLUSH,
  };
  return blocking ? inflateSync(input, options) : inflateAsync(input, options);
}

function decodeZstd({ input, capacity, blocking }: Job): Uint8Array | Promise<Uint8Array> {
  const options = { chunkSize: capacity + 64, maxOutputLength: capacity + PADDING };
  return blocking ? zstdDecompressSync(input, options) : zstdAsync(input, options);
}

/** TIFF 6.0 section 9: a count byte, then either that many literal bytes or one byte to repeat. */
function decodePackBits(input: Uint8Array, most: number): Uint8Array {
  const out = new Uint8Array(most);
  let length = 0;
  for (let at = 0; at < input.length && length < most; ) {
    const count = (input[at++]! << 24) >> 24;
    if (count === -128) continue;
    if (count >= 0) {
      const literal = input.subarray(at, Math.min(at + count + 1, at + most - length));
      out.set(literal, length);
      length += literal.length;
      at += count + 1;
    } else {
      if (at === input.length) break;
      const end = Math.min(length + 1 - count, most);
      out.fill(input[at++]!, length, end);
      length = end;
    }
  }
  return out.subarray(0, length);
}

async function decodeJpegBlock({ input, layout, rows, where }: Job): Promise<Uint8Array> {
  const frame = jpegFrame(input);
  if (frame === null) throw new Error('there is no frame header');
  const { kind, width, height, components } = frame;
  if (kind > 2) throw unsupported(where, `jpeg frames of type ${kind}`);
  if (width !== layout.blockWidth || height < rows || height > layout.blockHeight) {
    throw new Error(`the frame is ${width} × ${height}`);
  }
  if (components !== layout.samplesInBlock) throw new Error(`the frame has ${components} components`);
  if (components !== 1 && components !== 3) throw unsupported(where, `jpeg of ${components} components`);
  const colours = layout.photometric === YCBCR ? 'ycbcr' : 'stored';
  return await decodeJpeg(input, layout.jpegTables, components, colours);
}

async function decodeWebpBlock({ input, layout, rows, where }: Job): Promise<Uint8Array> {
  const size = webpSize(input);
  if (size === null) throw new Error('there is no picture header');
  const { width, height } = size;
  if (width !== layout.blockWidth || height < rows || height > layout.blockHeight) {
    throw new Error(`the picture is ${width} × ${height}`);
  }
  const bands = layout.samplesInBlock;
  if (bands !== 3 && bands !== 4) throw unsupported(where, `webp of ${bands} components`);
  return await decodeWebp(input, bands);
}

async function decodeLerc({ input, layout, rows, expected, capacity, where }: Job): Promise<Uint8Array> {
  const blob = await unwrapLerc(input, layout, capacity);
  checkLercHeader(blob, layout, rows, where);
  // Loaded with the first LERC block: few files have any, and it costs every command a fifth of a second.
  const geotiff = await import('geotiff');
  const decoder = await geotiff.getDecoder(34887, {
    ...decoderParameters(layout),
    LercParameters: [LERC_VERSION, 0],
  } as Parameters<typeof getDecoder>[1]); // the declared type leaves out LercParameters, which the decoder reads
  const output = new Uint8Array(await decoder.decode(exactBuffer(blob)));
  if (output.length !== expected) throw new Error(`${output.length} bytes instead of ${expected}`);
  return output;
}

const LERC_VERSION = 4;

/** LERC blobs may be compressed once more: 1 is deflate, 2 zstd. They are hardly ever larger than the pixels. */
async function unwrapLerc(input: Uint8Array, layout: Layout, capacity: number): Promise<Uint8Array> {
  const limits = { maxOutputLength: capacity + PADDING };
  const second = layout.lercParameters?.[1];
  if (second === 1) return await inflateAsync(input, limits);
  return second === 2 ? await zstdAsync(input, limits) : input;
}

/** Lerc2 header: magic (6), version, checksum from version 3 on, rows, columns, values a pixel from 4 on, valid pixels. */
function checkLercHeader(input: Uint8Array, layout: Layout, rows: number, where: string): void {
  const magic = String.fromCharCode(...input.subarray(0, 6));
  if (magic !== 'Lerc2 ' || input.length < 40) throw new Error('not Lerc2');
  const view = new DataView(input.buffer, input.byteOffset, input.byteLength);
  const version = view.getInt32(6, true);
  const at = version >= 3 ? 14 : 10;
  const height = view.getInt32(at, true);
  const width = view.getInt32(at + 4, true);
  const depth = version >= 4 ? view.getInt32(at + 8, true) : 1;
  const valid = view.getInt32(at + (version >= 4 ? 12 : 8), true);
  if (width !== layout.blockWidth || height < rows || height > layout.blockHeight) {
    throw new Error(`the blob is ${width} × ${height}`);
  }
  if (depth !== layout.samplesInBlock) throw new Error(`the blob has ${depth} values a pixel`);
  if (valid !== width * height) throw unsupported(where, 'a mask inside a LERC blob');
}

function unsupported(where: string, what: string): HeituError {
  return new HeituError('E_TIFF_UNSUPPORTED', { where, what });
}

function decoderParameters(layout: Layout) {
  return {
    tileWidth: layout.blockWidth,
    tileHeight: layout.blockHeight,
    predictor: 1,
    bitsPerSample: layout.bits,
    planarConfiguration: layout.planar,
  };
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

const REVERSED = Uint8Array.from({ length: 256 }, (_, byte) => {
  let turned = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) turned |= 128 >> bit;
  return turned;
});

/** Bytes with their lowest bit first turned into ones with their highest bit first, and back. */
export function reverseBits(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => REVERSED[byte]!);
}
