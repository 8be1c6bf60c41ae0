import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import type { SensorRow } from '../sensors/row.ts';
import { earthSunDistance } from './sun.ts';

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
