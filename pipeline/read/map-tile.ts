import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import type { Bbox } from '../core/grid.ts';
import type { TypedArray } from '../ingest/geotiff.ts';
import { CACHE_BLOCK, levelSize, type PlacedRaster, readBlock, withRaster } from './raster-cache.ts';

/** Half the circumference of the Web Mercator world, in its metres (OGC WebMercatorQuad). */
const HALF_WORLD = 20037508.342789244;

export interface MapTile {
  /** One array a band, row by row; stored counts, NaN where there is none. */
  readonly values: Float64Array[];
}

/**
 * One Web Mercator map tile (y counted from the north) out of COGs: nearest pixel, at the overview that is not coarser
 * than the tile; where several files have a value the first one wins. Null when no file touches the tile.
 * Bands count from 1. Throws RangeError for a tile that does not exist, and what withRaster throws.
 * `await mapTile(['ndvi.tif'], 14, 13939, 5884, [1])`.
 */
export async function mapTile(
  files: readonly string[],
  z: number,
  x: number,
  y: number,
  bands: readonly number[],
  size = 256,
): Promise<MapTile | null> {
  const tile = frameOf(z, x, y, size);
  const values = bands.map(() => new Float64Array(size * size).fill(Number.NaN));
  const isFree = new Uint8Array(size * size).fill(1);
  let isTouched = false;
  for (const path of files) {
    isTouched = (await withRaster(path, (raster) => paint(raster, tile, bands, values, isFree))) || isTouched;
  }
  return isTouched ? { values } : null;
}

/** A map tile as a grid of square pixels in Web Mercator metres. */
interface Frame {
  readonly size: number;
  readonly west: number;
  readonly north: number;
  readonly pixel: number;
}

function frameOf(z: number, x: number, y: number, size: number): Frame {
  const across = 2 ** z;
  const isTile =
    [z, x, y].every(Number.isInteger) && z >= 0 && z <= 30 && x >= 0 && y >= 0 && x < across && y < across;
  if (!isTile) throw new RangeError(`there is no map tile ${z}/${x}/${y}`);
  const pixel = (2 * HALF_WORLD) / across / size;
  return { size, west: -HALF_WORLD + x * size * pixel, north: HALF_WORLD - y * size * pixel, pixel };
}

/** A rectangle of tile pixels: first column and row, and those after the last. */
interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The part of the tile that lies over the extent, or null. Far from a file its projection has no meaning. */
function partOver(tile: Frame, [west, south, east, north]: Bbox): Part | null {
  const left = Math.max(0, Math.floor((west - tile.west) / tile.pixel));
  const top = Math.max(0, Math.floor((tile.north - north) / tile.pixel));
  const right = Math.min(tile.size, Math.ceil((east - tile.west) / tile.pixel));
  const bottom = Math.min(tile.size, Math.ceil((tile.north - south) / tile.pixel));
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}

/** Fills the tile's free pixels from one raster; false when not one tile pixel's centre lies on it. */
async function paint(
  raster: PlacedRaster,
  tile: Frame,
  bands: readonly number[],
  values: readonly Float64Array[],
  isFree: Uint8Array,
): Promise<boolean> {
  const part = partOver(tile, raster.mercator);
  if (part === null) return false;
  const toPixel = pixelFinder(raster, tile);
  const level = fittingLevel(raster, part, toPixel);
  const { width, height } = levelSize(raster, level);
  const scaleX = width / raster.grid.width;
  const scaleY = height / raster.grid.height;
  const lattice = makeLattice(part, (col, row) => {
    const [u, v] = toPixel(col, row);
    return [u * scaleX, v * scaleY];
  });

  const needed = blocksUnder(lattice, width, height);
  const blocks: Blocks = {
    width,
    height,
    across: Math.ceil(width / CACHE_BLOCK),
    loaded: new Map(
      await Promise.all(
        needed.map(async ({ id, across, down }) => {
          return [id, await readBlock(raster, level, across, down, bands)] as const;
        }),
      ),
    ),
  };
  return copyNearest(lattice, part, blocks, raster.empty, tile.size, values, isFree);
}

