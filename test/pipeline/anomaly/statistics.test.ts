import { describe, expect, it } from 'vitest';
import {
  areaUnderCurve,
  blockFolds,
  detectionOf,
  stratifiedFolds,
} from '../../../pipeline/anomaly/detection.ts';
import { discoveryCut } from '../../../pipeline/anomaly/discovery.ts';
import { quadraticDiscriminant } from '../../../pipeline/anomaly/discriminant.ts';
import { getisOrd, getisRaster } from '../../../pipeline/anomaly/getis.ts';
import { normal, seeded } from '../../../pipeline/core/random.ts';

// esda @11450be, esda/tests/test_getisord.py, and METHODS 8.2 (oracles.json, group getis).
const POINTS = [
  [10, 10],
  [20, 10],
  [40, 10],
  [15, 20],
  [30, 20],
  [30, 30],
] as const;
const VALUES = [2, 3, 3.2, 5, 8, 7];

describe('Getis and Ord', () => {
  it('gives the numbers of esda for its six points', () => {
    const { star, plain } = getisOrd(POINTS, VALUES, 15);
    [-1.39727626, -0.28917762, 0.65064964, -0.28917762, 1.23452088, 2.02424331].forEach((value, i) => {
      expect(star[i]).toBeCloseTo(value, 8);
    });
    [-1.0136729, -0.04361589, 1.31558703, -0.31412676, 1.15373986, 1.77833941].forEach((value, i) => {
      expect(plain[i]).toBeCloseTo(value, 8);
    });
  });

  it('has no score for a pixel whose neighbours are all there is', () => {
    const star = getisRaster(Float32Array.of(1, 1, 1, 1, 9, 1, 1, 1, 1), 3, 3, 1);
    expect(star[4]).toBeNaN();
    expect(star[0]).not.toBeNaN();
  });

  it('says of a raster with holes what it says of its pixels as points', () => {
    const [width, height, reach] = [9, 7, 2];
    const random = seeded(5);
    const values = Float32Array.from({ length: width * height }, () =>
      random() < 0.2 ? Number.NaN : normal(random),
    );
    const star = getisRaster(values, width, height, reach);
    const seen = [...values.keys()].filter((i) => !Number.isNaN(values[i]!));
    // A square is no circle: points are compared one by one, with weights by the larger difference.
    const n = seen.length;
    const mean = seen.reduce((sum, i) => sum + values[i]!, 0) / n;
    const deviation = Math.sqrt(seen.reduce((sum, i) => sum + (values[i]! - mean) ** 2, 0) / n);
    for (const i of seen) {
      const near = seen.filter(
        (j) =>
          Math.abs((i % width) - (j % width)) <= reach &&
          Math.abs(Math.floor(i / width) - Math.floor(j / width)) <= reach,
      );
      const sum = near.reduce((total, j) => total + values[j]!, 0);
      const k = near.length;
      expect(star[i]).toBeCloseTo((sum - mean * k) / (deviation * Math.sqrt((n * k - k * k) / (n - 1))), 5);
    }
    expect(star.filter(Number.isNaN)).toHaveLength(values.length - n);
  });

  it('has no scores where all values are alike', () => {
    expect(getisRaster(new Float32Array(25).fill(3), 5, 5, 1).every(Number.isNaN)).toBe(true);
  });
});

describe('false discoveries', () => {
  // The fifteen p of Benjamini and Hochberg 1995; scipy 1.17.1, stats.false_discovery_control(p) ≤ 0.05 keeps four.
  const P = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
    0.759, 1,
  ];

  it('are held to the rate as in the paper that says how', () => {
    expect(discoveryCut(P.toReversed(), 0.05)).toBe(0.0095);
    expect(discoveryCut([...P, Number.NaN], 0.05)).toBe(0.0095);
  });

  it('leave nothing where nothing stands out', () => {
    expect(discoveryCut([0.2, 0.4, 0.9], 0.05)).toBe(0);
    expect(discoveryCut([], 0.05)).toBe(0);
  });
});

describe('a quadratic discriminant', () => {
  const rows = [
    [1, 2],
    [2, 1],
    [3, 5],
    [4, 3],
    [0, 1],
    [6, 5],
    [7, 9],
    [5, 8],
    [8, 6],
    [6, 9],
  ];
  const truth = rows.map((_, i) => i >= 5);

  it('gives the log odds that numpy gives', () => {
    const discriminant = quadraticDiscriminant(rows, truth)!;
    // numpy 2.4.6: cov, inv and slogdet of each class, shares one half.
    expect(discriminant([4, 5])).toBeCloseTo(-2.636780266691119, 10);
    expect(discriminant([1, 1])).toBeCloseTo(-21.752434846565883, 10);
  });

  it('is none where a class has too few rows or no width', () => {
    expect(quadraticDiscriminant(rows.slice(0, 7), truth.slice(0, 7))).toBeNull();
    const level = rows.map(([x]) => [x!, 1]);
    expect(quadraticDiscriminant(level, truth)).toBeNull();
  });
});

describe('detection of a rare thing', () => {
  it('counts hits, misses and false alarms and knows no overall accuracy', () => {
    const truth = [true, true, true, false, false, false, false, false];
    const found = detectionOf(truth, [true, true, false, true, false, false, false, false]);
    expect(found).toEqual({
      positives: 3,
      negatives: 5,
      found: 2,
      falseAlarms: 1,
      precision: 2 / 3,
      recall: 2 / 3,
      f1: 2 / 3,
      alarmRate: 0.2,
    });
    expect(() => detectionOf(truth, [])).toThrow(RangeError);
  });

  it('ranks with ties by half', () => {
    expect(areaUnderCurve([1, 2, 3, 4], [false, false, true, true])).toBe(1);
    expect(areaUnderCurve([2, 2, 2], [true, false, false])).toBe(0.5);
    expect(areaUnderCurve([1, 2, 2, 3], [false, true, false, true])).toBe(0.875);
  });

  it('deals out folds evenly by class, and whole blocks', () => {
    const truth = Array.from({ length: 53 }, (_, i) => i < 11);
    const fold = stratifiedFolds(truth, 5, 1);
    const rare = [0, 1, 2, 3, 4].map((k) => fold.filter((own, i) => own === k && truth[i]).length);
    expect(rare.toSorted()).toEqual([2, 2, 2, 2, 3]);
    expect(stratifiedFolds(truth, 5, 2)).not.toEqual(fold);
    const blocks = Array.from({ length: 60 }, (_, i) => `block ${i % 13}`);
    const byBlock = blockFolds(blocks, 4, 1);
    for (const block of new Set(blocks))
      expect(new Set(byBlock.filter((_, i) => blocks[i] === block)).size).toBe(1);
    expect(new Set(byBlock).size).toBe(4);
  });
});
