import {
  ADD,
  advance,
  type Code,
  constant,
  F32,
  F64,
  type FunctionCode,
  get,
  I32,
  i32,
  load,
  moduleBytes,
  repeat,
  set,
  shuffle,
  store,
  tee,
  V128,
  vec,
} from './assembler.ts';

/** Stored count of a pixel that has no value. */
const EMPTY = -32768;

/** Loops over 16-bit numbers, four to eight pixels an instruction. Each says what it computes; tests hold it to that. */
export interface Int16Kernels {
  /**
   * `out[i] = roundHalfAway(values[i] · perUnit)`, −32768 where the value is not within the range or the count does not
   * fit; returns how many are values.
   */
  quantise(values: Float32Array, range: readonly [number, number], perUnit: number, out: Int16Array): number;
  /** Mean of each 2 × 2 pixels but those that are −32768, rounded half away from zero. Width a multiple of 16. */
  halve(data: Int16Array, width: number, height: number, out: Int16Array): void;
  /** How many numbers are not −32768, the least and the greatest of them, their sum and that of their squares, exactly. */
  tally(data: Int16Array): { count: number; min: number; max: number; sum: number; squares: number };
  /** Every number of a row becomes its difference to the one on its left. Rows a multiple of 8. */
  difference(data: Int16Array | Uint16Array, row: number): void;
  /**
   * `out[at + i] = float32(y / (1 + curve · y))` with `y = scale · stored + offset`, NaN where the stored number is nodata
   * (−1: none is) or the value is not from min to max (float32 numbers, see withinFloats); returns how many are not. `n` is a
   * multiple of 4 and at most MOST_CONVERTED.
   */
  convert(words: Strided, n: number, conversion: Curve, out: Float32Array, at: number): number;
  /** Four planes of what interleaved pixels add up to along a row, modulo 2¹⁶; `n` pixels, a multiple of 8. */
  sumFour(words: Uint16Array, from: number, n: number): readonly Uint16Array[];
  /** The same for one band. */
  sumOne(words: Uint16Array, from: number, n: number): Uint16Array;
}

/** `samples[start]` and every `stride`-th after it. */
export interface Strided {
  readonly samples: Uint16Array;
  readonly start: number;
  readonly stride: 1 | 4;
}

export interface Curve {
  readonly scale: number;
  readonly offset: number;
  /** 0 for a straight line, which is computed without a division. */
  readonly curve: number;
  readonly nodata: number;
  readonly min: number;
  readonly max: number;
}

/** Most numbers that are converted at a time. */
export const MOST_CONVERTED = 512;

/** Most pixels that `halve`, `tally` and `difference` take: a block, whose sums do not overflow. */
export const MOST_PIXELS = 512 * 512;
/** Most pixels of a row that sumFour and sumOne take. */
export const MOST_COLUMNS = 8192;

/** Memory of the module: what is worked on, and what comes of it. */
const IN = 0;
const OUT = 2 * MOST_PIXELS;
const PAGES = (OUT + 2 * MOST_PIXELS) / 65_536;
/** Behind the four planes of sums. */
const FLOATS = OUT + 4 * 2 * MOST_COLUMNS;
/** Pixels quantised at a time: they stay in the fastest cache. */
const CHUNK = 4096;

let kernels: Int16Kernels | null | undefined;

/** The kernels of this thread; null where WebAssembly or its SIMD is not allowed, and plain loops have to do. */
export function int16Kernels(): Int16Kernels | null {
  kernels ??= makeKernels();
  return kernels;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  quantise(from: number, to: number, end: number, min: number, max: number, perUnit: number): number;
  halve(top: number, bottom: number, to: number, end: number): void;
  difference(at: number, end: number, row: number): void;
  tally(from: number, end: number, to: number): void;
  convertOnes(from: number, to: number, end: number, ...linear: LinearArguments): number;
  convertFours(from: number, to: number, end: number, ...linear: LinearArguments): number;
  bendOnes(from: number, to: number, end: number, ...curve: CurveArguments): number;
  bendFours(from: number, to: number, end: number, ...curve: CurveArguments): number;
  sumFour(from: number, end: number, to: number, plane: number): void;
  sumOne(from: number, end: number, to: number): void;
}

type LinearArguments = [scale: number, offset: number, nodata: number, min: number, max: number];
type CurveArguments = [...LinearArguments, curve: number];

