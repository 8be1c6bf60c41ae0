import { QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';

/** Constants of the spectral cloud tests of METHODS 2.2; reflectance units, lengths in metres. */
const CLOUD = {
  /** Potential cloud: haze-optimised transform B − 0.5 R − 0.08 above `hot` and Σ|ρ − mean| / mean over B, G, R below `whiteness` (Fmask, Zhu & Woodcock 2012, doi 10.1016/j.rse.2011.10.028), not vegetation, not dark (house values). */
  possible: { hot: 0, whiteness: 0.7, ndvi: 0.7, meanVisible: 0.12 },
  /** Core of a cloud: bright and white beyond doubt. House values. */
  core: { hot: 0.07, whiteness: 0.25, blue: 0.22 },
  /** A core narrower than twice this is a roof, a road or a sandbank. House value. */
  narrow: 15,
  /** A cloud reaches this far from its core through what is possible cloud. House value. */
  reach: 60,
  /** Rim around cloud that is not used either: METHODS 2.2, step 6. */
  buffer: 30,
} as const;

/** How far around a pixel the cloud test looks, m. */
export const CLOUD_HALO_M = CLOUD.narrow + CLOUD.reach + CLOUD.buffer;

/**
 * Flags CLOUD where a possible-cloud pixel lies near the core of a cloud, and EDGE within 30 m around (METHODS 2.2, steps
 * 1, 2, 3 and 6 for one date), for tiles with B, G, R and N; other tiles pass unchanged. `pixelSize` is in metres; a tile
 * needs a halo of CLOUD_HALO_M for its rim to be right. It finds opaque cloud; thin cloud and shadows need the temporal
 * and geometric tests.
 */
export function flagCloud<U extends 'toa' | 'boa'>(tile: LooseTile<U>, pixelSize: number): LooseTile<U> {
  const { B, G, R, N } = tile.bands;
  if (B === undefined || G === undefined || R === undefined || N === undefined) return tile;
  const { width, height } = tile.grid;
  const possible = new Uint8Array(tile.quality.length);
  const core = new Uint8Array(tile.quality.length);
  for (let i = 0; i < possible.length; i++) {
    if ((tile.quality[i]! & QUALITY.NODATA.bit) !== 0 || !isPossibleCloud(B[i]!, G[i]!, R[i]!, N[i]!))
      continue;
    possible[i] = 1;
    if (isCloudCore(B[i]!, G[i]!, R[i]!)) core[i] = 1;
  }
  const near = dilate(
    erode(core, width, height, Math.floor(CLOUD.narrow / pixelSize)),
    width,
    height,
    Math.max(1, Math.round(CLOUD.reach / pixelSize)),
  );
  const cloud = possible.map((value, i) => value & near[i]!);
  const rim = dilate(cloud, width, height, Math.max(1, Math.round(CLOUD.buffer / pixelSize)));
  const quality = Uint16Array.from(tile.quality);
  for (let i = 0; i < quality.length; i++) {
    if ((quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
    if (cloud[i] === 1) quality[i]! |= QUALITY.CLOUD.bit;
    else if (rim[i] === 1) quality[i]! |= QUALITY.EDGE.bit;
  }
  return { ...tile, quality };
}

/** `isPossibleCloud(0.5, 0.5, 0.5, 0.55)` is true, for maize (0.03, 0.06, 0.035, 0.45) it is false. */
export function isPossibleCloud(blue: number, green: number, red: number, nir: number): boolean {
  const { hot, whiteness, ndvi, meanVisible } = CLOUD.possible;
  const mean = (blue + green + red) / 3;
  if (mean <= meanVisible || blue - 0.5 * red - 0.08 <= hot) return false;
  return whitenessOf(blue, green, red) < whiteness && nir - red < ndvi * (nir + red);
}

function isCloudCore(blue: number, green: number, red: number): boolean {
  return (
    blue > CLOUD.core.blue &&
    blue - 0.5 * red - 0.08 > CLOUD.core.hot &&
    whitenessOf(blue, green, red) < CLOUD.core.whiteness
  );
}

function whitenessOf(blue: number, green: number, red: number): number {
  const mean = (blue + green + red) / 3;
  return (Math.abs(blue - mean) + Math.abs(green - mean) + Math.abs(red - mean)) / mean;
}

/** Square erosion by `radius` pixels: what is left when everything within reach of an unmarked pixel goes; the rim of the tile counts as marked. */
export function erode(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  if (radius === 0) return mask;
  const outside = dilate(
    mask.map((value) => 1 - value),
    width,
    height,
    radius,
  );
  return outside.map((value) => 1 - value);
}

/** Square dilation by `radius` pixels: a running maximum along rows, then along columns. */
export function dilate(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  const rows = new Uint8Array(mask.length);
  for (let row = 0; row < height; row++) spread(mask, rows, row * width, 1, width, radius);
  const out = new Uint8Array(mask.length);
  for (let col = 0; col < width; col++) spread(rows, out, col, width, height, radius);
  return out;
}

/** One line of the dilation: marks everything within `radius` of a marked cell. */
function spread(
  from: Uint8Array,
  to: Uint8Array,
  start: number,
  step: number,
  length: number,
  radius: number,
): void {
  let last = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < length; i++) {
    if (from[start + i * step] === 1) last = i;
    if (i - last <= radius) to[start + i * step] = 1;
  }
  let next = Number.POSITIVE_INFINITY;
  for (let i = length - 1; i >= 0; i--) {
    if (from[start + i * step] === 1) next = i;
    if (next - i <= radius) to[start + i * step] = 1;
  }
}
