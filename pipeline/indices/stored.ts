import type { Node } from '../kernels/formula.ts';
import type { BandCode } from '../sensors/bands.ts';
import { formulaOf, NODATA_COUNT } from './compute.ts';
import { storeCounts } from './counts.ts';
import { INDICES, type IndexId } from './table.ts';

/**
 * What is needed to compute an index and to store it, be it a row of the table or an expression. Plain data, so that it
 * can go to a thread.
 */
export interface StoredIndex {
  /** Becomes part of a file name and the band's description. */
  readonly id: string;
  readonly formula: string;
  readonly node: Node;
  readonly bands: readonly BandCode[];
  /** Values outside are none. */
  readonly range: readonly [min: number, max: number];
  /** Stored number = value / scale; 1 where values are stored as they are. */
  readonly scale: number;
  readonly dtype: 'int16' | 'float32';
  /** −32768 for counts, NaN for float32. */
  readonly nodata: number;
}

/** An index of the table as it is stored. `storedIndex('NDVI')` is int16 at scale 0.0001. */
export function storedIndex(id: IndexId): StoredIndex {
  const { formula, bands, range, scale } = INDICES[id];
  return { id, formula, node: formulaOf(id), bands, range, scale, dtype: 'int16', nodata: NODATA_COUNT };
}

/** Puts values into an array of the index's dtype, its nodata where there is none; returns how many are values. */
export function storeValues(values: Float32Array, row: StoredIndex, out: Int16Array | Float32Array): number {
  if (out instanceof Int16Array) return storeCounts(values, row, out);
  const [min, max] = row.range;
  let valid = 0;
  for (let i = 0; i < out.length; i++) {
    const value = values[i]!;
    const hasValue = value >= min && value <= max;
    out[i] = hasValue ? value : row.nodata;
    if (hasValue) valid += 1;
  }
  return valid;
}
