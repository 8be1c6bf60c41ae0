import { join } from 'node:path';
import { cardText, sha256, type YieldCard } from '../models/card.ts';
import { type CropId, isCropId } from '../models/crops.ts';
import type { Table } from '../models/csv.ts';
import {
  type FieldSeries,
  lightUseOf,
  RELATIVE_CLASSES,
  relativeClasses,
} from '../models/light-use-season.ts';
import { askedOf, type Estimate, estimatesOf, without } from '../models/predict.ts';
import type { Station } from '../models/weather.ts';
import {
  type IndexProductId,
  isIndexProductId,
  SEASON_COLLECTION,
  SEASON_PRODUCTS,
} from '../products/table.ts';
import { lastLook } from '../season/curve.ts';
import {
  featureCells,
  featureHeader,
  featuresOf,
  isKeyWindowSeen,
  type SeasonFeatures,
} from '../season/features.ts';
import {
  type Benchmark,
  benchmarked,
  benchmarkOf,
  isReleased,
  type PlaceYield,
  type Plot,
  type PlotShift,
  plotShiftOf,
  type RegionYield,
  type Statistic,
  shifted,
  yieldRegions,
} from '../season/yield.ts';
import { dateOf } from '../series/axis.ts';
import type { Store } from '../store/open.ts';
import { type ObservationRow, publishSeason } from '../store/run.ts';
import type { CogProfile } from '../write/cog-file.ts';
import { itemId, plainAsked, runName, seasonItem, seasonMap, seasonMetadata } from './growth.ts';
import { writeParcelMap } from './parcel-map.ts';
import { readSeason, type SeasonAsked, type SeasonData, type SeasonMember } from './season.ts';
import type { Workspace } from './workspace.ts';

/** What a yield run is told besides the season. */
export interface YieldAsked extends SeasonAsked {
  /** Null where nothing local was fitted: relative classes only. */
  readonly card: YieldCard | null;
  /** For the light-use chain, and the station's latitude where its file does not say. */
  readonly weather: readonly Station[] | null;
  readonly latitude: number | undefined;
  readonly plots: readonly Plot[];
  readonly statistics: readonly Statistic[];
  /** Relative standard error of the areas. */
  readonly areaError: number;
  readonly version: string;
  readonly now: () => Date;
}

/** What a yield run published. */
export interface YieldMade {
  readonly item: string;
  readonly run: string;
  readonly date: string;
  readonly path: string;
  /** Model, crop and the beginning of the card's checksum; null without a card. */
  readonly model: string | null;
  readonly results: readonly PlaceYield[];
  readonly regions: readonly RegionYield[];
  readonly shift: PlotShift | null;
  readonly benchmark: Benchmark | null;
  readonly data: SeasonData;
}

/**
 * Estimates the yield of every parcel from its season up to the last day with imagery in a span, lets plots and statistics
 * move it, and publishes estimates, reasons and a map of them in one transaction. Without a card it says relative classes
 * only. Throws as `readSeason` does, E_TABLE_INVALID for a card whose columns a season does not have, E_WEATHER_INVALID.
 */
export async function makeYield(store: Store, workspace: Workspace, asked: YieldAsked): Promise<YieldMade> {
  const startedAt = asked.now();
  const products = productsOf(asked);
  const data = await readSeason(store, { ...asked, product: products[0]! }, 'yield', false);
  const others: SeasonData[] = [];
  for (const product of products.slice(1))
    others.push(await readSeason(store, { ...asked, product }, 'yield', false));
  const { card } = asked;
  const first = card === null ? relative(data, asked) : estimated(data, others, products, card, asked);
  const shift = asked.plots.length === 0 ? null : plotShiftOf(first, asked.plots);
  const moved = shift === null ? first : shifted(first, shift);
  const benchmark = asked.statistics.length === 0 ? null : benchmarkOf(moved, asked.statistics);
  const results = benchmark === null ? moved : benchmarked(moved, benchmark);
  const regions = yieldRegions(results, asked.areaError);
  const date = dateOf(data.day);
  const id = itemId('yield', date, { ...asked, product: 'NDVI' });
  const model = card === null ? null : `${card.model}-${card.crop}-${sha256(cardText(card)).slice(0, 12)}`;
  const parameters = {
    ...plainAsked(asked),
    day: date,
    model,
    products,
    lambdas: data.lambdas,
    plots: shift,
    statistics: benchmark === null ? null : Object.fromEntries(benchmark.factors),
    sources: data.sources.map(({ scene, run }) => ({ scene: scene.id, run })),
  };
  const run = runName(asked.version, parameters, results, data.sources);
  const made = await seasonMap(store, workspace, data);
  const product = card === null ? 'YIELD_CLASS' : 'YIELD';
  const path = join('cogs', SEASON_COLLECTION.id, id, `${product}-${run}.tif`);
  const stored = new Map(results.map((one) => [one.id, shownOf(one)]));
  const metadata = {
    ...seasonMetadata(id, run, data, asked.version),
    ...(model === null ? {} : { MODEL: model }),
  };
  const common = { folder: workspace.folder, path, sceneId: id, product, ...made };
  const asset =
    card === null
      ? await writeParcelMap<Uint8Array>({
          ...common,
          profile: classProfile(metadata),
          newTile: (size) => new Uint8Array(size),
          paint: (_, parcels, out) => {
            for (const { id, pixels } of parcels) for (const at of pixels) out[at] = stored.get(id) ?? 0;
          },
        })
      : await writeParcelMap<Int16Array>({
          ...common,
          profile: yieldProfile(metadata),
          newTile: (size) => new Int16Array(size).fill(NODATA),
          paint: (_, parcels, out) => {
            for (const { id, pixels } of parcels) for (const at of pixels) out[at] = stored.get(id) ?? NODATA;
          },
        });
  const item = seasonItem(id, made.grid, data);
  await publishSeason(store, {
    item,
    run: {
      id: run,
      sceneId: id,
      startedAt: startedAt.toISOString(),
      finishedAt: asked.now().toISOString(),
      version: asked.version,
      backend: 'cpu',
      parameters,
    },
    clearFraction: regions.at(-1)!.clearFraction,
    assets: [asset],
    observations: results.flatMap((one) => observationsOf(one, product, item.datetime)),
  });
  return { item: id, run, date, path, model, results, regions, shift, benchmark, data };
}

