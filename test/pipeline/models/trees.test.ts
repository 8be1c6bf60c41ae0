import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { openForestPool } from '../../../pipeline/jobs/forest-threads.ts';
import { compileForest, forestMean, leafOf, NO_CLASS } from '../../../pipeline/kernels/forest.ts';
import { chiSquareQuantile, distanceFrom, domainOf } from '../../../pipeline/models/domain.ts';
import { growBoosted, growClassForest, growForest } from '../../../pipeline/models/ensemble.ts';
import { forestFromText, forestText } from '../../../pipeline/models/forest-text.ts';
import { modelRow, predictorOf } from '../../../pipeline/models/table.ts';

interface Golden {
  readonly rows: number[][];
  readonly labels: number[];
  readonly target: number[];
  readonly train: number;
  readonly ridge: number[];
  readonly classifier: number[][];
  readonly forest: number[];
  readonly boost: number[];
  readonly chi2: [number, number, number][];
}

// Recipe and versions stand in the file: scikit-learn 1.9.1, scipy 1.17.1.
const golden = JSON.parse(
  readFileSync(new URL('../../../fixtures/golden/models.json', import.meta.url), 'utf8'),
) as Golden; // written by test/helpers/sklearn-models.py
const rows = golden.rows.slice(0, golden.train);
const target = golden.target.slice(0, golden.train);
const labels = Uint8Array.from(golden.labels.slice(0, golden.train));
const asked = golden.rows.slice(golden.train);
const meanApart = (ours: readonly number[], theirs: readonly number[]) =>
  ours.reduce((sum, value, i) => sum + Math.abs(value - theirs[i]!), 0) / ours.length;

describe('models against scikit-learn', () => {
  it('ridge gives its predictions to nine digits, by rows as by columns', () => {
    const fitted = modelRow('ridge').fit(rows, target, { lambda: 10 }, 1, false)!;
    const predict = predictorOf(fitted);
    for (const [i, row] of asked.entries()) expect(predict(row) / golden.ridge[i]!).toBeCloseTo(1, 9);
  });

  it('ridge solves for rows where those are fewer than columns, with the same answer', () => {
    // Columns repeated: the primal needs the penalty twice, for each copy carries half of the weight.
    const twice = (row: readonly number[]) => [...row, ...row];
    const few = rows.slice(0, 6);
    const primal = modelRow('ridge').fit(few, target.slice(0, 6), { lambda: 5 }, 1, false)!;
    const dual = modelRow('ridge').fit(few.map(twice), target.slice(0, 6), { lambda: 10 }, 1, false)!;
    for (const row of asked.slice(0, 5))
      expect(predictorOf(dual)(twice(row))).toBeCloseTo(predictorOf(primal)(row), 6);
  });

  it('class probabilities agree within 0.03 on average', () => {
    const { forest } = growClassForest(rows, labels, 3, { trees: 800, minLeaf: 1, balanced: false, seed: 3 });
    const ours = asked.flatMap((row) => [...forestMean(forest, row)]);
    expect(meanApart(ours, golden.classifier.flat())).toBeLessThan(0.03);
  });

  it('regression forests and boosted trees agree within a tenth of the noise', () => {
    const forest = growForest(rows, target, { trees: 600, minLeaf: 1, tries: 2, seed: 2 });
    expect(
      meanApart(
        asked.map((row) => forestMean(forest, row)[0]!),
        golden.forest,
      ),
    ).toBeLessThan(25);
    const runs = Array.from({ length: 20 }, (_, seed) => {
      const {
        forest: trees,
        start,
        rate,
      } = growBoosted(rows, target, { rounds: 100, depth: 2, rate: 0.05, seed });
      return predictorOf({ kind: 'boost', trees: forestText(trees), start, rate });
    });
    const mean = asked.map((row) => runs.reduce((sum, predict) => sum + predict(row), 0) / runs.length);
    expect(meanApart(mean, golden.boost)).toBeLessThan(25);
  });

  it('χ² quantiles are scipy’s', () => {
    for (const [p, freedom, value] of golden.chi2)
      expect(chiSquareQuantile(p, freedom) / value).toBeCloseTo(1, 10);
  });
});

describe('a forest', () => {
  const grow = (seed: number) =>
    growClassForest(rows, labels, 3, { trees: 40, minLeaf: 1, balanced: true, seed });

  it('is the same for the same seed and another for another', () => {
    expect(forestText(grow(1).forest)).toEqual(forestText(grow(1).forest));
    expect(forestText(grow(1).forest)).not.toEqual(forestText(grow(2).forest));
  });

  it('makes no error out of bag on classes that do not overlap', () => {
    const random = seeded(5);
    const apart = Array.from({ length: 90 }, (_, i) => [
      (i % 3) + 0.4 * random(),
      2 - (i % 3) + 0.4 * random(),
    ]);
    const { outOfBagError } = growClassForest(
      apart,
      Uint8Array.from(apart.keys(), (i) => i % 3),
      3,
      { trees: 50, minLeaf: 1, tries: 2, balanced: false, seed: 1 },
    );
    expect(outOfBagError).toBe(0);
  });

  it('respects the least number of rows in a leaf', () => {
    const forest = growForest(rows, target, { trees: 5, minLeaf: 20, seed: 1 });
    expect(forest.child.length / 5).toBeLessThan((2 * rows.length) / 20);
  });

  it('comes back from its card as it went in, and damaged text does not pass', () => {
    const { forest } = grow(1);
    const text = forestText(forest);
    expect(forestFromText(text)).toEqual(forest);
    const loop = forestText({ ...forest, child: forest.child.with(5, 2) });
    expect(() => forestFromText(loop)).toThrow(/leads nowhere/);
    expect(() => forestFromText({ ...text, features: 1 })).toThrow(RangeError);
    expect(() => forestFromText({ ...text, values: '' })).toThrow(/length/);
    expect(() =>
      forestFromText({
        ...text,
        depths: forestText({ ...forest, depths: forest.depths.map((d) => d - 1) }).depths,
      }),
    ).toThrow(/deep/);
  });
});

