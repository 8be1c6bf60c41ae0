import { HeituError } from '../core/error.ts';
import type { Atmosphere } from '../core/scene.ts';
import type { Instant } from '../core/time.ts';
import type { BandCode } from '../sensors/bands.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, type SensorId, sensorOfSatellite } from '../sensors/table.ts';
import { type Coefficients, pickCoefficients } from './calibration.ts';
import { type Finding, remark } from './finding.ts';
import { IMAGE, rpcBeside } from './listing.ts';
import { type DeliveryMetadata, parseBandMetadata, parseMetadata } from './metadata.ts';
import { type DeliveryName, parseDeliveryName } from './name.ts';
import { requireBands } from './required.ts';
import { decodeXml } from './text.ts';
import type { Bag, Group, Listing, Told, ToldBand } from './told.ts';
import { bandsByWavelength, parseBandDescription } from './wavelength.ts';

/** Files of one acquisition, run and level in one folder. */
interface Acquisition {
  readonly images: readonly Image[];
  readonly files: readonly string[];
  /** Its metadata files. */
  readonly metadata: readonly Image[];
}

interface Image {
  readonly name: string;
  readonly parts: DeliveryName;
}

/** Products whose image is what products are made of; null is a name without one (`…_L1.tif`, `…_L1C.tif`). */
const MEASURED: readonly (string | null)[] = ['MSS', null];
const isBand = ({ parts }: Image) => /^B\d+$/.test(parts.product ?? '');

/** The multispectral image of an acquisition, with the panchromatic and pan-sharpened ones beside it as companions. */
export function findPms(listing: Listing, free: ReadonlySet<string>): Group[] {
  return acquisitions(listing, free).flatMap((all) =>
    all.images
      .filter((one) => MEASURED.includes(one.parts.product))
      .map((image) => groupOf(all, image, [image])),
  );
}

/** Band files of GP01 and GP02, which make one scene together. */
export function findGp(listing: Listing, free: ReadonlySet<string>): Group[] {
  return acquisitions(listing, free).flatMap((all) => {
    const bands = all.images.filter(isBand);
    return bands.length === 0 ? [] : [groupOf(all, bands[0]!, bands)];
  });
}

/** A panchromatic or pan-sharpened image in a folder without the multispectral one. */
export function findAlone(product: 'PAN' | 'PSH') {
  return (listing: Listing, free: ReadonlySet<string>): Group[] =>
    acquisitions(listing, free).flatMap((all) => {
      if (all.images.some((one) => MEASURED.includes(one.parts.product) || isBand(one))) return [];
      // With both, the panchromatic one speaks for the folder.
      if (product === 'PSH' && all.images.some((one) => one.parts.product === 'PAN')) return [];
      const image = all.images.find((one) => one.parts.product === product);
      return image === undefined ? [] : [groupOf(all, image, [image])];
    });
}

function acquisitions({ files }: Listing, free: ReadonlySet<string>): Acquisition[] {
  const named = files.flatMap((name): Image[] => {
    const parts = free.has(name) ? parseDeliveryName(name) : null;
    return parts === null ? [] : [{ name, parts }];
  });
  const keys = new Map<string, Image[]>();
  for (const one of named) {
    if (one.parts.role !== null || !IMAGE.test(one.name)) continue;
    const { sceneId, run, level } = one.parts;
    const key = JSON.stringify([sceneId, run, level]);
    keys.set(key, [...(keys.get(key) ?? []), one]);
  }
  return [...keys.values()].map((images) => {
    const { sceneId, run, level } = images[0]!.parts;
    const start = `${sceneId}_${run}`.toLowerCase();
    const own = files.filter((name) => {
      if (!free.has(name) || !name.toLowerCase().startsWith(start)) return false;
      const parts = parseDeliveryName(name);
      return (parts === null && /^[_.]/.test(name.slice(start.length))) || parts?.level === level;
    });
    const metadata = named.filter(
      ({ name, parts }) => own.includes(name) && parts.role === 'meta' && parts.extension === '.xml',
    );
    return { images, files: own, metadata };
  });
}

