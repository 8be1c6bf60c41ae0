import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { type Cells, cellsOfTile } from '../../../pipeline/mask/cells.ts';
import type { SceneSky } from '../../../pipeline/mask/scene-mask.ts';
import { flagImplausible } from '../../../pipeline/mask/validity.ts';

/** Cloud of either kind: what no published mask tells apart. */
export const CLOUDY = QUALITY.CLOUD.bit | QUALITY.CLOUD_OR_SNOW.bit;

/** Test spectra of METHODS 3.2: B, G, R, N. */
export const SPECTRA = {
  maize: [0.03, 0.06, 0.035, 0.45],
  soil: [0.05, 0.06, 0.075, 0.115],
  residue: [0.1, 0.13, 0.17, 0.28],
  water: [0.06, 0.05, 0.035, 0.018],
  pine: [0.045, 0.065, 0.1, 0.21],
  cloud: [0.45, 0.44, 0.44, 0.48],
  snow: [0.85, 0.84, 0.83, 0.78],
} as const;

export type SpectrumOf = readonly [blue: number, green: number, red: number, nir: number];

/** A coarse scene of cells of `size` metres, one spectrum each. */
export function tileOfSpectra<U extends 'toa' | 'boa' = 'boa'>(
  spectra: readonly SpectrumOf[],
  width: number,
  size: number,
  // The default of the type parameter is the default of the value.
  unit: U = 'boa' as U,
): LooseTile<U> {
  const band = (k: number) => Float32Array.from(spectra, (spectrum) => spectrum[k]!);
  return {
    unit,
    grid: {
      width,
      height: spectra.length / width,
      transform: [500_000, size, 0, 4_900_000, 0, -size],
      epsg: 4551,
    },
    bands: { B: band(0), G: band(1), R: band(2), N: band(3) },
    quality: new Uint16Array(spectra.length),
  };
}

/** The same as cells. */
export function cellsOfSpectra(
  spectra: readonly SpectrumOf[],
  width: number,
  size: number,
  unit: 'toa' | 'boa' = 'boa',
): Cells {
  return cellsOfTile(tileOfSpectra(spectra, width, size, unit), size)!;
}

/** A square scene of `side` cells, its spectrum by column and row. */
export function painted(
  side: number,
  spectrumAt: (col: number, row: number) => SpectrumOf,
): readonly SpectrumOf[] {
  return Array.from({ length: side * side }, (_, i) => spectrumAt(i % side, Math.floor(i / side)));
}

/** A sky of which nothing is known but the day. */
export function skyOn(datetime: string): SceneSky {
  return {
    datetime,
    sunElevation: null,
    sunAzimuth: null,
    viewZenith: null,
    viewAzimuth: null,
    classification: null,
  };
}

/** All bands of a raster file, and its grid. */
export async function planesOf(file: string): Promise<{ planes: Float32Array[]; grid: Grid }> {
  const raster = await openRaster(file);
  try {
    const { width, height, transform, epsg, bandCount } = raster.info;
    const numbers = Array.from({ length: bandCount }, (_, i) => i + 1);
    const planes = await raster.read(numbers, { col: 0, row: 0, width, height });
    return {
      planes: planes.map((plane) => Float32Array.from(plane as Float32Array)),
      grid: { width, height, transform: transform ?? [0, 1, 0, 0, 0, -1], epsg },
    };
  } finally {
    await raster.close();
  }
}

/** B, G, R, N as reflectance: `value = gain · DN + bias`, one pair a band or one for all. */
export function reflectance<U extends 'toa' | 'boa'>(
  unit: U,
  grid: Grid,
  planes: readonly Float32Array[],
  gains: readonly number[],
  { biases = [0], nodata }: { biases?: readonly number[]; nodata: number | null },
): LooseTile<U> {
  const quality = new Uint16Array(grid.width * grid.height);
  const bands = Object.fromEntries(
    (['B', 'G', 'R', 'N'] as const).map((name, k) => {
      const gain = gains[k] ?? gains[0]!;
      const bias = biases[k] ?? biases[0]!;
      const values = planes[k]!.map((dn, i) => {
        if (dn === nodata) quality[i]! |= QUALITY.NODATA.bit;
        return gain * dn + bias;
      });
      return [name, values];
    }),
  );
  return flagImplausible({ unit, grid, bands, quality });
}

