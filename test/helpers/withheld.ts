import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seeded } from '../../pipeline/core/random.ts';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { axisOver, dayNumber, valueOn } from '../../pipeline/series/axis.ts';
import { classWeight } from '../../pipeline/series/observations.ts';
import { SMOOTHERS, type SmootherId, smoothSeries } from '../../pipeline/series/smooth.ts';
import type { WhittakerParameters } from '../../pipeline/series/whittaker.ts';

/** A series of one place with what its flags say. */
export interface Flagged {
  readonly name: string;
  readonly days: readonly number[];
  readonly values: readonly number[];
  /** True where the flags leave no doubt: these are hidden and predicted. */
  readonly clear: readonly boolean[];
  /** Weights that the flags give. */
  readonly weights: readonly number[];
}

/** How well hidden clear observations are predicted. */
export interface Prediction {
  readonly method: string;
  readonly n: number;
  readonly rmse: number;
  /** Its RMSE over that of straight lines, on the observations that both predict. */
  readonly ratio: number;
}

export interface WithheldOptions {
  /** `hidden`: every observation counts alike. `used`: by the weights of its flags. `flawless`: clear ones alone. */
  readonly flags: 'hidden' | 'used' | 'flawless';
  readonly folds: number;
  readonly seed: number;
  /** Smooth year by year with so many days on both sides, or all at once. */
  readonly margin: number | null;
  readonly step: number;
  /** Parameters of Whittaker's method that differ from its own. */
  readonly whittaker?: Partial<WhittakerParameters>;
}

/** The table's keys, which the compiler knows. */
const METHODS = Object.keys(SMOOTHERS) as SmootherId[];

const weightOf: Readonly<Record<WithheldOptions['flags'], (one: Flagged, i: number) => number>> = {
  hidden: () => 1,
  used: ({ weights }, i) => weights[i]!,
  flawless: ({ clear }, i) => (clear[i] ? 1 : 0),
};

/**
 * Hides the clear observations of every series a fold at a time, smooths what is left with each method at its defaults, and
 * compares the line with what was hidden, on its own day.
 */
export function withheld(series: readonly Flagged[], options: WithheldOptions): Prediction[] {
  const random = seeded(options.seed);
  const errors = new Map<SmootherId, number[]>(METHODS.map((method) => [method, []]));
  for (const one of series) {
    const fold = one.days.map(() => Math.floor(random() * options.folds));
    for (const [from, to] of seasonsOf(one.days, options.margin)) {
      const [start, end] = [from - (options.margin ?? 0), to + (options.margin ?? 0)];
      const inside = [...one.days.keys()].filter((i) => one.days[i]! >= start && one.days[i]! <= end);
      const axis = axisOver(start, end, options.step);
      for (let hidden = 0; hidden < options.folds; hidden++) {
        const isHidden = (i: number) => one.clear[i]! && fold[i] === hidden;
        const left = inside.filter((i) => !isHidden(i));
        const asked = inside.filter((i) => isHidden(i) && one.days[i]! >= from && one.days[i]! <= to);
        const seen = {
          days: left.map((i) => one.days[i]!),
          values: left.map((i) => one.values[i]!),
          weights: left.map((i) => weightOf[options.flags](one, i)),
        };
        for (const method of METHODS) {
          const parameters = method === 'whittaker' ? options.whittaker : undefined;
          const { values } = smoothSeries(method, seen, axis, {
            parameters,
            maxGap: Number.POSITIVE_INFINITY,
          });
          for (const i of asked)
            errors.get(method)!.push(valueOn(axis, values, one.days[i]!) - one.values[i]!);
        }
      }
    }
  }
  const straight = errors.get('linear')!;
  return METHODS.map((method) => {
    const own = errors.get(method)!;
    const both = [...own.keys()].filter((i) => Number.isFinite(own[i]) && Number.isFinite(straight[i]));
    const rmse = (all: readonly number[]) =>
      Math.sqrt(both.reduce((sum, i) => sum + all[i]! ** 2, 0) / both.length);
    return { method, n: both.length, rmse: rmse(own), ratio: rmse(own) / rmse(straight) };
  });
}

