import {
  ADD,
  advance,
  type Code,
  constant,
  type FunctionCode,
  get,
  I32,
  i32,
  leb,
  load,
  moduleBytes,
  repeat,
  set,
  store,
  tee,
  V128,
  vec,
} from './assembler.ts';

/*
 * Deflate for noise: bytes that hold no repetitions worth looking for are coded one by one, by how often each occurs in
 * their part of the data (RFC 1951, dynamic Huffman codes without matches). A few times as fast as zlib, at the same size.
 */

/** Bytes that share a code: fewer follow the data more closely, more save tables. */
const PART = 1 << 17;
/** Longest code that deflate allows. */
const LONGEST = 15;
const END_OF_PART = 256;
const SYMBOLS = 257;

/** Most bytes that are encoded at once: a block of 512 × 512 numbers of 16 bits. */
export const MOST_BYTES = 1 << 19;

const IN = 0;
const TABLE = MOST_BYTES;
const SUMS = TABLE + 2048;
const OUT = SUMS + 64;
/** The worst code takes 15 bits a byte; no data make all of it so. */
const PAGES = Math.ceil((OUT + 2 * MOST_BYTES) / 65_536);

/** Share of 32-bit words that are 0 in a row from which on runs are worth coding as such, which is zlib's part. */
const MOST_ZEROS = 0.02;

interface Exports {
  readonly memory: WebAssembly.Memory;
  pack(from: number, end: number, to: number, bits: number): number;
  sum(from: number, end: number): void;
}

/** Encodes noise; null where WebAssembly is not allowed. */
export type NoiseEncoder = (bytes: Uint8Array) => Uint8Array<ArrayBuffer> | null;

let encoder: NoiseEncoder | null | undefined;

/**
 * The encoder of this thread: a zlib stream (RFC 1950) of the bytes, an even number of them and at most MOST_BYTES; null when
 * they hold so many zeros that zlib does better.
 */
export function noiseEncoder(): NoiseEncoder | null {
  encoder ??= makeEncoder();
  return encoder;
}

function makeEncoder(): NoiseEncoder | null {
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(PAGES, [packCode(), sumCode()])));
  } catch {
    return null;
  }
  const run = instance.exports as unknown as Exports; // the functions below, by their names
  const { memory } = run;
  const input = new Uint8Array(memory.buffer, IN, MOST_BYTES);
  const words = new Uint32Array(memory.buffer, IN, MOST_BYTES / 4);
  const table = new Uint32Array(memory.buffer, TABLE, SYMBOLS);
  const output = new Uint8Array(memory.buffer, OUT);
  return (bytes) => {
    if (bytes.length > MOST_BYTES || bytes.length % 4 !== 0 || bytes.length === 0) return null;
    input.set(bytes);
    if (zerosIn(words, bytes.length / 4) > MOST_ZEROS * (bytes.length / 4)) return null;
    // 32 KiB window, fastest level; a multiple of 31 as a check.
    output[0] = 0x78;
    output[1] = 0x01;
    /** Position of the next bit. */
    let bit = 16;
    for (let start = 0; start < bytes.length; start += PART) {
      const end = Math.min(bytes.length, start + PART);
      const lengths = codeLengths(countBytes(words, start / 4, end / 4));
      bit = putHeader(output, bit, lengths, end === bytes.length);
      fillTable(table, lengths);
      bit = run.pack(IN + start, IN + end, OUT, bit);
      bit = put(output, bit, table[END_OF_PART]! & 0xffff, lengths[END_OF_PART]!);
    }
    const at = (bit + 7) >> 3;
    new DataView(memory.buffer).setUint32(OUT + at, adler32(run, input, bytes.length), false);
    return output.slice(0, at + 4);
  };
}

/** Words that are 0 like the one before. */
function zerosIn(words: Uint32Array, n: number): number {
  let zeros = 0;
  let last = 1;
  for (let i = 0; i < n; i++) {
    const word = words[i]!;
    if ((word | last) === 0) zeros += 1;
    last = word;
  }
  return zeros;
}

/** How often each byte occurs; the end of the part once. */
function countBytes(words: Uint32Array, start: number, end: number): Uint32Array {
  // A table for each byte of a word, because adding to one that was just written to has to wait for it.
  const counts = new Uint32Array(4 * 256);
  for (let i = start; i < end; i++) {
    const word = words[i]!;
    counts[word & 255]!++;
    counts[256 + ((word >>> 8) & 255)]!++;
    counts[512 + ((word >>> 16) & 255)]!++;
    counts[768 + (word >>> 24)]!++;
  }
  const sums = new Uint32Array(SYMBOLS);
  for (let i = 0; i < counts.length; i++) sums[i & 255]! += counts[i]!;
  sums[END_OF_PART] = 1;
  return sums;
}

