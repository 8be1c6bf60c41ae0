import { type Aerosol, aerosolOf, estimateAerosol } from '../calibrate/aerosol.ts';
import { sightOf, USUAL_ELEVATION, USUAL_GASES } from '../calibrate/atmosphere.ts';
import { applyCalibration, calibrationOf, type SceneCalibration } from '../calibrate/calibration.ts';
import { darkNumber } from '../calibrate/dark-object.ts';
import { type Doubt, doubtsOf } from '../calibrate/validity.ts';
import { isGeographic } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import { mayUse } from '../core/radiometry.ts';
import type { Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { overlookScene } from '../flow.ts';
import { type OpenScene, openScene } from '../ingest/tile.ts';
import type { CellMask } from '../mask/apply.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import { latticeFor } from '../warp/lattice.ts';
import { cellMetres, makeOverview, pixelsPerCell, readClasses } from './overview.ts';

/** What a delivery's numbers are made into: reflectance above the air, below it, or below it by dark objects. */
export const CALIBRATIONS = ['toa', 'boa', 'dos1'] as const;

export type CalibrationName = (typeof CALIBRATIONS)[number];

/** An image of a delivery, and how its numbers become reflectance. */
export interface CalibratedImage {
  readonly scene: Scene;
  readonly calibration: SceneCalibration;
  /** What was taken out; null where no aerosol was. */
  readonly aerosol: Aerosol | null;
  readonly doubts: readonly Doubt[];
}

/**
 * Opens the delivery an image belongs to (its `_meta.xml` or a description beside it) and works out its constants. `aot550`
 * is the aerosol that a person states; it goes before what the delivery says. Throws what the door throws, and
 * E_PARAMETER_INVALID for imagery that was never calibrated.
 */
export async function calibrateImage(
  path: string,
  name: CalibrationName,
  aot550: number | undefined,
): Promise<CalibratedImage> {
  // Loaded for images that belong to a delivery: schemas and archives cost every other one a tenth of a second.
  const { findDeliveries } = await import('../ingest/delivery.ts');
  const { admit } = await import('../ingest/door.ts');
  const [found] = await findDeliveries(path);
  if (found === undefined) throw new HeituError('E_FOLDER_EMPTY', { where: path });
  if ('error' in found) throw found.error;
  if ('archive' in found)
    throw new HeituError('E_ARCHIVE_PACKED', { where: path, what: 'heitu ingest takes it' });
  const { scene: admitted } = await admit(found.delivery, { isKept: false });
  if (!mayUse(admitted.radiometry, 'threshold')) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--calibrate',
      what: `${name}: the numbers of ${admitted.id} are ${admitted.radiometry}, not calibrated`,
    });
  }
  const scene: Scene =
    aot550 === undefined
      ? admitted
      : { ...admitted, atmosphere: { ...(admitted.atmosphere ?? USUAL_GASES), aot550 } };
  const sensor: SensorRow = SENSORS[scene.sensor as SensorId]; // the door admits no other
  if (name === 'toa' || scene.encoding === 'boa') {
    return { scene, calibration: calibrationOf(scene, sensor, { method: 'toa' }), aerosol: null, doubts: [] };
  }
  if (name === 'dos1') {
    const dark = await darkNumbers(scene);
    return {
      scene,
      calibration: calibrationOf(scene, sensor, { method: 'dos1', dark }),
      aerosol: null,
      doubts: [],
    };
  }
  const sight = sightOf(scene);
  if (sight === null) throw new HeituError('E_META_MISSING', { what: 'SolarElevation', where: scene.id });
  const gases = scene.atmosphere ?? USUAL_GASES;
  const sample = scene.atmosphere === null ? await sampleToa(scene, sensor) : null;
  const aerosol = aerosolOf(scene, () =>
    sample === null
      ? null
      : estimateAerosol(sample, sight, sensor, gases, scene.elevation ?? USUAL_ELEVATION),
  );
  const atmosphere = { ...gases, aot550: aerosol.aot550 };
  return {
    scene,
    calibration: calibrationOf(scene, sensor, { method: 'atm-a', atmosphere }),
    aerosol,
    doubts: doubtsOf(scene, sensor, atmosphere, aerosol.source),
  };
}

/**
 * What hides the ground in an image, seen from this one date: cloud, shadow, snow and their rims, in cells of the image's own
 * pixels. Null for an image whose rows do not run from west to east: `heitu process` places those first.
 */
