import { EXCLUDING, QUALITY } from '../core/quality.ts';

/** A tile as seen from target pixels that cover an area of it. */
export interface AreaSource {
  readonly width: number;
  readonly height: number;
  readonly quality: Uint16Array;
  /** How the source position moves with one target column (ux, vx) and one target row (uy, vy). */
  readonly jacobian: readonly [ux: number, vx: number, uy: number, vy: number];
}

type Pairs = readonly (readonly [from: Float32Array, to: Float32Array])[];

/** The source pixels under one target pixel and the area of each that it covers. */
interface Footprint {
  count: number;
  index: Int32Array;
  weight: Float64Array;
}

/** `value = Σ area · pixel / Σ area` over the usable pixels under each target pixel of a row. */
export function areaMean(
  source: AreaSource,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
  quality: Uint16Array,
): void {
  const cover = footprintOf(source);
  for (let i = 0; i < us.length; i++) {
    const print = cover(us[i]!, vs[i]!);
    quality[start + i] = keepUsable(print, source.quality);
    for (const [from, to] of pairs) {
      let sum = 0;
      let area = 0;
      for (let k = 0; k < print.count; k++) {
        sum += print.weight[k]! * from[print.index[k]!]!;
        area += print.weight[k]!;
      }
      if (area > 0) to[start + i] = sum / area;
    }
  }
}

/** The value that covers the most area of each target pixel of a row; of equals, the one met first from the upper left. */
export function areaMode(
  source: AreaSource,
  us: Float64Array,
  vs: Float64Array,
  start: number,
  pairs: Pairs,
  quality: Uint16Array,
): void {
  const cover = footprintOf(source);
  const areas = new Map<number, number>();
  for (let i = 0; i < us.length; i++) {
    const print = cover(us[i]!, vs[i]!);
    quality[start + i] = keepUsable(print, source.quality);
    for (const [from, to] of pairs) {
      areas.clear();
      for (let k = 0; k < print.count; k++) {
        const value = from[print.index[k]!]!;
        areas.set(value, (areas.get(value) ?? 0) + print.weight[k]!);
      }
      let most = 0;
      for (const [value, area] of areas) {
        // A hair more is rounding: areas are sums of fractions.
        if (area <= most * (1 + 1e-9)) continue;
        most = area;
        to[start + i] = value;
      }
    }
  }
}

/** Leaves the usable pixels in the footprint, all where none is; returns the flags of the target pixel. */
function keepUsable(print: Footprint, quality: Uint16Array): number {
  if (print.count === 0) return QUALITY.NODATA.bit;
  let kept = 0;
  let flags = 0;
  let excluded = 0;
  for (let k = 0; k < print.count; k++) {
    const own = quality[print.index[k]!]!;
    if ((own & EXCLUDING) !== 0) {
      excluded |= own;
      continue;
    }
    flags |= own;
    print.index[kept] = print.index[k]!;
    print.weight[kept] = print.weight[k]!;
    kept++;
  }
  if (kept === 0) return excluded;
  print.count = kept;
  return flags;
}

/** A sixteenth of a pixel's side is how fine a turned footprint is sampled, at least. */
const FINEST = 16;

/** A function that finds what lies under a target pixel; it gives back the same object, filled anew. */
function footprintOf(source: AreaSource): (u: number, v: number) => Footprint {
  const [ux, vx, uy, vy] = source.jacobian;
  // Sides of the smallest rectangle around a target pixel, in source pixels.
  const scaleX = Math.abs(ux) + Math.abs(uy);
  const scaleY = Math.abs(vx) + Math.abs(vy);
  const most = (Math.ceil(scaleX) + 2) * (Math.ceil(scaleY) + 2);
  const print: Footprint = { count: 0, index: new Int32Array(most), weight: new Float64Array(most) };
  // Under a hundredth of a pixel of turn over a target pixel the footprint is a rectangle.
  const isStraight = Math.abs(vx) < 0.01 && Math.abs(uy) < 0.01;
  const isTransposed = Math.abs(ux) < 0.01 && Math.abs(vy) < 0.01;
  if (isStraight || isTransposed) return (u, v) => coverRectangle(source, print, u, v, scaleX, scaleY);
  // As many samples a side as make each of them stand for less than (1/16)² of the larger of source and target pixel.
  const samples = Math.ceil(FINEST * Math.max(1, Math.min(4, scaleX, scaleY)));
  return (u, v) => coverTurned(source, print, u, v, samples);
}

function coverRectangle(
  { width, height }: AreaSource,
  print: Footprint,
  u: number,
  v: number,
  scaleX: number,
  scaleY: number,
) {
  const [left, right] = [u - scaleX / 2, u + scaleX / 2];
  const [top, bottom] = [v - scaleY / 2, v + scaleY / 2];
  print.count = 0;
  // A sliver of a billionth of a pixel is rounding, not coverage.
  const slack = 1e-9;
  for (let row = Math.max(0, Math.floor(top + slack)); row < Math.min(height, bottom - slack); row++) {
    const down = Math.min(row + 1, bottom) - Math.max(row, top);
    for (let col = Math.max(0, Math.floor(left + slack)); col < Math.min(width, right - slack); col++) {
      print.index[print.count] = row * width + col;
      print.weight[print.count] = down * (Math.min(col + 1, right) - Math.max(col, left));
      print.count++;
    }
  }
  return print;
}

function coverTurned(
  { width, height, jacobian: [ux, vx, uy, vy] }: AreaSource,
  print: Footprint,
  u: number,
  v: number,
  samples: number,
) {
  print.count = 0;
  for (let j = 0; j < samples; j++) {
    const dy = (j + 0.5) / samples - 0.5;
    for (let i = 0; i < samples; i++) {
      const dx = (i + 0.5) / samples - 0.5;
      const col = Math.floor(u + ux * dx + uy * dy);
      const row = Math.floor(v + vx * dx + vy * dy);
      if (!(col >= 0 && row >= 0 && col < width && row < height)) continue;
      const at = row * width + col;
      let k = print.count - 1;
      while (k >= 0 && print.index[k] !== at) k--;
      if (k < 0) {
        k = print.count++;
        print.index[k] = at;
        print.weight[k] = 0;
      }
      print.weight[k]! += 1;
    }
  }
  return print;
}