function groupOf({ files, metadata }: Acquisition, image: Image, images: readonly Image[]): Group {
  const { product, order } = image.parts;
  const ofProduct = metadata.filter((one) => one.parts.product === product);
  const found =
    ofProduct.find((one) => one.parts.order === order) ??
    ofProduct[0] ??
    // One for all bands, or one of an image that names no product.
    metadata.find((one) => one.parts.product === null) ??
    (product === null ? metadata.find((one) => one.parts.product === 'MSS') : undefined);
  const expected = image.name.replace(IMAGE, '_meta.xml').replace(/_B\d+_meta/i, '_meta');
  return {
    image: image.name,
    images: images.map((one) => one.name),
    metadata: found?.name ?? null,
    expected,
    files,
  };
}

/** Name, metadata and sensor of a delivery, and what follows from them for every band. */
interface Basics {
  readonly name: DeliveryName;
  readonly xml: string;
  readonly where: string;
  readonly metadata: DeliveryMetadata;
  readonly satellite: string;
  readonly sensor: SensorId;
  readonly row: SensorRow;
}

async function basicsOf({ delivery, bytes }: Bag): Promise<Basics> {
  const name = parseDeliveryName(delivery.image);
  if (name === null) throw new HeituError('E_NAME_GRAMMAR', { where: delivery.image });
  const where = delivery.metadata ?? '';
  const xml = decodeXml(await bytes(where), where);
  const metadata = parseMetadata(xml, where);
  const satellite = metadata.satellite?.toUpperCase() ?? name.satellite;
  const sensor = sensorOfSatellite(satellite);
  if (sensor === null)
    throw new HeituError('E_META_INVALID', { where, what: `satellite ${satellite}`, element: 'SatelliteID' });
  const row: SensorRow = SENSORS[sensor];
  requireBands(
    row.bands.map((band) => band.name),
    `${row.bands.map((band) => band.name).join(', ')} of ${satellite} in ${delivery.image}`,
  );
  return { name, xml, where, metadata, satellite, sensor, row };
}

/** 8-bit or stretched numbers are for the eye. */
function refuseStretched(where: string, bits: number | null, stretched: boolean, dtype: string): void {
  const what =
    dtype === 'uint8' || (bits !== null && bits <= 8)
      ? '8-bit imagery is stretched for display, not measured'
      : stretched
        ? 'its metadata says that it was stretched'
        : null;
  if (what !== null) throw new HeituError('E_NOT_RADIOMETRIC', { where, what });
}

/** Four bands in one image: PMS of every Jilin-1 satellite, and the L1C of GP. */
export async function readPms(bag: Bag): Promise<Told> {
  const { delivery } = bag;
  const basics = await basicsOf(bag);
  const { name, metadata, satellite, row, where } = basics;
  const info = await bag.raster(delivery.image);
  if (info.bandCount !== row.bands.length) {
    throw new HeituError('E_BAND_MISSING', {
      what: row.bands.map((band) => band.name).join(', '),
      where: `${info.bandCount} bands in ${delivery.image}`,
    });
  }
  refuseStretched(delivery.image, metadata.dataBits, metadata.stretched, info.dtype);
  checkSatellites(basics);
  const order = orderOf(metadata.order, row);
  const coefficients = coefficientsOf(basics, { ...row, bands: order });
  const rpcFile = rpcBeside(delivery.image, delivery.files);
  const bands = order.map(
    (band, i): ToldBand => ({
      name: band.name,
      file: delivery.image,
      number: i + 1,
      ...coefficients[i]!,
      rpcFile,
    }),
  );
  return {
    ...commonOf(basics),
    // By the sensor's own order, whatever the file's.
    bands: row.bands.map((band) => bands.find((one) => one.name === band.name)!),
    size: sizeOf(metadata),
    gsd: smaller(metadata.rowGsd, metadata.columnGsd),
    datetime: agreedTime(name, metadata, where),
    findings: [...assumed(basics), ...companions(delivery.files, delivery.images)],
    satellite,
  };
}

