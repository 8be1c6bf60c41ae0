import type { Random } from '../core/random.ts';
import type { Forest } from '../kernels/forest.ts';

/** Rows of features put into at most 255 bins each, so that a split is found by counting. */
export interface Binned {
  readonly rows: number;
  readonly features: number;
  /** Bin of every row, feature after feature. */
  readonly bins: Uint8Array;
  /** Upper edges of the bins of every feature but the last: float32, so that training and inference compare alike. */
  readonly edges: readonly Float32Array[];
}

const MOST_BINS = 255;

/** Bins by the quantiles of each feature; a feature of few different values gets a bin for each. */
export function binRows(rows: readonly ArrayLike<number>[], features: number): Binned {
  const bins = new Uint8Array(rows.length * features);
  const edges: Float32Array[] = [];
  for (let f = 0; f < features; f++) {
    const values = Float32Array.from(rows, (row) => row[f]!);
    const edge = edgesOf(values);
    for (let i = 0; i < rows.length; i++) bins[f * rows.length + i] = below(edge, values[i]!);
    edges.push(edge);
  }
  return { rows: rows.length, features, bins, edges };
}

/** Halfway between neighbouring values, thinned to quantiles where there are more than bins. */
function edgesOf(values: Float32Array): Float32Array {
  const sorted = Float32Array.from(values).sort();
  const middles: number[] = [];
  const ranks: number[] = [];
  for (let i = 1; i < sorted.length; i++) {
    const [low, high] = [sorted[i - 1]!, sorted[i]!];
    if (low === high) continue;
    const middle = Math.fround(low + (high - low) / 2);
    // Neighbours in float32 have nothing between them: the lower one parts them.
    middles.push(middle < high ? middle : low);
    ranks.push(i);
  }
  if (middles.length < MOST_BINS) return Float32Array.from(middles);
  const picked: number[] = [];
  let next = 0;
  for (let bin = 1; bin < MOST_BINS; bin++) {
    const rank = (bin * sorted.length) / MOST_BINS;
    while (next < middles.length - 1 && ranks[next]! < rank) next++;
    if (picked.at(-1) !== middles[next]!) picked.push(middles[next]!);
  }
  return Float32Array.from(picked);
}

