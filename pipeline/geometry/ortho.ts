import { apply } from '../core/affine.ts';
import { isGeographic, isKnownCrs, transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import type { Grid, Window } from '../core/grid.ts';
import {
  type PositionOf,
  type Positions,
  positionsLike,
  positionsOver,
  rowOfPositions,
} from '../core/positions.ts';
import type { Rpc } from '../core/rpc.ts';
import {
  type Bilinear,
  MOST_BANDS,
  MOST_COLUMNS,
  openBilinear,
  type PixelArray,
  type PixelRow,
} from '../kernels/bilinear.ts';
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
const BOUND = 5e-4;

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
 * than half a thousandth of a pixel. On a terrain model every node is asked at the least, middle and largest height under the
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
  const on =
    (height: number): PositionOf =>
    (col, row) =>
      project(rpc, ...places(col, row), height);
  if (typeof ground === 'number') {
    const positions = positionsOver(part, on(ground), BOUND);
    return {
      width,
      height,
      window: windowOf([positions]),
      row: (row, us, vs) => rowOfPositions(positions, row, us, vs),
    };
  }
  const under = groundUnder(ground, target);
  if (under.range === null) return nowhere(width, height);
  const [least, largest] = under.range;
  // How the map bends hardly depends on the height.
  const middle = positionsOver(part, on((least + largest) / 2), BOUND);
  const [low, high] = [positionsLike(middle, on(least)), positionsLike(middle, on(largest))];
  const heights = new Float64Array(width);
  const us = parabolas(low.u, middle.u, high.u);
  const vs = parabolas(low.v, middle.v, high.v);
  const scale = largest > least ? 1 / (largest - least) : 0;
  return {
    width,
    height,
    window: windowOf([low, middle, high]),
    row: (row, intoU, intoV) => {
      under.row(row, heights);
      for (let i = 0; i < width; i++) heights[i] = (heights[i]! - least) * scale;
      rowOfParabolas(middle, us, row, heights, intoU);
      rowOfParabolas(middle, vs, row, heights, intoV);
    },
  };
}