/** Sentinel-2 at the top of the atmosphere over Slovenia. */
export async function slovenia(folder: string, date: string): Promise<LooseTile<'toa'>> {
  const { planes, grid } = await planesOf(join(folder, `scenes/S2_L1C_${date}_BGRN_uint16.tif`));
  return reflectance('toa', grid, planes, [1e-4], { nodata: 0 });
}

/** CBERS-4 surface reflectance of one date, and its published mask (1 = cloud) where there is one. */
export async function cbers(
  folder: string,
  date: string,
): Promise<{ tile: LooseTile<'boa'>; cloud: Uint8Array | null }> {
  const series = join(folder, 'series_50px');
  const files = readdirSync(series).filter((name) => name.endsWith(`${date}.tif`));
  const open = async (part: string) => {
    const name = files.find((file) => file.includes(`_${part}_`));
    return name === undefined ? null : await planesOf(join(series, name));
  };
  const bands = await Promise.all(['B13', 'B14', 'B15', 'B16'].map(open));
  const planes = bands.map((band) => band!.planes[0]!);
  const mask = await open('CMASK');
  return {
    tile: reflectance('boa', bands[0]!.grid, planes, [1e-4], { nodata: -9999 }),
    cloud: mask === null ? null : Uint8Array.from(mask.planes[0]!, (code) => (code === 4 ? 1 : 0)),
  };
}

/** One date of the simulated county: surface reflectance, its sky and its truth (0 clear, 1 cloud, 2 shadow, 3 rim, 255 fill). */
export async function countyScene(
  folder: string,
  name: string,
): Promise<{ tile: LooseTile<'boa'>; sky: SceneSky; truth: Uint8Array }> {
  const stem = join(folder, 'deliveries', name, `${name}_MSS`);
  const meta = readFileSync(`${stem}_meta.xml`, 'utf8');
  const numbers = (element: string): number[] =>
    new RegExp(`<${element}>([^<]*)</${element}>`).exec(meta)![1]!.split(',').map(Number);
  const { planes, grid } = await planesOf(`${stem}.tif`);
  const truth = await planesOf(join(folder, 'truth', `${name}_mask.tif`));
  const day = /_(\d{4})(\d\d)(\d\d)\d{6}_/.exec(name)!;
  return {
    tile: reflectance('boa', grid, planes, numbers('AbsCalibrationGain'), {
      biases: numbers('AbsCalibrationBias'),
      nodata: 0,
    }),
    sky: {
      ...skyOn(`${day[1]}-${day[2]}-${day[3]}T02:30:00.000Z`),
      sunElevation: numbers('SolarElevation')[0]!,
      sunAzimuth: numbers('SolarAzimuth')[0]!,
      viewZenith: 90 - numbers('SatelliteElevation')[0]!,
      viewAzimuth: numbers('SatelliteAzimuth')[0]!,
    },
    truth: Uint8Array.from(truth.planes[0]!),
  };
}

/** Cells that both masks mark, over cells that either marks. */
export function iou(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    both += a[i]! & b[i]!;
    either += a[i]! | b[i]!;
  }
  return both / either;
}

/** 1 where any of the bits is set. */
export function marked(quality: Uint16Array, bits: number): Uint8Array {
  return Uint8Array.from(quality, (flags) => ((flags & bits) === 0 ? 0 : 1));
}

/** Share of the cells that a mask marks. */
export function share(mask: Uint8Array): number {
  return mask.reduce((sum, value) => sum + value, 0) / mask.length;
}

/** `0.9423` as `94.2 %`. */
export function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
