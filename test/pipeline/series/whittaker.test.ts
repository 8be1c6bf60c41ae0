import { describe, expect, it } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { axisOver, valueOn } from '../../../pipeline/series/axis.ts';
import { sortObservations } from '../../../pipeline/series/observations.ts';
import { chooseLambda, type WhittakerParameters, whittaker } from '../../../pipeline/series/whittaker.ts';

const PLAIN: WhittakerParameters = { lambda: 10, order: 2, envelope: 0.5, rounds: 10 };

/** A season with two cloudy dates. */
const Y = [0.18, 0.17, 0.22, 0.1, 0.38, 0.52, 0.69, 0.78, 0.45, 0.8, 0.76, 0.62, 0.41, 0.25, 0.19];
const AXIS = axisOver(0, 14, 1);

function season(cloudWeight: number) {
  const weights = Y.map((_, i) => (i === 3 || i === 8 ? cloudWeight : 1));
  return sortObservations({ days: [...Y.keys()], values: Y, weights });
}

/*
 * numpy 1.24.2, W = diag(w), D = numpy.diff(numpy.eye(15), k, axis=0): numpy.linalg.solve(W + lam * D.T @ D, W @ y);
 * the envelope by ten rounds of w * p above and w * (1 - p) below from z = 0.
 */
const DENSE: readonly (readonly [string, number, Partial<WhittakerParameters>, readonly number[]])[] = [
  [
    'λ = 1',
    0,
    { lambda: 1 },
    [
      0.15903915, 0.18314833, 0.22821836, 0.30206175, 0.40427268, 0.53444529, 0.66790107, 0.76551623,
      0.81026587, 0.7996089, 0.73100421, 0.6023018, 0.44034744, 0.28968513, 0.16451141,
    ],
  ],
  [
    'λ = 10',
    0,
    {},
    [
      0.12356467, 0.19839047, 0.2788598, 0.36777715, 0.46206103, 0.55862994, 0.64619628, 0.70960947,
      0.73809929, 0.72793457, 0.67538415, 0.5839234, 0.46548928, 0.33562642, 0.20433051,
    ],
  ],
  [
    'λ = 100',
    0,
    { lambda: 100 },
    [
      0.21231916, 0.2774721, 0.34230184, 0.40541047, 0.46417707, 0.51598071, 0.55735867, 0.58488846,
      0.59647398, 0.59197025, 0.57123228, 0.5361954, 0.49068259, 0.43935491, 0.38606656,
    ],
  ],
  [
    'clouds of weight 0.2',
    0.2,
    {},
    [
      0.12096938, 0.19107125, 0.26707618, 0.35278012, 0.44727137, 0.54458265, 0.63201954, 0.69442937,
      0.72245748, 0.7153063, 0.6667291, 0.57894854, 0.46351433, 0.33608137, 0.2069531,
    ],
  ],
  [
    'an upper envelope of 0.9',
    0,
    { envelope: 0.9 },
    [
      0.20208185, 0.29119561, 0.38008855, 0.46732789, 0.54987999, 0.62471117, 0.68708897, 0.73123384,
      0.75162817, 0.74714336, 0.71665078, 0.66377889, 0.59605761, 0.52057904, 0.44257472,
    ],
  ],
  [
    'first differences',
    0,
    { order: 1 },
    [
      0.31202431, 0.32522674, 0.35395185, 0.39607214, 0.43819243, 0.48613196, 0.53068469, 0.55930588,
      0.56585767, 0.57240946, 0.55620219, 0.51961514, 0.4729896, 0.43266302, 0.41060275,
    ],
  ],
];

