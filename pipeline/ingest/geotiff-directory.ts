import { HeituError } from '../core/error.ts';
import type { Source } from './geotiff-source.ts';

/** Numbers of the tags that are read (TIFF 6.0, GeoTIFF, GDAL). */
export const TAG = {
  subfileType: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  documentName: 269,
  imageDescription: 270,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  stripSizes: 279,
  planar: 284,
  software: 305,
  datetime: 306,
  predictor: 317,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileSizes: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
  pixelScale: 33550,
  tiepoint: 33922,
  transformation: 34264,
  geoKeys: 34735,
  geoDoubles: 34736,
  geoText: 34737,
  gdalMetadata: 42112,
  gdalNodata: 42113,
  lercParameters: 50674,
  rpc: 50844,
} as const;

/** Bytes of one value of each TIFF field type, by type number; 0 where there is no such type. */
const TYPE_SIZE = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const ASCII = 2;

interface Entry {
  readonly type: number;
  readonly count: number;
  /** Position of the values in the file. */
  readonly at: number;
}

/** One image file directory; values are read when asked for, because most tags never are. */
export interface Directory {
  /** Position of the directory in the file. */
  readonly at: number;
  has(tag: number): boolean;
  /** All values of a numeric tag, or null when the tag is absent. Rationals are divided. */
  numbers(tag: number): Promise<Float64Array | null>;
  /** The value of a tag that must have exactly one; `fallback` when it is absent. */
  number(tag: number, fallback: number): Promise<number>;
  /** The first text of a tag, without its closing zero byte, or null. */
  text(tag: number): Promise<string | null>;
  bytes(tag: number): Promise<Uint8Array | null>;
}

export interface Structure {
  readonly bigEndian: boolean;
  readonly bigTiff: boolean;
  /** At least one. */
  readonly directories: readonly [Directory, ...Directory[]];
}

/** A TIFF has one directory a page; nobody delivers this many, but a loop of pointers can feign them. */
const MOST_DIRECTORIES = 4096;

/** Reads header and directories; throws E_NOT_TIFF or E_TIFF_DAMAGED. */
export async function readStructure(source: Source): Promise<Structure> {
  const { bigEndian, bigTiff, first } = await readHeader(source);
  const reader: Reader = { source, littleEndian: !bigEndian, bigTiff };
  const { directory, next } = await readDirectory(reader, first);
  const directories: [Directory, ...Directory[]] = [directory];
  const seen = new Set([first]);
  for (let at = next; at !== 0 && !seen.has(at) && directories.length < MOST_DIRECTORIES; ) {
    seen.add(at);
    // A bad pointer behind a good first image ends the chain, as it does in libtiff: the first image is what counts.
    const more = await readDirectory(reader, at).catch(() => null);
    if (more === null) break;
    directories.push(more.directory);
    at = more.next;
  }
  return { bigEndian, bigTiff, directories };
}

interface Reader {
  readonly source: Source;
  readonly littleEndian: boolean;
  readonly bigTiff: boolean;
}

async function readHeader(source: Source): Promise<{ bigEndian: boolean; bigTiff: boolean; first: number }> {
  const fail = (what: string) => new HeituError('E_NOT_TIFF', { where: source.name, what });
  if (source.size < 8) throw fail(`${source.size} bytes long`);
  const view = viewOf(await source.read(0, Math.min(16, source.size)));
  const order = view.getUint16(0, false);
  if (order !== 0x4949 && order !== 0x4d4d) throw fail(`it begins with ${describeStart(view)}`);
  const littleEndian = order === 0x4949;
  const magic = view.getUint16(2, littleEndian);
  if (magic === 42)
    return { bigEndian: !littleEndian, bigTiff: false, first: view.getUint32(4, littleEndian) };
  if (magic !== 43 || view.byteLength < 16) throw fail(`its version number is ${magic}`);
  return { bigEndian: !littleEndian, bigTiff: true, first: Number(view.getBigUint64(8, littleEndian)) };
}

