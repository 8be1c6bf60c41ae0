import {
  ADD,
  advance,
  type Code,
  constant,
  get,
  I32,
  i32,
  load,
  moduleBytes,
  set,
  store,
  tee,
  V128,
  vec,
} from './assembler.ts';

/** A date of the stack on the axis: its day, and its place between two nodes. */
export interface StackDate {
  readonly day: number;
  readonly node: number;
  readonly share: number;
}

/** Everything that is the same for every pixel of a stack; the loops are made for it. */
export interface StackPlan {
  /** By day. */
  readonly dates: readonly StackDate[];
  /** Days of the nodes, at least four. */
  readonly nodes: readonly number[];
  /** λDᵀD of the nodes: its diagonal and the two bands above it. */
  readonly penalty: { readonly diagonal: Numbers; readonly first: Numbers; readonly second: Numbers };
  /** Share of the weight that observations above the line keep; 0.5 treats both sides alike, in one round. */
  readonly envelope: number;
  readonly rounds: number;
  /** From this weight on a look is clear; pixels with fewer clear looks have no line. */
  readonly clearWeight: number;
  readonly needs: number;
  /** Longest way between clear looks, days; Infinity looks for no gaps. */
  readonly maxGap: number;
}

type Numbers = ArrayLike<number>;

/** How much is worked on at a time, and where it lies in the memory of the module. */
export interface StackKernel {
  /** Pixels of a block. */
  readonly pixels: number;
  /** Observations and weights of a block, `[date · pixels + pixel]`; what is not finite takes no part. */
  readonly values: Float32Array;
  readonly weights: Float32Array;
  /** The line, `[node · pixels + pixel]`. */
  readonly line: Float32Array;
  /** Smooths the first `count` pixels of the block. */
  run(count: number): void;
}

export type Precision = 'float32' | 'float64';

/** A block of a season stays in the second-level cache with all it needs. */
const PIXELS = 256;
const PLANE = PIXELS * 4;
const PAGE_BYTES = 65_536;

/** Instructions of one kind of number. */
interface Lanes {
  readonly count: number;
  readonly add: number;
  readonly sub: number;
  readonly mul: number;
  readonly div: number;
  readonly eq: number;
  readonly gt: number;
  readonly ge: number;
  readonly pmax: number;
  readonly min: number;
  readonly max: number;
  readonly splat: (value: number) => Code;
  /** Numbers of the block are float32: read as they are, or widened. */
  readonly read: (at: Code, offset: number) => Code;
  readonly write: (at: Code, value: Code, offset: number) => Code;
}

/** Bytes of a memory argument: no alignment promised, and the offset. */
const place = (offset: number): number[] => {
  const bytes = [0];
  let rest = offset;
  while (rest >= 0x80) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
};

/** Opcodes of WebAssembly SIMD (core specification 2.0, 5.4.8). */
const LANES: Readonly<Record<Precision, Lanes>> = {
  float32: {
    count: 4,
    add: 0xe4,
    sub: 0xe5,
    mul: 0xe6,
    div: 0xe7,
    eq: 0x41,
    gt: 0x44,
    ge: 0x46,
    pmax: 0xeb,
    min: 0xe8,
    max: 0xe9,
    splat: (value) => constant(new Float32Array(4).fill(value)),
    read: load,
    write: store,
  },
  float64: {
    count: 2,
    add: 0xf0,
    sub: 0xf1,
    mul: 0xf2,
    div: 0xf3,
    eq: 0x47,
    gt: 0x4a,
    ge: 0x4c,
    pmax: 0xf7,
    min: 0xf4,
    max: 0xf5,
    splat: (value) => constant(new Float64Array(2).fill(value)),
    read: (at, offset) => [...at, ...vec(0x5d, ...place(offset)), ...vec(0x5f)],
    write: (at, value, offset) => [...at, ...value, ...vec(0x5e), ...vec(0x5b, ...place(offset), 0)],
  },
};

const AND = vec(0x4e);
const XOR = vec(0x51);
const OR = vec(0x50);
const SELECT = vec(0x52);
const ANY = vec(0x53);

/**
 * WebAssembly that smooths a stack of pixels by Whittaker's method, four (float32) or two (float64) pixels an instruction: the
 * recursion of `series/whittaker.ts` written out date by date and node by node, with the penalty and the places of the dates
 * as constants. Null where WebAssembly or its SIMD is not allowed.
 */
