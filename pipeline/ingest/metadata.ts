import { HeituError } from '../core/error.ts';
import type { Encoding } from '../core/scene.ts';
import { fromBeijing, type Instant, isCalendarDate } from '../core/time.ts';
import {
  decimal,
  type Elements,
  isBlank,
  leavesOf,
  listOf,
  numberOf,
  outside,
  readElements,
  textOf,
  within,
} from './elements.ts';

/** Longitude and latitude in degrees. */
export type Place = readonly [longitude: number, latitude: number];

/** What Heitu takes from a Jilin-1 `_meta.xml` or a Gaofen `ProductMetaData`; null where the file does not say. */
export interface DeliveryMetadata {
  readonly satellite: string | null;
  readonly sensor: string | null;
  readonly sceneId: string | null;
  readonly level: string | null;
  readonly datetime: Instant | null;
  readonly start: Instant | null;
  readonly end: Instant | null;
  readonly dataBits: number | null;
  readonly cloudPercent: number | null;
  readonly sunElevation: number | null;
  readonly sunAzimuth: number | null;
  readonly viewZenith: number | null;
  readonly viewAzimuth: number | null;
  /** Pixel along and across track, m; they differ. */
  readonly rowGsd: number | null;
  readonly columnGsd: number | null;
  /** Pixels. */
  readonly width: number | null;
  readonly height: number | null;
  /** Corners in the order of the file; null unless all four are there. */
  readonly footprint: readonly Place[] | null;
  /** One number a band, in file order; null when absent. */
  readonly gain: readonly number[] | null;
  readonly bias: readonly number[] | null;
  /** Aerosol optical thickness at 550 nm, water vapour (g cm-2) and ozone (cm-atm) over the scene. */
  readonly aot550: number | null;
  readonly water: number | null;
  readonly ozone: number | null;
  /** Order of the bands in the file, in the vendor's words: `B-G-R-NIR`. */
  readonly order: string | null;
  /** What gain and bias lead to; Jilin-1 deliveries give radiance and do not say so. */
  readonly encoding: Encoding;
  /** True where the file says that numbers were stretched or balanced for the eye. */
  readonly stretched: boolean;
  readonly simulated: boolean;
}

/** Words for the four corners: Jilin-1, Gaofen, ZY-3. */
const CORNERS: readonly (readonly string[])[] = [
  ['UpperLeft', 'TopLeft', 'LeftTop'],
  ['UpperRight', 'TopRight', 'RightTop'],
  ['LowerRight', 'BottomRight', 'RightBottom'],
  ['LowerLeft', 'BottomLeft', 'LeftBottom'],
];

/**
 * Reads a Jilin-1 or Gaofen metadata file (JILIN1.md 3). Elements are found by local name anywhere, ignoring case,
 * because their parents differ between production chains. `θ`, blanks and missing elements become null.
 * Throws E_XML_UNSAFE, E_META_INVALID for an impossible value, E_CALIBRATION_INVALID for lists that are no numbers.
 */
