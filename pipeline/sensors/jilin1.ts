import type { SensorBand, SensorRow } from './row.ts';

/**
 * Jilin-1 (吉林一号) families. E0 of the four PMS bands is the box-car of Thuillier 2003 over nominal band limits
 * (JILIN1.md section 4, inferred, ±2 %); no response curve is public. The limits of green, red and NIR are not
 * confirmed by a public source.
 */
const PMS_NOMINAL: readonly SensorBand[] = [
  { name: 'B', label: 'MSS1', centre: 480, width: 60, e0: 2013 },
  { name: 'G', label: 'MSS2', centre: 545, width: 70, e0: 1830 },
  { name: 'R', label: 'MSS3', centre: 660, width: 60, e0: 1536 },
  { name: 'N', label: 'MSS4', centre: 833, width: 125, e0: 1043 },
];

/** GF03D and later: blue is 430–520 nm. */
const PMS_WIDE_BLUE: readonly SensorBand[] = [
  { name: 'B', label: 'MSS1', centre: 475, width: 90, e0: 1945 },
  ...PMS_NOMINAL.slice(1),
];

/** CGCS2000 3-degree zone 42 without prefix, which covers the middle of the province (JILIN1.md 6). */
const JILIN_GRID_EPSG = 4551;

export const JILIN1 = {
  'jl1-gf02': {
    title: { zh: '吉林一号高分02', en: 'Jilin-1 GF02' },
    platform: 'jilin-1-gf02',
    instrument: 'PMS',
    satellites: ['JL1GF02'],
    gsd: 3,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source: 'nominal PMS limits; band limits of GF02 not public',
  },
  'jl1-gf03': {
    title: { zh: '吉林一号高分03', en: 'Jilin-1 GF03' },
    platform: 'jilin-1-gf03',
    instrument: 'PMS',
    satellites: ['JL1GF03A', 'JL1GF03B'],
    gsd: 4.24,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source: 'catalyst.earth GDB help, JL1GF03 (B 450–510 nm); other limits not confirmed',
  },
  'jl1-gf03d': {
    title: { zh: '吉林一号高分03D', en: 'Jilin-1 GF03D' },
    platform: 'jilin-1-gf03d',
    instrument: 'PMS',
    satellites: ['JL1GF03D'],
    gsd: 3,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_WIDE_BLUE,
    source: 'catalyst.earth GDB help, JL1GF03 (B 430–520 nm); other limits not confirmed',
  },
  'jl1-gf03c': {
    title: { zh: '吉林一号高分03C（仅可见光）', en: 'Jilin-1 GF03C (visible only)' },
    platform: 'jilin-1-gf03c',
    instrument: 'video',
    satellites: ['JL1GF03C'],
    gsd: 1.2,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: [
      { name: 'R', label: 'R', centre: 660, width: 60, e0: null },
      { name: 'G', label: 'G', centre: 545, width: 70, e0: null },
      { name: 'B', label: 'B', centre: 480, width: 60, e0: null },
    ],
    source: 'catalyst.earth GDB help: RGB Bayer, no NIR',
  },
  'jl1-kf': {
    title: { zh: '吉林一号宽幅', en: 'Jilin-1 KF wide swath' },
    platform: 'jilin-1-kf',
    instrument: 'PMS',
    satellites: ['JL1KF01', 'JL1KF02'],
    gsd: 2,
    // Panchromatic 0.495 m then 0.55 m, and 0.49 m then 0.55 m (JILIN1.md 1.1); multispectral is four times that, inferred.
    gsdChanges: [
      { satellite: 'JL1KF01A', from: '2021-12-05', gsd: 2.2 },
      { satellite: 'JL1KF01A', from: '2019-01-01', gsd: 1.98 },
      { satellite: 'JL1KF02A', from: '2023-12-01', gsd: 2.2 },
      { satellite: 'JL1KF02A', from: '2019-01-01', gsd: 1.96 },
    ],
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source: 'nominal PMS limits; band limits of KF not public',
  },
  'jl1-gf04': {
    title: { zh: '吉林一号高分04', en: 'Jilin-1 GF04' },
    platform: 'jilin-1-gf04',
    instrument: 'PMS',
    satellites: ['JL1GF04'],
    gsd: 2,
    bits: 14,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source: 'nominal PMS limits; 14 bits and pixel inferred, band limits of GF04 not public',
  },
  'jl1-pms': {
    title: { zh: '吉林一号其他多光谱星', en: 'Jilin-1, other PMS satellites' },
    platform: 'jilin-1',
    instrument: 'PMS',
    satellites: [
      'JL1GF05',
      'JL1GF06',
      'JL1GF07',
      'JXGF07',
      'JL107B',
      'JL108B',
      'JL1GXA',
      'JL1MF02',
      'DP',
      'TEE',
    ],
    gsd: 3,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source:
      'names delivered in the same grammar (JILIN1.md 1.1); bands and limits assumed to be those of PMS',
  },
  'jl1-gp': {
    title: { zh: '吉林一号光谱01/02', en: 'Jilin-1 GP01/GP02' },
    platform: 'jilin-1-gp',
    instrument: 'multispectral imager',
    satellites: ['JL1GP'],
    gsd: 5,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    listLength: 20,
    // B3 to B6 are confirmed; the centres are those of PMS until a description tells the real ones.
    bands: PMS_NOMINAL.map((band, i) => ({ ...band, label: `B${i + 3}`, place: i + 3 })),
    source:
      'JILIN1.md 1.2: B3 blue, B4 green, B5 red, B6 NIR of 20 bands; wavelengths not public, PMS limits assumed',
  },
  'jl1-a': {
    title: { zh: '吉林一号光学A星（无近红外）', en: 'Jilin-1 optical A (no near infrared)' },
    platform: 'jilin-1-a',
    instrument: 'PMS',
    satellites: ['JL101A'],
    gsd: 2.88,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: [
      { name: 'B', label: 'MSS1', centre: 485, width: 70, e0: null },
      { name: 'G', label: 'MSS2', centre: 560, width: 80, e0: null },
      { name: 'R', label: 'MSS3', centre: 660, width: 60, e0: null },
    ],
    source: 'catalyst.earth GDB help: B 450–520, G 520–600, R 630–690 nm, no NIR',
  },
  'jl1-video': {
    title: { zh: '吉林一号视频星（仅可见光）', en: 'Jilin-1 video satellites (visible only)' },
    platform: 'jilin-1-video',
    instrument: 'MMS',
    satellites: ['JL103B', 'JL104B', 'JL105B', 'JL106B', 'JL1SP'],
    gsd: 2.88,
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: [
      { name: 'R', label: 'R', centre: 660, width: 60, e0: null },
      { name: 'G', label: 'G', centre: 545, width: 70, e0: null },
      { name: 'B', label: 'B', centre: 480, width: 60, e0: null },
    ],
    source: 'catalyst.earth GDB help for JL103B (MMS, 2.88 m); colours of the video cameras, no NIR',
  },
} as const satisfies Record<string, SensorRow>;