export function compileStack(plan: StackPlan, precision: Precision): StackKernel | null {
  const layout = layOut(plan);
  let instance: WebAssembly.Instance;
  try {
    const code = bodyOf(plan, layout, LANES[precision]);
    const locals = [I32, I32, ...new Array<number>(VECTORS).fill(V128)];
    const run = { name: 'run', takes: [I32], gives: [], locals, code };
    instance = new WebAssembly.Instance(new WebAssembly.Module(moduleBytes(layout.pages, [run])));
  } catch (error) {
    if (
      error instanceof RangeError ||
      error instanceof WebAssembly.CompileError ||
      typeof WebAssembly === 'undefined'
    )
      return null;
    throw error;
  }
  // The two exports that moduleBytes declares.
  const { memory, run } = instance.exports as unknown as {
    memory: WebAssembly.Memory;
    run: (end: number) => void;
  };
  const dates = plan.dates.length;
  const floats = (at: number, planes: number) => new Float32Array(memory.buffer, at, planes * PIXELS);
  return {
    pixels: PIXELS,
    values: floats(layout.values, dates),
    weights: floats(layout.weights, dates),
    line: floats(layout.line, plan.nodes.length),
    run: (count) => {
      // Whole vectors: what lies beyond the count is computed and left there.
      if (count > 0) run(Math.ceil(count / 4) * 16);
    },
  };
}

/** Addresses: blocks of float32 planes, then one vector a date or node of scratch for the pixels that are worked on. */
interface Layout {
  readonly values: number;
  readonly weights: number;
  readonly line: number;
  /** Values, weights and weights in effect of every date. */
  readonly own: number;
  readonly weight: number;
  readonly effective: number;
  /** Of every node: first and second factor, the line, the clear day before. */
  readonly first: number;
  readonly second: number;
  readonly solution: number;
  readonly before: number;
  readonly pages: number;
}

const VECTOR = 16;

function layOut({ dates, nodes, envelope }: StackPlan): Layout {
  let at = 0;
  const take = (bytes: number) => {
    const start = at;
    at += bytes;
    return start;
  };
  const values = take(dates.length * PLANE);
  const weights = take(dates.length * PLANE);
  const line = take(nodes.length * PLANE);
  const own = take(dates.length * VECTOR);
  const weight = take(dates.length * VECTOR);
  // Without an envelope the weights in effect are the weights.
  const effective = envelope === 0.5 ? weight : take(dates.length * VECTOR);
  const [first, second, solution, before] = [0, 1, 2, 3].map(() => take(nodes.length * VECTOR)) as [
    number,
    number,
    number,
    number,
  ]; // four of four
  const pages = Math.ceil(at / PAGE_BYTES);
  return { values, weights, line, own, weight, effective, first, second, solution, before, pages };
}

/** Locals: the parameter (bytes of a plane to work on), place of the pixels, round, whether a weight changed; then vectors. */
const END = 0;
const AT = 1;
const ROUND = 2;
const VECTORS = 13;
const [A, B, Y, W, COUNT, CHANGED, NEXT_DAY] = [3, 4, 5, 6, 7, 8, 9];
/** Of the node before, and the one before that; on the way back of the node behind, and the one behind that. */
const [FACTOR, ABOVE, LAST, BEFORE_LAST, LINE, SECOND] = [10, 11, 12, 13, 14, 15];

/** Nothing seen yet: a day that no axis reaches. */
const NEVER = 1e9;

function bodyOf(plan: StackPlan, layout: Layout, lanes: Lanes): Code {
  const bytesAt = lanes.count * 4;
  const round = [...resolve(plan, layout, lanes)];
  const isLevel = plan.envelope === 0.5;
  const rounds: Code = isLevel
    ? round
    : [
        ...i32(plan.rounds),
        ...set(ROUND),
        // loop { solve; lean; branch back while a weight changed and rounds are left }
        0x03,
        0x40,
        ...round,
        ...lean(plan, layout, lanes),
        ...get(ROUND),
        ...i32(-1),
        ...ADD,
        ...tee(ROUND),
        ...i32(0),
        0x4a,
        ...get(CHANGED),
        ...ANY,
        0x71,
        0x0d,
        0,
        0x0b,
      ];
  const body = [...take(plan, layout, lanes), ...rounds, ...give(plan, layout, lanes)];
  return [0x03, 0x40, ...body, ...advance(AT, i32(bytesAt), get(END)), 0x0d, 0, 0x0b];
}

