import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { isInstant } from '../core/time.ts';
import { SENSORS, sensorOfSatellite } from '../sensors/table.ts';
import { checkCoefficients } from './calibration.ts';
import { decimal, type Elements, leavesOf, numberOf, readElements, textOf, within } from './elements.ts';
import { type Finding, remark } from './finding.ts';
import { filesBelow } from './listing.ts';
import type { Place } from './metadata.ts';
import { requireBands } from './required.ts';
import { decodeXml } from './text.ts';
import type { Bag, Group, Listing, Told, ToldBand } from './told.ts';

const PRODUCT_FILE = /^MTD_MSIL(1C|2A)\.xml$/i;

/** `T51TYJ_20220601T023601_B04_10m.tif`, `…_B8A.jp2`, `…_SCL_20m.tif`. */
const BAND_FILE = /(?:^|[_/])(B\d{2}|B8A|SCL)(?:_(10|20|60)m)?\.(tiff?|jp2)$/i;

/** What each level calls its numbers, and how its products are read. */
const LEVELS = {
  'Level-1C': {
    level: 'L1C',
    encoding: 'toa',
    quantification: ['QUANTIFICATION_VALUE'],
    offset: 'RADIO_ADD_OFFSET',
  },
  'Level-2A': {
    level: 'L2A',
    encoding: 'boa',
    quantification: ['BOA_QUANTIFICATION_VALUE'],
    offset: 'BOA_ADD_OFFSET',
  },
} as const;

/** The first processing baseline whose numbers carry an offset (ESA, 2022-01-25). */
const OFFSET_SINCE = 4;

/** A `.SAFE` folder, or one like it: everything below belongs to the product. */
export function findSentinel(listing: Listing, free: ReadonlySet<string>): Group[] {
  const metadata = listing.files.find((name) => PRODUCT_FILE.test(name));
  if (metadata === undefined || !free.has(metadata)) return [];
  const files = filesBelow(listing);
  const images = files.filter((file) => BAND_FILE.test(file));
  return [{ image: metadata, images, metadata, expected: metadata, files }];
}

/** Reads `MTD_MSIL2A.xml` or `MTD_MSIL1C.xml` and the tile's `MTD_TL.xml`; bands as GeoTIFF, each on its own grid. */
export async function readSentinel({ delivery, bytes }: Bag): Promise<Told> {
  const where = delivery.metadata ?? '';
  const product = readElements(decodeXml(await bytes(where), where), where);
  const missing = (element: string) => new HeituError('E_META_MISSING', { where, what: element, element });
  const levelText = textOf(product, 'PROCESSING_LEVEL') ?? '';
  const level = Object.entries(LEVELS).find(([text]) => levelText.startsWith(text))?.[1];
  if (level === undefined) throw missing('PROCESSING_LEVEL');
  const spacecraft = textOf(product, 'SPACECRAFT_NAME');
  const sensor = spacecraft === null ? null : sensorOfSatellite(spacecraft);
  if (spacecraft === null || sensor === null) throw missing('SPACECRAFT_NAME');
  const baseline = textOf(product, 'PROCESSING_BASELINE');
  const quantification = numberOf(product, level.quantification, 1, 1e6);
  if (quantification === null) throw missing(level.quantification[0]);
  const offsets = offsetsOf(product, level.offset);
  if (offsets.size === 0 && (baseline === null || Number(baseline) >= OFFSET_SINCE))
    throw missing(level.offset);
  const tileFile = delivery.files.find((file) => /(^|\/)MTD_TL\.xml$/i.test(file));
  const tile =
    tileFile === undefined ? null : readElements(decodeXml(await bytes(tileFile), tileFile), tileFile);
  const uri = textOf(product, 'PRODUCT_URI') ?? basename(delivery.folder);
  const start = textOf(product, 'PRODUCT_START_TIME', 'DATATAKE_SENSING_START');
  const stated = (tile === null ? null : textOf(tile, 'SENSING_TIME')) ?? start;
  if (stated === null || !isInstant(stated)) throw missing('PRODUCT_START_TIME');
  const datetime = new Date(stated).toISOString();
  checkDay(uri, datetime, where);

  const { chosen, findings } = chooseFiles(delivery.images, where);
  const row = SENSORS[sensor];
  const bands = row.bands.flatMap((band, i): ToldBand[] => {
    const file = chosen.get(band.label);
    if (file === undefined) return [];
    const offset = offsets.size === 0 ? 0 : offsets.get(i);
    if (offset === undefined) throw missing(`${level.offset} of ${band.label}`);
    const pair = { gain: 1 / quantification, bias: offset / quantification };
    checkCoefficients(pair, `${level.quantification[0]} of ${band.label}`, {
      where,
      bits: 16,
      encoding: level.encoding,
    });
    return [{ name: band.name, file, number: 1, ...pair, rpcFile: null }];
  });
  requireBands(
    bands.map((band) => band.name),
    `${[...chosen.keys()].join(', ')} in ${delivery.image}`,
  );
  const scl = chosen.get('SCL');
  const angle = (group: string, name: string, min: number, max: number) =>
    tile === null ? null : meanOf(within(tile, group), name, min, max);
  const zenith = angle('Mean_Sun_Angle', 'ZENITH_ANGLE', 0, 180);
  return {
    id: sceneIdOf(uri),
    collection: `s2-${level.level.toLowerCase()}`,
    sensor,
    satellite: spacecraft,
    datetime,
    level: level.level,
    run: baseline === null ? null : `N${baseline.replace('.', '')}`,
    encoding: level.encoding,
    radiometry: 'absolute',
    // 65535 is "saturated", 0 "no data" (special values of every product).
    bits: 16,
    nodata: 0,
    bands,
    classification: scl === undefined ? null : { kind: 'scl', file: scl },
    sunElevation: zenith === null ? null : 90 - zenith,
    sunAzimuth: angle('Mean_Sun_Angle', 'AZIMUTH_ANGLE', 0, 360),
    viewZenith: angle('Mean_Viewing_Incidence_Angle', 'ZENITH_ANGLE', 0, 90),
    viewAzimuth: angle('Mean_Viewing_Incidence_Angle', 'AZIMUTH_ANGLE', 0, 360),
    atmosphere: null,
    cloudPercent: numberOf(
      product,
      ['Cloud_Coverage_Assessment', 'CLOUDY_PIXEL_OVER_LAND_PERCENTAGE'],
      0,
      100,
    ),
    simulated: false,
    footprint: footprintOf(product),
    gsd: null,
    size: null,
    epsg: null,
    findings,
  };
}

