import { QUALITY } from '../core/quality.ts';
import type { Classification } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { dayOfYear, type Instant } from '../core/time.ts';
import type { Directions } from './casting.ts';
import { type Cells, cellsOfTile, type Look } from './cells.ts';
import { classFlags } from './classification.ts';
import { findClouds } from './clouds.ts';
import { dilate, either } from './morphology.ts';
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
  const quality = Uint16Array.from(coarse.quality);
  const kind = sky.classification?.kind;
  if (kind !== undefined && classes !== null) {
    const stated = classFlags(kind, classes, { width, height, size: cellSize });
    for (let i = 0; i < quality.length; i++) quality[i]! |= stated[i]!;
  }
  const cells = cellsOfTile(coarse, cellSize);
  if (cells === null) return quality;

  const looks = looksOf(references, cellSize, coarse.unit);
  const before = groundBefore(cells, looks);
  const { cloud, haze } = findClouds(cells, before, looks);
  const wet = wetCells(cells, cloud);
  const shadow = findShadows(cells, { directions: sky, cloud, haze, water: wet, before });
  const snowy = isSnowSeason(sky.datetime) ? snowyCells(cells) : new Uint8Array(cloud.length);
  const rim = dilate(either(either(cloud, snowy), shadow), width, height, cellsIn(MASK.buffer, cellSize));
  const masks = { cloud, haze, shadow, rim, water: lastingWater(wet, looks), snowy };
  merge(quality, cells, masks, standingSnow(snowy, looks));
  return quality;
}

interface Masks {
  readonly cloud: Uint8Array;
  readonly haze: Uint8Array;
  readonly shadow: Uint8Array;
  readonly rim: Uint8Array;
  readonly water: Uint8Array;
  /** As bright as snow in the season of snow. */
  readonly snowy: Uint8Array;
}

/** Adds the masks to the flags; of cloud, shadow and their rim, the first that holds. */
function merge(quality: Uint16Array, { valid }: Cells, masks: Masks, lasting: Uint8Array): void {
  const { CLOUD, HAZE, SHADOW, EDGE, SNOW, CLOUD_OR_SNOW, WATER, TERRAIN } = QUALITY;
  for (let i = 0; i < quality.length; i++) {
    if (valid[i] === 0) continue;
    let flags = quality[i]!;
    if (masks.snowy[i] === 1) {
      // A vendor who says snow has bands that tell it from cloud.
      flags |= lasting[i] === 1 || (flags & SNOW.bit) !== 0 ? SNOW.bit : CLOUD_OR_SNOW.bit;
    } else if (masks.cloud[i] === 1) flags |= CLOUD.bit;
    else if (masks.shadow[i] === 1) flags |= SHADOW.bit;
    else if (masks.rim[i] === 1) flags |= EDGE.bit;
    if (masks.haze[i] === 1 && masks.snowy[i] === 0) flags |= HAZE.bit;
    // Water looks like a cast shadow to a vendor's class of dark places.
    if (masks.water[i] === 1) flags = (flags | WATER.bit) & ~TERRAIN.bit;
    quality[i] = flags;
  }
}

function looksOf(references: readonly Reference[], size: number, unit: 'toa' | 'boa'): Look[] {
  return references.flatMap(({ tile, days }) => {
    const cells = tile.unit === unit ? cellsOfTile(tile, size) : null;
    return cells === null ? [] : [{ cells, days, quality: tile.quality }];
  });
}

/** 1 where there is open water now, as far as cloud does not hide it. */
function wetCells({ valid, G, N }: Cells, cloud: Uint8Array): Uint8Array {
  const wet = new Uint8Array(cloud.length);
  for (let i = 0; i < wet.length; i++) {
    if (cloud[i] === 0 && valid[i] === 1 && isWater(G[i]!, N[i]!)) wet[i] = 1;
  }
  return wet;
}

/** 1 where there was water in 60 % of the clear looks, this one among them; a single look decides where it is the only one. */
function lastingWater(wet: Uint8Array, looks: readonly Look[]): Uint8Array {
  const lasting = new Uint8Array(wet.length);
  for (let i = 0; i < wet.length; i++) {
    if (wet[i] === 0) continue;
    let [times, seen] = [1, 1];
    for (const { cells, quality } of looks) {
      if (cells.valid[i] === 0 || (quality[i]! & HIDDEN) !== 0) continue;
      seen++;
      if (isWater(cells.G[i]!, cells.N[i]!)) times++;
    }
    if (times >= MASK.water.share * seen) lasting[i] = 1;
  }
  return lasting;
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
function standingSnow(snowy: Uint8Array, looks: readonly Look[]): Uint8Array {
  const lasting = new Uint8Array(snowy.length);
  if (!snowy.includes(1)) return lasting;
  const earlier = looks.map((look) => snowyCells(look.cells));
  for (let i = 0; i < lasting.length; i++) {
    if (snowy[i] === 0) continue;
    let times = 0;
    for (const then of earlier) times += then[i]!;
    if (times >= MASK.snow.dates) lasting[i] = 1;
  }
  return lasting;
}
