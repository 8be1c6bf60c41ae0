import { type Random, seeded } from '../core/random.ts';
import { type Forest, leafOf } from '../kernels/forest.ts';
import type { Rows } from './linear.ts';
import { binRows, forestOf, growTree, newGrove } from './trees.ts';

const sampleOf = (n: number, random: Random) =>
  Int32Array.from({ length: n }, () => Math.floor(random() * n));

export interface ForestOptions {
  readonly trees: number;
  readonly minLeaf: number;
  /** Features tried in each node; a third of them where left out. */
  readonly tries?: number;
  readonly seed: number;
}

/** Regression forest: trees on bootstrap samples, their mean the answer (Breiman 2001, doi 10.1023/A:1010933404324). */
export function growForest(rows: Rows, y: ArrayLike<number>, options: ForestOptions): Forest {
  const features = rows[0]!.length;
  const random = seeded(options.seed);
  const data = binRows(rows, features);
  const grove = newGrove(features, 1);
  const target = { kind: 'number', of: Float64Array.from(y) } as const;
  const growth = {
    maxDepth: 40,
    minLeaf: options.minLeaf,
    tries: options.tries ?? Math.max(1, Math.ceil(features / 3)),
  };
  for (let tree = 0; tree < options.trees; tree++)
    growTree(grove, data, target, sampleOf(rows.length, random), growth, random);
  return forestOf(grove);
}

export interface BoostOptions {
  readonly rounds: number;
  readonly depth: number;
  readonly rate: number;
  readonly seed: number;
}

/** A boosted sum: `start` plus `rate` times what every tree's leaf holds. */
export interface Boosted {
  readonly forest: Forest;
  readonly start: number;
  readonly rate: number;
}

/** Share of the rows each boosted tree sees. */
const SUBSAMPLE = 0.7;

/** Gradient boosting of squared error with row sampling (Friedman 2002, doi 10.1016/S0167-9473(01)00065-2). */
export function growBoosted(rows: Rows, y: ArrayLike<number>, options: BoostOptions): Boosted {
  const features = rows[0]!.length;
  const n = rows.length;
  const random = seeded(options.seed);
  const data = binRows(rows, features);
  const grove = newGrove(features, 1);
  let start = 0;
  for (let i = 0; i < n; i++) start += y[i]! / n;
  const left = Float64Array.from(y, (value) => value - start);
  const growth = { maxDepth: options.depth, minLeaf: Math.min(5, Math.max(1, n >> 3)), tries: features };
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const seen = Math.max(1, Math.round(SUBSAMPLE * n));
  for (let round = 0; round < options.rounds; round++) {
    for (let i = 0; i < seen; i++) {
      const j = i + Math.floor(random() * (n - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    growTree(grove, data, { kind: 'number', of: left }, order.slice(0, seen), growth, random);
    // The tree as it stands, seen through the same arrays: rows outside the sample need its answer too.
    const tree = grove.roots.length - 1;
    for (let i = 0; i < n; i++) left[i]! -= options.rate * valueIn(grove, grove.roots[tree]!, rows[i]!);
  }
  return { forest: forestOf(grove), start, rate: options.rate };
}

function valueIn(grove: ReturnType<typeof newGrove>, root: number, row: ArrayLike<number>): number {
  let node = root;
  while (grove.child[node]! !== node)
    node = grove.child[node]! + (Math.fround(row[grove.feature[node]!]!) > grove.threshold[node]! ? 1 : 0);
  return grove.values[node]!;
}

export interface ClassForestOptions {
  readonly trees: number;
  readonly minLeaf: number;
  readonly tries?: number;
  /** Draws as many samples of every class, so that rare ones are heard. */
  readonly balanced: boolean;
  readonly seed: number;
}

/** A classifier and the share of its training rows that the trees which did not see them get wrong. */
export interface ClassForest {
  readonly forest: Forest;
  /** NaN where every row was in every sample. */
  readonly outOfBagError: number;
}

/** Classification forest: leaves hold shares of classes, their mean over the trees is the class probability. */
export function growClassForest(
  rows: Rows,
  classes: Uint8Array,
  count: number,
  options: ClassForestOptions,
): ClassForest {
  const features = rows[0]!.length;
  const random = seeded(options.seed);
  const data = binRows(rows, features);
  const grove = newGrove(features, count);
  const growth = {
    maxDepth: 60,
    minLeaf: options.minLeaf,
    tries: options.tries ?? Math.max(1, Math.floor(Math.sqrt(features))),
  };
  const members = Array.from({ length: count }, (_, k) =>
    [...classes.keys()].filter((i) => classes[i] === k),
  );
  const filled = members.filter(({ length }) => length > 0);
  const samples: Int32Array[] = [];
  for (let tree = 0; tree < options.trees; tree++) {
    const sample = options.balanced
      ? Int32Array.from({ length: rows.length }, (_, i) => {
          const of = filled[i % filled.length]!;
          return of[Math.floor(random() * of.length)]!;
        })
      : sampleOf(rows.length, random);
    growTree(grove, data, { kind: 'class', classes: count, of: classes }, sample, growth, random);
    samples.push(sample);
  }
  const forest = forestOf(grove);
  return { forest, outOfBagError: outOfBag(forest, rows, classes, samples) };
}

function outOfBag(forest: Forest, rows: Rows, classes: Uint8Array, samples: readonly Int32Array[]): number {
  const votes = rows.map(() => new Float64Array(forest.outputs));
  samples.forEach((sample, tree) => {
    const seen = new Uint8Array(rows.length);
    for (const row of sample) seen[row] = 1;
    rows.forEach((row, i) => {
      if (seen[i] === 1) return;
      const leaf = leafOf(forest, tree, row) * forest.outputs;
      for (let k = 0; k < forest.outputs; k++) votes[i]![k]! += forest.values[leaf + k]!;
    });
  });
  let [asked, wrong] = [0, 0];
  votes.forEach((vote, i) => {
    const most = Math.max(...vote);
    if (most === 0) return;
    asked++;
    if (vote.indexOf(most) !== classes[i]) wrong++;
  });
  return wrong / asked;
}
