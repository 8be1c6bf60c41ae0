import { CLEAR_DATES, cropRow, isCropId } from '../models/crops.ts';
import { dayNumber, daysOf, valueOn } from '../series/axis.ts';
import { phenology } from '../series/phenology.ts';
import type { Curve } from './curve.ts';

/** One number a place's season is told by. */
interface FeatureRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** Unit: `1` of the index, `day` of the year, `days`, index × days. */
  readonly unit: string;
}

/** Names of features behind the index: `ndvi_peak`. What a model is fitted on is what it is asked with. */
export const SEASON_FEATURES = {
  peak: { title: { zh: '峰值', en: 'highest value of the line' }, unit: '1' },
  peak_day: { title: { zh: '峰值日序', en: 'its day of the year' }, unit: 'day' },
  start: { title: { zh: '生长季开始', en: 'start of season, 20 % of the amplitude' }, unit: 'day' },
  end: { title: { zh: '生长季结束', en: 'end of season, 20 % of the amplitude' }, unit: 'day' },
  length: { title: { zh: '生长季长度', en: 'days from start to end' }, unit: 'days' },
  rise: { title: { zh: '上升速率', en: 'rise a day between 20 and 80 %' }, unit: '1/day' },
  fall: { title: { zh: '下降速率', en: 'fall a day between 80 and 20 %' }, unit: '1/day' },
  large: { title: { zh: '大积分', en: 'area under the line from start to end' }, unit: '1 day' },
  small: { title: { zh: '小积分', en: 'the same above the base' }, unit: '1 day' },
  key: { title: { zh: '关键期均值', en: 'mean of the line over the key window of the crop' }, unit: '1' },
  m05: { title: { zh: '5 月均值', en: 'mean of the line in May' }, unit: '1' },
  m06: { title: { zh: '6 月均值', en: 'mean of the line in June' }, unit: '1' },
  m07: { title: { zh: '7 月均值', en: 'mean of the line in July' }, unit: '1' },
  m08: { title: { zh: '8 月均值', en: 'mean of the line in August' }, unit: '1' },
  m09: { title: { zh: '9 月均值', en: 'mean of the line in September' }, unit: '1' },
} as const satisfies Record<string, FeatureRow>;

export type SeasonFeature = keyof typeof SEASON_FEATURES;

export const FEATURE_IDS = Object.keys(SEASON_FEATURES) as readonly SeasonFeature[]; // keys of the table above

/** The features of one season, NaN where the line does not say, and what they stand on. */
export interface SeasonFeatures {
  readonly values: Readonly<Record<SeasonFeature, number>>;
  /** Clear dates in the key window of the crop. */
  readonly clearDates: number;
  /** Day of the year of the latest clear look; NaN without one. */
  readonly lastDay: number;
}

/**
 * Features of a season line (METHODS 5.4, 7.3). A month or window counts when at least half of its nodes have a value.
 * Dates and integrals are NaN while the season has not come to its end.
 */
export function featuresOf(curve: Curve, crop: string, year: number): SeasonFeatures {
  const { axis, values, looks } = curve;
  const first = dayNumber(`${year}-01-01`) - 1;
  const season = phenology(axis, values);
  const window = isCropId(crop) ? cropRow(crop).window : null;
  const month = (number: number) =>
    meanOver(curve, dayNumber(dateText(year, number)), dayNumber(dateText(year, number + 1)) - 1);
  const top = [...values.keys()].reduce(
    (best, i) => (Number.isFinite(values[i]) && !(values[i]! <= values[best]!) ? i : best),
    0,
  );
  const none = Number.NaN;
  const isOk = season.status === 'ok';
  return {
    values: {
      peak: values[top]!,
      peak_day: Number.isFinite(values[top]) ? daysOf(axis)[top]! - first : none,
      start: isOk ? season.start - first : none,
      end: isOk ? season.end - first : none,
      length: isOk ? season.length : none,
      rise: isOk ? season.rise : none,
      fall: isOk ? season.fall : none,
      large: isOk ? season.largeIntegral : none,
      small: isOk ? season.smallIntegral : none,
      key: window === null ? none : meanOver(curve, first + window[0], first + window[1]),
      m05: month(5),
      m06: month(6),
      m07: month(7),
      m08: month(8),
      m09: month(9),
    },
    clearDates:
      window === null
        ? looks.days.length
        : looks.days.filter((day) => day - first >= window[0] && day - first <= window[1]).length,
    lastDay: looks.days.length === 0 ? none : looks.days.at(-1)! - first,
  };
}

/** True where the key window of the crop was seen often enough (METHODS 13.12). */
export function isKeyWindowSeen({ clearDates }: SeasonFeatures): boolean {
  return clearDates >= CLEAR_DATES;
}

function dateText(year: number, month: number): string {
  return `${year}-${String(month).padStart(2, '0')}-01`;
}

/** Mean of the line over whole days; NaN when fewer than half of them have a value. */
function meanOver({ axis, values }: Curve, from: number, to: number): number {
  let [sum, count] = [0, 0];
  for (let day = from; day <= to; day++) {
    const value = valueOn(axis, values, day);
    if (!Number.isFinite(value)) continue;
    sum += value;
    count++;
  }
  return 2 * count >= to - from + 1 ? sum / count : Number.NaN;
}

/** Header of a table of features, with what joins it to truth and says what it stands on. */
export function featureHeader(product: string): string[] {
  const names = FEATURE_IDS.map((id) => `${product.toLowerCase()}_${id}`);
  return ['parcel', 'year', 'crop', 'region', 'lon', 'lat', 'area_mu', 'clear_dates', 'last_day', ...names];
}

/** A place as a row of such a table; empty cells where nothing is known. */
export function featureCells(
  place: {
    readonly id: string;
    readonly region: string | null;
    readonly areaM2: number;
    readonly row: { readonly lon: number; readonly lat: number };
  },
  year: number,
  crop: string | null,
  features: SeasonFeatures | null,
): string[] {
  const text = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : '');
  const head = [place.id, String(year), crop ?? '', place.region ?? ''];
  const at = [text(place.row.lon, 6), text(place.row.lat, 6), text((place.areaM2 / 2000) * 3, 2)];
  if (features === null) return [...head, ...at, '0', '', ...FEATURE_IDS.map(() => '')];
  const { clearDates, lastDay, values } = features;
  return [
    ...head,
    ...at,
    String(clearDates),
    text(lastDay, 0),
    ...FEATURE_IDS.map((id) => text(values[id], 6)),
  ];
}
