import { join } from 'node:path';
import { clampWindow, crop, type Window } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { Scene, SceneBand } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { openRaster, type RasterFile, type TypedArray } from './geotiff.ts';

/** A scene with its files open. */
export interface OpenScene {
  /** Stored numbers of a window, which may reach outside the image: what is outside is NODATA. */
  read(window: Window): Promise<LooseTile<'dn'>>;
  close(): Promise<void>;
}

/** Opens a scene's files for reading tiles of the named bands (all of them when none are named). */
export async function openScene(
  scene: Scene,
  names: readonly string[] = scene.bands.map((band) => band.name),
): Promise<OpenScene> {
  const bands = scene.bands.filter((band) => names.includes(band.name));
  const files = new Map<string, RasterFile>();
  for (const { file } of bands) {
    if (!files.has(file)) files.set(file, await openRaster(join(scene.folder, file)));
  }
  return {
    read: (window) => readTile(scene, bands, files, window),
    close: async () => {
      for (const file of files.values()) await file.close();
    },
  };
}

async function readTile(
  scene: Scene,
  bands: readonly SceneBand[],
  files: ReadonlyMap<string, RasterFile>,
  window: Window,
): Promise<LooseTile<'dn'>> {
  const n = window.width * window.height;
  const quality = new Uint16Array(n);
  const out = Object.fromEntries(bands.map((band) => [band.name, new Float32Array(n)]));
  const tile: LooseTile<'dn'> = { unit: 'dn', grid: crop(scene.grid, window), bands: out, quality };
  const inside = clampWindow(scene.grid, window);
  if (inside === null) {
    quality.fill(QUALITY.NODATA.bit);
    return tile;
  }
  if (inside.width !== window.width || inside.height !== window.height) markOutside(quality, window, inside);
  for (const [name, file] of files) {
    const own = bands.filter((band) => band.file === name);
    const arrays = await file.read(
      own.map((band) => band.number),
      inside,
    );
    own.forEach((band, i) => {
      copyInto(out[band.name]!, arrays[i]!, window, inside);
    });
  }
  flagStored(tile, scene, inside, window);
  return tile;
}

/** Decides validity once, on stored numbers: nodata in any band, or the largest number the bit depth can hold. */
function flagStored(tile: LooseTile<'dn'>, scene: Scene, inside: Window, window: Window): void {
  const saturated = scene.bits === null || scene.bits === 8 ? Number.POSITIVE_INFINITY : 2 ** scene.bits - 1;
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

function copyInto(to: Float32Array, from: TypedArray, window: Window, inside: Window): void {
  for (let row = 0; row < inside.height; row++) {
    const start = (inside.row - window.row + row) * window.width + inside.col - window.col;
    to.set(from.subarray(row * inside.width, (row + 1) * inside.width), start);
  }
}
