import { HeituError } from '../core/error.ts';
import type { Atmosphere, Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import type { SensorRow } from '../sensors/row.ts';
import { type AtmosphereConstants, atmosphereConstants, sightOf, USUAL_ELEVATION } from './atmosphere.ts';
import { hazeOf } from './dark-object.ts';
import { earthSunDistance } from './sun.ts';

/**
 * One band's way from stored number to reflectance: `y = gain · DN + bias`, `ρ = y / (1 + s · y)`; s is 0 where the way is
 * straight. Everything a scene needs is in these three numbers, so that nothing is worked out for each pixel.
 */
export interface BandCalibration {
  /** ASI code. */
  readonly name: string;
  readonly gain: number;
  readonly bias: number;
  readonly s: number;
}

/** How a scene's stored numbers become reflectance, and of what. */
export interface SceneCalibration {
  readonly unit: 'toa' | 'boa';
  readonly bands: readonly BandCalibration[];
}

/** How far the air is taken out (METHODS 1.2): not at all (SR0), by the model ATM-A (SR3), or by dark objects (SR1). */
export type CalibrationMethod =
  | { readonly method: 'toa' }
  | { readonly method: 'atm-a'; readonly atmosphere: Atmosphere }
  /** Dark DN by ASI code (see darkNumber). */
  | { readonly method: 'dos1'; readonly dark: Readonly<Record<string, number>> };

/**
 * The constants of every band of a scene. Deliveries that hold surface reflectance or relative numbers keep their own
 * scale whatever the method. Throws E_META_MISSING for a scene without a sun elevation or a sensor without solar
 * irradiance where these are needed, and E_NO_DARK_OBJECT where DOS1 finds none.
 *
 * For the worked example of METHODS 1.1 (gain 0.1424, E0 1974.2416, 2023-08-15 02:30Z, sun 55° high) `toa` gives blue
 * gain 2.838297e-4: DN 420 is reflectance 0.119208.
 */
export function calibrationOf(scene: Scene, sensor: SensorRow, choice: CalibrationMethod): SceneCalibration {
  const stored = scene.bands.map(({ name, gain, bias }): BandCalibration => ({ name, gain, bias, s: 0 }));
  if (scene.encoding === 'boa') return { unit: 'boa', bands: stored };
  // Relative numbers are handled as top-of-atmosphere ones; `Scene.radiometry` says what they are worth.
  if (scene.encoding === 'relative') return { unit: 'toa', bands: stored };
  const toa =
    scene.encoding === 'toa'
      ? stored
      : stored.map((band) => scaled(band, perRadiance(band.name, scene, sensor)));
  switch (choice.method) {
    case 'toa':
      return { unit: 'toa', bands: toa };
    case 'atm-a': {
      const sight = sightOf(scene);
      if (sight === null) throw new HeituError('E_META_MISSING', { what: 'SolarElevation', where: scene.id });
      const elevation = scene.elevation ?? USUAL_ELEVATION;
      const bands = toa.map((band) =>
        through(
          band,
          atmosphereConstants(airBandOf(band.name, scene, sensor), sight, choice.atmosphere, elevation),
        ),
      );
      return { unit: 'boa', bands };
    }
    case 'dos1':
      return {
        unit: 'boa',
        bands: toa.map((band) => {
          const dark = choice.dark[band.name];
          if (dark === undefined)
            throw new HeituError('E_NO_DARK_OBJECT', { what: band.name, where: scene.id });
          return { ...band, bias: band.bias - hazeOf(band, dark, scene, sensor) };
        }),
      };
  }
}

/** Top-of-atmosphere reflectance of a unit of radiance in a band: π d² / (E0 cos θs) (METHODS eq. 1.2). */
function perRadiance(name: string, scene: Scene, sensor: SensorRow): number {
  if (scene.sunElevation === null || scene.sunElevation <= 0) {
    throw new HeituError('E_META_MISSING', { what: 'SolarElevation', where: scene.id });
  }
  const e0 = sensor.bands.find((band) => band.name === name)?.e0 ?? null;
  if (e0 === null) {
    throw new HeituError('E_META_MISSING', {
      what: `solar irradiance of band ${name}`,
      where: scene.sensor,
    });
  }
  const distance = earthSunDistance(scene.datetime);
  return (Math.PI * distance * distance) / (e0 * Math.sin((scene.sunElevation * Math.PI) / 180));
}

function airBandOf(name: string, scene: Scene, sensor: SensorRow) {
  const row = sensor.bands.find((band) => band.name === name);
  if (row === undefined) {
    throw new HeituError('E_META_MISSING', {
      what: `centre wavelength of band ${name}`,
      where: scene.sensor,
    });
  }
  return { name, centre: row.centre };
}

function scaled({ name, gain, bias }: BandCalibration, factor: number): BandCalibration {
  return { name, gain: factor * gain, bias: factor * bias, s: 0 };
}

function through({ name, gain, bias }: BandCalibration, { a, b, s }: AtmosphereConstants): BandCalibration {
  return { name, gain: a * gain, bias: a * bias - b, s };
}

/** Reflectance of one stored number, as float32 holds it. */
export function reflectanceOf({ gain, bias, s }: BandCalibration, stored: number): number {
  const y = gain * stored + bias;
  return Math.fround(y / (1 + s * y));
}

/**
 * Stored numbers to reflectance, band by band; bands without constants are left out. The quality plane is shared, and
 * flagged pixels are converted too: their value is unspecified.
 */
export function applyCalibration(
  tile: LooseTile<'dn'>,
  calibration: SceneCalibration,
): LooseTile<'toa' | 'boa'> {
  const bands: Record<string, Float32Array> = {};
  for (const { name, gain, bias, s } of calibration.bands) {
    const stored = tile.bands[name];
    if (stored === undefined) continue;
    const out = new Float32Array(stored.length);
    // A straight band needs no division; y / (1 + 0) would be the same number.
    if (s === 0) for (let i = 0; i < out.length; i++) out[i] = gain * stored[i]! + bias;
    else {
      for (let i = 0; i < out.length; i++) {
        const y = gain * stored[i]! + bias;
        out[i] = y / (1 + s * y);
      }
    }
    bands[name] = out;
  }
  return { unit: calibration.unit, grid: tile.grid, bands, quality: tile.quality };
}
