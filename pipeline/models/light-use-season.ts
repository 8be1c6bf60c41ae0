import { HeituError } from '../core/error.ts';
import { CLEAR_DATES, type CropId, cropRow } from './crops.ts';
import { columnIndex, invalid, numberOf, type Table } from './csv.ts';
import { daily, type LightUseYield, lightUseYield } from './light-use.ts';
import { dateOf, dayOfYear, fillWeather, type Station } from './weather.ts';

/** NDVI of one field and year on its clear dates. */
export interface FieldSeries {
  readonly id: string;
  readonly year: number;
  readonly station: string;
  readonly days: readonly number[];
  readonly ndvi: readonly number[];
}

/** The light-use yield of a field and year, or why there is none. */
export type LightUseResult =
  | {
      readonly field: FieldSeries;
      readonly status: 'ok';
      readonly result: LightUseYield;
      readonly notes: readonly string[];
    }
  | {
      readonly field: FieldSeries;
      readonly status: 'insufficient' | 'weather-gap' | 'no-model';
      readonly reason: { readonly zh: string; readonly en: string };
    };

/**
 * Series in long form: a row a field and date, columns key, `date`, `ndvi`, and `station` where weather is of several.
 * Empty values are dates that were not clear. Throws E_TABLE_INVALID for what is no date or no NDVI.
 */
export function readSeries(table: Table, key: string): FieldSeries[] {
  const [keyAt, dateAt, ndviAt] = [key, 'date', 'ndvi'].map((name) => columnIndex(table, name)) as [
    number,
    number,
    number,
  ]; // three names, three places
  const stationAt = ['station', 'cell'].map((name) => table.header.indexOf(name)).find((at) => at >= 0);
  const fields = new Map<
    string,
    { id: string; year: number; station: string; days: number[]; ndvi: number[] }
  >();
  table.rows.forEach((cells, row) => {
    const date = cells[dateAt]!.trim();
    const day = Date.parse(`${date}T00:00:00Z`) / 86_400_000;
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(day))
      throw invalid(table.where, `row ${row + 2}: ${date || 'no date'} is not a date like 2024-07-15`);
    const ndvi = numberOf(table, row, ndviAt);
    if (ndvi < -1 || ndvi > 1) throw invalid(table.where, `row ${row + 2}: an NDVI of ${ndvi}`);
    const id = cells[keyAt]!.trim();
    const year = Number(date.slice(0, 4));
    const name = `${id}\u0000${year}`;
    const field = fields.get(name) ?? {
      id,
      year,
      station: stationAt === undefined ? '' : cells[stationAt]!.trim(),
      days: [],
      ndvi: [],
    };
    fields.set(name, field);
    if (Number.isNaN(ndvi)) return;
    field.days.push(day);
    field.ndvi.push(ndvi);
  });
  return [...fields.values()];
}

/** Runs the chain for every field; each has a result or a named reason. Throws E_WEATHER_INVALID for no station or latitude. */
export function lightUseOf(
  fields: readonly FieldSeries[],
  stations: readonly Station[],
  crop: CropId,
  latitude: number | undefined,
): LightUseResult[] {
  const { lightUse, moisture, window } = cropRow(crop);
  return fields.map((field) => {
    if (lightUse === null || moisture === null) {
      const reason = { zh: `${crop} 无光能利用率参数`, en: `no light-use parameters of ${crop}` };
      return { field, status: 'no-model', reason };
    }
    const [from, to] = window.map((doy) => dayOfYear(field.year, doy)) as [number, number]; // a pair of days
    const clear = new Set(field.days.filter((day) => day >= from && day <= to)).size;
    if (clear < CLEAR_DATES) {
      const reason = {
        zh: `关键期晴空 ${clear} 次，少于 ${CLEAR_DATES}`,
        en: `${clear} clear dates from ${dateOf(from)} to ${dateOf(to)}, ${CLEAR_DATES} needed`,
      };
      return { field, status: 'insufficient', reason };
    }
    const station = stationOf(stations, field.station);
    const north = latitude ?? station.latitude;
    if (north === null)
      throw new HeituError('E_WEATHER_INVALID', { where: station.id || 'weather', what: 'no latitude' });
    const [first, last] = lightUse.season.map((doy) => dayOfYear(field.year, doy)) as [number, number]; // a pair
    const { weather, gaps } = fillWeather(station, north, first, last);
    if (weather === null) {
      const words = gaps.map(({ what, from: date, days }) => `${what} ${date} +${days} d`).join(', ');
      return { field, status: 'weather-gap', reason: { zh: `缺测：${words}`, en: `missing: ${words}` } };
    }
    const ndvi = daily(field.days, field.ndvi, first, last - first + 1);
    const result = lightUseYield(ndvi, weather, north, lightUse.season[0], lightUse, moisture);
    return { field, status: 'ok', result, notes: weather.notes };
  });
}

function stationOf(stations: readonly Station[], id: string): Station {
  const [only, ...others] = stations;
  if (others.length === 0 && only !== undefined && (id === '' || id === only.id || only.id === ''))
    return only;
  const found = stations.find((station) => station.id === id);
  if (found === undefined)
    throw new HeituError('E_WEATHER_INVALID', {
      where: id || 'weather',
      what: id === '' ? 'several stations and no column station' : 'no such station or cell',
    });
  return found;
}

/** Five classes by rank among the fields asked about: all that an uncalibrated model can say. */
export const RELATIVE_CLASSES = [
  { zh: '低', en: 'low', upTo: 0.1 },
  { zh: '偏低', en: 'below', upTo: 0.3 },
  { zh: '中', en: 'middle', upTo: 0.7 },
  { zh: '偏高', en: 'above', upTo: 0.9 },
  { zh: '高', en: 'high', upTo: 1 },
] as const;

/** Class of every value by its rank (ties share the mean rank). Five values give low, below… one of each. */
export function relativeClasses(values: readonly number[]): (typeof RELATIVE_CLASSES)[number][] {
  return values.map((value) => {
    const below = values.filter((other) => other < value).length;
    const equal = values.filter((other) => other === value).length;
    const rank = (below + equal / 2) / values.length;
    return RELATIVE_CLASSES.find(({ upTo }) => rank <= upTo) ?? RELATIVE_CLASSES[4];
  });
}
