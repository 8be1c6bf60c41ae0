import {
  ADD,
  advance,
  type Code,
  type FunctionCode,
  get,
  I32,
  i32,
  leb,
  moduleBytes,
  repeat,
  set,
} from './assembler.ts';

/**
 * Decision trees as flat arrays, all trees one behind the other. A node sends a row right when
 * `x[feature] > threshold`; its left child is `child`, the right one `child + 1`. A leaf is its own child and has an
 * infinite threshold, so that walking on from it stays there.
 */
export interface Forest {
  /** How many features a row has. */
  readonly features: number;
  /** Numbers a leaf holds: one for a regression, one a class for a classifier. */
  readonly outputs: number;
  /** First node of every tree. */
  readonly roots: Int32Array;
  /** Steps from the root to the deepest leaf of every tree. */
  readonly depths: Int32Array;
  readonly feature: Uint16Array;
  readonly threshold: Float32Array;
  readonly child: Int32Array;
  /** `outputs` numbers a node; those of inner nodes are 0. */
  readonly values: Float32Array;
}

/** The leaf of one tree that a row of features falls into; features are compared as float32, as they were trained. */
export function leafOf(forest: Forest, tree: number, row: ArrayLike<number>): number {
  const { feature, threshold, child } = forest;
  let node = forest.roots[tree]!;
  while (child[node]! !== node)
    node = child[node]! + (Math.fround(row[feature[node]!]!) > threshold[node]! ? 1 : 0);
  return node;
}

/** Mean over all trees of what their leaves hold for a row: `outputs` numbers. */
export function forestMean(forest: Forest, row: ArrayLike<number>): Float64Array {
  const { outputs, values, roots } = forest;
  const sums = new Float64Array(outputs);
  for (let tree = 0; tree < roots.length; tree++) {
    const leaf = leafOf(forest, tree, row) * outputs;
    for (let k = 0; k < outputs; k++) sums[k]! += values[leaf + k]!;
  }
  return sums.map((sum) => sum / roots.length);
}

/** The most likely class of every pixel and the probability the forest gives it. */
export interface Classified {
  /** Index of the class; NO_CLASS where a feature is not a number. */
  readonly classes: Uint8Array;
  /** 0 to 1; NaN where a feature is not a number. */
  readonly probability: Float32Array;
}

/** Class of a pixel that lacks a feature. */
export const NO_CLASS = 255;

/** Classifies planes of pixels, one plane a feature, all of one length. */
export type ForestRunner = (planes: readonly Float32Array[]) => Classified;

/** Pixels a tree is walked for at a time: their codes and sums stay in a core's second cache. */
const BLOCK = 4096;
/** Pixels walked side by side, so that one's loads run while another's wait. */
const ABREAST = 8;
const PAGE_BYTES = 65_536;

/**
 * Makes a forest ready for many pixels. Every feature is first replaced by the count of the forest's thresholds below it,
 * one byte, so that a node is 32 bits (child, feature, code) and a step of four pixels side by side needs eight loads and
 * no branch. Classes are the same as `forestMean`'s; sums are of float32 in the order of the trees.
 * Throws a RangeError for forests that do not fit the packing: over 255 features or classes, 255 thresholds a feature,
 * or 65,535 nodes a tree.
 */
