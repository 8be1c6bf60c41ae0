import { forestMean } from '../kernels/forest.ts';
import { growClassForest } from '../models/ensemble.ts';
import type { Rows } from '../models/linear.ts';
import { blockFolds, outOfFold } from './detection.ts';

/** Names of what `seriesFeatures` gives of one band, in order. */
export const SERIES_FEATURES = [
  'p10',
  'p25',
  'p50',
  'p75',
  'p90',
  'first third, p50',
  'middle third, p50',
  'last third, p50',
  'last less first third, p50',
  'first third, p25',
  'last third, p75',
  'step between neighbours, p50',
] as const;

/**
 * What a series of one band looks like without a date in it: quantiles of all of it and of its thirds, and how far neighbours
 * differ. Twelve numbers in the order of SERIES_FEATURES. Throws a RangeError for fewer than six values.
 * Of 1, 2, …, 9 the last third lies 6 above the first.
 */
export function seriesFeatures(values: ArrayLike<number>): number[] {
  const all = Float64Array.from(values);
  if (all.length < 6) throw new RangeError(`${all.length} values`);
  const third = Math.floor(all.length / 3);
  const [first, middle, last] = [all.slice(0, third), all.slice(third, -third), all.slice(-third)];
  const steps = all.slice(1).map((value, i) => Math.abs(value - all[i]!));
  const whole = [0.1, 0.25, 0.5, 0.75, 0.9].map((p) => quantile(all, p));
  const [start, end] = [quantile(first, 0.5), quantile(last, 0.5)];
  const parts = [start, quantile(middle, 0.5), end, end - start, quantile(first, 0.25), quantile(last, 0.75)];
  return [...whole, ...parts, quantile(steps, 0.5)];
}

/** Between the two nearest ranks (Hyndman and Fan's type 7). */
function quantile(values: Float64Array, p: number): number {
  const sorted = values.toSorted();
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const below = sorted[low]!;
  return below + (at - low) * ((sorted[low + 1] ?? below) - below);
}

export interface DisturbedOptions {
  /** Share of undisturbed places that may be reported, as met in folds of the training blocks. */
  readonly alarmRate: number;
  readonly trees: number;
  readonly folds: number;
  readonly seed: number;
}

/** Says of a row of features how sure the trees are that it is disturbed, and from where on it is reported. */
export interface DisturbedDetector {
  readonly score: (row: ArrayLike<number>) => number;
  readonly threshold: number;
}

/**
 * A forest of trees that knows disturbed from undisturbed series, with a threshold set on what it says of blocks it did not
 * see, never on the places it will be judged by.
 */
export function fitDisturbed(
  rows: Rows,
  truth: readonly boolean[],
  blocks: readonly string[],
  { alarmRate, trees, folds, seed }: DisturbedOptions,
): DisturbedDetector {
  const grow = (items: readonly number[]) => {
    const { forest } = growClassForest(
      items.map((i) => rows[i]!),
      Uint8Array.from(items, (i) => Number(truth[i])),
      2,
      { trees, minLeaf: 1, balanced: true, seed },
    );
    return (row: ArrayLike<number>) => forestMean(forest, row)[1]!;
  };
  const held = outOfFold(blockFolds(blocks, folds, seed), (training) => {
    const score = grow(training);
    return (i) => score(rows[i]!);
  });
  const undisturbed = Float64Array.from(held.filter((_, i) => !truth[i])).sort();
  const rank = Math.ceil((1 - alarmRate) * undisturbed.length) - 1;
  return { score: grow([...rows.keys()]), threshold: undisturbed[Math.max(0, rank)]! };
}
