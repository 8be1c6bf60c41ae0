import { EXCLUDING, QUALITY } from '../core/quality.ts';
import type { Tile } from '../core/tile.ts';
import type { Backend } from '../kernels/backend.ts';
import { type Node, parseFormula } from '../kernels/formula.ts';
import { type BandOf, INDICES, type IndexId } from './table.ts';

/** Formulas by index, read once. */
const formulas = new Map<IndexId, Node>();

function formulaOf(id: IndexId): Node {
  const known = formulas.get(id);
  if (known !== undefined) return known;
  const node = parseFormula(INDICES[id].formula);
  formulas.set(id, node);
  return node;
}

/**
 * One index over one tile of reflectance, as a tile of its own. Pixels where the formula has no finite value
 * (0/0 is no zero) or one outside the index's range get UNDEFINED; flags that are there stay, and nothing is cleared.
 * With N = 0.45 and R = 0.035 NDVI is 0.8556701.
 */
export async function computeIndex<I extends IndexId>(
  id: I,
  tile: Tile<'toa' | 'boa', BandOf<I>>,
  backend: Backend,
): Promise<Tile<'index', I>> {
  const values = await backend.run(formulaOf(id), tile.bands, tile.quality.length);
  const quality = Uint16Array.from(tile.quality);
  const [min, max] = INDICES[id].range;
  for (let i = 0; i < quality.length; i++) {
    const value = values[i]!;
    // Written so that NaN fails it too.
    if (!(value >= min && value <= max)) quality[i]! |= QUALITY.UNDEFINED.bit;
  }
  // The key is the one id asked for, which a computed key's type forgets.
  const bands = { [id]: values } as Record<I, Float32Array>;
  return { unit: 'index', grid: tile.grid, bands, quality };
}

/** Stored count of a pixel that has no value. */
export const NODATA_COUNT = -32768;

/**
 * Stored counts of an index tile: value / scale, rounded half away from zero; −32768 where a flag excludes the pixel
 * or the count does not fit. At scale 0.0001 the float32 value 0.8556701 is stored as 8557.
 */
export function quantise<I extends string>(tile: Tile<'index', I>, scale: number): Int16Array {
  // An index tile has exactly one band.
  const [values] = Object.values<Float32Array>(tile.bands);
  const counts = new Int16Array(tile.quality.length).fill(NODATA_COUNT);
  const perUnit = countsPerUnit(scale);
  for (let i = 0; i < counts.length; i++) {
    if ((tile.quality[i]! & EXCLUDING) !== 0) continue;
    const scaled = values![i]! * perUnit;
    const count = Math.sign(scaled) * Math.round(Math.abs(scaled));
    if (count > NODATA_COUNT && count <= 32767) counts[i] = count;
  }
  return counts;
}

/** A scale like 0.0001 is no binary number, but its reciprocal is: times 10000, half a count comes out as a half. */
function countsPerUnit(scale: number): number {
  const whole = Math.round(1 / scale);
  return Math.abs(whole * scale - 1) < 1e-12 ? whole : 1 / scale;
}
