import { describe, expect, it } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { axisOver, dateOf, dayNumber, valueOn } from '../../../pipeline/series/axis.ts';
import { fitHants, fitWaves, wavesAt } from '../../../pipeline/series/harmonic.ts';
import { classWeight, qualityWeight, sortObservations } from '../../../pipeline/series/observations.ts';
import { savitzkyGolay, smoothByPolynomials } from '../../../pipeline/series/savgol.ts';
import {
  methodFor,
  NODE,
  SMOOTHERS,
  type SmootherId,
  smoothSeries,
} from '../../../pipeline/series/smooth.ts';

const METHODS = Object.keys(SMOOTHERS) as SmootherId[];
const AXIS = axisOver(0, 360, 10);
const DAYS = Array.from({ length: 30 }, (_, i) => 12 * i + (i % 3));

/** A season of maize with a cloud now and then. */
function observations(seed = 1) {
  const random = seeded(seed);
  const values = DAYS.map(
    (day) => 0.2 + 0.6 * Math.exp(-(((day - 200) / 55) ** 2)) - (random() < 0.15 ? 0.25 : 0),
  );
  return { days: DAYS, values, weights: DAYS.map(() => 1) };
}

describe('every smoother of the table', () => {
  it.each(METHODS)('leaves a constant series constant: %s', (method) => {
    const { values } = smoothSeries(method, { ...observations(), values: DAYS.map(() => 0.42) }, AXIS);
    // HANTS draws amplitudes towards 0, which a constant has none of.
    for (const value of values) expect(value).toBeCloseTo(0.42, 6);
  });

  it.each(METHODS)('does not care in which order observations come: %s', (method) => {
    const { days, values, weights } = observations();
    const shuffled = [...DAYS.keys()].sort((a, b) => ((a * 17) % 31) - ((b * 17) % 31));
    const line = smoothSeries(method, { days, values, weights }, AXIS).values;
    const other = smoothSeries(
      method,
      {
        days: shuffled.map((i) => days[i]!),
        values: shuffled.map((i) => values[i]!),
        weights: shuffled.map((i) => weights[i]!),
      },
      AXIS,
    ).values;
    expect(other).toEqual(line);
  });

  it.each(METHODS)('sees nothing of what has weight 0 or is no number: %s', (method) => {
    const { days, values, weights } = observations();
    const line = smoothSeries(method, { days, values, weights }, AXIS).values;
    const more = {
      days: [...days, 55, 105],
      values: [...values, -3, Number.NaN],
      weights: [...weights, 0, 1],
    };
    expect(smoothSeries(method, more, AXIS).values).toEqual(line);
  });

  it.each(METHODS)('commutes with adding 0.1: %s', (method) => {
    const seen = observations();
    // What is compared with the height of the series itself is set aside.
    const parameters = method === 'whittaker' ? { envelope: 0.5 } : {};
    const line = smoothSeries(method, seen, AXIS, { parameters }).values;
    const lifted = smoothSeries(method, { ...seen, values: seen.values.map((v) => v + 0.1) }, AXIS, {
      parameters,
    }).values;
    for (const [i, value] of lifted.entries()) expect(value).toBeCloseTo(line[i]! + 0.1, 9);
  });

  it.each(METHODS)('names itself and its parameters, and keeps what it was made of: %s', (method) => {
    const result = smoothSeries(method, observations(), AXIS);
    expect(result).toMatchObject({ method, status: 'ok', maxGap: 30, clear: 30, clearShare: 1 });
    expect(result.parameters).toEqual(SMOOTHERS[method].defaults(10));
    expect([...result.observed.days]).toEqual(DAYS);
  });

  it.each(METHODS)('has no line over a gap, and says where: %s', (method) => {
    const seen = observations();
    const weights = DAYS.map((day) => (day > 100 && day < 170 ? 0 : 1));
    const { values, nodes } = smoothSeries(method, { ...seen, weights }, AXIS);
    const gap = [...nodes.keys()].filter((i) => nodes[i] === NODE.GAP).map((i) => 10 * i);
    // Seen on days 98 and 170.
    expect(gap).toEqual([100, 110, 120, 130, 140, 150, 160]);
    for (const day of gap) expect(values[day / 10]).toBeNaN();
    expect(Number.isFinite(values[9])).toBe(true);
    expect(Number.isFinite(values[17])).toBe(true);
  });

  it.each(METHODS.filter((method) => method !== 'linear'))(
    'is insufficient with four clear days: %s',
    (method) => {
      const few = { days: [100, 110, 120, 130], values: [0.2, 0.4, 0.5, 0.6], weights: [1, 1, 1, 1] };
      const { status, values } = smoothSeries(method, few, AXIS);
      expect(status).toBe('insufficient');
      expect(values.every(Number.isNaN)).toBe(true);
    },
  );
});

