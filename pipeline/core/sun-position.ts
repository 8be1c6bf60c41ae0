import type { Instant } from './time.ts';

const RAD = Math.PI / 180;

/** Where the sun stands, degrees: above the horizon, and clockwise from north. */
export interface SunPosition {
  readonly elevation: number;
  readonly azimuth: number;
}

/**
 * The sun over a place (degrees east and north) at an instant, without refraction, good to 0.02° between 1950 and 2050.
 * At 50.072° W 4.332° S on 1988-08-14T13:00:47Z it is 49.8° high at 62.0°, as the Landsat scene of that moment says.
 * Source: The Astronomical Almanac, "low-precision formulas for the Sun" and sidereal time.
 */
export function sunPosition(instant: Instant, longitude: number, latitude: number): SunPosition {
  // Days since 2000-01-01T12:00:00Z.
  const n = Date.parse(instant) / 86_400_000 - 10_957.5;
  const mean = (280.46 + 0.9856474 * n) * RAD;
  const anomaly = (357.528 + 0.9856003 * n) * RAD;
  const ecliptic = mean + (1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD;
  const obliquity = (23.439 - 4e-7 * n) * RAD;
  const ascension = Math.atan2(Math.cos(obliquity) * Math.sin(ecliptic), Math.cos(ecliptic));
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(ecliptic));
  const sidereal = (280.46062 + 360.98564737 * n + longitude) * RAD;
  const hour = sidereal - ascension;
  const phi = latitude * RAD;
  const height =
    Math.sin(phi) * Math.sin(declination) + Math.cos(phi) * Math.cos(declination) * Math.cos(hour);
  const azimuth = Math.atan2(
    -Math.sin(hour),
    Math.cos(phi) * Math.tan(declination) - Math.sin(phi) * Math.cos(hour),
  );
  return { elevation: Math.asin(height) / RAD, azimuth: (azimuth / RAD + 360) % 360 };
}
