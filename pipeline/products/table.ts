import type { IndexId } from '../indices/table.ts';
import type { StatisticId } from '../zones/statistics.ts';
import { type RampStop, ramp, VEGETATION, WATER } from './legend.ts';

/** What every product says of itself. Plain data: printable, diffable, and sent to the viewer as it is. */
interface CommonRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** What its ends mean in words, low and high. */
  readonly ends: { readonly zh: readonly [string, string]; readonly en: readonly [string, string] };
  /** Physical unit; `1` is dimensionless. */
  readonly unit: string;
  /** Colours by value; of a product of classes one a class. */
  readonly legend: readonly RampStop[];
  /** Under this clear share a place's value is `insufficient` (METHODS 6.3). */
  readonly minimumClear: number;
}

/**
 * Mean of the pixels that lie wholly inside a place with all eight neighbours: what growth and yield look at, so that
 * ditches, roads and the crop next door stay out (METHODS 6.3).
 */
export const INNER = 'inner';

/** An index of one scene. */
export interface IndexProductRow extends CommonRow {
  readonly from: { readonly index: IndexId };
  /** Statistics kept per place, the first where none is asked for. */
  readonly statistics: readonly (StatisticId | typeof INNER)[];
}

/** Something made of many dates. */
export interface SeasonProductRow extends CommonRow {
  readonly from: { readonly season: 'growth' | 'yield' };
  /** Value of one stored count. */
  readonly scale: number;
  /** Names of its classes in the order of the legend; null where values are numbers. */
  readonly classes: readonly { readonly zh: string; readonly en: string }[] | null;
  /** What is said of a place, the first where nothing is asked for. */
  readonly statistics: readonly string[];
}

export type ProductRow = IndexProductRow | SeasonProductRow;

export const INDEX_PRODUCTS = {
  NDVI: {
    title: { zh: '植被指数 NDVI', en: 'Vegetation index NDVI' },
    ends: { zh: ['裸土', '茂密'], en: ['bare soil', 'dense'] },
    from: { index: 'NDVI' },
    unit: '1',
    legend: ramp(VEGETATION, -0.1, 0.95),
    statistics: ['mean', 'stdev', 'median', INNER],
    minimumClear: 0.6,
  },
  EVI2: {
    title: { zh: '增强植被指数 EVI2', en: 'Enhanced vegetation index EVI2' },
    ends: { zh: ['裸土', '茂密'], en: ['bare soil', 'dense'] },
    from: { index: 'EVI2' },
    unit: '1',
    legend: ramp(VEGETATION, 0, 0.8),
    statistics: ['mean', 'stdev', 'median', INNER],
    minimumClear: 0.6,
  },
  GNDVI: {
    title: { zh: '叶绿素指数 GNDVI', en: 'Green vegetation index GNDVI' },
    ends: { zh: ['稀疏', '叶绿素高'], en: ['sparse', 'rich in chlorophyll'] },
    from: { index: 'GNDVI' },
    unit: '1',
    legend: ramp(VEGETATION, 0, 0.9),
    statistics: ['mean', 'stdev', 'median', INNER],
    minimumClear: 0.6,
  },
  NDWI: {
    title: { zh: '水体指数 NDWI', en: 'Water index NDWI' },
    ends: { zh: ['陆地', '水面'], en: ['land', 'open water'] },
    from: { index: 'NDWI' },
    unit: '1',
    legend: ramp(WATER, -0.8, 0.6),
    statistics: ['mean', 'stdev', 'median'],
    minimumClear: 0.6,
  },
} as const satisfies Record<string, IndexProductRow>;

/** Red-brown to green through straw: worse to better. */
const GRADE_COLORS = ['#a63a24', '#dd8a4a', '#e8dfae', '#8fbf63', '#2f7d3b'] as const;

export const SEASON_PRODUCTS = {
  GROWTH: {
    title: { zh: '长势等级', en: 'Growth grade' },
    ends: { zh: ['差', '好'], en: ['poor', 'good'] },
    from: { season: 'growth' },
    unit: '1',
    scale: 1,
    legend: ramp(GRADE_COLORS, 1, 5),
    classes: [
      { zh: '差', en: 'poor' },
      { zh: '偏差', en: 'below' },
      { zh: '持平', en: 'level' },
      { zh: '偏好', en: 'above' },
      { zh: '好', en: 'good' },
    ],
    statistics: ['grade', 'index', 'delta', 'z', 'percentile', 'gpi', 'vci'],
    minimumClear: 0.6,
  },
  YIELD: {
    title: { zh: '估产', en: 'Yield estimate' },
    ends: { zh: ['低', '高'], en: ['low', 'high'] },
    from: { season: 'yield' },
    unit: 'kg/ha',
    scale: 1,
    legend: ramp(VEGETATION, 0, 14_000),
    classes: null,
    statistics: ['yield', 'unadjusted'],
    minimumClear: 0.6,
  },
  YIELD_CLASS: {
    title: { zh: '相对产量等级（未校准）', en: 'Relative yield class (not calibrated)' },
    ends: { zh: ['低', '高'], en: ['low', 'high'] },
    from: { season: 'yield' },
    unit: '1',
    scale: 1,
    legend: ramp(GRADE_COLORS, 1, 5),
    classes: [
      { zh: '低', en: 'low' },
      { zh: '偏低', en: 'below' },
      { zh: '中', en: 'middle' },
      { zh: '偏高', en: 'above' },
      { zh: '高', en: 'high' },
    ],
    statistics: ['class'],
    minimumClear: 0.6,
  },
} as const satisfies Record<string, SeasonProductRow>;

export const PRODUCTS = { ...INDEX_PRODUCTS, ...SEASON_PRODUCTS } as const;

/** The collection that season products are published in, beside those of scenes. */
export const SEASON_COLLECTION = {
  id: 'season',
  title: { zh: '季节产品', en: 'Season products' },
} as const;

export type IndexProductId = keyof typeof INDEX_PRODUCTS;
export type SeasonProductId = keyof typeof SEASON_PRODUCTS;
export type ProductId = keyof typeof PRODUCTS;

/** True for the id of a product that is made of single scenes. */
export function isIndexProductId(text: string): text is IndexProductId {
  return Object.hasOwn(INDEX_PRODUCTS, text);
}

/** True for the id of something we publish. */
export function isProductId(text: string): text is ProductId {
  return Object.hasOwn(PRODUCTS, text);
}
