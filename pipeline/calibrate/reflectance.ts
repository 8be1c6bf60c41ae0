import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import type { Instant } from '../core/time.ts';
import type { SensorRow } from '../sensors/row.ts';

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

/**
 * Top-of-atmosphere reflectance from radiance: ρ = π L d² / (E0 cos θs) (METHODS eq. 1.2), one constant a band.
 * Throws E_META_MISSING when the scene has no sun elevation or the sensor no solar irradiance for a band.
 */
export function toToa(tile: LooseTile<'radiance'>, scene: Scene, sensor: SensorRow): LooseTile<'toa'> {
  if (scene.sunElevation === null || scene.sunElevation <= 0) {
    throw new HeituError('E_META_MISSING', { what: 'SolarElevation', where: scene.id });
  }
  const cosine = Math.sin((scene.sunElevation * Math.PI) / 180);
  const distance = earthSunDistance(scene.datetime);
  const bands: Record<string, Float32Array> = {};
  for (const [name, radiance] of Object.entries(tile.bands)) {
    const e0 = sensor.bands.find((band) => band.name === name)?.e0 ?? null;
    if (e0 === null)
      throw new HeituError('E_META_MISSING', {
        what: `solar irradiance of band ${name}`,
        where: scene.sensor,
      });
    const factor = (Math.PI * distance * distance) / (e0 * cosine);
    const out = new Float32Array(radiance.length);
    for (let i = 0; i < out.length; i++) out[i] = factor * radiance[i]!;
    bands[name] = out;
  }
  return { unit: 'toa', grid: tile.grid, bands, quality: tile.quality };
}
