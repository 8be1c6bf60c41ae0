/**
 * THE MAIN PATH, on one screen: how one tile of one scene becomes vegetation indices. Same input, same bytes.
 *
 *     bytes → Tile<'dn'> → reflectance → flags → analysis grid → indices → (COG, observations) → store → API → page
 *
 * Everything around it (what to read, where to write, what to record) is in jobs/; the maths is in the stages.
 */
import { toPhysical } from './calibrate/radiance.ts';
import { toToa } from './calibrate/reflectance.ts';
import type { Grid } from './core/grid.ts';
import type { Scene } from './core/scene.ts';
import { type LooseTile, type Tile, withBands } from './core/tile.ts';
import { computeIndex } from './indices/compute.ts';
import { INDICES, type IndexId } from './indices/table.ts';
import type { Backend } from './kernels/backend.ts';
import { CLOUD_HALO_M, flagCloud } from './mask/cloud.ts';
import { flagImplausible } from './mask/validity.ts';
import type { SensorRow } from './sensors/row.ts';
import { placeTile } from './warp/resample.ts';

/** What one tile of one scene says: reflectance with its flags, and one tile an index. */
export interface Observed {
  readonly reflectance: LooseTile<'toa' | 'boa'>;
  readonly indices: Readonly<Partial<Record<IndexId, Tile<'index', IndexId>>>>;
}

/** Metres around a target tile that the stages need to see for its rim to be right. */
export const HALO_M = CLOUD_HALO_M;

/** From stored numbers on the scene's own grid (with halo) to indices on the target grid. */
export async function observeTile(
  raw: LooseTile<'dn'>,
  scene: Scene,
  options: { sensor: SensorRow; target: Grid; indices: readonly IndexId[]; backend: Backend },
): Promise<Observed> {
  const reflectance = toReflectance(raw, scene, options.sensor);
  const flagged = flagPixels(reflectance, scene, Math.abs(raw.grid.transform[1]));
  const placed = placeTile(flagged, options.target);
  const indices: Partial<Record<IndexId, Tile<'index', IndexId>>> = {};
  for (const id of options.indices) {
    indices[id] = await computeIndex(id, withBands(placed, INDICES[id].bands), options.backend);
  }
  return { reflectance: placed, indices };
}

/** DN → radiance → top-of-atmosphere reflectance, or straight to the reflectance that the delivery already holds. */
export function toReflectance(
  raw: LooseTile<'dn'>,
  scene: Scene,
  sensor: SensorRow,
): LooseTile<'toa' | 'boa'> {
  const physical = toPhysical(raw, scene);
  if (physical.unit === 'radiance') return toToa({ ...physical, unit: 'radiance' }, scene, sensor);
  return { ...physical, unit: physical.unit };
}

/** Adds the reasons not to use a pixel; changes no value. Uncalibrated numbers know no threshold, so none is applied. */
export function flagPixels(
  tile: LooseTile<'toa' | 'boa'>,
  scene: Scene,
  pixelSize: number,
): LooseTile<'toa' | 'boa'> {
  if (scene.encoding === 'relative') return tile;
  return flagCloud(flagImplausible(tile), pixelSize);
}
