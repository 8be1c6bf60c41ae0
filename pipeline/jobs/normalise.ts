import { basename } from 'node:path';
import { type Normalisation, normalise } from '../calibrate/normalise.ts';
import { isGeographic } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { clampWindow, crop, type Grid, TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import { EXCLUDING, QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';
import { NODATA_COUNT } from '../indices/compute.ts';
import { storeCounts } from '../indices/counts.ts';
import { makeArray, openRaster, placedGrid, type RasterFile } from '../ingest/geotiff.ts';
import { converterOf } from '../kernels/convert.ts';
import { BANDS, type BandCode } from '../sensors/bands.ts';
import { blurTile } from '../warp/blur.ts';
import { sourceWindow, warpTile } from '../warp/resample.ts';
import { openCog } from '../write/cog-writer.ts';
import { PLAUSIBLE, planBand } from './index-file.ts';

/** One of the two images: where its bands are and how its numbers become reflectance (as for `indexFile`). */
export interface ReflectanceImage {
  readonly file: string;
  /** 1-based band numbers; both images have the same codes. */
  readonly bands: ReadonlyMap<BandCode, number>;
  readonly scale: number | undefined;
  readonly offset: number | undefined;
}

export interface NormaliseOptions {
  readonly target: ReflectanceImage;
  readonly reference: ReflectanceImage;
  /** Written only when the normalisation is accepted. */
  readonly out: string;
  readonly compress: 'deflate' | 'zstd';
  readonly version: string;
  readonly onStage?: (stage: 'compare' | 'write', done: number, total: number) => void;
}

export interface NormalisedFile extends Normalisation {
  /** Null when nothing was written. */
  readonly file: string | null;
  /** Cells of the reference on which both images have a value. */
  readonly cells: number;
}

/**
 * Brings a target image to the reflectance of a Sentinel-2 L2A reference (METHODS 1.4): the target is seen through a Gaussian
 * of half a reference pixel and averaged by area to the reference's grid, compared there by IR-MAD, and written at its own
 * resolution as int16 counts (reflectance × 10000) when the result is accepted. Throws E_BAND_MISSING for band numbers that
 * are not there and E_OUTSIDE_IMAGE where the images do not overlap.
 */
export async function normaliseFile(options: NormaliseOptions): Promise<NormalisedFile> {
  const files: RasterFile[] = [];
  const open = async (image: ReflectanceImage): Promise<OpenImage> => {
    const raster = await openRaster(image.file);
    files.push(raster);
    raster.checkWhole();
    return openImage(raster, image);
  };
  try {
    const target = await open(options.target);
    const reference = await open(options.reference);
    const cells = await commonCells(target, reference, options);
    const names = [...options.target.bands.keys()];
    const result = normalise(names, cells.target, cells.reference);
    const count = cells.target[0]!.length;
    if (!result.normalised) return { ...result, file: null, cells: count };
    await writeNormalised(target, result, options);
    return { ...result, file: options.out, cells: count };
  } finally {
    for (const file of files) await file.close();
  }
}

interface OpenImage {
  readonly raster: RasterFile;
  readonly grid: Grid & { readonly epsg: number };
  /** Reflectance of a window, which may reach outside: what is outside or has no value in a band is NODATA. */
  readonly read: (window: Window) => Promise<LooseTile<'boa'>>;
}

function openImage(raster: RasterFile, image: ReflectanceImage): OpenImage {
  const grid = placedGrid(raster.info, image.file);
  const names = [...image.bands.keys()];
  const conversions = names.map((name) => ({
    ...planBand(name, { file: image.file, number: image.bands.get(name)! }, raster.info, 0, image),
    ...PLAUSIBLE,
  }));
  const converters = conversions.map((one) => converterOf(makeArray(raster.info.dtype, 0), one));
  const read = async (window: Window): Promise<LooseTile<'boa'>> => {
    const n = window.width * window.height;
    const quality = new Uint16Array(n).fill(QUALITY.NODATA.bit);
    const bands = Object.fromEntries(names.map((name) => [name, new Float32Array(n).fill(Number.NaN)]));
    const tile: LooseTile<'boa'> = { unit: 'boa', grid: crop(grid, window), bands, quality };
    const inside = clampWindow(grid, window);
    if (inside === null) return tile;
    const numbers = conversions.map(({ number }) => number);
    const planes = await raster.read(numbers, inside);
    const isThere = raster.info.validity === null ? null : await raster.readValidity(numbers, inside);
    for (let row = 0; row < inside.height; row++) {
      const from = row * inside.width;
      const to = (inside.row - window.row + row) * window.width + inside.col - window.col;
      quality.fill(0, to, to + inside.width);
      for (const [i, name] of names.entries()) {
        const run = { samples: planes[i]!, start: from, stride: 1 };
        converters[i]!(run, 0, bands[name]!, to, inside.width);
        const band = bands[name]!;
        for (let col = 0; col < inside.width; col++) {
          if (Number.isNaN(band[to + col]) || (isThere !== null && isThere[from + col] === 0)) {
            quality[to + col] = QUALITY.NODATA.bit;
          }
        }
      }
    }
    return tile;
  };
  return { raster, grid, read };
}

/** Reflectance of both images on every cell of the reference where both have a value, one array a band. */
async function commonCells(
  target: OpenImage,
  reference: OpenImage,
  options: NormaliseOptions,
): Promise<{ target: Float32Array[]; reference: Float32Array[] }> {
  const overlap = clampWindow(reference.grid, sourceWindow(reference.grid, target.grid));
  if (overlap === null) {
    throw new HeituError('E_OUTSIDE_IMAGE', {
      where: basename(options.target.file),
      what: `it does not overlap ${basename(options.reference.file)}`,
    });
  }
  const names = [...options.target.bands.keys()];
  const ratio = metresOf(reference.grid) / metresOf(target.grid);
  // Images of one resolution are as blunt as each other.
  const sigma = ratio > 1.5 ? 0.5 * ratio : 0;
  const room = () => names.map(() => new Float32Array(overlap.width * overlap.height));
  const [own, theirs] = [room(), room()];
  let count = 0;
  const windows = tilesOf(overlap, Math.max(64, Math.round(TILE_SIZE / Math.max(1, ratio / 2))));
  for (const [done, { col, row, width, height }] of windows.entries()) {
    const there = await reference.read({ col: overlap.col + col, row: overlap.row + row, width, height });
    const grid = { ...there.grid, epsg: reference.grid.epsg };
    const need = sourceWindow(target.grid, grid, 'average');
    const margin = Math.ceil(3 * sigma);
    const fine = await target.read({
      col: need.col - margin,
      row: need.row - margin,
      width: need.width + 2 * margin,
      height: need.height + 2 * margin,
    });
    const here = warpTile(sigma === 0 ? fine : blurTile(fine, sigma), grid, 'average');
    for (let i = 0; i < here.quality.length; i++) {
      if (((here.quality[i]! | there.quality[i]!) & EXCLUDING) !== 0) continue;
      for (const [k, name] of names.entries()) {
        own[k]![count] = here.bands[name]![i]!;
        theirs[k]![count] = there.bands[name]![i]!;
      }
      count += 1;
    }
    options.onStage?.('compare', done + 1, windows.length);
  }
  const cut = (planes: Float32Array[]) => planes.map((plane) => plane.subarray(0, count));
  return { target: cut(own), reference: cut(theirs) };
}

/** Pixel width in metres; a degree is taken as 111 km, which is enough to compare two. */
function metresOf(grid: Grid & { epsg: number }): number {
  return Math.abs(grid.transform[1]) * (isGeographic(grid.epsg) ? 111_000 : 1);
}

/** How reflectance is stored: counts of a ten-thousandth. */
const STORED = { range: [PLAUSIBLE.min, PLAUSIBLE.max], scale: 0.0001 } as const;

/** What the target's own file said about the acquisition goes with it. */
const KEPT_ITEMS = ['ACQUISITION_TIME', 'SENSOR', 'SCENE', 'SIMULATED'] as const;

async function writeNormalised(
  target: OpenImage,
  result: Normalisation,
  { out, compress, version, reference, onStage }: NormaliseOptions,
): Promise<void> {
  const { grid } = target;
  const items = target.raster.info.metadata;
  const profile = {
    grid,
    dtype: 'int16',
    bands: result.bands.map(({ name }) => ({
      description: `${name} ${BANDS[name as BandCode].common}`, // the names came from the caller's codes
      unit: '1',
      scale: STORED.scale,
      offset: 0,
    })),
    nodata: NODATA_COUNT,
    compress,
    resampling: 'average',
    metadata: {
      ...Object.fromEntries(
        KEPT_ITEMS.flatMap((key) => (items[key] === undefined ? [] : [[key, items[key]]])),
      ),
      SOFTWARE: `heitu ${version}`,
      RADIOMETRY: 's2_anchored',
      REFLECTANCE: 'boa',
      REFERENCE: basename(reference.file),
      INVARIANT_PIXELS: String(result.pifCount),
      ...Object.fromEntries(
        result.bands.map(({ name, offset, slope, r2, rmse }) => [
          `NORMALISED_${name}`,
          `${offset.toFixed(6)} + ${slope.toFixed(6)} × ρ, R² ${r2.toFixed(4)}, RMSE ${rmse.toFixed(4)}`,
        ]),
      ),
    },
  } as const;
  const writer = openCog(out, profile);
  try {
    const windows = tilesOf(grid);
    for (const [done, window] of windows.entries()) {
      const { bands, quality } = await target.read(window);
      const planes = result.bands.map(({ name, offset, slope }) => {
        const values = bands[name]!.map((value, i) =>
          (quality[i]! & EXCLUDING) === 0 ? offset + slope * value : Number.NaN,
        );
        const counts = new Int16Array(values.length);
        storeCounts(values, STORED, counts);
        return counts;
      });
      await writer.put({ across: window.col / TILE_SIZE, down: window.row / TILE_SIZE }, planes);
      onStage?.('write', done + 1, windows.length);
    }
    await writer.finish();
  } finally {
    await writer.close();
  }
}
