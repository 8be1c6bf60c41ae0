import type { BandCode } from '../sensors/bands.ts';

/** One spectral index, named and written as in Awesome Spectral Indices v1. */
export interface IndexRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** Arithmetic over band codes; read by kernels/formula.ts, which derives the bands from it. */
  readonly formula: string;
  /** The one list written twice, because the compiler cannot read a formula; a test proves both equal. */
  readonly bands: readonly BandCode[];
  /** Values outside are not physical and become UNDEFINED. */
  readonly range: readonly [min: number, max: number];
  /** Stored count = value / scale, int16. */
  readonly scale: number;
  /** Differing stored counts allowed between kernel back ends; 0 for + − × ÷ and square root. */
  readonly tolerance: number;
  readonly source: string;
}

export const INDICES = {
  NDVI: {
    title: { zh: '归一化植被指数', en: 'normalised difference vegetation index' },
    formula: '(N - R)/(N + R)',
    bands: ['N', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Rouse et al. 1974, NASA SP-351',
  },
  EVI2: {
    title: { zh: '两波段增强植被指数', en: 'two-band enhanced vegetation index' },
    formula: '2.5*(N - R)/(N + 2.4*R + 1.0)',
    bands: ['N', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Jiang et al. 2008, doi 10.1016/j.rse.2008.06.006, with c = 2.4',
  },
  GNDVI: {
    title: { zh: '绿色归一化植被指数', en: 'green normalised difference vegetation index' },
    formula: '(N - G)/(N + G)',
    bands: ['N', 'G'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Gitelson et al. 1996, doi 10.1016/S0034-4257(96)00072-7',
  },
  NDWI: {
    title: { zh: '归一化水体指数', en: 'normalised difference water index' },
    formula: '(G - N)/(G + N)',
    bands: ['G', 'N'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'McFeeters 1996, doi 10.1080/01431169608948714',
  },
} as const satisfies Record<string, IndexRow>;

export type IndexId = keyof typeof INDICES;

/** The bands an index needs, as a type: `BandOf<'NDVI'>` is `'N' | 'R'`. */
export type BandOf<I extends IndexId> = (typeof INDICES)[I]['bands'][number];

/** True for the id of a published index. */
export function isIndexId(text: string): text is IndexId {
  return Object.hasOwn(INDICES, text);
}
