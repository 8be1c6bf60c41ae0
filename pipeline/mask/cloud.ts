import { QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';

/** Constants of the spectral cloud test; reflectance units. */
const CLOUD = {
  /** Haze-optimised transform B − 0.5 R − 0.08 above this: Fmask, Zhu & Woodcock 2012, doi 10.1016/j.rse.2011.10.028. */
  hot: 0,
  /** Σ|ρ − mean| / mean over B, G, R below this: the same. */
  whiteness: 0.7,
  /** Vegetation is not cloud. House value, METHODS 2.2. */
  ndvi: 0.7,
  /** Dark surfaces are not cloud. House value, METHODS 2.2. */
  meanVisible: 0.12,
} as const;

/** Cloud edges are thin: this many metres around every cloud pixel are not used either (METHODS 2.2, step 6). */
export const CLOUD_BUFFER_M = 30;

/**
 * Flags CLOUD by the potential-cloud test of METHODS 2.2 step 1 and the buffer of step 6, for tiles with B, G, R and N;
 * other tiles pass unchanged. `pixelSize` is in metres; a tile needs a halo of CLOUD_BUFFER_M for its rim to be right.
 * It finds opaque cloud; thin cloud, shadows and bright ground need the temporal and geometric tests.
 */
export function flagCloud<U extends 'toa' | 'boa'>(tile: LooseTile<U>, pixelSize: number): LooseTile<U> {
  const { B, G, R, N } = tile.bands;
  if (B === undefined || G === undefined || R === undefined || N === undefined) return tile;
  const cloud = new Uint8Array(tile.quality.length);
  for (let i = 0; i < cloud.length; i++) {
    if ((tile.quality[i]! & QUALITY.NODATA.bit) === 0 && isCloud(B[i]!, G[i]!, R[i]!, N[i]!)) cloud[i] = 1;
  }
  const { width, height } = tile.grid;
  const grown = dilate(cloud, width, height, Math.max(1, Math.round(CLOUD_BUFFER_M / pixelSize)));
  const quality = Uint16Array.from(tile.quality);
  for (let i = 0; i < quality.length; i++) {
    if (grown[i] === 1 && (quality[i]! & QUALITY.NODATA.bit) === 0) quality[i]! |= QUALITY.CLOUD.bit;
  }
  return { ...tile, quality };
}

/** `isCloud(0.5, 0.5, 0.5, 0.55)` is true, for maize (0.03, 0.06, 0.035, 0.45) it is false. */
export function isCloud(blue: number, green: number, red: number, nir: number): boolean {
  const mean = (blue + green + red) / 3;
  if (mean <= CLOUD.meanVisible || blue - 0.5 * red - 0.08 <= CLOUD.hot) return false;
  const whiteness = (Math.abs(blue - mean) + Math.abs(green - mean) + Math.abs(red - mean)) / mean;
  return whiteness < CLOUD.whiteness && nir - red < CLOUD.ndvi * (nir + red);
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
function spread(from: Uint8Array, to: Uint8Array, start: number, step: number, length: number, radius: number): void {
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