function below(rising: Float32Array, x: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rising[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How a tree is grown. */
export interface Growth {
  readonly maxDepth: number;
  readonly minLeaf: number;
  /** Features looked at in each node. */
  readonly tries: number;
}

/** What a tree learns: class of each row (with the number of classes) or a number of each row. */
export type Target =
  | { readonly kind: 'class'; readonly classes: number; readonly of: Uint8Array }
  | { readonly kind: 'number'; readonly of: Float64Array };

/** Trees while they are grown; `forestOf` makes arrays of them. */
export interface Grove {
  readonly features: number;
  readonly outputs: number;
  readonly roots: number[];
  readonly depths: number[];
  readonly feature: number[];
  readonly threshold: number[];
  readonly child: number[];
  readonly values: number[];
}

export function newGrove(features: number, outputs: number): Grove {
  return { features, outputs, roots: [], depths: [], feature: [], threshold: [], child: [], values: [] };
}

/** The grown trees as the flat arrays that are walked. */
export function forestOf(grove: Grove): Forest {
  return {
    features: grove.features,
    outputs: grove.outputs,
    roots: Int32Array.from(grove.roots),
    depths: Int32Array.from(grove.depths),
    feature: Uint16Array.from(grove.feature),
    threshold: Float32Array.from(grove.threshold),
    child: Int32Array.from(grove.child),
    values: Float32Array.from(grove.values),
  };
}

interface Split {
  readonly feature: number;
  readonly bin: number;
  readonly gain: number;
}

/**
 * Grows one tree on rows (a row may stand there twice, as in a bootstrap sample) and returns the leaf of each: splits
 * that lower the squared error, or for classes Gini's impurity, most; both are the same sum of squares over counts
 * (Breiman et al. 1984, CART). Ties go to the feature tried first, so equal seeds give equal trees.
 */
export function growTree(
  grove: Grove,
  data: Binned,
  target: Target,
  sample: Int32Array,
  growth: Growth,
  random: Random,
): Int32Array {
  const root = grove.child.length;
  const leaves = new Int32Array(sample.length);
  let deepest = 0;
  addNode(grove);
  const stack = [{ node: root, from: 0, to: sample.length, depth: 0 }];
  const rows = Int32Array.from(sample);
  const places = Int32Array.from(sample, (_, i) => i);
  const order = Int32Array.from({ length: data.features }, (_, f) => f);
  const histogram = makeHistogram(target);
  for (let part = stack.pop(); part !== undefined; part = stack.pop()) {
    const { node, from, to, depth } = part;
    deepest = Math.max(deepest, depth);
    const canSplit = depth < growth.maxDepth && to - from >= 2 * growth.minLeaf;
    const split = canSplit ? bestSplit(data, histogram, rows, from, to, growth, order, random) : null;
    if (split === null) {
      histogram.leaf(grove, node, rows, from, to);
      for (let i = from; i < to; i++) leaves[places[i]!] = node;
      continue;
    }
    const middle = partition(data, split, rows, places, from, to);
    const left = addNode(grove);
    addNode(grove);
    grove.feature[node] = split.feature;
    grove.threshold[node] = data.edges[split.feature]![split.bin]!;
    grove.child[node] = left;
    stack.push({ node: left + 1, from: middle, to, depth: depth + 1 });
    stack.push({ node: left, from, to: middle, depth: depth + 1 });
  }
  grove.roots.push(root);
  grove.depths.push(deepest);
  return leaves;
}

function addNode(grove: Grove): number {
  const node = grove.child.length;
  grove.feature.push(0);
  grove.threshold.push(Number.POSITIVE_INFINITY);
  grove.child.push(node);
  for (let k = 0; k < grove.outputs; k++) grove.values.push(0);
  return node;
}

/** Moves rows of bins up to the split's to the front, in their order; returns where the others start. */
function partition(
  data: Binned,
  { feature, bin }: Split,
  rows: Int32Array,
  places: Int32Array,
  from: number,
  to: number,
): number {
  const offset = feature * data.rows;
  const high: [number, number][] = [];
  let middle = from;
  for (let i = from; i < to; i++) {
    const [row, place] = [rows[i]!, places[i]!];
    if (data.bins[offset + row]! > bin) high.push([row, place]);
    else {
      rows[middle] = row;
      places[middle++] = place;
    }
  }
  high.forEach(([row, place], i) => {
    rows[middle + i] = row;
    places[middle + i] = place;
  });
  return middle;
}

function bestSplit(
  data: Binned,
  histogram: Histogram,
  rows: Int32Array,
  from: number,
  to: number,
  growth: Growth,
  order: Int32Array,
  random: Random,
): Split | null {
  let best: Split | null = null;
  let tried = 0;
  histogram.start(rows, from, to);
  // Features in random order without repetition; those that are constant here do not count as tries.
  for (let i = 0; i < order.length && tried < growth.tries; i++) {
    const j = i + Math.floor(random() * (order.length - i));
    [order[i], order[j]] = [order[j]!, order[i]!];
    const feature = order[i]!;
    const found = histogram.best(data, feature, rows, from, to, growth.minLeaf);
    if (found === null) continue;
    tried++;
    if (found.gain > (best?.gain ?? 1e-12))
      best = { feature, bin: middleEdge(data.edges[feature]!, found), gain: found.gain };
  }
  return best;
}

/** Where a feature is cut: rows lie in `bin` and below, then none up to `next`. */
interface Cut {
  readonly bin: number;
  readonly next: number;
  readonly gain: number;
}

/**
 * The edge halfway between the last rows left and the first rows right of a cut. Any edge between them parts these rows
 * alike, but the outermost would send every other row of the gap to one side.
 */
function middleEdge(edges: Float32Array, { bin, next }: Cut): number {
  const middle = (edges[bin]! + edges[next - 1]!) / 2;
  let edge = bin;
  while (edge < next - 1 && Math.abs(edges[edge + 1]! - middle) <= Math.abs(edges[edge]! - middle)) edge++;
  return edge;
}

/** Counts by bin, and what follows from them. */
interface Histogram {
  start(rows: Int32Array, from: number, to: number): void;
  /** Best split of a feature; null where all rows lie in one bin. */
  best(
    data: Binned,
    feature: number,
    rows: Int32Array,
    from: number,
    to: number,
    minLeaf: number,
  ): Cut | null;
  leaf(grove: Grove, node: number, rows: Int32Array, from: number, to: number): void;
}

function makeHistogram(target: Target): Histogram {
  return target.kind === 'number' ? numberHistogram(target.of) : classHistogram(target.of, target.classes);
}

function numberHistogram(y: Float64Array): Histogram {
  const counts = new Float64Array(256);
  const sums = new Float64Array(256);
  let total = 0;
  return {
    start: (rows, from, to) => {
      total = 0;
      for (let i = from; i < to; i++) total += y[rows[i]!]!;
    },
    best: (data, feature, rows, from, to, minLeaf) => {
      const offset = feature * data.rows;
      const size = data.edges[feature]!.length + 1;
      counts.fill(0, 0, size);
      sums.fill(0, 0, size);
      for (let i = from; i < to; i++) {
        const row = rows[i]!;
        const bin = data.bins[offset + row]!;
        counts[bin]!++;
        sums[bin]! += y[row]!;
      }
      const n = to - from;
      return sweep(
        size,
        counts,
        n,
        minLeaf,
        (() => {
          let left = 0;
          return (bin: number, count: number) => {
            left += sums[bin]!;
            return left ** 2 / count + (total - left) ** 2 / (n - count) - total ** 2 / n;
          };
        })(),
      );
    },
    leaf: (grove, node, rows, from, to) => {
      let sum = 0;
      for (let i = from; i < to; i++) sum += y[rows[i]!]!;
      grove.values[node] = sum / (to - from);
    },
  };
}

function classHistogram(y: Uint8Array, classes: number): Histogram {
  const counts = new Float64Array(256);
  const table = new Float64Array(256 * classes);
  const all = new Float64Array(classes);
  const left = new Float64Array(classes);
  return {
    start: (rows, from, to) => {
      all.fill(0);
      for (let i = from; i < to; i++) all[y[rows[i]!]!]!++;
    },
    best: (data, feature, rows, from, to, minLeaf) => {
      const offset = feature * data.rows;
      const size = data.edges[feature]!.length + 1;
      counts.fill(0, 0, size);
      table.fill(0, 0, size * classes);
      for (let i = from; i < to; i++) {
        const row = rows[i]!;
        const bin = data.bins[offset + row]!;
        counts[bin]!++;
        table[bin * classes + y[row]!]!++;
      }
      const n = to - from;
      left.fill(0);
      const squares = all.reduce((sum, count) => sum + count * count, 0);
      return sweep(size, counts, n, minLeaf, (bin, count) => {
        let [a, b] = [0, 0];
        for (let k = 0; k < classes; k++) {
          const c = left[k]! + table[bin * classes + k]!;
          left[k] = c;
          a += c * c;
          b += (all[k]! - c) ** 2;
        }
        return a / count + b / (n - count) - squares / n;
      });
    },
    leaf: (grove, node, rows, from, to) => {
      for (let i = from; i < to; i++) grove.values[node * classes + y[rows[i]!]!]! += 1 / (to - from);
    },
  };
}

/** Goes through the bins and keeps the best place to cut; `gainAt` is told every bin that holds rows, in order. */
function sweep(
  size: number,
  counts: Float64Array,
  n: number,
  minLeaf: number,
  gainAt: (bin: number, count: number) => number,
): Cut | null {
  let [count, bin, next, gain, isOpen] = [0, -1, -1, Number.NEGATIVE_INFINITY, false];
  for (let b = 0; b < size; b++) {
    if (counts[b] === 0) continue;
    if (isOpen) next = b;
    isOpen = false;
    count += counts[b]!;
    if (count === n) break;
    const here = gainAt(b, count);
    if (count < minLeaf || n - count < minLeaf || here <= gain) continue;
    [bin, gain, isOpen] = [b, here, true];
  }
  return bin < 0 ? null : { bin, next, gain };
}
