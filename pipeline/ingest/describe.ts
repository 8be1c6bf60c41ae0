import { z } from 'zod';
import { HeituError } from '../core/error.ts';
import { type Instant, isCalendarDate, isInstant } from '../core/time.ts';
import { type BandCode, isBandCode } from '../sensors/bands.ts';
import { isSensorId, SENSORS, type SensorId } from '../sensors/table.ts';

const bandNumbers = z.record(z.string(), z.number().int().min(1).max(4096));

/**
 * A description of plain GeoTIFFs that carry no acquisition time, band names or calibration of their own: a JSON file
 * beside the imagery (`heitu.json`, or `<stem>.heitu.json` for one file), or the same words as flags.
 */
export const descriptionSchema = z.strictObject({
  collection: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/),
  sensor: z.string().refine(isSensorId, { error: `one of ${Object.keys(SENSORS).join(', ')}` }),
  /** File names it covers: `*` is any text, `{YYYY}` `{MM}` `{DD}` `{hh}` `{mm}` `{ss}` are the time in it. */
  files: z.string().max(200),
  /** Acquisition time, where the name does not carry it. */
  datetime: z.string().refine(isInstant, { error: 'an ISO 8601 time with a zone' }).optional(),
  /** Acquisition time by file name, where a list tells it. */
  datetimes: z
    .record(z.string().max(255), z.string().refine(isInstant, { error: 'an ISO 8601 time with a zone' }))
    .optional(),
  /** Time of day in UTC for names that carry a date only. */
  timeOfDay: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?$/)
    .optional(),
  /** ASI band code to 1-based band number; left out, the sensor's own order holds. */
  bands: bandNumbers.optional(),
  encoding: z.enum(['radiance', 'toa', 'boa', 'relative']),
  /** `value = scale * DN + offset`. */
  scale: z.number().refine((value) => value !== 0),
  offset: z.number().default(0),
  nodata: z.number().optional(),
  /** CRS of imagery that does not name its own. */
  epsg: z.number().int().min(1024).max(32_767).optional(),
  level: z.string().max(16).default('unknown'),
  parcels: z
    .strictObject({
      file: z.string().max(200),
      id: z.string().max(64).optional(),
      name: z.string().max(64).optional(),
      layer: z.enum(['parcel', 'stand', 'region']).default('parcel'),
    })
    .optional(),
});

export type Description = z.infer<typeof descriptionSchema>;

/** Parses description JSON; E_META_INVALID names the field that is wrong. */
export function parseDescriptions(text: string, where: string): Description[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new HeituError('E_META_INVALID', { where, what: 'not JSON', cause });
  }
  const parsed = (
    Array.isArray(json) ? z.array(descriptionSchema).min(1).max(50) : descriptionSchema
  ).safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HeituError('E_META_INVALID', {
      where,
      what: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    });
  }
  return Array.isArray(parsed.data) ? parsed.data : [parsed.data];
}

/** ASI code → band number, in the description or by the sensor's order. Throws E_BAND_MISSING for a code that is not one. */
export function bandsOf(description: Description): ReadonlyMap<BandCode, number> {
  if (description.bands === undefined) {
    // The schema has checked that it is one.
    const sensor = SENSORS[description.sensor as SensorId];
    return new Map(sensor.bands.map((band, i) => [band.name, i + 1]));
  }
  const bands = new Map<BandCode, number>();
  for (const [name, number] of Object.entries(description.bands)) {
    if (!isBandCode(name)) throw new HeituError('E_BAND_MISSING', { what: name, where: 'the band table' });
    bands.set(name, number);
  }
  return bands;
}

/** Time parts a file name can carry. */
type TimePart = 'YYYY' | 'MM' | 'DD' | 'hh' | 'mm' | 'ss';

type TimeParts = Partial<Record<TimePart, number>>;

/**
 * The time parts a file name carries under a pattern, or null when the name does not fit it.
 * `matchName('m_*_{YYYY}{MM}{DD}.tif', 'm_1_se_20100629.tif')` is `{YYYY: 2010, MM: 6, DD: 29}`.
 *
 * Between stars every piece has a fixed width, so the leftmost fit of each is enough: no backtracking, whoever wrote
 * the pattern.
 */
export function matchName(pattern: string, name: string): TimeParts | null {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  const parts: TimeParts = {};
  if (!fits(head, name, 0, parts)) return null;
  let at = widthOf(head);
  if (tail === undefined) return at === name.length ? parts : null;
  for (const piece of rest) {
    while (at <= name.length && !fits(piece, name, at, parts)) at += 1;
    if (at > name.length) return null;
    at += widthOf(piece);
  }
  const last = name.length - widthOf(tail);
  return last >= at && fits(tail, name, last, parts) ? parts : null;
}

const PLACEHOLDER = /\{(YYYY|MM|DD|hh|mm|ss)\}/;

/** Characters a piece of a pattern covers. */
function widthOf(piece: string): number {
  return piece.split(PLACEHOLDER).join('').length;
}

/** True when a piece stands in the name at a position; fills in the time parts it covers. */
function fits(piece: string, name: string, start: number, parts: TimeParts): boolean {
  let at = start;
  const found: TimeParts = {};
  for (const [i, token] of piece.split(PLACEHOLDER).entries()) {
    const text = name.slice(at, at + token.length);
    // Splitting by a group puts the placeholders at odd places.
    if (i % 2 === 1) {
      if (text.length !== token.length || !/^\d+$/.test(text)) return false;
      found[token as TimePart] = Number(text);
    } else if (text !== token) return false;
    at += token.length;
  }
  Object.assign(parts, found);
  return true;
}

/** When the file was acquired, by its description; E_META_MISSING when neither states it. */
export function acquiredAt(description: Description, fileName: string): Instant {
  const stated = description.datetimes?.[fileName] ?? description.datetime;
  if (stated !== undefined) return new Date(stated).toISOString();
  const parts = matchName(description.files, fileName);
  const { YYYY: year, MM: month, DD: day, hh = 0, mm = 0, ss = 0 } = parts ?? {};
  if (year === undefined || month === undefined || day === undefined) {
    throw new HeituError('E_META_MISSING', { what: 'datetime', where: fileName });
  }
  if (!isCalendarDate(year, month, day) || hh > 23 || mm > 59 || ss > 59) {
    throw new HeituError('E_META_INVALID', {
      what: `date ${year}-${month}-${day} in the name`,
      where: fileName,
    });
  }
  const clock = description.timeOfDay ?? `${pad(hh)}:${pad(mm)}:${pad(ss)}`;
  return new Date(`${year}-${pad(month)}-${pad(day)}T${clock}Z`).toISOString();
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
