/**
 * THE MAIN PATH, on one screen: how one scene becomes vegetation indices. Same input, same bytes.
 *
 *     bytes → Tile<'dn'> → overview → (sky, air) ┐
 *     bytes → Tile<'dn'> → reflectance → flags → analysis grid → indices → (COG, observations) → store → API → page
 *
 * A scene is looked at twice: once as a whole in cells of some ten metres, for what hides the ground (clouds and where
 * their shadows fall) and for the air in between; then tile by tile. Everything around it (what to read, where to
 * write, what to record) is in jobs/; the maths is in the stages.
 */
import { type Aerosol, aerosolOf, estimateAerosol } from './calibrate/aerosol.ts';
import { sightOf, USUAL_ELEVATION, USUAL_GASES } from './calibrate/atmosphere.ts';
import { applyCalibration, calibrationOf, type SceneCalibration } from './calibrate/calibration.ts';
import { type Doubt, doubtsOf } from './calibrate/validity.ts';
import type { Grid } from './core/grid.ts';
import { QUALITY } from './core/quality.ts';
import { mayUse } from './core/radiometry.ts';
import type { Scene } from './core/scene.ts';
import { type LooseTile, type Tile, withBands } from './core/tile.ts';
import { computeIndex } from './indices/compute.ts';
import { INDICES, type IndexId } from './indices/table.ts';
import type { Backend } from './kernels/backend.ts';
import { type CellMask, maskTile } from './mask/apply.ts';
import { maskScene, type Reference } from './mask/scene-mask.ts';
import { type Relief, terrainShadow } from './mask/terrain.ts';
import { flagImplausible } from './mask/validity.ts';
import type { SensorRow } from './sensors/row.ts';
import { placeTile } from './warp/resample.ts';

/** A scene with its overview: all of it as stored numbers, in cells of `metres`, `pixels` analysis pixels wide. */
export interface Overview {
  readonly scene: Scene;
  readonly sensor: SensorRow;
  readonly tile: LooseTile<'dn'>;
  readonly pixels: number;
  readonly metres: number;
  /** The vendor's own classes, one a cell; null where the delivery has none. */
  readonly classes: Uint16Array | null;
  /** The land under the cells; null where no terrain model was given. */
  readonly relief: Relief | null;
}

/** What a first look at a whole scene says about the second one. */
export interface Outlook {
  readonly calibration: SceneCalibration;
  /** Null for relative numbers, which know no threshold. */
  readonly mask: CellMask | null;
  /** Aerosol that was taken out, and where its figure is from; null where none was. */
  readonly aerosol: Aerosol | null;
  /** What speaks against taking the reflectance at its word. */
  readonly doubts: readonly Doubt[];
}

/** What one tile of one scene says: reflectance with its flags, and one tile an index. */
export interface Observed {
  readonly reflectance: LooseTile<'toa' | 'boa'>;
  readonly indices: Readonly<Partial<Record<IndexId, Tile<'index', IndexId>>>>;
}

/** The first look: clouds, shadows and air. `earlier` are overviews of the same ground on dates before, newest first. */
export function overlookScene(overview: Overview, earlier: readonly Overview[]): Outlook {
  const { scene, sensor, pixels } = overview;
  if (!mayUse(scene.radiometry, 'threshold'))
    return {
      calibration: calibrationOf(scene, sensor, { method: 'toa' }),
      mask: null,
      aerosol: null,
      doubts: [],
    };
  const quality = maskScene(
    atTheTop(overview),
    scene,
    overview.metres,
    earlier.map(asReference(overview)),
    overview.classes,
  );
  flagTerrain(quality, overview);
  const mask = { grid: overview.tile.grid, pixels, quality };
  return { mask, ...throughTheAir(overview, quality) };
}

/** The second look: from stored numbers on the scene's own grid to flags and indices on the target grid. */
export async function observeTile(
  raw: LooseTile<'dn'>,
  outlook: Outlook,
  options: { target: Grid; indices: readonly IndexId[]; backend: Backend },
): Promise<Observed> {
  const reflectance = flagImplausible(applyCalibration(raw, outlook.calibration));
  const placed = placeTile(reflectance, options.target);
  const masked = outlook.mask === null ? placed : maskTile(placed, outlook.mask);
  const indices: Partial<Record<IndexId, Tile<'index', IndexId>>> = {};
  for (const id of options.indices) {
    indices[id] = await computeIndex(id, withBands(masked, INDICES[id].bands), options.backend);
  }
  return { reflectance: masked, indices };
}

/** Flags what the land itself keeps the sun off (METHODS 2.2, step 7), where the land and the sun are known. */
function flagTerrain(quality: Uint16Array, { scene, relief }: Overview): void {
  const { sunElevation, sunAzimuth } = scene;
  if (relief === null || sunElevation === null || sunAzimuth === null) return;
  const shadow = terrainShadow(relief, sunElevation, sunAzimuth);
  for (let i = 0; i < shadow.length; i++) if (shadow[i] === 1) quality[i]! |= QUALITY.TERRAIN.bit;
}

/** Top-of-atmosphere reflectance of an overview (or the surface reflectance that the delivery holds). */
function atTheTop({ scene, sensor, tile }: Overview): LooseTile<'toa' | 'boa'> {
  return flagImplausible(applyCalibration(tile, calibrationOf(scene, sensor, { method: 'toa' })));
}

/** An earlier overview as a look to compare with: with the flags that it gets by itself. */
function asReference(now: Overview): (earlier: Overview) => Reference {
  return (earlier) => {
    const top = atTheTop(earlier);
    const quality = maskScene(top, earlier.scene, earlier.metres, [], earlier.classes);
    const tile = placeTile({ ...top, quality }, now.tile.grid, 'nearest');
    return { tile, days: daysBetween(earlier.scene, now.scene) };
  };
}

function daysBetween(earlier: Scene, later: Scene): number {
  return (Date.parse(later.datetime) - Date.parse(earlier.datetime)) / 86_400_000;
}

/** How stored numbers become surface reflectance, where the delivery says enough for that (METHODS 1.2, ATM-A). */
function throughTheAir(overview: Overview, quality: Uint16Array): Omit<Outlook, 'mask'> {
  const { scene, sensor } = overview;
  const sight = sightOf(scene);
  if (scene.encoding === 'boa' || sight === null)
    return { calibration: calibrationOf(scene, sensor, { method: 'toa' }), aerosol: null, doubts: [] };
  const gases = scene.atmosphere ?? USUAL_GASES;
  const aerosol = aerosolOf(scene, () =>
    estimateAerosol(
      { ...atTheTop(overview), unit: 'toa', quality },
      sight,
      sensor,
      gases,
      scene.elevation ?? USUAL_ELEVATION,
    ),
  );
  const atmosphere = { ...gases, aot550: aerosol.aot550 };
  return {
    calibration: calibrationOf(scene, sensor, { method: 'atm-a', atmosphere }),
    aerosol,
    doubts: doubtsOf(scene, sensor, atmosphere, aerosol.source),
  };
}
