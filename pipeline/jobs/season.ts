import { HeituError } from '../core/error.ts';
import { mayUse, type Purpose } from '../core/radiometry.ts';
import { beijingDate } from '../core/time.ts';
import { blockOf } from '../models/truth.ts';
import { INNER, type IndexProductId } from '../products/table.ts';
import { type Curve, curveOf, type SeasonLooks, seasonLambda } from '../season/curve.ts';
import { type GrowthPlace, sameDayOf } from '../season/growth.ts';
import { GROWTH_RULE } from '../season/rules.ts';
import { dateOf, dayNumber } from '../series/axis.ts';
import type { Store } from '../store/open.ts';
import {
  type Look,
  type LookFilter,
  looksAt,
  type SeasonPlace,
  type Source,
  seasonPlaces,
  sourcesOf,
} from '../store/season.ts';

/** What is asked of a season. */
export interface SeasonAsked {
  /** Beijing days, both included, of one year. */
  readonly from: string;
  readonly to: string;
  /** Region code or the beginning of one; null for all. */
  readonly region: string | null;
  readonly product: IndexProductId;
  readonly collection: string | null;
}

/** A place with the seasons that were seen of it. */
export interface SeasonMember extends GrowthPlace {
  readonly row: SeasonPlace;
}

/** Everything that season products are made of. */
export interface SeasonData {
  readonly year: number;
  /**
   * The day that is asked about, days since 1970-01-01: the last in the span on which enough was seen clear near by, or where
   * there is none, or nothing is compared, the last with imagery.
   */
  readonly day: number;
  readonly places: readonly SeasonMember[];
  /** Scenes of the span up to that day, oldest first. */
  readonly sources: readonly Source[];
  /** λ of the smooth lines by crop, for five-day steps; the default of the smoother where a crop has none. */
  readonly lambdas: Readonly<Record<string, number>>;
  /** Earlier years that were seen, too. */
  readonly years: readonly number[];
  /** Collections that were left out because their numbers may not be compared over dates. */
  readonly refused: readonly string[];
}

/** Days behind the graded day of an earlier year that are read, so that its line there is held from both sides. */
const BEHIND_DAYS = 40;
/** Places asked for in one statement. */
const BATCH = 2000;

/**
 * Reads parcels, their crops and what was seen of them from a workspace, this year and earlier ones, and makes lines of it.
 * Throws E_PARAMETER_INVALID for a span over two years, E_NOT_FOUND without parcels or imagery, E_NOT_RADIOMETRIC when
 * all imagery of the span is uncalibrated.
 */
export async function readSeason(
  store: Store,
  asked: SeasonAsked,
  purpose: Purpose,
  isCompared: boolean,
): Promise<SeasonData> {
  const { product, collection, region } = asked;
  const [from, to] = [dayNumber(asked.from), dayNumber(asked.to)];
  const year = Number(asked.to.slice(0, 4));
  if (from > to || asked.from.slice(0, 4) !== asked.to.slice(0, 4))
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--from … --to',
      what: `${asked.from} to ${asked.to}: two days of one year, in order`,
    });
  const rows = await seasonPlaces(store, { kind: 'parcel', region });
  if (rows.length === 0)
    throw new HeituError('E_NOT_FOUND', {
      what: region === null ? 'parcels' : `parcels of region ${region}`,
      where: 'heitu parcels import',
    });
  const all = await sourcesOf(store, { product, collection });
  const fit = all.filter(({ scene }) => mayUse(scene.radiometry, purpose));
  const refused = [...new Set(all.filter((one) => !fit.includes(one)).map(({ scene }) => scene.collection))];
  const inSpan = (source: Source, first: number, last: number) => {
    const day = dayOf(source);
    return day >= first && day <= last;
  };
  const inTime = fit.filter((source) => inSpan(source, from, to));
  if (inTime.length === 0) {
    if (all.some((source) => inSpan(source, from, to)))
      throw new HeituError('E_NOT_RADIOMETRIC', { what: refused.join(', '), where: asked.to });
    throw new HeituError('E_NOT_FOUND', {
      what: `${product} ${asked.from} to ${asked.to}`,
      where: 'heitu process',
    });
  }
  const collections = [...new Set(fit.map(({ scene }) => scene.collection))];
  const ids = rows.map(({ id }) => id);
  const last = dayOf(inTime.at(-1)!);
  const read = (first: number, until: number) =>
    looksOf(store, ids, { product, collections, from: dateOf(first), to: dateOf(until) });
  const own = await read(from, last);
  const day = isCompared ? comparedDay(rows, own, inTime, year) : last;
  const seen = new Set(fit.map(({ scene }) => Number(beijingDate(scene.datetime).slice(0, 4))));
  const years = isCompared ? [...seen].filter((one) => one < year).sort() : [];
  const seasons = new Map(rows.map(({ id }) => [id, new Map<number, Curve>()]));
  const crops = new Map(rows.map((row) => [row.id, row.crops]));
  const cropOf = (id: string, one: number) => crops.get(id)![one] ?? '';
  const lambdas = lambdasOf(own, (id) => cropOf(id, year), from, last);
  const keep = (one: number, looks: ReadonlyMap<string, SeasonLooks>, first: number, until: number) => {
    for (const [id, season] of looks)
      seasons.get(id)!.set(one, curveOf(season, first, until, lambdas.get(cropOf(id, one)) ?? null));
  };
  for (const one of years) {
    const [first, until] = [sameDayOf(from, one), sameDayOf(day, one) + BEHIND_DAYS];
    keep(one, await read(first, until), first, until);
  }
  keep(year, own, from, last);
  const places = rows.map(
    (row): SeasonMember => ({
      id: row.id,
      region: row.regionCode,
      areaM2: row.areaM2,
      cell: blockOf(row.lon, row.lat, GROWTH_RULE.cellKm),
      crops: row.crops,
      seasons: seasons.get(row.id)!,
      row,
    }),
  );
  const sources = inTime.filter((source) => dayOf(source) <= day);
  return { year, day, places, sources, years, lambdas: Object.fromEntries(lambdas), refused };
}