/** The blocks of a level that a tile needs. */
interface Blocks {
  readonly width: number;
  readonly height: number;
  /** How many lie side by side. */
  readonly across: number;
  /** Arrays a band by block number, row by row. */
  readonly loaded: ReadonlyMap<number, readonly TypedArray[]>;
}

/** Blocks under any cell of the lattice. */
function blocksUnder({ columns, u, v }: Lattice, width: number, height: number) {
  const found = new Map<number, { id: number; across: number; down: number }>();
  const perRow = Math.ceil(width / CACHE_BLOCK);
  const rows = u.length / columns;
  for (let row = 0; row < Math.max(1, rows - 1); row++) {
    for (let col = 0; col < Math.max(1, columns - 1); col++) {
      const i = row * columns + col;
      const nodes = [i, i + (columns > 1 ? 1 : 0)].flatMap((n) => [n, n + (rows > 1 ? columns : 0)]);
      const us = nodes.map((n) => u[n]!);
      const vs = nodes.map((n) => v[n]!);
      // The slack keeps rounding from putting a pixel into a block beside the ones found here.
      const [left, right] = blockRange(Math.min(...us) - 1e-3, Math.max(...us) + 1e-3, width);
      const [top, bottom] = blockRange(Math.min(...vs) - 1e-3, Math.max(...vs) + 1e-3, height);
      for (let down = top; down <= bottom; down++) {
        for (let across = left; across <= right; across++) {
          const id = down * perRow + across;
          found.set(id, { id, across, down });
        }
      }
    }
  }
  return [...found.values()];
}

/** First and last block between two positions of one axis; the last is below the first when there is none. */
function blockRange(from: number, to: number, length: number): readonly [first: number, last: number] {
  const first = Math.floor(Math.max(0, from) / CACHE_BLOCK);
  return [first, to < 0 ? -1 : Math.floor(Math.min(length - 1, to) / CACHE_BLOCK)];
}

/** Copies the nearest pixel into every free pixel of the part; false when none of them lies on the raster. */
function copyNearest(
  lattice: Lattice,
  part: Part,
  blocks: Blocks,
  empty: number | null,
  size: number,
  values: readonly Float64Array[],
  isFree: Uint8Array,
): boolean {
  const { step, columns, u, v } = lattice;
  const { width, height } = blocks;
  const lastRow = u.length / columns - 1;
  const nextColumn = columns > 1 ? 1 : 0;
  const nextRow = lastRow > 0 ? columns : 0;
  let isTouched = false;
  let current = -1;
  let arrays: readonly TypedArray[] = [];
  let blockWidth = 0;
  for (let row = part.top; row < part.bottom; row++) {
    const latticeRow = Math.min(Math.floor((row - part.top) / step), Math.max(0, lastRow - 1));
    const fy = (row - part.top) / step - latticeRow;
    for (let cell = 0; cell === 0 || cell < columns - 1; cell++) {
      // Along one row of one cell the position moves by equal steps.
      const a = latticeRow * columns + cell;
      const b = a + nextColumn;
      const startU = u[a]! + (u[a + nextRow]! - u[a]!) * fy;
      const startV = v[a]! + (v[a + nextRow]! - v[a]!) * fy;
      const stepU = (u[b]! + (u[b + nextRow]! - u[b]!) * fy - startU) / step;
      const stepV = (v[b]! + (v[b + nextRow]! - v[b]!) * fy - startV) / step;
      const left = part.left + cell * step;
      const isLast = cell >= columns - 2;
      const right = isLast ? part.right : left + step;
      for (let col = left; col < right; col++) {
        const x = Math.floor(startU + (col - left) * stepU);
        const y = Math.floor(startV + (col - left) * stepV);
        // A position that is not a number fails this, too.
        if (!(x >= 0 && y >= 0 && x < width && y < height)) continue;
        isTouched = true;
        const to = row * size + col;
        if (isFree[to] === 0) continue;
        const across = Math.floor(x / CACHE_BLOCK);
        const down = Math.floor(y / CACHE_BLOCK);
        const id = down * blocks.across + across;
        if (id !== current) {
          current = id;
          arrays = blocks.loaded.get(id)!;
          blockWidth = Math.min(CACHE_BLOCK, width - across * CACHE_BLOCK);
        }
        const from = (y - down * CACHE_BLOCK) * blockWidth + (x - across * CACHE_BLOCK);
        for (let band = 0; band < arrays.length; band++) {
          const value = arrays[band]![from]!;
          if (value === empty || Number.isNaN(value)) continue;
          values[band]![to] = value;
          isFree[to] = 0;
        }
      }
    }
  }
  return isTouched;
}

