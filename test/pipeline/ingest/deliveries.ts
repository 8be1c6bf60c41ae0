import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { handMade, type Tag } from './tiff.ts';

export const WIDTH = 60;
export const HEIGHT = 40;

/** A grid of the middle of the province, 3 m, around 125.6° E 44.4° N. */
export const GRID = {
  width: WIDTH,
  height: HEIGHT,
  transform: [468_000, 3, 0, 4_918_500, 0, -3],
  epsg: 4551,
} as const;

/** The corners of GRID in degrees (GDAL 3.6.2, `gdaltransform -s_srs EPSG:4551 -t_srs EPSG:4326`). */
export const CORNERS = {
  UpperLeft: [125.598_31, 44.401_37],
  UpperRight: [125.600_57, 44.401_38],
  LowerRight: [125.600_58, 44.400_3],
  LowerLeft: [125.598_32, 44.400_29],
} as const;

export interface RasterOptions {
  readonly bands?: number;
  readonly dtype?: 'uint8' | 'uint16' | 'int16';
  readonly grid?: typeof GRID | { width: number; height: number; transform: readonly number[]; epsg: number };
  readonly descriptions?: readonly string[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly nodata?: number;
  readonly value?: number;
}

const ARRAYS = { uint8: Uint8Array, uint16: Uint16Array, int16: Int16Array } as const;

/** A GeoTIFF of one number a band: 400, 1300, 2200 … unless another one is given. */
export async function writePlaced(path: string, options: RasterOptions = {}): Promise<void> {
  const { bands = 4, dtype = 'uint16', descriptions = [], metadata = {}, nodata = null, value } = options;
  const grid = options.grid ?? GRID;
  await writeCog(path, {
    // Tests state grids as plain lists.
    grid: grid as typeof GRID,
    bands: Array.from({ length: bands }, (_, i) => ({
      data: new ARRAYS[dtype](grid.width * grid.height).fill(
        value ?? 40 + 90 * i * (dtype === 'uint8' ? 0.2 : 10),
      ),
      description: descriptions[i] ?? `band ${i + 1}`,
    })),
    nodata,
    compress: 'deflate',
    resampling: 'average',
    metadata,
  });
}

/** An image as raw as L1 comes: 16 bits, no place on the earth, no compression. */
export async function writeRaw(
  path: string,
  bands = 4,
  size = { width: WIDTH, height: HEIGHT },
): Promise<void> {
  const short = (tag: number, ...values: number[]): Tag => ({ tag, type: 3, values });
  const each = (value: number) => Array<number>(bands).fill(value);
  const pixels = new Uint16Array(size.width * size.height * bands).map((_, i) => 500 + (i % bands) * 600);
  const bytes = handMade({
    tags: [
      short(256, size.width),
      short(257, size.height),
      short(258, ...each(16)),
      short(259, 1),
      short(262, 1),
      short(277, bands),
      short(278, size.height),
      short(284, 1),
      short(339, ...each(1)),
    ],
    blocks: [new Uint8Array(pixels.buffer)],
  });
  await writeFile(path, bytes);
}

/** A camera model of a north-up image of `gsd` metres around a place, in the style of IKONOS. */
export function rpcText(gsd = 3, [lon, lat]: readonly [number, number] = [125.6, 44.4]): string {
  const latScale = ((HEIGHT / 2) * gsd) / 111_132;
  const lonScale = ((WIDTH / 2) * gsd) / (111_320 * Math.cos((lat * Math.PI) / 180));
  const list = (label: string, at: number, value: number) =>
    Array.from({ length: 20 }, (_, i) => `${label}_${i + 1}: ${i === at ? value : 0}`);
  return [
    `LINE_OFF: ${HEIGHT / 2} pixels`,
    `SAMP_OFF: ${WIDTH / 2} pixels`,
    `LAT_OFF: ${lat} degrees`,
    `LONG_OFF: ${lon} degrees`,
    'HEIGHT_OFF: 190 meters',
    `LINE_SCALE: ${HEIGHT / 2} pixels`,
    `SAMP_SCALE: ${WIDTH / 2} pixels`,
    `LAT_SCALE: ${latScale} degrees`,
    `LONG_SCALE: ${lonScale} degrees`,
    'HEIGHT_SCALE: 500 meters',
    ...list('LINE_NUM_COEFF', 2, -1),
    ...list('LINE_DEN_COEFF', 0, 1),
    ...list('SAMP_NUM_COEFF', 1, 1),
    ...list('SAMP_DEN_COEFF', 0, 1),
    '',
  ].join('\n');
}

/** Elements of a Jilin-1 `_meta.xml` that agree with the name of SCENE and with GRID. */
export const META: Readonly<Record<string, string>> = {
  SatelliteID: 'JL1GF02B',
  Sensor: 'PMS1',
  ProductLevel: 'L1',
  StartTime: '2024-07-14 10:32:04.3',
  CenterTime: '2024-07-14 10:32:05.0',
  EndTime: '2024-07-14 10:32:05.7',
  ...Object.fromEntries(
    Object.entries(CORNERS).flatMap(([name, [lon, lat]]) => [
      [`${name}Latitude`, String(lat)],
      [`${name}Longitude`, String(lon)],
    ]),
  ),
  ImageRowGSD: '3.00',
  ImageColumnGSD: '3.10',
  DataBits: '12',
  SolarAzimuth: '141.2',
  SolarElevation: '64.0',
  SatelliteElevation: '88',
  CloudPercent: 'θ',
  AbsCalibrationGain: '0.1093,0.1024,0.0891,0.0652',
  AbsCalibrationBias: '0,0,0,0',
};

export const SCENE = 'JL1GF02B_PMS1_20240714103205_200341375_101_0001';

/** A metadata file; an element given as null is left out. */
export function metaXml(over: Readonly<Record<string, string | null>> = {}, extra = ''): string {
  const elements = Object.entries({ ...META, ...over }).flatMap(([name, value]) =>
    value === null ? [] : [`<${name}>${value}</${name}>`],
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<MetaData><ProductInfo>\n${elements.join('\n')}\n</ProductInfo>${extra}</MetaData>`;
}

/** Writes files of a folder: texts and bytes as they are. */
export async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
}
