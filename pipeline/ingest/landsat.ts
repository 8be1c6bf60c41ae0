import { HeituError } from '../core/error.ts';
import type { Encoding } from '../core/scene.ts';
import { type Instant, isInstant } from '../core/time.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, sensorOfSatellite } from '../sensors/table.ts';
import { checkCoefficients } from './calibration.ts';
import { type Finding, remark } from './finding.ts';
import { IMAGE } from './listing.ts';
import type { Place } from './metadata.ts';
import { type Mtl, parseMtl } from './mtl.ts';
import { requireBands } from './required.ts';
import type { Bag, Group, Listing, Told, ToldBand } from './told.ts';

const MTL_FILE = /^(.{1,120})_MTL\.txt$/i;

/** A folder with an `_MTL.txt`: the files that start like it. */
export function findLandsat({ files }: Listing, free: ReadonlySet<string>): Group[] {
  return files.flatMap((metadata): Group[] => {
    const stem = MTL_FILE.exec(metadata)?.[1];
    if (stem === undefined) return [];
    const own = files.filter(
      (file) => free.has(file) && file.toLowerCase().startsWith(`${stem.toLowerCase()}_`),
    );
    const images = own.filter((file) => IMAGE.test(file));
    // Somebody else describes all of its images.
    if (images.length === 0 && files.some((file) => IMAGE.test(file))) return [];
    return [{ image: metadata, images, metadata, expected: metadata, files: own }];
  });
}

/** How the numbers of a product are read: the first row whose coefficients are in the file. */
interface Scaling {
  readonly encoding: Encoding;
  /** Keys of a band, and the group they stand in where several groups have them. */
  readonly gain: (band: string) => string;
  readonly bias: (band: string) => string;
  readonly group?: string;
  /** Collection-1 and -2 reflectance is not divided by the sine of the sun's elevation yet (USGS, "Using the product"). */
  readonly perSun: boolean;
}

const SCALINGS: readonly Scaling[] = [
  {
    encoding: 'boa',
    gain: (band) => `REFLECTANCE_MULT_BAND_${band}`,
    bias: (band) => `REFLECTANCE_ADD_BAND_${band}`,
    group: 'LEVEL2_SURFACE_REFLECTANCE_PARAMETERS',
    perSun: false,
  },
  {
    encoding: 'toa',
    gain: (band) => `REFLECTANCE_MULT_BAND_${band}`,
    bias: (band) => `REFLECTANCE_ADD_BAND_${band}`,
    perSun: true,
  },
  {
    encoding: 'radiance',
    gain: (band) => `RADIANCE_MULT_BAND_${band}`,
    bias: (band) => `RADIANCE_ADD_BAND_${band}`,
    perSun: false,
  },
];

/** Landsat Collection 2 level 2 and 1, and the older MTL with radiance coefficients only. */
export async function readLandsat({ delivery, bytes }: Bag): Promise<Told> {
  const where = delivery.metadata ?? '';
  const mtl = parseMtl(await bytes(where), where);
  const need = (key: string) => {
    const value = mtl.text(key);
    if (value === null) throw new HeituError('E_META_MISSING', { where, what: key, element: key });
    return value;
  };
  const craft = `${need('SPACECRAFT_ID')}_${need('SENSOR_ID')}`;
  const sensor = sensorOfSatellite(craft);
  if (sensor === null)
    throw new HeituError('E_META_INVALID', { where, what: `instrument ${craft}`, element: 'SENSOR_ID' });
  const row: SensorRow = SENSORS[sensor];
  const sunElevation = mtl.number('SUN_ELEVATION');
  const scaling = SCALINGS.find((one) => mtl.text(one.gain('3'), one.group) !== null);
  if (scaling === undefined) throw new HeituError('E_META_MISSING', { where, what: 'RADIANCE_MULT_BAND_3' });
  const named = row.bands.flatMap((band) => {
    const file = mtl.text(`FILE_NAME_${band.label.replace(/^B/, 'BAND_')}`);
    const found = file === null ? undefined : sameName(delivery.files, file);
    return found === undefined ? [] : [{ band, file: found }];
  });
  requireBands(
    named.map(({ band }) => band.name),
    `${named.map(({ file }) => file).join(', ')} of ${where}`,
  );
  const bands = named.map(({ band, file }): ToldBand => {
    const pair = coefficientsOf(mtl, scaling, band.label.replace(/^B/, ''), sunElevation);
    checkCoefficients(pair, scaling.gain(band.label.replace(/^B/, '')), {
      where,
      bits: scaling.encoding === 'radiance' ? row.bits : 16,
      encoding: scaling.encoding,
    });
    return { name: band.name, file, number: 1, ...pair, rpcFile: null };
  });
  const { id, run } = identityOf(mtl);
  const level = mtl.text('PROCESSING_LEVEL') ?? mtl.text('DATA_TYPE') ?? 'L1';
  const quality = mtl.text('FILE_NAME_QUALITY_L1_PIXEL');
  const qualityFile =
    quality === null
      ? delivery.files.find((file) => /_QA_PIXEL\.tiff?$/i.test(file))
      : sameName(delivery.files, quality);
  const cloud = mtl.number('CLOUD_COVER');
  return {
    id,
    collection: `landsat-${level.toLowerCase()}`,
    sensor,
    satellite: need('SPACECRAFT_ID'),
    datetime: timeOf(mtl, id),
    level,
    run,
    encoding: scaling.encoding,
    radiometry: 'absolute',
    bits: scaling.encoding === 'radiance' ? row.bits : null,
    nodata: 0,
    bands,
    classification: qualityFile === undefined ? null : { kind: 'qa_pixel', file: qualityFile },
    sunElevation,
    sunAzimuth: mtl.number('SUN_AZIMUTH'),
    viewZenith: null,
    viewAzimuth: null,
    atmosphere: null,
    // -1 stands for "not looked at".
    cloudPercent: cloud === null || cloud < 0 || cloud > 100 ? null : cloud,
    simulated: false,
    footprint: footprintOf(mtl),
    gsd: null,
    size: null,
    epsg: null,
    findings: missingBands(
      row,
      named.map(({ band }) => band.label),
      where,
    ),
  };
}

