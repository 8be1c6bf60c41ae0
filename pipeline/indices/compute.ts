import { HeituError } from '../core/error.ts';
import { isClear, QUALITY } from '../core/quality.ts';
import type { Tile } from '../core/tile.ts';
import type { Backend } from '../kernels/backend.ts';
import { type Bound, type Node, parseFormula } from '../kernels/formula.ts';
import type { StoredFormula } from '../kernels/verify.ts';
import { type BandOf, INDICES, type IndexId, type IndexRow, isIndexId } from './table.ts';

/** Formulas by index, read once. */
const formulas = new Map<IndexId, Node>();

/** The tree of an index: its formula, with the conditions under which it means anything. */
export function formulaOf(id: IndexId): Node {
  const known = formulas.get(id);
  if (known !== undefined) return known;
  const node = conditional(INDICES[id]);
  formulas.set(id, node);
  return node;
}

function conditional({ formula, range: [min, max], requires = [], otherwise }: IndexRow): Node {
  const of = parseFormula(formula);
  const bounds = requires.map(
    (one): Bound => ({ of: parseFormula(one.formula), min: one.min ?? null, max: one.max ?? null }),
  );
  if (otherwise === undefined)
    return bounds.length === 0 ? of : { kind: 'checked', of, requires: bounds, otherwise: null };
  if (!isIndexId(otherwise))
    throw new HeituError('E_INDEX_UNKNOWN', { what: otherwise, where: 'indices/table.ts' });
  return { kind: 'checked', of, requires: [...bounds, { of, min, max }], otherwise: formulaOf(otherwise) };
}

/**
 * One index over one tile of reflectance, as a tile of its own. Pixels where the formula has no value (0/0 is no zero,
 * nor is what a requirement of the row refuses) or one outside the index's range get UNDEFINED; a pixel that is
 * excluded already keeps its reason.
 * With N = 0.45 and R = 0.035 NDVI is 0.8556701.
 */
export async function computeIndex<I extends IndexId>(
  id: I,
  tile: Tile<'toa' | 'boa', BandOf<I>>,
  backend: Backend,
): Promise<Tile<'index', I>> {
  const values = await backend.run(formulaOf(id), tile.bands, tile.quality.length);
  const quality = Uint16Array.from(tile.quality);
  flagUndefined(values, quality, acceptedRange(INDICES[id]));
  // The key is the one id asked for, which a computed key's type forgets.
  const bands = { [id]: values } as Record<I, Float32Array>;
  return { unit: 'index', grid: tile.grid, bands, quality };
}

/**
 * Stored counts of an index tile: value / scale, rounded half away from zero; −32768 where a flag excludes the pixel
 * or the count does not fit. At scale 0.0001 the float32 value 0.8556701 is stored as 8557.
 */
export function quantise<I extends string>(tile: Tile<'index', I>, scale: number): Int16Array {
  // An index tile has exactly one band.
  const [values] = Object.values<Float32Array>(tile.bands);
  return toCounts(values!, tile.quality, scale);
}

/** What would be stored for an index's values on clear pixels. */
export function storedCounts(id: IndexId, values: Float32Array): Int16Array {
  const quality = new Uint16Array(values.length);
  flagUndefined(values, quality, acceptedRange(INDICES[id]));
  return toCounts(values, quality, INDICES[id].scale);
}

/** An index as back ends are compared on it. */
export function storedFormula(id: IndexId): StoredFormula {
  return {
    id,
    node: formulaOf(id),
    stored: (values) => storedCounts(id, values),
    nodata: NODATA_COUNT,
    tolerance: INDICES[id].tolerance,
  };
}

/**
 * Values of a row that count: its range, and what rounds to its ends. A device may be off by the last digit of a
 * float32, or take −1e-40 for 0, and must not decide by that whether there is a value.
 */
export function acceptedRange({
  range: [min, max],
  scale,
}: Pick<IndexRow, 'range' | 'scale'>): [min: number, max: number] {
  return [min - 0.499 * scale, max + 0.499 * scale];
}

function flagUndefined(
  values: Float32Array,
  quality: Uint16Array,
  [min, max]: readonly [number, number],
): void {
  for (let i = 0; i < quality.length; i++) {
    const value = values[i]!;
    // Written so that NaN fails it too.
    if (!(value >= min && value <= max) && isClear(quality[i]!)) quality[i]! |= QUALITY.UNDEFINED.bit;
  }
}

/** Stored count of a pixel that has no value. */
export const NODATA_COUNT = -32768;

/** Values from here on, in counts, would round to one that does not fit or means "no value". */
const LIMIT = 32767.5;

function toCounts(values: Float32Array, quality: Uint16Array, scale: number): Int16Array {
  const counts = new Int16Array(quality.length).fill(NODATA_COUNT);
  const perUnit = countsPerUnit(scale);
  for (let i = 0; i < counts.length; i++) {
    if (!isClear(quality[i]!)) continue;
    const scaled = values[i]! * perUnit;
    // Storing into an Int16Array cuts off towards zero, so that half more on the way out rounds half away from zero.
    if (scaled > -LIMIT && scaled < LIMIT) counts[i] = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
  }
  return counts;
}

/** A scale like 0.0001 is no binary number, but its reciprocal is: times 10000, half a count comes out as a half. */
export function countsPerUnit(scale: number): number {
  const whole = Math.round(1 / scale);
  return Math.abs(whole * scale - 1) < 1e-12 ? whole : 1 / scale;
}