function makeKernels(): Int16Kernels | null {
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(PAGES, FUNCTIONS)));
  } catch {
    return null;
  }
  const run = instance.exports as unknown as Exports; // the functions below, by their names
  const { buffer } = run.memory;
  const floats = new Float32Array(buffer, IN, CHUNK + 8);
  const words = new Int16Array(buffer, IN, MOST_PIXELS);
  const result = new Int16Array(buffer, OUT, MOST_PIXELS);
  const unsigned = new Uint16Array(buffer, IN, MOST_PIXELS);
  const converted = new Float32Array(buffer, FLOATS, MOST_CONVERTED);
  const planes = Array.from(
    { length: 4 },
    (_, i) => new Uint16Array(buffer, OUT + 2 * i * MOST_COLUMNS, MOST_COLUMNS),
  );
  return {
    quantise(values, range, perUnit, out) {
      let valid = 0;
      const [min, max] = withinFloats(range);
      for (let start = 0; start < out.length; start += CHUNK) {
        const n = Math.min(CHUNK, out.length - start);
        floats.set(values.subarray(start, start + n));
        // Whole vectors: what is beyond the end is no value.
        floats.fill(Number.NaN, n, n + 8);
        valid += run.quantise(IN, OUT, IN + 4 * (n + 7 - ((n + 7) % 8)), min, max, perUnit);
        out.set(result.subarray(0, n), start);
      }
      return valid;
    },
    halve(data, width, height, out) {
      words.set(data.subarray(0, width * height));
      const row = 2 * width;
      for (let top = 0, to = OUT; top < height * row; top += 2 * row, to += width) {
        const bottom = top + row < height * row ? top + row : top;
        run.halve(IN + top, IN + bottom, to, IN + top + row);
      }
      out.set(result.subarray(0, out.length));
    },
    tally(data) {
      words.set(data);
      const end = data.length + 7 - ((data.length + 7) % 8);
      words.fill(EMPTY, data.length, end);
      run.tally(IN, IN + 2 * end, OUT);
      const total = (lanes: Iterable<number>) => [...lanes].reduce((sum, one) => sum + one, 0);
      return {
        count: total(new Uint16Array(buffer, OUT, 8)),
        min: Math.min(...new Int16Array(buffer, OUT + 16, 8)),
        max: Math.max(...new Int16Array(buffer, OUT + 32, 8)),
        sum: total(new Int32Array(buffer, OUT + 48, 4)),
        squares: Number(new BigInt64Array(buffer, OUT + 64, 2).reduce((sum, one) => sum + one, 0n)),
      };
    },
    difference(data, row) {
      // The same bits, whatever their sign.
      const own = data instanceof Int16Array ? words : unsigned;
      own.set(data);
      run.difference(IN, IN + 2 * data.length, 2 * row);
      data.set(own.subarray(0, data.length));
    },
    convert({ samples, start, stride }, n, { scale, offset, curve, nodata, min, max }, out, at) {
      let from = samples.byteOffset + 2 * start;
      if (samples.buffer !== buffer) {
        // The last pixel of four bands ends before its fourth does.
        unsigned.set(samples.subarray(start, start + (n - 1) * stride + 1));
        from = IN;
      }
      const straight = stride === 1 ? run.convertOnes : run.convertFours;
      const bent = stride === 1 ? run.bendOnes : run.bendFours;
      const missing =
        curve === 0
          ? straight(from, FLOATS, FLOATS + 4 * n, scale, offset, nodata, min, max)
          : bent(from, FLOATS, FLOATS + 4 * n, scale, offset, nodata, min, max, curve);
      out.set(converted.subarray(0, n), at);
      return missing;
    },
    sumFour(from, start, n) {
      unsigned.set(from.subarray(start, start + 4 * n));
      run.sumFour(IN, IN + 8 * n, OUT, 2 * MOST_COLUMNS);
      return planes;
    },
    sumOne(from, start, n) {
      unsigned.set(from.subarray(start, start + n));
      run.sumOne(IN, IN + 2 * n, OUT);
      return planes[0]!;
    },
  };
}

/** The smallest and the largest float32 within a range: a value is within it when it is not beyond these. */
export function withinFloats([min, max]: readonly [number, number]): [number, number] {
  const low = Math.fround(min);
  const high = Math.fround(max);
  return [low < min ? nextFloat(low, 1) : low, high > max ? nextFloat(high, -1) : high];
}