describe('nodes before the first and behind the last observation', () => {
  it('have a value up to half of the longest gap, and none further out', () => {
    const days = [100, 120, 140, 160, 180, 200];
    const seen = { days, values: days.map(() => 0.5), weights: days.map(() => 1) };
    const { nodes } = smoothSeries('whittaker', seen, AXIS, { maxGap: 40 });
    expect([...nodes.subarray(7, 11)]).toEqual([NODE.OUTSIDE, NODE.SEEN, NODE.SEEN, NODE.SEEN]);
    expect([...nodes.subarray(20, 24)]).toEqual([NODE.SEEN, NODE.SEEN, NODE.SEEN, NODE.OUTSIDE]);
  });
});

describe('the method for a season', () => {
  it('is a curve from five clear days on, and Whittaker from eight', () => {
    expect([4, 5, 7, 8, 20].map(methodFor)).toEqual([null, 'harmonic', 'harmonic', 'whittaker', 'whittaker']);
  });
});

describe('observations', () => {
  it('of one day become their weighted mean', () => {
    const sorted = sortObservations({ days: [5, 3, 5], values: [0.2, 0.9, 0.8], weights: [1, 1, 0.5] });
    expect([...sorted.days]).toEqual([3, 5]);
    expect(sorted.values[1]).toBeCloseTo(0.4, 12);
    expect(sorted.weights[1]).toBe(1.5);
  });

  it('with a negative weight are refused', () => {
    expect(() => sortObservations({ days: [1], values: [1], weights: [-1] })).toThrow(RangeError);
  });

  it('weigh what their class or flags say', () => {
    expect([0, 4, 7, 8, 10, 99].map((scl) => classWeight('sentinel-2-scl', scl))).toEqual([
      0, 1, 0.5, 0, 0.2, 0,
    ]);
    expect(qualityWeight(0)).toBe(1);
    expect(qualityWeight(QUALITY.WATER.bit)).toBe(1);
    expect(qualityWeight(QUALITY.HAZE.bit)).toBe(0.2);
    expect(qualityWeight(QUALITY.HAZE.bit | QUALITY.CLOUD.bit)).toBe(0);
  });

  it('know their calendar', () => {
    expect(dayNumber('2023-08-15T10:00:08')).toBe(19584);
    expect(dateOf(19584.7)).toBe('2023-08-15');
    expect(() => dayNumber('2023-02-30')).toThrow(expect.objectContaining({ code: 'E_PARAMETER_INVALID' }));
  });
});

