import { int16Kernels } from '../kernels/int16.ts';
import { acceptedRange, countsPerUnit, NODATA_COUNT } from './compute.ts';
import type { IndexRow } from './table.ts';

/** Values from here on, in counts, would round to one that does not fit or means "no value". */
const LIMIT = 32767.5;

/**
 * Values as they are stored, in one pass: value / scale, rounded half away from zero, −32768 where the value is not
 * within the row's range, no number, or too large to be stored. Returns how many are values. Same counts as `quantise`.
 */
export function storeCounts(
  values: Float32Array,
  row: Pick<IndexRow, 'range' | 'scale'>,
  out: Int16Array,
): number {
  const range = acceptedRange(row);
  const perUnit = countsPerUnit(row.scale);
  const kernels = int16Kernels();
  return kernels === null
    ? storeByLoop(values, range, perUnit, out)
    : kernels.quantise(values, range, perUnit, out);
}

/** The same by a plain loop, where there is no SIMD. */
export function storeByLoop(
  values: Float32Array,
  [min, max]: readonly [number, number],
  perUnit: number,
  out: Int16Array,
): number {
  let valid = 0;
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!;
    const scaled = value * perUnit;
    if (value >= min && value <= max && scaled > -LIMIT && scaled < LIMIT) {
      // Storing into an Int16Array cuts off towards zero, so that half more on the way out rounds half away from zero.
      out[i] = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
      valid += 1;
    } else out[i] = NODATA_COUNT;
  }
  return valid;
}

/** Takes the values of pixels back whose band has none; returns how many there were. */
export function blankCounts(band: Float32Array, out: Int16Array | Float32Array, nodata: number): number {
  let blanked = 0;
  for (let i = 0; i < out.length; i++) {
    // A NaN nodata equals itself here.
    if (!Number.isNaN(band[i]!) || Object.is(out[i], nodata)) continue;
    out[i] = nodata;
    blanked += 1;
  }
  return blanked;
}
