import { describe, expect, it } from 'vitest';
import type { Estimate } from '../../../pipeline/models/predict.ts';
import { curveOf } from '../../../pipeline/season/curve.ts';
import { featuresOf } from '../../../pipeline/season/features.ts';
import {
  benchmarked,
  benchmarkOf,
  isReleased,
  type PlaceYield,
  plotShiftOf,
  productionError,
  shifted,
  yieldRegions,
} from '../../../pipeline/season/yield.ts';
import { dayNumber } from '../../../pipeline/series/axis.ts';

function estimate(value: number | null, more: Partial<Estimate> = {}): Estimate {
  const around = (half: number) => (value === null ? null : value + half);
  return {
    id: '',
    status: value === null ? 'insufficient' : 'ok',
    value,
    low80: around(-800),
    high80: around(800),
    low90: around(-1000),
    high90: around(1000),
    reason: { zh: '', en: '' },
    ...more,
  };
}

function place(id: string, value: number | null, more: Partial<PlaceYield> = {}): PlaceYield {
  return {
    id,
    region: '220183901',
    areaM2: 10_000,
    crop: 'maize',
    estimate: estimate(value),
    relative: null,
    unadjusted: null,
    pixelCount: 100,
    clearFraction: 1,
    clearDates: 9,
    ...more,
  };
}

describe('plots', () => {
  const places = [place('a', 7000), place('b', 8000), place('c', null)];

  it('move estimates by n/(n + 1) of their mean difference, narrow what is common, and keep what was before', () => {
    const shift = plotShiftOf(places, [
      { id: 'a', yieldKgHa: 7300 },
      { id: 'b', yieldKgHa: 8600 },
      { id: 'x', yieldKgHa: 9000 },
      { id: 'c', yieldKgHa: 9000 },
    ]);
    expect(shift).toMatchObject({ plots: 2, unused: ['x', 'c'], meanDifference: 450 });
    expect(shift.weight).toBeCloseTo(2 / 3, 12);
    expect(shift.shift).toBeCloseTo(300, 9);
    const [a, , c] = shifted(places, shift);
    expect(a!.estimate.value).toBeCloseTo(7300, 9);
    expect(a!.unadjusted).toBe(7000);
    // √(½ + ½ · ⅓) of the half-width.
    expect(a!.estimate.high90! - a!.estimate.value!).toBeCloseTo(1000 * Math.sqrt(2 / 3), 6);
    expect(c).toEqual(places[2]);
  });

  it('move nothing where none lies on an estimated place', () => {
    const shift = plotShiftOf(places, [{ id: 'x', yieldKgHa: 9000 }]);
    expect(shift).toMatchObject({ plots: 0, shift: 0, unused: ['x'] });
    expect(shifted(places, shift)).toEqual(places);
  });
});

describe('statistics of regions', () => {
  it('give a factor, and the mean of the region meets them', () => {
    const places = [
      place('a', 7000),
      place('b', 8000, { areaM2: 30_000 }),
      place('c', 6000, { region: '99' }),
    ];
    const found = benchmarkOf(places, [
      { region: '220183', yieldKgHa: 8525 },
      { region: '55', yieldKgHa: 1 },
    ]);
    expect(found.factors.get('220183')).toBeCloseTo(1.1, 12);
    expect(found.unused).toEqual(['55']);
    const after = yieldRegions(benchmarked(places, found), 0);
    expect(after.find(({ region }) => region === '220183901')!.yieldKgHa).toBeCloseTo(8525, 6);
    expect(after.find(({ region }) => region === '99')).toMatchObject({ yieldKgHa: 6000, unadjusted: null });
  });
});

describe('regions', () => {
  it('have the interval of their fields, and production with the error of the area', () => {
    const [row] = yieldRegions([place('a', 7000), place('b', 8000), place('c', null)], 0.03);
    expect(row).toMatchObject({ yieldKgHa: 7500, low: 6500, high: 8500, estimated: 2, parcels: 3 });
    expect(row!.tonnes).toBeCloseTo(15, 9);
    expect(row!.statuses).toEqual({ ok: 2, insufficient: 1 });
    const exact = yieldRegions([place('a', 7000), place('b', 8000)], 0)[0]!;
    expect(exact.tonnesHigh! - exact.tonnes!).toBeCloseTo(2, 6);
    expect(row!.tonnesHigh! - row!.tonnes!).toBeGreaterThan(2);
  });

  it('have production errors as METHODS 7.4 has them', () => {
    expect(productionError(100, 3, 7.2, 0.4)).toBeCloseTo(45.475, 3);
  });

  it('leave out what a model without its gates says', () => {
    const places = [place('a', 7000, { estimate: estimate(7000, { status: 'unreleased' }) })];
    expect(yieldRegions(places, 0)[0]).toMatchObject({ yieldKgHa: null, tonnes: null, estimated: 0 });
    expect(isReleased(estimate(7000, { low90: null }))).toBe(false);
    expect(isReleased(estimate(7000, { status: 'early' }))).toBe(true);
  });
});

describe('features of a season', () => {
  const ndvi = (doy: number) =>
    0.15 + 0.7 * (1 / (1 + Math.exp(-0.1 * (doy - 165))) + 1 / (1 + Math.exp(0.09 * (doy - 262))) - 1);
  const first = dayNumber('2023-01-01') - 1;
  const looksTo = (last: number) => {
    const doys = Array.from({ length: 47 }, (_, i) => 90 + 5 * i).filter((doy) => doy <= last);
    const days = doys.map((doy) => first + doy);
    return { days, values: doys.map(ndvi), pixels: [], clear: [], looked: days.length };
  };

  it('are those of the curve that was sampled (double logistic of METHODS 5.4)', () => {
    const curve = curveOf(looksTo(320), first + 90, first + 320, 0.05);
    const { values, clearDates, lastDay } = featuresOf(curve, 'maize', 2023);
    expect(values.peak).toBeCloseTo(0.836, 2);
    expect(Math.abs(values.start - 150.9137)).toBeLessThan(1.5);
    expect(Math.abs(values.end - 277.3878)).toBeLessThan(1.5);
    expect(Math.abs(values.large - 83.4629)).toBeLessThan(1.5);
    // Days 201 to 237, key window of maize: eight fifth days in it.
    const key = Array.from({ length: 37 }, (_, i) => ndvi(201 + i)).reduce((sum, one) => sum + one, 0) / 37;
    expect(values.key).toBeCloseTo(key, 2);
    expect(clearDates).toBe(7);
    expect(lastDay).toBe(320);
  });

  it('are missing where the season has not got there', () => {
    const { values } = featuresOf(curveOf(looksTo(200), first + 90, first + 200, 0.05), 'maize', 2023);
    expect(values.m06).toBeGreaterThan(0.3);
    for (const name of ['end', 'large', 'small', 'm08', 'm09', 'key'] as const)
      expect(values[name]).toBeNaN();
  });

  it('know no key window of a crop that no table has', () => {
    const { values, clearDates } = featuresOf(
      curveOf(looksTo(320), first + 90, first + 320, 0.05),
      'hemp',
      2023,
    );
    expect(values.key).toBeNaN();
    expect(clearDates).toBe(47);
  });
});
