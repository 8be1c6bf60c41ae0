import { fromBeijing, type Instant, isCalendarDate } from '../core/time.ts';

/** What a Jilin-1 file or folder name says. */
export interface DeliveryName {
  readonly satellite: string;
  readonly sensor: string;
  /** Imaging time; the name carries Beijing time (JILIN1.md 2.1). */
  readonly datetime: Instant;
  /** Everything up to the processing run: the acquisition, whatever was made of it. */
  readonly sceneId: string;
  /** How often preprocessing was run, `001`. */
  readonly run: string;
  readonly level: string | null;
  /** MSS, PAN, PSH or B<n>; null when the name stops before it. */
  readonly product: string | null;
  /** Order number that some deliveries carry behind the product. */
  readonly order: string | null;
  /** meta, rpc, thumb, cloud or mask; null for the image itself. */
  readonly role: string | null;
  /** With its dot, lower case: `.tif`; empty for a folder. */
  readonly extension: string;
}

/**
 * `<SAT>_<SENSOR>_<YYYYMMDDhhmmss>_<task>_<segment>[_<scene>]_<run>[_<LEVEL>][_<PRODUCT>][_<order>][_<role>].<ext>`
 * (JILIN1.md 2.1, seen in 24 public names). Linear: every part is bounded and separated by an underscore.
 */
const GRAMMAR =
  /^((?:JL1|JX|DP|TEE)[A-Z0-9]{1,8})_([A-Z]{3}[LR]?\d{0,2})_(\d{14})_(\d{9})_(\d{3})(?:_(\d{4}))?_(\d{3})(?:_(L\d[A-Z]?))?(?:_(MSS|PAN|PSH|B\d{1,2}))?(?:_(\d{1,9}))?(?:_(meta|rpc|thumb|cloud|mask))?(\.(?:tar\.gz|zip|tiff?|xml|txt|jpe?g|shp|shx|dbf|prj|rpb))?$/i;

/**
 * Parts of a Jilin-1 name, or null when it follows another grammar or its time is no calendar time.
 * `parseDeliveryName('JL1GF03B03_PMS_20210526110438_200051166_101_0013_001_L1_MSS.tif')` has datetime
 * `2021-05-26T03:04:38.000Z`.
 */
export function parseDeliveryName(name: string): DeliveryName | null {
  const match = GRAMMAR.exec(name);
  if (match === null) return null;
  const [
    ,
    satellite = '',
    sensor = '',
    time = '',
    task,
    segment,
    scene,
    run = '',
    level,
    product,
    order,
    role,
    extension,
  ] = match;
  const part = (from: number, to: number) => Number(time.slice(from, to));
  const [year, month, day] = [part(0, 4), part(4, 6), part(6, 8)];
  const [hour, minute, second] = [part(8, 10), part(10, 12), part(12, 14)];
  if (!isCalendarDate(year, month, day) || hour > 23 || minute > 59 || second > 59) return null;
  return {
    satellite: satellite.toUpperCase(),
    sensor: sensor.toUpperCase(),
    datetime: fromBeijing(year, month, day, hour, minute, second),
    sceneId: [satellite, sensor, time, task, segment, ...(scene === undefined ? [] : [scene])]
      .join('_')
      .toUpperCase(),
    run,
    level: level?.toUpperCase() ?? null,
    product: product?.toUpperCase() ?? null,
    order: order ?? null,
    role: role?.toLowerCase() ?? null,
    extension: extension?.toLowerCase() ?? '',
  };
}