/** The float32 next to a finite one, up (1) or down (−1). */
function nextFloat(value: number, direction: 1 | -1): number {
  const cell = new Float32Array([value]);
  const bits = new Int32Array(cell.buffer);
  if (value === 0) return direction * 2 ** -149;
  bits[0] = bits[0]! + (value > 0 === direction > 0 ? 1 : -1);
  return cell[0]!;
}

/** The same number in every lane. */
const int16s = (value: number): Code => constant(new Int16Array(8).fill(value));
const int32s = (value: number): Code => constant(new Int32Array(4).fill(value));
const doubles = (value: number): Code => constant(new Float64Array(2).fill(value));

/** Bytes `from` to `from + 15` of two vectors taken as one of 32. */
const window = (from: number): Code => shuffle(Array.from({ length: 16 }, (_, i) => from + i));

const AND = vec(0x4e);
const OR = vec(0x50);
const SELECT = vec(0x52);

/** quantise(from, to, end, min, max, perUnit): eight pixels a turn. */
function quantiseCode(): FunctionCode {
  const [FROM, TO, END, MIN, MAX, PER_UNIT, VALUE, ROUNDED, MASK, FIRST, COUNT] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
  ];
  /** Two of the four values as rounded int32: truncate(x + 0.5 with the sign of x). */
  const rounded = (pair: Code): Code => [
    ...pair,
    ...vec(0x5f), // f64x2.promote_low_f32x4
    ...get(PER_UNIT!),
    ...vec(0x14), // f64x2.splat
    ...vec(0xf2), // f64x2.mul
    ...tee(ROUNDED!),
    ...get(ROUNDED!),
    ...doubles(-0),
    ...AND,
    ...doubles(0.5),
    ...OR,
    ...vec(0xf0), // f64x2.add
    ...vec(0xfc), // i32x4.trunc_sat_f64x2_s_zero
  ];
  const splat = (local: number): Code => [...get(local), ...vec(0x13)]; // f32x4.splat
  const four = (offset: number): Code => [
    ...load(get(FROM!), offset),
    ...set(VALUE!),
    // The counts …
    ...rounded(get(VALUE!)),
    ...rounded([...get(VALUE!), ...get(VALUE!), ...window(8)]),
    ...shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
    ...tee(ROUNDED!),
    // … or −32768 …
    ...int32s(EMPTY),
    // … where min ≤ value ≤ max and the count fits.
    ...get(VALUE!),
    ...splat(MIN!),
    ...vec(0x46), // f32x4.ge
    ...get(VALUE!),
    ...splat(MAX!),
    ...vec(0x45), // f32x4.le
    ...AND,
    ...get(ROUNDED!),
    ...int32s(EMPTY),
    ...vec(0x3b), // i32x4.gt_s
    ...AND,
    ...get(ROUNDED!),
    ...int32s(32768),
    ...vec(0x39), // i32x4.lt_s
    ...AND,
    ...tee(MASK!),
    ...SELECT,
    // A true lane is −1.
    ...get(COUNT!),
    ...get(MASK!),
    ...vec(0xb1), // i32x4.sub
    ...set(COUNT!),
  ];
  const lane = (i: number): Code => [...get(COUNT!), ...vec(0x1b, i)]; // i32x4.extract_lane
  return {
    name: 'quantise',
    takes: [I32, I32, I32, F32, F32, F64],
    gives: [I32],
    locals: [V128, V128, V128, V128, V128],
    code: [
      ...repeat(
        four(0),
        set(FIRST!),
        store(get(TO!), [...get(FIRST!), ...four(16), ...vec(0x85)]), // i16x8.narrow_i32x4_s
        [...get(TO!), ...i32(16), ...ADD, ...set(TO!)],
        advance(FROM!, i32(32), get(END!)),
      ),
      ...lane(0),
      ...lane(1),
      ...ADD,
      ...lane(2),
      ...ADD,
      ...lane(3),
      ...ADD,
    ],
  };
}

