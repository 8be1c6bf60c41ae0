import {
  advance,
  type Code,
  constant,
  F32,
  get,
  I32,
  leb,
  load,
  moduleBytes,
  repeat,
  set,
  shuffle,
  V128,
  vec,
} from './assembler.ts';

/** Arrays that interpolated pixels go to; integers are rounded to. */
export type PixelArray = Uint8Array | Int16Array | Uint16Array | Float32Array;

/** Pixels of one row that are worked on at a time, at most. */
export const MOST_COLUMNS = 512;

/** Bands that are interpolated together, at most. */
export const MOST_BANDS = 4;

/** A row of pixels to interpolate: the upper left of the four source pixels of each, and the share of the others. */
export interface PixelRow {
  /** Index of the upper left pixel in the source; −1 where there is none, with shares of 0. */
  readonly from: Int32Array;
  readonly fx: Float32Array;
  readonly fy: Float32Array;
}

/** Interpolates between the pixels of a source of one to four bands that it holds. */
export interface Bilinear {
  /** Takes a source: planes of `width` × `height` numbers, NaN where there is no value. They are copied or kept. */
  hold(planes: readonly Float32Array[], width: number, height: number): void;
  /** Makes room for a source of four bands that comes by `take`, in place of `hold`. */
  begin(width: number, height: number): void;
  /** `n` pixels of four interleaved bands from `words[start]` on, those that are `nodata` as NaN, to index `at` of the source. */
  take(words: Uint16Array, start: number, n: number, at: number, nodata: number | null): void;
  /**
   * Interpolates `n` pixels (MOST_COLUMNS at most), one array a band, from `at` on. A pixel is `empty` when a pixel that has a
   * share in it is NaN; a whole number that happens to be `empty` is moved by one, so that it stays a value.
   */
  row(pixels: PixelRow, n: number, out: readonly PixelArray[], at: number, empty: number): void;
}

/**
 * Bilinear interpolation by WebAssembly SIMD: four bands of a pixel an instruction, and four pixels turned into bands at a
 * time; by plain loops where WebAssembly is not allowed. Both in float32 and to the last bit the same:
 *
 *     upper = a + (b − a) · fx,   lower = c + (d − c) · fx,   value = upper + (lower − upper) · fy
 */
export function openBilinear(): Bilinear {
  return simdBilinear() ?? plainBilinear();
}

/** The plain loops alone. */
export function plainBilinear(): Bilinear {
  let source: readonly Float32Array[] = [];
  let width = 0;
  const values = new Float32Array(MOST_COLUMNS);
  return {
    hold: (planes, across) => {
      source = planes;
      width = across;
    },
    begin: (across, height) => {
      source = Array.from({ length: MOST_BANDS }, () => new Float32Array(across * height));
      width = across;
    },
    take: (words, start, n, at, nodata) => {
      for (const [band, plane] of source.entries()) {
        for (let i = 0, from = start + band; i < n; i++, from += MOST_BANDS) {
          const word = words[from]!;
          plane[at + i] = word === nodata ? Number.NaN : word;
        }
      }
    },
    row: ({ from, fx, fy }, n, out, at, empty) => {
      for (const [band, plane] of source.entries()) {
        for (let i = 0; i < n; i++) {
          const a = from[i]!;
          // A pixel whose share is nothing takes no part, whatever it is: it may be missing, or beyond the edge.
          const right = fx[i]! > 0 ? 1 : 0;
          const below = fy[i]! > 0 ? width : 0;
          const upper = between(plane[a]!, plane[a + right]!, fx[i]!);
          const lower = between(plane[a + below]!, plane[a + below + right]!, fx[i]!);
          values[i] = a < 0 ? Number.NaN : between(upper, lower, fy[i]!);
        }
        store(values, n, out[band]!, at, empty);
      }
    },
  };
}

function between(a: number, b: number, share: number): number {
  return Math.fround(a + Math.fround(Math.fround(b - a) * share));
}

function store(values: Float32Array, n: number, out: PixelArray, at: number, empty: number): void {
  const isWhole = !(out instanceof Float32Array);
  for (let i = 0; i < n; i++) {
    const value = isWhole ? Math.floor(Math.fround(values[i]! + 0.5)) : values[i]!;
    if (Number.isNaN(value)) out[at + i] = empty;
    else out[at + i] = isWhole && value === empty ? besideOf(empty) : value;
  }
}

function besideOf(empty: number): number {
  return empty > 0 ? empty - 1 : empty + 1;
}

