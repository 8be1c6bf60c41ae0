import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isGeographic, isKnownCrs, transformBbox } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { bounds } from '../core/grid.ts';
import type { Encoding, Radiometry, Scene, SceneBand, SceneFile } from '../core/scene.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, type SensorId, sensorOfSatellite } from '../sensors/table.ts';
import type { Delivery } from './delivery.ts';
import { acquiredAt, bandsOf, type Description } from './describe.ts';
import { openRaster, type RasterInfo } from './geotiff.ts';
import { type DeliveryMetadata, parseMetadata } from './metadata.ts';
import { type DeliveryName, parseDeliveryName } from './name.ts';

/** A scene that passed the door, with the checksum over all its files that tells a re-delivery from a correction. */
export interface Admitted {
  readonly scene: Scene;
  readonly fingerprint: string;
}

/**
 * Opens a delivery, checks that name, metadata and raster agree, and makes the scene of it.
 * Throws the first thing that is wrong as an input error naming the file.
 */
export async function admit(delivery: Delivery): Promise<Admitted> {
  const path = join(delivery.folder, delivery.image);
  const raster = await openRaster(path);
  try {
    raster.checkWhole();
  } finally {
    await raster.close();
  }
  const grid = placedGrid(raster.info, path, delivery.description?.epsg);
  const names = delivery.metadata === null ? [delivery.image] : [delivery.image, delivery.metadata];
  const files = await Promise.all(names.map((name) => checksum(delivery.folder, name)));
  const common = {
    grid,
    bbox: isGeographic(grid.epsg) ? bounds(grid) : transformBbox(bounds(grid), grid.epsg, 4326),
    folder: delivery.folder,
    files,
  };
  const scene =
    delivery.description === null
      ? { ...(await fromMetadata(delivery, raster.info)), ...common }
      : { ...fromDescription(delivery.description, delivery.image, raster.info), ...common };
  // Another description of the same file makes other reflectance of it: that is a correction, not a re-delivery.
  const told = delivery.description === null ? '' : JSON.stringify(delivery.description);
  return { scene, fingerprint: fingerprintOf(files, told) };
}

type Told = Omit<Scene, 'grid' | 'bbox' | 'folder' | 'files'>;

/** A Jilin-1 delivery speaks through its name and `_meta.xml`. */
async function fromMetadata(delivery: Delivery, info: RasterInfo): Promise<Told> {
  const where = join(delivery.folder, delivery.metadata ?? '');
  const name = parseDeliveryName(delivery.image);
  if (name === null) throw new HeituError('E_NAME_GRAMMAR', { where: delivery.image });
  const metadata = parseMetadata(await readFile(where, 'utf8'), where);
  const sensor = sensorOfSatellite(metadata.satellite ?? name.satellite);
  if (sensor === null)
    throw new HeituError('E_META_INVALID', {
      where,
      what: `satellite ${metadata.satellite ?? name.satellite}`,
    });
  const row: SensorRow = SENSORS[sensor];
  if (info.bandCount !== row.bands.length) {
    throw new HeituError('E_BAND_MISSING', {
      what: row.bands.map((band) => band.name).join(', '),
      where: `${info.bandCount} bands in ${delivery.image}`,
    });
  }
  if (info.dtype === 'uint8') {
    throw new HeituError('E_META_INVALID', {
      where,
      what: '8-bit imagery is stretched for display, not measured',
    });
  }
  const { gain, bias } = coefficients(metadata, row.bands.length, where);
  return {
    id: name.sceneId,
    collection: metadata.simulated ? 'jl1-demo' : `jl1-${(name.level ?? 'l1').toLowerCase()}`,
    sensor,
    datetime: agreedTime(name, metadata, where),
    level: name.level ?? metadata.level ?? 'L1',
    encoding: metadata.encoding,
    radiometry: 'absolute',
    bits: metadata.dataBits ?? row.bits,
    // Jilin-1 deliveries tag no nodata value; fill around the swath is 0 (JILIN1.md 2.3).
    nodata: info.nodata ?? 0,
    bands: row.bands.map(
      (band, i): SceneBand => ({
        name: band.name,
        file: delivery.image,
        number: i + 1,
        gain: gain[i] ?? 1,
        bias: bias[i] ?? 0,
        grid: null,
        rpc: null,
      }),
    ),
    sunElevation: metadata.sunElevation,
    sunAzimuth: metadata.sunAzimuth,
    viewZenith: metadata.viewZenith,
    viewAzimuth: metadata.viewAzimuth,
    run: name.run,
    atmosphere: null,
    elevation: null,
    classification: null,
    cloudPercent: metadata.cloudPercent,
    simulated: metadata.simulated,
  };
}

