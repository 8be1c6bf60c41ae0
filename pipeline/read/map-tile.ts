import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import type { Bbox } from '../core/grid.ts';
import {
  type Part,
  type PositionOf,
  type Positions,
  positionsOver,
  rowOfPositions,
} from '../core/positions.ts';
import type { TypedArray } from '../ingest/geotiff.ts';
import {
  CACHE_BLOCK,
  levelSize,
  type PlacedRaster,
  type RasterSource,
  readBlock,
  withRaster,
} from './raster-cache.ts';

/** How far an interpolated position may be off, in pixels of the level that is read. */
const BOUND = 0.04;

/** Half the circumference of the Web Mercator world, in its metres (OGC WebMercatorQuad). */
const HALF_WORLD = 20037508.342789244;

export interface MapTile {
  /** One array a band, row by row; stored counts (exact to 24 bits), NaN where there is none. */
  readonly values: Float32Array[];
}

/**
 * One Web Mercator map tile (y counted from the north) out of COGs: nearest pixel, at the overview that is not coarser
 * than the tile; where several files have a value the first one wins. Null when no file touches the tile.
 * Bands count from 1. Throws RangeError for a tile that does not exist, and what withRaster throws.
 * `await mapTile(['ndvi.tif'], 14, 13939, 5884, [1])`.
 */
export async function mapTile(
  files: readonly RasterSource[],
  z: number,
  x: number,
  y: number,
  bands: readonly number[],
  size = 256,
): Promise<MapTile | null> {
  const tile = frameOf(z, x, y, size);
  const values = bands.map(() => emptyTile(size * size));
  // Of one file every pixel is free.
  const isFree = files.length > 1 ? new Uint8Array(size * size).fill(1) : null;
  let isTouched = false;
  for (const file of files) {
    isTouched = (await withRaster(file, (raster) => paint(raster, tile, bands, values, isFree))) || isTouched;
  }
  return isTouched ? { values } : null;
}

/** Arrays of tiles that were given back: a quarter MiB for every tile made keeps the garbage collector busy. */
const spare: Float32Array[] = [];
const MOST_SPARE = 32;

/** Takes back the arrays of a tile that nobody reads any more, for the next ones. */
export function recycleTile({ values }: MapTile): void {
  for (const array of values) if (spare.length < MOST_SPARE) spare.push(array);
}

function emptyTile(length: number): Float32Array {
  const array = spare.pop();
  return (array?.length === length ? array : new Float32Array(length)).fill(Number.NaN);
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
  values: readonly Float32Array[],
  isFree: Uint8Array | null,
): Promise<boolean> {
  const part = partOver(tile, raster.mercator);
  if (part === null) return false;
  const toPixel = pixelFinder(raster, tile);
  const level = fittingLevel(raster, part, toPixel);
  const { width, height } = levelSize(raster, level);
  const scaleX = width / raster.grid.width;
  const scaleY = height / raster.grid.height;
  const positions = positionsOver(
    part,
    (col, row) => {
      const [u, v] = toPixel(col, row);
      return [u * scaleX, v * scaleY];
    },
    BOUND,
  );

  const needed = blocksUnder(positions, width, height);
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
  return copyNearest(positions, blocks, raster.empty, tile.size, values, isFree);
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

/** Blocks under any cell of the lattice of positions. */
function blocksUnder({ columns, rows, u, v }: Positions, width: number, height: number) {
  const found = new Map<number, { id: number; across: number; down: number }>();
  const perRow = Math.ceil(width / CACHE_BLOCK);
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
  positions: Positions,
  blocks: Blocks,
  empty: number | null,
  size: number,
  values: readonly Float32Array[],
  isFree: Uint8Array | null,
): boolean {
  const { left, top, right, bottom } = positions.part;
  const { width, height } = blocks;
  const us = new Float64Array(right - left);
  const vs = new Float64Array(right - left);
  let isTouched = false;
  // The block of the pixel before, which is nearly always that of this one.
  let block = NO_BLOCK;
  for (let row = top; row < bottom; row++) {
    rowOfPositions(positions, row, us, vs);
    for (let i = 0, to = row * size + left; i < us.length; i++, to++) {
      const u = us[i]!;
      const v = vs[i]!;
      // A position that is not a number fails this, too.
      if (!(u >= 0 && v >= 0 && u < width && v < height)) continue;
      isTouched = true;
      if (isFree !== null && isFree[to] === 0) continue;
      // Rounds down, as positions inside are positive and below 2^31.
      const x = u | 0;
      const y = v | 0;
      if (x < block.left || x >= block.right || y < block.top || y >= block.bottom)
        block = blockAt(blocks, x, y);
      const from = (y - block.top) * (block.right - block.left) + (x - block.left);
      for (let band = 0; band < values.length; band++) {
        const value = block.arrays[band]![from]!;
        if (value === empty || Number.isNaN(value)) continue;
        values[band]![to] = value;
        if (isFree !== null) isFree[to] = 0;
      }
    }
  }
  return isTouched;
}

/** One loaded block and the pixels of its level that it holds. */
interface PlacedBlock extends Part {
  readonly arrays: readonly TypedArray[];
}

const NO_BLOCK: PlacedBlock = { left: 0, top: 0, right: 0, bottom: 0, arrays: [] };

function blockAt({ width, height, across, loaded }: Blocks, x: number, y: number): PlacedBlock {
  const [col, row] = [Math.floor(x / CACHE_BLOCK), Math.floor(y / CACHE_BLOCK)];
  const [left, top] = [col * CACHE_BLOCK, row * CACHE_BLOCK];
  return {
    left,
    top,
    right: Math.min(width, left + CACHE_BLOCK),
    bottom: Math.min(height, top + CACHE_BLOCK),
    arrays: loaded.get(row * across + col)!,
  };
}

/** Where the centre of a tile pixel lies among the raster's full-size pixels, exactly. */
function pixelFinder(raster: PlacedRaster, tile: Frame): PositionOf {
  const transform = transformer(3857, raster.grid.epsg);
  const inverse = invert(raster.grid.transform);
  return (col, row) => {
    const [x, y] = transform(tile.west + (col + 0.5) * tile.pixel, tile.north - (row + 0.5) * tile.pixel);
    return apply(inverse, x, y);
  };
}

/** The smallest level whose pixels are not larger than the tile's. */
function fittingLevel(raster: PlacedRaster, part: Part, toPixel: PositionOf): number {
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
