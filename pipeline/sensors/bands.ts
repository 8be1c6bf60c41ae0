/**
 * Bands by name, joining three worlds: the Awesome Spectral Indices v1 code that formulas use, the STAC common name
 * that assets use, and a wavelength window in nm. Files' own labels live in the sensor rows.
 * Source: awesome-spectral-indices v1, output/bands.json.
 */
export const BANDS = {
  A: { common: 'coastal', min: 400, max: 455, title: { zh: '海岸蓝', en: 'coastal aerosol' } },
  B: { common: 'blue', min: 430, max: 530, title: { zh: '蓝', en: 'blue' } },
  G: { common: 'green', min: 510, max: 600, title: { zh: '绿', en: 'green' } },
  Y: { common: 'yellow', min: 585, max: 635, title: { zh: '黄', en: 'yellow' } },
  R: { common: 'red', min: 620, max: 690, title: { zh: '红', en: 'red' } },
  RE1: { common: 'rededge071', min: 690, max: 730, title: { zh: '红边 1', en: 'red edge 1' } },
  RE2: { common: 'rededge075', min: 730, max: 765, title: { zh: '红边 2', en: 'red edge 2' } },
  RE3: { common: 'rededge078', min: 765, max: 795, title: { zh: '红边 3', en: 'red edge 3' } },
  N: { common: 'nir', min: 760, max: 920, title: { zh: '近红外', en: 'near infrared' } },
  N2: { common: 'nir08', min: 845, max: 885, title: { zh: '近红外 2', en: 'narrow near infrared' } },
  WV: { common: 'nir09', min: 930, max: 960, title: { zh: '水汽', en: 'water vapour' } },
  CI: { common: 'cirrus', min: 1350, max: 1400, title: { zh: '卷云', en: 'cirrus' } },
  S1: { common: 'swir16', min: 1550, max: 1750, title: { zh: '短波红外 1', en: 'short-wave infrared 1' } },
  S2: { common: 'swir22', min: 2050, max: 2350, title: { zh: '短波红外 2', en: 'short-wave infrared 2' } },
  P: { common: 'pan', min: 400, max: 900, title: { zh: '全色', en: 'panchromatic' } },
} as const satisfies Record<string, BandRow>;

interface BandRow {
  /** STAC `eo:bands` common name. */
  readonly common: string;
  /** Window in nm in which a sensor band of this name has its centre. */
  readonly min: number;
  readonly max: number;
  readonly title: { readonly zh: string; readonly en: string };
}

export type BandCode = keyof typeof BANDS;

/** True for a band code of the table. */
export function isBandCode(text: string): text is BandCode {
  return Object.hasOwn(BANDS, text);
}
