import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { colorTable } from '../../api/paint.ts';
import { indexCounts, paletteOf } from '../../api/palette.ts';
import { indexedPng } from '../../api/png.ts';
import { countScale } from '../../api/scale.ts';
import { PRODUCTS, type ProductId } from '../../pipeline/products/table.ts';
import { paintCounts } from './rgba.ts';

const PIXELS = 256 * 256;

async function decode(counts: Float64Array, table: Uint32Array) {
  const { indices, palette } = indexCounts(counts, paletteOf(table));
  const png = await indexedPng(indices, 256, 256, palette);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { png, data, info };
}

describe('a map tile as a palette image', () => {
  it.each(Object.keys(PRODUCTS) as ProductId[])('of a few hundred values of %s is exact', async (id) => {
    const { legend } = PRODUCTS[id];
    const table = colorTable(legend, countScale(id));
    const counts = Float64Array.from({ length: PIXELS }, (_, i) =>
      i % 251 === 0 ? Number.NaN : 20 * (i % 250),
    );
    const { data, info } = await decode(counts, table);
    expect([info.width, info.height, info.channels]).toEqual([256, 256, 4]);
    expect(Buffer.compare(data, Buffer.from(paintCounts(counts, table)))).toBe(0);
  });

  it.each(Object.keys(PRODUCTS) as ProductId[])(
    'of every value of %s is off by two levels at most',
    async (id) => {
      const { legend } = PRODUCTS[id];
      const table = colorTable(legend, countScale(id));
      const counts = Float64Array.from({ length: PIXELS }, (_, i) => i - 32_768);
      counts[0] = Number.NaN;
      const { data } = await decode(counts, table);
      const exact = paintCounts(counts, table);
      let worst = 0;
      data.forEach((level, i) => {
        worst = Math.max(worst, Math.abs(level - exact[i]!));
      });
      expect(worst).toBeLessThanOrEqual(2);
      expect([...data.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    },
  );

  it('of one colour, and of none, can be opened', async () => {
    const table = colorTable([{ value: 0, color: '#336699' }], 1);
    const one = await decode(new Float64Array(PIXELS).fill(7), table);
    expect([...one.data.subarray(-4)]).toEqual([0x33, 0x66, 0x99, 255]);
    const none = await decode(new Float64Array(PIXELS).fill(Number.NaN), table);
    expect(none.data.every((byte) => byte === 0)).toBe(true);
  });
});