/** Calendar years that the days reach into, or all of it. */
function seasonsOf(days: readonly number[], margin: number | null): (readonly [number, number])[] {
  const [first, last] = [Math.min(...days), Math.max(...days)];
  if (margin === null) return [[first, last]];
  const yearOf = (day: number) => new Date(day * 86_400_000).getUTCFullYear();
  return Array.from({ length: yearOf(last) - yearOf(first) + 1 }, (_, i) => {
    const year = yearOf(first) + i;
    return [dayNumber(`${year}-01-01`), dayNumber(`${year}-12-31`)] as const;
  });
}

/** MOD13A1 NDVI of the flux sites on the days it was taken, with SummaryQA: 0 is clear. */
export function fluxSites(folder: string): Flagged[] {
  const [head = '', ...lines] = readFileSync(join(folder, 'mod13a1-flux-sites/mod13a1_10sites.csv'), 'utf8')
    .trim()
    .replaceAll('"', '')
    .split('\n');
  const column = (name: string) => head.split(',').indexOf(name);
  const [doy, ndvi, qa, date, site] = ['DayOfYear', 'NDVI', 'SummaryQA', 'date', 'site'].map(column) as [
    number,
    number,
    number,
    number,
    number,
  ]; // five names, five columns
  const rows = lines.map((line) => line.split(',')).filter((row) => Number.isFinite(Number(row[ndvi])));
  return [...new Set(rows.map((row) => row[site]!))].map((name) => {
    const own = rows.filter((row) => row[site] === name);
    const quality = own.map((row) => (row[qa] === 'NA' ? 3 : Number(row[qa])));
    return {
      name,
      days: own.map((row) => dayTaken(dayNumber(row[date]!), Number(row[doy]))),
      values: own.map((row) => Number(row[ndvi]) / 10_000),
      clear: quality.map((value) => value === 0),
      weights: quality.map((value) => classWeight('modis-summary-qa', value)),
    };
  });
}

/** The day a 16-day composite took, which may lie behind New Year. */
function dayTaken(start: number, dayOfYear: number): number {
  if (!Number.isFinite(dayOfYear)) return start;
  const year = new Date(start * 86_400_000).getUTCFullYear();
  const day = dayNumber(`${year}-01-01`) + dayOfYear - 1;
  return day < start ? dayNumber(`${year + 1}-01-01`) + dayOfYear - 1 : day;
}

/** Every `every`-th pixel of Slovenia's 68 Sentinel-2 dates, with its machine cloud mask. */
export async function slovenia(folder: string, every: number): Promise<Flagged[]> {
  const stamps = JSON.parse(readFileSync(join(folder, 'timestamps.json'), 'utf8')) as string[]; // its README
  const [ndvi, clouds] = await Promise.all(
    ['ndvi_68dates_float32.tif', 'clm_68dates_uint8.tif'].map((name) => planesOf(join(folder, name))),
  );
  const days = stamps.map(dayNumber);
  return pixelsOf(ndvi![0]!.length, every).map((i) => ({
    name: String(i),
    days,
    values: ndvi!.map((plane) => plane[i]!),
    clear: clouds!.map((plane) => plane[i] === 0),
    weights: clouds!.map((plane) => (plane[i] === 0 ? 1 : 0)),
  }));
}

/** Every `every`-th pixel of the 392 MODIS composites of Sinop, which carry no flags: all count as clear. */
export async function sinop(folder: string, every: number): Promise<Flagged[]> {
  const dates = readFileSync(join(folder, 'stack_2000_2017/dates_392.csv'), 'utf8').match(
    /\d{4}-\d{2}-\d{2}/g,
  );
  const planes = await planesOf(join(folder, 'stack_2000_2017/sinop-crop-ndvi.tif'));
  const days = [...(dates ?? [])].map(dayNumber);
  return pixelsOf(planes[0]!.length, every).map((i) => {
    const values = planes.map((plane) => plane[i]! / 10_000);
    const isThere = planes.map((plane) => plane[i]! > -3000);
    return { name: String(i), days, values, clear: isThere, weights: isThere.map(Number) };
  });
}

function pixelsOf(length: number, every: number): number[] {
  return Array.from({ length: Math.floor(length / every) }, (_, i) => i * every);
}

async function planesOf(path: string): Promise<readonly ArrayLike<number>[]> {
  const raster = await openRaster(path);
  try {
    const { width, height, bandCount } = raster.info;
    const bands = Array.from({ length: bandCount }, (_, i) => i + 1);
    return await raster.read(bands, { col: 0, row: 0, width, height });
  } finally {
    await raster.close();
  }
}
