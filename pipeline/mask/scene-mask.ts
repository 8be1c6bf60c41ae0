import { QUALITY } from '../core/quality.ts';
import type { Classification } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { dayOfYear, type Instant } from '../core/time.ts';
import type { Directions } from './casting.ts';
import { type Cells, cellsOfTile, type Look } from './cells.ts';
import { classFlags } from './classification.ts';
import { findClouds } from './clouds.ts';
import { dilate } from './morphology.ts';
import { findShadows } from './shadows.ts';
import { isWater, snowyCells } from './spectral.ts';
import { groundBefore } from './temporal.ts';
import { cellsIn, MASK } from './thresholds.ts';

/** Where sun and camera stood and when the scene was taken: part of a Scene. */
export interface SceneSky extends Directions {
  readonly datetime: Instant;
  /** What the vendor's classes, if there are any, are. */
  readonly classification: Pick<Classification, 'kind'> | null;
}

/** An earlier date of the same place on the same cells, with the flags of its own mask. */
export interface Reference {
  readonly tile: LooseTile<'toa' | 'boa'>;
  /** Days before the scene. */
  readonly days: number;
}

/**
 * The quality flags of a whole scene on cells of about 10 m (METHODS 2.2, CM4): CLOUD, HAZE, SHADOW, EDGE around cloud and
 * shadow, SNOW, CLOUD_OR_SNOW and WATER, added to those the cells have. It sees the scene at once, so clouds larger than a
 * tile and shadows far from their clouds are found, and tiles make no difference to it.
 *
 * `cellSize` is in metres; rows run from north to south. `references` are earlier dates, newest first, in the same unit;
 * with one or more of them thin cloud is found, too. `classes` are the vendor's own, one a cell: what they flag
 * is flagged. A scene without B, G, R and N has the flags of those only.
 */
export function maskScene(
  coarse: LooseTile<'toa' | 'boa'>,
  sky: SceneSky,
  cellSize: number,
  references: readonly Reference[] = [],
  classes: Uint16Array | null = null,
): Uint16Array {
  const { width, height } = coarse.grid;
  const kind = sky.classification?.kind;
  const stated =
    kind === undefined || classes === null
      ? null
      : classFlags(kind, classes, { width, height, size: cellSize });
  const quality = Uint16Array.from(coarse.quality, (flags, i) => flags | (stated?.[i] ?? 0));
  const cells = cellsOfTile(coarse, cellSize);
  if (cells === null) return quality;

  const looks = looksOf(references, cellSize, coarse.unit);
  const before = groundBefore(cells, looks);
  const { cloud, haze } = findClouds(cells, before, looks);
  const wet = wetCells(cells, cloud);
  const water = lastingWater(wet, looks);
  const shadow = findShadows(cells, { directions: sky, cloud, haze, water: wet, before });
  const snow = isSnowSeason(sky.datetime) ? snowyCells(cells) : null;

  const hidden = cloud.map((value, i) => value | (snow?.[i] ?? 0));
  const rim = dilate(
    hidden.map((value, i) => value | shadow[i]!),
    width,
    height,
    cellsIn(MASK.buffer, cellSize),
  );
  const isSnow = snow === null ? null : standingSnow(snow, looks);
  const { CLOUD, HAZE, SHADOW, EDGE, SNOW, CLOUD_OR_SNOW, WATER, TERRAIN } = QUALITY;
  for (let i = 0; i < quality.length; i++) {
    if (cells.valid[i] === 0) continue;
    if (snow?.[i] === 1) {
      // The classification has bands that tell snow from cloud.
      const isSure = isSnow?.[i] === 1 || (quality[i]! & SNOW.bit) !== 0;
      quality[i]! |= isSure ? SNOW.bit : CLOUD_OR_SNOW.bit;
    } else if (cloud[i] === 1) quality[i]! |= CLOUD.bit;
    else if (shadow[i] === 1) quality[i]! |= SHADOW.bit;
    else if (rim[i] === 1) quality[i]! |= EDGE.bit;
    if (haze[i] === 1) quality[i]! |= HAZE.bit;
    if (water[i] === 1) quality[i]! |= WATER.bit;
    // Water looks like a cast shadow to a classification that is told only that a place is dark.
    if (water[i] === 1 && stated !== null) quality[i]! &= ~TERRAIN.bit;
  }
  return quality;
}

function looksOf(references: readonly Reference[], size: number, unit: 'toa' | 'boa'): Look[] {
  return references.flatMap(({ tile, days }) => {
    const cells = tile.unit === unit ? cellsOfTile(tile, size) : null;
    return cells === null ? [] : [{ cells, days, quality: tile.quality }];
  });
}

/** 1 where there is open water now, as far as cloud does not hide it. */
function wetCells(cells: Cells, cloud: Uint8Array): Uint8Array {
  return cloud.map((hidden, i) =>
    hidden === 0 && cells.valid[i] === 1 && isWater(cells.G[i]!, cells.N[i]!) ? 1 : 0,
  );
}

/** 1 where there was water in 60 % of the clear looks, this one among them; a single look decides where it is the only one. */
function lastingWater(wet: Uint8Array, looks: readonly Look[]): Uint8Array {
  return wet.map((isWet, i) => {
    if (isWet === 0) return 0;
    let [times, seen] = [1, 1];
    for (const { cells, quality } of looks) {
      if (cells.valid[i] === 0 || (quality[i]! & HIDDEN) !== 0) continue;
      seen++;
      if (isWater(cells.G[i]!, cells.N[i]!)) times++;
    }
    return times >= MASK.water.share * seen ? 1 : 0;
  });
}

/** What hides the ground from an earlier look. */
const HIDDEN =
  QUALITY.NODATA.bit | QUALITY.CLOUD.bit | QUALITY.SHADOW.bit | QUALITY.SNOW.bit | QUALITY.CLOUD_OR_SNOW.bit;

function isSnowSeason(datetime: Instant): boolean {
  const { from, to } = MASK.snow;
  const day = dayOfYear(datetime);
  const year = datetime.slice(0, 4);
  const on = ({ month, day: date }: { month: number; day: number }) =>
    dayOfYear(`${year}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}T00:00:00Z`);
  return day >= on(from) || day <= on(to);
}

/** 1 where a snowy cell was snowy on two earlier dates, too: cloud does not come back to the same cell. */
function standingSnow(snow: Uint8Array, looks: readonly Look[]): Uint8Array {
  const times = new Uint8Array(snow.length);
  for (const look of looks) {
    const then = snowyCells(look.cells);
    for (let i = 0; i < times.length; i++) times[i]! += then[i]! & snow[i]!;
  }
  return times.map((count) => (count >= MASK.snow.dates ? 1 : 0));
}