export async function maskImage({ scene }: CalibratedImage): Promise<CellMask | null> {
  const [, , rowTurn, , columnTurn, height] = scene.grid.transform;
  if (rowTurn !== 0 || columnTurn !== 0 || height >= 0) return null;
  const lattice = latticeFor(scene.grid, null);
  const overview = {
    scene,
    sensor: SENSORS[scene.sensor as SensorId], // the door admits no other
    tile: await makeOverview(scene, lattice),
    pixels: pixelsPerCell(lattice, scene.grid),
    metres: cellMetres(lattice, scene.grid),
    classes: await readClasses(scene, lattice),
    relief: null,
  };
  return overlookScene(overview, []).mask;
}

/** A scene is looked at in so many places each way, of so many pixels each way, averaged to cells of about so many metres. */
const PLACES = 12;
const PLACE_PIXELS = 64;
const CELL_METRES = 30;

/** Top-of-atmosphere reflectance of a sample of a scene, in cells large enough for noise and texture to cancel out. */
async function sampleToa(scene: Scene, sensor: SensorRow): Promise<LooseTile<'toa'>> {
  const metres = Math.abs(scene.grid.transform[1]) * (isGeographic(scene.grid.epsg) ? 111_000 : 1);
  const cell = Math.max(1, Math.round(CELL_METRES / metres));
  const calibration = calibrationOf(scene, sensor, { method: 'toa' });
  const names = ['B', 'R', 'N'].filter((name) => scene.bands.some((band) => band.name === name));
  const cells: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  const source = await openScene(scene, names);
  try {
    for (const window of samplePlaces(scene.grid, cell)) {
      const { bands, quality } = applyCalibration(await source.read(window), calibration);
      for (const { at, width } of cellsOf(window, cell)) {
        const places = Array.from(
          { length: cell * cell },
          (_, i) => at + (i % cell) + Math.floor(i / cell) * width,
        );
        if (places.some((i) => quality[i] !== 0)) continue;
        for (const name of names) {
          cells[name]!.push(places.reduce((sum, i) => sum + bands[name]![i]!, 0) / places.length);
        }
      }
    }
  } finally {
    await source.close();
  }
  const width = cells[names[0] ?? '']?.length ?? 0;
  return {
    unit: 'toa',
    grid: { width, height: 1, transform: [0, CELL_METRES, 0, 0, 0, -CELL_METRES], epsg: null },
    bands: Object.fromEntries(names.map((name) => [name, Float32Array.from(cells[name]!)])),
    quality: new Uint16Array(width),
  };
}

/** Windows spread evenly over a scene, whole cells each; all of a small one. */
function samplePlaces({ width, height }: Scene['grid'], cell: number): Window[] {
  const side = Math.max(cell, PLACE_PIXELS - (PLACE_PIXELS % cell));
  const along = (size: number): number[] => {
    const count = Math.max(1, Math.min(PLACES, Math.floor(size / side)));
    return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * size) / count - side / 2));
  };
  return along(height).flatMap((row) => along(width).map((col) => ({ col, row, width: side, height: side })));
}

function cellsOf({ width, height }: Window, cell: number): { at: number; width: number }[] {
  return tilesOf({ width, height }, cell).map(({ col, row }) => ({ at: row * width + col, width }));
}

/** Largest stored number that is counted. */
const MOST_NUMBER = 65_535;

/** Dark numbers of every band, over all valid pixels. */
async function darkNumbers(scene: Scene): Promise<Record<string, number>> {
  const counts = new Map(scene.bands.map(({ name }) => [name, new Float64Array(MOST_NUMBER + 1)]));
  const source: OpenScene = await openScene(scene);
  try {
    for (const window of tilesOf(scene.grid, TILE_SIZE)) {
      const { bands, quality } = await source.read(window);
      for (const [name, count] of counts) {
        const stored = bands[name]!;
        for (let i = 0; i < stored.length; i++) {
          if ((quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
          const number = stored[i]!;
          if (number >= 0 && number <= MOST_NUMBER) count[Math.floor(number)]! += 1;
        }
      }
    }
  } finally {
    await source.close();
  }
  const dark: Record<string, number> = {};
  for (const [name, count] of counts) {
    const number = darkNumber(count);
    if (number !== null) dark[name] = number;
  }
  return dark;
}