function nowhere(width: number, height: number): OrthoPositions {
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

/** A position at every node as a parabola of the height, which is 0 at the least and 1 at the largest: `a + t (b + t c)`. */
interface Parabolas {
  readonly a: Float64Array;
  readonly b: Float64Array;
  readonly c: Float64Array;
}

/** The parabolas through the positions at 0, 1/2 and 1. */
function parabolas(low: Float64Array, middle: Float64Array, high: Float64Array): Parabolas {
  return {
    a: low,
    b: low.map((at0, i) => 4 * middle[i]! - 3 * at0 - high[i]!),
    c: low.map((at0, i) => 2 * (at0 - 2 * middle[i]! + high[i]!)),
  };
}

/** Positions of the pixels of one row at heights `ts`, between the nodes as in rowOfPositions. */
function rowOfParabolas(
  { part, step, columns, rows }: Positions,
  { a, b, c }: Parabolas,
  row: number,
  ts: Float64Array,
  into: Float64Array,
): void {
  const above = Math.min(Math.floor((row - part.top) / step), Math.max(0, rows - 2));
  const below = rows > 1 ? columns : 0;
  const share = (row - part.top) / step - above;
  const width = part.right - part.left;
  for (let cell = 0; cell === 0 || cell < columns - 1; cell++) {
    const left = above * columns + cell;
    const right = columns > 1 ? left + 1 : left;
    // Along one row of one cell each coefficient moves by equal steps.
    const startA = a[left]! + (a[left + below]! - a[left]!) * share;
    const startB = b[left]! + (b[left + below]! - b[left]!) * share;
    const startC = c[left]! + (c[left + below]! - c[left]!) * share;
    const stepA = (a[right]! + (a[right + below]! - a[right]!) * share - startA) / step;
    const stepB = (b[right]! + (b[right + below]! - b[right]!) * share - startB) / step;
    const stepC = (c[right]! + (c[right + below]! - c[right]!) * share - startC) / step;
    const first = cell * step;
    const last = cell >= columns - 2 ? width : first + step;
    for (let i = first; i < last; i++) {
      const k = i - first;
      const t = ts[i]!;
      into[i] = startA + k * stepA + t * (startB + k * stepB + t * (startC + k * stepC));
    }
  }
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

/** A piece of a raw image: one plane a band, row by row, NaN where there is no value. Not changed once it was laid. */
export interface RawPiece {
  readonly window: Window;
  readonly planes: readonly Float32Array[];
}

/** A piece of four bands that the kernel alone holds, until another piece is opened or laid. */
export interface HeldPiece {
  readonly window: Window;
  /** `count` pixels from `words[start]` on, bands interleaved, `nodata` as no value, to index `at` of the piece. */
  take(words: Uint16Array, start: number, count: number, at: number, nodata: number | null): void;
}

/** The kernel of this thread, and which bands of which piece it holds: a piece is often laid on several blocks in turn. */
let kernel: Bilinear | null = null;
let held: { readonly piece: RawPiece | HeldPiece; readonly band: number } | null = null;

/** Room for a window of a raw image whose rows come as interleaved 16-bit numbers of four bands, which is the usual way. */
export function openPiece(window: Window): HeldPiece {
  kernel ??= openBilinear();
  const own = kernel;
  own.begin(window.width, window.height);
  const piece = { window, take: own.take };
  held = { piece, band: 0 };
  return piece;
}

function kernelWith(piece: RawPiece | HeldPiece, band: number): Bilinear {
  kernel ??= openBilinear();
  if (held?.piece === piece && held.band === band) return kernel;
  if (!('planes' in piece)) throw new RangeError('another piece was laid in between');
  const { width, height } = piece.window;
  kernel.hold(piece.planes.slice(band, band + MOST_BANDS), width, height);
  held = { piece, band };
  return kernel;
}

/**
 * Lays a raw image on the target of `positions`, bilinear between the four pixel centres around each position, one array a
 * band into `out`, all of one kind; integers are rounded. A pixel is `empty` when a pixel that it would be made of has no
 * value or lies outside the piece. A whole number that happens to equal `empty` is moved by one, so that it stays a value.
 */
export function layOrtho(
  positions: OrthoPositions,
  piece: RawPiece | HeldPiece,
  out: readonly PixelArray[],
  empty: number,
): void {
  const { width, height } = positions;
  const us = new Float64Array(width);
  const vs = new Float64Array(width);
  const line = {
    from: new Int32Array(MOST_COLUMNS),
    fx: new Float32Array(MOST_COLUMNS),
    fy: new Float32Array(MOST_COLUMNS),
  };
  for (let band = 0; band < out.length; band += MOST_BANDS) {
    const own = out.slice(band, band + MOST_BANDS);
    const holding = kernelWith(piece, band);
    for (let row = 0; row < height; row++) {
      positions.row(row, us, vs);
      for (let col = 0; col < width; col += MOST_COLUMNS) {
        const n = Math.min(MOST_COLUMNS, width - col);
        placePixels(piece.window, us, vs, col, n, line);
        holding.row(line, n, own, row * width + col, empty);
      }
    }
  }
}

function placePixels(
  window: Window,
  us: Float64Array,
  vs: Float64Array,
  col: number,
  n: number,
  { from, fx, fy }: PixelRow,
): void {
  const { width, height } = window;
  const shiftX = window.col + 0.5;
  const shiftY = window.row + 0.5;
  for (let i = 0; i < n; i++) {
    const x = us[col + i]! - shiftX;
    const y = vs[col + i]! - shiftY;
    // Written so that a position that is no number is outside, too.
    const isInside = x >= 0 && y >= 0 && x <= width - 1 && y <= height - 1;
    const left = isInside ? Math.floor(x) : 0;
    const top = isInside ? Math.floor(y) : 0;
    from[i] = isInside ? top * width + left : -1;
    fx[i] = isInside ? x - left : 0;
    fy[i] = isInside ? y - top : 0;
  }
}
