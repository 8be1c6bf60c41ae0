import { type CropId, cropRow } from './crops.ts';
import { columnIndex, columnsLike, invalid, numberOf, type Table } from './csv.ts';
import { kgPerHa, unitOf } from './units.ts';
import type { Sample } from './validate.ts';

/** Which columns of a truth table say what. */
export interface TruthColumns {
  readonly crop: CropId;
  /** Unit stated for all rows; else the table's own column `unit` says it. */
  readonly unit: string | undefined;
  readonly yieldColumn: string;
  /** What is held out together: a year, or folds as given. */
  readonly group: string;
  /** Region column; null where all rows are of one. */
  readonly region: string | null;
  /** Columns of longitude and latitude in degrees, for blocks of space. */
  readonly lonLat: readonly [string, string] | null;
  /** Edge of a block in km. */
  readonly blockKm: number;
  /** Column that names a place in truth and features; null where both are in one table. */
  readonly key: string | null;
  /** Columns of features, `NDVI*` for all that start so; all that hold numbers where left out. */
  readonly columns: readonly string[];
}

/** A truth row that is not used, and why. */
export interface Refused {
  readonly row: number;
  readonly id: string;
  readonly status: 'unknown-parcel' | 'missing-yield' | 'missing-feature' | 'implausible' | 'other-crop';
  readonly reason: string;
}

export interface Samples {
  readonly samples: readonly Sample[];
  readonly columns: readonly string[];
  readonly refused: readonly Refused[];
}

/**
 * Joins truth and features into rows to learn from, yields in kg/ha at storage moisture. Rows of unknown parcels,
 * without yield or features, of another crop or with a yield no field can have are named and left out. Throws
 * E_TABLE_INVALID and E_UNIT_INVALID for tables that say too little.
 */
export function samplesOf(truth: Table, features: Table | null, as: TruthColumns): Samples {
  const factor = kgPerHa(unitOf(truth, as.unit), as.crop);
  const place = placesOf(truth, as);
  const source = features ?? truth;
  const columns = columnsLike(source, as.columns);
  const numbersAt = columns.map((name) => columnIndex(source, name));
  const rowOf = features === null ? (row: number) => row : joinOf(truth, features, as);
  const yieldAt = columnIndex(truth, as.yieldColumn);
  const cropAt = truth.header.indexOf('crop');
  const [least, most] = cropRow(as.crop).sane;
  const read = (cells: readonly string[], row: number): Sample | Refused => {
    const { id, group, region, block } = place(row);
    const no = (status: Refused['status'], reason: string) => ({ row: row + 2, id, status, reason });
    if (cropAt >= 0 && cells[cropAt]!.trim() !== as.crop)
      return no('other-crop', `crop ${cells[cropAt]!.trim() || 'unknown'}`);
    const y = numberOf(truth, row, yieldAt) * factor;
    if (Number.isNaN(y)) return no('missing-yield', 'no yield');
    // Half the least and twice the most a field of the crop can have: a slip of unit or decimal point.
    if (y < least / 2 || y > most * 2) return no('implausible', `${y.toFixed(0)} kg/ha`);
    const at = rowOf(row);
    if (at === undefined) return no('unknown-parcel', `no features of ${id}`);
    const x = Float64Array.from(numbersAt, (column) => numberOf(source, at, column));
    const missing = x.findIndex(Number.isNaN);
    if (missing >= 0) return no('missing-feature', `no ${columns[missing]}`);
    return { id, group, region, block, x, y };
  };
  const all = truth.rows.map(read);
  return {
    samples: all.filter((one): one is Sample => !('status' in one)),
    columns,
    refused: all.filter((one): one is Refused => 'status' in one),
  };
}

interface Place {
  readonly id: string;
  readonly group: string;
  readonly region: string;
  readonly block: string | null;
}

function placesOf(truth: Table, as: TruthColumns): (row: number) => Place {
  const at = (name: string) => columnIndex(truth, name);
  const groupAt = at(as.group);
  const regionAt = as.region === null ? -1 : at(as.region);
  const keyAt = as.key === null ? -1 : at(as.key);
  const lonLatAt = as.lonLat?.map(at);
  return (row) => {
    const cell = (column: number) => truth.rows[row]![column]!.trim();
    const group = cell(groupAt);
    if (group === '') throw invalid(truth.where, `row ${row + 2} has no ${as.group}`);
    const region = regionAt < 0 ? 'all' : cell(regionAt);
    const block =
      lonLatAt === undefined
        ? null
        : blockOf(numberOf(truth, row, lonLatAt[0]!), numberOf(truth, row, lonLatAt[1]!), as.blockKm);
    return { id: keyAt < 0 ? `${region}-${group}-${row + 2}` : cell(keyAt), group, region, block };
  };
}

/** Truth rows to feature rows by the key, and by the group too where the features have that column. */
function joinOf(truth: Table, features: Table, as: TruthColumns): (row: number) => number | undefined {
  if (as.key === null)
    throw invalid(features.where, 'a table of its own needs --key, the column that joins it');
  const names = features.header.includes(as.group) ? [as.key, as.group] : [as.key];
  const keyOf = (table: Table) => {
    const at = names.map((name) => columnIndex(table, name));
    return (row: number) => at.map((column) => table.rows[row]![column]!.trim()).join('\u0000');
  };
  const index = new Map<string, number>();
  const ofFeatures = keyOf(features);
  features.rows.forEach((_, row) => {
    const key = ofFeatures(row);
    if (index.has(key)) throw invalid(features.where, `two rows of ${key.replace('\u0000', ', ')}`);
    index.set(key, row);
  });
  const ofTruth = keyOf(truth);
  return (row) => index.get(ofTruth(row));
}

const KM_PER_DEGREE = 111.195;

/** Name of the square block of about `km` a point in degrees lies in. `blockOf(125.32, 43.88, 10)` is `487:1005`. */
export function blockOf(lon: number, lat: number, km: number): string {
  const row = Math.floor((lat * KM_PER_DEGREE) / km);
  // Blocks of one row share the width of its middle, so that neighbours in it do not overlap.
  const shrink = Math.cos((((row + 0.5) * km) / KM_PER_DEGREE / 180) * Math.PI);
  return `${row}:${Math.floor((lon * KM_PER_DEGREE * shrink) / km)}`;
}