function coefficientsOf(mtl: Mtl, { gain, bias, group, perSun }: Scaling, band: string, sun: number | null) {
  const need = (key: string) => {
    const value = mtl.number(key, group);
    if (value === null) throw new HeituError('E_META_MISSING', { where: mtl.where, what: key, element: key });
    return value;
  };
  const pair = { gain: need(gain(band)), bias: need(bias(band)) };
  if (!perSun) return pair;
  if (sun === null || sun <= 0)
    throw new HeituError('E_META_MISSING', {
      where: mtl.where,
      what: 'SUN_ELEVATION',
      element: 'SUN_ELEVATION',
    });
  const sine = Math.sin((sun * Math.PI) / 180);
  return { gain: pair.gain / sine, bias: pair.bias / sine };
}

/** `LC08_L2SP_117029_20230815_20230819_02_T1`: the second day is that of processing. */
function identityOf(mtl: Mtl): { id: string; run: string | null } {
  const product = mtl.text('LANDSAT_PRODUCT_ID');
  const parts = /^(L\w{3}_\w{4}_\d{6}_\d{8})_(\d{8})_(\d{2}_\w{2})$/.exec(product ?? '');
  if (parts !== null) return { id: `${parts[1]}_${parts[3]}`, run: parts[2]! };
  const scene = product ?? mtl.text('LANDSAT_SCENE_ID');
  if (scene === null || !/^\w{1,64}$/.test(scene))
    throw new HeituError('E_META_MISSING', {
      where: mtl.where,
      what: 'LANDSAT_SCENE_ID',
      element: 'LANDSAT_SCENE_ID',
    });
  return { id: scene, run: mtl.text('FILE_DATE')?.replace(/\D/g, '') ?? null };
}

function timeOf(mtl: Mtl, id: string): Instant {
  const day = mtl.text('DATE_ACQUIRED') ?? '';
  const clock = (mtl.text('SCENE_CENTER_TIME') ?? '').replace(/(\.\d{3})\d*/, '$1');
  const stated = `${day}T${clock}`;
  if (!isInstant(stated))
    throw new HeituError('E_META_INVALID', {
      where: mtl.where,
      what: `time ${stated.slice(0, 40)}`,
      element: 'DATE_ACQUIRED',
    });
  const datetime = new Date(stated).toISOString();
  const inName = /^L\w{3}_\w{4}_\d{6}_(\d{8})_/.exec(id)?.[1] ?? dayOfOldName(id);
  if (inName === null || inName === datetime.slice(0, 10).replaceAll('-', '')) return datetime;
  const what = `time ${datetime}, but the name says ${inName}`;
  throw new HeituError('E_TIME_CONFLICT', { where: mtl.where, what, element: 'DATE_ACQUIRED' });
}

/** `LT52240631988227CUB02`: year and day of the year stand behind path and row. */
function dayOfOldName(id: string): string | null {
  const match = /^L\w{2}\d{6}(\d{4})(\d{3})[A-Z]{3}\d{2}$/.exec(id);
  if (match === null) return null;
  return new Date(Date.UTC(Number(match[1]), 0, Number(match[2])))
    .toISOString()
    .slice(0, 10)
    .replaceAll('-', '');
}

function footprintOf(mtl: Mtl): Place[] | null {
  const places = ['UL', 'UR', 'LR', 'LL'].flatMap((corner): Place[] => {
    const latitude = mtl.number(`CORNER_${corner}_LAT_PRODUCT`);
    const longitude = mtl.number(`CORNER_${corner}_LON_PRODUCT`);
    return latitude === null || longitude === null ? [] : [[longitude, latitude]];
  });
  return places.length === 4 ? places : null;
}

function missingBands(row: SensorRow, found: readonly string[], where: string): Finding[] {
  const missing = row.bands.filter((band) => !found.includes(band.label)).map((band) => band.label);
  return missing.length === 0
    ? []
    : [remark('E_DELIVERY_INCOMPLETE', 'warning', { file: where, what: missing.join(', ') })];
}

/** The same name but for upper and lower case, which copies change. */
function sameName(files: readonly string[], name: string): string | undefined {
  return files.find((file) => file.toLowerCase() === name.toLowerCase());
}