/** One image and one camera model a band. */
export async function readGp(bag: Bag): Promise<Told> {
  const { delivery } = bag;
  const basics = await basicsOf(bag);
  const { name, metadata, satellite, row, where, xml } = basics;
  checkSatellites(basics);
  const files = new Map<number, { readonly file: string; readonly nm: number | null }>();
  for (const file of delivery.images) {
    const number = Number(parseDeliveryName(file)?.product?.slice(1));
    const info = await bag.raster(file);
    if (info.bandCount !== 1)
      throw new HeituError('E_BAND_MISSING', {
        what: `B${number}`,
        where: `${info.bandCount} bands in ${file}`,
      });
    refuseStretched(file, metadata.dataBits, metadata.stretched, info.dtype);
    const told = parseBandDescription(info.bands[0]?.description ?? '');
    if (told !== null && told.number !== number) {
      const what = `its band calls itself B${told.number}`;
      throw new HeituError('E_META_INVALID', { where: file, what });
    }
    files.set(number, { file, nm: told?.nm ?? null });
  }
  const named = bandsByWavelength(
    [...files].map(([number, { nm }]) => ({ number, nm })),
    fixedNumbers(row),
  );
  requireBands(
    [...named.keys()],
    `${delivery.images.map((file) => parseDeliveryName(file)?.product).join(', ')} of ${name.sceneId}`,
  );
  const lists = coefficientLists(basics);
  const bands = [...named].map(([code, number]): ToldBand => {
    const one = { ...row, bands: [{ ...row.bands[0]!, name: code, place: number }] };
    const [pair] = pickCoefficients(lists, one, aboutOf(basics));
    const { file } = files.get(number)!;
    return { name: code, file, number: 1, ...pair!, rpcFile: rpcBeside(file, delivery.files) };
  });
  const times = [...named.values()].map((number) => parseBandMetadata(xml, where, number).datetime);
  checkBandTimes(times, metadata.datetime ?? name.datetime, where);
  const left = [...files.keys()].filter((number) => ![...named.values()].includes(number));
  return {
    ...commonOf(basics),
    bands,
    size: null,
    gsd: smaller(metadata.rowGsd, metadata.columnGsd) ?? parseBandMetadata(xml, where, 3).gsd,
    datetime: agreedTime(name, metadata, where),
    findings: [
      ...assumed(basics),
      ...companions(delivery.files, delivery.images),
      ...(left.length === 0
        ? []
        : [
            remark('E_FILE_UNUSED', 'note', {
              file: left.map((number) => files.get(number)!.file).join(', '),
              what: 'no wavelength is told of these bands',
            }),
          ]),
    ],
    satellite,
  };
}

/** Numbers of the bands whose colour is known without a wavelength. */
function fixedNumbers(row: SensorRow): ReadonlyMap<BandCode, number> {
  return new Map(row.bands.map((band) => [band.name, band.place ?? 0]));
}

/** An image that is kept but made nothing of. */
export async function readPsh({ delivery }: Bag): Promise<never> {
  throw new HeituError('E_NOT_RADIOMETRIC', {
    where: delivery.image,
    what: 'pan-sharpened imagery is mixed and stretched for display, not measured',
  });
}

function commonOf({ name, metadata, sensor, row }: Basics) {
  const level = name.level ?? metadata.level?.toUpperCase() ?? 'L1';
  return {
    id: name.sceneId,
    collection: metadata.simulated ? 'jl1-demo' : `jl1-${level.toLowerCase()}`,
    sensor,
    level,
    run: name.run,
    encoding: metadata.encoding,
    radiometry: 'absolute' as const,
    bits: metadata.dataBits ?? row.bits,
    // Jilin-1 deliveries tag no nodata value; fill around the swath is 0 (JILIN1.md 2.3).
    nodata: 0,
    classification: null,
    sunElevation: metadata.sunElevation,
    sunAzimuth: metadata.sunAzimuth,
    viewZenith: metadata.viewZenith,
    viewAzimuth: metadata.viewAzimuth,
    atmosphere: atmosphereOf(metadata),
    cloudPercent: metadata.cloudPercent,
    simulated: metadata.simulated,
    footprint: metadata.footprint,
    epsg: null,
  };
}

/** Water vapour (g cm-2) and ozone (cm-atm) of a northern summer, where only the aerosol is told. */
const USUAL_GASES = { water: 2, ozone: 0.33 } as const;

function atmosphereOf({ aot550, water, ozone }: DeliveryMetadata): Atmosphere | null {
  return aot550 === null
    ? null
    : { aot550, water: water ?? USUAL_GASES.water, ozone: ozone ?? USUAL_GASES.ozone };
}

function sizeOf({ width, height }: DeliveryMetadata): Told['size'] {
  return width === null || height === null ? null : { width, height };
}

