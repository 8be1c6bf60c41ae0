import { type Casters, castersOf, type Directions, type Slope, slopesOf } from './casting.ts';
import type { Cells } from './cells.ts';
import { type Components, label } from './components.ts';
import { DARK, DEEP, heightsOf, LIT, type Match, matchAll, type Scenery, stepOf } from './matching.ts';
import { dilate } from './morphology.ts';
import { localQuantile } from './quantile.ts';
import { type Before, darkened } from './temporal.ts';
import { cellsIn, MASK } from './thresholds.ts';

/** What the search for shadows is given besides the cells. */
export interface ShadowTask {
  readonly directions: Directions;
  /** Masks of 0 and 1. */
  readonly cloud: Uint8Array;
  readonly haze: Uint8Array;
  /** Open water now: it shows no shadow, and flooded fields are as dark as one. */
  readonly water: Uint8Array;
  readonly before: Before | null;
}

/**
 * Cloud shadow as a mask of 0 and 1 (METHODS 2.2, step 5): dark ground where the clouds, moved along the sun's and the
 * camera's directions by the height that fits best, cover it. Rows of cells run from north to south.
 *
 * Clouds beyond the image cast shadows into it: a patch of 0.5 ha or more that is dark in the visible, too, is shadow
 * when a cloud at the height of those inside would have to stand outside to cast it. Where no cloud inside tells the height, none is taken: a ploughed
 * field falls as dark. Without the sun's place, patches of 0.5 ha that fell dark since the last clear look are shadow, if
 * there is any cloud.
 */
export function findShadows(cells: Cells, task: ShadowTask): Uint8Array {
  const { cloud, before } = task;
  const then = before === null ? null : darkened(cells, before);
  const slopes = slopesOf(task.directions);
  if (!cloud.includes(1)) return new Uint8Array(cloud.length);
  if (slopes.length === 0) return then === null ? new Uint8Array(cloud.length) : fellDark(cells, task, then);

  const ground = groundOf(cells, task, then);
  const scenery: Scenery = { ground, width: cells.width, height: cells.height, size: cells.size };
  const parts = label(cloud, cells.width, cells.height);
  const casters = castersOf(parts, cells.width);
  const { slope, common } = directionOf(scenery, casters, parts, slopes);
  const heights = heightsOf(scenery, casters, slope, common);
  const shadow = project(scenery, parts, heights, slope);
  if (common !== null) addFromOutside(cells, scenery, stepOf(slope, common.height, cells.size), shadow);
  return grown(scenery, task, shadow);
}

/** Patches that fell dark since the last clear looks, of 0.5 ha or more. */
function fellDark(cells: Cells, { cloud, water }: ShadowTask, then: Uint8Array): Uint8Array {
  const open = new Uint8Array(then.length);
  for (let i = 0; i < open.length; i++) open[i] = then[i]! & (1 - cloud[i]!) & (1 - water[i]!);
  return largeParts(open, cells);
}

/** What is left of a mask without parts below 0.5 ha. */
function largeParts(mask: Uint8Array, { width, height, size }: Cells): Uint8Array {
  const { labels, sizes } = label(mask, width, height);
  const least = (MASK.ground.hectares * 10_000) / size ** 2;
  const large = new Uint8Array(mask.length);
  for (let i = 0; i < large.length; i++) if (labels[i] !== 0 && sizes[labels[i]!]! >= least) large[i] = 1;
  return large;
}

/** UNSEEN, LIT, DARK or DEEP: dark against the neighbourhood, or against the last clear looks where there were some. */
function groundOf(cells: Cells, task: ShadowTask, then: Uint8Array | null): Uint8Array {
  const { N, R, valid } = cells;
  const open = new Uint8Array(valid.length);
  const clear = new Uint8Array(valid.length);
  for (let i = 0; i < open.length; i++) {
    open[i] = valid[i]! & (1 - task.cloud[i]!) & (1 - task.water[i]!);
    clear[i] = open[i]! & (1 - task.haze[i]!);
  }
  const middle = litMedian(task.cloud, valid);
  const nir = localQuantile(N, clear, middle, cells);
  const red = localQuantile(R, clear, middle, cells);
  const ground = new Uint8Array(valid.length);
  for (let i = 0; i < ground.length; i++) {
    if (open[i] === 0) continue;
    const redShare = R[i]! / red[i]!;
    const isDark = N[i]! < MASK.dark.nir * nir[i]! && redShare <= MASK.dark.red;
    const fell = then?.[i] === 1;
    if (!isDark && !fell) ground[i] = LIT;
    else ground[i] = redShare < MASK.dark.deepRed || (isDark && fell) ? DEEP : DARK;
  }
  return ground;
}