/** halve(top, bottom, to, end): one row from two, eight results a turn; `end` is where the top row ends. */
function halveCode(): FunctionCode {
  const [TOP, BOTTOM, TO, END, MASK, SUM, N, FIRST] = [0, 1, 2, 3, 4, 5, 6, 7];
  /** Adds what eight pixels have to give, two by two, to what is on the stack: values first, then how many (negative). */
  const pairs = (at: number, offset: number): { values: Code; counts: Code } => ({
    values: [
      ...load(get(at), offset),
      ...load(get(at), offset),
      ...int16s(EMPTY),
      ...vec(0x2e), // i16x8.ne
      ...tee(MASK!),
      ...AND,
      ...vec(0x7e), // i32x4.extadd_pairwise_i16x8_s
    ],
    counts: [...get(MASK!), ...vec(0x7e)],
  });
  const four = (offset: number): Code => {
    const [top, bottom] = [pairs(TOP!, offset), pairs(BOTTOM!, offset)];
    return [
      ...top.values,
      ...set(SUM!),
      ...top.counts,
      ...set(N!),
      ...get(SUM!),
      ...bottom.values,
      ...vec(0xae), // i32x4.add
      ...set(SUM!),
      ...get(N!),
      ...bottom.counts,
      ...vec(0xae),
      ...vec(0xa1), // i32x4.neg
      ...set(N!),
      // Rounded half away from zero: sign · ⌊(2·|sum| + n) / (2·n)⌋. In float32 the numerator is exact, and a quotient that is
      // no whole number is at least 1/8 away from one.
      ...get(SUM!),
      ...vec(0xa0), // i32x4.abs
      ...i32(1),
      ...vec(0xab), // i32x4.shl
      ...get(N!),
      ...vec(0xae),
      ...vec(0xfa), // f32x4.convert_i32x4_s
      ...get(N!),
      ...i32(1),
      ...vec(0xab),
      ...vec(0xfa),
      ...vec(0xe7), // f32x4.div
      ...vec(0xf8), // i32x4.trunc_sat_f32x4_s
      // Times −1 where the sum is negative: (x ⊕ s) − s with s = sum >> 31.
      ...get(SUM!),
      ...i32(31),
      ...vec(0xac), // i32x4.shr_s
      ...tee(SUM!),
      ...vec(0x51), // v128.xor
      ...get(SUM!),
      ...vec(0xb1), // i32x4.sub
      ...int32s(EMPTY),
      ...get(N!),
      ...int32s(0),
      ...vec(0x3b), // i32x4.gt_s
      ...SELECT,
    ];
  };
  return {
    name: 'halve',
    takes: [I32, I32, I32, I32],
    gives: [],
    locals: [V128, V128, V128, V128],
    code: repeat(
      four(0),
      set(FIRST!),
      store(get(TO!), [...get(FIRST!), ...four(16), ...vec(0x85)]),
      [...get(TO!), ...i32(16), ...ADD, ...set(TO!)],
      [...get(BOTTOM!), ...i32(32), ...ADD, ...set(BOTTOM!)],
      advance(TOP!, i32(32), get(END!)),
    ),
  };
}

/** tally(from, end, to): at `to` counts (8 lanes), least and greatest (8), sums (4), sums of squares (2 of 64 bits). */
function tallyCode(): FunctionCode {
  const [FROM, END, TO, HERE, MASK, COUNT, MIN, MAX, SUM, SQUARES] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;
  return {
    name: 'tally',
    takes: [I32, I32, I32],
    gives: [],
    locals: new Array<number>(7).fill(V128),
    code: [
      ...[...int16s(32_767), ...set(MIN), ...int16s(EMPTY), ...set(MAX)],
      ...repeat(
        [...load(get(FROM)), ...tee(HERE), ...int16s(EMPTY), ...vec(0x2e), ...set(MASK)], // i16x8.ne
        // A true lane is −1.
        [...get(COUNT), ...get(MASK), ...vec(0x91), ...set(COUNT)], // i16x8.sub
        [...get(MIN), ...get(HERE), ...int16s(32_767), ...get(MASK), ...SELECT, ...vec(0x96), ...set(MIN)], // min_s
        [...get(MAX), ...get(HERE), ...vec(0x98), ...set(MAX)], // i16x8.max_s
        [...get(HERE), ...get(MASK), ...AND, ...set(HERE)],
        [...get(SUM), ...get(HERE), ...vec(0x7e), ...vec(0xae), ...set(SUM)], // extadd_pairwise, i32x4.add
        [...get(HERE), ...get(HERE), ...vec(0xba), ...set(HERE)], // i32x4.dot_i16x8_s
        // i64x2.extend_low_i32x4_s and _high_, i64x2.add
        [...get(SQUARES), ...get(HERE), ...vec(0xc7), ...vec(0xce)],
        [...get(HERE), ...vec(0xc8), ...vec(0xce), ...set(SQUARES)],
        advance(FROM, i32(16), get(END)),
      ),
      ...[COUNT, MIN, MAX, SUM, SQUARES].flatMap((local, i) => store(get(TO), get(local), 16 * i)),
    ],
  };
}

