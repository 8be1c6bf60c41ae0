import { HeituError } from '../core/error.ts';
import { beijingDate, type Instant } from '../core/time.ts';
import { gainsOf } from '../sensors/gaofen-gains.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, sensorOfSatellite } from '../sensors/table.ts';
import { pickCoefficients } from './calibration.ts';
import { type Finding, remark } from './finding.ts';
import { rpcBeside } from './listing.ts';
import { type DeliveryMetadata, parseMetadata } from './metadata.ts';
import { requireBands } from './required.ts';
import { decodeXml } from './text.ts';
import type { Bag, Group, Listing, Told, ToldBand } from './told.ts';

/** What a Gaofen file name says. */
interface GaofenName {
  /** `GF1_PMS1_E125.6_N44.4_20200815_L1A0000123456`, with the number of a WFV part where there is one. */
  readonly id: string;
  readonly stem: string;
  readonly satellite: string;
  readonly camera: string;
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** MSS or MUX, PAN, or null for an image of one kind only. */
  readonly product: string | null;
}

/** `GF6_WFV_E125.6_N44.4_20200815_L1A1120012345-1.tiff`: satellite, camera, place, day, level and number, product or part. */
const GRAMMAR =
  /^((GF\d[A-Z]?)_((?:PMS|WFV|MUX)\d?)_[EW]\d{1,3}(?:\.\d{1,3})?_[NS]\d{1,2}(?:\.\d{1,3})?_(\d{4})(\d{2})(\d{2})_L\d[A-Z]\d{4,14})(?:-(MSS|MUX|PAN)\d?|-(\d))?\.tiff?$/i;

function parseName(name: string): GaofenName | null {
  const match = GRAMMAR.exec(name);
  if (match === null) return null;
  const [, stem = '', satellite = '', camera = '', year, month, day, product, part] = match;
  return {
    id: (part === undefined ? stem : `${stem}-${part}`).toUpperCase(),
    stem,
    satellite: satellite.toUpperCase(),
    camera: camera.toUpperCase(),
    date: `${year}-${month}-${day}`,
    product: product?.toUpperCase() ?? null,
  };
}

/** Multispectral images of GF-1, GF-2 and GF-6; a panchromatic one beside them is a companion. */
export function findGaofen({ files }: Listing, free: ReadonlySet<string>): Group[] {
  return files.flatMap((image): Group[] => {
    const name = free.has(image) ? parseName(image) : null;
    if (name === null || name.product === 'PAN') return [];
    const bare = image.replace(/\.tiff?$/i, '');
    const wanted = [`${bare}.xml`, `${name.stem}.xml`].map((one) => one.toLowerCase());
    const metadata = wanted.flatMap((one) => files.filter((file) => file.toLowerCase() === one))[0] ?? null;
    const own = files.filter((file) => {
      const rest = file.toLowerCase().startsWith(name.stem.toLowerCase())
        ? file.slice(name.stem.length)
        : 'x';
      // Another part of the same WFV pass is a delivery of its own.
      return /^[._-]/.test(rest) && (/^\.|^-[A-Z]|^_/i.test(rest) || file.startsWith(bare));
    });
    return [{ image, images: [image], metadata, expected: `${bare}.xml`, files: own }];
  });
}

