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
    bits: 12,
    analysisEpsg: JILIN_GRID_EPSG,
    bands: PMS_NOMINAL,
    source: 'nominal PMS limits; band limits of KF not public',
  },
} as const satisfies Record<string, SensorRow>;