/** Where things are in memory: a row's addresses and shares, its results by band, a pixel that is nothing, the source. */
const AT = 0;
const FX = AT + 4 * MOST_COLUMNS;
const FY = FX + 4 * MOST_COLUMNS;
const OUT = FY + 4 * MOST_COLUMNS;
const NOTHING = OUT + 16 * MOST_COLUMNS;
const SOURCE = NOTHING + 16;

const PAGE = 65_536;
/** Memory for larger sources is not asked for; they go through the plain loops. */
const MOST_BYTES = 2 ** 30;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly weave: (bytes: number, to: number) => void;
  readonly words: (bytes: number, to: number, nodata: number) => void;
  readonly uint8: Lay;
  readonly uint16: Lay;
  readonly int16: Lay;
  readonly float32: Lay;
}

type Lay = (bytes: number, rowBytes: number, empty: number, beside: number) => void;

/** One with more memory when a larger source comes; null where WebAssembly is not allowed. */
function simdBilinear(): Bilinear | null {
  let room = instantiate(SOURCE + PAGE);
  if (room === null) return null;
  let rowBytes = 0;
  let bands = 0;
  const plain = plainBilinear();
  let isPlain = false;
  /** False where the source is too large. */
  const makeRoom = (width: number, height: number) => {
    // A row and a pixel more: what lies beyond the last is read, though it has no share.
    const bytes = SOURCE + 16 * (width * (height + 1) + 2);
    if (bytes > room!.memory.buffer.byteLength && bytes <= MOST_BYTES) {
      room = instantiate(Math.min(MOST_BYTES, 1.25 * bytes)) ?? room;
    }
    isPlain = bytes > room!.memory.buffer.byteLength;
    rowBytes = 16 * width;
    return !isPlain;
  };
  return {
    hold: (planes, width, height) => {
      if (!makeRoom(width, height)) {
        plain.hold(planes, width, height);
        return;
      }
      bands = planes.length;
      const heap = new Float32Array(room!.memory.buffer);
      for (let start = 0; start < width * height; start += MOST_COLUMNS) {
        const n = Math.min(MOST_COLUMNS, width * height - start);
        for (const [band, plane] of planes.entries()) {
          heap.set(plane.subarray(start, start + n), OUT / 4 + band * MOST_COLUMNS);
        }
        // Whole vectors: what lies beyond n is written and overwritten by the next, or lies beyond the source.
        room!.weave(Math.ceil(n / 4) * 16, SOURCE + 16 * start);
      }
    },
    begin: (width, height) => {
      bands = MOST_BANDS;
      if (!makeRoom(width, height)) plain.begin(width, height);
    },
    take: (words, start, n, at, nodata) => {
      if (isPlain) {
        plain.take(words, start, n, at, nodata);
        return;
      }
      const heap = new Uint16Array(room!.memory.buffer, OUT, MOST_BANDS * MOST_COLUMNS);
      for (let done = 0; done < n; done += MOST_COLUMNS) {
        const some = Math.min(MOST_COLUMNS, n - done);
        const first = start + MOST_BANDS * done;
        heap.set(words.subarray(first, first + MOST_BANDS * some));
        // No word is −1.
        room!.words(8 * some, SOURCE + 16 * (at + done), nodata ?? -1);
      }
    },
    row: (pixels, n, out, at, empty) => {
      if (isPlain) {
        plain.row(pixels, n, out, at, empty);
        return;
      }
      const { memory } = room!;
      const addresses = new Int32Array(memory.buffer, AT, MOST_COLUMNS);
      for (let i = 0; i < n; i++) {
        const from = pixels.from[i]!;
        addresses[i] = from < 0 ? NOTHING : SOURCE + 16 * from;
      }
      addresses.fill(NOTHING, n);
      new Float32Array(memory.buffer, FX, MOST_COLUMNS).set(pixels.fx.subarray(0, n));
      new Float32Array(memory.buffer, FY, MOST_COLUMNS).set(pixels.fy.subarray(0, n));
      const kind = kindOf(out[0]!);
      room![kind](Math.ceil(n / 4) * 16, rowBytes, empty, besideOf(empty));
      for (let band = 0; band < bands; band++) {
        out[band]!.set(viewOf(kind, memory.buffer, OUT + 4 * band * MOST_COLUMNS, n), at);
      }
    },
  };
}

type Kind = 'uint8' | 'uint16' | 'int16' | 'float32';

function kindOf(array: PixelArray): Kind {
  if (array instanceof Float32Array) return 'float32';
  if (array instanceof Uint8Array) return 'uint8';
  return array instanceof Uint16Array ? 'uint16' : 'int16';
}

