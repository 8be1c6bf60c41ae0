import { describe, expect, it } from 'vitest';
import { PRODUCTS } from '../../pipeline/products/table.ts';
import type { Product } from '../../web/client.ts';
import { axisOf, classOf, colorAt, hatchImage, rampOf, ticksOf, valueText } from '../../web/layers.ts';

function productOf(id: keyof typeof PRODUCTS): Product {
  const row = PRODUCTS[id];
  // The table is deeply readonly, the contract's type is not; nothing here writes.
  return { id, classes: null, scale: 0.0001, ...row, nodata: -32768 } as unknown as Product;
}

function withLegend(...values: readonly number[]): Product {
  return {
    ...productOf('NDVI'),
    legend: values.map((value, i) => ({ value, color: i % 2 === 0 ? '#000000' : '#ffffff' })),
  };
}

/** The pairs of a ramp expression as [count, colour]. */
function stopsOf(expression: unknown): [number, string][] {
  const flat = (expression as unknown[]).slice(3);
  return Array.from({ length: flat.length / 2 }, (_, i) => [
    flat[2 * i] as number,
    flat[2 * i + 1] as string,
  ]);
}

describe('the legend', () => {
  it('of NDVI has five round ticks', () => {
    expect(ticksOf(productOf('NDVI'))).toEqual([0, 0.2, 0.4, 0.6, 0.8]);
  });

  it.each(Object.keys(PRODUCTS) as (keyof typeof PRODUCTS)[])(
    'of %s has between 4 and 6 ticks, all inside it',
    (id) => {
      const product = productOf(id);
      const ticks = ticksOf(product);
      expect(ticks.length).toBeGreaterThanOrEqual(4);
      expect(ticks.length).toBeLessThanOrEqual(6);
      expect(Math.min(...ticks)).toBeGreaterThanOrEqual(product.legend[0]!.value);
      expect(Math.max(...ticks)).toBeLessThanOrEqual(product.legend.at(-1)!.value);
    },
  );

  it('suits a product that counts in hundreds', () => {
    expect(ticksOf(withLegend(0, 800))).toEqual([0, 200, 400, 600, 800]);
    expect(valueText(withLegend(0, 800), 612.4, 'zh')).toBe('612');
  });

  it('gives a colour between two stops by mixing them, and holds the ends', () => {
    const product = withLegend(0, 1);
    expect(colorAt(product, 0.5)).toBe('#808080');
    expect(colorAt(product, -3)).toBe('#000000');
    expect(colorAt(product, 7)).toBe('#ffffff');
  });
});

describe('the axis of a curve', () => {
  it('is 0 to 1 for every vegetation index, so that curves compare', () => {
    expect((['NDVI', 'EVI2', 'GNDVI'] as const).map((id) => axisOf(productOf(id)))).toEqual([
      [0, 1],
      [0, 1],
      [0, 1],
    ]);
  });

  it('spans the legend of a product that goes below', () => {
    const [low, high] = axisOf(productOf('NDWI'));
    expect(low).toBeLessThanOrEqual(-0.8);
    expect(high).toBeGreaterThanOrEqual(0.6);
  });
});

describe('the colour ramp of the map', () => {
  it('leaves nodata transparent and starts at the very next count', () => {
    const stops = stopsOf(rampOf(productOf('NDVI'), '#cccccc'));
    expect(stops[0]).toEqual([-32768, 'rgba(0,0,0,0)']);
    expect(stops[1]).toEqual([-32767, PRODUCTS.NDVI.legend[0]!.color]);
  });

  it('puts each legend colour at its value divided by the scale', () => {
    const stops = stopsOf(rampOf(productOf('NDVI'), '#cccccc'));
    for (const { value, color } of PRODUCTS.NDVI.legend)
      expect(stops).toContainEqual([Math.round(value * 10_000), color]);
  });

  it.each([[null], [[-0.1, 0.05] as const], [[0.35, 0.5] as const], [[0.8, 0.95] as const]])(
    'rises from stop to stop with %j isolated',
    (part) => {
      const counts = stopsOf(rampOf(productOf('NDVI'), '#cccccc', part)).map(([count]) => count);
      expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
      expect(counts.at(-1)).toBeLessThanOrEqual(32767);
    },
  );

  it('mutes what lies outside an isolated stretch, one count beyond its ends, but never makes it look like cloud', () => {
    const stops = stopsOf(rampOf(productOf('NDVI'), '#cccccc', [0.35, 0.5]));
    expect(stops).toContainEqual([3499, '#cccccc']);
    expect(stops).toContainEqual([5001, '#cccccc']);
    expect(stops.filter(([, color]) => color === 'rgba(0,0,0,0)').map(([count]) => count)).toEqual([-32768]);
  });
});

describe('the hatch for cloud and missing data', () => {
  it('tiles without a seam: every row is the one above, moved by a pixel', () => {
    const { width, height, data } = hatchImage('#8b8f86');
    const alpha = (x: number, y: number) =>
      data[(((y + height) % height) * width + ((x + width) % width)) * 4 + 3];
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) expect(alpha(x, y)).toBe(alpha(x + 1, y - 1));
    expect(new Set(data.filter((_, i) => i % 4 === 3)).size).toBeGreaterThan(1);
  });
});

describe('a product of classes', () => {
  const growth = productOf('GROWTH');

  it('is written by the names of its classes, and its axis has a tick for each', () => {
    expect(valueText(growth, 1, 'zh')).toBe('差');
    expect(valueText(growth, 5, 'en')).toBe('good');
    expect(ticksOf(growth)).toEqual([1, 2, 3, 4, 5]);
    expect(axisOf(growth)).toEqual([0.5, 5.5]);
    expect(classOf(productOf('NDVI'), 1)).toBeNull();
  });

  it('is painted in exactly the colours of its legend, alone when one is isolated', () => {
    const stops = stopsOf(rampOf({ ...growth, scale: 1 }, '#cccccc'));
    for (const { value, color } of growth.legend) expect(stops).toContainEqual([value, color]);
    const alone = stopsOf(rampOf({ ...growth, scale: 1 }, '#cccccc', [2, 2]));
    expect(alone).toContainEqual([2, growth.legend[1]!.color]);
    expect(alone).toContainEqual([1, '#cccccc']);
    expect(alone).toContainEqual([3, '#cccccc']);
  });
});