/** difference(at, end, row): `row` bytes a row; in place. */
function differenceCode(): FunctionCode {
  const [AT, END, ROW, ROW_END, LEFT, HERE] = [0, 1, 2, 3, 4, 5];
  return {
    name: 'difference',
    takes: [I32, I32, I32],
    gives: [],
    locals: [I32, V128, V128],
    code: repeat(
      [...get(AT!), ...get(ROW!), ...ADD, ...set(ROW_END!), ...int16s(0), ...set(LEFT!)],
      repeat(
        [...load(get(AT!)), ...set(HERE!)],
        // Minus the same, one number further on: the last of the vector before comes first.
        store(get(AT!), [
          ...get(HERE!),
          ...get(LEFT!),
          ...get(HERE!),
          ...window(14),
          ...vec(0x91), // i16x8.sub
        ]),
        [...get(HERE!), ...set(LEFT!)],
        advance(AT!, i32(16), get(ROW_END!)),
      ),
      [...get(AT!), ...get(END!), 0x49],
    ),
  };
}

/**
 * convertOnes and convertFours(from, to, end, scale, offset, nodata, min, max), bendOnes and bendFours(…, curve): four
 * numbers a turn; `end` is that of `to`.
 */
function convertCode(stride: 1 | 4, isBent: boolean): FunctionCode {
  const [FROM, TO, END, SCALE, OFFSET, NODATA, MIN, MAX, CURVE] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const [STORED, VALUE, MASK, COUNT] = isBent ? [9, 10, 11, 12] : [8, 9, 10, 11];
  const LOW_16 = constant(new BigInt64Array(2).fill(0xffffn));
  /** Four uint16 as int32: side by side, or the first of every four in each half of two vectors. */
  const four: Code =
    stride === 1
      ? [...get(FROM!), ...vec(0x5d), 0, 0, ...vec(0xa9)] // v128.load64_zero, i32x4.extend_low_i16x8_u
      : [
          ...[...load(get(FROM!)), ...LOW_16, ...AND],
          ...[...load(get(FROM!), 16), ...LOW_16, ...AND],
          ...shuffle([0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27]),
        ];
  const splat = (local: number): Code => [...get(local), ...vec(0x14)]; // f64x2.splat
  /** y / (1 + curve · y) of the two on the stack. */
  const bend: Code = [
    ...tee(VALUE!),
    ...get(VALUE!),
    ...splat(CURVE!),
    ...vec(0xf2), // f64x2.mul
    ...doubles(1),
    ...vec(0xf0), // f64x2.add
    ...vec(0xf3), // f64x2.div
  ];
  const pair = (stored: Code): Code => [
    ...stored,
    ...vec(0xfe), // f64x2.convert_low_i32x4_s
    ...splat(SCALE!),
    ...vec(0xf2), // f64x2.mul
    ...splat(OFFSET!),
    ...vec(0xf0), // f64x2.add
    ...(isBent ? bend : []),
    ...vec(0x5e), // f32x4.demote_f64x2_zero
  ];
  const lane = (i: number): Code => [...get(COUNT!), ...vec(0x1b, i)];
  return {
    name: `${isBent ? 'bend' : 'convert'}${stride === 1 ? 'Ones' : 'Fours'}`,
    takes: [I32, I32, I32, F64, F64, I32, F32, F32, ...(isBent ? [F64] : [])],
    gives: [I32],
    locals: [V128, V128, V128, V128],
    code: [
      ...repeat(
        [...four, ...set(STORED!)],
        pair(get(STORED!)),
        pair([...get(STORED!), ...get(STORED!), ...window(8)]),
        shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
        set(VALUE!),
        // Where min ≤ value ≤ max and the stored number is not nodata.
        [...get(VALUE!), ...get(MIN!), ...vec(0x13), ...vec(0x46)], // f32x4.splat, ge
        [...get(VALUE!), ...get(MAX!), ...vec(0x13), ...vec(0x45), ...AND], // f32x4.le
        [...get(STORED!), ...get(NODATA!), ...vec(0x11), ...vec(0x38), ...AND], // i32x4.splat, ne
        set(MASK!),
        store(get(TO!), [
          ...get(VALUE!),
          ...constant(new Float32Array(4).fill(Number.NaN)),
          ...get(MASK!),
          ...SELECT,
        ]),
        // Lanes that are not true: ~mask is −1 there.
        [...get(COUNT!), ...get(MASK!), ...vec(0x4d), ...vec(0xb1), ...set(COUNT!)], // v128.not, i32x4.sub
        [...get(FROM!), ...i32(8 * stride), ...ADD, ...set(FROM!)],
        advance(TO!, i32(16), get(END!)),
      ),
      ...lane(0),
      ...lane(1),
      ...ADD,
      ...lane(2),
      ...ADD,
      ...lane(3),
      ...ADD,
    ],
  };
}