function viewOf(kind: Kind, buffer: ArrayBuffer, at: number, n: number): PixelArray {
  switch (kind) {
    case 'uint8':
      return new Uint8Array(buffer, at, n);
    case 'uint16':
      return new Uint16Array(buffer, at, n);
    case 'int16':
      return new Int16Array(buffer, at, n);
    case 'float32':
      return new Float32Array(buffer, at, n);
  }
}

function instantiate(bytes: number): Exports | null {
  try {
    const module = new WebAssembly.Module(encodeModule(Math.ceil(bytes / PAGE)));
    // What encodeModule exports.
    const exports = new WebAssembly.Instance(module).exports as unknown as Exports;
    new Float32Array(exports.memory.buffer, NOTHING, 4).fill(Number.NaN);
    return exports;
  } catch {
    return null;
  }
}

function encodeModule(pages: number): Uint8Array<ArrayBuffer> {
  const lay = (name: string, finish: (value: Code) => Code, width: number, put: Code) => ({
    name,
    takes: [I32, I32, F32, F32],
    gives: [],
    locals: [I32, I32, I32, ...new Array<number>(13).fill(V128)],
    code: layCode(finish, width, put),
  });
  const whole = (narrow: Code) => (value: Code) => [...rounded(value), ...narrow];
  const signed = vec(0x85);
  const unsigned = vec(0x86);
  return moduleBytes(pages, [
    {
      name: 'weave',
      takes: [I32, I32],
      gives: [],
      locals: [I32, ...new Array<number>(8).fill(V128)],
      code: weaveCode(),
    },
    { name: 'words', takes: [I32, I32, I32], gives: [], locals: [I32, V128], code: wordsCode() },
    lay('float32', (value) => value, 4, vec(0x0b)),
    lay('uint16', whole([...ZERO, ...unsigned]), 2, vec(0x5b)),
    lay('int16', whole([...ZERO, ...signed]), 2, vec(0x5b)),
    lay('uint8', whole([...ZERO, ...unsigned, ...ZERO, ...vec(0x66)]), 1, vec(0x5a)),
  ]);
}

const ZERO = constant(new Float32Array(4));
const HALF = constant(new Float32Array(4).fill(0.5));
const ADD = vec(0xe4);
const SUBTRACT = vec(0xe5);
const MULTIPLY = vec(0xe6);
const EQUAL = vec(0x41);
const GREATER = vec(0x44);
const FLOOR = vec(0x68);
const SELECT = vec(0x52);
const TO_INTEGERS = vec(0xf8);
const SPLAT = vec(0x13);

/** Four vectors of four numbers turned from rows into columns, by way of four more locals. */
function transposed(rows: readonly Code[], spare: readonly number[]): { before: Code; columns: Code[] } {
  const lanes = (...picks: number[]) => picks.flatMap((pick) => [0, 1, 2, 3].map((byte) => 4 * pick + byte));
  const [a, b, c, d] = rows as [Code, Code, Code, Code]; // four of four
  const [t0, t1, u0, u1] = spare as [number, number, number, number]; // likewise
  const low = shuffle(lanes(0, 4, 1, 5));
  const high = shuffle(lanes(2, 6, 3, 7));
  const first = shuffle(lanes(0, 1, 4, 5));
  const second = shuffle(lanes(2, 3, 6, 7));
  return {
    before: [
      ...[...a, ...b, ...low, ...set(t0)],
      ...[...a, ...b, ...high, ...set(t1)],
      ...[...c, ...d, ...low, ...set(u0)],
      ...[...c, ...d, ...high, ...set(u1)],
    ],
    columns: [
      [...get(t0), ...get(u0), ...first],
      [...get(t0), ...get(u0), ...second],
      [...get(t1), ...get(u1), ...first],
      [...get(t1), ...get(u1), ...second],
    ],
  };
}

/** `words(bytes, to, nodata)`: interleaved words, from where results go, into pixels of four bands. */
function wordsCode(): Code {
  const [bytes, to, nodata, x, words] = [0, 1, 2, 3, 4];
  return repeat(
    // Four words as whole numbers: v128.load16x4_u.
    [...get(x), ...vec(0x04), 0, ...leb(OUT), ...set(words)],
    // All ones, which is NaN, where they are nodata.
    [...get(to), ...get(words), ...vec(0xfb), ...get(words), ...get(nodata), ...vec(0x11), ...vec(0x37)],
    [...vec(0x50), ...vec(0x0b), 0, 0],
    [...get(to), 0x41, 0x10, 0x6a, ...set(to)],
    advance(x, [0x41, 0x08], get(bytes)),
  );
}

