import { HeituError } from '../core/error.ts';
import type { BandCode } from '../sensors/bands.ts';

/** A value that must lie within bounds, both ends allowed, for an index to mean anything. */
export interface Requirement {
  /** Arithmetic over the bands of the row, read like its formula. */
  readonly formula: string;
  readonly min?: number;
  readonly max?: number;
}

/** One spectral index, named and written as in Awesome Spectral Indices v1 with its constants filled in. */
export interface IndexRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** Arithmetic over band codes; read by kernels/formula.ts, which derives the bands from it. */
  readonly formula: string;
  /** The one list written twice, because the compiler cannot read a formula; a test proves both equal. */
  readonly bands: readonly BandCode[];
  /** Values outside are not physical and become UNDEFINED. */
  readonly range: readonly [min: number, max: number];
  /** Where one of these fails the formula is singular, and the pixel UNDEFINED (METHODS 3.1). */
  readonly requires?: readonly Requirement[];
  /** Index that counts instead where a requirement or the range fails; its bands are bands of this row. */
  readonly otherwise?: string;
  /** Stored count = value / scale, int16: 0.0001 where the range fits, 0.001 for ratios, 0.1 for positions in nm. */
  readonly scale: number;
  /** Largest difference in stored counts between kernel back ends; 0 for + − × ÷, square root and tanh. */
  readonly tolerance: number;
  readonly source: string;
}

