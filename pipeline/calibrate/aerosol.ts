import { EXCLUDING } from '../core/quality.ts';
import type { Atmosphere, Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import type { SensorRow } from '../sensors/row.ts';
import { type AirBand, atmosphereConstants, type Sight } from './atmosphere.ts';
import type { AerosolSource } from './validity.ts';

/** Aerosol optical thickness at 550 nm where nothing is known of it (METHODS 1.2): 0.25 ± 0.15. */
export const USUAL_AOT = 0.25;

/** Between these it is looked for. */
export const AOT_RANGE = [0.02, 0.8] as const;

/** Dense dark vegetation: top-of-atmosphere NDVI above `ndvi`, red between these shares of what is so green. */
const DENSE = { ndvi: 0.6, low: 0.05, high: 0.25, fewest: 50 } as const;

/**
 * Blue of dense dark vegetation from its red, both at the surface: blue = 0.49 red + 0.005 (Levy et al. 2007,
 * doi 10.1029/2006JD007811, MODIS dark target C5), which refines the half of Kaufman et al. 1997 (doi 10.1109/36.628795).
 */
const BLUE_OF_RED = { slope: 0.49, offset: 0.005 } as const;

/** An aerosol thickness found in an image. */
export interface AerosolFit {
  readonly aot550: number;
  /** Pixels it rests on. */
  readonly pixels: number;
}

/**
 * Aerosol optical thickness at 550 nm of a top-of-atmosphere tile (a coarse one of the whole scene: pixels of some 30 m)
 * from its dense dark vegetation: the one at which corrected blue and red stand to each other as there. ± 0.1 at best.
 * Null where fewer than 50 pixels are dense and dark, or the tile has no B, R and N.
 */
export function estimateAerosol(
  tile: LooseTile<'toa'>,
  sight: Sight,
  sensor: SensorRow,
  gases: Omit<Atmosphere, 'aot550'>,
  elevation: number,
): AerosolFit | null {
  const { B: blue, R: red, N: nir } = tile.bands;
  const rows = ['B', 'R'].map((name) => sensor.bands.find((band) => band.name === name));
  const [blueBand, redBand] = rows;
  if (blue === undefined || red === undefined || nir === undefined) return null;
  if (blueBand === undefined || redBand === undefined) return null;
  const corrected = (band: AirBand, aot550: number) => {
    const { a, b, s } = atmosphereConstants(band, sight, { aot550, ...gases }, elevation);
    return (toa: number) => {
      const y = a * toa - b;
      return y / (1 + s * y);
    };
  };
  const chosen = densePixels(red, nir, tile.quality);
  if (chosen.length < DENSE.fewest) return null;
  /** How much bluer the vegetation looks than it should; more aerosol makes it less. */
  const excess = (aot550: number) => {
    const [blueOf, redOf] = [corrected(blueBand, aot550), corrected(redBand, aot550)];
    let sum = 0;
    for (const i of chosen) sum += blueOf(blue[i]!) - BLUE_OF_RED.slope * redOf(red[i]!) - BLUE_OF_RED.offset;
    return sum / chosen.length;
  };
  let [low, high]: [number, number] = [...AOT_RANGE];
  if (excess(low) <= 0) return { aot550: low, pixels: chosen.length };
  if (excess(high) >= 0) return { aot550: high, pixels: chosen.length };
  // 20 halvings: a millionth.
  for (let i = 0; i < 20; i++) {
    const middle = (low + high) / 2;
    if (excess(middle) > 0) low = middle;
    else high = middle;
  }
  return { aot550: (low + high) / 2, pixels: chosen.length };
}

/** An aerosol thickness and where it comes from. */
export interface Aerosol {
  readonly aot550: number;
  readonly source: AerosolSource;
}

/** The aerosol to take out, best source first: as stated with the scene, as its vegetation shows it, the usual one. */
export function aerosolOf(scene: Pick<Scene, 'atmosphere'>, estimate: () => AerosolFit | null): Aerosol {
  if (scene.atmosphere !== null) return { aot550: scene.atmosphere.aot550, source: 'stated' };
  const found = estimate();
  return found === null
    ? { aot550: USUAL_AOT, source: 'default' }
    : { aot550: found.aot550, source: 'estimated' };
}

/** Usable pixels that are green, and dark among the green. */
function densePixels(red: Float32Array, nir: Float32Array, quality: Uint16Array): number[] {
  const green: number[] = [];
  for (let i = 0; i < red.length; i++) {
    if ((quality[i]! & EXCLUDING) !== 0) continue;
    if (nir[i]! - red[i]! > DENSE.ndvi * (nir[i]! + red[i]!)) green.push(i);
  }
  green.sort((a, b) => red[a]! - red[b]! || a - b);
  return green.slice(Math.floor(DENSE.low * green.length), Math.floor(DENSE.high * green.length));
}
