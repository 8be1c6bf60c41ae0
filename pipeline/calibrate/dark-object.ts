import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { SensorRow } from '../sensors/row.ts';
import { airOf, sightOf, USUAL_ELEVATION, USUAL_GASES } from './atmosphere.ts';

/** What a dark object reflects by itself (Chavez 1996). */
const DARK_REFLECTANCE = 0.01;

/** The dark number is met by this share of the valid pixels and by so many at least; house values of METHODS 1.2. */
const DARK_SHARE = 1e-4;
const DARK_PIXELS = 500;

/** No air lets the darkest thing look brighter than this much aerosol does; what does has no dark object in it. */
const THICKEST = 0.8;

/**
 * The dark number of a histogram of stored numbers (valid pixels only): the first at which 0.01 % of the pixels, and at least
 * 500, are reached. Null where there are not so many.
 */
export function darkNumber(histogram: ArrayLike<number>): number | null {
  let total = 0;
  for (let i = 0; i < histogram.length; i++) total += histogram[i]!;
  const wanted = Math.max(DARK_PIXELS, DARK_SHARE * total);
  let sum = 0;
  for (let i = 0; i < histogram.length; i++) {
    sum += histogram[i]!;
    if (sum >= wanted) return i;
  }
  return null;
}

/**
 * DOS1 (Chavez 1988, doi 10.1016/0034-4257(88)90019-3, and 1996; METHODS 1.2): what is taken off top-of-atmosphere
 * reflectance, `ρdark − 0.01`, given the dark DN of a band that is already calibrated to it. Throws E_NO_DARK_OBJECT where
 * the darkest pixels are brighter than an aerosol thickness of 0.8 over black ground explains.
 */
export function hazeOf(
  band: { readonly name: string; readonly gain: number; readonly bias: number },
  dark: number,
  scene: Pick<Scene, 'id' | 'elevation' | 'sunElevation' | 'sunAzimuth' | 'viewZenith' | 'viewAzimuth'>,
  sensor: SensorRow,
): number {
  const haze = band.gain * dark + band.bias - DARK_REFLECTANCE;
  const sight = sightOf(scene);
  const row = sensor.bands.find(({ name }) => name === band.name);
  if (sight === null || row === undefined) {
    const what = sight === null ? 'SolarElevation' : `centre wavelength of band ${band.name}`;
    throw new HeituError('E_META_MISSING', { what, where: scene.id });
  }
  const { path } = airOf(
    row,
    sight,
    { aot550: THICKEST, ...USUAL_GASES },
    scene.elevation ?? USUAL_ELEVATION,
  );
  if (haze > path) {
    throw new HeituError('E_NO_DARK_OBJECT', {
      what: `${band.name}: ${(haze + DARK_REFLECTANCE).toFixed(3)}, expected at most ${(path + DARK_REFLECTANCE).toFixed(3)}`,
      where: scene.id,
    });
  }
  return haze;
}