const at = (base: number, i: number): [Code, number] => [i32(0), base + i * VECTOR];
const loadAt = (base: number, i: number): Code => load(...at(base, i));
const storeAt = (base: number, i: number, value: Code): Code => store(at(base, i)[0], value, at(base, i)[1]);

/** Observations of some pixels: what is not a number, and weights below 0, count for nothing. */
function take({ dates, envelope, clearWeight }: StackPlan, layout: Layout, lanes: Lanes): Code {
  const { add, eq, ge, gt, mul, pmax, splat, read } = lanes;
  const finite = [...get(Y), ...get(Y), ...vec(lanes.sub), ...splat(0), ...vec(eq)];
  const parts: Code[] = [splat(0), set(COUNT)];
  for (const i of dates.keys()) {
    parts.push(
      read(get(AT), layout.values + i * PLANE),
      set(Y),
      // Infinity minus itself is not a number either.
      [...splat(0), ...read(get(AT), layout.weights + i * PLANE), ...vec(pmax), ...finite, ...AND, ...set(W)],
      storeAt(layout.own, i, [...get(Y), ...finite, ...AND]),
      storeAt(layout.weight, i, get(W)),
      [
        ...get(COUNT),
        ...get(W),
        ...splat(clearWeight),
        ...vec(ge),
        ...splat(1),
        ...AND,
        ...vec(add),
        ...set(COUNT),
      ],
    );
    if (envelope !== 0.5) {
      // The first line is 0.
      const share = [
        ...splat(envelope),
        ...splat(1 - envelope),
        ...loadAt(layout.own, i),
        ...splat(0),
        ...vec(gt),
        ...SELECT,
      ];
      parts.push(storeAt(layout.effective, i, [...get(W), ...share, ...vec(mul)]));
    }
  }
  return parts.flat();
}

/** Factors and line of the nodes, downwards, then the line upwards. */
function resolve({ dates, nodes, penalty }: StackPlan, layout: Layout, lanes: Lanes): Code {
  const { add, sub, mul, div, splat } = lanes;
  const n = nodes.length;
  const weighted = (date: number, share: number): Code => {
    const weight = loadAt(layout.effective, date);
    return share === 1 ? weight : [...weight, ...splat(share), ...vec(mul)];
  };
  const plus = (local: number, value: Code): Code => [...get(local), ...value, ...vec(add), ...set(local)];
  const parts: Code[] = [];
  for (let i = 0; i < n; i++) {
    parts.push(splat(penalty.diagonal[i]!), set(A), splat(penalty.first[i]!), set(B), splat(0), set(Y));
    for (const [date, { node, share }] of dates.entries()) {
      // An observation between two nodes belongs to both.
      const own = node === i ? 1 - share : node === i - 1 ? share : 0;
      if (own > 0) {
        parts.push(plus(A, weighted(date, own * own)));
        parts.push(plus(Y, [...weighted(date, own), ...loadAt(layout.own, date), ...vec(mul)]));
      }
      if (node === i && share > 0) parts.push(plus(B, weighted(date, share * (1 - share))));
    }
    const minus = (local: number, ...product: Code[]): Code => [
      ...get(local),
      ...product.flat(),
      ...vec(mul),
      ...vec(sub),
      ...set(local),
    ];
    if (i > 0) {
      parts.push(minus(A, get(FACTOR), get(ABOVE)), minus(B, get(FACTOR), splat(penalty.second[i - 1]!)));
      parts.push(minus(Y, get(FACTOR), get(LAST)));
    }
    if (i > 1) {
      parts.push(minus(A, loadAt(layout.second, i - 2), splat(penalty.second[i - 2]!)));
      parts.push(minus(Y, loadAt(layout.second, i - 2), get(BEFORE_LAST)));
    }
    parts.push([...splat(1), ...get(A), ...vec(div), ...set(A)]);
    parts.push([...get(LAST), ...set(BEFORE_LAST), ...get(Y), ...set(LAST), ...get(B), ...set(ABOVE)]);
    parts.push([...get(B), ...get(A), ...vec(mul), ...set(FACTOR)]);
    parts.push(storeAt(layout.first, i, get(FACTOR)));
    parts.push(storeAt(layout.second, i, [...splat(penalty.second[i]!), ...get(A), ...vec(mul)]));
    parts.push(storeAt(layout.solution, i, [...get(Y), ...get(A), ...vec(mul)]));
  }
  for (let i = n - 1; i >= 0; i--) {
    parts.push(loadAt(layout.solution, i));
    if (i + 1 < n) parts.push([...loadAt(layout.first, i), ...get(LINE), ...vec(mul), ...vec(sub)]);
    if (i + 2 < n) parts.push([...loadAt(layout.second, i), ...get(SECOND), ...vec(mul), ...vec(sub)]);
    parts.push([...set(Y), ...get(LINE), ...set(SECOND), ...get(Y), ...set(LINE)]);
    parts.push(storeAt(layout.solution, i, get(LINE)));
  }
  return parts.flat();
}