const NODATA = -32_768;

/** Season features of a workspace as a table that `yield fit` learns from. */
export async function seasonFeatures(
  store: Store,
  asked: SeasonAsked,
): Promise<{ readonly header: string[]; readonly rows: string[][]; readonly data: SeasonData }> {
  const data = await readSeason(store, asked, 'yield', false);
  return { header: featureHeader(asked.product), rows: rowsOf(data), data };
}

function rowsOf(data: SeasonData): string[][] {
  return data.places.map((place) => {
    const crop = place.crops[data.year] ?? null;
    return featureCells(place, data.year, crop, placeFeatures(place, data));
  });
}

function placeFeatures(place: SeasonMember, { year }: SeasonData): SeasonFeatures | null {
  const curve = place.seasons.get(year);
  return curve === undefined ? null : featuresOf(curve, place.crops[year] ?? '', year);
}

/** Index products that a card's columns begin with; the one asked for where it has none. */
function productsOf({ card, product }: YieldAsked): IndexProductId[] {
  const named = (card?.columns ?? []).flatMap((column) => {
    const id = column.split('_')[0]!.toUpperCase();
    return isIndexProductId(id) ? [id] : [];
  });
  return named.length === 0 ? [product] : [...new Set(named)];
}

/** Estimates by a card, in the order of the places. */
function estimated(
  data: SeasonData,
  others: readonly SeasonData[],
  products: readonly IndexProductId[],
  card: YieldCard,
  asked: YieldAsked,
): PlaceYield[] {
  const estimate = estimatesOf(card);
  if (card.model === 'lue') {
    const results = byLightUse(data, card.crop, asked);
    return data.places.map((place) => {
      const one = results.get(place.id);
      const crop = place.crops[data.year];
      // Another crop is refused by the card itself.
      if (one === undefined)
        return yieldOf(place, data, estimate({ id: place.id, crop: crop ?? '', x: [Number.NaN] }));
      const value =
        one.status === 'ok'
          ? estimate({ id: place.id, crop, x: [one.grain] })
          : without(place.id, one.status, one.reason.zh, one.reason.en);
      return yieldOf(place, data, value);
    });
  }
  const rows = rowsOf(data);
  const header = featureHeader(products[0]!);
  const shared = 9;
  for (const [i, other] of others.entries()) {
    header.push(...featureHeader(products[i + 1]!).slice(shared));
    for (const [k, row] of rowsOf(other).entries()) rows[k]!.push(...row.slice(shared));
  }
  const table: Table = { where: 'season features', header, rows };
  const asks = askedOf(table, card, 'parcel');
  return data.places.map((place, i) => yieldOf(place, data, estimate(asks[i]!)));
}

/** Classes by rank among fields of the same crop: of the light-use chain with weather, else of the key window's mean. */
function relative(data: SeasonData, asked: YieldAsked): PlaceYield[] {
  const values = new Map<string, number>();
  const reasons = new Map<string, Estimate>();
  const crops = new Set(
    data.places.map((place) => place.crops[data.year]).filter((crop) => crop !== undefined),
  );
  for (const crop of crops) {
    if (!isCropId(crop) || asked.weather === null) continue;
    for (const [id, one] of byLightUse(data, crop, asked)) {
      if (one.status === 'ok') values.set(id, one.grain);
      else reasons.set(id, without(id, one.status, one.reason.zh, one.reason.en));
    }
  }
  for (const place of data.places) {
    const { id } = place;
    const crop = place.crops[data.year];
    if (crop === undefined) reasons.set(id, without(id, 'no-model', '作物不明', 'crop not known'));
    else if (!isCropId(crop)) reasons.set(id, without(id, 'no-model', `作物 ${crop}`, `crop ${crop}`));
    else if (asked.weather === null) {
      const features = placeFeatures(place, data);
      const clear = features?.clearDates ?? 0;
      if (features === null || !isKeyWindowSeen(features) || !Number.isFinite(features.values.key))
        reasons.set(
          id,
          without(id, 'insufficient', `关键期晴空 ${clear} 次`, `${clear} clear dates in the key window`),
        );
      else values.set(id, features.values.key);
    }
  }
  const classes = new Map<string, number>();
  for (const crop of crops) {
    const ids = data.places.filter(({ id, crops: own }) => own[data.year] === crop && values.has(id));
    const ranked = relativeClasses(ids.map(({ id }) => values.get(id)!));
    for (const [i, { id }] of ids.entries()) classes.set(id, RELATIVE_CLASSES.indexOf(ranked[i]!) + 1);
  }
  return data.places.map((place) => {
    const known = classes.get(place.id) ?? null;
    const estimate =
      known === null
        ? reasons.get(place.id)!
        : without(
            place.id,
            'uncalibrated',
            '没有本地产量校准，等级仅在同作物地块之间比较',
            'no local yields: the class compares fields of the same crop only',
          );
    return { ...yieldOf(place, data, estimate), relative: known };
  });
}

