/**
 * Absolute radiometric coefficients of Gaofen cameras, as CRESDA publishes them each year: L = gain · DN + offset,
 * W m-2 sr-1 µm-1, bands in file order. Facts collected from up to three public JSON tables that agree with each other;
 * the rows of 2017 (GF-1) and 2020 (GF-1 WFV, GF-1B/C/D, GF-6) were checked against the CRESDA notice and ACOLITE.
 * The WFV rows of 2013 are left out: their numbers (5.851 …) look like those of L = DN / gain, and no source says so.
 */
export interface GainRow {
  /** Satellite and camera as in the file name, `GF1_PMS1`. */
  readonly camera: string;
  readonly year: number;
  readonly gain: readonly number[];
  /** Zeros when left out. */
  readonly offset?: readonly number[];
  /** How many public tables have it. */
  readonly tables: number;
  readonly doubt?: string;
}

export const GAOFEN_GAINS: readonly GainRow[] = [
  { camera: 'GF1_PMS1', year: 2014, gain: [0.2247, 0.1892, 0.1889, 0.1939], tables: 3 },
  { camera: 'GF1_PMS1', year: 2015, gain: [0.211, 0.1802, 0.1806, 0.187], tables: 3 },
  { camera: 'GF1_PMS1', year: 2016, gain: [0.232, 0.187, 0.1795, 0.196], tables: 3 },
  { camera: 'GF1_PMS1', year: 2017, gain: [0.1424, 0.1177, 0.1194, 0.1135], tables: 3 },
  { camera: 'GF1_PMS1', year: 2018, gain: [0.153, 0.1356, 0.1366, 0.1272], tables: 3 },
  { camera: 'GF1_PMS1', year: 2019, gain: [0.149, 0.1328, 0.1311, 0.1217], tables: 3 },
  { camera: 'GF1_PMS1', year: 2020, gain: [0.149, 0.1328, 0.1311, 0.1217], tables: 1 },
  { camera: 'GF1_PMS1', year: 2021, gain: [0.1541, 0.1394, 0.1407, 0.1308], tables: 1 },
  { camera: 'GF1_PMS2', year: 2014, gain: [0.2419, 0.2047, 0.2009, 0.2058], tables: 3 },
  { camera: 'GF1_PMS2', year: 2015, gain: [0.2242, 0.1887, 0.1882, 0.1963], tables: 3 },
  { camera: 'GF1_PMS2', year: 2016, gain: [0.224, 0.1851, 0.1793, 0.1863], tables: 3 },
  { camera: 'GF1_PMS2', year: 2017, gain: [0.146, 0.1248, 0.1274, 0.1255], tables: 3 },
  { camera: 'GF1_PMS2', year: 2018, gain: [0.1523, 0.1382, 0.1403, 0.1334], tables: 3 },
  {
    camera: 'GF1_PMS2',
    year: 2019,
    gain: [0.149, 0.1328, 0.1311, 0.1217],
    tables: 3,
    doubt: 'equals PMS1 of the same year: copied?',
  },
  {
    camera: 'GF1_PMS2',
    year: 2020,
    gain: [0.1541, 0.1394, 0.1407, 0.1308],
    tables: 1,
    doubt: 'equals its own 2021 row: copied?',
  },
  { camera: 'GF1_PMS2', year: 2021, gain: [0.1541, 0.1394, 0.1407, 0.1308], tables: 1 },
  { camera: 'GF1_WFV1', year: 2014, gain: [0.2004, 0.1648, 0.1243, 0.1563], tables: 3 },
  { camera: 'GF1_WFV1', year: 2015, gain: [0.1816, 0.156, 0.1412, 0.1368], tables: 3 },
  { camera: 'GF1_WFV1', year: 2016, gain: [0.1843, 0.1477, 0.122, 0.1365], tables: 3 },
  { camera: 'GF1_WFV1', year: 2017, gain: [0.2165, 0.1685, 0.1354, 0.1507], tables: 3 },
  { camera: 'GF1_WFV1', year: 2018, gain: [0.1824, 0.1546, 0.127, 0.1344], tables: 3 },
  { camera: 'GF1_WFV1', year: 2019, gain: [0.2144, 0.1657, 0.1228, 0.1213], tables: 3 },
  { camera: 'GF1_WFV1', year: 2020, gain: [0.19319, 0.16041, 0.12796, 0.13405], tables: 1 },
  { camera: 'GF1_WFV1', year: 2021, gain: [0.1722, 0.1496, 0.1227, 0.1262], tables: 1 },
  { camera: 'GF1_WFV2', year: 2014, gain: [0.1733, 0.1383, 0.1122, 0.1391], tables: 3 },
  { camera: 'GF1_WFV2', year: 2015, gain: [0.1684, 0.1527, 0.1373, 0.1263], tables: 3 },
  { camera: 'GF1_WFV2', year: 2016, gain: [0.1929, 0.154, 0.1349, 0.1359], tables: 3 },
  { camera: 'GF1_WFV2', year: 2017, gain: [0.2097, 0.163, 0.1339, 0.1521], tables: 3 },
  { camera: 'GF1_WFV2', year: 2018, gain: [0.1851, 0.1538, 0.1231, 0.1314], tables: 3 },
  { camera: 'GF1_WFV2', year: 2019, gain: [0.2368, 0.1745, 0.1254, 0.1163], tables: 3 },
  { camera: 'GF1_WFV2', year: 2020, gain: [0.2057, 0.1648, 0.126, 0.1187], tables: 1 },
  { camera: 'GF1_WFV2', year: 2021, gain: [0.1792, 0.1534, 0.1232, 0.1291], tables: 1 },
  { camera: 'GF1_WFV3', year: 2014, gain: [0.1745, 0.1514, 0.1257, 0.1462], tables: 3 },
  { camera: 'GF1_WFV3', year: 2015, gain: [0.177, 0.1589, 0.1385, 0.1344], tables: 3 },
  { camera: 'GF1_WFV3', year: 2016, gain: [0.1753, 0.1565, 0.148, 0.1322], tables: 3 },
  { camera: 'GF1_WFV3', year: 2017, gain: [0.187, 0.1619, 0.1295, 0.1383], tables: 3 },
  { camera: 'GF1_WFV3', year: 2018, gain: [0.1894, 0.1728, 0.1343, 0.1373], tables: 3 },
  { camera: 'GF1_WFV3', year: 2019, gain: [0.2139, 0.1797, 0.1344, 0.1337], tables: 3 },
  { camera: 'GF1_WFV3', year: 2020, gain: [0.2106, 0.1825, 0.1346, 0.1187], tables: 1 },
  { camera: 'GF1_WFV3', year: 2021, gain: [0.2044, 0.1534, 0.1232, 0.1291], tables: 1 },
  { camera: 'GF1_WFV4', year: 2014, gain: [0.1713, 0.16, 0.1497, 0.1435], tables: 3 },
  { camera: 'GF1_WFV4', year: 2015, gain: [0.1886, 0.1645, 0.1467, 0.1378], tables: 3 },
  { camera: 'GF1_WFV4', year: 2016, gain: [0.1973, 0.1714, 0.15, 0.1572], tables: 3 },
  { camera: 'GF1_WFV4', year: 2017, gain: [0.177, 0.1521, 0.1322, 0.1349], tables: 3 },
  { camera: 'GF1_WFV4', year: 2018, gain: [0.1866, 0.1599, 0.1307, 0.1251], tables: 3 },
  { camera: 'GF1_WFV4', year: 2019, gain: [0.2442, 0.1945, 0.1547, 0.1037], tables: 3 },
  { camera: 'GF1_WFV4', year: 2020, gain: [0.2522, 0.2029, 0.1528, 0.1031], tables: 1 },
  { camera: 'GF1_WFV4', year: 2021, gain: [0.2102, 0.1808, 0.1442, 0.1362], tables: 1 },
  { camera: 'GF1B_PMS', year: 2018, gain: [0.0333, 0.0414, 0.0474, 0.0435], tables: 3 },
  { camera: 'GF1B_PMS', year: 2019, gain: [0.0292, 0.0362, 0.04, 0.0354], tables: 3 },
  { camera: 'GF1B_PMS', year: 2020, gain: [0.0757, 0.0618, 0.0545, 0.0572], tables: 1 },
  { camera: 'GF1B_PMS', year: 2021, gain: [0.073, 0.0619, 0.0562, 0.0594], tables: 1 },
  { camera: 'GF1C_PMS', year: 2018, gain: [0.0301, 0.0392, 0.0436, 0.0379], tables: 3 },
  { camera: 'GF1C_PMS', year: 2019, gain: [0.029, 0.0382, 0.0421, 0.0364], tables: 3 },
  { camera: 'GF1C_PMS', year: 2020, gain: [0.0758, 0.0657, 0.0543, 0.0564], tables: 1 },
  { camera: 'GF1C_PMS', year: 2021, gain: [0.0648, 0.0599, 0.0532, 0.0566], tables: 1 },
  { camera: 'GF1D_PMS', year: 2018, gain: [0.0296, 0.0388, 0.0444, 0.039], tables: 3 },
  { camera: 'GF1D_PMS', year: 2019, gain: [0.0284, 0.0373, 0.0435, 0.0371], tables: 3 },
  { camera: 'GF1D_PMS', year: 2020, gain: [0.0738, 0.0656, 0.059, 0.0585], tables: 1 },
  { camera: 'GF1D_PMS', year: 2021, gain: [0.0694, 0.0624, 0.0573, 0.0571], tables: 1 },
  {
    camera: 'GF2_PMS1',
    year: 2014,
    gain: [0.1585, 0.1883, 0.174, 0.1897],
    offset: [-0.8765, -0.9742, -0.7652, -0.7233],
    tables: 3,
  },
  { camera: 'GF2_PMS1', year: 2015, gain: [0.1457, 0.1604, 0.155, 0.1731], tables: 3 },
  { camera: 'GF2_PMS1', year: 2016, gain: [0.1322, 0.155, 0.1477, 0.1613], tables: 3 },
  { camera: 'GF2_PMS1', year: 2017, gain: [0.1193, 0.153, 0.1424, 0.1569], tables: 3 },
  { camera: 'GF2_PMS1', year: 2018, gain: [0.1356, 0.1736, 0.1644, 0.1788], tables: 3 },
  { camera: 'GF2_PMS1', year: 2019, gain: [0.1453, 0.1826, 0.1727, 0.1908], tables: 3 },
  { camera: 'GF2_PMS1', year: 2020, gain: [0.1378, 0.1778, 0.17, 0.1858], tables: 2 },
  { camera: 'GF2_PMS1', year: 2021, gain: [0.1374, 0.1784, 0.1723, 0.1894], tables: 2 },
  { camera: 'GF2_PMS1', year: 2022, gain: [0.1374, 0.1784, 0.1723, 0.1894], tables: 1 },
  { camera: 'GF2_PMS1', year: 2023, gain: [0.1489, 0.1871, 0.1783, 0.1934], tables: 1 },
  { camera: 'GF2_PMS1', year: 2024, gain: [0.138, 0.169, 0.164, 0.192], tables: 1 },
  {
    camera: 'GF2_PMS2',
    year: 2014,
    gain: [0.1748, 0.1817, 0.1741, 0.1975],
    offset: [-0.593, -0.2717, -0.2879, -0.2773],
    tables: 3,
  },
  { camera: 'GF2_PMS2', year: 2015, gain: [0.1761, 0.1843, 0.1677, 0.183], tables: 3 },
  { camera: 'GF2_PMS2', year: 2016, gain: [0.1762, 0.1856, 0.1754, 0.198], tables: 3 },
  { camera: 'GF2_PMS2', year: 2017, gain: [0.1434, 0.1595, 0.1511, 0.1685], tables: 3 },
  { camera: 'GF2_PMS2', year: 2018, gain: [0.1859, 0.2072, 0.1934, 0.218], tables: 3 },
  { camera: 'GF2_PMS2', year: 2019, gain: [0.175, 0.1902, 0.177, 0.1968], tables: 3 },
  { camera: 'GF2_PMS2', year: 2020, gain: [0.1752, 0.1919, 0.1804, 0.1968], tables: 2 },
  { camera: 'GF2_PMS2', year: 2021, gain: [0.1641, 0.183, 0.1705, 0.1878], tables: 2 },
  { camera: 'GF2_PMS2', year: 2022, gain: [0.1743, 0.1784, 0.1668, 0.1912], tables: 1 },
  { camera: 'GF2_PMS2', year: 2023, gain: [0.1679, 0.1869, 0.1728, 0.1915], tables: 1 },
  { camera: 'GF2_PMS2', year: 2024, gain: [0.165, 0.171, 0.171, 0.197], tables: 1 },
  { camera: 'GF6_PMS', year: 2018, gain: [0.0825, 0.0663, 0.0513, 0.0298], tables: 1 },
  { camera: 'GF6_PMS', year: 2019, gain: [0.0847, 0.0653, 0.0491, 0.0298], tables: 1 },
  { camera: 'GF6_PMS', year: 2020, gain: [0.082, 0.0645, 0.0489, 0.0286], tables: 1 },
  { camera: 'GF6_PMS', year: 2021, gain: [0.0821, 0.0671, 0.0518, 0.031], tables: 1 },
  {
    camera: 'GF6_WFV',
    year: 2018,
    gain: [0.0667, 0.0517, 0.0485, 0.0298, 0.053, 0.0445, 0.0814, 0.0559],
    tables: 1,
  },
  {
    camera: 'GF6_WFV',
    year: 2019,
    gain: [0.0705, 0.0567, 0.0516, 0.0322, 0.0532, 0.0453, 0.0786, 0.0585],
    tables: 1,
  },
  {
    camera: 'GF6_WFV',
    year: 2020,
    gain: [0.0675, 0.0552, 0.0513, 0.0314, 0.0519, 0.0454, 0.0718, 0.0596],
    tables: 1,
  },
  {
    camera: 'GF6_WFV',
    year: 2021,
    gain: [0.0633, 0.0532, 0.0508, 0.0325, 0.0523, 0.0463, 0.067, 0.0591],
    tables: 1,
  },
];

/**
 * The coefficients of a camera for a year: its own row, else that of the latest year before; null before the first.
 * `gainsOf('GF2_PMS1', 2015)` has the gains 0.1457, 0.1604, 0.155, 0.1731.
 */
export function gainsOf(camera: string, year: number): GainRow | null {
  const known = GAOFEN_GAINS.filter((row) => row.camera === camera && row.year <= year);
  return known.reduce<GainRow | null>(
    (best, row) => (best === null || row.year > best.year ? row : best),
    null,
  );
}
