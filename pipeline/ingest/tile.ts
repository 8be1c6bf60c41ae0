import { join } from 'node:path';
import { clampWindow, crop, type Grid, latticeOffset, type Window } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { Scene, SceneBand } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import type { Ground } from '../geometry/ground.ts';
import { layOrtho, type OrthoPositions, orthoPositions } from '../geometry/ortho.ts';
import { gridPositions } from '../geometry/regrid.ts';
import { openRaster, type RasterFile, type TypedArray } from './geotiff.ts';
import { type GroundSource, openGround } from './ground.ts';

/** A scene with its files open. */
export interface OpenScene {
  /**
   * Stored numbers of a window of the scene's grid, which may reach outside the image: what is outside is NODATA. Bands on a
   * grid of their own, or on none, are interpolated (bilinear); then a pixel is NODATA or SATURATED when one that it is made
   * of is.
   */
  read(window: Window): Promise<LooseTile<'dn'>>;
  close(): Promise<void>;
}

/**
 * Opens a scene's files for reading tiles of the named bands (all of them when none are named). Bands with a camera model are
 * laid on `ground`: left out, on the height that each model gives as the middle of its own.
 */
export async function openScene(
  scene: Scene,
  names: readonly string[] = scene.bands.map((band) => band.name),
  ground: GroundSource | null = null,
): Promise<OpenScene> {
  const bands = scene.bands.filter((band) => names.includes(band.name));
  const files = new Map<string, RasterFile>();
  const close = async () => {
    for (const file of files.values()) await file.close();
  };
  try {
    for (const { file } of bands) {
      if (!files.has(file)) files.set(file, await openRaster(join(scene.folder, file)));
    }
    const terrain = ground === null ? null : await openGround(ground);
    const groups = groupsOf(scene, bands, files);
    return {
      read: (window) => readTile(scene, groups, window, async (grid) => (await terrain?.under(grid)) ?? null),
      close: async () => {
        await close();
        await terrain?.close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Placed = Grid & { readonly epsg: number };

/** Bands that are read together: of one file, lying alike. */
interface Group {
  readonly file: RasterFile;
  readonly bands: readonly SceneBand[];
  /** Null where pixels of the file are pixels of the scene. */
  readonly place: ((target: Placed, ground: Ground | null) => OrthoPositions) | null;
  readonly needsGround: boolean;
}

function groupsOf(
  scene: Scene,
  bands: readonly SceneBand[],
  files: ReadonlyMap<string, RasterFile>,
): Group[] {
  const groups = new Map<string, SceneBand[]>();
  for (const band of bands) {
    const key = JSON.stringify([band.file, band.grid, band.rpc]);
    groups.set(key, [...(groups.get(key) ?? []), band]);
  }
  return [...groups.values()].map((own) => {
    const { file, grid, rpc } = own[0]!;
    const common = { file: files.get(file)!, bands: own };
    if (rpc !== null) {
      return {
        ...common,
        place: (target, ground) => orthoPositions(rpc, target, ground ?? rpc.heightOffset),
        needsGround: true,
      };
    }
    if (grid === null || isSame(grid, scene.grid)) return { ...common, place: null, needsGround: false };
    // A band's own grid is in the scene's CRS, which not every writer repeats.
    const placed = { ...grid, epsg: grid.epsg ?? scene.grid.epsg };
    return { ...common, place: (target) => gridPositions(placed, target), needsGround: false };
  });
}

function isSame(grid: Grid, other: Grid): boolean {
  const offset = latticeOffset(other, { ...grid, epsg: grid.epsg ?? other.epsg });
  return (
    offset !== null &&
    offset.col === 0 &&
    offset.row === 0 &&
    grid.width === other.width &&
    grid.height === other.height
  );
}

async function readTile(
  scene: Scene,
  groups: readonly Group[],
  window: Window,
  groundUnder: (grid: Placed) => Promise<Ground | null>,
): Promise<LooseTile<'dn'>> {
  const n = window.width * window.height;
  const quality = new Uint16Array(n);
  const names = groups.flatMap(({ bands }) => bands.map((band) => band.name));
  const ordered = scene.bands.map((band) => band.name).filter((name) => names.includes(name));
  const out = Object.fromEntries(ordered.map((name) => [name, new Float32Array(n)]));
  const grid = { ...crop(scene.grid, window), epsg: scene.grid.epsg };
  const tile: LooseTile<'dn'> = { unit: 'dn', grid, bands: out, quality };
  const inside = clampWindow(scene.grid, window);
  if (inside === null) {
    quality.fill(QUALITY.NODATA.bit);
    return tile;
  }
  if (inside.width !== window.width || inside.height !== window.height) markOutside(quality, window, inside);
  const ground = groups.some((group) => group.needsGround) ? await groundUnder(grid) : null;
  for (const { file, bands, place } of groups) {
    if (place !== null) {
      await layBands(tile, scene, file, bands, place(grid, ground));
      continue;
    }
    const numbers = bands.map((band) => band.number);
    const arrays = await file.read(numbers, inside);
    bands.forEach((band, i) => {
      copyInto(out[band.name]!, arrays[i]!, window, inside);
    });
    const isThere = file.info.validity === null ? null : await file.readValidity(numbers, inside);
    if (isThere !== null) markHidden(quality, isThere, window, inside);
  }
  flagStored(tile, scene, inside, window);
  return tile;
}

/** The largest number that is a measurement and not the end of the scale. */
function saturationOf(scene: Scene): number {
  return scene.bits === null || scene.bits === 8 ? Number.POSITIVE_INFINITY : 2 ** scene.bits - 1;
}

/** Interpolates bands of a file onto the tile; NaN where there is nothing to make a pixel of. */
async function layBands(
  tile: LooseTile<'dn'>,
  scene: Scene,
  file: RasterFile,
  bands: readonly SceneBand[],
  positions: OrthoPositions,
): Promise<void> {
  const out = bands.map((band) => tile.bands[band.name]!);
  const window = positions.window === null ? null : clampWindow(sizeOf(file), positions.window);
  if (window === null) {
    for (const plane of out) plane.fill(Number.NaN);
    return;
  }
  const arrays = await file.read(
    bands.map((band) => band.number),
    window,
  );
  const planes = arrays.map((array) => measured(array, scene.nodata));
  layOrtho(positions, { window, planes }, out, Number.NaN);
  // Once more, for whether a saturated number took part: rare enough to be looked for only where there is one.
  const limit = saturationOf(scene);
  for (const plane of planes.filter((one) => one.some((value) => value >= limit))) {
    const isSaturated = new Uint8Array(tile.quality.length);
    layOrtho(
      positions,
      { window, planes: [plane.map((value) => (value >= limit ? Number.NaN : 0))] },
      [isSaturated],
      1,
    );
    for (let i = 0; i < isSaturated.length; i++) {
      if (isSaturated[i] === 1) tile.quality[i]! |= QUALITY.SATURATED.bit;
    }
  }
}

function sizeOf({ info }: RasterFile): Grid {
  return { width: info.width, height: info.height, transform: [0, 1, 0, 0, 0, 1], epsg: null };
}

/** Numbers with NaN for nodata, as interpolation wants them. */
function measured(array: TypedArray, nodata: number | null): Float32Array {
  const out = new Float32Array(array.length);
  for (let i = 0; i < out.length; i++) {
    const value = Number(array[i]!);
    out[i] = value === nodata ? Number.NaN : value;
  }
  return out;
}

/** Decides validity once, on stored numbers: nodata in any band, or the largest number the bit depth can hold. */
function flagStored(tile: LooseTile<'dn'>, scene: Scene, inside: Window, window: Window): void {
  const saturated = saturationOf(scene);
  const planes = Object.values(tile.bands);
  for (let r = inside.row - window.row; r < inside.row - window.row + inside.height; r++) {
    for (let c = inside.col - window.col; c < inside.col - window.col + inside.width; c++) {
      const i = r * window.width + c;
      for (const plane of planes) {
        const value = plane[i]!;
        if (value === scene.nodata || Number.isNaN(value)) tile.quality[i]! |= QUALITY.NODATA.bit;
        else if (value >= saturated) tile.quality[i]! |= QUALITY.SATURATED.bit;
      }
    }
  }
}

function markOutside(quality: Uint16Array, window: Window, inside: Window): void {
  quality.fill(QUALITY.NODATA.bit);
  for (let row = 0; row < inside.height; row++) {
    const start = (inside.row - window.row + row) * window.width + inside.col - window.col;
    quality.fill(0, start, start + inside.width);
  }
}

/** Pixels that a mask or an alpha band of the file hides. */
function markHidden(quality: Uint16Array, isThere: Uint8Array, window: Window, inside: Window): void {
  for (let row = 0; row < inside.height; row++) {
    const start = (inside.row - window.row + row) * window.width + inside.col - window.col;
    for (let col = 0; col < inside.width; col++) {
      if (isThere[row * inside.width + col] === 0) quality[start + col]! |= QUALITY.NODATA.bit;
    }
  }
}

function copyInto(to: Float32Array, from: TypedArray, window: Window, inside: Window): void {
  for (let row = 0; row < inside.height; row++) {
    const start = (inside.row - window.row + row) * window.width + inside.col - window.col;
    to.set(from.subarray(row * inside.width, (row + 1) * inside.width), start);
  }
}