type LightUseAnswer =
  | { readonly status: 'ok'; readonly grain: number }
  | {
      readonly status: 'insufficient' | 'weather-gap' | 'no-model';
      readonly reason: { readonly zh: string; readonly en: string };
    };

/** The light-use chain on the clear looks of the places of one crop. */
function byLightUse(
  { places, year }: SeasonData,
  crop: CropId,
  { weather, latitude }: YieldAsked,
): Map<string, LightUseAnswer> {
  const fields = places.flatMap((place): FieldSeries[] => {
    const looks = place.seasons.get(year)?.looks;
    if (place.crops[year] !== crop || looks === undefined) return [];
    return [{ id: place.id, year, station: '', days: looks.days, ndvi: looks.values }];
  });
  const results = lightUseOf(fields, weather ?? [], crop, latitude);
  return new Map(
    results.map((one) => [
      one.field.id,
      one.status === 'ok'
        ? { status: 'ok', grain: one.result.grain }
        : { status: one.status, reason: one.reason },
    ]),
  );
}

function yieldOf(place: SeasonMember, { year, day }: SeasonData, estimate: Estimate): PlaceYield {
  const looks = place.seasons.get(year)?.looks;
  const last = looks === undefined ? -1 : lastLook(looks, day);
  return {
    id: place.id,
    region: place.region,
    areaM2: place.areaM2,
    crop: place.crops[year] ?? null,
    estimate,
    relative: null,
    unadjusted: null,
    pixelCount: last < 0 ? 0 : looks!.pixels[last]!,
    clearFraction: last < 0 ? 0 : looks!.clear[last]!,
    clearDates: looks?.days.length ?? 0,
  };
}

/** What maps and observations show of an estimate: nothing where the card misses a gate, or there is no interval. */
function shownOf({ estimate, relative }: PlaceYield): number | null {
  if (relative !== null) return relative;
  return isReleased(estimate) ? Math.round(estimate.value!) : null; // a released estimate has a value
}

function yieldProfile(metadata: Readonly<Record<string, string>>): Omit<CogProfile, 'grid'> {
  const { unit, scale } = SEASON_PRODUCTS.YIELD;
  return {
    dtype: 'int16',
    nodata: NODATA,
    compress: 'zstd',
    resampling: 'average',
    bands: [{ description: 'yield estimate, one value a parcel', unit, scale, offset: 0 }],
    metadata,
  };
}

function classProfile(metadata: Readonly<Record<string, string>>): Omit<CogProfile, 'grid'> {
  const classes = SEASON_PRODUCTS.YIELD_CLASS.classes.map(({ zh, en }, i) => `${i + 1}=${zh} ${en}`);
  return {
    dtype: 'uint8',
    nodata: 0,
    compress: 'zstd',
    resampling: 'mode',
    bands: [{ description: 'relative yield class, not calibrated' }],
    metadata: { ...metadata, CLASSES: classes.join('; ') },
  };
}

function observationsOf(
  one: PlaceYield,
  product: 'YIELD' | 'YIELD_CLASS',
  datetime: string,
): ObservationRow[] {
  const { estimate } = one;
  const value = shownOf(one);
  const common = {
    placeId: one.id,
    product,
    datetime,
    pixelCount: one.pixelCount,
    clearFraction: one.clearFraction,
  };
  const [low, high] =
    value === null || one.relative !== null ? [null, null] : [estimate.low90, estimate.high90];
  const whole = (bound: number | null) => (bound === null ? null : Math.round(bound));
  const { status, reason } = estimate;
  const main: ObservationRow = {
    ...common,
    statistic: product === 'YIELD' ? 'yield' : 'class',
    status: value === null ? 'insufficient' : 'ok',
    value,
    low: whole(low),
    high: whole(high),
    ...(status === 'ok' ? {} : { reason: { code: status, ...reason } }),
  };
  if (value === null || one.unadjusted === null) return [main];
  const before = { ...common, statistic: 'unadjusted', status: 'ok' as const, low: null, high: null };
  return [main, { ...before, value: Math.round(one.unadjusted) }];
}
