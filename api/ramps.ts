import { type RampStop, ramp, VEGETATION, WATER } from '../pipeline/products/legend.ts';
import { colorTable } from './paint.ts';

/** Colours that values of any kind can be shown in, by name: from the low end to the high one. */
export const RAMPS = {
  vegetation: VEGETATION,
  water: WATER,
  gray: ['#000000', '#ffffff'],
} as const satisfies Record<string, readonly string[]>;

export type RampName = keyof typeof RAMPS;

/** Colours of a palette image beside transparent. */
const STEPS = 255;

/** Distance from an int16 count to its place in a colour table. */
const SHIFT = 32_768;

const palettes = new Map<RampName, Uint8Array>();

/** RGBA of 256 palette entries: transparent, then 255 steps through the ramp. */
export function rampPalette(name: RampName): Uint8Array {
  const known = palettes.get(name);
  if (known !== undefined) return known;
  const stops: readonly RampStop[] = ramp(RAMPS[name], 0, STEPS - 1);
  const words = new Uint32Array(STEPS + 1);
  words.set(colorTable(stops, 1).subarray(SHIFT, SHIFT + STEPS), 1);
  const palette = new Uint8Array(words.buffer);
  palettes.set(name, palette);
  return palette;
}

/** Values as places in such a palette: 0 for none, else 1 to 255 by the distance between both ends, held beyond them. */
export function rampIndices(values: Float32Array, min: number, max: number): Uint8Array {
  const perUnit = (STEPS - 1) / (max - min);
  return Uint8Array.from(values, (value) =>
    Number.isNaN(value) ? 0 : 1 + Math.round(Math.min(STEPS - 1, Math.max(0, (value - min) * perUnit))),
  );
}
