import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import { bounds, type Grid, latticeOffset, type Window } from '../core/grid.ts';
import { type PositionOf, type Positions, positionsOver, rowOfPositions } from '../core/positions.ts';
import { EXCLUDING, QUALITY } from '../core/quality.ts';
import type { LooseTile, Unit } from '../core/tile.ts';
import { type AreaSource, areaMean, areaMode } from './area.ts';
import { catmullRom, RESAMPLINGS, type ResamplingId, triangle } from './resampling.ts';

/** Pixels around a source window that interpolation between equally large pixels looks at. */
const MARGIN = 2;

/** How far an interpolated position may be off, in source pixels. Nearest pixels are right all the same (see nearEdge). */
const BOUND = 1e-3;

/** From this ratio of pixel sizes on kernels widen, so that no source pixel is left out; GDAL's limit. */
const WIDENS = 1 / 0.95;

/** The window of `source` needed to fill `target`, with a margin for interpolation; it may reach outside the source. */
export function sourceWindow(
  source: Grid & { epsg: number },
  target: Grid & { epsg: number },
  resampling: ResamplingId = 'bilinear',
): Window {
  const toSource = transformer(target.epsg, source.epsg);
  const inverse = invert(source.transform);
  const [w, s, e, n] = bounds(target);
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const steps = 16;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; j <= steps; j++) {
      const [col, row] = apply(inverse, ...toSource(w + ((e - w) * i) / steps, s + ((n - s) * j) / steps));
      left = Math.min(left, col);
      right = Math.max(right, col);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
    }
  }
  const larger = Math.max(1, (right - left) / target.width, (bottom - top) / target.height);
  const margin = Math.max(MARGIN, Math.ceil(RESAMPLINGS[resampling].reach * larger));
  const col = Math.floor(left) - margin;
  const row = Math.floor(top) - margin;
  return { col, row, width: Math.ceil(right) + margin - col, height: Math.ceil(bottom) + margin - row };
}

/** A tile as the loops see it: where target pixels lie in it, and what may be used of it. */
interface Source {
  readonly width: number;
  readonly height: number;
  readonly quality: Uint16Array;
  /** True when no pixel is excluded, so that none has to be asked. */
  readonly isClear: boolean;
  readonly positions: Positions;
  readonly positionOf: PositionOf;
}

type Pairs = readonly (readonly [from: Float32Array, to: Float32Array])[];

/**
 * Resamples a tile onto another grid. Nearest, bilinear and cubic take their flags from the nearest pixel and their values
 * from usable pixels (all of them when the nearest is flagged itself); average and mode have a value where any usable pixel
 * is covered, and flags of all that is covered. What lies outside the source is NODATA.
 */
export function warpTile<U extends Unit>(
  tile: LooseTile<U>,
  target: Grid,
  resampling: ResamplingId = 'bilinear',
): LooseTile<U> {
  const { width, height } = tile.grid;
  const names = Object.keys(tile.bands);
  const n = target.width * target.height;
  const bands = Object.fromEntries(names.map((name) => [name, new Float32Array(n)]));
  const quality = new Uint16Array(n);
  if (tile.grid.epsg === null || target.epsg === null) throw new RangeError('both grids need a CRS');
  const toSource = transformer(target.epsg, tile.grid.epsg);
  const inverse = invert(tile.grid.transform);
  const positionOf: PositionOf = (col, row) =>
    apply(inverse, ...toSource(...apply(target.transform, col + 0.5, row + 0.5)));
  const part = { left: 0, top: 0, right: target.width, bottom: target.height };
  const source: Source = {
    width,
    height,
    quality: tile.quality,
    isClear: !tile.quality.some((flags) => (flags & EXCLUDING) !== 0),
    positions: positionsOver(part, positionOf, BOUND),
    positionOf,
  };
  const pairs: Pairs = names.map((name) => [tile.bands[name]!, bands[name]!] as const);
  fill(resampling, source, target, pairs, quality);
  return { unit: tile.unit, grid: target, bands, quality };
}

