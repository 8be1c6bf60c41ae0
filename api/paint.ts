import sharp from 'sharp';
import type { RampStop } from '../pipeline/products/legend.ts';

/** Edge of a map tile, pixels. */
export const TILE_EDGE = 256;

const NODATA = -32768;
/** Distance from an int16 count to its place in an unsigned table. */
const SHIFT = 32768;

/** Stored counts as a map tile has them, NaN for nodata. */
export type Counts = Float32Array | Float64Array;

/** RGBA of every int16 count, one word of four bytes each, in the order of counts from −32768. */
export type ColorTable = Uint32Array;

/**
 * Colours of all 65,536 counts of a product: its legend interpolated in sRGB at `count * scale`, held beyond the ends,
 * and transparent for nodata.
 */
export function colorTable(legend: readonly RampStop[], scale: number): ColorTable {
  const stops = legend.map(({ value, color }) => ({ value, rgb: rgbOf(color) }));
  const table = new Uint8Array(65_536 * 4);
  for (let count = NODATA + 1; count <= 32_767; count++) {
    const value = count * scale;
    const next = stops.findIndex((stop) => stop.value >= value);
    const above = stops[next === -1 ? stops.length - 1 : next]!;
    const below = next > 0 ? stops[next - 1]! : above;
    const part = above === below ? 0 : (value - below.value) / (above.value - below.value);
    const at = (count + SHIFT) * 4;
    for (let i = 0; i < 3; i++)
      table[at + i] = Math.round(below.rgb[i]! + (above.rgb[i]! - below.rgb[i]!) * part);
    table[at + 3] = 255;
  }
  // Words, so that painting copies a pixel in one step; the bytes keep their order on any machine.
  return new Uint32Array(table.buffer);
}

function rgbOf(hex: string): readonly [number, number, number] {
  const bits = Number.parseInt(hex.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}

/** Red, green and blue bands of 0–255 as an RGBA picture; a pixel is transparent when none of the three has a value. */
export function paintBands(bands: readonly Counts[]): Uint8Array {
  const [red, green, blue] = bands as readonly [Counts, Counts, Counts];
  const pixels = new Uint8Array(red.length * 4);
  for (let i = 0; i < red.length; i++) {
    const [r, g, b] = [red[i]!, green[i]!, blue[i]!];
    if (Number.isNaN(r) && Number.isNaN(g) && Number.isNaN(b)) continue;
    // A typed array stores NaN, nodata of one band alone, as 0.
    pixels[i * 4] = r;
    pixels[i * 4 + 1] = g;
    pixels[i * 4 + 2] = b;
    pixels[i * 4 + 3] = 255;
  }
  return pixels;
}

/**
 * Counts as RGB that a browser can turn back: `count + 32768` is `256 R + G`, nodata is 0. There is no alpha channel,
 * because canvases multiply colours by it and back, and lose the low byte.
 */
export function packCounts(counts: Counts): Uint8Array {
  const pixels = new Uint8Array(counts.length * 3);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (Number.isNaN(count)) continue;
    const raised = count + SHIFT;
    pixels[i * 3] = raised >> 8;
    pixels[i * 3 + 1] = raised & 255;
  }
  return pixels;
}

/** A square picture as PNG, without loss. */
export async function encodePng(pixels: Uint8Array, channels: 3 | 4): Promise<Uint8Array> {
  return sharp(pixels, { raw: { width: TILE_EDGE, height: TILE_EDGE, channels } })
    .png({ compressionLevel: 6, palette: false })
    .toBuffer();
}
