import { describe, expect, it } from 'vitest';
import { axisOver } from '../../../pipeline/series/axis.ts';
import { DEGREE_DAYS, type DegreeDayMethod, degreeDays } from '../../../pipeline/series/degree-days.ts';
import { PHENOLOGY_DEFAULTS, phenology, type Season } from '../../../pipeline/series/phenology.ts';

/** Double logistic of Beck: base 0.15, top 0.85, turning points on days 165 and 262. */
const beck = (day: number) =>
  0.15 + 0.7 * (1 / (1 + Math.exp(-0.1 * (day - 165))) + 1 / (1 + Math.exp(0.09 * (day - 262))) - 1);
const AXIS = axisOver(90, 320, 1);
const CURVE = Float64Array.from({ length: AXIS.count }, (_, i) => beck(90 + i));

function season(values: ArrayLike<number>, over = {}): Season {
  const found = phenology(AXIS, values, { ...PHENOLOGY_DEFAULTS, ...over });
  if (found.status !== 'ok') throw new Error(found.status);
  return found;
}

describe('phenology of a double logistic', () => {
  // numpy 1.24.2 on the same 231 days: argmax, minima beside it, numpy.interp for crossings, trapezoid sums.
  it('has the dates of the definitions at a share of 0.2', () => {
    const found = season(CURVE);
    expect(found.peakDay).toBe(212);
    expect(found.peak).toBeCloseTo(0.836, 5);
    expect(found.baseLeft).toBeCloseTo(0.150387, 5);
    expect(found.baseRight).toBeCloseTo(0.153765, 5);
    expect(found.start).toBeCloseTo(150.9137, 3);
    expect(found.end).toBeCloseTo(277.3878, 3);
    expect(found.length).toBeCloseTo(126.4741, 3);
  });

  it('has the area under the curve from start to end, also of the days that it begins and ends in', () => {
    const { start, end, largeIntegral, smallIntegral, baseLeft, baseRight } = season(CURVE);
    // numpy 1.24.2, trapezoid of the days 151 to 277 alone.
    const ends =
      ((beck(start) + beck(151)) / 2) * (151 - start) + ((beck(277) + beck(end)) / 2) * (end - 277);
    expect(largeIntegral - ends).toBeCloseTo(83.4629, 3);
    const steps = 100_000;
    let area = 0;
    for (let i = 0; i < steps; i++)
      area += (beck(start + ((i + 0.5) / steps) * (end - start)) * (end - start)) / steps;
    expect(largeIntegral).toBeCloseTo(area, 2);
    expect(smallIntegral).toBeCloseTo(largeIntegral - ((baseLeft + baseRight) / 2) * (end - start), 9);
  });

  it('has its middle crossings at a share of 0.5', () => {
    const found = season(CURVE, { share: 0.5 });
    expect(found.start).toBeCloseTo(164.617, 3);
    expect(found.end).toBeCloseTo(262.3225, 3);
  });

  it('is within half a day on ten-day steps', () => {
    const axis = axisOver(90, 320, 10);
    const found = phenology(
      axis,
      Float64Array.from({ length: axis.count }, (_, i) => beck(90 + 10 * i)),
    );
    expect(found).toMatchObject({ status: 'ok', peakDay: 210 });
    if (found.status !== 'ok') return;
    expect(Math.abs(found.start - 150.9137)).toBeLessThan(0.5);
    expect(Math.abs(found.end - 277.3878)).toBeLessThan(0.5);
  });

  it('does not change when the curve is lifted, but for the large integral', () => {
    const [low, high] = [season(CURVE), season(CURVE.map((value) => value + 0.1))];
    expect(high.start).toBeCloseTo(low.start, 9);
    expect(high.end).toBeCloseTo(low.end, 9);
    expect(high.smallIntegral).toBeCloseTo(low.smallIntegral, 9);
    expect(high.largeIntegral - low.largeIntegral).toBeCloseTo(0.1 * low.length, 6);
  });

  it('rises and falls as steeply as its two sides do', () => {
    const found = season(CURVE);
    expect(found.rise).toBeGreaterThan(found.fall);
    expect(found.middle).toBeGreaterThan(found.start);
    expect(found.middle).toBeLessThan(found.end);
  });

  it('is only looked for within its window', () => {
    const two = CURVE.map((value, i) => (90 + i > 300 ? 0.9 : value));
    expect(season(two, { window: [90, 299] }).peakDay).toBe(212);
  });

  it('is a gap where key days are open, and no date is made up', () => {
    const open = CURVE.map((value, i) => (90 + i >= 180 && 90 + i <= 215 ? Number.NaN : value));
    expect(phenology(AXIS, open)).toEqual({ status: 'gap' });
  });

  it('is flat for a lake, and insufficient for nothing', () => {
    expect(
      phenology(
        AXIS,
        CURVE.map(() => 0.1),
      ),
    ).toEqual({ status: 'flat' });
    expect(
      phenology(
        AXIS,
        CURVE.map(() => Number.NaN),
      ),
    ).toEqual({ status: 'insufficient' });
  });
});

describe('growing degree days', () => {
  // (max, min) → mean, clipped; McMaster and Wilhelm 1997, base 10, cap 30, by hand.
  it.each([
    [24, 12, 8, 8],
    [18, 4, 1, 4],
    [34, 22, 16, 16],
    [9, -2, 0, 0],
    [12, 6, 0, 1],
  ])('of %d and %d °C are %d by the mean and %d with extremes clipped first', (max, min, mean, clipped) => {
    expect(degreeDays('mean', [max], [min]).sums[0]).toBe(mean);
    expect(degreeDays('clipped', [max], [min]).sums[0]).toBe(clipped);
  });

  it.each([
    [24, 12],
    [18, 4],
    [34, 22],
    [9, -2],
    [12, 6],
    [36, 2],
  ])('of %d and %d °C by the sine are the area under it', (max, min) => {
    const steps = 200_000;
    let sum = 0;
    for (let i = 0; i < steps; i++) {
      const t = (max + min) / 2 + ((max - min) / 2) * Math.sin((2 * Math.PI * (i + 0.5)) / steps);
      sum += Math.min(Math.max(t, 10), 30) - 10;
    }
    expect(degreeDays('sine', [max], [min]).sums[0]).toBeCloseTo(sum / steps, 6);
  });

  it.each(Object.keys(DEGREE_DAYS) as DegreeDayMethod[])(
    'of a steady day are its warmth above the base: %s',
    (method) => {
      expect(degreeDays(method, [20], [20]).sums[0]).toBe(10);
      expect(degreeDays(method, [40], [40]).sums[0]).toBe(20);
      expect(degreeDays(method, [5], [5]).sums[0]).toBe(0);
    },
  );

  it('add up, name their method and count days without weather', () => {
    const { sums, missing, method } = degreeDays('clipped', [24, Number.NaN, 18], [12, 3, 4]);
    expect([...sums]).toEqual([8, 8, 12]);
    expect({ missing, method }).toEqual({ missing: 1, method: 'clipped' });
  });

  it('refuse a minimum above the maximum', () => {
    expect(() => degreeDays('mean', [10], [12])).toThrow(RangeError);
  });
});
