/** Sun above the horizon on a day: what arrives outside the atmosphere and how long. */
export interface DaySun {
  /** Extraterrestrial radiation, MJ m-2 d-1. */
  readonly ra: number;
  /** Possible hours of sunshine. */
  readonly hours: number;
}

/**
 * Extraterrestrial radiation and day length at a latitude in degrees on a day of the year. `sunOf(-20, 246)` is
 * 32.19 MJ m-2 d-1 and 11.67 h, as FAO-56 examples 8 and 9. Source: Allen et al. 1998, FAO-56, eq. 21 to 25 and 34.
 */
export function sunOf(latitude: number, day: number): DaySun {
  const phi = (latitude * Math.PI) / 180;
  const turn = (2 * Math.PI * day) / 365;
  const distance = 1 + 0.033 * Math.cos(turn);
  const declination = 0.409 * Math.sin(turn - 1.39);
  // Beyond the polar circles the sun does not set, or not rise.
  const sunset = Math.acos(Math.min(1, Math.max(-1, -Math.tan(phi) * Math.tan(declination))));
  const ra =
    ((24 * 60) / Math.PI) *
    0.082 *
    distance *
    (sunset * Math.sin(phi) * Math.sin(declination) +
      Math.cos(phi) * Math.cos(declination) * Math.sin(sunset));
  return { ra, hours: (24 * sunset) / Math.PI };
}

/** Solar radiation from hours of sunshine: 8 h at 43.88° N on day 196 are 21.04 MJ m-2 d-1. FAO-56 eq. 35. */
export function radiationOfSunshine(sun: DaySun, sunshine: number): number {
  return (0.25 + (0.5 * Math.min(sunshine, sun.hours)) / sun.hours) * sun.ra;
}

/** Solar radiation from the day's range of temperature: 30 and 19 °C there are 21.58. Hargreaves, FAO-56 eq. 50. */
export function radiationOfRange(sun: DaySun, tmax: number, tmin: number): number {
  return 0.16 * Math.sqrt(Math.max(0, tmax - tmin)) * sun.ra;
}

/** Share of solar radiation that plants use. */
export const PAR_SHARE = 0.48;