/** Beijing day of a scene. */
export function dayOf({ scene }: Source): number {
  return dayNumber(beijingDate(scene.datetime));
}

/** What was seen of places within a span, by place. */
async function looksOf(
  store: Store,
  ids: readonly string[],
  filter: Omit<LookFilter, 'places' | 'statistic'>,
): Promise<Map<string, SeasonLooks>> {
  const found = new Map<string, SeasonLooks>();
  for (let at = 0; at < ids.length; at += BATCH) {
    const places = ids.slice(at, at + BATCH);
    const looks = await looksAt(store, { ...filter, places, statistic: INNER });
    for (const [id, own] of Map.groupBy(looks, ({ placeId }) => placeId)) found.set(id, seasonLooks(own));
  }
  return found;
}

/** λ by crop, from what was seen this year. */
function lambdasOf(
  looks: ReadonlyMap<string, SeasonLooks>,
  cropOf: (id: string) => string,
  from: number,
  to: number,
): Map<string, number> {
  const byCrop = Map.groupBy(looks, ([id]) => cropOf(id));
  const found = new Map<string, number>();
  for (const [crop, own] of byCrop) {
    const seasons = own.map(([, season]) => season);
    const lambda = seasonLambda(seasons, from, to);
    if (lambda !== null) found.set(crop, lambda);
  }
  return found;
}

/** The last day with imagery on which enough of the crop area had been seen clear within some days; else the very last. */
function comparedDay(
  rows: readonly SeasonPlace[],
  looks: ReadonlyMap<string, SeasonLooks>,
  sources: readonly Source[],
  year: number,
): number {
  const crop = rows.filter((row) => (row.crops[year] ?? '') !== '');
  const whole = crop.reduce((sum, { areaM2 }) => sum + areaM2, 0);
  const days = [...new Set(sources.map(dayOf))].sort((a, b) => b - a);
  const enough = days.find((day) => {
    const near = crop.filter(({ id }) =>
      looks.get(id)?.days.some((own) => own <= day && day - own <= GROWTH_RULE.nearDays),
    );
    const seen = near.reduce((sum, { areaM2 }) => sum + areaM2, 0);
    return seen > 0 && seen >= GROWTH_RULE.leastSeen * whole;
  });
  return enough ?? days[0]!; // there is imagery: checked before
}

/** Looks of one place by day; of two scenes of a day the one that saw more of it. */
function seasonLooks(looks: readonly Look[]): SeasonLooks {
  const byDay = new Map<string, Look>();
  for (const look of looks) {
    const known = byDay.get(look.date);
    if (known === undefined || look.clearFraction > known.clearFraction) byDay.set(look.date, look);
  }
  const clear = [...byDay.values()].filter(({ value }) => value !== null);
  return {
    days: clear.map(({ date }) => dayNumber(date)),
    values: clear.map(({ value }) => value!),
    pixels: clear.map(({ pixelCount }) => pixelCount),
    clear: clear.map(({ clearFraction }) => clearFraction),
    looked: byDay.size,
  };
}
