import { XMLParser } from 'fast-xml-parser';
import { HeituError } from '../core/error.ts';
import type { Encoding } from '../core/scene.ts';
import { fromBeijing, type Instant, isCalendarDate } from '../core/time.ts';

/** Largest metadata file read; real ones are a few kilobytes (SAFETY.md section 4). */
const MAX_XML_BYTES = 5 * 1024 * 1024;

/** Deepest element nesting accepted. */
const MAX_DEPTH = 64;

/** What Heitu takes from a Jilin-1 `_meta.xml`; null where the file does not say. */
export interface DeliveryMetadata {
  readonly satellite: string | null;
  readonly sensor: string | null;
  readonly sceneId: string | null;
  readonly level: string | null;
  readonly datetime: Instant | null;
  readonly dataBits: number | null;
  readonly cloudPercent: number | null;
  readonly sunElevation: number | null;
  readonly sunAzimuth: number | null;
  readonly viewZenith: number | null;
  readonly viewAzimuth: number | null;
  /** One number a band, in file order; null when absent. */
  readonly gain: readonly number[] | null;
  readonly bias: readonly number[] | null;
  /** What gain and bias lead to; Jilin-1 deliveries give radiance and do not say so. */
  readonly encoding: Encoding;
  readonly simulated: boolean;
}

/**
 * Reads a Jilin-1 metadata file (JILIN1.md 3.1). Elements are found by local name anywhere, ignoring case, because
 * their parents differ between production chains. `θ`, blanks and missing elements become null.
 * Throws E_META_INVALID for XML that cannot be read, declares a DTD or holds an impossible value.
 */
export function parseMetadata(xml: string, where: string): DeliveryMetadata {
  const elements = leaves(xml, where);
  const text = (...names: string[]) => {
    for (const name of names) {
      const value = elements.get(name.toLowerCase());
      if (value !== undefined && value !== '' && value !== 'θ') return value;
    }
    return null;
  };
  const number = (name: string, min: number, max: number) => {
    const value = text(name);
    if (value === null) return null;
    const parsed = Number(value);
    if (!Number.isFinite(parsed) || parsed < min || parsed > max) {
      throw new HeituError('E_META_INVALID', {
        where,
        what: `${name} = ${value}, expected ${min} to ${max}`,
      });
    }
    return parsed;
  };
  const satelliteElevation = number('SatelliteElevation', 0, 90);
  return {
    satellite: text('SatelliteID'),
    sensor: text('Sensor', 'SensorID'),
    sceneId: text('SceneID'),
    level: text('ProductLevel'),
    datetime: instant(text('CenterTime', 'StartTime'), where),
    dataBits: number('DataBits', 8, 16),
    cloudPercent: number('CloudPercent', 0, 100),
    sunElevation: number('SolarElevation', -90, 90),
    sunAzimuth: number('SolarAzimuth', -360, 360),
    viewZenith: satelliteElevation === null ? null : 90 - satelliteElevation,
    viewAzimuth: number('SatelliteAzimuth', -360, 360),
    gain: coefficients(text('AbsCalibrationGain'), 'AbsCalibrationGain', where),
    bias: coefficients(text('AbsCalibrationBias'), 'AbsCalibrationBias', where),
    encoding: text('RadiometricUnit')?.toLowerCase() === 'surfacereflectance' ? 'boa' : 'radiance',
    simulated: text('Simulated')?.toLowerCase() === 'true',
  };
}

/** Text of every leaf element by lower-case local name; the first one wins. */
function leaves(xml: string, where: string): Map<string, string> {
  if (Buffer.byteLength(xml) > MAX_XML_BYTES) {
    throw new HeituError('E_META_INVALID', { where, what: `larger than ${MAX_XML_BYTES} bytes` });
  }
  // Entities and external subsets are where XML attacks live; no vendor file needs a DTD.
  if (/<!(DOCTYPE|ENTITY)/i.test(xml))
    throw new HeituError('E_META_INVALID', { where, what: 'a DTD is not accepted' });
  let root: unknown;
  try {
    root = new XMLParser({
      ignoreAttributes: true,
      parseTagValue: false,
      removeNSPrefix: true,
      processEntities: false,
      trimValues: true,
    }).parse(xml, true);
  } catch (cause) {
    throw new HeituError('E_META_INVALID', {
      where,
      what: cause instanceof Error ? cause.message : 'not XML',
      cause,
    });
  }
  const found = new Map<string, string>();
  const walk = (node: unknown, name: string, depth: number) => {
    if (depth > MAX_DEPTH)
      throw new HeituError('E_META_INVALID', { where, what: `nested deeper than ${MAX_DEPTH}` });
    if (Array.isArray(node)) for (const item of node) walk(item, name, depth + 1);
    else if (typeof node === 'object' && node !== null) {
      for (const [key, child] of Object.entries(node)) walk(child, key, depth + 1);
    } else if (!found.has(name.toLowerCase())) found.set(name.toLowerCase(), String(node ?? '').trim());
  };
  walk(root, '', 0);
  if (found.size === 0) throw new HeituError('E_META_INVALID', { where, what: 'no elements' });
  return found;
}

/** `2024-07-14 10:32:05.25`, Beijing time, as an instant. */
function instant(text: string | null, where: string): Instant | null {
  if (text === null) return null;
  const match = /^(\d{4})-(\d{2})-(\d{2})[ T](\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?$/.exec(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] =
    match?.slice(1, 7).map(Number) ?? [];
  if (match === null || !isCalendarDate(year, month, day) || hour > 23 || minute > 59 || second > 59) {
    throw new HeituError('E_META_INVALID', { where, what: `time ${text}` });
  }
  return fromBeijing(year, month, day, hour, minute, second);
}

function coefficients(text: string | null, name: string, where: string): number[] | null {
  if (text === null) return null;
  const values = text.split(',').map((item) => Number(item.trim() === '' ? Number.NaN : item));
  if (values.length > 64 || values.some((value) => !Number.isFinite(value) || Math.abs(value) > 1e6)) {
    throw new HeituError('E_META_INVALID', { where, what: `${name} = ${text.slice(0, 80)}` });
  }
  return values;
}
