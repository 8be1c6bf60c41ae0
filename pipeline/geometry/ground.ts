import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import type { Grid, Window } from '../core/grid.ts';
import {
  type PositionOf,
  type Positions,
  pixelsAround,
  positionsOver,
  rowOfPositions,
} from '../core/positions.ts';
import type { Rpc } from '../core/rpc.ts';
import { locate } from './rpc.ts';

/** Heights in metres above the ellipsoid on a grid, NaN where none is known: a window of a terrain model. */
export interface Heights {
  readonly grid: Grid & { readonly epsg: number };
  readonly values: Float32Array;
}

/** What an image is laid on: one height above the ellipsoid in metres, or heights from place to place. */
export type Ground = number | Heights;

/** Pixels around a window of heights that interpolation looks at, and one for what a lattice is off. */
const MARGIN = 2;

/** How far an interpolated position in a terrain model may be off, in its pixels: centimetres of height on steep slopes. */
const BOUND = 1e-3;

/** Where the centres of pixels of `target` lie on the grid of heights, in its pixels. */
function positionIn(
  heights: Grid & { readonly epsg: number },
  target: Grid & { readonly epsg: number },
): PositionOf {
  const toHeights = transformer(target.epsg, heights.epsg);
  const inverse = invert(heights.transform);
  return (col, row) => apply(inverse, ...toHeights(...apply(target.transform, col + 0.5, row + 0.5)));
}

/** The window of a terrain model needed under `target`; it may reach outside the model, and is null far away from it. */
export function groundWindow(
  heights: Grid & { readonly epsg: number },
  target: Grid & { readonly epsg: number },
): Window | null {
  return pixelsAround(target.width, target.height, positionIn(heights, target), MARGIN);
}

/** Heights under the pixels of a grid, row by row. */
export interface GroundRows {
  /** Least and largest height that occurs; equal where all are, null where none is known. */
  readonly range: readonly [least: number, largest: number] | null;
  /** Heights under the centres of the pixels of one row; NaN where none is known. */
  row(row: number, into: Float64Array): void;
}

/** Heights under every pixel of `target`, bilinear between the four nearest; NaN where one of them is not known. */
export function groundUnder(heights: Heights, target: Grid & { readonly epsg: number }): GroundRows {
  const part = { left: 0, top: 0, right: target.width, bottom: target.height };
  const positions = positionsOver(part, positionIn(heights.grid, target), BOUND);
  return { range: rangeOf(heights.values), row: rowsOf(heights, positions) };
}

function rangeOf(values: Float32Array): [number, number] | null {
  let [least, largest] = [Infinity, -Infinity];
  for (const value of values) {
    // NaN is neither.
    if (value < least) least = value;
    if (value > largest) largest = value;
  }
  return largest >= least ? [least, largest] : null;
}

function rowsOf({ grid, values }: Heights, positions: Positions): GroundRows['row'] {
  const width = positions.part.right - positions.part.left;
  const us = new Float64Array(width);
  const vs = new Float64Array(width);
  return (row, into) => {
    rowOfPositions(positions, row, us, vs);
    for (let i = 0; i < width; i++) {
      const x = us[i]! - 0.5;
      const y = vs[i]! - 0.5;
      // Nearly everywhere: between four centres. Truncation is what floor is for positive numbers, and faster.
      if (x >= 0 && y >= 0 && x < grid.width - 1 && y < grid.height - 1) {
        const left = x | 0;
        const top = y | 0;
        const at = top * grid.width + left;
        const upper = values[at]! + (values[at + 1]! - values[at]!) * (x - left);
        const below = at + grid.width;
        const lower = values[below]! + (values[below + 1]! - values[below]!) * (x - left);
        into[i] = upper + (lower - upper) * (y - top);
      } else into[i] = bilinear(values, grid.width, grid.height, x, y);
    }
  };
}

/** `value` at (x, y), counted from the centre of the first pixel; NaN outside the outermost centres. */
function bilinear(values: Float32Array, width: number, height: number, x: number, y: number): number {
  // Written so that a position that is no number is outside, too.
  if (!(x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1)) return Number.NaN;
  const left = Math.min(Math.floor(x), Math.max(0, width - 2));
  const top = Math.min(Math.floor(y), Math.max(0, height - 2));
  const at = top * width + left;
  const right = width > 1 ? at + 1 : at;
  const down = height > 1 ? width : 0;
  const fx = x - left;
  const fy = y - top;
  const upper = values[at]! + (values[right]! - values[at]!) * fx;
  const lower = values[at + down]! + (values[right + down]! - values[at + down]!) * fx;
  return upper + (lower - upper) * fy;
}

/** The height at a longitude and latitude, bilinear as in groundUnder; exact and slow, for single places. */
export function heightAt(ground: Ground): (lon: number, lat: number) => number {
  if (typeof ground === 'number') return () => ground;
  const { grid, values } = ground;
  const toHeights = transformer(4326, grid.epsg);
  const inverse = invert(grid.transform);
  return (lon, lat) => {
    const [u, v] = apply(inverse, ...toHeights(lon, lat));
    return bilinear(values, grid.width, grid.height, u - 0.5, v - 0.5);
  };
}

/**
 * Heights above the ellipsoid from heights above sea level: with the geoid's height above the ellipsoid added, one number or
 * a grid of its own (bilinear; NaN outside it). In Jilin the geoid lies some 15 to 25 m above the ellipsoid (EGM2008).
 */
export function aboveEllipsoid(heights: Heights, geoid: Ground): Heights {
  const { grid, values } = heights;
  if (typeof geoid === 'number') return { grid, values: values.map((value) => value + geoid) };
  const undulation = groundUnder(geoid, grid);
  const line = new Float64Array(grid.width);
  const out = new Float32Array(values.length);
  for (let row = 0; row < grid.height; row++) {
    undulation.row(row, line);
    for (let col = 0, i = row * grid.width; col < grid.width; col++, i++) out[i] = values[i]! + line[col]!;
  }
  return { grid, values: out };
}

/** Metres between two guesses of a height at which the search along a ray ends: far below a pixel. */
const CLOSE = 1e-3;
const MOST_STEPS = 60;

/**
 * Longitude and latitude where an image position (pixel-edge coordinates) meets the ground, by going to and fro between the
 * ray and the ground under it; null where no height is known, or the ray only grazes the ground. Throws E_RPC_INVALID where the model diverges.
 */
export function locateOn(
  rpc: Rpc,
  col: number,
  row: number,
  ground: Ground,
): [lon: number, lat: number] | null {
  const heightOf = heightAt(ground);
  let height = typeof ground === 'number' ? ground : rpc.heightOffset;
  let place = locate(rpc, col, row, height);
  // Where a slope faces away steeper than the ray the steps grow: half steps then still close in.
  let share = 1;
  let last = Infinity;
  for (let step = 0; step < MOST_STEPS; step++) {
    const found = heightOf(...place);
    if (Number.isNaN(found)) return null;
    const move = found - height;
    if (Math.abs(move) < CLOSE) return place;
    if (Math.abs(move) > last / 2) share = Math.max(share / 2, 1 / 8);
    last = Math.abs(move);
    height += share * move;
    place = locate(rpc, col, row, height);
  }
  return null;
}
