import { HeituError } from '../core/error.ts';
import type { Encoding, Radiometry } from '../core/scene.ts';
import type { BandCode } from '../sensors/bands.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import { acquiredAt, bandsOf, type Description } from './describe.ts';
import { remark } from './finding.ts';
import type { RasterInfo } from './geotiff.ts';
import { IMAGE } from './listing.ts';
import { beijingInstant } from './metadata.ts';
import { parseDeliveryName } from './name.ts';
import { requireBands } from './required.ts';
import type { Bag, Told } from './told.ts';
import { bandsByWavelength, parseBandDescription } from './wavelength.ts';

const RADIOMETRY_OF: Readonly<Record<Encoding, Radiometry>> = {
  radiance: 'absolute',
  toa: 'absolute',
  boa: 'absolute',
  relative: 'relative',
};

const NOTHING_TOLD = {
  sunElevation: null,
  sunAzimuth: null,
  viewZenith: null,
  viewAzimuth: null,
  run: null,
  atmosphere: null,
  classification: null,
  cloudPercent: null,
  simulated: false,
  footprint: null,
  gsd: null,
  size: null,
  findings: [],
} as const;

/** Plain imagery speaks through its description. */
export async function readDescribed({ delivery, raster }: Bag): Promise<Told> {
  const { image } = delivery;
  // A delivery of this kind always has one.
  const description = delivery.description as Description;
  const info = await raster(image);
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
  refuseForTheEye(image, description.encoding, info);
  return {
    ...NOTHING_TOLD,
    id: image.replace(IMAGE, ''),
    collection: description.collection,
    sensor,
    satellite: SENSORS[sensor].platform,
    datetime: acquiredAt(description, image),
    level: description.level,
    encoding: description.encoding,
    radiometry: RADIOMETRY_OF[description.encoding],
    bits: info.dtype === 'uint8' ? 8 : null,
    nodata: description.nodata ?? null,
    bands: [...numbers].map(([name, number]) => ({
      name,
      file: image,
      number,
      gain: description.scale,
      bias: description.offset,
      rpcFile: null,
    })),
    epsg: description.epsg ?? null,
  };
}

/** A description cannot make measurements of what was made for the eye. */
function refuseForTheEye(image: string, encoding: Encoding, { dtype }: RasterInfo): void {
  if (encoding === 'relative') return;
  const isPsh = parseDeliveryName(image)?.product === 'PSH';
  const isPicture = dtype === 'uint8' && encoding !== 'radiance';
  if (!isPsh && !isPicture) return;
  const what = isPsh
    ? 'pan-sharpened imagery is mixed and stretched for display, not measured'
    : '8-bit numbers are no reflectance';
  throw new HeituError('E_NOT_RADIOMETRIC', { where: image, what });
}

/** True for an image of the GP reflectance release, which tells of itself in its own tags (JILIN1.md 1.2). */
export function isGpRelease({ metadata, bands }: RasterInfo): boolean {
  const told = bands.filter((band) => parseBandDescription(band.description ?? '') !== null);
  return metadata.units?.toLowerCase() === 'reflectance' && told.length > 0 && told.length === bands.length;
}

/** Bands whose colour is confirmed (JILIN1.md 1.2). */
const GP_COLOURS: ReadonlyMap<BandCode, number> = new Map([
  ['B', 3],
  ['G', 4],
  ['R', 5],
  ['N', 6],
]);

/** Stored numbers of the release: reflectance times ten thousand, and this where there is none. */
const GP_RELEASE = { scale: 0.0001, nodata: -28_672 } as const;

/** Reads an image of the GP reflectance release: bands by their description, never by position. */
export async function readGpRelease({ delivery, raster }: Bag): Promise<Told> {
  const { image } = delivery;
  const info = await raster(image);
  const bands = info.bands.map((band, i) => {
    const told = parseBandDescription(band.description ?? '');
    if (told === null)
      throw new HeituError('E_META_INVALID', { where: image, what: `band ${i + 1} is not described` });
    return { ...told, at: i + 1, scale: band.scale ?? GP_RELEASE.scale, offset: band.offset ?? 0 };
  });
  const numbers = new Set(bands.map((band) => band.number));
  if (numbers.size !== bands.length)
    throw new HeituError('E_META_INVALID', { where: image, what: 'two bands have one name' });
  const named = bandsByWavelength(bands, GP_COLOURS);
  requireBands([...named.keys()], `${bands.map((band) => `B${band.number}`).join(', ')} in ${image}`);
  const clock = info.metadata.acquisition_time;
  if (clock === undefined)
    throw new HeituError('E_META_MISSING', {
      where: image,
      what: 'acquisition_time',
      element: 'acquisition_time',
    });
  const datetime = beijingInstant(clock, image);
  const source = parseDeliveryName(info.metadata.source_product ?? '');
  if (source !== null && Math.abs(Date.parse(source.datetime) - Date.parse(datetime)) > 3_600_000) {
    const what = `time ${datetime}, but its source product says ${source.datetime}`;
    throw new HeituError('E_TIME_CONFLICT', { where: image, what, element: 'acquisition_time' });
  }
  return {
    ...NOTHING_TOLD,
    id: image.replace(IMAGE, ''),
    collection: 'jl1-gp-boa',
    sensor: 'jl1-gp',
    satellite: source?.satellite ?? 'JL1GP',
    datetime,
    level: 'L2',
    encoding: 'boa',
    radiometry: 'absolute',
    bits: null,
    nodata: GP_RELEASE.nodata,
    bands: [...named].map(([name, number]) => {
      const { at, scale, offset } = bands.find((band) => band.number === number)!;
      return { name, file: image, number: at, gain: scale, bias: offset, rpcFile: null };
    }),
    epsg: null,
    findings: [
      remark('E_META_ASSUMED', 'note', {
        file: image,
        what: 'acquisition_time has no zone; Beijing time is taken',
        element: 'acquisition_time',
      }),
    ],
  };
}