/** Plain imagery speaks through its description. */
function fromDescription(description: Description, image: string, info: RasterInfo): Told {
  // The schema has checked that it is one.
  const sensor = description.sensor as SensorId;
  const numbers = bandsOf(description);
  for (const [name, number] of numbers) {
    if (number > info.bandCount) {
      throw new HeituError('E_BAND_MISSING', {
        what: `${name} (number ${number})`,
        where: `${info.bandCount} bands in ${image}`,
      });
    }
  }
  return {
    id: image.replace(/\.tiff?$/i, ''),
    collection: description.collection,
    sensor,
    datetime: acquiredAt(description, image),
    level: description.level,
    encoding: description.encoding,
    radiometry: RADIOMETRY_OF[description.encoding],
    bits: info.dtype === 'uint8' ? 8 : null,
    nodata: description.nodata ?? info.nodata,
    bands: [...numbers].map(([name, number]) => ({
      name,
      file: image,
      number,
      gain: description.scale,
      bias: description.offset,
      grid: null,
      rpc: null,
    })),
    sunElevation: null,
    sunAzimuth: null,
    viewZenith: null,
    viewAzimuth: null,
    run: null,
    atmosphere: null,
    elevation: null,
    classification: null,
    cloudPercent: null,
    simulated: false,
  };
}

const RADIOMETRY_OF: Readonly<Record<Encoding, Radiometry>> = {
  radiance: 'absolute',
  toa: 'absolute',
  boa: 'absolute',
  relative: 'relative',
};

/** Gain and bias lists must have one number a band: a list of another length would calibrate the wrong bands. */
function coefficients(metadata: DeliveryMetadata, bandCount: number, where: string) {
  const { gain, bias } = metadata;
  if (gain === null) throw new HeituError('E_META_MISSING', { where, what: 'AbsCalibrationGain' });
  const zeros = bias ?? gain.map(() => 0);
  for (const [name, list] of [
    ['AbsCalibrationGain', gain],
    ['AbsCalibrationBias', zeros],
  ] as const) {
    if (list.length !== bandCount) {
      throw new HeituError('E_META_INVALID', {
        where,
        what: `${name} has ${list.length} numbers for ${bandCount} bands`,
      });
    }
  }
  if (gain.some((value) => value <= 0))
    throw new HeituError('E_META_INVALID', { where, what: 'AbsCalibrationGain is not positive' });
  return { gain, bias: zeros };
}

/** Name and metadata both tell the time; a day's difference means that one belongs to another scene. */
function agreedTime(name: DeliveryName, metadata: DeliveryMetadata, where: string): string {
  const stated = metadata.datetime ?? name.datetime;
  if (Math.abs(Date.parse(stated) - Date.parse(name.datetime)) > 3_600_000) {
    throw new HeituError('E_META_INVALID', {
      where,
      what: `time ${stated}, but the name says ${name.datetime}`,
    });
  }
  return stated;
}

/** The grid of a raster, its CRS as stated by the person where they did; E_CRS_UNKNOWN when positions stay unknown. */
export function placedGrid(info: RasterInfo, where: string, stated?: number): Scene['grid'] {
  const epsg = stated ?? info.epsg;
  if (info.transform === null || !isKnownCrs(epsg)) {
    throw new HeituError('E_CRS_UNKNOWN', {
      where,
      what:
        info.transform === null
          ? 'it has no georeference'
          : epsg === null
            ? (info.crsName ?? 'none given')
            : `EPSG:${epsg}`,
    });
  }
  return { width: info.width, height: info.height, transform: info.transform, epsg };
}

async function checksum(folder: string, name: string): Promise<SceneFile> {
  const path = join(folder, name);
  const { size } = await stat(path);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return { name, bytes: size, sha256: hash.digest('hex') };
}

/** One checksum for a delivery: over its files' checksums in order, so that names and folders do not matter. */
export function fingerprintOf(files: readonly SceneFile[], told = ''): string {
  const sums = files.map((file) => file.sha256).sort();
  return createHash('sha256')
    .update([...sums, told].join('\n'))
    .digest('hex');
}
