import { HeituError } from '../core/error.ts';
import { readTable, type Table } from './csv.ts';
import { radiationOfRange, radiationOfSunshine, sunOf } from './radiation.ts';

/** A day at a station or cell as it was given; NaN where the file says nothing. */
export interface WeatherDay {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly tmax: number;
  readonly tmin: number;
  /** MJ m-2 d-1. */
  readonly radiation: number;
  /** Hours. */
  readonly sunshine: number;
  /** mm. */
  readonly rain: number;
}

export interface Station {
  readonly id: string;
  /** Degrees; null where the file does not say. */
  readonly latitude: number | null;
  readonly days: readonly WeatherDay[];
}

/** Weather without holes over some days, and what was done about those it had. */
export interface FilledWeather {
  /** Days since 1970-01-01 of the first. */
  readonly first: number;
  /** °C, mean of the highest and lowest. */
  readonly temperature: Float64Array;
  readonly tmax: Float64Array;
  readonly tmin: Float64Array;
  /** MJ m-2 d-1. */
  readonly radiation: Float64Array;
  readonly rain: Float64Array;
  /** Words about what was filled: `temperature 2 days interpolated`. */
  readonly notes: readonly string[];
}

/** A stretch of days that weather is missing. */
export interface WeatherGap {
  readonly what: 'temperature' | 'radiation' | 'rain';
  readonly from: string;
  readonly days: number;
}

/** Holes up to this many days are filled; longer ones are gaps. */
export const LONGEST_FILL = 3;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  station: ['station', 'cell', 'id', '站号', '站点'],
  latitude: ['latitude', 'lat', '纬度'],
  date: ['date', '日期'],
  tmax: ['tmax', '最高气温'],
  tmin: ['tmin', '最低气温'],
  radiation: ['radiation', 'rs', '太阳辐射'],
  sunshine: ['sunshine', '日照时数'],
  rain: ['rain', 'precipitation', '降水量'],
};

/**
 * Reads daily weather of one or more stations or cells: CSV with a header, or JSON as an array of such rows. Columns: date
 * (YYYY-MM-DD), tmax, tmin (°C), radiation (MJ m-2 d-1) or sunshine (h), rain (mm), and where there are several places
 * station or cell and latitude. Throws E_WEATHER_INVALID for what cannot be so: a lowest above the highest temperature,
 * a day twice, a negative rain, more than 24 hours of sunshine.
 */
export function readWeather(text: string, where: string): readonly Station[] {
  const table = /^\s*\[/.test(text) ? tableOfJson(text, where) : readTable(text, where);
  const at = Object.fromEntries(
    Object.entries(NAMES).map(([name, words]) => [
      name,
      table.header.findIndex((column) => words.includes(column.toLowerCase())),
    ]),
  );
  for (const name of ['date', 'tmax', 'tmin', 'rain'])
    if (at[name]! < 0) throw fault(where, `no column ${name}`);
  if (at.radiation! < 0 && at.sunshine! < 0) throw fault(where, 'neither radiation nor sunshine');
  const places = new Map<string, { latitude: number | null; days: Map<number, WeatherDay> }>();
  table.rows.forEach((cells, row) => {
    const cell = (name: string) => (at[name]! < 0 ? '' : cells[at[name]!]!.trim());
    const value = (name: string) => weatherNumber(cell(name), `${name} in row ${row + 2}`, where);
    const id = cell('station');
    const place = places.get(id) ?? { latitude: null, days: new Map<number, WeatherDay>() };
    if (cell('latitude') !== '') place.latitude = value('latitude');
    const day = dayOf(cell('date'), where, row);
    if (place.days.has(day)) throw fault(where, `${cell('date')} stands there twice${id && ` for ${id}`}`);
    const one = {
      day,
      tmax: value('tmax'),
      tmin: value('tmin'),
      radiation: value('radiation'),
      sunshine: value('sunshine'),
      rain: value('rain'),
    };
    const why = impossible(one);
    if (why !== null) throw fault(where, `${cell('date')}: ${why}`);
    place.days.set(day, one);
    places.set(id, place);
  });
  return [...places].map(([id, { latitude, days }]) => ({
    id,
    latitude,
    days: [...days.values()].sort((a, b) => a.day - b.day),
  }));
}

function impossible(one: WeatherDay): string | null {
  if (one.tmin > one.tmax) return `lowest ${one.tmin} °C above highest ${one.tmax} °C`;
  if (one.tmax > 60 || one.tmin < -70) return `${one.tmax > 60 ? one.tmax : one.tmin} °C`;
  if (one.rain < 0 || one.rain > 1500) return `${one.rain} mm of rain`;
  if (one.sunshine < 0 || one.sunshine > 24) return `${one.sunshine} h of sunshine`;
  if (one.radiation < 0 || one.radiation > 50) return `${one.radiation} MJ m-2 of radiation`;
  return null;
}

/** Empty cells and the services' words for none are NaN: −9999, 32766 and the like of station files. */
function weatherNumber(text: string, what: string, where: string): number {
  if (text === '' || /^(na|nan|null|-)$/i.test(text)) return Number.NaN;
  const value = Number(text);
  if (!Number.isFinite(value)) throw fault(where, `${what}: ${text} is not a number`);
  return value <= -999 || value >= 9999 ? Number.NaN : value;
}

const DAY_MS = 86_400_000;

function dayOf(text: string, where: string, row: number): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text)
    throw fault(where, `row ${row + 2}: ${text || 'no date'} is not a date like 2024-07-15`);
  return ms / DAY_MS;
}

