import { apply, scale } from '../core/affine.ts';
import { isKnownCrs, transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { clampWindow, crop, type Grid, type Window } from '../core/grid.ts';
import {
  type Coregistration,
  coregister,
  correctedGrid,
  type ImagePair,
  type ReadPairs,
} from '../geometry/coregister.ts';
import { layOrtho, type RawPiece } from '../geometry/ortho.ts';
import { gridPositions } from '../geometry/regrid.ts';
import { gridOf, openRaster, type RasterFile, storedAs, type TypedArray } from '../ingest/geotiff.ts';
import { layFile } from './ortho-file.ts';

export interface CoregisterFileOptions {
  /** Match edges instead of values. */
  readonly gradient: boolean;
  /** Where the aligned image goes when the result is accepted; not written when left out. */
  readonly out: string | undefined;
  readonly compress: 'deflate' | 'zstd';
  readonly version: string;
  readonly threads: number | undefined;
}

/** What was found, with distances in pixels of `pixelSize` CRS units. */
export interface CoregisterFile extends Coregistration {
  readonly pixelSize: number;
  /** The aligned image; null when none was written. */
  readonly file: string | null;
}

type Placed = Grid & { readonly epsg: number };

/** Bands of both images that are matched, at most: more say nothing new. */
const MOST_BANDS = 4;

/**
 * Finds where an image really lies by matching it with a reference (see coregister) on the grid of the coarser of both, the
 * first four bands that both have, each with its namesake by number. When accepted and `out` is given, the image is written on
 * its own grid with its content in place. Throws E_CRS_UNKNOWN, E_OUTSIDE_IMAGE where the images do not meet, and what reading
 * throws.
 */
export async function coregisterFile(
  moving: string,
  reference: string,
  options: CoregisterFileOptions,
): Promise<CoregisterFile> {
  const [from, to] = [await openRaster(moving), await openRaster(reference)];
  try {
    from.checkWhole();
    to.checkWhole();
    const [fromGrid, toGrid] = [placedOf(from, moving), placedOf(to, reference)];
    const pixel = Math.sqrt(Math.abs(toGrid.transform[1] * toGrid.transform[5]));
    const ratio = pixel / pixelIn(fromGrid, toGrid.epsg);
    const count = Math.min(MOST_BANDS, from.info.bandCount, to.info.bandCount);
    const bands = Array.from({ length: count }, (_, i) => i + 1);
    const coarse = (raster: RasterFile, grid: Placed, ratio: number) =>
      coarsened(raster, grid, bands, Math.max(1, Math.round(ratio)));
    const movingImage = coarse(from, fromGrid, ratio);
    const referenceImage = coarse(to, toGrid, 1 / ratio);
    const overlap = overlapOf(movingImage.grid, referenceImage.grid);
    if (overlap === null) {
      throw new HeituError('E_OUTSIDE_IMAGE', { where: moving, what: `${reference} lies elsewhere` });
    }
    const area: Placed = { ...crop(referenceImage.grid, overlap), epsg: toGrid.epsg };
    const found = await coregister(area, readerOf(movingImage, referenceImage, overlap), options);
    const { out } = options;
    const isWritten = out !== undefined && found.status === 'ok';
    if (isWritten) {
      const grid = correctedGrid(fromGrid, area, found.correction);
      const metadata = { COREG: `${found.model}, check points off by ${found.rmse.toFixed(2)} px` };
      await layFile(from.info, { kind: 'grid', grid }, fromGrid, { ...options, out, metadata });
    }
    const size = Math.sqrt(Math.abs(area.transform[1] * area.transform[5]));
    return { ...found, pixelSize: size, file: isWritten ? out : null };
  } finally {
    await from.close();
    await to.close();
  }
}

function placedOf(raster: RasterFile, file: string): Placed {
  const grid = gridOf(raster.info);
  const { epsg } = grid;
  if (!isKnownCrs(epsg)) {
    const what = raster.info.crsName ?? (epsg === null ? 'none is named' : `EPSG:${epsg}`);
    throw new HeituError('E_CRS_UNKNOWN', { where: file, what });
  }
  return { ...grid, epsg };
}

/** Size of a pixel in the middle of a grid, in units of a CRS. */
function pixelIn(grid: Placed, epsg: number): number {
  const there = transformer(grid.epsg, epsg);
  const at = (col: number, row: number) => there(...apply(grid.transform, col, row));
  const [col, row] = [grid.width / 2, grid.height / 2];
  const [middle, right, below] = [at(col, row), at(col + 1, row), at(col, row + 1)];
  return Math.sqrt(
    Math.abs(
      (right[0] - middle[0]) * (below[1] - middle[1]) - (right[1] - middle[1]) * (below[0] - middle[0]),
    ),
  );
}

/** An image as means over `factor` × `factor` pixels, so that both images show as much detail. */
interface Coarse {
  readonly grid: Placed;
  /** A window inside the grid: a plane a band, NaN where no pixel has a value. */
  read(window: Window): Promise<RawPiece>;
}

function coarsened(raster: RasterFile, grid: Placed, bands: readonly number[], factor: number): Coarse {
  const [width, height] = [Math.floor(grid.width / factor), Math.floor(grid.height / factor)];
  const { dtype, nodata } = raster.info;
  const missing = storedAs(dtype, nodata);
  return {
    grid: { ...grid, width, height, transform: scale(grid.transform, factor) },
    read: async (window) => {
      const arrays = await raster.read(bands, {
        col: window.col * factor,
        row: window.row * factor,
        width: window.width * factor,
        height: window.height * factor,
      });
      const planes = arrays.map((array) => meansOf(array, window, factor, missing));
      return { window, planes };
    },
  };
}

/** Means over squares of pixels, those left out that have no value. */
function meansOf(
  array: TypedArray,
  { width, height }: Window,
  factor: number,
  missing: number | null,
): Float32Array {
  const out = new Float32Array(width * height);
  for (let row = 0, i = 0; row < height; row++) {
    for (let col = 0; col < width; col++, i++) {
      let sum = 0;
      let count = 0;
      for (let r = 0; r < factor; r++) {
        const start = (row * factor + r) * width * factor + col * factor;
        for (let at = start; at < start + factor; at++) {
          const value = array[at]!;
          if (value === missing || Number.isNaN(value)) continue;
          sum += value;
          count += 1;
        }
      }
      out[i] = count > 0 ? sum / count : Number.NaN;
    }
  }
  return out;
}

/** The pixels of the reference that the moving image covers, edge to edge of their boxes. */
function overlapOf(moving: Placed, reference: Placed): Window | null {
  const { window } = gridPositions(reference, moving);
  return window === null ? null : clampWindow(reference, window);
}

/** Pixels around a window of the moving image that shifts may reach into. */
const REACH = 72;

/** Reads pairs of windows; what was read for a window is kept until another is asked for. */
function readerOf(moving: Coarse, reference: Coarse, area: Window): ReadPairs {
  let kept: { key: string; still: RawPiece; around: RawPiece | null } | null = null;
  const load = async (window: Window) => {
    const key = JSON.stringify(window);
    if (kept?.key === key) return kept;
    const wide = {
      col: window.col - REACH,
      row: window.row - REACH,
      width: window.width + 2 * REACH,
      height: window.height + 2 * REACH,
    };
    const target = { ...crop(reference.grid, wide), epsg: reference.grid.epsg };
    const positions = gridPositions(moving.grid, target);
    const under = positions.window === null ? null : clampWindow(moving.grid, positions.window);
    kept = {
      key,
      still: await reference.read(window),
      around: under === null ? null : await moving.read(under),
    };
    return kept;
  };
  return async (asked, { dx, dy }) => {
    const window = { ...asked, col: asked.col + area.col, row: asked.row + area.row };
    const { still, around } = await load(window);
    const moved = still.planes.map((plane) => new Float32Array(plane.length).fill(Number.NaN));
    if (around !== null) {
      const place = { ...window, col: window.col - dx, row: window.row - dy };
      const target = { ...crop(reference.grid, place), epsg: reference.grid.epsg };
      layOrtho(gridPositions(moving.grid, target), around, moved, Number.NaN);
    }
    return still.planes.map((plane, i): ImagePair => ({ reference: plane, moving: moved[i]! }));
  };
}
