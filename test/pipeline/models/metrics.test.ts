import { describe, expect, it } from 'vitest';
import { conformalRank, conformalWidth } from '../../../pipeline/models/conformal.ts';
import { accuracy, classAccuracy } from '../../../pipeline/models/metrics.ts';

// Oracle: numpy 2.4 on the textbook equations (METHODS section 12, group `metrics`).
describe('accuracy of predicted yields', () => {
  const observed = [7.1, 8.3, 6.4, 9.0, 7.7, 5.2];
  const predicted = [7.4, 7.9, 6.9, 8.4, 7.6, 6.1];

  it('has the figures that numpy gives', () => {
    const a = accuracy(observed, predicted);
    expect(a.rmse).toBeCloseTo(0.52915026, 8);
    expect(a.mae).toBeCloseTo(0.46666667, 8);
    expect(a.bias).toBeCloseTo(0.1, 10);
    expect(a.rrmse).toBeCloseTo(7.26522099, 7);
    expect(a.mape).toBeCloseTo(7.02169825, 7);
    expect(a.nse).toBeCloseTo(0.81951656, 8);
    expect(a.pearson2).toBeCloseTo(0.9914477, 7);
    expect(a.ccc).toBeCloseTo(0.86663138, 8);
    expect(a.biasShare).toBeCloseTo(0.03571429, 8);
  });

  it('gives the mean of the observations an R² of 0 and anything worse less', () => {
    const mean = observed.reduce((a, b) => a + b) / observed.length;
    expect(
      accuracy(
        observed,
        observed.map(() => mean),
      ).nse,
    ).toBeCloseTo(0, 12);
    expect(
      accuracy(
        observed,
        observed.map((y) => -y),
      ).nse,
    ).toBeLessThan(-10);
    // Correlation alone would call these perfect.
    expect(
      accuracy(
        observed,
        observed.map((y) => -y),
      ).pearson2,
    ).toBeCloseTo(1, 12);
  });

  it('refuses lists that do not belong together', () => {
    expect(() => accuracy([1, 2], [1])).toThrow(RangeError);
    expect(() => accuracy([], [])).toThrow(RangeError);
  });
});

describe('a conformal interval', () => {
  const residuals = [
    0.1, 0.3, -0.2, 0.7, 0.4, -0.9, 0.5, 0.6, -0.8, 1.5, 0.05, 0.35, 0.25, 0.45, -0.55, 0.65, 0.75, 0.15,
    0.85,
  ];

  it('is the 18th of 19 residuals for 90 % and the 16th for 80 %', () => {
    expect(conformalRank(19, 0.1)).toBe(18);
    expect(conformalRank(19, 0.2)).toBe(16);
    expect(conformalWidth(residuals, 0.1)).toBe(0.9);
    expect(conformalWidth(residuals, 0.2)).toBe(0.8);
  });

  it('is without bounds where residuals are too few for its level', () => {
    expect(conformalWidth(residuals.slice(0, 8), 0.1)).toBe(Number.POSITIVE_INFINITY);
    expect(conformalWidth(residuals.slice(0, 9), 0.1)).toBe(0.9);
  });
});

describe('accuracy of classes', () => {
  it('does not hide a class that is never found behind the overall accuracy', () => {
    const truth = [...Array(95).fill(0), ...Array(5).fill(1)] as number[]; // two classes as indices
    const { overall, macroF1, classes } = classAccuracy(
      truth,
      truth.map(() => 0),
      ['healthy', 'ill'],
    );
    expect(overall).toBe(0.95);
    expect(macroF1).toBeCloseTo((2 * 95) / 195 / 2, 12);
    expect(classes[1]!.producers).toBe(0);
    expect(classes[1]!.users).toBeNaN();
  });

  it('reads user’s along the map and producer’s along the reference', () => {
    const { classes } = classAccuracy([0, 0, 0, 1], [0, 0, 1, 1], ['a', 'b']);
    expect(classes[0]).toMatchObject({ users: 1, producers: 2 / 3 });
    expect(classes[1]).toMatchObject({ users: 0.5, producers: 1 });
  });
});
