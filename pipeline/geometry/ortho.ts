import { apply } from '../core/affine.ts';
import { isGeographic, isKnownCrs, transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import type { Grid, Window } from '../core/grid.ts';
import { type Positions, positionsOver, rowOfPositions } from '../core/positions.ts';
import type { Rpc } from '../core/rpc.ts';
import { type Ground, groundUnder } from './ground.ts';
import { outline, project } from './rpc.ts';

/** Metres of a degree along the equator of WGS 84. */
const METRES_PER_DEGREE = (6_378_137 * Math.PI) / 180;

/** Pixels a side that no image here has; a model that asks for more has gone wrong, or the pixel size has. */
const MOST_PIXELS = 2 ** 19;

/**
 * The grid that an image with a camera model is orthorectified to: north up, pixels of `gsd` metres (turned into degrees where
 * the CRS has those) with corners at their multiples, around the image as seen at each of `grounds` (metres above the
 * ellipsoid; the model's own height where none is given). Throws E_RPC_INVALID, or E_CRS_UNKNOWN for a CRS that is not known.
 */
export function orthoGrid(
  rpc: Rpc,
  size: { readonly width: number; readonly height: number },
  gsd: number,
  epsg: number,
  grounds: readonly number[] = [rpc.heightOffset],
): Grid & { readonly epsg: number } {
  if (!isKnownCrs(epsg)) throw new HeituError('E_CRS_UNKNOWN', { where: 'RPC', what: `EPSG:${epsg}` });
  const pixel = isGeographic(epsg) ? gsd / METRES_PER_DEGREE : gsd;
  const toTarget = transformer(4326, epsg);
  const points = outline(rpc, size.width, size.height, grounds).map((point) => toTarget(...point));
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const left = Math.floor(Math.min(...xs) / pixel);
  const right = Math.ceil(Math.max(...xs) / pixel);
  const top = Math.ceil(Math.max(...ys) / pixel);
  const bottom = Math.floor(Math.min(...ys) / pixel);
  const [width, height] = [right - left, top - bottom];
  // Written so that a size that is no number fails, too.
  if (!(width > 0 && height > 0 && width <= MOST_PIXELS && height <= MOST_PIXELS)) {
    throw new HeituError('E_RPC_INVALID', {
      where: 'RPC',
      what: `at ${gsd} m the image would take ${width} × ${height} pixels`,
    });
  }
  return { width, height, transform: [left * pixel, pixel, 0, top * pixel, 0, -pixel], epsg };
}

/** How far an interpolated position may be off, in source pixels. */
const BOUND = 2.5e-4;

/** Where the pixels of a target grid lie in the raw image. */
export interface OrthoPositions {
  readonly width: number;
  readonly height: number;
  /** Whole raw pixels around all positions, with what interpolation needs beside them; null when there are none. */
  readonly window: Window | null;
  /** Raw column and row (pixel-edge coordinates) of the pixel centres of one row; NaN where no height is known. */
  row(row: number, us: Float64Array, vs: Float64Array): void;
}

/**
 * Positions in the raw image of the pixels of `target`, on ground of one height or of a terrain model (see groundUnder).
 *
 * The camera model is asked at the nodes of a lattice only, and so that what is interpolated between them is off by no more
 * than a few ten-thousandths of a pixel. On a terrain model every node is asked at the least, middle and largest height under the
 * target; between them the position is a parabola of the height under the very pixel: terrain may be as rough as it likes.
 */
export function orthoPositions(
  rpc: Rpc,
  target: Grid & { readonly epsg: number },
  ground: Ground,
): OrthoPositions {
  const { width, height } = target;
  const part = { left: 0, top: 0, right: width, bottom: height };
  const places = placesOf(target);
  const over = (ground: number) =>
    positionsOver(part, (col, row) => project(rpc, ...places(col, row), ground), BOUND);
  if (typeof ground === 'number') {
    const positions = over(ground);
    return {
      width,
      height,
      window: windowOf([positions]),
      row: (row, us, vs) => rowOfPositions(positions, row, us, vs),
    };
  }
  const under = groundUnder(ground, target);
  if (under.range === null) {
    return {
      width,
      height,
      window: null,
      row: (_, us, vs) => {
        us.fill(Number.NaN);
        vs.fill(Number.NaN);
      },
    };
  }
  const [least, largest] = under.range;
  const levels = [least, (least + largest) / 2, largest].map(over) as [Positions, Positions, Positions]; // three of three
  const heights = new Float64Array(width);
  const scratch = Array.from({ length: 4 }, () => new Float64Array(width)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ]; // four of four
  return {
    width,
    height,
    window: windowOf(levels),
    row: (row, us, vs) => {
      under.row(row, heights);
      const [middleU, middleV, largestU, largestV] = scratch;
      rowOfPositions(levels[0], row, us, vs);
      rowOfPositions(levels[1], row, middleU, middleV);
      rowOfPositions(levels[2], row, largestU, largestV);
      const scale = largest > least ? 1 / (largest - least) : 0;
      for (let i = 0; i < width; i++) {
        const t = (heights[i]! - least) * scale;
        us[i] = parabola(us[i]!, middleU[i]!, largestU[i]!, t);
        vs[i] = parabola(vs[i]!, middleV[i]!, largestV[i]!, t);
      }
    },
  };
}

/** The value at t of the parabola through a at 0, b at 1/2 and c at 1. */
function parabola(a: number, b: number, c: number, t: number): number {
  return a + t * (4 * b - 3 * a - c + t * 2 * (a - 2 * b + c));
}

/** Longitude and latitude of pixel centres. Kept, because lattices over several heights ask for the same. */
function placesOf(target: Grid & { readonly epsg: number }): (col: number, row: number) => [number, number] {
  const toPlace = transformer(target.epsg, 4326);
  const kept = new Map<number, [number, number]>();
  // Nodes reach beyond the target by less than a step of the lattice.
  const stride = 2 * target.width + 256;
  return (col, row) => {
    // Lattices ask at whole and half pixels.
    const key = 2 * row * stride + 2 * col;
    let place = kept.get(key);
    if (place === undefined) {
      place = toPlace(...apply(target.transform, col + 0.5, row + 0.5));
      kept.set(key, place);
    }
    return place;
  };
}

/** Pixels beside a position that bilinear interpolation looks at, and one for what a lattice is off. */
const MARGIN = 2;

function windowOf(levels: readonly Positions[]): Window | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { u, v } of levels) {
    for (let i = 0; i < u.length; i++) {
      if (!(Number.isFinite(u[i]!) && Number.isFinite(v[i]!))) continue;
      left = Math.min(left, u[i]!);
      right = Math.max(right, u[i]!);
      top = Math.min(top, v[i]!);
      bottom = Math.max(bottom, v[i]!);
    }
  }
  if (!(right >= left)) return null;
  const col = Math.floor(left) - MARGIN;
  const row = Math.floor(top) - MARGIN;
  return { col, row, width: Math.ceil(right) + MARGIN - col, height: Math.ceil(bottom) + MARGIN - row };
}