/** `2024-07-15` of a number of days since 1970-01-01. */
export function dateOf(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** Days since 1970-01-01 of a day of a year. */
export function dayOfYear(year: number, doy: number): number {
  return Date.UTC(year, 0, 1) / DAY_MS + doy - 1;
}

function tableOfJson(text: string, where: string): Table {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    throw fault(where, 'it is not JSON');
  }
  if (
    !Array.isArray(rows) ||
    rows.length === 0 ||
    rows.some((row) => typeof row !== 'object' || row === null)
  )
    throw fault(where, 'it is not an array of days');
  const objects = rows as readonly Record<string, unknown>[]; // each was just seen to be an object
  const header = [...new Set(objects.flatMap(Object.keys))];
  const cell = (value: unknown) => (value === null || value === undefined ? '' : String(value));
  return { where, header, rows: objects.map((row) => header.map((name) => cell(row[name]))) };
}

/**
 * Weather of a stretch of days. Up to three days in a row without temperature are interpolated, without radiation taken
 * from the range of temperature (Hargreaves), without rain taken as dry; what is longer is a gap and there is no weather.
 */
export function fillWeather(
  station: Station,
  latitude: number,
  first: number,
  last: number,
): { weather: FilledWeather; gaps: readonly [] } | { weather: null; gaps: readonly WeatherGap[] } {
  const n = last - first + 1;
  const given = new Map(station.days.map((one) => [one.day, one]));
  const of = (key: keyof WeatherDay) =>
    Float64Array.from({ length: n }, (_, i) => given.get(first + i)?.[key] ?? Number.NaN);
  const [tmax, tmin, rain] = [of('tmax'), of('tmin'), of('rain')];
  const [stated, sunshine] = [of('radiation'), of('sunshine')];
  const noTemperature = runsOf(n, (i) => Number.isNaN(tmax[i]!) || Number.isNaN(tmin[i]!));
  const noRain = runsOf(n, (i) => Number.isNaN(rain[i]!));
  const noLight = runsOf(n, (i) => Number.isNaN(stated[i]!) && Number.isNaN(sunshine[i]!));
  const gaps = [
    ...gapsOf('temperature', noTemperature, first),
    ...gapsOf('radiation', noLight, first),
    ...gapsOf('rain', noRain, first),
  ];
  // A hole at either end has only one side to be interpolated from.
  const ends = noTemperature.filter(([from, length]) => from === 0 || from + length === n);
  if (gaps.length > 0 || ends.length > 0) {
    const open = ends.map(([from, length]) => gapOf('temperature', first + from, length));
    return { weather: null, gaps: gaps.length > 0 ? gaps : open };
  }
  for (const series of [tmax, tmin]) interpolate(series, noTemperature);
  for (const [from, length] of noRain) rain.fill(0, from, from + length);
  const radiation = Float64Array.from({ length: n }, (_, i) => {
    if (!Number.isNaN(stated[i]!)) return stated[i]!;
    const date = new Date((first + i) * DAY_MS);
    const sun = sunOf(latitude, first + i - Date.UTC(date.getUTCFullYear(), 0, 1) / DAY_MS + 1);
    if (!Number.isNaN(sunshine[i]!)) return radiationOfSunshine(sun, sunshine[i]!);
    return radiationOfRange(sun, tmax[i]!, tmin[i]!);
  });
  const note = (runs: readonly (readonly [number, number])[], words: string) => {
    const days = runs.reduce((sum, [, length]) => sum + length, 0);
    return days === 0 ? [] : [`${days} day(s) ${words}`];
  };
  const notes = [
    ...note(noTemperature, 'of temperature interpolated'),
    ...note(noLight, 'of radiation from the range of temperature'),
    ...note(noRain, 'of rain taken as dry'),
  ];
  const temperature = tmax.map((high, i) => (high + tmin[i]!) / 2);
  return { weather: { first, temperature, tmax, tmin, radiation, rain, notes }, gaps: [] };
}

/** Stretches of days for which something is so: first and length. */
function runsOf(n: number, is: (i: number) => boolean): [number, number][] {
  const runs: [number, number][] = [];
  for (let i = 0; i < n; i++) {
    if (!is(i)) continue;
    const run = runs.at(-1);
    if (run !== undefined && run[0] + run[1] === i) run[1]++;
    else runs.push([i, 1]);
  }
  return runs;
}

function gapsOf(what: WeatherGap['what'], runs: readonly [number, number][], first: number): WeatherGap[] {
  return runs
    .filter(([, length]) => length > LONGEST_FILL)
    .map(([from, length]) => gapOf(what, first + from, length));
}

const gapOf = (what: WeatherGap['what'], day: number, days: number): WeatherGap => ({
  what,
  from: dateOf(day),
  days,
});

function interpolate(series: Float64Array, runs: readonly [number, number][]): void {
  for (const [from, length] of runs) {
    const [left, right] = [series[from - 1]!, series[from + length]!];
    for (let i = 0; i < length; i++) series[from + i] = left + ((right - left) * (i + 1)) / (length + 1);
  }
}

function fault(where: string, what: string): HeituError {
  return new HeituError('E_WEATHER_INVALID', { where, what });
}