describe('Savitzky and Golay', () => {
  // Savitzky and Golay 1964, table I; scipy 1.17.1 signal.savgol_coeffs gives the same.
  it.each([
    [2, 2, [-3, 12, 17, 12, -3], 35],
    [3, 2, [-2, 3, 6, 7, 6, 3, -2], 21],
    [4, 2, [-21, 14, 39, 54, 59, 54, 39, 14, -21], 231],
    [4, 4, [15, -55, 30, 135, 179, 135, 30, -55, 15], 429],
    [5, 2, [-36, 9, 44, 69, 84, 89, 84, 69, 44, 9, -36], 429],
  ])('weigh %d neighbours a side by their table, degree %d', (m, degree, numerators, denominator) => {
    const weights = savitzkyGolay(m, degree);
    for (const [i, numerator] of numerators.entries())
      expect(weights[i]).toBeCloseTo(numerator / denominator, 12);
  });

  it('reproduces a polynomial of its degree up to the ends', () => {
    const values = Float64Array.from({ length: 20 }, (_, i) => 1 - 0.3 * i + 0.02 * i * i);
    for (const [i, value] of smoothByPolynomials(values, 4, 2).entries())
      expect(value).toBeCloseTo(values[i]!, 10);
  });

  it('of Chen lifts the line out of cloudy dips', () => {
    const seen = observations(3);
    const clear = (day: number) => 0.2 + 0.6 * Math.exp(-(((day - 200) / 55) ** 2));
    const off = (line: Float64Array) =>
      Math.sqrt(line.reduce((sum, value, i) => sum + (value - clear(10 * i)) ** 2, 0) / line.length);
    const [chen, straight] = (['savgol', 'linear'] as const).map((method) =>
      off(smoothSeries(method, seen, AXIS, { maxGap: 1000 }).values.subarray(1, 35)),
    );
    expect(chen!).toBeLessThan(0.75 * straight!);
  });
});

describe('waves', () => {
  it('are recovered from thirteen dates with trend', () => {
    // y = .42 + .0003 (t - 196) - .18 cos - .22 sin of the year, .05 cos - .03 sin of its half, to eight digits.
    const days = Array.from({ length: 13 }, (_, i) => 100 + 16 * i);
    const values = [
      0.16150314, 0.25921205, 0.36952939, 0.47756465, 0.56996888, 0.63758742, 0.67690537, 0.68995353,
      0.68278777, 0.66306051, 0.63744984, 0.60972933, 0.58004536,
    ];
    const waves = fitWaves(sortObservations({ days, values, weights: days.map(() => 1) }), {
      harmonics: 2,
      period: 365.25,
      trend: true,
    })!;
    expect(waves.centre).toBe(196);
    for (const [i, value] of [0.42, 0.0003, -0.18, -0.22, 0.05, -0.03].entries())
      expect(Math.abs(waves.coefficients[i]! - value)).toBeLessThan(1e-6);
  });

  it('pool several years', () => {
    const days = Array.from({ length: 40 }, (_, i) => 37 * i);
    const values = days.map((day) => 0.5 + 0.2 * Math.cos((2 * Math.PI * day) / 365.25));
    const waves = fitWaves(sortObservations({ days, values, weights: days.map(() => 1) }), {
      harmonics: 2,
      period: 365.25,
      trend: false,
    })!;
    expect(wavesAt(waves, 730.5)).toBeCloseTo(0.7, 9);
  });

  it('are left open by fewer dates than unknowns', () => {
    const seen = sortObservations({ days: [1, 50, 90], values: [0.2, 0.3, 0.4], weights: [1, 1, 1] });
    expect(fitWaves(seen, { harmonics: 2, period: 365.25, trend: false })).toBeNull();
  });

  it('of HANTS drop what lies low, and keep enough to stand on', () => {
    const days = Array.from({ length: 24 }, (_, i) => 15 * i);
    const clear = days.map((day) => 0.5 - 0.3 * Math.cos((2 * Math.PI * day) / 365.25));
    const values = clear.map((value, i) => (i % 6 === 2 ? value - 0.3 : value));
    const parameters = { ...SMOOTHERS.hants.defaults(10), damping: 0 };
    const seen = sortObservations({ days, values, weights: days.map(() => 1) });
    const { accepted, waves } = fitHants(seen, parameters)!;
    expect([...accepted.keys()].filter((i) => accepted[i] === 0)).toEqual([2, 8, 14, 20]);
    for (const [i, day] of days.entries()) expect(wavesAt(waves, day)).toBeCloseTo(clear[i]!, 9);
    const stubborn = fitHants(seen, { ...parameters, tolerance: -1 })!;
    expect(stubborn.accepted.reduce((sum, one) => sum + one, 0)).toBe(10);
  });

  it('are evaluated between nodes on straight lines', () => {
    expect(valueOn(axisOver(0, 30, 10), [1, 3, 5, 7], 25)).toBe(6);
    expect(valueOn(axisOver(0, 30, 10), [1, 3, 5, 7], 31)).toBeNaN();
  });
});
