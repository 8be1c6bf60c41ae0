import type { ColorTable, Counts } from '../../api/paint.ts';

/** Counts (NaN is nodata) as RGBA pixels in the exact colours of the table: what palette tiles are held against. */
export function paintCounts(counts: Counts, table: ColorTable): Uint8Array {
  const pixels = new Uint32Array(counts.length);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    if (!Number.isNaN(count)) pixels[i] = table[count + 32_768]!;
  }
  return new Uint8Array(pixels.buffer);
}