/** A position in the raster's full-size pixels. */
type PixelOf = (col: number, row: number) => readonly [u: number, v: number];

/** Where the centre of a tile pixel lies in the raster, exactly. */
function pixelFinder(raster: PlacedRaster, tile: Frame): PixelOf {
  const transform = transformer(3857, raster.grid.epsg);
  const inverse = invert(raster.grid.transform);
  return (col, row) => {
    const [x, y] = transform(tile.west + (col + 0.5) * tile.pixel, tile.north - (row + 0.5) * tile.pixel);
    return apply(inverse, x, y);
  };
}

/** The smallest level whose pixels are not larger than the tile's. */
function fittingLevel(raster: PlacedRaster, part: Part, toPixel: PixelOf): number {
  const col = (part.left + part.right - 1) / 2;
  const row = (part.top + part.bottom - 1) / 2;
  const [u, v] = toPixel(col, row);
  const [ur, vr] = toPixel(col + 1, row);
  const [ud, vd] = toPixel(col, row + 1);
  const pixels = Math.min(Math.hypot(ur - u, vr - v), Math.hypot(ud - u, vd - v));
  const { overviews } = raster.file.info;
  let level = 0;
  overviews.forEach((overview, i) => {
    // A hair of slack: a tile that fits exactly must not fall to the next level by rounding.
    if (raster.grid.width / overview.width <= pixels * (1 + 1e-3)) level = i + 1;
  });
  return level;
}

/** Exact positions at every `step`-th tile pixel; between them they are interpolated. */
interface Lattice {
  readonly step: number;
  readonly columns: number;
  readonly u: Float64Array;
  readonly v: Float64Array;
}

/** How far an interpolated position may be off, in pixels. */
const TOLERANCE = 0.02;

/**
 * The widest lattice that stays within the tolerance at the middle of its edges. The middle of a cell would not do: both
 * systems keep angles, so errors along and across have opposite signs and cancel there.
 */
function makeLattice(part: Part, toPixel: PixelOf): Lattice {
  for (const step of [32, 16, 8, 4]) {
    const lattice = latticeWith(part, step, toPixel);
    if (isFaithful(lattice, part, toPixel)) return lattice;
  }
  return latticeWith(part, 1, toPixel);
}

function latticeWith(part: Part, step: number, toPixel: PixelOf): Lattice {
  const columns = Math.ceil((part.right - 1 - part.left) / step) + 1;
  const rows = Math.ceil((part.bottom - 1 - part.top) / step) + 1;
  const u = new Float64Array(columns * rows);
  const v = new Float64Array(columns * rows);
  for (let i = 0; i < u.length; i++) {
    const at = toPixel(part.left + (i % columns) * step, part.top + Math.floor(i / columns) * step);
    u[i] = at[0];
    v[i] = at[1];
  }
  return { step, columns, u, v };
}

function isFaithful({ step, columns, u, v }: Lattice, part: Part, toPixel: PixelOf): boolean {
  const rows = u.length / columns;
  const isNear = (i: number, j: number, col: number, row: number) => {
    const at = toPixel(part.left + col * step, part.top + row * step);
    // Written so that a position that is not finite counts as far.
    return (
      Math.abs((u[i]! + u[j]!) / 2 - at[0]) <= TOLERANCE && Math.abs((v[i]! + v[j]!) / 2 - at[1]) <= TOLERANCE
    );
  };
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < columns; col++) {
      const i = row * columns + col;
      if (col + 1 < columns && !isNear(i, i + 1, col + 0.5, row)) return false;
      if (row + 1 < rows && !isNear(i, i + columns, col, row + 0.5)) return false;
    }
  }
  return true;
}
