import { describe, expect, it } from 'vitest';
import {
  COMPOSITES,
  type CompositeId,
  composite,
  geometricMedian,
  lookScore,
  NONE,
  type TileStack,
} from '../../../pipeline/series/composite.ts';

/** Five looks of four bands at one pixel, the third a cloud. */
const LOOKS = [
  [0.03, 0.06, 0.04, 0.4],
  [0.032, 0.061, 0.041, 0.42],
  [0.2, 0.21, 0.22, 0.3],
  [0.029, 0.058, 0.039, 0.41],
  [0.031, 0.06, 0.045, 0.39],
];

/** Looks as a stack of one pixel per entry of `clear`. */
function stackOf(looks: readonly (readonly number[])[], clear: readonly (readonly number[])[]): TileStack {
  const pixels = clear[0]!.length;
  const plane = (value: number) => new Float32Array(pixels).fill(value);
  return {
    bands: looks[0]!.map((_, band) => looks.map((look) => plane(look[band]!))),
    clear: clear.map((row) => Uint8Array.from(row)),
    ndvi: looks.map((look) => plane((look[3]! - look[2]!) / (look[3]! + look[2]!))),
    looks: looks.map((_, i) => ({
      days: 10 * (i - 2),
      cloudDistance: plane(5000),
      aerosol: 0.1,
      viewZenith: 5,
    })),
  };
}
const ALL = LOOKS.map(() => [1]);
const pixelOf = (method: CompositeId, stack: TileStack, at = 0) =>
  composite(method, stack).bands.map((plane) => plane[at]!);

describe('the geometric median', () => {
  it('of a quadrilateral lies where its diagonals cross', () => {
    const corners = Float64Array.of(0, 0, 4, 0, 5, 3, 1, 4);
    const [x, y] = geometricMedian(corners, 2, { tolerance: 1e-12, rounds: 1000 });
    expect(x).toBeCloseTo(2.758621, 6);
    expect(y).toBeCloseTo(1.655172, 6);
  });

  it('of five looks is hardly moved by the cloud among them', () => {
    // scipy 1.17.1: optimize.minimize of the sum of distances, Nelder-Mead, xatol 1e-12.
    const found = geometricMedian(Float64Array.from(LOOKS.flat()), 4, { tolerance: 1e-12, rounds: 5000 });
    for (const [band, value] of [0.030912, 0.060474, 0.041358, 0.401363].entries())
      expect(found[band]).toBeCloseTo(value, 5);
  });

  it('stops within a ten-thousandth of reflectance when it is not asked for more', () => {
    for (const [band, value] of [0.030912, 0.060474, 0.041358, 0.401363].entries())
      expect(Math.abs(pixelOf('geomedian', stackOf(LOOKS, ALL))[band]! - value)).toBeLessThan(5e-4);
  });

  it('of one look is that look', () => {
    expect([...geometricMedian(Float64Array.of(0.1, 0.2), 2)]).toEqual([0.1, 0.2]);
  });
});

describe('composites', () => {
  it('take the medoid by its sum of distances', () => {
    expect([...composite('medoid', stackOf(LOOKS, ALL)).source!]).toEqual([0]);
  });

  it('take the greenest look by NDVI', () => {
    const { source, looks } = composite('max-ndvi', stackOf(LOOKS, ALL));
    expect({ source: [...source!], looks: [...looks] }).toEqual({ source: [3], looks: [5] });
  });

  it('take each band apart for the median', () => {
    const found = pixelOf('median', stackOf(LOOKS, ALL));
    for (const [band, value] of [0.031, 0.06, 0.041, 0.4].entries())
      expect(found[band]).toBeCloseTo(value, 6);
    const even = pixelOf('median', stackOf(LOOKS.slice(0, 2), ALL.slice(0, 2)));
    expect(even[3]).toBeCloseTo(0.41, 6);
  });

  it('prefer the look in time, far from cloud, through clear air, from above', () => {
    const far = { days: 0, cloudDistance: Float32Array.of(2000), aerosol: 0, viewZenith: 0 };
    expect(lookScore(far, 0)).toBeCloseTo(1, 12);
    expect(lookScore({ ...far, days: 15 }, 0)).toBeCloseTo(0.6 + 0.4 * Math.exp(-0.5), 12);
    expect(lookScore({ ...far, cloudDistance: Float32Array.of(500) }, 0)).toBeCloseTo(0.85, 6);
    expect([...composite('best-pixel', stackOf(LOOKS, ALL)).source!]).toEqual([2]);
  });

  it.each(Object.keys(COMPOSITES) as CompositeId[])(
    'count clear looks and leave the unseen open: %s',
    (method) => {
      const clear = [
        [1, 0, 0],
        [1, 1, 0],
        [0, 0, 0],
        [1, 1, 0],
        [1, 0, 0],
      ];
      const { looks, bands, source } = composite(method, stackOf(LOOKS, clear));
      expect([...looks]).toEqual([4, 2, 0]);
      expect(bands.map((plane) => plane[2])).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
      expect(bands[3]![0]).toBeGreaterThanOrEqual(0.38);
      if (source !== null) {
        expect(source[2]).toBe(NONE);
        expect(source[0]).not.toBe(2);
      }
    },
  );

  it.each(Object.keys(COMPOSITES) as CompositeId[])(
    'do not depend on the order of the dates: %s',
    (method) => {
      const turned = stackOf(LOOKS, ALL);
      const backwards: TileStack = {
        bands: turned.bands.map((dates) => dates.toReversed()),
        clear: turned.clear.toReversed(),
        ndvi: turned.ndvi!.toReversed(),
        looks: turned.looks!.toReversed(),
      };
      const [one, other] = [pixelOf(method, turned), pixelOf(method, backwards)];
      for (const [band, value] of one.entries()) expect(other[band]).toBeCloseTo(value, 6);
    },
  );

  it('do not count a look that lacks a band', () => {
    const holed = LOOKS.map((look, i) => (i === 0 ? [Number.NaN, ...look.slice(1)] : look));
    expect([...composite('median', stackOf(holed, ALL)).looks]).toEqual([4]);
  });

  it('say what they need', () => {
    const { bands, clear } = stackOf(LOOKS, ALL);
    expect(() => composite('max-ndvi', { bands, clear })).toThrow(/ndvi/);
    expect(() => composite('best-pixel', { bands, clear })).toThrow(/looks/);
  });
});