/** `weave(bytes, to)`: `bytes` of each of four planes, from where results go, into pixels of four bands. */
function weaveCode(): Code {
  const [bytes, to, x] = [0, 1, 2];
  const rows = [3, 4, 5, 6];
  const { before, columns } = transposed(rows.map(get), [7, 8, 9, 10]);
  return repeat(
    ...rows.map((row, band) => [...load(get(x), OUT + 4 * band * MOST_COLUMNS), ...set(row)]),
    before,
    ...columns.map((column, i) => [...get(to), ...column, ...vec(0x0b), 0, ...leb(16 * i)]),
    [...get(to), ...[0x41, 0xc0, 0x00], 0x6a, ...set(to)],
    advance(x, [0x41, 0x10], get(bytes)),
  );
}

const [BYTES, ROW_BYTES, EMPTY, BESIDE, X, ADDRESS, TO] = [0, 1, 2, 3, 4, 5, 6];
const SHARE_X = 7;
const SHARE_Y = 8;
const UPPER = 9;
const LOWER = 10;
const PIXELS = [11, 12, 13, 14];
const SPARE = [15, 16, 17, 18];
const VALUE = 19;

/** `lay(bytes, rowBytes, empty, beside)`: 4 · (bytes / 16) pixels, `width` bytes each in the result, put by `put`. */
function layCode(finish: (value: Code) => Code, width: number, put: Code): Code {
  const splatFrom = (at: number): Code => [...get(X), ...vec(0x09), 0, ...leb(at)];
  /** `from + ((to where the share is not 0, else from) − from) · share`, with `from` in a local. */
  const mixed = (from: number, to: Code, share: number): Code => [
    ...get(from),
    ...to,
    ...get(from),
    ...[...get(share), ...ZERO, ...GREATER],
    ...SELECT,
    ...get(from),
    ...SUBTRACT,
    ...get(share),
    ...MULTIPLY,
    ...ADD,
  ];
  const pixel = (i: number): Code => [
    ...[...get(X), 0x28, 2, ...leb(AT + 4 * i), ...set(ADDRESS)],
    ...[...splatFrom(FX + 4 * i), ...set(SHARE_X)],
    ...[...splatFrom(FY + 4 * i), ...set(SHARE_Y)],
    ...[...load(get(ADDRESS)), ...set(UPPER)],
    ...[...mixed(UPPER, load(get(ADDRESS), 16), SHARE_X), ...set(UPPER)],
    ...[...get(ADDRESS), ...get(ROW_BYTES), 0x6a, ...set(ADDRESS)],
    ...[...load(get(ADDRESS)), ...set(LOWER)],
    ...[...mixed(LOWER, load(get(ADDRESS), 16), SHARE_X), ...set(LOWER)],
    ...[...mixed(UPPER, get(LOWER), SHARE_Y), ...set(PIXELS[i]!)],
  ];
  const { before, columns } = transposed(PIXELS.map(get), SPARE);
  const isVector = width === 4;
  return repeat(
    ...[0, 1, 2, 3].map(pixel),
    before,
    ...columns.map((column, band) => [
      ...[...column, ...set(VALUE)],
      ...get(TO),
      ...finish(isVector ? filled(get(VALUE)) : get(VALUE)),
      ...[...put, 0, ...leb(OUT + 4 * band * MOST_COLUMNS), ...(isVector ? [] : [0])],
    ]),
    [...get(TO), 0x41, ...leb(4 * width), 0x6a, ...set(TO)],
    advance(X, [0x41, 0x10], get(BYTES)),
  );
}

/** Empty where the value is no number. */
function filled(value: Code): Code {
  return [...value, ...get(EMPTY), ...SPLAT, ...get(VALUE), ...get(VALUE), ...EQUAL, ...SELECT];
}

/** Whole numbers: rounded, moved aside where they equal `empty`, and `empty` where there is no number. */
function rounded(value: Code): Code {
  const whole = [...value, ...HALF, ...ADD, ...FLOOR];
  const isEmpty = [...whole, ...get(EMPTY), ...SPLAT, ...EQUAL];
  const kept = [...get(BESIDE), ...SPLAT, ...whole, ...isEmpty, ...SELECT];
  return [
    ...kept,
    ...get(EMPTY),
    ...SPLAT,
    ...get(VALUE),
    ...get(VALUE),
    ...EQUAL,
    ...SELECT,
    ...TO_INTEGERS,
  ];
}
