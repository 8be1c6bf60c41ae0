/** What the light-use chain needs to know of a crop (METHODS 7.2.3 to 7.2.6 and the papers its rows name). */
export interface LightUse {
  /** GPP per absorbed PAR, g C MJ-1. */
  readonly efficiency: number;
  /** °C of the VPM temperature curve. */
  readonly temperature: { readonly min: number; readonly best: number; readonly max: number };
  /** Share of the root zone's water that is drawn before leaves close; null where the field is flooded. */
  readonly depletion: number | null;
  readonly harvestIndex: number;
  /** Above ground of the whole plant. */
  readonly aboveGround: number;
  /** g C per g dry matter. */
  readonly carbon: number;
  /** What seed of oil and protein costs more than starch: factor on the yield. */
  readonly seedCost: number;
  /** Days of the year light is summed over. */
  readonly season: readonly [number, number];
  /** Bounds of a fitted multiplicative factor beyond which parameters or fPAR are wrong. */
  readonly factor: readonly [number, number];
}

export interface CropRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** Water in stored grain, share of the weight. */
  readonly moisture: number | null;
  /** US bushel: pounds and the moisture they are quoted at; null where it is not sold so. */
  readonly bushel: { readonly pounds: number; readonly moisture: number } | null;
  /** Yields a field can have, kg/ha at storage moisture. */
  readonly sane: readonly [number, number];
  /** Days of the year that carry most of the signal; fewer than three clear dates there are too few. */
  readonly window: readonly [number, number];
  /** An estimate before this day of the year is a forecast. */
  readonly early: number;
  /** t/ha per unit of NDVI a fitted line may have; null where nothing is known. */
  readonly slope: readonly [number, number] | null;
  readonly lightUse: LightUse | null;
  readonly source: string;
}

/** Clear dates the key window must have. */
export const CLEAR_DATES = 3;

/**
 * Crops and their parameters. Defaults come from the literature and hold nowhere in particular: a yield in kg/ha
 * needs a model fitted to local plots or statistics. "House" marks choices of ours without a source.
 */
export const CROPS = {
  maize: {
    title: { zh: '玉米', en: 'maize' },
    moisture: 0.14,
    bushel: { pounds: 56, moisture: 0.155 },
    sane: [2000, 16_000],
    window: [201, 237],
    early: 213,
    slope: [8, 30],
    lightUse: {
      efficiency: 2.6,
      temperature: { min: 10, best: 28, max: 48 },
      depletion: 0.55,
      harvestIndex: 0.5,
      aboveGround: 0.85,
      carbon: 0.45,
      seedCost: 1,
      season: [121, 273],
      factor: [0.7, 1.4],
    },
    source:
      'efficiency Gan 2021, ERL 16:104032 (C4 2.63 ± 0.21); temperature Kalfas 2011; depletion FAO-56 table 22; harvest index Hay 1995, Xie 2011; moisture GB 1353-2018; slope, window, factor house',
  },
  rice: {
    title: { zh: '水稻', en: 'rice' },
    moisture: 0.145,
    bushel: { pounds: 45, moisture: 0.13 },
    sane: [3000, 13_000],
    window: [206, 243],
    early: 213,
    slope: [5, 20],
    lightUse: {
      efficiency: 2.1,
      temperature: { min: 10, best: 25, max: 48 },
      depletion: null,
      harvestIndex: 0.5,
      aboveGround: 0.87,
      carbon: 0.42,
      seedCost: 1,
      season: [135, 273],
      factor: [0.7, 1.7],
    },
    source:
      'efficiency and temperature of north-eastern japonica house (literature 1.5 to 2.1, to be calibrated); harvest index Hay 1995; moisture GB 1350-2009; slope, window, factor house',
  },
  soybean: {
    title: { zh: '大豆', en: 'soybean' },
    moisture: 0.13,
    bushel: { pounds: 60, moisture: 0.13 },
    sane: [700, 5000],
    window: [191, 248],
    early: 222,
    slope: [2, 8],
    lightUse: {
      efficiency: 1.5,
      temperature: { min: 10, best: 28, max: 40 },
      depletion: 0.5,
      harvestIndex: 0.42,
      aboveGround: 0.85,
      carbon: 0.45,
      seedCost: 0.7,
      season: [130, 268],
      factor: [0.7, 1.4],
    },
    source:
      'efficiency Gan 2021, ERL 16:104032 (C3 1.48 ± 0.33); seed cost Sinclair and de Wit 1975 (doi 10.1126/science.189.4202.565); depletion FAO-56 table 22; moisture GB 1352; temperature, slope, window, factor house',
  },
  wheat: {
    title: { zh: '小麦', en: 'wheat' },
    moisture: 0.125,
    bushel: { pounds: 60, moisture: 0.135 },
    sane: [200, 13_000],
    window: [100, 160],
    early: 150,
    slope: null,
    lightUse: null,
    source: 'moisture GB 1351-2008; no light-use parameters are kept; window house',
  },
  alfalfa: {
    title: { zh: '苜蓿', en: 'alfalfa' },
    moisture: null,
    bushel: null,
    sane: [100, 12_000],
    window: [90, 300],
    early: 90,
    slope: null,
    lightUse: null,
    source: 'yield of one cutting; bounds house',
  },
} as const satisfies Record<string, CropRow>;

export type CropId = keyof typeof CROPS;

export const CROP_IDS: readonly CropId[] = Object.keys(CROPS) as CropId[]; // keys of the table above

/** The row of a crop, as the type that all rows share. */
export function cropRow(id: CropId): CropRow {
  return CROPS[id];
}

export function isCropId(text: string): text is CropId {
  return Object.hasOwn(CROPS, text);
}
