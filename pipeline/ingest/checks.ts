import { HeituError } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import { sunPosition } from '../core/sun-position.ts';
import type { Instant } from '../core/time.ts';
import { type Finding, remark } from './finding.ts';
import type { Place } from './metadata.ts';

/** Corners of metadata are those of the camera's model, which is off by up to 200 m (JILIN1.md 1.1), in degrees of latitude. */
const SLACK_DEGREES = 0.003;

/**
 * Compares the box of the raster with the corners in the metadata, both in longitude and latitude. A raster that is a part of
 * what the metadata tells of is fine; one that lies mostly outside, or is as large and lies elsewhere, is of another scene.
 * Gives a warning when they are a fifth apart; throws E_FOOTPRINT_CONFLICT beyond that.
 */
export function checkFootprint(raster: Bbox, corners: readonly Place[], where: string): Finding[] {
  const told: Bbox = [
    Math.min(...corners.map(([lon]) => lon)) - SLACK_DEGREES,
    Math.min(...corners.map(([, lat]) => lat)) - SLACK_DEGREES,
    Math.max(...corners.map(([lon]) => lon)) + SLACK_DEGREES,
    Math.max(...corners.map(([, lat]) => lat)) + SLACK_DEGREES,
  ];
  const shared = areaOf([
    Math.max(raster[0], told[0]),
    Math.max(raster[1], told[1]),
    Math.min(raster[2], told[2]),
    Math.min(raster[3], told[3]),
  ]);
  const inside = shared / areaOf(raster);
  const both = shared / (areaOf(raster) + areaOf(told) - shared);
  const isWhole = areaOf(raster) >= 0.8 * areaOf(told);
  const what = `${Math.round(100 * inside)} % of the raster lies within the corners of the metadata`;
  if (inside < 0.5 || (isWhole && both < 0.5))
    throw new HeituError('E_FOOTPRINT_CONFLICT', { where, what, element: 'UpperLeftLatitude' });
  return inside < 0.8 ? [remark('E_FOOTPRINT_CONFLICT', 'warning', { file: where, what })] : [];
}

function areaOf([west, south, east, north]: Bbox): number {
  return Math.max(0, east - west) * Math.max(0, north - south);
}

/** How far a stated sun may be from the computed one before something is wrong: half an hour's way, about. */
const SUN_DEGREES = 5;

/** Sun of the scene: as stated, else computed from time and place, which is said. */
export interface Sun {
  readonly elevation: number;
  readonly azimuth: number;
  readonly findings: readonly Finding[];
}

/**
 * The sun over the middle of a scene. A stated one that does not fit time and place gives a warning: a wrong zone of the time,
 * or a zenith called elevation. Throws E_META_INVALID for a scene taken at night whose reflectance depends on the sun.
 */
export function checkSun(
  stated: { readonly elevation: number | null; readonly azimuth: number | null },
  scene: { readonly datetime: Instant; readonly middle: Place; readonly isRadiance: boolean },
  where: string,
): Sun {
  const computed = sunPosition(scene.datetime, ...scene.middle);
  const findings: Finding[] = [];
  const elevation = stated.elevation ?? computed.elevation;
  const azimuth = stated.azimuth ?? computed.azimuth;
  const degrees = (value: number) => `${value.toFixed(2)}°`;
  if (stated.elevation === null || stated.azimuth === null) {
    const what = `where the sun stood; ${degrees(elevation)} high at ${degrees(azimuth)} by time and place`;
    findings.push(remark('E_META_ASSUMED', 'note', { file: where, what, element: 'SolarElevation' }));
  }
  if (scene.isRadiance && elevation <= 0) {
    const what = `the sun stands at ${degrees(elevation)}: there is no reflectance at night`;
    throw new HeituError('E_META_INVALID', { where, what, element: 'SolarElevation' });
  }
  if (Math.abs(elevation - computed.elevation) > SUN_DEGREES) {
    const what = `elevation ${degrees(elevation)}, computed ${degrees(computed.elevation)}`;
    findings.push(remark('E_SUN_CONFLICT', 'warning', { file: where, what, element: 'SolarElevation' }));
  }
  return { elevation, azimuth, findings };
}
