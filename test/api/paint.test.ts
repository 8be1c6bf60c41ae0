import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { colorTable, encodePng, packCounts, paintBands } from '../../api/paint.ts';
import { countScale } from '../../api/scale.ts';
import { PRODUCTS, type ProductId } from '../../pipeline/products/table.ts';
import { paintCounts } from './rgba.ts';

const PIXELS = 256 * 256;

function countsOf(count: (i: number) => number): Float64Array {
  return Float64Array.from({ length: PIXELS }, (_, i) => count(i));
}

async function decode(png: Uint8Array): Promise<{ data: Buffer; channels: number; width: number }> {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { data, channels: info.channels, width: info.width };
}

describe('the colours of a product', () => {
  const table = colorTable(
    [
      { value: 0, color: '#000000' },
      { value: 0.5, color: '#ff8000' },
      { value: 1, color: '#ffffff' },
    ],
    0.0001,
  );
  const rgba = (count: number) => [...paintCounts(Float64Array.of(count), table)];

  it('are those of the legend at its stops', () => {
    expect(rgba(0)).toEqual([0, 0, 0, 255]);
    expect(rgba(5000)).toEqual([255, 128, 0, 255]);
    expect(rgba(10_000)).toEqual([255, 255, 255, 255]);
  });

  it('lie between the stops in sRGB', () => {
    expect(rgba(2500)).toEqual([128, 64, 0, 255]);
    expect(rgba(7500)).toEqual([255, 192, 128, 255]);
  });

  it('hold beyond the ends', () => {
    expect(rgba(-32_767)).toEqual([0, 0, 0, 255]);
    expect(rgba(32_767)).toEqual([255, 255, 255, 255]);
  });

  it('are transparent where there is no value', () => {
    expect(rgba(Number.NaN)).toEqual([0, 0, 0, 0]);
    expect(rgba(-32_768)).toEqual([0, 0, 0, 0]);
  });

  it.each(Object.keys(PRODUCTS) as ProductId[])('are exact at every stop of %s', (id) => {
    const { legend } = PRODUCTS[id];
    const scale = countScale(id);
    const colors = colorTable(legend, scale);
    for (const { value, color } of legend) {
      const painted = paintCounts(Float64Array.of(Math.round(value / scale)), colors);
      expect(Buffer.from(painted.subarray(0, 3)).toString('hex')).toBe(color.slice(1));
    }
  });
});

describe('a raw tile', () => {
  it('turns back into every count there is, bit for bit', async () => {
    const counts = countsOf((i) => (i === 0 ? Number.NaN : i - 32_768));
    const { data, channels, width } = await decode(await encodePng(packCounts(counts), 3));
    expect([channels, width]).toEqual([3, 256]);
    const wrong = counts.findIndex((count, i) => {
      const read = data[3 * i]! * 256 + data[3 * i + 1]! - 32_768;
      return Number.isNaN(count) ? read !== -32_768 : read !== count;
    });
    expect(wrong).toBe(-1);
    expect(data.every((byte, i) => i % 3 !== 2 || byte === 0)).toBe(true);
  });
});

describe('a true colour tile', () => {
  it('is transparent only where no band has a value', async () => {
    const empty = Number.NaN;
    const [red, green, blue] = [
      countsOf((i) => (i < 2 ? empty : 200)),
      countsOf((i) => (i < 1 ? empty : 100)),
      countsOf((i) => (i < 2 ? empty : 50)),
    ];
    const { data, channels } = await decode(await encodePng(paintBands([red, green, blue]), 4));
    expect(channels).toBe(4);
    expect([...data.subarray(0, 12)]).toEqual([0, 0, 0, 0, 0, 100, 0, 255, 200, 100, 50, 255]);
  });
});
