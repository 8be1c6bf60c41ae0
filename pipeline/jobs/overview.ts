import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isGeographic } from '../core/crs.ts';
import { clampWindow, crop, type Grid, TILE_SIZE, tilesOf } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { openRaster } from '../ingest/geotiff.ts';
import { type OpenScene, openScene } from '../ingest/tile.ts';
import { coarsen } from '../mask/coarsen.ts';
import { MASK } from '../mask/thresholds.ts';
import { gridOn, type Lattice } from '../warp/lattice.ts';
import { placeTile } from '../warp/resample.ts';
import { writeCog } from '../write/cog.ts';
import { sceneWindow } from './scene-window.ts';

/** Bands that the tests of sky and air look at. */
const BANDS = ['B', 'G', 'R', 'N'] as const;

/** Counted up when the same scene would give other overviews: older files in the cache are then not found. */
const VERSION = 1;

/** Analysis pixels along the edge of an overview cell: about ten metres of them, or one where pixels are larger. */
export function pixelsPerCell(lattice: Lattice): number {
  const metres = lattice.pixelWidth * (isGeographic(lattice.epsg) ? 111_000 : 1);
  return Math.max(1, Math.floor(MASK.cell / metres));
}

/** Metres along the edge of an overview cell. */
export function cellMetres(lattice: Lattice): number {
  return pixelsPerCell(lattice) * lattice.pixelWidth * (isGeographic(lattice.epsg) ? 111_000 : 1);
}

/** The overview's grid: cells of whole analysis pixels, in the same places for every scene of the workspace. */
export function overviewGrid(lattice: Lattice, grid: Grid & { epsg: number }): Grid & { epsg: number } {
  const k = pixelsPerCell(lattice);
  const { pixelWidth, pixelHeight } = lattice;
  return gridOn({ ...lattice, pixelWidth: k * pixelWidth, pixelHeight: k * pixelHeight }, grid);
}

/**
 * A whole scene in cells of some ten metres, as stored numbers (means of the pixels that were imaged): small enough to be
 * looked at as a whole, for clouds and their shadows, the air, and as the earlier look of later scenes. Read once and kept in the
 * workspace's `cache`; what is there may be deleted at any time.
 */
export async function readOverview(
  scene: Scene,
  lattice: Lattice,
  workspace: string,
): Promise<LooseTile<'dn'>> {
  const file = join(workspace, 'cache', 'overviews', `${scene.id}-${keyOf(scene, lattice)}.tif`);
  const kept = await keptOverview(file);
  if (kept !== null) return kept;
  const source = await openScene(scene, BANDS);
  try {
    const made = await makeOverview(scene, source, lattice);
    await keepOverview(file, made);
    return made;
  } finally {
    await source.close();
  }
}

async function makeOverview(scene: Scene, source: OpenScene, lattice: Lattice): Promise<LooseTile<'dn'>> {
  const grid = overviewGrid(lattice, scene.grid);
  const k = pixelsPerCell(lattice);
  const names = BANDS.filter((name) => scene.bands.some((band) => band.name === name));
  const bands = Object.fromEntries(names.map((name) => [name, new Float32Array(grid.width * grid.height)]));
  const quality = new Uint16Array(grid.width * grid.height);
  for (const window of tilesOf(grid, Math.max(1, Math.floor(TILE_SIZE / k)))) {
    const cells = crop(grid, window);
    const fine = { ...finer(cells, k), epsg: grid.epsg };
    const raw = await source.read(sceneWindow(scene.grid, fine));
    const tile = coarsen(placeTile(raw, fine), k);
    for (let row = 0; row < window.height; row++) {
      const from = [row * window.width, (row + 1) * window.width] as const;
      const at = (window.row + row) * grid.width + window.col;
      for (const name of names) bands[name]!.set(tile.bands[name]!.subarray(...from), at);
      quality.set(tile.quality.subarray(...from), at);
    }
  }
  return { unit: 'dn', grid, bands, quality };
}

/** The vendor's own class of every overview cell, that of its middle; null where the delivery has no classes. */
export async function readClasses(scene: Scene, lattice: Lattice): Promise<Uint16Array | null> {
  const { classification } = scene;
  if (classification === null) return null;
  const target = overviewGrid(lattice, scene.grid);
  const file = await openRaster(join(scene.folder, classification.file));
  try {
    const own = { ...classification.grid, epsg: scene.grid.epsg };
    const window = clampWindow(own, sceneWindow(own, target));
    if (window === null) return new Uint16Array(target.width * target.height);
    const [plane] = await file.read([classification.number], window);
    const classes = Float32Array.from(plane as Uint16Array); // class codes are small whole numbers
    const quality = new Uint16Array(classes.length);
    const tile = { unit: 'dn', grid: crop(own, window), bands: { classes }, quality } as const;
    return Uint16Array.from(placeTile<'dn'>(tile, target, 'nearest').bands.classes!);
  } finally {
    await file.close();
  }
}

/** The pixels of some cells, k × k each. */
function finer(cells: Grid, k: number): Grid {
  const [x, width, rowTurn, y, columnTurn, height] = cells.transform;
  return {
    width: cells.width * k,
    height: cells.height * k,
    transform: [x, width / k, rowTurn / k, y, columnTurn / k, height / k],
    epsg: cells.epsg,
  };
}

function keyOf(scene: Scene, lattice: Lattice): string {
  const { bands, bits, nodata, grid } = scene;
  const sums = scene.files.map((file) => file.sha256);
  return createHash('sha256')
    .update(JSON.stringify([VERSION, sums, bands, bits, nodata, grid, lattice, MASK.cell]))
    .digest('hex')
    .slice(0, 16);
}

/** Marks in the cached file's bands what was not imaged, and what is brighter than the instrument can say. */
const FLAGS = QUALITY.NODATA.bit | QUALITY.SATURATED.bit;

async function keptOverview(file: string): Promise<LooseTile<'dn'> | null> {
  const raster = await openRaster(file).catch(() => null);
  if (raster === null) return null;
  try {
    const { info } = raster;
    const { width, height, transform, epsg, bandCount } = info;
    if (transform === null) return null;
    const numbers = Array.from({ length: bandCount }, (_, i) => i + 1);
    const planes = await raster.read(numbers, { col: 0, row: 0, width, height });
    const names = info.bands.map((band) => band.description ?? '');
    const floats = planes.map((plane) => Float32Array.from(plane as Float32Array)); // written as float32 below
    return {
      unit: 'dn',
      grid: { width, height, transform, epsg },
      bands: Object.fromEntries(names.slice(0, -1).map((name, i) => [name, floats[i]!])),
      quality: Uint16Array.from(floats.at(-1)!),
    };
  } catch {
    // A cache that cannot be read is made again.
    return null;
  } finally {
    await raster.close();
  }
}

async function keepOverview(file: string, tile: LooseTile<'dn'>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const { grid, bands, quality } = tile;
  await writeCog(file, {
    grid,
    bands: [
      ...Object.entries(bands).map(([description, data]) => ({ data, description })),
      { data: Float32Array.from(quality, (flags) => flags & FLAGS), description: 'quality' },
    ],
    nodata: null,
    compress: 'zstd',
    resampling: 'average',
    metadata: {},
  });
}
