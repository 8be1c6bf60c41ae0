import type { IndexId } from '../indices/table.ts';
import type { StatisticId } from '../zones/statistics.ts';
import { type RampStop, ramp, VEGETATION, WATER } from './legend.ts';

/** Something we publish. Plain data: printable, diffable, and sent to the viewer as it is. */
export interface ProductRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** What its ends mean in words, low and high. */
  readonly ends: { readonly zh: readonly [string, string]; readonly en: readonly [string, string] };
  readonly from: { readonly index: IndexId };
  /** Physical unit; `1` is dimensionless. */
  readonly unit: string;
  readonly legend: readonly RampStop[];
  /** Statistics kept per place. */
  readonly statistics: readonly StatisticId[];
  /** Under this clear share a place's value is `insufficient` (METHODS 6.3). */
  readonly minimumClear: number;
}

export const PRODUCTS = {
  NDVI: {
    title: { zh: '植被指数 NDVI', en: 'Vegetation index NDVI' },
    ends: { zh: ['裸土', '茂密'], en: ['bare soil', 'dense'] },
    from: { index: 'NDVI' },
    unit: '1',
    legend: ramp(VEGETATION, -0.1, 0.95),
    statistics: ['mean', 'stdev', 'median'],
    minimumClear: 0.6,
  },
  EVI2: {
    title: { zh: '增强植被指数 EVI2', en: 'Enhanced vegetation index EVI2' },
    ends: { zh: ['裸土', '茂密'], en: ['bare soil', 'dense'] },
    from: { index: 'EVI2' },
    unit: '1',
    legend: ramp(VEGETATION, 0, 0.8),
    statistics: ['mean', 'stdev', 'median'],
    minimumClear: 0.6,
  },
  GNDVI: {
    title: { zh: '叶绿素指数 GNDVI', en: 'Green vegetation index GNDVI' },
    ends: { zh: ['稀疏', '叶绿素高'], en: ['sparse', 'rich in chlorophyll'] },
    from: { index: 'GNDVI' },
    unit: '1',
    legend: ramp(VEGETATION, 0, 0.9),
    statistics: ['mean', 'stdev', 'median'],
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
} as const satisfies Record<string, ProductRow>;

export type ProductId = keyof typeof PRODUCTS;

/** True for the id of something we publish. */
export function isProductId(text: string): text is ProductId {
  return Object.hasOwn(PRODUCTS, text);
}
