import { int16Kernels, MOST_CONVERTED, withinFloats } from './int16.ts';

/** Numbers of any stored type. */
export type StoredArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** What stored numbers mean, `y = scale · stored + offset`, and which of them mean nothing. */
export interface Conversion {
  readonly scale: number;
  readonly offset: number;
  /** What y is bent by: the value is `y / (1 + curve · y)`. Left out or 0, it is y. */
  readonly curve?: number;
  /** As the array would hold it; null when every number is a value. */
  readonly nodata: number | null;
  /** Values outside, after conversion, are none. */
  readonly min: number;
  readonly max: number;
}

/** Numbers to convert: `samples[start]` and every `stride`-th after it. */
export interface StoredRun {
  readonly samples: StoredArray;
  readonly start: number;
  readonly stride: number;
}

/** Converts `n` numbers of a run, the first `skip` left out, to `out[at]` and after; returns how many are no value. */
export type Converter = (run: StoredRun, skip: number, out: Float32Array, at: number, n: number) => number;

/**
 * `out = float32(y / (1 + curve · y))` with `y = scale · stored + offset`, NaN where the stored number is nodata or the value
 * is not within bounds. With scale 0.0001 the stored number 4500 becomes 0.45, with curve 0.1 besides 0.430622.
 */
export function converterOf(sample: StoredArray, conversion: Conversion): Converter {
  if (sample.BYTES_PER_ELEMENT > 2) return (...work) => convert(conversion, ...work);
  // There are so few numbers of 8 and 16 bits that each is converted once and then looked up.
  const bits = 8 * sample.BYTES_PER_ELEMENT;
  const isSigned = sample instanceof Int8Array || sample instanceof Int16Array;
  const samples = Int32Array.from({ length: 2 ** bits }, (_, i) =>
    isSigned ? (i << (32 - bits)) >> (32 - bits) : i,
  );
  const table = new Float32Array(samples.length);
  convert(conversion, { samples, start: 0, stride: 1 }, 0, table, 0, table.length);
  const kernels = sample instanceof Uint16Array ? int16Kernels() : null;
  if (kernels === null) return (...work) => lookUp(table, ...work);
  const [min, max] = withinFloats([conversion.min, conversion.max]);
  const own = { ...conversion, curve: conversion.curve ?? 0, nodata: conversion.nodata ?? -1, min, max };
  return (run, skip, out, at, n) => {
    const { samples, stride } = run;
    const fast = n - (n % 4);
    if (
      fast === 0 ||
      n > MOST_CONVERTED ||
      !(samples instanceof Uint16Array) ||
      (stride !== 1 && stride !== 4)
    ) {
      return lookUp(table, run, skip, out, at, n);
    }
    const words = { samples, start: run.start + skip * stride, stride } as const;
    const missing = kernels.convert(words, fast, own, out, at);
    return missing + lookUp(table, run, skip + fast, out, at + fast, n - fast);
  };
}

function convert(
  { scale, offset, curve = 0, nodata, min, max }: Conversion,
  { samples, start, stride }: StoredRun,
  skip: number,
  out: Float32Array,
  at: number,
  n: number,
): number {
  let missing = 0;
  for (let i = 0, from = start + skip * stride; i < n; i++, from += stride) {
    const stored = samples[from]!;
    const y = stored * scale + offset;
    const value = Math.fround(curve === 0 ? y : y / (1 + curve * y));
    // Written so that NaN fails it too.
    if (stored !== nodata && value >= min && value <= max) out[at + i] = value;
    else {
      out[at + i] = Number.NaN;
      missing += 1;
    }
  }
  return missing;
}

function lookUp(
  table: Float32Array,
  { samples, start, stride }: StoredRun,
  skip: number,
  out: Float32Array,
  at: number,
  n: number,
): number {
  // A negative number is looked up by its bits.
  const mask = table.length - 1;
  let found = 0;
  for (let i = 0, from = start + skip * stride; i < n; i++, from += stride) {
    const value = table[samples[from]! & mask]!;
    out[at + i] = value;
    found += Number.isNaN(value) ? 0 : 1;
  }
  return n - found;
}