function describeStart(view: DataView): string {
  const bytes = [0, 1, 2, 3].map((i) => view.getUint8(i));
  const isText = bytes.every((byte) => byte >= 0x20 && byte < 0x7f);
  return isText
    ? `"${String.fromCharCode(...bytes)}"`
    : `bytes ${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
}

async function readDirectory(reader: Reader, at: number): Promise<{ directory: Directory; next: number }> {
  const { source, littleEndian, bigTiff } = reader;
  const countSize = bigTiff ? 8 : 2;
  const entrySize = bigTiff ? 20 : 12;
  const pointerSize = bigTiff ? 8 : 4;
  const pointer = (view: DataView, position: number) =>
    bigTiff ? Number(view.getBigUint64(position, littleEndian)) : view.getUint32(position, littleEndian);

  const head = viewOf(await source.read(at, countSize));
  const count = bigTiff ? pointer(head, 0) : head.getUint16(0, littleEndian);
  if (count === 0) throw damaged(source, `the directory at ${at} is empty`);
  const size = count * entrySize;
  const view = viewOf(await source.read(at + countSize, size));
  const entries = new Map<number, Entry>();
  for (let i = 0; i < size; i += entrySize) {
    const tag = view.getUint16(i, littleEndian);
    const type = view.getUint16(i + 2, littleEndian);
    const values = pointer(view, i + 4);
    const length = values * (TYPE_SIZE[type] ?? 0);
    const place = i + 4 + pointerSize;
    const where = length <= pointerSize ? at + countSize + place : pointer(view, place);
    if (!entries.has(tag)) entries.set(tag, { type, count: values, at: where });
  }
  // Some writers stop after the last entry; then there is no next directory.
  const tail = at + countSize + size;
  const next =
    tail + pointerSize <= source.size ? pointer(viewOf(await source.read(tail, pointerSize)), 0) : 0;
  return { directory: makeDirectory(reader, at, entries), next };
}

function makeDirectory(reader: Reader, at: number, entries: ReadonlyMap<number, Entry>): Directory {
  const { source, littleEndian } = reader;
  const bytes = async (tag: number): Promise<Uint8Array | null> => {
    const entry = entries.get(tag);
    if (entry === undefined) return null;
    const size = TYPE_SIZE[entry.type] ?? 0;
    if (size === 0) throw damaged(source, `tag ${tag} has the unknown type ${entry.type}`);
    if (entry.at + entry.count * size > source.size) {
      throw damaged(source, `tag ${tag} claims ${entry.count} values beyond the end of the file`);
    }
    return await source.read(entry.at, entry.count * size);
  };
  const numbers = async (tag: number): Promise<Float64Array | null> => {
    const raw = await bytes(tag);
    return raw === null ? null : toNumbers(raw, entries.get(tag)!.type, littleEndian);
  };
  return {
    at,
    has: (tag) => entries.has(tag),
    bytes,
    numbers,
    number: async (tag, fallback) => {
      const entry = entries.get(tag);
      if (entry === undefined) return fallback;
      if (entry.count !== 1) throw damaged(source, `tag ${tag} has ${entry.count} values instead of one`);
      if (entry.type === ASCII) throw damaged(source, `tag ${tag} holds text instead of a number`);
      return (await numbers(tag))![0]!;
    },
    text: async (tag) => {
      const raw = await bytes(tag);
      if (raw === null) return null;
      const end = raw.indexOf(0);
      return decodeText(end === -1 ? raw : raw.subarray(0, end));
    },
  };
}

function toNumbers(raw: Uint8Array, type: number, le: boolean): Float64Array {
  const size = TYPE_SIZE[type]!;
  const view = viewOf(raw);
  const read = NUMBER_READERS[type] ?? ((v: DataView, p: number) => v.getUint8(p));
  const out = new Float64Array(raw.length / size);
  for (let i = 0; i < out.length; i++) out[i] = read(view, i * size, le);
  return out;
}

const NUMBER_READERS: Readonly<Record<number, (v: DataView, p: number, le: boolean) => number>> = {
  3: (v, p, le) => v.getUint16(p, le),
  4: (v, p, le) => v.getUint32(p, le),
  5: (v, p, le) => v.getUint32(p, le) / v.getUint32(p + 4, le),
  6: (v, p) => v.getInt8(p),
  8: (v, p, le) => v.getInt16(p, le),
  9: (v, p, le) => v.getInt32(p, le),
  10: (v, p, le) => v.getInt32(p, le) / v.getInt32(p + 4, le),
  11: (v, p, le) => v.getFloat32(p, le),
  12: (v, p, le) => v.getFloat64(p, le),
  13: (v, p, le) => v.getUint32(p, le),
  16: (v, p, le) => Number(v.getBigUint64(p, le)),
  17: (v, p, le) => Number(v.getBigInt64(p, le)),
  18: (v, p, le) => Number(v.getBigUint64(p, le)),
};

/** TIFF text is ASCII by the book; what is found is UTF-8, and GBK from Chinese software. */
function decodeText(raw: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    return new TextDecoder('gb18030').decode(raw);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function damaged(source: Source, what: string): HeituError {
  return new HeituError('E_TIFF_DAMAGED', { where: source.name, what });
}
