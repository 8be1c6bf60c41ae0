/**
 * Why a pixel is not used. Validity is decided once, on raw DN, and kept as one bit a reason from ingest to the map;
 * stages only add bits, and the value under a set bit is unspecified.
 */
export const QUALITY = {
  NODATA: { bit: 1 << 0, excludes: true, title: { zh: '无数据', en: 'no data' } },
  SATURATED: { bit: 1 << 1, excludes: true, title: { zh: '饱和', en: 'saturated' } },
  CLOUD: { bit: 1 << 2, excludes: true, title: { zh: '云', en: 'cloud' } },
  HAZE: { bit: 1 << 3, excludes: false, title: { zh: '薄雾', en: 'haze' } },
  SHADOW: { bit: 1 << 4, excludes: true, title: { zh: '云影', en: 'cloud shadow' } },
  TERRAIN: { bit: 1 << 5, excludes: true, title: { zh: '地形阴影', en: 'terrain shadow' } },
  SNOW: { bit: 1 << 6, excludes: true, title: { zh: '雪', en: 'snow' } },
  CLOUD_OR_SNOW: { bit: 1 << 7, excludes: true, title: { zh: '云或雪', en: 'cloud or snow' } },
  WATER: { bit: 1 << 8, excludes: false, title: { zh: '水体', en: 'water' } },
  EDGE: { bit: 1 << 9, excludes: true, title: { zh: '云或影像边缘', en: 'edge of cloud or image' } },
  UNDEFINED: { bit: 1 << 10, excludes: true, title: { zh: '无法计算', en: 'undefined' } },
} as const satisfies Record<string, QualityRow>;

interface QualityRow {
  /** Its bit in the 16-bit quality plane. */
  readonly bit: number;
  /** True when a pixel with this bit takes no part in statistics. */
  readonly excludes: boolean;
  readonly title: { readonly zh: string; readonly en: string };
}

export type QualityFlag = keyof typeof QUALITY;

/** All bits that take a pixel out of statistics, or'ed together. */
export const EXCLUDING: number = Object.values(QUALITY).reduce(
  (mask, row) => (row.excludes ? mask | row.bit : mask),
  0,
);

/** True when nothing speaks against using the pixel. `isClear(QUALITY.WATER.bit)` is true. */
export function isClear(quality: number): boolean {
  return (quality & EXCLUDING) === 0;
}

/** Names of the flags set in one quality value, in table order. `flagsOf(5)` is `['NODATA', 'CLOUD']`. */
export function flagsOf(quality: number): QualityFlag[] {
  return (Object.keys(QUALITY) as QualityFlag[]).filter((name) => (quality & QUALITY[name].bit) !== 0);
}
