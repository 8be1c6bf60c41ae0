import { describe, expect, test } from 'vitest';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { type Coverage, coverage } from '../../../pipeline/zones/coverage.ts';
import { STATISTICS, type StatisticId } from '../../../pipeline/zones/statistics.ts';
import { summarise } from '../../../pipeline/zones/summarise.ts';
import { rectangle } from './shapes.ts';

const ALL = Object.keys(STATISTICS) as StatisticId[];

/** Values 1 to 9 row by row from the top, as in oracles.json, group `zonal`. */
const GRID: Grid = { width: 3, height: 3, transform: [0, 1, 0, 3, 0, -1], epsg: null };

function valuesUnder(cover: Coverage): Float64Array {
  const { col, row, width, height } = cover.window;
  return Float64Array.from(
    { length: width * height },
    (_, i) => (row + Math.floor(i / width)) * 3 + col + (i % width) + 1,
  );
}

/** A row of pixels with the given weights, all inside the grid. */
function row(weights: readonly number[]): Coverage {
  return {
    window: { col: 0, row: 0, width: weights.length, height: 1 },
    fraction: Float64Array.from(weights),
    inside: 1,
  };
}

const valid = (n: number) => new Uint8Array(n).fill(1);

describe('zonal statistics', () => {
  test.each([
    ['rectangle', rectangle(0.5, 0.5, 2.5, 1.5), 6],
    [
      'triangle',
      [
        [0, 0],
        [2, 0],
        [0, 2],
      ],
      3,
    ],
  ])('the weighted mean of the %s of the oracles is 6.5', (_what, ring, pixels) => {
    const cover = coverage([[ring]], GRID)!;
    const summary = summarise(valuesUnder(cover), valid(cover.fraction.length), cover, ['mean', 'sum']);
    expect(summary).toMatchObject({ pixelCount: pixels, clearFraction: 1 });
    expect(summary.values.mean).toBeCloseTo(6.5, 12);
    expect(summary.values.sum).toBeCloseTo(13, 12);
  });

  test('a weight counts as that much of a pixel', () => {
    const { values } = summarise([1, 2, 4], valid(3), row([1, 0.5, 0.25]), ALL);
    const mean = (1 + 1 + 1) / 1.75;
    expect(values.mean).toBeCloseTo(mean, 14);
    expect(values.stdev).toBeCloseTo(
      Math.sqrt(((1 - mean) ** 2 + 0.5 * (2 - mean) ** 2 + 0.25 * (4 - mean) ** 2) / 1.75),
      14,
    );
    expect(values).toMatchObject({ min: 1, max: 4 });
  });

  test('equal weights give the quantiles of numpy', () => {
    // numpy.percentile([3, 1, 4, 1, 5, 9, 2, 6], [10, 50, 90]) with numpy 2.4.6.
    const { values } = summarise([3, 1, 4, 1, 5, 9, 2, 6], valid(8), row(new Array(8).fill(0.7)), ALL);
    expect(values.p10).toBeCloseTo(1, 12);
    expect(values.median).toBeCloseTo(3.5, 12);
    expect(values.p90).toBeCloseTo(6.9, 12);
  });

  test('one pixel is its own mean, median and extremes, without spread', () => {
    const { values, pixelCount } = summarise([0.625], valid(1), row([0.001]), ALL);
    expect(pixelCount).toBe(1);
    for (const id of ['mean', 'median', 'p10', 'p90', 'min', 'max'] as const) expect(values[id]).toBe(0.625);
    expect(values.stdev).toBe(0);
  });

  test('a pixel that may not be used counts for nothing but the clear share', () => {
    const without = summarise([1, 3], valid(2), row([1, 0.5]), ALL);
    const masked = summarise([1, Number.NaN, 3], [1, 0, 1], row([1, 0.5, 0.5]), ALL);
    expect(masked.values).toEqual({ ...without.values, covered: 3 });
    expect(masked.pixelCount).toBe(2);
    expect(masked.clearFraction).toBe(0.75);
  });

  test('masking more never changes what a clear pixel says', () => {
    const { values } = summarise([5, 7], [0, 1], row([1, 1]), ['mean', 'min', 'max']);
    expect(values).toEqual({ mean: 7, min: 7, max: 7 });
  });

  test('what lies outside the image is not clear', () => {
    const cover = coverage([[rectangle(2, 0, 4, 2)]], GRID)!;
    expect(summarise(valuesUnder(cover), valid(cover.fraction.length), cover, ['mean'])).toMatchObject({
      clearFraction: 0.5,
    });
  });

  test('nothing clear gives no values, and no number is made up', () => {
    expect(summarise([1, 2], [0, 0], row([1, 1]), ALL)).toEqual({
      pixelCount: 0,
      clearFraction: 0,
      values: {},
    });
    expect(summarise([1, 2], [1, 1], row([0, 0]), ALL)).toEqual({
      pixelCount: 0,
      clearFraction: 0,
      values: {},
    });
  });

  test('stays exact for values that are large beside their spread', () => {
    const n = 10_000;
    const random = seeded(3);
    const xs = Float64Array.from({ length: n }, () => 1e9 + random());
    const { values } = summarise(xs, valid(n), row(new Array(n).fill(1)), ['stdev']);
    const shifted = summarise(
      xs.map((x) => x - 1e9),
      valid(n),
      row(new Array(n).fill(1)),
      ['stdev'],
    );
    expect(values.stdev).toBeCloseTo(shifted.values.stdev!, 9);
    expect(values.stdev).toBeGreaterThan(0.28);
  });

  test('does not depend on the order of pixels', () => {
    const n = 5000;
    const random = seeded(9);
    const xs = Array.from({ length: n }, () => random() * 10 ** Math.round(random() * 12));
    const ws = Array.from({ length: n }, () => random());
    const forward = summarise(xs, valid(n), row(ws), ALL);
    const backward = summarise(xs.toReversed(), valid(n), row(ws.toReversed()), ALL);
    for (const id of ALL)
      expect(Math.abs(backward.values[id]! / forward.values[id]! - 1)).toBeLessThan(1e-14);
  });

  test('stored counts, which are counted, have the median of the same numbers a quarter higher, which are compared', () => {
    const random = seeded(11);
    const weights = Array.from({ length: 500 }, () => (random() < 0.7 ? 1 : random()));
    const counts = Float64Array.from({ length: 500 }, () => Math.floor(random() * 300) - 150);
    const cover = row(weights);
    const of = (values: Float64Array) =>
      summarise(values, valid(500), cover, ['median', 'p10', 'p90']).values;
    const [whole, shifted] = [of(counts), of(counts.map((value) => value + 0.25))];
    for (const id of ['median', 'p10', 'p90'] as const)
      expect(shifted[id]! - 0.25).toBeCloseTo(whole[id]!, 9);
  });
});
