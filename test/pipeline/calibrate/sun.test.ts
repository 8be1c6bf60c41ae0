import { describe, expect, it } from 'vitest';
import { earthSunDistance, julianDay } from '../../../pipeline/calibrate/sun.ts';

describe('the sun', () => {
  // METHODS 1.1 and its oracles.json; 0.998987 is also in DigitalGlobe's note on WorldView-2 (Updike and Comp 2010).
  it.each([
    ['2001-10-18T18:51:26Z', 2452201.285718, 0.996117],
    ['2009-10-08T18:51:00Z', 2455113.285417, 0.998987],
    ['2023-01-04T02:30:00Z', 2459948.604167, 0.98329],
    ['2023-07-06T02:30:00Z', 2460131.604167, 1.016709],
    ['2023-08-15T02:30:00Z', 2460171.604167, 1.012932],
  ])('is at the right distance on %s', (instant, day, distance) => {
    expect(julianDay(instant)).toBeCloseTo(day, 5);
    expect(Math.abs(earthSunDistance(instant) - distance)).toBeLessThan(6e-7);
  });

  it('is within 4e-4 of the short formula (METHODS 1.3B) the year round', () => {
    for (let doy = 1; doy <= 365; doy++) {
      const instant = new Date(Date.UTC(2023, 0, doy, 12)).toISOString();
      const short = 1 - 0.01672 * Math.cos((0.9856 * (doy - 4) * Math.PI) / 180);
      expect(Math.abs(earthSunDistance(instant) - short)).toBeLessThan(4.5e-4);
    }
  });
});
