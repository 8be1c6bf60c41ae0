import { int16Kernels, MOST_PIXELS } from '../kernels/int16.ts';
import type { CogArray } from './pyramid.ts';

/** What is known of the values of one band in one block; sums of integers are exact. */
export interface Tally {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly squares: number;
}

/** Counts the pixels that are values: neither nodata nor NaN. */
export function tally(data: CogArray, nodata: number | null): Tally {
  const isIndex = data instanceof Int16Array && nodata === -32768 && data.length <= MOST_PIXELS;
  const kernels = isIndex ? int16Kernels() : null;
  return isIndex && kernels !== null && data.length > 0 ? kernels.tally(data) : tallyByLoop(data, nodata);
}

/** The same by a plain loop, for other arrays. */
export function tallyByLoop(data: CogArray, nodata: number | null): Tally {
  const empty = nodata !== null && data instanceof Float32Array ? Math.fround(nodata) : nodata;
  let count = 0;
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    if (value === empty || Number.isNaN(value)) continue;
    count += 1;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    squares += value * value;
  }
  return { count, min, max, sum, squares };
}

/**
 * The statistics of a band as GDAL keeps them with it, from those of its blocks in order; null when there is no value.
 * Integers are added up exactly, so that the order blocks were made in does not show. Source: GDALRasterBand::SetStatistics.
 */
export function bandStatistics(
  tallies: readonly Tally[],
  pixels: number,
  isFloat: boolean,
): Readonly<Record<string, string>> | null {
  const count = tallies.reduce((total, one) => total + one.count, 0);
  if (count === 0) return null;
  const { mean, variance } = isFloat ? inFloats(tallies, count) : inIntegers(tallies, count);
  return {
    STATISTICS_MAXIMUM: short(
      tallies.reduce((most, one) => Math.max(most, one.max), Number.NEGATIVE_INFINITY),
    ),
    STATISTICS_MEAN: short(mean),
    STATISTICS_MINIMUM: short(
      tallies.reduce((least, one) => Math.min(least, one.min), Number.POSITIVE_INFINITY),
    ),
    STATISTICS_STDDEV: short(Math.sqrt(variance)),
    STATISTICS_VALID_PERCENT: String(Number(((100 * count) / pixels).toPrecision(4))),
  };
}

/** The squares of one block fit into a float64 exactly, those of many do not. */
function inIntegers(tallies: readonly Tally[], count: number) {
  let sum = 0n;
  let squares = 0n;
  for (const one of tallies) {
    sum += BigInt(one.sum);
    squares += BigInt(one.squares);
  }
  const n = BigInt(count);
  return { mean: Number(sum) / count, variance: Number(n * squares - sum * sum) / count / count };
}

function inFloats(tallies: readonly Tally[], count: number) {
  const mean = tallies.reduce((total, one) => total + one.sum, 0) / count;
  const squares = tallies.reduce((total, one) => total + one.squares, 0) / count;
  return { mean, variance: Math.max(0, squares - mean * mean) };
}

/** As many digits as GDAL writes. */
function short(value: number): string {
  return String(Number(value.toPrecision(14)));
}