/** New weights by the line that was found, and whether one of them is another than before. */
function lean({ dates, envelope }: StackPlan, layout: Layout, lanes: Lanes): Code {
  const { add, gt, mul, splat } = lanes;
  const parts: Code[] = [splat(0), set(CHANGED)];
  for (const [i, { node, share }] of dates.entries()) {
    const line = [
      ...loadAt(layout.solution, node),
      ...splat(1 - share),
      ...vec(mul),
      ...loadAt(layout.solution, node + 1),
      ...splat(share),
      ...vec(mul),
      ...vec(add),
    ];
    const isAbove = [...loadAt(layout.own, i), ...line, ...vec(gt)];
    const leaning = [...splat(envelope), ...splat(1 - envelope), ...isAbove, ...SELECT];
    parts.push([...loadAt(layout.weight, i), ...leaning, ...vec(mul), ...set(W)]);
    parts.push([...get(CHANGED), ...get(W), ...loadAt(layout.effective, i), ...XOR, ...OR, ...set(CHANGED)]);
    parts.push(storeAt(layout.effective, i, get(W)));
  }
  return parts.flat();
}

/** The line to the block, and "no number" where too little was seen, or nothing near enough. */
function give({ dates, nodes, needs, maxGap, clearWeight }: StackPlan, layout: Layout, lanes: Lanes): Code {
  const { add, ge, gt, max, min, mul, splat, sub, write } = lanes;
  const parts: Code[] = [[...get(COUNT), ...splat(needs), ...vec(ge), ...set(COUNT)]];
  const isClear = (date: number) => [...loadAt(layout.weight, date), ...splat(clearWeight), ...vec(ge)];
  // Days count from the first node, so that float32 holds them.
  const day = (date: number) => dates[date]!.day - nodes[0]!;
  const looksForGaps = maxGap !== Number.POSITIVE_INFINITY;
  if (looksForGaps) {
    parts.push([...splat(-NEVER), ...set(A)]);
    let date = 0;
    for (const [i, node] of nodes.entries()) {
      for (; date < dates.length && dates[date]!.day <= node; date++)
        parts.push([...splat(day(date)), ...get(A), ...isClear(date), ...SELECT, ...set(A)]);
      parts.push(storeAt(layout.before, i, get(A)));
    }
    parts.push([...splat(NEVER), ...set(NEXT_DAY)]);
  }
  let date = dates.length - 1;
  for (let i = nodes.length - 1; i >= 0; i--) {
    let mask: Code = get(COUNT);
    if (looksForGaps) {
      for (; date >= 0 && dates[date]!.day >= nodes[i]!; date--)
        parts.push([...splat(day(date)), ...get(NEXT_DAY), ...isClear(date), ...SELECT, ...set(NEXT_DAY)]);
      const here = splat(nodes[i]! - nodes[0]!);
      const ahead = [...get(NEXT_DAY), ...here, ...vec(sub)];
      const behind = [...here, ...get(A), ...vec(sub)];
      // Between two looks their distance counts; outside all of them, twice that to the one there is.
      const nearest = [...ahead, ...behind, ...vec(min)];
      const twice = [...nearest, ...splat(2), ...vec(mul)];
      const isOutside = [...ahead, ...behind, ...vec(max), ...splat(NEVER / 2), ...vec(gt)];
      const gap = [...twice, ...ahead, ...behind, ...vec(add), ...isOutside, ...SELECT];
      parts.push([...loadAt(layout.before, i), ...set(A)]);
      mask = [...get(COUNT), ...splat(maxGap), ...gap, ...vec(ge), ...AND];
    }
    const value = [...loadAt(layout.solution, i), ...splat(Number.NaN), ...mask, ...SELECT];
    parts.push(write(get(AT), value, layout.line + i * PLANE));
  }
  return parts.flat();
}