/**
 * The quantile of the uncloudy cells that is the median of the sunlit ones: as large a share of them as is cloudy lies in
 * shadow, and shadow is darkest. 0.5 without cloud, 0.65 under a third of cloud; no more than under a half.
 */
function litMedian(cloud: Uint8Array, valid: Uint8Array): number {
  let [covered, all] = [0, 0];
  for (let i = 0; i < cloud.length; i++) {
    covered += cloud[i]!;
    all += valid[i]!;
  }
  return (1 + Math.min(0.5, covered / Math.max(1, all))) / 2;
}

/** How many of the largest clouds settle the direction. */
const VOTERS = 32;

/** The direction that the clouds' shadows bear out, and the height that serves all clouds best, if they are borne out at all. */
function directionOf(
  scenery: Scenery,
  casters: Casters,
  parts: Components,
  slopes: readonly Slope[],
): { readonly slope: Slope; readonly common: Match | null } {
  const names = Array.from({ length: parts.count }, (_, i) => i + 1)
    .sort((a, b) => parts.sizes[b]! - parts.sizes[a]! || a - b)
    .slice(0, VOTERS);
  let slope = slopes[0]!;
  let common = matchAll(scenery, casters, names, slope);
  for (const other of slopes.slice(1)) {
    const match = matchAll(scenery, casters, names, other);
    if (match === null || match.jaccard <= MASK.viewDoubt * (common?.jaccard ?? 0)) continue;
    [slope, common] = [other, match];
  }
  return { slope, common: common !== null && common.overlap >= MASK.match.overlap ? common : null };
}

/** Every cloud of known height, moved to where its shadow is. */
function project(
  { ground, width, height, size }: Scenery,
  { labels }: Components,
  heights: Float64Array,
  slope: Slope,
): Uint8Array {
  const shadow = new Uint8Array(ground.length);
  const steps = Array.from(heights, (h) => stepOf(slope, h, size));
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const k = labels[row * width + col]!;
      if (k === 0 || heights[k] === 0) continue;
      const c = col + steps[k]![0];
      const r = row + steps[k]![1];
      if (c >= 0 && c < width && r >= 0 && r < height) shadow[r * width + c] = 1;
    }
  }
  return shadow;
}

/** Marks deep patches whose cloud, `step` columns and rows back, would stand outside what was imaged. */
function addFromOutside(
  cells: Cells,
  { ground, width, height }: Scenery,
  [dx, dy]: readonly [cols: number, rows: number],
  shadow: Uint8Array,
): void {
  const beyond = new Uint8Array(ground.length);
  for (let row = 0; row < height; row++) {
    for (let col = 0; col < width; col++) {
      const i = row * width + col;
      if (ground[i] !== DEEP) continue;
      const [c, r] = [col - dx, row - dy];
      const isInside = c >= 0 && c < width && r >= 0 && r < height;
      if (!isInside || cells.valid[r * width + c] === 0) beyond[i] = 1;
    }
  }
  const patches = largeParts(beyond, cells);
  for (let i = 0; i < patches.length; i++) shadow[i]! |= patches[i]!;
}

/** The projected shadow where the ground is dark or nearly, or water, and the dark ground that joins it within 60 m. */
function grown({ ground, width, height, size }: Scenery, task: ShadowTask, shadow: Uint8Array): Uint8Array {
  const dark = new Uint8Array(ground.length);
  for (let i = 0; i < dark.length; i++) if (ground[i]! >= DARK) dark[i] = 1;
  const nearDark = dilate(dark, width, height, cellsIn(MASK.buffer, size));
  const core = new Uint8Array(ground.length);
  for (let i = 0; i < core.length; i++) {
    if (task.cloud[i] === 0) core[i] = shadow[i]! & (nearDark[i]! | task.water[i]!);
  }
  const around = dilate(core, width, height, cellsIn(MASK.reach, size));
  for (let i = 0; i < core.length; i++) core[i]! |= around[i]! & dark[i]!;
  return core;
}