/** Offset by the number of the band, which counts them in the order of the instrument's row. */
function offsetsOf(product: Elements, name: string): ReadonlyMap<number, number> {
  return new Map(
    leavesOf(product, name).map(({ text, attributes }): [number, number] => {
      const id = decimal(attributes.band_id ?? '');
      const offset = decimal(text);
      if (id === null || offset === null || Math.abs(offset) > 10_000) {
        const what = `${name} ${text.slice(0, 40)} of band ${attributes.band_id ?? '?'}`;
        throw new HeituError('E_CALIBRATION_INVALID', { where: product.where, what, element: name });
      }
      return [id, offset];
    }),
  );
}

/** The finest GeoTIFF of every band. Throws E_JP2_UNREAD when the bands are JPEG 2000 only. */
function chooseFiles(images: readonly string[], where: string) {
  const chosen = new Map<string, string>();
  const sizes = new Map<string, number>();
  const packed = new Set<string>();
  for (const file of images) {
    const [, band = '', size, extension = ''] = BAND_FILE.exec(file) ?? [];
    const label = band.toUpperCase();
    if (extension.toLowerCase() === 'jp2') {
      packed.add(label);
      continue;
    }
    const metres = size === undefined ? 0 : Number(size);
    if (chosen.has(label) && sizes.get(label)! <= metres) continue;
    chosen.set(label, file);
    sizes.set(label, metres);
  }
  const unread = [...packed].filter((label) => !chosen.has(label));
  if (unread.some((label) => label === 'B04' || label === 'B08'))
    throw new HeituError('E_JP2_UNREAD', { where, what: unread.join(', ') });
  const findings: Finding[] = unread.map((label) =>
    remark('E_JP2_UNREAD', 'warning', { file: where, what: label }),
  );
  return { chosen, findings };
}

/** Mean over the bands that tell one. */
function meanOf(elements: Elements, name: string, min: number, max: number): number | null {
  const values = leavesOf(elements, name).flatMap((leaf) => {
    const value = decimal(leaf.text);
    return value !== null && value >= min && value <= max ? [value] : [];
  });
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `S2A_MSIL2A_20220601T023601_N0400_R089_T51TYJ_20220601T060912.SAFE` without what each processing changes. */
function sceneIdOf(uri: string): string {
  const parts = /^(S2[A-D]_MSIL\w{2}_\d{8}T\d{6})_N\d{4}_(R\d{3}_T\w{5})_\d{8}T\d{6}(?:\.SAFE)?$/i.exec(uri);
  return parts === null ? uri.replace(/\.SAFE$/i, '') : `${parts[1]}_${parts[2]}`.toUpperCase();
}

function checkDay(uri: string, datetime: string, where: string): void {
  const day = /_(\d{8})T\d{6}_N\d{4}_/i.exec(uri)?.[1];
  if (day === undefined || day === datetime.slice(0, 10).replaceAll('-', '')) return;
  const what = `time ${datetime}, but the name says ${day}`;
  throw new HeituError('E_TIME_CONFLICT', { where, what, element: 'PRODUCT_START_TIME' });
}

/** `EXT_POS_LIST` holds latitude and longitude in turn. */
function footprintOf(product: Elements): Place[] | null {
  const numbers = textOf(product, 'EXT_POS_LIST')?.split(/\s+/).map(decimal) ?? [];
  const places: Place[] = [];
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [latitude, longitude] = [numbers[i], numbers[i + 1]];
    if (latitude === null || latitude === undefined || longitude === null || longitude === undefined)
      return null;
    places.push([longitude, latitude]);
  }
  return places.length < 3 ? null : places;
}