function fill(
  resampling: ResamplingId,
  source: Source,
  target: Grid,
  pairs: Pairs,
  quality: Uint16Array,
): void {
  const jacobian = jacobianOf(source.positionOf, target);
  const [ux, vx, uy, vy] = jacobian;
  // Source pixels per target pixel, across and down: a turn alone makes none of them larger.
  const [scaleX, scaleY] = [Math.hypot(ux, uy), Math.hypot(vx, vy)];
  const isWide = scaleX > WIDENS || scaleY > WIDENS;
  const kernel = resampling === 'cubic' ? catmullRom : triangle;
  const { kind, reach } = RESAMPLINGS[resampling];
  const us = new Float64Array(target.width);
  const vs = new Float64Array(target.width);
  const area: AreaSource = { ...source, jacobian };
  for (let row = 0; row < target.height; row++) {
    rowOfPositions(source.positions, row, us, vs);
    const start = row * target.width;
    if (kind === 'area') {
      const rule = resampling === 'mode' ? areaMode : areaMean;
      rule(area, us, vs, start, pairs, quality);
      continue;
    }
    nearestFlags(source, us, vs, row, start, quality);
    if (kind === 'point') nearestValues(source, us, vs, start, pairs);
    else if (isWide) wideKernel(source, us, vs, start, pairs, quality, { kernel, reach, scaleX, scaleY });
    else if (resampling === 'cubic') cubicValues(source, us, vs, start, pairs, quality);
    else bilinearValues(source, us, vs, start, pairs, quality);
  }
}

/** How the source position moves with one target column (ux, vx) and one target row (uy, vy). */
function jacobianOf(positionOf: PositionOf, target: Grid): AreaSource['jacobian'] {
  const col = (target.width - 1) / 2;
  const row = (target.height - 1) / 2;
  const [u, v] = positionOf(col, row);
  const [ur, vr] = positionOf(col + 1, row);
  const [ud, vd] = positionOf(col, row + 1);
  return [ur - u, vr - v, ud - u, vd - v];
}

/** True when a position is so near to an edge between pixels that an interpolated one may lie on the wrong side. */
function nearEdge(position: number): boolean {
  return Math.abs(position - Math.round(position)) <= BOUND;
}

/** Flags of the nearest pixel; positions near an edge are computed exactly and put back into `us` and `vs`. */
function nearestFlags(
  { width, height, quality: from, positions, positionOf }: Source,
  us: Float64Array,
  vs: Float64Array,
  row: number,
  start: number,
  quality: Uint16Array,
): void {
  const isExact = positions.step === 1;
  for (let i = 0; i < us.length; i++) {
    if (!isExact && (nearEdge(us[i]!) || nearEdge(vs[i]!))) {
      const exact = positionOf(i, row);
      us[i] = exact[0];
      vs[i] = exact[1];
    }
    const col = Math.floor(us[i]!);
    const line = Math.floor(vs[i]!);
    // A position that is not a number fails this, too.
    const isInside = col >= 0 && line >= 0 && col < width && line < height;
    quality[start + i] = isInside ? from[line * width + col]! : OUTSIDE;
  }
}

/** NODATA alone also comes from a source that says so; either way there is no value to compute. */
const OUTSIDE = QUALITY.NODATA.bit;

function isOutside(u: number, v: number, width: number, height: number): boolean {
  return !(u >= 0 && v >= 0 && u < width && v < height);
}

function nearestValues(
  { width, height }: Source,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
): void {
  const index = new Int32Array(us.length);
  for (let i = 0; i < us.length; i++) {
    index[i] = isOutside(us[i]!, vs[i]!, width, height)
      ? -1
      : Math.floor(vs[i]!) * width + Math.floor(us[i]!);
  }
  for (const [from, to] of pairs) {
    for (let i = 0; i < index.length; i++) if (index[i]! >= 0) to[start + i] = from[index[i]!]!;
  }
}

