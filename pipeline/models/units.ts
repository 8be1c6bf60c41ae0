import { HeituError } from '../core/error.ts';
import { type CropId, cropRow } from './crops.ts';
import { columnIndex, type Table } from './csv.ts';

/** Units yields are written in and what a person may call them; the factor makes kg/ha of one. */
export const YIELD_UNITS = {
  'kg/ha': { perHectare: 1, names: ['kg/ha', 'kg ha-1', '公斤/公顷', '千克/公顷'] },
  't/ha': { perHectare: 1000, names: ['t/ha', 't ha-1', 'mg/ha', '吨/公顷'] },
  '斤/亩': { perHectare: 7.5, names: ['斤/亩', 'jin/mu'] },
  'kg/亩': { perHectare: 15, names: ['kg/亩', '公斤/亩', 'kg/mu'] },
  'bu/ac': { perHectare: null, names: ['bu/ac', 'bu/acre'] },
} as const satisfies Record<string, { perHectare: number | null; names: readonly string[] }>;

export type YieldUnit = keyof typeof YIELD_UNITS;

const POUND_KG = 0.45359237;
const ACRE_HA = 0.40468564224;

/** The unit a person named, or null. `unitNamed('Bu/Acre')` is `bu/ac`. */
export function unitNamed(text: string): YieldUnit | null {
  const word = text.trim().toLowerCase();
  for (const [id, row] of Object.entries(YIELD_UNITS))
    if (row.names.some((name) => name.toLowerCase() === word)) return id as YieldUnit; // a key of the table
  return null;
}

/**
 * Factor from a unit to kg/ha at the crop's storage moisture; bushels are also brought from the moisture they are
 * quoted at. `kgPerHa('bu/ac', 'soybean')` is 67.25, `kgPerHa('斤/亩', 'maize')` is 7.5.
 * Throws E_UNIT_INVALID for bushels of a crop that is not sold so. Source: US bushel weights, 7 CFR 810.
 */
export function kgPerHa(unit: YieldUnit, crop: CropId): number {
  const { perHectare } = YIELD_UNITS[unit];
  if (perHectare !== null) return perHectare;
  const { bushel, moisture } = cropRow(crop);
  if (bushel === null) throw new HeituError('E_UNIT_INVALID', { what: `bushels of ${crop}`, where: unit });
  const wet = moisture === null ? 1 : (1 - bushel.moisture) / (1 - moisture);
  return ((bushel.pounds * POUND_KG) / ACRE_HA) * wet;
}

/**
 * The one unit of a table of truth: as stated for all, or by its own column `unit`. Throws E_UNIT_INVALID where none
 * is stated, one is not known, rows differ, or column and statement contradict each other.
 */
export function unitOf(table: Table, stated: string | undefined): YieldUnit {
  const fault = (what: string) => new HeituError('E_UNIT_INVALID', { what, where: table.where });
  const said = stated === undefined ? null : unitNamed(stated);
  if (stated !== undefined && said === null) throw fault(`unknown unit ${stated}`);
  if (!table.header.includes('unit')) {
    if (said === null) throw fault('no unit stated');
    return said;
  }
  const column = columnIndex(table, 'unit');
  const words = [...new Set(table.rows.map((row) => row[column]!.trim()))];
  const units = new Set(words.map(unitNamed));
  const unknown = words.find((word) => unitNamed(word) === null);
  if (unknown !== undefined) throw fault(unknown === '' ? 'rows without a unit' : `unknown unit ${unknown}`);
  if (units.size > 1) throw fault(`mixed units (${words.join(', ')})`);
  const [own] = units;
  if (own === undefined || own === null) throw fault('no unit stated');
  if (said !== null && said !== own) throw fault(`its column says ${own}, the request ${said}`);
  return own;
}
