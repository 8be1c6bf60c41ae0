import type { Cells } from './cells.ts';
import { MASK } from './thresholds.ts';

/** What one look at one cell says about cloud. */
export const NOTHING = 0;
export const HAZY = 1;
export const BODY = 2;
export const CORE = 3;

/**
 * Haze-optimised transform in Fmask's constant form, B − 0.5 R − 0.08 of reflectances (Zhang 2002; METHODS 2.1).
 * `hotOf(0.45, 0.44)` (cloud) is 0.15; maize (0.03, 0.035) has −0.0675.
 */
export function hotOf(blue: number, red: number): number {
  return blue - 0.5 * red - 0.08;
}

/**
 * Σ|ρ − mean| / mean over blue, green, red (Fmask; METHODS 2.1): 0 is grey.
 * `whitenessOf(0.45, 0.44, 0.44)` is 0.030; for maize (0.03, 0.06, 0.035) it is 0.88.
 */
export function whitenessOf(blue: number, green: number, red: number): number {
  const mean = (blue + green + red) / 3;
  return (Math.abs(blue - mean) + Math.abs(green - mean) + Math.abs(red - mean)) / mean;
}

/**
 * NOTHING, HAZY, BODY or CORE of a cloud for every cell, by METHODS 2.2 steps 1 and 2.
 */
export function spectralClass(cells: Cells): Uint8Array {
  const { B, G, R, N, valid } = cells;
  const { whiteness, ndvi, meanVisible } = MASK.possible;
  const hot = MASK.hot[cells.unit];
  const found = new Uint8Array(valid.length);
  for (let i = 0; i < found.length; i++) {
    const [b, g, r, n] = [B[i]!, G[i]!, R[i]!, N[i]!];
    if (valid[i] === 0 || b + g + r <= 3 * meanVisible) continue;
    const transform = hotOf(b, r);
    if (transform <= hot.haze || n - r >= ndvi * (n + r)) continue;
    const white = whitenessOf(b, g, r);
    if (white >= whiteness) continue;
    const isCore = transform > hot.core && white < MASK.core.whiteness && b > MASK.core.blue;
    found[i] = isCore ? CORE : transform > hot.body ? BODY : HAZY;
  }
  return found;
}

/** 1 where a cell is as bright, white and bare as snow (METHODS 2.2, step 8): fresh cloud is, too. */
export function snowyCells(cells: Cells): Uint8Array {
  const { B, G, R, N, valid } = cells;
  const { meanVisible, whiteness, ndvi } = MASK.snow;
  const found = new Uint8Array(valid.length);
  for (let i = 0; i < found.length; i++) {
    if (valid[i] === 0 || B[i]! + G[i]! + R[i]! <= 3 * meanVisible) continue;
    if (N[i]! - R[i]! >= ndvi * (N[i]! + R[i]!)) continue;
    if (whitenessOf(B[i]!, G[i]!, R[i]!) < whiteness) found[i] = 1;
  }
  return found;
}

/** True for open water: NDWI (G − N)/(G + N) above 0 and near infrared dark. Water (G 0.05, N 0.018) is, soil (0.06, 0.115) is not. */
export function isWater(green: number, nir: number): boolean {
  return green > nir && nir < MASK.water.nir;
}