/** sumFour(from, end, to, plane): eight pixels a turn, two in a vector. */
function sumFourCode(): FunctionCode {
  const [FROM, END, TO, PLANE, SUM] = [0, 1, 2, 3, 4];
  const PAIRS = [5, 6, 7, 8] as const;
  const [LOW, HIGH] = [9, 10];
  /** The last pixel so far, twice. */
  const twice = shuffle([8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15]);
  const sumPair = (i: number): Code => [
    ...load(get(FROM!), 16 * i),
    ...tee(SUM_TMP),
    // The first pixel is added to the second …
    ...int16s(0),
    ...get(SUM_TMP),
    ...shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
    ...vec(0x8e), // i16x8.add
    // … and what came before to both.
    ...get(SUM!),
    ...vec(0x8e),
    ...tee(PAIRS[i]!),
    ...get(PAIRS[i]!),
    ...twice,
    ...set(SUM!),
  ];
  const SUM_TMP = 11;
  /** Band 0 and 1 (or 2 and 3) of four pixels from two vectors: a0 a1 a2 a3 b0 b1 b2 b3. */
  const pick = (first: number, second: number, band: number): Code => [
    ...get(first),
    ...get(second),
    ...shuffle(
      [band, band + 1].flatMap((b) => [0, 8, 16, 24].flatMap((pixel) => [pixel + 2 * b, pixel + 2 * b + 1])),
    ),
  ];
  const to = (plane: number): Code => [
    ...get(TO!),
    ...Array.from({ length: plane }, () => [...get(PLANE!), ...ADD]).flat(),
  ];
  const planesOf = (band: number): Code => [
    ...pick(PAIRS[0], PAIRS[1], band),
    ...set(LOW!),
    ...pick(PAIRS[2], PAIRS[3], band),
    ...set(HIGH!),
    ...store(to(band), [
      ...get(LOW!),
      ...get(HIGH!),
      ...shuffle([0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]),
    ]),
    ...store(to(band + 1), [
      ...get(LOW!),
      ...get(HIGH!),
      ...shuffle([8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]),
    ]),
  ];
  return {
    name: 'sumFour',
    takes: [I32, I32, I32, I32],
    gives: [],
    locals: new Array<number>(8).fill(V128),
    code: repeat(
      ...PAIRS.map((_, i) => sumPair(i)),
      planesOf(0),
      planesOf(2),
      [...get(TO!), ...i32(16), ...ADD, ...set(TO!)],
      advance(FROM!, i32(64), get(END!)),
    ),
  };
}

/** sumOne(from, end, to): eight pixels a turn, each added to all behind it in three steps. */
function sumOneCode(): FunctionCode {
  const [FROM, END, TO, SUM, HERE] = [0, 1, 2, 3, 4];
  /** Adds the vector to itself, moved up by some bytes. */
  const doubled = (bytes: number): Code => [
    ...set(HERE!),
    ...get(HERE!),
    ...int16s(0),
    ...get(HERE!),
    ...window(16 - bytes),
    ...vec(0x8e),
  ];
  return {
    name: 'sumOne',
    takes: [I32, I32, I32],
    gives: [],
    locals: [V128, V128],
    code: repeat(
      [...load(get(FROM!)), ...doubled(2), ...doubled(4), ...doubled(8)],
      [...get(SUM!), ...vec(0x8e), ...set(HERE!)],
      store(get(TO!), get(HERE!)),
      [...get(HERE!), ...get(HERE!)],
      shuffle([14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15, 14, 15]),
      set(SUM!),
      [...get(TO!), ...i32(16), ...ADD, ...set(TO!)],
      advance(FROM!, i32(16), get(END!)),
    ),
  };
}

const FUNCTIONS: readonly FunctionCode[] = [
  quantiseCode(),
  halveCode(),
  tallyCode(),
  differenceCode(),
  convertCode(1, false),
  convertCode(4, false),
  convertCode(1, true),
  convertCode(4, true),
  sumFourCode(),
  sumOneCode(),
];