describe("Whittaker's smoother", () => {
  it.each(DENSE)('gives what dense algebra gives: %s', (_what, cloudWeight, over, expected) => {
    const fit = whittaker(season(cloudWeight), AXIS, { ...PLAIN, ...over })!;
    for (const [i, value] of expected.entries()) expect(fit.values[i]).toBeCloseTo(value, 7);
  });

  it('has the effective dimension of the dense hat matrix', () => {
    expect(whittaker(season(0), AXIS, PLAIN)!.dimension()).toBeCloseTo(3.91592205, 7);
  });

  it.each([0.001, 1, 1e4])('leaves a straight line alone, λ = %d', (lambda) => {
    const days = [0, 2, 3.5, 7, 8.25, 13];
    const observed = sortObservations({
      days,
      values: days.map((day) => 0.2 + 0.03 * day),
      weights: [1, 0.2, 1, 0.5, 1, 1],
    });
    const { values } = whittaker(observed, AXIS, { ...PLAIN, lambda, envelope: 0.8 })!;
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(0.2 + 0.03 * i, 6);
  });

  it('becomes the weighted regression line as λ grows', () => {
    const observed = season(0.2);
    const { values } = whittaker(observed, AXIS, { ...PLAIN, lambda: 1e7 })!;
    const [w, x, y] = [observed.weights, observed.days, observed.values];
    const sum = (of: (i: number) => number) => [...x.keys()].reduce((total, i) => total + w[i]! * of(i), 0);
    const n = sum(() => 1);
    const [mx, my] = [sum((i) => x[i]!) / n, sum((i) => y[i]!) / n];
    const slope = sum((i) => (x[i]! - mx) * (y[i]! - my)) / sum((i) => (x[i]! - mx) ** 2);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(my + slope * (i - mx), 4);
  });

  it('runs through every observation as λ vanishes, also between nodes', () => {
    const days = [0, 2.5, 4, 7.25, 9, 12, 14];
    const values = [0.2, 0.3, 0.35, 0.7, 0.8, 0.5, 0.3];
    const fit = whittaker(sortObservations({ days, values, weights: days.map(() => 1) }), AXIS, {
      ...PLAIN,
      lambda: 1e-9,
    })!;
    for (const [i, day] of days.entries()) expect(valueOn(AXIS, fit.values, day)).toBeCloseTo(values[i]!, 6);
  });

  it('takes as much above as below the line, by weight', () => {
    const observed = season(0.2);
    const { values } = whittaker(observed, AXIS, PLAIN)!;
    const balance = observed.days.reduce(
      (sum, day, i) => sum + observed.weights[i]! * (observed.values[i]! - valueOn(AXIS, values, day)),
      0,
    );
    expect(balance).toBeCloseTo(0, 12);
  });

  it('keeps its line when the step is halved and λ is 16 times as large', () => {
    const observed = season(0);
    const coarse = whittaker(observed, AXIS, { ...PLAIN, lambda: 10 })!;
    const fine = whittaker(observed, axisOver(0, 14, 0.5), { ...PLAIN, lambda: 160 })!;
    // Not the same problem, but the same time constant.
    for (const i of [3, 7, 11]) expect(fine.values[2 * i]).toBeCloseTo(coarse.values[i]!, 1);
  });

  it('gives no line where two unknowns meet one day', () => {
    expect(whittaker(sortObservations({ days: [3], values: [0.5], weights: [1] }), AXIS, PLAIN)).toBeNull();
  });

  it.each([[{ lambda: 0 }], [{ lambda: Number.NaN }], [{ envelope: 1 }], [{ envelope: 0 }]])(
    'refuses %o',
    (over) => {
      expect(() => whittaker(season(0), AXIS, { ...PLAIN, ...over })).toThrow(RangeError);
    },
  );
});

describe('the choice of λ for a stratum', () => {
  const axis = axisOver(0, 350, 10);
  const noisy = (noise: number, seed: number) => {
    const random = seeded(seed);
    return Array.from({ length: 12 }, () => {
      const days = Array.from({ length: 36 }, (_, i) => 10 * i);
      const values = days.map(
        (day) => 0.5 - 0.3 * Math.cos((2 * Math.PI * day) / 360) + noise * normal(random),
      );
      return sortObservations({ days, values, weights: days.map(() => 1) });
    });
  };
  const own = { order: 2, envelope: 0.5, rounds: 10 } as const;

  it.each(['v-curve', 'gcv'] as const)('is stiffer for noisier series of the same shape: %s', (criterion) => {
    const [quiet, loud] = [0.005, 0.08].map((noise) => chooseLambda(noisy(noise, 4), axis, criterion, own)!);
    expect(loud!).toBeGreaterThan(quiet!);
  });

  it('by cross-validation comes within a tenth of the best possible error', () => {
    const series = noisy(0.05, 9);
    const errorOf = (lambda: number) => {
      const squares = series.flatMap((one) =>
        [...whittaker(one, axis, { ...own, lambda })!.values].map(
          (value, i) => (value - (0.5 - 0.3 * Math.cos((2 * Math.PI * i) / 36))) ** 2,
        ),
      );
      return Math.sqrt(squares.reduce((sum, one) => sum + one, 0) / squares.length);
    };
    const best = Math.min(...Array.from({ length: 31 }, (_, i) => errorOf(10 ** ((i - 10) / 5))));
    expect(errorOf(chooseLambda(series, axis, 'gcv', own)!)).toBeLessThan(1.1 * best);
  });

  it('is none where nothing was seen', () => {
    const empty = sortObservations({ days: [], values: [], weights: [] });
    expect(chooseLambda([empty], axis, 'gcv', own)).toBeNull();
  });
});
