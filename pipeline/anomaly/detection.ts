import { type Random, seeded } from '../core/random.ts';

/** How well a rare thing was found. There is no overall accuracy: where one in sixty is positive, finding none has 98 %. */
export interface Detection {
  readonly positives: number;
  readonly negatives: number;
  readonly found: number;
  readonly falseAlarms: number;
  /** NaN where nothing was reported. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Share of the negatives that were reported. */
  readonly alarmRate: number;
}

/** Counts reports against the truth. `detectionOf([true, true, false], [true, false, true]).recall` is 0.5. */
export function detectionOf(truth: readonly boolean[], reported: readonly boolean[]): Detection {
  if (truth.length !== reported.length)
    throw new RangeError(`${truth.length} truths, ${reported.length} reports`);
  const count = (is: boolean, said: boolean) =>
    truth.filter((own, i) => own === is && reported[i] === said).length;
  const [found, missed, falseAlarms] = [count(true, true), count(true, false), count(false, true)];
  const negatives = falseAlarms + count(false, false);
  return {
    positives: found + missed,
    negatives,
    found,
    falseAlarms,
    precision: found / (found + falseAlarms),
    recall: found / (found + missed),
    f1: (2 * found) / (2 * found + missed + falseAlarms),
    alarmRate: falseAlarms / negatives,
  };
}

/**
 * Area under the curve of hits against false alarms: how often a positive scores above a negative, ties by half (Mann and
 * Whitney). `areaUnderCurve([3, 1, 2], [true, false, false])` is 1. NaN without both.
 */
export function areaUnderCurve(scores: readonly number[], truth: readonly boolean[]): number {
  const order = [...scores.keys()].sort((a, b) => scores[a]! - scores[b]!);
  let [ranks, positives] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++;
    for (let k = from; k < to; k++) {
      if (!truth[order[k]!]) continue;
      positives++;
      // Ranks count from 1; tied ones share their mean.
      ranks += (from + 1 + to) / 2;
    }
    from = to;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (scores.length - positives));
}

/** Fold of every item, each class dealt out evenly in an order of the seed. */
export function stratifiedFolds(truth: readonly boolean[], folds: number, seed: number): number[] {
  const random = seeded(seed);
  const fold = truth.map(() => 0);
  for (const is of [true, false]) {
    const members = [...truth.keys()].filter((i) => truth[i] === is);
    shuffled(members, random).forEach((i, k) => {
      fold[i] = k % folds;
    });
  }
  return fold;
}

/** Fold of every item, whole blocks in an order of the seed, each to the fold that holds fewest items so far. */
export function blockFolds(blocks: readonly string[], folds: number, seed: number): number[] {
  const sizes = new Map<string, number>();
  for (const block of blocks) sizes.set(block, (sizes.get(block) ?? 0) + 1);
  const sums = Array.from({ length: folds }, () => 0);
  const fold = new Map(
    shuffled([...sizes.keys()].sort(), seeded(seed)).map((block) => {
      const to = sums.indexOf(Math.min(...sums));
      sums[to]! += sizes.get(block)!;
      return [block, to];
    }),
  );
  return blocks.map((block) => fold.get(block)!);
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

/** Scores of all items, each from what was learnt without its fold. */
export function outOfFold(
  fold: readonly number[],
  learn: (training: readonly number[]) => (item: number) => number,
): number[] {
  const scores = fold.map(() => Number.NaN);
  for (const held of new Set(fold)) {
    const score = learn([...fold.keys()].filter((i) => fold[i] !== held));
    fold.forEach((own, i) => {
      if (own === held) scores[i] = score(i);
    });
  }
  return scores;
}
