import type { Instant } from '../core/time.ts';

/**
 * Earth–Sun distance in astronomical units (METHODS eq. 1.3A, the USNO form).
 * `earthSunDistance('2009-10-08T18:51:00Z')` is 0.998987, the value DigitalGlobe's WorldView-2 note prints.
 */
export function earthSunDistance(instant: Instant): number {
  const g = ((357.529 + 0.98560028 * (julianDay(instant) - 2451545)) * Math.PI) / 180;
  return 1.00014 - 0.01671 * Math.cos(g) - 0.00014 * Math.cos(2 * g);
}

/** Julian day of an instant. `julianDay('2001-10-18T18:51:26Z')` is 2452201.285718. */
export function julianDay(instant: Instant): number {
  return Date.parse(instant) / 86_400_000 + 2440587.5;
}
