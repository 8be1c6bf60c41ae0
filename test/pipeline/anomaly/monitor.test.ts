import { describe, expect, it } from 'vitest';
import {
  type DisturbanceFacts,
  disturbanceFacts,
  disturbanceOf,
  NO_BANDS,
} from '../../../pipeline/anomaly/disturbance.ts';
import { monitorChange } from '../../../pipeline/anomaly/monitor.ts';
import { normal, seeded } from '../../../pipeline/core/random.ts';

/** Sixteen-day values of six years around a wave, with what happens from 4.0 on added; years from 0. */
function series(seed: number, correlation: number, happens: (year: number) => number) {
  const random = seeded(seed);
  let noise = 0;
  const days = Array.from({ length: 23 * 6 }, (_, i) => i / 23);
  const values = days.map((day) => {
    noise = correlation * noise + Math.sqrt(1 - correlation ** 2) * normal(random);
    return 0.7 + 0.1 * Math.sin(2 * Math.PI * day) + 0.03 * noise + (day >= 4 ? happens(day) : 0);
  });
  return { days, values, weights: days.map(() => 1) };
}

const WATCH = { start: 3 - 1e-9, period: 1 };

describe('monitoring of a long series', () => {
  it('dates a felling to the composite and its size to a hundredth', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const found = monitorChange(
        series(seed, 0, () => -0.4),
        WATCH,
      ).break!;
      expect(found.day).toBeCloseTo(4, 6);
      expect(found.declared).toBeLessThanOrEqual(4 + 2.1 / 23);
      expect(found.magnitude).toBeGreaterThan(-0.43);
      expect(found.magnitude).toBeLessThan(-0.37);
    }
  });

  it('finds a slow fall by its moving sum before any run of large residuals', () => {
    const watched = monitorChange(
      series(3, 0, (year) => -0.12 * (year - 4)),
      WATCH,
    );
    expect(watched.break).not.toBeNull();
    expect(watched.mosumDay).toBeGreaterThan(4);
    expect(watched.break!.magnitude).toBeLessThan(0);
  });

  it('keeps its level where residuals are independent, and no lasting change of 0.1 where they are not', () => {
    const rates = [0, 0.3, 0.5].map((correlation) => {
      const runs = Array.from({ length: 400 }, (_, i) =>
        monitorChange(
          series(i + 1, correlation, () => 0),
          WATCH,
        ),
      );
      const share = (holds: (one: (typeof runs)[number]) => boolean) => runs.filter(holds).length / 400;
      const any = share((one) => one.break !== null);
      const mosum = share((one) => one.mosumDay !== null);
      const material = share((one) => one.break?.isMaterial === true);
      console.log(
        `no change, correlation ${correlation}: alarms ${any.toFixed(3)}, of the moving sum ${mosum.toFixed(3)}, of 0.1 or more ${material.toFixed(3)}`,
      );
      return { any, mosum, material };
    });
    expect(rates[0]!.mosum).toBeLessThanOrEqual(0.07);
    expect(rates[0]!.any).toBeLessThanOrEqual(0.08);
    for (const { material } of rates) expect(material).toBeLessThanOrEqual(0.01);
  });

  it('leaves a disturbed beginning of the history out of the norm', () => {
    const observations = series(2, 0, () => -0.4);
    const values = observations.values.map((value, i) => (i < 20 ? value - 0.3 : value));
    const watched = monitorChange({ ...observations, values }, WATCH);
    // The sum passes its bound some looks after it has left the stable part, so not all of the beginning goes.
    expect(watched.history!.from).toBeGreaterThan(0.3);
    expect(watched.history!.from).toBeLessThan(1.3);
    expect(watched.break!.day).toBeCloseTo(4, 6);
  });

  it('says when there is too little history or nothing to watch, and takes no cloudy look', () => {
    const { days, values, weights } = series(1, 0, () => 0);
    const short = monitorChange({ days, values, weights }, { start: 0.4, period: 1 });
    expect(short).toMatchObject({ status: 'insufficient-history', break: null });
    expect(monitorChange({ days, values, weights }, { start: 99, period: 1 }).status).toBe(
      'nothing-to-monitor',
    );
    expect(monitorChange({ days: [], values: [], weights: [] }, WATCH).status).toBe('insufficient-history');
    // Every tenth look is a cloud that the mask knows.
    const cloudy = values.map((value, i) => (i % 10 === 0 ? 0.1 : value));
    const known = weights.map((_, i) => (i % 10 === 0 ? 0 : 1));
    expect(monitorChange({ days, values: cloudy, weights: known }, WATCH).break).toBeNull();
    expect(() => monitorChange({ days, values, weights }, { start: 3, period: 0 })).toThrow(RangeError);
  });
});

describe('kinds of disturbance', () => {
  const kindsOf = (happens: (year: number) => number, bands = NO_BANDS) => {
    const watched = monitorChange(series(1, 0, happens), WATCH);
    return disturbanceOf(disturbanceFacts(watched, 1, bands)!);
  };

  it('takes a deep lasting fall for a felling, and without more bands cannot tell it from fire', () => {
    const { ranked, undecided } = kindsOf(() => -0.4);
    expect(ranked[0]!.kind).toBe('felling');
    expect(undecided).toEqual(['fire']);
  });

  it('tells fire by NBR, or by near infrared that falls while red does not rise', () => {
    expect(kindsOf(() => -0.4, { nbrFall: 0.6, red: 0, nir: -0.5 }).ranked[0]!.kind).toBe('fire');
    const four = kindsOf(() => -0.4, { nbrFall: null, red: 0, nir: -0.5 });
    expect([four.ranked[0]!.kind, ...four.undecided]).toContain('fire');
    const bare = kindsOf(() => -0.4, { nbrFall: 0.1, red: 0.8, nir: -0.2 });
    expect(bare.ranked[0]!.kind).toBe('felling');
    expect(bare.undecided).toEqual([]);
  });

  it('takes a part that comes back for defoliation, and a slow loss for decline', () => {
    expect(kindsOf((year) => (year < 4.4 ? -0.25 : -0.03)).ranked[0]!.kind).toBe('defoliation');
    expect(kindsOf((year) => -0.2 * (year - 4)).ranked[0]!.kind).toBe('decline');
    expect(kindsOf(() => 0.15).ranked[0]!.kind).toBe('growth');
  });

  it('has nothing to say without a break', () => {
    const quiet = monitorChange(
      series(1, 0, () => 0),
      WATCH,
    );
    expect(disturbanceFacts(quiet, 1, NO_BANDS)).toBeNull();
    const facts: DisturbanceFacts = {
      magnitude: -0.2,
      share: -0.25,
      fall: 0.1,
      regained: null,
      recovery: null,
      ...NO_BANDS,
    };
    // A series that has just broken says neither that it stays low nor that it comes back.
    const words = disturbanceOf(facts).ranked.flatMap((one) => [...one.for, ...one.against]);
    expect(words.some(({ en }) => en.includes('after a year'))).toBe(false);
  });
});