/** A piece of a raw image: one plane a band, row by row, NaN where there is no value. */
export interface RawPiece {
  readonly window: Window;
  readonly planes: readonly Float32Array[];
}

/** Arrays that pixels are laid out in; integers are rounded to. */
export type Plane = Uint8Array | Int16Array | Uint16Array | Float32Array;

/**
 * Lays a raw image on the target of `positions`, bilinear between the four pixel centres around each position, one plane a
 * band into `out`. A pixel is `empty` when a pixel that it would be made of has no value or lies outside the piece. A value
 * that happens to equal `empty` is moved by one, so that it stays a value.
 */
export function layOrtho(
  positions: OrthoPositions,
  { window, planes }: RawPiece,
  out: readonly Plane[],
  empty: number,
): void {
  const { width, height } = positions;
  const us = new Float64Array(width);
  const vs = new Float64Array(width);
  const line: Line = {
    from: new Int32Array(width),
    fx: new Float64Array(width),
    fy: new Float64Array(width),
    values: new Float64Array(width),
  };
  for (let row = 0; row < height; row++) {
    positions.row(row, us, vs);
    placeLine(window, us, vs, line);
    for (const [band, plane] of planes.entries()) {
      interpolate(plane, window.width, line);
      store(line.values, out[band]!, row * width, empty);
    }
  }
}

/** One row of target pixels: the upper left of the four raw pixels of each (−1 outside), and the shares of the others. */
interface Line {
  readonly from: Int32Array;
  readonly fx: Float64Array;
  readonly fy: Float64Array;
  readonly values: Float64Array;
}

function placeLine(window: Window, us: Float64Array, vs: Float64Array, { from, fx, fy }: Line): void {
  const { width, height } = window;
  const [shiftX, shiftY] = [window.col + 0.5, window.row + 0.5];
  for (let i = 0; i < us.length; i++) {
    const x = us[i]! - shiftX;
    const y = vs[i]! - shiftY;
    // Written so that a position that is no number is outside, too.
    if (x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1) {
      const left = Math.floor(x);
      const top = Math.floor(y);
      from[i] = top * width + left;
      fx[i] = x - left;
      fy[i] = y - top;
    } else from[i] = -1;
  }
}

function interpolate(plane: Float32Array, width: number, { from, fx, fy, values }: Line): void {
  for (let i = 0; i < from.length; i++) {
    const at = from[i]!;
    if (at < 0) {
      values[i] = Number.NaN;
      continue;
    }
    const x = fx[i]!;
    const y = fy[i]!;
    // A pixel whose share is nothing takes no part, whatever it is: it may be missing, or beyond the edge.
    const right = x === 0 ? at : at + 1;
    const down = y === 0 ? 0 : width;
    // value = (1 − fy) · ((1 − fx) · upper left + fx · upper right) + fy · (the same of the lower two)
    const upper = plane[at]! * (1 - x) + plane[right]! * x;
    const lower = plane[at + down]! * (1 - x) + plane[right + down]! * x;
    values[i] = upper * (1 - y) + lower * y;
  }
}

function store(values: Float64Array, out: Plane, at: number, empty: number): void {
  if (out instanceof Float32Array) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      out[at + i] = Number.isNaN(value) ? empty : value;
    }
    return;
  }
  const beside = empty > 0 ? empty - 1 : empty + 1;
  for (let i = 0; i < values.length; i++) {
    const value = Math.floor(values[i]! + 0.5);
    out[at + i] = Number.isNaN(value) ? empty : value === empty ? beside : value;
  }
}
