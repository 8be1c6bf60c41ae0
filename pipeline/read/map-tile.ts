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

  const across = Math.ceil(width / CACHE_BLOCK);
  const columns = part.right - part.left;
  const places = new Float64Array(columns * (part.bottom - part.top)).fill(-1);
  const needed = new Set<number>();
  walk(lattice, part, (i, u, v) => {
    const col = Math.floor(u);
    const row = Math.floor(v);
    if (!(col >= 0 && row >= 0 && col < width && row < height)) return;
    const block = Math.floor(row / CACHE_BLOCK) * across + Math.floor(col / CACHE_BLOCK);
    needed.add(block);
    places[i] = block * CACHE_BLOCK * CACHE_BLOCK + (row % CACHE_BLOCK) * CACHE_BLOCK + (col % CACHE_BLOCK);
  });
  if (needed.size === 0) return false;

  const loaded = new Map<number, TypedArray[]>();
  await Promise.all(
    [...needed].map(async (block) => {
      loaded.set(block, await readBlock(raster, level, block % across, Math.floor(block / across), bands));
    }),
  );
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    if (place < 0) continue;
    const to = (part.top + Math.floor(i / columns)) * tile.size + part.left + (i % columns);
    if (isFree[to] === 0) continue;
    const block = Math.floor(place / (CACHE_BLOCK * CACHE_BLOCK));
    const blockWidth = Math.min(CACHE_BLOCK, width - (block % across) * CACHE_BLOCK);
    const inside = place % (CACHE_BLOCK * CACHE_BLOCK);
    const from = Math.floor(inside / CACHE_BLOCK) * blockWidth + (inside % CACHE_BLOCK);
    const arrays = loaded.get(block)!;
    for (let band = 0; band < arrays.length; band++) {
      const value = arrays[band]![from]!;
      if (value === raster.empty || Number.isNaN(value)) continue;
      values[band]![to] = value;
      isFree[to] = 0;
    }
  }
  return true;
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
const TOLERANCE = 0.05;

/** The widest lattice that stays within the tolerance in the middle of each of its cells, where it is worst. */
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
  for (let row = 0; row + 1 < rows; row++) {
    for (let col = 0; col + 1 < columns; col++) {
      const i = row * columns + col;
      const at = toPixel(part.left + (col + 0.5) * step, part.top + (row + 0.5) * step);
      const du = (u[i]! + u[i + 1]! + u[i + columns]! + u[i + columns + 1]!) / 4 - at[0];
      const dv = (v[i]! + v[i + 1]! + v[i + columns]! + v[i + columns + 1]!) / 4 - at[1];
      // Written so that a position that is not finite counts as unfaithful.
      if (!(Math.abs(du) <= TOLERANCE && Math.abs(dv) <= TOLERANCE)) return false;
    }
  }
  return true;
}

/** Visits every pixel of the part, row by row, with its interpolated position. */
function walk(lattice: Lattice, part: Part, visit: (i: number, u: number, v: number) => void): void {
  const { step, columns, u, v } = lattice;
  const lastRow = u.length / columns - 1;
  let i = 0;
  for (let row = 0; row < part.bottom - part.top; row++) {
    const latticeRow = Math.min(Math.floor(row / step), Math.max(0, lastRow - 1));
    const fy = row / step - latticeRow;
    const below = lastRow === 0 ? 0 : columns;
    for (let col = 0; col < part.right - part.left; col++, i++) {
      const latticeCol = Math.min(Math.floor(col / step), Math.max(0, columns - 2));
      const fx = col / step - latticeCol;
      const a = latticeRow * columns + latticeCol;
      const right = columns === 1 ? 0 : 1;
      visit(i, mix(u, a, right, below, fx, fy), mix(v, a, right, below, fx, fy));
    }
  }
}

function mix(of: Float64Array, a: number, right: number, below: number, fx: number, fy: number): number {
  const top = of[a]! + (of[a + right]! - of[a]!) * fx;
  const bottom = of[a + below]! + (of[a + below + right]! - of[a + below]!) * fx;
  return top + (bottom - top) * fy;
}
