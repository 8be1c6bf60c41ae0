import { describe, expect, it } from 'vitest';
import {
  indicatorsOf,
  normalOfStudent,
  percentileOf,
  studentOfNormal,
  vcix,
} from '../../../pipeline/season/indicators.ts';

describe('growth indicators', () => {
  // oracles.json, group `growth`: numpy on the history and value of METHODS 6.1.
  const history = [0.71, 0.74, 0.68, 0.72, 0.75];
  const found = indicatorsOf(0.62, history)!;

  it('equal the published example', () => {
    expect(found.delta).toBeCloseTo(-0.1, 8);
    expect(found.rel).toBeCloseTo(-0.13888889, 8);
    expect(found.z).toBeCloseTo(-3.65148372, 8);
    expect(found.zRobust).toBeCloseTo(-3.3724538, 6);
    expect(found.vci).toBeCloseTo(-85.71428571, 8);
    expect(found.tPred).toBeCloseTo(-3.65148372 / Math.sqrt(1.2), 8);
  });

  it('leave out what a sample cannot say', () => {
    expect(indicatorsOf(0.6, [])).toBeNull();
    expect(indicatorsOf(0.6, [0.7])).toMatchObject({ z: null, tPred: null, zRobust: null, vci: null });
    expect(indicatorsOf(0.6, [0.7, 0.7, 0.7])).toMatchObject({ z: null, vci: null });
  });

  it('put the best of a season on the range of history', () => {
    expect(vcix(0.8, 0.2, 0.9)).toBeCloseTo(85.7143, 4);
  });

  it('rank a value among others, ties by half', () => {
    expect(percentileOf(3, [1, 2, 3, 4])).toBe(62.5);
    expect(percentileOf(0, [1, 2, 3, 4])).toBe(0);
    expect(percentileOf(9, [1, 2, 3, 4])).toBe(100);
    expect(percentileOf(2, [1, 2, 2, 2, 3])).toBe(50);
  });
});

describe('a deviate from few years', () => {
  // 97.5 % points of Student's t and the normal distribution, as tabled (Abramowitz and Stegun, tables 26.10 and 26.1).
  it.each([
    [1, 12.7062047],
    [2, 4.30265273],
    [4, 2.77644511],
    [9, 2.26215716],
    [30, 2.04227246],
  ])('of %i degrees of freedom is 1.96 where t is %f', (freedom, t) => {
    expect(normalOfStudent(t, freedom)).toBeCloseTo(1.95996398, 5);
    expect(normalOfStudent(-t, freedom)).toBeCloseTo(-1.95996398, 5);
    expect(studentOfNormal(1.95996398, freedom)).toBeCloseTo(t, 4);
  });

  it('stays finite for the absurdest difference', () => {
    expect(normalOfStudent(-1e12, 9)).toBeLessThan(-7);
    expect(Number.isFinite(normalOfStudent(-1e12, 9))).toBe(true);
    expect(normalOfStudent(0, 3)).toBeCloseTo(0, 10);
  });
});