function smaller(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function aboutOf({ metadata, where, row }: Basics) {
  return {
    where,
    bits: metadata.dataBits ?? row.bits,
    encoding: metadata.encoding,
    names: ['AbsCalibrationGain', 'AbsCalibrationBias'],
  } as const;
}

function coefficientLists({ metadata }: Basics) {
  return { gain: metadata.gain, bias: metadata.bias };
}

function coefficientsOf(basics: Basics, row: SensorRow): Coefficients[] {
  return pickCoefficients(coefficientLists(basics), row, aboutOf(basics));
}

const ORDER_WORDS: Readonly<Record<string, BandCode>> = { B: 'B', G: 'G', R: 'R', N: 'N', NIR: 'N' };

/** The bands in the order that the file states (`R-G-B-NIR`), where it does in words we know; else the sensor's own. */
function orderOf(stated: string | null, row: SensorRow): SensorRow['bands'] {
  const words = stated?.toUpperCase().split(/[-,\s]+/) ?? [];
  const bands = words.flatMap((word) => row.bands.filter((band) => band.name === ORDER_WORDS[word]));
  return bands.length === row.bands.length && new Set(bands).size === bands.length ? bands : row.bands;
}

/** Name and metadata must speak of one satellite. */
function checkSatellites({ name, metadata, where }: Basics): void {
  const { satellite } = metadata;
  if (satellite === null || satellite.toUpperCase() === name.satellite) return;
  const what = `satellite ${satellite}, but the name says ${name.satellite}`;
  throw new HeituError('E_META_INVALID', { where, what, element: 'SatelliteID' });
}

/** Longest that one scene is being taken. */
const LONGEST_SCENE_MS = 10 * 60_000;

/** How far the time of a name may be from that of the metadata: one is often that of the strip. */
const MOST_APART_MS = 3_600_000;

/**
 * The acquisition time on which name and metadata agree. Throws E_TIME_CONFLICT when they are over an hour apart, or when the
 * metadata's own times are out of order: one of them belongs to another scene, or to another time zone.
 */
function agreedTime(name: DeliveryName, metadata: DeliveryMetadata, where: string): Instant {
  const stated = metadata.datetime ?? name.datetime;
  const conflict = (what: string, element: string) =>
    new HeituError('E_TIME_CONFLICT', { where, what, element });
  const at = Date.parse(stated);
  if (Math.abs(at - Date.parse(name.datetime)) > MOST_APART_MS)
    throw conflict(`time ${stated}, but the name says ${name.datetime}`, 'CenterTime');
  const { start, end } = metadata;
  if (start !== null && Date.parse(start) > at)
    throw conflict(`it starts at ${start}, after ${stated}`, 'StartTime');
  if (end !== null && Date.parse(end) < at) throw conflict(`it ends at ${end}, before ${stated}`, 'EndTime');
  if (start !== null && end !== null && Date.parse(end) - Date.parse(start) > LONGEST_SCENE_MS)
    throw conflict(`it takes from ${start} to ${end}`, 'EndTime');
  return stated;
}

function checkBandTimes(times: readonly (Instant | null)[], scene: Instant, where: string): void {
  const odd = times.find(
    (time) => time !== null && Math.abs(Date.parse(time) - Date.parse(scene)) > LONGEST_SCENE_MS,
  );
  if (odd === undefined || odd === null) return;
  const what = `a band at ${odd}, the scene at ${scene}`;
  throw new HeituError('E_TIME_CONFLICT', { where, what, element: 'CenterTime' });
}

/** What was taken for granted. */
function assumed({ metadata, where, row, satellite }: Basics): Finding[] {
  const found: Finding[] = [];
  const say = (element: string, what: string) =>
    found.push(remark('E_META_ASSUMED', 'note', { file: where, what: `${element}; ${what}`, element }));
  if (metadata.dataBits === null) say('DataBits', `${row.bits} are taken, as ${satellite} has`);
  if (metadata.bias === null) say('AbsCalibrationBias', '0 is taken');
  return found;
}

/** Images beside the ones that are used: kept with their checksums. */
function companions(files: readonly string[], used: readonly string[]): Finding[] {
  return files.flatMap((file) => {
    const parts = parseDeliveryName(file);
    if (parts === null || !IMAGE.test(file) || used.includes(file)) return [];
    const what = COMPANIONS[parts.role ?? parts.product ?? ''] ?? 'another image of the scene';
    return [remark('E_FILE_UNUSED', 'note', { file, what })];
  });
}

const COMPANIONS: Readonly<Record<string, string>> = {
  PAN: 'panchromatic: products are made of the multispectral image',
  PSH: 'pan-sharpened: for display only',
  cloud: 'the meaning of its values is not public',
  mask: 'the meaning of its values is not public',
  thumb: 'a thumbnail',
};
