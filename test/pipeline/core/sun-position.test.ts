import { expect, it } from 'vitest';
import { sunPosition } from '../../../pipeline/core/sun-position.ts';

it.each([
  // SUN_ELEVATION and SUN_AZIMUTH of the MTL of LT52240631988227CUB02 at the middle of its corners.
  ['1988-08-14T13:00:47.375Z', -50.0725, -4.3318, 49.75588889, 61.96724978],
  // A winter noon in Beijing time over Chengdu: zenith 57° (JILIN1.md 2.1).
  ['2023-12-18T03:41:03Z', 104.07, 30.67, 33, 158],
])('the sun of %s stands where others put it', (instant, longitude, latitude, elevation, azimuth) => {
  const sun = sunPosition(instant, longitude, latitude);
  const digits = Number.isInteger(elevation) ? 0.5 : 0.02;
  expect(Math.abs(sun.elevation - elevation)).toBeLessThan(digits);
  expect(Math.abs(sun.azimuth - azimuth)).toBeLessThan(digits);
});