/**
 * `value = Σ share · pixel / Σ share` over the usable of the four pixels whose centres surround the position. Where all four
 * are there and may be used, which is nearly everywhere, positions are worked out once for all bands.
 */
function bilinearValues(
  source: Source,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
  quality: Uint16Array,
): void {
  const { width, height, isClear, quality: flags } = source;
  const count = us.length;
  const corner = new Int32Array(count).fill(-1);
  const fx = new Float64Array(count);
  const fy = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const u = us[i]!;
    const v = vs[i]!;
    if (isOutside(u, v, width, height)) continue;
    const left = Math.floor(u - 0.5);
    const top = Math.floor(v - 0.5);
    const at = top * width + left;
    const isInside = left >= 0 && top >= 0 && left + 1 < width && top + 1 < height;
    const all = isClear || (quality[start + i]! & EXCLUDING) !== 0;
    if (
      isInside &&
      (all || ((flags[at]! | flags[at + 1]! | flags[at + width]! | flags[at + width + 1]!) & EXCLUDING) === 0)
    ) {
      corner[i] = at;
      fx[i] = u - 0.5 - left;
      fy[i] = v - 0.5 - top;
    } else someOfFour(source, u, v, all, start + i, pairs);
  }
  for (const [from, to] of pairs) {
    for (let i = 0; i < count; i++) {
      const at = corner[i]!;
      if (at < 0) continue;
      const x = fx[i]!;
      // value = (1 − fy) · ((1 − fx) · upper left + fx · upper right) + fy · (the same of the lower two)
      const upper = from[at]! * (1 - x) + from[at + 1]! * x;
      const lower = from[at + width]! * (1 - x) + from[at + width + 1]! * x;
      to[start + i] = upper * (1 - fy[i]!) + lower * fy[i]!;
    }
  }
}

/** One pixel at the rim of the source or beside pixels that may not be used: those that may, weighed anew. */
function someOfFour(
  { width, height, quality: flags }: Source,
  u: number,
  v: number,
  all: boolean,
  target: number,
  pairs: Pairs,
): void {
  const left = Math.floor(u - 0.5);
  const top = Math.floor(v - 0.5);
  const fx = u - 0.5 - left;
  const fy = v - 0.5 - top;
  const near = Math.floor(v) * width + Math.floor(u);
  for (const [from, to] of pairs) {
    let sum = 0;
    let weight = 0;
    for (let corner = 0; corner < 4; corner++) {
      const c = left + (corner & 1);
      const r = top + (corner >> 1);
      if (c < 0 || r < 0 || c >= width || r >= height) continue;
      const at = r * width + c;
      if (!all && (flags[at]! & EXCLUDING) !== 0) continue;
      const share = ((corner & 1) === 1 ? fx : 1 - fx) * (corner >> 1 === 1 ? fy : 1 - fy);
      sum += share * from[at]!;
      weight += share;
    }
    to[target] = weight > 0 ? sum / weight : from[near]!;
  }
}

/** Cubic convolution over 4 × 4 pixels; bilinear where one of them is missing or not usable, as GDAL does. */
function cubicValues(
  source: Source,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
  quality: Uint16Array,
): void {
  bilinearValues(source, us, vs, start, pairs, quality);
  const { width, height } = source;
  const wx = new Float64Array(4);
  for (let i = 0; i < us.length; i++) {
    const left = Math.floor(us[i]! - 0.5) - 1;
    const top = Math.floor(vs[i]! - 0.5) - 1;
    if (!(left >= 0 && top >= 0 && left + 4 <= width && top + 4 <= height)) continue;
    if (!isUsable(source, left, top, (quality[start + i]! & EXCLUDING) !== 0)) continue;
    for (let k = 0; k < 4; k++) wx[k] = catmullRom(us[i]! - 0.5 - left - k);
    const fy = vs[i]! - 0.5 - top;
    for (const [from, to] of pairs) {
      let sum = 0;
      for (let k = 0; k < 4; k++) {
        const at = (top + k) * width + left;
        const line =
          wx[0]! * from[at]! + wx[1]! * from[at + 1]! + wx[2]! * from[at + 2]! + wx[3]! * from[at + 3]!;
        sum += catmullRom(fy - k) * line;
      }
      to[start + i] = sum;
    }
  }
}