/** Reads `ProductMetaData` (JILIN1.md 3.2); coefficients of the file first, those of CRESDA's yearly notice second. */
export async function readGaofen({ delivery, bytes, raster }: Bag): Promise<Told> {
  const name = parseName(delivery.image);
  if (name === null) throw new HeituError('E_NAME_GRAMMAR', { where: delivery.image });
  const where = delivery.metadata ?? '';
  const metadata = parseMetadata(decodeXml(await bytes(where), where), where);
  const camera = `${name.satellite}_${name.camera}`;
  const sensor = sensorOfSatellite(camera);
  if (sensor === null)
    throw new HeituError('E_META_INVALID', { where, what: `camera ${camera}`, element: 'SensorID' });
  checkNames(name, metadata, where);
  const row: SensorRow = SENSORS[sensor];
  const info = await raster(delivery.image);
  const names = row.bands.map((band) => band.name);
  requireBands(names, `${names.join(', ')} in ${delivery.image}`);
  if (info.bandCount !== names.length)
    throw new HeituError('E_BAND_MISSING', {
      what: names.join(', '),
      where: `${info.bandCount} bands in ${delivery.image}`,
    });
  if (info.dtype === 'uint8')
    throw new HeituError('E_NOT_RADIOMETRIC', {
      where: delivery.image,
      what: '8-bit imagery is stretched for display, not measured',
    });
  const datetime = agreedDay(name, metadata, where);
  const { lists, remarks } = listsOf(camera, metadata, datetime, where);
  const coefficients = pickCoefficients(lists, row, {
    where,
    bits: metadata.dataBits ?? row.bits,
    encoding: 'radiance',
    names: ['AbsCeof', 'AbsCeof'],
  });
  const level = metadata.level?.replace(/^LEVEL/i, 'L').toUpperCase() ?? 'L1A';
  const rpcFile = rpcBeside(delivery.image, delivery.files);
  const { width, height } = metadata;
  const pan = delivery.files.filter((file) => parseName(file)?.product === 'PAN');
  return {
    id: name.id,
    collection: `${sensor}-${level.toLowerCase()}`,
    sensor,
    satellite: name.satellite,
    datetime,
    level,
    run: null,
    encoding: 'radiance',
    radiometry: 'absolute',
    bits: metadata.dataBits ?? row.bits,
    nodata: 0,
    bands: row.bands.map(
      (band, i): ToldBand => ({
        name: band.name,
        file: delivery.image,
        number: i + 1,
        ...coefficients[i]!,
        rpcFile,
      }),
    ),
    classification: null,
    sunElevation: metadata.sunElevation,
    sunAzimuth: metadata.sunAzimuth,
    viewZenith: metadata.viewZenith,
    viewAzimuth: metadata.viewAzimuth,
    atmosphere: null,
    // 99 and more stands for "not looked at" (GDAL's GaoFen reader).
    cloudPercent:
      metadata.cloudPercent !== null && metadata.cloudPercent >= 99 ? null : metadata.cloudPercent,
    simulated: metadata.simulated,
    footprint: metadata.footprint,
    gsd: metadata.rowGsd,
    size: width === null || height === null ? null : { width, height },
    epsg: null,
    findings: [
      ...remarks,
      ...pan.map((file) =>
        remark('E_FILE_UNUSED', 'note', {
          file,
          what: 'panchromatic: products are made of the multispectral image',
        }),
      ),
    ],
  };
}

function checkNames(name: GaofenName, { satellite, sensor }: DeliveryMetadata, where: string): void {
  for (const [element, told, said] of [
    ['SatelliteID', satellite, name.satellite],
    ['SensorID', sensor, name.camera],
  ] as const) {
    if (told === null || told.toUpperCase() === said) continue;
    throw new HeituError('E_META_INVALID', {
      where,
      what: `${element} ${told}, but the name says ${said}`,
      element,
    });
  }
}

/** The time of the metadata, which is Beijing's; E_TIME_CONFLICT when the name tells of another day. */
function agreedDay(name: GaofenName, { datetime }: DeliveryMetadata, where: string): Instant {
  if (datetime === null)
    throw new HeituError('E_META_MISSING', { where, what: 'CenterTime', element: 'CenterTime' });
  // Names carry the day of UTC or of Beijing, which differ for passes over the west.
  const days = [beijingDate(datetime), datetime.slice(0, 10)];
  if (days.includes(name.date)) return datetime;
  const what = `time ${datetime}, but the name says ${name.date}`;
  throw new HeituError('E_TIME_CONFLICT', { where, what, element: 'CenterTime' });
}

function listsOf(camera: string, { gain, bias }: DeliveryMetadata, datetime: Instant, where: string) {
  if (gain !== null) return { lists: { gain, bias }, remarks: [] };
  const year = Number(beijingDate(datetime).slice(0, 4));
  const known = gainsOf(camera, year);
  if (known === null) {
    const what = `AbsCeof, and no coefficients of ${camera} are known for ${year}`;
    throw new HeituError('E_META_MISSING', { where, what, element: 'AbsCeof' });
  }
  const remarks: Finding[] = [];
  const say = (what: string) =>
    remarks.push(remark('E_META_ASSUMED', 'warning', { file: where, what, element: 'AbsCeof' }));
  if (known.year === year) say(`AbsCeof; the coefficients CRESDA gives for ${camera} in ${year} are taken`);
  else say(`AbsCeof; those of ${known.year} are taken, the latest known before ${year}`);
  if (known.doubt !== undefined) say(`AbsCeof; the row of ${known.year} is in doubt: ${known.doubt}`);
  return { lists: { gain: known.gain, bias: known.offset ?? null }, remarks };
}