export function compileForest(forest: Forest): ForestRunner {
  const packed = pack(forest);
  const { outputs, features, roots, depths } = forest;
  const lanes = Math.ceil(outputs / 4) * 4;
  const stride = Math.ceil(features / 4) * 4;
  // Memory: nodes of all trees, leaf values of all trees, codes of a block, sums of a block.
  const valuesAt = align(packed.nodes.byteLength);
  const codesAt = align(valuesAt + packed.nodes.length * lanes * 4);
  const sumsAt = align(codesAt + BLOCK * stride);
  const bytes = sumsAt + BLOCK * lanes * 4;
  const module = new WebAssembly.Module(
    moduleBytes(Math.ceil(bytes / PAGE_BYTES), [walkCode(lanes, stride)]),
  );
  // The two exports that moduleBytes declares for walkCode.
  const { memory, walk } = new WebAssembly.Instance(module).exports as {
    memory: WebAssembly.Memory;
    walk: (nodes: number, depth: number, values: number, codes: number, end: number, sums: number) => void;
  };
  new Uint32Array(memory.buffer).set(packed.nodes);
  const values = new Float32Array(memory.buffer, valuesAt);
  for (let node = 0; node < packed.nodes.length; node++)
    values.set(forest.values.subarray(node * outputs, (node + 1) * outputs), node * lanes);
  const codes = new Uint8Array(memory.buffer, codesAt, BLOCK * stride);
  const sums = new Float32Array(memory.buffer, sumsAt, BLOCK * lanes);

  return (planes) => {
    const length = planes[0]?.length ?? 0;
    const classes = new Uint8Array(length);
    const probability = new Float32Array(length);
    for (let start = 0; start < length; start += BLOCK) {
      const count = Math.min(BLOCK, length - start);
      for (let f = 0; f < features; f++)
        encode(planes[f]!.subarray(start, start + count), packed.thresholds[f]!, codes, f, stride);
      sums.fill(0);
      // Whole groups: what lies beyond `count` is walked and left there.
      const end = codesAt + Math.ceil(count / ABREAST) * ABREAST * stride;
      for (let tree = 0; tree < roots.length; tree++)
        walk(roots[tree]! * 4, depths[tree]!, valuesAt + roots[tree]! * lanes * 4, codesAt, end, sumsAt);
      choose(sums, lanes, outputs, roots.length, count, classes, probability, start);
    }
    markMissing(planes, classes, probability);
    return { classes, probability };
  };
}

const align = (bytes: number) => Math.ceil(bytes / 16) * 16;

interface Packed {
  /** child << 16 | feature << 8 | code, the child counted from the tree's root. */
  readonly nodes: Uint32Array;
  /** Distinct thresholds of every feature, rising. */
  readonly thresholds: readonly Float32Array[];
}

function pack({ features, outputs, roots, feature, threshold, child }: Forest): Packed {
  if (features > 255 || outputs > 255) throw new RangeError('over 255 features or classes');
  const sets = Array.from({ length: features }, () => new Set<number>());
  for (let node = 0; node < child.length; node++)
    if (child[node] !== node) sets[feature[node]!]!.add(threshold[node]!);
  const thresholds = sets.map((set) => Float32Array.from(set).sort());
  if (thresholds.some(({ length }) => length > 255)) throw new RangeError('over 255 thresholds of a feature');
  const nodes = new Uint32Array(child.length);
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const end = roots[tree + 1] ?? child.length;
    if (end - root > 65_535) throw new RangeError('over 65,535 nodes in a tree');
    for (let node = root; node < end; node++) {
      const isLeaf = child[node] === node;
      // A code is at most 255, the number of thresholds, and never above a leaf's 255.
      const code = isLeaf ? 255 : lowerBound(thresholds[feature[node]!]!, threshold[node]!);
      nodes[node] = (((child[node]! - root) << 16) | ((isLeaf ? 0 : feature[node]!) << 8) | code) >>> 0;
    }
  }
  return { nodes, thresholds };
}

/** How many of rising numbers are below `x`. */
function lowerBound(rising: Float32Array, x: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Writes the code of every pixel: how many thresholds are below it, so that `x > threshold[i]` is `code > i`. */
function encode(
  plane: Float32Array,
  thresholds: Float32Array,
  codes: Uint8Array,
  at: number,
  stride: number,
): void {
  // Filled up to 255 so that every pixel takes the same eight halvings: pixels are in no order to be guessed.
  const full = new Float32Array(255).fill(Number.POSITIVE_INFINITY);
  full.set(thresholds);
  for (let i = 0; i < plane.length; i++) {
    const x = plane[i]!;
    let below = 0;
    for (let half = 128; half > 0; half >>= 1) below += full[below + half - 1]! < x ? half : 0;
    codes[i * stride + at] = below;
  }
}

function choose(
  sums: Float32Array,
  lanes: number,
  outputs: number,
  trees: number,
  count: number,
  classes: Uint8Array,
  probability: Float32Array,
  start: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = i * lanes;
    let best = 0;
    let most = sums[at]!;
    for (let k = 1; k < outputs; k++) {
      const sum = sums[at + k]!;
      if (sum > most) {
        most = sum;
        best = k;
      }
    }
    classes[start + i] = best;
    probability[start + i] = most / trees;
  }
}