export function parseMetadata(xml: string, where: string): DeliveryMetadata {
  const all = readElements(xml, where);
  // What is said of single bands (GP) must not stand for the scene.
  const elements = outside(all, /^band_b\d+$/);
  const zenith = numberOf(elements, ['SolarZenith', 'SunZenith'], 0, 180);
  const satelliteZenith = numberOf(elements, ['SatelliteZenith', 'ViewZenith'], 0, 90);
  const satelliteElevation = numberOf(elements, ['SatelliteElevation', 'SatAltitude'], 0, 90);
  const centre = time(elements, 'CenterTime');
  const start = time(elements, 'StartTime');
  return {
    satellite: textOf(elements, 'SatelliteID'),
    sensor: textOf(elements, 'Sensor', 'SensorID'),
    sceneId: textOf(elements, 'SceneID'),
    level: textOf(elements, 'ProductLevel'),
    datetime: centre ?? start,
    start,
    end: time(elements, 'EndTime'),
    dataBits: numberOf(elements, ['DataBits'], 1, 32),
    cloudPercent: percentOf(textOf(elements, 'CloudPercent')),
    sunElevation:
      numberOf(elements, ['SolarElevation', 'SunElevation', 'SunAltitude'], -90, 90) ??
      (zenith === null ? null : 90 - zenith),
    sunAzimuth: numberOf(elements, ['SolarAzimuth', 'SunAzimuth'], -360, 360),
    viewZenith: satelliteElevation === null ? satelliteZenith : 90 - satelliteElevation,
    viewAzimuth: numberOf(elements, ['SatelliteAzimuth', 'SatAzimuth'], -360, 360),
    rowGsd: numberOf(elements, ['ImageRowGSD', 'ImageGSD'], 0.01, 10_000),
    columnGsd: numberOf(elements, ['ImageColumnGSD', 'ImageGSD'], 0.01, 10_000),
    width: numberOf(elements, ['WidthInPixels'], 1, 1e7),
    height: numberOf(elements, ['HeightInPixels'], 1, 1e7),
    footprint: footprintOf(elements),
    gain: listOf(elements, 'AbsCalibrationGain') ?? listOf(elements, 'AbsCeof'),
    bias: listOf(elements, 'AbsCalibrationBias'),
    aot550: numberOf(elements, ['AerosolOpticalThickness'], 0, 5),
    water: numberOf(elements, ['WaterVapour'], 0, 10),
    ozone: numberOf(elements, ['Ozone'], 0, 1),
    order: textOf(elements, 'FUSMethod'),
    encoding:
      textOf(elements, 'RadiometricUnit')?.toLowerCase() === 'surfacereflectance' ? 'boa' : 'radiance',
    stretched: /stretch|color.?balanc|匀色|拉伸/i.test(
      textOf(elements, 'RadiometricMethod', 'ColorMode', 'Stretch', 'EnhanceMethod') ?? '',
    ),
    simulated: textOf(elements, 'Simulated')?.toLowerCase() === 'true',
  };
}

/** Acquisition time of one band of GP imagery (`BAND_B<n>`), and its pixel, m; null where not told. */
export function parseBandMetadata(
  xml: string,
  where: string,
  number: number,
): { readonly datetime: Instant | null; readonly gsd: number | null } {
  const elements = within(readElements(xml, where), `BAND_B${number}`);
  return {
    datetime: time(elements, 'CenterTime') ?? time(elements, 'StartTime'),
    gsd: numberOf(elements, ['ImageRowGSD'], 0.01, 10_000),
  };
}

/** The vendor's cloud figure is for show: one that is none keeps nothing out. */
function percentOf(text: string | null): number | null {
  const value = text === null ? null : decimal(text);
  return value !== null && value >= 0 && value <= 100 ? value : null;
}

function footprintOf(elements: Elements): Place[] | null {
  const places = CORNERS.flatMap((words): Place[] => {
    const latitude = numberOf(
      elements,
      words.map((word) => `${word}Latitude`),
      -90,
      90,
    );
    const longitude = numberOf(
      elements,
      // Seen misspelt in real files.
      words.flatMap((word) => [`${word}Longitude`, `${word}Longtitude`]),
      -180,
      360,
    );
    if (latitude === null || longitude === null) return [];
    return [[longitude > 180 ? longitude - 360 : longitude, latitude]];
  });
  return places.length === CORNERS.length ? places : null;
}

/** `2024-07-14 10:32:05.25`, Beijing time, as an instant; E_TIME_CONFLICT for an element that comes twice with two times. */
function time(elements: Elements, name: string): Instant | null {
  const instants = leavesOf(elements, name)
    .filter((leaf) => !isBlank(leaf.text))
    .map((leaf) => beijingInstant(leaf.text, elements.where));
  const [first = null] = instants;
  if (new Set(instants).size > 1) {
    const what = `${name} comes with ${[...new Set(instants)].slice(0, 2).join(' and ')}`;
    throw new HeituError('E_TIME_CONFLICT', { where: elements.where, what, element: name });
  }
  return first;
}

/** A wall clock time of Beijing as vendors write it, as an instant; E_META_INVALID for what is no time. */
export function beijingInstant(text: string, where: string): Instant {
  const match = /^(\d{4})-(\d{1,2})-(\d{1,2})[ T]+(\d{1,2}):(\d{2}):(\d{2})(?:\.\d{1,9})?$/.exec(text.trim());
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] =
    match?.slice(1, 7).map(Number) ?? [];
  if (match === null || !isCalendarDate(year, month, day) || hour > 23 || minute > 59 || second > 59) {
    throw new HeituError('E_META_INVALID', { where, what: `time ${text.slice(0, 40)}` });
  }
  return fromBeijing(year, month, day, hour, minute, second);
}