describe('the kernel for many pixels', () => {
  const { forest } = growClassForest(rows, labels, 3, { trees: 60, minLeaf: 1, balanced: false, seed: 4 });
  const random = seeded(9);
  // More than a block and no multiple of anything; values on thresholds, infinite ones, and a hole.
  const planes = Array.from({ length: 4 }, () =>
    Float32Array.from({ length: 9001 }, () => 0.1 + 0.6 * random()),
  );
  forest.threshold.slice(0, 40).forEach((threshold, i) => {
    if (Number.isFinite(threshold)) planes[forest.feature[i]!]![i] = threshold;
  });
  planes[0]![50] = Number.POSITIVE_INFINITY;
  planes[1]![51] = Number.NEGATIVE_INFINITY;
  planes[2]![52] = Number.NaN;

  it('gives every pixel the class and probability of the plain walk', () => {
    const { classes, probability } = compileForest(forest)(planes);
    for (let i = 0; i < 9001; i++) {
      if (i === 52) continue;
      const shares = forestMean(
        forest,
        planes.map((plane) => plane[i]!),
      );
      const most = Math.max(...shares);
      expect(Math.abs(probability[i]! - most)).toBeLessThan(1e-5);
      // Equal shares in float64 may differ by rounding in float32: either is right.
      expect(shares[classes[i]!]!).toBeGreaterThan(most - 1e-5);
    }
    expect(classes[52]).toBe(NO_CLASS);
    expect(probability[52]).toBeNaN();
  });

  it('gives the same in threads, over more than one stretch', async () => {
    const long = planes.map((plane) => {
      const many = new Float32Array(300_000);
      for (let at = 0; at < many.length; at += plane.length)
        many.set(plane.subarray(0, many.length - at), at);
      return many;
    });
    const pool = openForestPool(forest, 2);
    try {
      expect(await pool.classify(long)).toEqual(compileForest(forest)(long));
    } finally {
      await pool.close();
    }
  });

  it('refuses what does not fit its packing', () => {
    const wide = { ...forest, outputs: 256 };
    expect(() => compileForest(wide)).toThrow(RangeError);
  });

  it('walks a single tree to where its thresholds say', () => {
    const leaf = leafOf(forest, 0, rows[0]!);
    expect(forest.child[leaf]).toBe(leaf);
  });
});

describe('the domain of a model', () => {
  const random = seeded(3);
  const draw = () => {
    const a = normal(random);
    return [a, a + 0.3 * normal(random), 10 + 5 * normal(random)];
  };

  it('refuses about 1 % of rows like its own', () => {
    const domain = domainOf(Array.from({ length: 600 }, draw), 3);
    expect(domain.chi).toBeCloseTo(11.3449, 4); // scipy 1.17 chi2.ppf(0.99, 3)
    const outside = Array.from({ length: 4000 }, draw).filter(
      (row) => distanceFrom(domain, row) > domain.limit,
    );
    expect(outside.length / 4000).toBeGreaterThan(0.004);
    expect(outside.length / 4000).toBeLessThan(0.02);
  });

  it('sees a row whose features are usual one by one but not together', () => {
    const domain = domainOf(Array.from({ length: 600 }, draw), 3);
    expect(distanceFrom(domain, [1.5, 1.5, 10])).toBeLessThan(domain.limit);
    expect(distanceFrom(domain, [1.5, -1.5, 10])).toBeGreaterThan(5 * domain.limit);
  });

  it('holds with more features than rows to know them by', () => {
    const wide = () => {
      const base = draw();
      return Array.from({ length: 40 }, (_, i) => base[i % 3]! + 0.1 * normal(random));
    };
    const domain = domainOf(Array.from({ length: 120 }, wide), 40);
    const outside = Array.from({ length: 1000 }, wide).filter(
      (row) => distanceFrom(domain, row) > domain.limit,
    );
    expect(outside.length).toBeLessThan(60);
    const odd = wide();
    odd[7]! += 8;
    expect(distanceFrom(domain, odd)).toBeGreaterThan(domain.limit);
  });

  it('is left by whatever a constant feature is not', () => {
    const flat = Array.from({ length: 50 }, () => [random(), 5]);
    const domain = domainOf(flat, 2);
    expect(distanceFrom(domain, [0.5, 5])).toBeLessThan(domain.limit);
    expect(distanceFrom(domain, [0.5, 6])).toBe(Number.POSITIVE_INFINITY);
  });
});