export const INDICES = {
  // Blue, green, red and near infrared: what every Jilin-1 scene can make.
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
    source: 'Jiang et al. 2008, doi 10.1016/j.rse.2008.06.006, with 2.4 (ASI v1 derives 2.394)',
  },
  EVI: {
    title: { zh: '增强植被指数', en: 'enhanced vegetation index' },
    formula: '2.5*(N - R)/(N + 6.0*R - 7.5*B + 1.0)',
    bands: ['N', 'R', 'B'],
    range: [-1, 1],
    requires: [{ formula: 'B', max: 0.2 }],
    otherwise: 'EVI2',
    scale: 0.0001,
    tolerance: 0,
    source: 'Huete et al. 2002, doi 10.1016/S0034-4257(02)00096-2; EVI2 where blue is bright, as MODIS does',
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
  SAVI: {
    title: { zh: '土壤调节植被指数', en: 'soil-adjusted vegetation index' },
    formula: '1.5*(N - R)/(N + R + 0.5)',
    bands: ['N', 'R'],
    range: [-1.5, 1.5],
    scale: 0.0001,
    tolerance: 0,
    source: 'Huete 1988, doi 10.1016/0034-4257(88)90106-X, with L = 0.5',
  },
  OSAVI: {
    title: { zh: '优化土壤调节植被指数', en: 'optimised soil-adjusted vegetation index' },
    formula: '(N - R)/(N + R + 0.16)',
    bands: ['N', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Rondeaux et al. 1996, doi 10.1016/0034-4257(95)00186-7, without the factor 1.16',
  },
  MSAVI2: {
    title: { zh: '修正土壤调节植被指数 2', en: 'modified soil-adjusted vegetation index 2' },
    formula: '0.5*(2.0*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
    bands: ['N', 'R'],
    range: [-1.5, 1.5],
    requires: [{ formula: 'R', min: 0 }],
    scale: 0.0001,
    tolerance: 0,
    source: 'Qi et al. 1994, doi 10.1016/0034-4257(94)90134-1, closed form',
  },
  WDRVI: {
    title: { zh: '宽动态范围植被指数', en: 'wide dynamic range vegetation index' },
    formula: '(0.1*N - R)/(0.1*N + R)',
    bands: ['N', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Gitelson 2004, doi 10.1078/0176-1617-01176, with alpha = 0.1',
  },
  CIG: {
    title: { zh: '绿色叶绿素指数', en: 'green chlorophyll index' },
    formula: '(N/G) - 1.0',
    bands: ['N', 'G'],
    range: [-1, 20],
    requires: [{ formula: 'G', min: 0.005 }],
    scale: 0.001,
    tolerance: 0,
    source: 'Gitelson et al. 2003, doi 10.1078/0176-1617-00887',
  },
  SR: {
    title: { zh: '比值植被指数', en: 'simple ratio' },
    formula: 'N/R',
    bands: ['N', 'R'],
    range: [0, 30],
    scale: 0.001,
    tolerance: 0,
    source: 'Jordan 1969, doi 10.2307/1936256',
  },
  NIRv: {
    title: { zh: '植被近红外反射率', en: 'near-infrared reflectance of vegetation' },
    formula: '((N - R)/(N + R))*N',
    bands: ['N', 'R'],
    range: [-1.6, 1.6],
    scale: 0.0001,
    tolerance: 0,
    source: 'Badgley et al. 2017, doi 10.1126/sciadv.1602244',
  },
  kNDVI: {
    title: { zh: '核归一化植被指数', en: 'kernel normalised difference vegetation index' },
    formula: 'tanh(((N - R)/(N + R))**2)',
    bands: ['N', 'R'],
    range: [0, 1],
    requires: [{ formula: '(N - R)/(N + R)', min: 0 }],
    scale: 0.0001,
    tolerance: 0,
    source: 'Camps-Valls et al. 2021, doi 10.1126/sciadv.abc7447, with sigma = (N + R)/2',
  },
  MTVI2: {
    title: { zh: '修正三角植被指数 2', en: 'modified triangular vegetation index 2' },
    formula: '1.5*(1.2*(N - G) - 2.5*(R - G))/(((2.0*N + 1)**2 - (6.0*N - 5*R**0.5) - 0.5)**0.5)',
    bands: ['N', 'G', 'R'],
    range: [-2, 2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Haboudane et al. 2004, doi 10.1016/j.rse.2003.12.013; MCARI2 is the same formula',
  },
  RDVI: {
    title: { zh: '重归一化植被指数', en: 'renormalised difference vegetation index' },
    formula: '(N - R)/((N + R)**0.5)',
    bands: ['N', 'R'],
    range: [-1.5, 1.5],
    scale: 0.0001,
    tolerance: 0,
    source: 'Roujean and Breon 1995, doi 10.1016/0034-4257(94)00114-3',
  },
  NGRDI: {
    title: { zh: '绿红归一化差值指数', en: 'normalised green red difference index' },
    formula: '(G - R)/(G + R)',
    bands: ['G', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Tucker 1979, doi 10.1016/0034-4257(79)90013-0',
  },
  VARI: {
    title: { zh: '可见光大气阻抗指数', en: 'visible atmospherically resistant index' },
    formula: '(G - R)/(G + R - B)',
    bands: ['G', 'R', 'B'],
    range: [-2, 2],
    requires: [{ formula: 'G + R - B', min: 0.01 }],
    scale: 0.0001,
    tolerance: 0,
    source: 'Gitelson et al. 2002, doi 10.1016/S0034-4257(01)00289-9',
  },
  GLI: {
    title: { zh: '绿叶指数', en: 'green leaf index' },
    formula: '(2.0*G - R - B)/(2.0*G + R + B)',
    bands: ['G', 'R', 'B'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Louhaichi et al. 2001, doi 10.1080/10106040108542184',
  },
  ExG: {
    title: { zh: '超绿指数', en: 'excess green index' },
    formula: '2*G - R - B',
    bands: ['G', 'R', 'B'],
    range: [-3.2, 3.2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Woebbecke et al. 1995, doi 10.13031/2013.27838',
  },
  ExGR: {
    title: { zh: '超绿超红差值指数', en: 'excess green minus excess red index' },
    formula: '(2.0*G - R - B) - (1.3*R - G)',
    bands: ['G', 'R', 'B'],
    range: [-3.2, 3.2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Meyer and Neto 2008, doi 10.1016/j.compag.2008.03.009',
  },
  DSWI4: {
    title: { zh: '病害水分胁迫指数 4', en: 'disease-water stress index 4' },
    formula: 'G/R',
    bands: ['G', 'R'],
    range: [0, 30],
    scale: 0.001,
    tolerance: 0,
    source: 'Apan et al. 2004, doi 10.1080/01431160310001618031',
  },
  ARVI: {
    title: { zh: '大气阻抗植被指数', en: 'atmospherically resistant vegetation index' },
    formula: '(N - (R - (B - R)))/(N + (R - (B - R)))',
    bands: ['N', 'R', 'B'],
    range: [-1.5, 1.5],
    scale: 0.0001,
    tolerance: 0,
    source: 'Kaufman and Tanre 1992, doi 10.1109/36.134076, with gamma = 1 and the sign of the paper',
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
  NDTI: {
    title: { zh: '归一化浊度指数', en: 'normalised difference turbidity index (water)' },
    formula: '(R - G)/(R + G)',
    bands: ['R', 'G'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Lacaux et al. 2007, doi 10.1016/j.rse.2006.07.012; not the tillage index, which is NBR2',
  },
  HOT: {
    title: { zh: '雾霾优化变换', en: 'haze optimised transform' },
    formula: 'B - 0.5*R - 0.08',
    bands: ['B', 'R'],
    range: [-1, 1.6],
    scale: 0.0001,
    tolerance: 0,
    source:
      'local, not in ASI: Zhu and Woodcock 2012, doi 10.1016/j.rse.2011.10.028, after Zhang et al. 2002',
  },
  // Red edge: Sentinel-2, and Jilin-1 spectral satellites.
  NDREI: {
    title: { zh: '归一化红边指数', en: 'normalised difference red-edge index' },
    formula: '(N - RE1)/(N + RE1)',
    bands: ['N', 'RE1'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Gitelson and Merzlyak 1994, doi 10.1016/1011-1344(93)06963-4',
  },
  RENDVI: {
    title: { zh: '红边归一化植被指数', en: 'red-edge normalised difference vegetation index' },
    formula: '(RE2 - RE1)/(RE2 + RE1)',
    bands: ['RE2', 'RE1'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Gitelson and Merzlyak 1994, doi 10.1016/S0176-1617(11)81633-0; also called NDVI705',
  },
  CIRE: {
    title: { zh: '红边叶绿素指数', en: 'red-edge chlorophyll index' },
    formula: '(N/RE1) - 1',
    bands: ['N', 'RE1'],
    range: [-1, 15],
    requires: [{ formula: 'RE1', min: 0.005 }],
    scale: 0.001,
    tolerance: 0,
    source: 'Gitelson et al. 2003, doi 10.1078/0176-1617-00887',
  },
  MTCI: {
    title: { zh: '陆地叶绿素指数', en: 'terrestrial chlorophyll index' },
    formula: '(RE2 - RE1)/(RE1 - R)',
    bands: ['RE2', 'RE1', 'R'],
    range: [0, 30],
    requires: [
      { formula: 'RE2 - RE1', min: 0.02 },
      { formula: 'RE1 - R', min: 0.005 },
    ],
    scale: 0.001,
    tolerance: 0,
    source: 'Dash and Curran 2004, doi 10.1080/0143116042000274015',
  },
  S2REP: {
    title: { zh: '红边位置', en: 'red-edge position (nm)' },
    formula: '705.0 + 35.0*(((RE3 + R)/2.0 - RE1)/(RE2 - RE1))',
    bands: ['RE3', 'R', 'RE1', 'RE2'],
    range: [700, 740],
    requires: [{ formula: 'RE2 - RE1', min: 0.02 }],
    scale: 0.1,
    tolerance: 0,
    source: 'Frampton et al. 2013, doi 10.1016/j.isprsjprs.2013.04.007',
  },
  IRECI: {
    title: { zh: '反红边叶绿素指数', en: 'inverted red-edge chlorophyll index' },
    formula: '(RE3 - R)/(RE1/RE2)',
    bands: ['RE3', 'R', 'RE1', 'RE2'],
    range: [-3.2, 3.2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Frampton et al. 2013, doi 10.1016/j.isprsjprs.2013.04.007',
  },
  PSRI: {
    title: { zh: '植被衰老反射指数（宽波段）', en: 'plant senescence reflectance index (broad bands)' },
    formula: '(R - B)/RE2',
    bands: ['R', 'B', 'RE2'],
    range: [-3.2, 3.2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Merzlyak et al. 1999, doi 10.1034/j.1399-3054.1999.106119.x, for R678, R500 and R750',
  },
  NDCI: {
    title: { zh: '归一化叶绿素指数（水体）', en: 'normalised difference chlorophyll index (water)' },
    formula: '(RE1 - R)/(RE1 + R)',
    bands: ['RE1', 'R'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Mishra and Mishra 2012, doi 10.1016/j.rse.2011.10.016',
  },
  // Short-wave infrared: Sentinel-2 and Landsat.
  NDMI: {
    title: { zh: '归一化水分指数', en: 'normalised difference moisture index' },
    formula: '(N - S1)/(N + S1)',
    bands: ['N', 'S1'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Wilson and Sader 2002, doi 10.1016/S0034-4257(01)00318-2; LSWI is the same formula',
  },
  MNDWI: {
    title: { zh: '改进归一化水体指数', en: 'modified normalised difference water index' },
    formula: '(G - S1)/(G + S1)',
    bands: ['G', 'S1'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Xu 2006, doi 10.1080/01431160600589179; NDSI is the same formula',
  },
  AWEInsh: {
    title: { zh: '自动水体提取指数（无阴影）', en: 'automated water extraction index (no shadow)' },
    formula: '4.0*(G - S1) - 0.25*N + 2.75*S2',
    bands: ['G', 'S1', 'N', 'S2'],
    range: [-3.2, 3.2],
    scale: 0.0001,
    tolerance: 0,
    source: 'Feyisa et al. 2014, doi 10.1016/j.rse.2013.08.029, with the sign of S2 of ASI v1',
  },
  NBR2: {
    title: { zh: '归一化燃烧指数 2（耕作）', en: 'normalised burn ratio 2 (tillage)' },
    formula: '(S1 - S2)/(S1 + S2)',
    bands: ['S1', 'S2'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'USGS Landsat Normalized Burn Ratio 2; the tillage NDTI of van Deventer et al. 1997',
  },
  STI: {
    title: { zh: '简单耕作指数', en: 'simple tillage index' },
    formula: 'S1/S2',
    bands: ['S1', 'S2'],
    range: [0, 30],
    scale: 0.001,
    tolerance: 0,
    source: 'van Deventer et al. 1997, Photogrammetric Engineering and Remote Sensing 63, 87-93',
  },
  NBR: {
    title: { zh: '归一化燃烧指数', en: 'normalised burn ratio' },
    formula: '(N - S2)/(N + S2)',
    bands: ['N', 'S2'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Coffelt and Livingston 2002, doi 10.3133/ofr0211',
  },
  BI: {
    title: { zh: '裸土指数', en: 'bare soil index' },
    formula: '((S1 + R) - (N + B))/((S1 + R) + (N + B))',
    bands: ['S1', 'R', 'N', 'B'],
    range: [-1, 1],
    scale: 0.0001,
    tolerance: 0,
    source: 'Rikimaru et al. 2002, Tropical Ecology 43, 39-47; usually called BSI',
  },
  DSWI5: {
    title: { zh: '病害水分胁迫指数 5', en: 'disease-water stress index 5' },
    formula: '(N + G)/(S1 + R)',
    bands: ['N', 'G', 'S1', 'R'],
    range: [0, 30],
    scale: 0.001,
    tolerance: 0,
    source: 'Apan et al. 2004, doi 10.1080/01431160310001618031',
  },
} as const satisfies Record<string, IndexRow>;

export type IndexId = keyof typeof INDICES;

/** The bands an index needs, as a type: `BandOf<'NDVI'>` is `'N' | 'R'`. */
export type BandOf<I extends IndexId> = (typeof INDICES)[I]['bands'][number];

/** True for the id of a published index. */
export function isIndexId(text: string): text is IndexId {
  return Object.hasOwn(INDICES, text);
}

/** Other names of the same formulas, in older catalogues and papers, and what they are here. */
export const OTHER_NAMES = {
  MSAVI: 'MSAVI2',
  MCARI2: 'MTVI2',
  NDTIturb: 'NDTI',
  RI: 'NDTI',
  NDVI705: 'RENDVI',
  NDTItill: 'NBR2',
  NDSI: 'MNDWI',
  LSWI: 'NDMI',
  BSI: 'BI',
  HOT_fmask: 'HOT',
  GCI: 'CIG',
  NDRE: 'NDREI',
} as const satisfies Record<string, IndexId>;

/** The index of that name; throws E_INDEX_UNKNOWN, which says what another name is called here. */
export function indexNamed(text: string): IndexId {
  if (isIndexId(text)) return text;
  const names: Readonly<Record<string, IndexId>> = OTHER_NAMES;
  const what = Object.hasOwn(names, text) ? `${text} (here it is ${names[text]})` : text;
  throw new HeituError('E_INDEX_UNKNOWN', { what, where: Object.keys(INDICES).join(', ') });
}