function markMissing(planes: readonly Float32Array[], classes: Uint8Array, probability: Float32Array): void {
  for (const plane of planes) {
    for (let i = 0; i < plane.length; i++) {
      if (!Number.isNaN(plane[i]!)) continue;
      classes[i] = NO_CLASS;
      probability[i] = Number.NaN;
    }
  }
}

const load32 = (offset = 0): Code => [0x28, 2, offset];
const load8 = (offset: number): Code => [0x2d, 0, ...leb(offset)];
const vector = (opcode: number): Code => [0xfd, opcode];
const SHIFT_LEFT: Code = [0x74];
const SHIFT_RIGHT: Code = [0x76];
const AND: Code = [0x71];
const ABOVE: Code = [0x4b];
const LESS: Code = [0x6b];
const TIMES: Code = [0x6c];
const ADD_FLOATS: Code = [0xfd, 0xe4, 0x01];

/*
 * walk(nodes, depth, values, codes, end, sums): one tree for the pixels whose codes lie in [codes, end), four at a time:
 *
 *     do {
 *       a = b = c = d = 0; left = depth
 *       do { a = step(a) … d = step(d) } while (left -= 1)
 *       sums[pixel] += values[leaf]   for each of the four
 *       codes += 4 · stride; sums += 4 · lanes · 4
 *     } while (codes < end)
 */
function walkCode(lanes: number, stride: number): FunctionCode {
  const [NODES, DEPTH, VALUES, CODES, END, SUMS, LEFT, WORD] = [0, 1, 2, 3, 4, 5, 6, 7];
  const at = Array.from({ length: ABREAST }, (_, pixel) => 8 + pixel);
  const step = (pixel: number): Code => [
    ...[...get(NODES), ...get(at[pixel]!), ...i32(2), ...SHIFT_LEFT, ...ADD, ...load32(), ...set(WORD)],
    ...[...get(WORD), ...i32(16), ...SHIFT_RIGHT],
    ...[...get(CODES), ...get(WORD), ...i32(8), ...SHIFT_RIGHT, ...i32(255), ...AND, ...ADD],
    ...[...load8(pixel * stride), ...get(WORD), ...i32(255), ...AND, ...ABOVE, ...ADD, ...set(at[pixel]!)],
  ];
  const collect = (pixel: number): Code =>
    Array.from({ length: lanes / 4 }, (_, part): Code => {
      const offset = (pixel * lanes + part * 4) * 4;
      const sum = [...get(SUMS), ...i32(offset), ...ADD];
      const leaf = [
        ...get(VALUES),
        ...get(at[pixel]!),
        ...i32(lanes * 4),
        ...TIMES,
        ...ADD,
        ...i32(part * 16),
        ...ADD,
      ];
      const load: Code = [...vector(0x00), 2, 0];
      return [...sum, ...sum, ...load, ...leaf, ...load, ...ADD_FLOATS, ...vector(0x0b), 2, 0];
    }).flat();
  const all = (of: (pixel: number) => Code): Code => at.flatMap((_, pixel) => of(pixel));
  return {
    name: 'walk',
    takes: [I32, I32, I32, I32, I32, I32],
    gives: [],
    locals: [I32, I32, ...at.map(() => I32)],
    code: repeat(
      all((pixel) => [...i32(0), ...set(at[pixel]!)]),
      [...get(DEPTH), ...i32(1), ...ADD, ...set(LEFT)],
      repeat(all(step), [...get(LEFT), ...i32(1), ...LESS, ...[0x22, LEFT]]),
      all(collect),
      [...get(SUMS), ...i32(ABREAST * lanes * 4), ...ADD, ...set(SUMS)],
      advance(CODES, i32(ABREAST * stride), get(END)),
    ),
  };
}