/** True when all 4 × 4 pixels may be used, or the flags do not matter because the result is flagged anyway. */
function isUsable({ width, isClear, quality }: Source, left: number, top: number, all: boolean): boolean {
  if (isClear || all) return true;
  for (let row = top; row < top + 4; row++)
    for (let col = left; col < left + 4; col++)
      if ((quality[row * width + col]! & EXCLUDING) !== 0) return false;
  return true;
}

/** For targets coarser than the source: the kernel, stretched to the target's pixel, over all usable pixels under it. */
function wideKernel(
  { width, height, quality: flags }: Source,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
  quality: Uint16Array,
  options: { kernel: (distance: number) => number; reach: number; scaleX: number; scaleY: number },
): void {
  const { kernel, reach } = options;
  const scaleX = Math.max(1, options.scaleX);
  const scaleY = Math.max(1, options.scaleY);
  const sums = new Float64Array(pairs.length);
  for (let i = 0; i < us.length; i++) {
    const [u, v] = [us[i]!, vs[i]!];
    if (isOutside(u, v, width, height)) continue;
    const all = (quality[start + i]! & EXCLUDING) !== 0;
    const left = Math.max(0, Math.ceil(u - 0.5 - reach * scaleX));
    const right = Math.min(width - 1, Math.floor(u - 0.5 + reach * scaleX));
    const top = Math.max(0, Math.ceil(v - 0.5 - reach * scaleY));
    const bottom = Math.min(height - 1, Math.floor(v - 0.5 + reach * scaleY));
    let total = 0;
    sums.fill(0);
    for (let row = top; row <= bottom; row++) {
      const wy = kernel((row + 0.5 - v) / scaleY);
      for (let col = left; col <= right; col++) {
        const at = row * width + col;
        if (!all && (flags[at]! & EXCLUDING) !== 0) continue;
        const weight = wy * kernel((col + 0.5 - u) / scaleX);
        total += weight;
        for (let band = 0; band < pairs.length; band++) sums[band]! += weight * pairs[band]![0][at]!;
      }
    }
    const near = Math.floor(v) * width + Math.floor(u);
    // Weights of a cubic kernel may cancel where most pixels are missing; then the nearest is what is known.
    for (const [band, [from, to]] of pairs.entries())
      to[start + i] = total > 1e-3 ? sums[band]! / total : from[near]!;
  }
}

/** A tile on the target grid: cropped without touching a value where both lie on one lattice, else resampled. */
export function placeTile<U extends Unit>(
  tile: LooseTile<U>,
  target: Grid,
  resampling: ResamplingId = 'bilinear',
): LooseTile<U> {
  const offset = latticeOffset(tile.grid, target);
  const fits =
    offset !== null &&
    offset.col >= 0 &&
    offset.row >= 0 &&
    offset.col + target.width <= tile.grid.width &&
    offset.row + target.height <= tile.grid.height;
  if (!fits) return warpTile(tile, target, resampling);
  if (tile.grid.width === target.width && tile.grid.height === target.height)
    return { ...tile, grid: target };
  const n = target.width * target.height;
  const copy = <A extends Float32Array | Uint16Array>(from: A, to: A) => {
    for (let row = 0; row < target.height; row++) {
      const start = (offset.row + row) * tile.grid.width + offset.col;
      to.set(from.subarray(start, start + target.width), row * target.width);
    }
    return to;
  };
  return {
    unit: tile.unit,
    grid: target,
    bands: Object.fromEntries(
      Object.entries(tile.bands).map(([name, band]) => [name, copy(band, new Float32Array(n))]),
    ),
    quality: copy(tile.quality, new Uint16Array(n)),
  };
}
