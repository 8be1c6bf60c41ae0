import { describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import {
  type Curve,
  curveOf,
  processRatio,
  seasonLambda,
  valueOnDay,
} from '../../../pipeline/season/curve.ts';
import {
  type GrowthOptions,
  type GrowthPlace,
  growthOf,
  sameDayOf,
} from '../../../pipeline/season/growth.ts';
import { regionsOf } from '../../../pipeline/season/regions.ts';
import { sameHeat } from '../../../pipeline/season/stage.ts';
import { dayNumber } from '../../../pipeline/series/axis.ts';

const DAY = dayNumber('2024-08-15');
const OPTIONS: GrowthOptions = { year: 2024, day: DAY, preset: 'auto', index: 'NDVI' };

/** Looks at these days before 15 August of a year, with the same value on each. */
function season(year: number, value: number, before: readonly number[] = [50, 40, 30, 20, 10, 0]): Curve {
  const day = sameDayOf(DAY, year);
  const days = before.map((one) => day - one);
  const looks = {
    days,
    values: days.map(() => value),
    pixels: days.map(() => 200),
    clear: days.map(() => 0.9),
    looked: 8,
  };
  return curveOf(looks, day - 90, day, null);
}

function place(id: string, value: number, more: Partial<GrowthPlace> = {}): GrowthPlace {
  return {
    id,
    region: '220183901',
    areaM2: 20_000,
    cell: '1:1',
    crops: { 2024: 'maize' },
    seasons: new Map([[2024, season(2024, value)]]),
    ...more,
  };
}

/** Twenty fields of maize from 0.70 to 0.89. */
const PEERS = Array.from({ length: 20 }, (_, i) => place(`p${i}`, 0.7 + i / 100));

describe('growth of places', () => {
  it('compares fields of one crop in one cell, and says so in words', () => {
    const { results } = growthOf([...PEERS, place('far', 0.2, { cell: '9:9' })], OPTIONS);
    expect(results[0]).toMatchObject({ grade: 1, preset: 'B', percentile: 2.5, z: null, crop: 'maize' });
    expect(results[0]!.reason).toMatchObject({
      code: 'peers',
      zh: 'NDVI 0.70，比同格网 20 块玉米中位数低 0.09，第 3 百分位：差',
    });
    expect(results[19]).toMatchObject({ grade: 5, percentile: 97.5 });
    // A field alone in its cell moves nobody's percentile and has none itself.
    expect(results[20]).toMatchObject({ grade: null, reason: { code: 'few-to-compare' } });
  });

  it('compares a field with its own years where it grew the same crop, and not across a rotation', () => {
    const seasons = new Map([
      [2021, season(2021, 0.82)],
      [2022, season(2022, 0.3)],
      [2023, season(2023, 0.84)],
      [2024, season(2024, 0.6)],
    ]);
    const crops = { 2021: 'maize', 2022: 'soybean', 2023: 'maize', 2024: 'maize' };
    const kept = place('kept', 0.6, { seasons, crops });
    const rotated = place('rotated', 0.6, { seasons, crops: { ...crops, 2021: 'rice', 2023: 'soybean' } });
    const { results } = growthOf([...PEERS, kept, rotated], OPTIONS);
    expect(results[20]).toMatchObject({ preset: 'A', percentile: null });
    expect(results[20]!.delta).toBeCloseTo(0.6 - 0.83, 9);
    expect(results[20]!.reason.en).toContain('the mean of 2 years of maize here');
    expect(results[21]).toMatchObject({ preset: 'B', z: null });
    expect(results[21]!.reason.en).toContain('soybean the year before, so not compared with it');
    const only = growthOf([...PEERS, rotated], { ...OPTIONS, preset: 'A' });
    expect(only.results[20]).toMatchObject({ grade: null, reason: { code: 'few-to-compare' } });
  });

  it.each([
    ['no-crop', { crops: { 2023: 'maize' } }],
    ['few-dates', { seasons: new Map([[2024, season(2024, 0.7, [20, 0])]]) }],
    ['few-dates', { seasons: new Map<number, Curve>() }],
    ['not-seen', { seasons: new Map([[2024, season(2024, 0.7, [60, 50, 40, 30, 20])]]) }],
  ] as const)('says %s instead of a grade', (code, more) => {
    const { results } = growthOf([...PEERS, place('own', 0.7, more)], OPTIONS);
    expect(results[20]).toMatchObject({ grade: null, delta: null, reason: { code } });
  });

  it('grades a field that was under cloud on the last day with its peers as they were when it was seen', () => {
    // All fall by 0.2 in the last ten days; this one was last seen before that, and was like the others then.
    const falling = (value: number, before: readonly number[]) => {
      const days = before.map((one) => DAY - one);
      const values = before.map((one) => (one === 0 ? value - 0.2 : value));
      const rest = { pixels: days.map(() => 9), clear: days.map(() => 1), looked: days.length };
      return curveOf({ days, values, ...rest }, DAY - 90, DAY, null);
    };
    const peers = PEERS.map((one, i) => ({
      ...one,
      seasons: new Map([[2024, falling(0.7 + i / 100, [50, 40, 30, 20, 10, 0])]]),
    }));
    const cloudy = place('cloudy', 0, { seasons: new Map([[2024, falling(0.8, [50, 40, 30, 20, 10])]]) });
    const { results, referenceOn } = growthOf([...peers, cloudy], OPTIONS);
    expect(results[20]).toMatchObject({ grade: 3, seen: DAY - 10 });
    expect(results[0]).toMatchObject({ grade: 1, seen: DAY });
    expect(referenceOn('p0', DAY)!.sorted[0]).toBeCloseTo(0.5, 9);
    expect(referenceOn('p0', DAY - 10)!.sorted[0]).toBeCloseTo(0.7, 9);
    expect(referenceOn('nobody', DAY)).toBeNull();
  });
});

describe('lines of seasons', () => {
  it('are looks on their days, the line between them, and nothing beyond them', () => {
    const curve = season(2024, 0.6, [50, 40, 30, 20, 10]);
    expect(valueOnDay(curve, DAY - 50)).toBe(0.6);
    expect(valueOnDay(curve, DAY - 45)).toBeCloseTo(0.6, 6);
    expect(valueOnDay(curve, DAY - 5)).toBeNull();
    expect(valueOnDay(curve, DAY - 55)).toBeNull();
  });

  it('take a soft λ for quiet series with a steep rise and a stiff one for noise', () => {
    const random = seeded(3);
    const looks = (noise: number) =>
      Array.from({ length: 30 }, () => {
        const days = Array.from({ length: 14 }, (_, i) => DAY - 130 + 10 * i);
        const values = days.map(
          (day) => 0.2 + 0.6 / (1 + Math.exp(-(day - DAY + 70) / 6)) + noise * (random() - 0.5),
        );
        return { days, values, pixels: [], clear: [], looked: 14 };
      });
    const quiet = seasonLambda(looks(0.002), DAY - 130, DAY)!;
    expect(quiet).toBeLessThan(0.5);
    expect(seasonLambda(looks(0.6), DAY - 130, DAY)!).toBeGreaterThan(10 * quiet);
    expect(seasonLambda([], DAY - 130, DAY)).toBeNull();
  });

  it('grow in step with a line of half their height at half its area', () => {
    const axis = { start: 0, step: 10, count: 11 };
    const line = Float64Array.from({ length: 11 }, (_, i) => 0.1 + 0.08 * i);
    expect(processRatio(axis, line, line, 100)).toBeCloseTo(1, 12);
    expect(
      processRatio(
        axis,
        line.map((value) => value / 2),
        line,
        100,
      ),
    ).toBeCloseTo(0.5, 12);
    expect(processRatio(axis, line, line, 10)).toBeNull();
    const torn = line.slice();
    torn[6] = Number.NaN;
    expect(processRatio(axis, torn, line, 100)).toBeNull();
  });
});

describe('the same stage of another year', () => {
  it('is the same day, and 1 March for a day that year has not', () => {
    expect(sameDayOf(DAY, 2023)).toBe(dayNumber('2023-08-15'));
    expect(sameDayOf(dayNumber('2024-02-29'), 2023)).toBe(dayNumber('2023-03-01'));
  });

  it('is earlier in a warmer year when degree days are counted, and unknown where weather has holes', () => {
    const days = [2023, 2024].flatMap((year) => {
      const first = dayNumber(`${year}-04-01`);
      const tmax = year === 2023 ? 30 : 25;
      return Array.from({ length: 200 }, (_, i) => ({ day: first + i, tmax, tmin: 15 }));
    });
    const stage = sameHeat({ days });
    // (25 + 15) / 2 − 10 = 10 a day against 12.5: 101 days are 1010, which 2023 passed on its 81st.
    expect(stage(dayNumber('2024-07-10'), 2023)).toBe(dayNumber('2023-04-01') + 80);
    const torn = days.filter(({ day }) => day < dayNumber('2023-05-01') || day > dayNumber('2023-05-10'));
    expect(sameHeat({ days: torn })(dayNumber('2024-07-10'), 2023)).toBeNull();
    expect(stage(dayNumber('2024-12-30'), 2023)).toBeNull();
  });
});

describe('areas of grades by region', () => {
  const places = PEERS.map((one, i) => ({
    ...one,
    region: i % 2 === 0 ? '01' : '02',
    areaM2: 1000 * (i + 1),
  }));
  const { results } = growthOf([...places, place('bare', 0.7, { crops: {} })], OPTIONS);
  const regions = regionsOf(results, DAY, 1);

  it('add up to the areas of parcels, in each region and in all', () => {
    expect(regions.map(({ region }) => region)).toEqual(['01', '02', '220183901', null]);
    for (const row of regions) {
      const sum = row.grades.reduce((all, { areaM2 }) => all + areaM2, 0);
      expect(sum).toBeCloseTo(row.gradedM2, 6);
      expect(row.gradedM2 + row.insufficientM2).toBeCloseTo(row.areaM2, 6);
    }
    expect(regions.at(-1)).toMatchObject({
      parcels: 21,
      graded: 20,
      insufficient: 1,
      areaM2: 210_000 + 20_000,
    });
  });

  it('lie in intervals that the same seed draws again', () => {
    expect(regionsOf(results, DAY, 1)).toEqual(regions);
    const all = regions.at(-1)!;
    for (const { areaM2, low, high } of all.grades) {
      expect(low).toBeLessThanOrEqual(areaM2);
      expect(high).toBeGreaterThanOrEqual(areaM2);
    }
    expect(all.grades[2]!.high - all.grades[2]!.low).toBeGreaterThan(0.1 * all.gradedM2);
  });

  it('are not published of a region that was hardly seen near the day', () => {
    expect(regions[0]).toMatchObject({ isPublished: true, seenShare: 1 });
    expect(regions[2]).toMatchObject({ isPublished: false, seenShare: 0 });
    expect(regionsOf(results, DAY + 10, 1)[0]).toMatchObject({ isPublished: false, seenShare: 0 });
  });
});