/** Lengths of Huffman codes for symbols by how often they occur, none longer than LONGEST; 0 for one that does not. */
export function codeLengths(counts: Uint32Array): Uint8Array {
  for (let scale = 0; ; scale++) {
    // Rare symbols are taken for less rare until the longest code fits.
    const weights = Array.from(counts, (count) =>
      count === 0 ? 0 : (count >>> scale) + (scale === 0 ? 0 : 1),
    );
    const lengths = treeDepths(weights);
    if (lengths.every((length) => length <= LONGEST)) return lengths;
  }
}

/** Depths of the leaves of a Huffman tree: two queues, one of leaves by weight and one of what was joined. */
function treeDepths(weights: readonly number[]): Uint8Array {
  const leaves = weights
    .map((weight, symbol) => ({ weight, symbol }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => a.weight - b.weight || a.symbol - b.symbol);
  const depths = new Uint8Array(weights.length);
  // A code needs a bit even when there is nothing to tell apart.
  if (leaves.length === 1) {
    depths[leaves[0]!.symbol] = 1;
    return depths;
  }
  const n = leaves.length;
  const weight = new Float64Array(2 * n - 1);
  const parent = new Int32Array(2 * n - 1);
  leaves.forEach((leaf, i) => {
    weight[i] = leaf.weight;
  });
  let [leaf, node] = [0, n];
  for (let made = n; made < 2 * n - 1; made++) {
    const take = () => (leaf < n && (node >= made || weight[leaf]! <= weight[node]!) ? leaf++ : node++);
    const [a, b] = [take(), take()];
    weight[made] = weight[a]! + weight[b]!;
    parent[a] = made;
    parent[b] = made;
  }
  const depth = new Uint8Array(2 * n - 1);
  for (let i = 2 * n - 3; i >= 0; i--) depth[i] = depth[parent[i]!]! + 1;
  leaves.forEach(({ symbol }, i) => {
    depths[symbol] = depth[i]!;
  });
  return depths;
}

/** Writes `count` bits, lowest first; returns the position behind them. */
function put(output: Uint8Array, bit: number, value: number, count: number): number {
  for (let i = 0; i < count; i++, bit++) {
    const one = ((value >>> i) & 1) << (bit & 7);
    output[bit >> 3] = (bit & 7) === 0 ? one : output[bit >> 3]! | one;
  }
  return bit;
}

/** Header of a dynamic block (RFC 1951, 3.2.7): the lengths themselves are coded with 4 bits each, the simplest code there is. */
function putHeader(output: Uint8Array, at: number, lengths: Uint8Array, isLast: boolean): number {
  let bit = put(output, at, isLast ? 1 : 0, 1);
  bit = put(output, bit, 2, 2);
  bit = put(output, bit, SYMBOLS - 257, 5);
  // Two codes for distances, as zlib gives where none is used: some decoders want a complete code.
  bit = put(output, bit, 2 - 1, 5);
  bit = put(output, bit, 19 - 4, 4);
  for (let i = 0; i < 19; i++) bit = put(output, bit, i < 3 ? 0 : 4, 3);
  for (const length of lengths) bit = put(output, bit, reversed(length, 4), 4);
  bit = put(output, bit, reversed(1, 4), 4);
  return put(output, bit, reversed(1, 4), 4);
}

/** Codes by length and symbol (RFC 1951, 3.2.2): the code in the low 16 bits, first bit lowest, its length above. */
function fillTable(table: Uint32Array, lengths: Uint8Array): void {
  const next = new Uint32Array(LONGEST + 2);
  for (const length of lengths) if (length > 0) next[length + 1]!++;
  for (let length = 1; length <= LONGEST + 1; length++) {
    next[length] = (next[length - 1]! + next[length]!) << 1;
  }
  for (const [symbol, length] of lengths.entries()) {
    table[symbol] = length === 0 ? 0 : (length << 16) | reversed(next[length]!++, length);
  }
}

function reversed(code: number, length: number): number {
  let out = 0;
  for (let i = 0; i < length; i++) out |= ((code >>> i) & 1) << (length - 1 - i);
  return out;
}

/** Bytes that are summed up before the remainder is taken; no sum can overflow by then. */
const SUMMED = 4096;

/**
 * The checksum of RFC 1950, 8.2: a is the sum of all bytes, b the sum of all a on the way. Sixteen bytes a turn: b grows by
 * 16 · a, and by the bytes, the first 16 times, the last once.
 */
function adler32(run: Exports, bytes: Uint8Array, n: number): number {
  const sums = new Int32Array(run.memory.buffer, SUMS, 12);
  let a = 1;
  let b = 0;
  const whole = n - (n % 16);
  for (let start = 0; start < whole; start += SUMMED) {
    const end = Math.min(whole, start + SUMMED);
    run.sum(IN + start, IN + end);
    const [plain, before, weighted] = [0, 4, 8].map(
      (i) => sums[i]! + sums[i + 1]! + sums[i + 2]! + sums[i + 3]!,
    );
    b = (b + (end - start) * a + 16 * before! + weighted!) % 65_521;
    a = (a + plain!) % 65_521;
  }
  for (let i = whole; i < n; i++) {
    a = (a + bytes[i]!) % 65_521;
    b = (b + a) % 65_521;
  }
  return ((b << 16) | a) >>> 0;
}

/** sum(from, end): at SUMS, four lanes each, the bytes; the bytes before each turn; the bytes, the first of a turn times 16 and so on. */
function sumCode(): FunctionCode {
  const [FROM, END, BYTES, PLAIN, BEFORE, WEIGHTED] = [0, 1, 2, 3, 4, 5] as const;
  const weights = (first: number) => constant(Int16Array.from({ length: 8 }, (_, i) => first - i));
  return {
    name: 'sum',
    takes: [I32, I32],
    gives: [],
    locals: [V128, V128, V128, V128],
    code: [
      ...repeat(
        [...load(get(FROM)), ...set(BYTES)],
        [...get(BEFORE), ...get(PLAIN), ...vec(0xae), ...set(BEFORE)], // i32x4.add
        // i16x8.extadd_pairwise_i8x16_u, i32x4.extadd_pairwise_i16x8_u
        [...get(PLAIN), ...get(BYTES), ...vec(0x7d), ...vec(0x7f), ...vec(0xae), ...set(PLAIN)],
        // i16x8.extend_low_i8x16_u and _high_, i32x4.dot_i16x8_s
        [...get(WEIGHTED), ...get(BYTES), ...vec(0x89), ...weights(16), ...vec(0xba), ...vec(0xae)],
        [...get(BYTES), ...vec(0x8a), ...weights(8), ...vec(0xba), ...vec(0xae), ...set(WEIGHTED)],
        advance(FROM, i32(16), get(END)),
      ),
      ...store(i32(SUMS), get(PLAIN)),
      ...store(i32(SUMS), get(BEFORE), 16),
      ...store(i32(SUMS), get(WEIGHTED), 32),
    ],
  };
}

const I64 = 0x7e;

/** pack(from, end, to, bits): writes the codes of bytes behind `bits` bits at `to`; two bytes a turn, then whole bytes go out. */
function packCode(): FunctionCode {
  const [FROM, END, TO, BITS, ENTRY, BUFFER, COUNT] = [0, 1, 2, 3, 4, 5, 6] as const;
  const wide: Code = [0xad]; // i64.extend_i32_u
  const one = (offset: number): Code => [
    // entry = table[byte]
    ...[...get(FROM), 0x2d, 0, offset, ...i32(2), 0x74, 0x28, 2, ...leb(TABLE), ...set(ENTRY)],
    // buffer |= code << count
    ...[
      ...get(BUFFER),
      ...get(ENTRY),
      ...i32(0xffff),
      0x71,
      ...wide,
      ...get(COUNT),
      ...wide,
      0x86,
      0x84,
      ...set(BUFFER),
    ],
    // count += length
    ...[...get(COUNT), ...get(ENTRY), ...i32(16), 0x76, ...ADD, ...set(COUNT)],
  ];
  return {
    name: 'pack',
    takes: [I32, I32, I32, I32],
    gives: [I32],
    locals: [I32, I64, I32],
    code: [
      // to += bits >> 3; the bits of a byte that is begun are taken back.
      ...[...get(TO), ...get(BITS), ...i32(3), 0x76, ...ADD, ...set(TO)],
      ...[...get(BITS), ...i32(7), 0x71, ...set(COUNT)],
      ...[...get(TO), 0x31, 0, 0, 0x42, 1, ...get(COUNT), ...wide, 0x86, 0x42, 1, 0x7d, 0x83, ...set(BUFFER)],
      ...repeat(
        one(0),
        one(1),
        [...get(TO), ...get(BUFFER), 0x37, 0, 0],
        [...get(TO), ...get(COUNT), ...i32(3), 0x76, ...ADD, ...set(TO)],
        [...get(BUFFER), ...get(COUNT), ...i32(-8), 0x71, ...wide, 0x88, ...set(BUFFER)],
        [...get(COUNT), ...i32(7), 0x71, ...set(COUNT)],
        [...get(FROM), ...i32(2), ...ADD, ...tee(FROM), ...get(END), 0x49],
      ),
      ...[...get(TO), ...get(BUFFER), 0x37, 0, 0],
      ...[...get(TO), ...i32(OUT), 0x6b, ...i32(3), 0x74, ...get(COUNT), ...ADD],
    ],
  };
}
