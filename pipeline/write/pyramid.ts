import { int16Kernels, MOST_PIXELS } from '../kernels/int16.ts';

/** Number arrays a COG can be written from. */
export type CogArray = Int16Array | Uint8Array | Uint16Array | Float32Array;

export type CogDtype = 'int16' | 'uint8' | 'uint16' | 'float32';

/** The type of an array, as GDAL calls it. */
export function dtypeOf(array: CogArray): CogDtype {
  if (array instanceof Uint8Array) return 'uint8';
  if (array instanceof Int16Array) return 'int16';
  return array instanceof Uint16Array ? 'uint16' : 'float32';
}

/** A zeroed array of a type. */
export function arrayOf(dtype: CogDtype, length: number): CogArray {
  switch (dtype) {
    case 'uint8':
      return new Uint8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'uint16':
      return new Uint16Array(length);
    case 'float32':
      return new Float32Array(length);
  }
}

/** One band of one pyramid level, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly data: CogArray;
}

export type Resampling = 'average' | 'mode';

/** A zeroed array of the same kind as `like`. */
export function arrayLike(like: CogArray, length: number): CogArray {
  return arrayOf(dtypeOf(like), length);
}

/**
 * The sizes of the overviews of a raster, largest first: halved (rounded up) until both sides fit in one block.
 * `overviewSizes(1300, 700, 512)` is `[{650, 350}, {325, 175}]`.
 */
export function overviewSizes(
  width: number,
  height: number,
  block: number,
): { width: number; height: number }[] {
  const sizes: { width: number; height: number }[] = [];
  let [w, h] = [width, height];
  while (w > block || h > block) {
    w = Math.ceil(w / 2);
    h = Math.ceil(h / 2);
    sizes.push({ width: w, height: h });
  }
  return sizes;
}

/**
 * The next smaller pyramid level: every pixel stands for up to 2 × 2 pixels, at an odd edge for fewer. Pixels that are
 * nodata (or NaN) take no part; where none is left the result is nodata. Integers are rounded half away from zero.
 * `average` of [1, 2, nodata, 4] is 7 / 3; `mode` is the most frequent value, of equals the first in reading order.
 */
export function halve(plane: Plane, nodata: number | null, resampling: Resampling): Plane {
  const width = Math.ceil(plane.width / 2);
  const height = Math.ceil(plane.height / 2);
  const data = arrayLike(plane.data, width * height);
  // Float arrays hold the nodata value rounded to float32, so that is what pixels are compared with.
  const empty = nodata === null ? null : plane.data instanceof Float32Array ? Math.fround(nodata) : nodata;
  if (resampling === 'average' && !averageFast(data, plane, empty))
    averageInto(data, width, height, plane, empty);
  if (resampling === 'mode') modeInto(data, width, height, plane, empty);
  return { width, height, data };
}

/** Blocks of indices, which are nearly all there is, by SIMD; false for others. */
function averageFast(out: CogArray, { data, width, height }: Plane, empty: number | null): boolean {
  if (!(data instanceof Int16Array && out instanceof Int16Array) || empty !== -32768) return false;
  if (width % 16 !== 0 || data.length > MOST_PIXELS) return false;
  const kernels = int16Kernels();
  kernels?.halve(data, width, height, out);
  return kernels !== null;
}

function averageInto(out: CogArray, width: number, height: number, from: Plane, empty: number | null): void {
  const { data, width: w } = from;
  const isFloat = data instanceof Float32Array;
  // Four numbers that are all values are nearly everywhere; no integer is NaN, and so none equals a nodata of that.
  const whole = isFloat ? 0 : from.height >> 1;
  for (let row = 0; row < height; row++) {
    let col = 0;
    if (row < whole) {
      for (let at = 2 * row * w, to = row * width; col < w >> 1; col++, at += 2, to++) {
        const a = data[at]!;
        const b = data[at + 1]!;
        const c = data[at + w]!;
        const d = data[at + w + 1]!;
        if (a === empty || b === empty || c === empty || d === empty)
          averageOne(out, width, from, empty, row, col);
        else {
          const mean = (a + b + c + d) / 4;
          out[to] = besides(roundHalfAway(mean), empty, mean);
        }
      }
    }
    for (; col < width; col++) averageOne(out, width, from, empty, row, col);
  }
}

/** One pixel of any kind: the mean of those of its parts that are values. */
function averageOne(
  out: CogArray,
  width: number,
  { data, width: w, height: h }: Plane,
  empty: number | null,
  row: number,
  col: number,
): void {
  const isFloat = data instanceof Float32Array;
  const bottom = Math.min(2 * row + 2, h);
  const right = Math.min(2 * col + 2, w);
  let sum = 0;
  let n = 0;
  for (let y = 2 * row; y < bottom; y++) {
    for (let x = 2 * col; x < right; x++) {
      const v = data[y * w + x]!;
      if (v === empty || Number.isNaN(v)) continue;
      sum += v;
      n++;
    }
  }
  const mean = sum / n;
  const fill = empty ?? (isFloat ? Number.NaN : 0);
  out[row * width + col] = n === 0 ? fill : isFloat ? mean : besides(roundHalfAway(mean), empty, mean);
}

/** A mean of valid pixels must not become "no data" by rounding onto the nodata value: it goes to the other neighbour. */
function besides(rounded: number, empty: number | null, mean: number): number {
  return rounded === empty ? (mean < rounded ? rounded - 1 : rounded + 1) : rounded;
}

function roundHalfAway(v: number): number {
  return v < 0 ? -Math.floor(0.5 - v) : Math.floor(v + 0.5);
}

function modeInto(out: CogArray, width: number, height: number, from: Plane, empty: number | null): void {
  const { data, width: w, height: h } = from;
  const fill = empty ?? (data instanceof Float32Array ? Number.NaN : 0);
  const values = new Float64Array(4);
  for (let row = 0; row < height; row++) {
    const bottom = Math.min(2 * row + 2, h);
    for (let col = 0; col < width; col++) {
      const right = Math.min(2 * col + 2, w);
      let n = 0;
      for (let y = 2 * row; y < bottom; y++) {
        for (let x = 2 * col; x < right; x++) {
          const v = data[y * w + x]!;
          if (v !== empty && !Number.isNaN(v)) values[n++] = v;
        }
      }
      out[row * width + col] = n === 0 ? fill : mostFrequent(values, n);
    }
  }
}

/** The most frequent of the first `n` (1–4) values; of equals the first. */
function mostFrequent(values: Float64Array, n: number): number {
  let best = values[0]!;
  let most = 0;
  for (let i = 0; i < n; i++) {
    let count = 0;
    for (let j = i; j < n; j++) if (values[j] === values[i]) count++;
    if (count > most) {
      most = count;
      best = values[i]!;
    }
  }
  return best;
}
