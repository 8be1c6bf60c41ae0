import { describe, expect, test } from 'vitest';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { addCoverage, coverage, pixelPolygon, toPixelRing } from '../../../pipeline/zones/coverage.ts';
import { isClassStatisticId, isStatisticId, type StatisticId } from '../../../pipeline/zones/statistics.ts';
import { accumulateGroups, summarise, summaryOf } from '../../../pipeline/zones/summarise.ts';
import {
  addPiece,
  newTally,
  type Tally,
  takeGroups,
  takePiece,
  tallyWindow,
} from '../../../pipeline/zones/tally.ts';
import { star } from './shapes.ts';

const GRID: Grid = { width: 60, height: 50, transform: [0, 1, 0, 50, 0, -1], epsg: null };
const ALL: StatisticId[] = [
  'mean',
  'stdev',
  'min',
  'max',
  'median',
  'p10',
  'p37',
  'p99',
  'sum',
  'count',
  'mode',
];
const NODATA = -9;

function pixels(seed: number, spread: number): Int16Array {
  const random = seeded(seed);
  return Int16Array.from({ length: GRID.width * GRID.height }, () =>
    random() < 0.1 ? NODATA : Math.round(spread * (random() - 0.5)),
  );
}

function polygonOf(seed: number) {
  const ring = star(seeded(seed), 30, 25, 24, 11);
  const flat = Float64Array.from([...ring, ring[0]!].flat());
  toPixelRing(flat, GRID);
  return { coords: [[ring]], pixels: pixelPolygon([{ ring: flat, isHole: false }])! };
}

/** Counts rows `from` to `to` of a polygon's box. */
function count(
  tally: Tally,
  data: Int16Array,
  polygon: ReturnType<typeof polygonOf>,
  from: number,
  to: number,
) {
  const { col, width, row, height } = polygon.pixels.box;
  const top = Math.max(row, from);
  const window = { col, width, row: top, height: Math.min(row + height, to) - top };
  if (window.height <= 0) return;
  const sums = new Float64Array(window.width * window.height);
  addCoverage(sums, window, polygon.pixels);
  tallyWindow(tally, sums, window, { data, col: 0, row: 0, width: GRID.width }, NODATA);
  expect(sums.every((sum) => sum === 0)).toBe(true);
}

describe('counting by value', () => {
  test.each([
    ['few values', 6, 1, 0],
    ['many values', 3000, 0.0001, 0],
    ['a scale that turns the order round', 40, -0.5, 7],
  ])('gives the statistics that pixel by pixel gives: %s', (_what, spread, scale, offset) => {
    for (let seed = 1; seed <= 20; seed++) {
      const [data, polygon, tally] = [pixels(seed, spread), polygonOf(seed), newTally()];
      count(tally, data, polygon, 0, 50);
      const { whole, parts, units } = { ...tally.cover };
      const found = summaryOf(
        accumulateGroups(takeGroups(tally, true, scale, offset), whole + parts),
        whole + units / 2 ** 32,
        1,
        ALL,
      );
      const cover = coverage(polygon.coords, GRID)!;
      const under = [...cover.fraction.keys()].map((i) => {
        const { col, row, width } = cover.window;
        return data[(row + Math.floor(i / width)) * GRID.width + col + (i % width)]!;
      });
      const expected = summarise(
        under.map((value) => value * scale + offset),
        under.map((value) => Number(value !== NODATA)),
        cover,
        ALL,
      );
      expect(found.pixelCount).toBe(expected.pixelCount);
      expect(found.clearFraction).toBeCloseTo(expected.clearFraction, 13);
      for (const id of ALL) expect(found.values[id], id).toBeCloseTo(expected.values[id]!, 9);
    }
  });

  test('in pieces gives the same bits, wherever it is cut', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const [data, polygon] = [pixels(seed, 12), polygonOf(seed)];
      const whole = newTally();
      count(whole, data, polygon, 0, 50);
      const cuts = [0, 1 + (seed % 20), 22, 23, 30 + (seed % 15), 50];
      const part = newTally();
      const pieces = cuts.slice(1).map((to, i) => {
        count(part, data, polygon, cuts[i]!, to);
        return takePiece(part);
      });
      for (const piece of pieces) addPiece(part, piece);
      expect({ ...part.cover }).toEqual({ ...whole.cover });
      const copy = (tally: Tally) => {
        const { size, values, counts, weights, firsts, lasts } = takeGroups(tally, true, 1, 0);
        // First and last weights are told apart only where one of them is not 1.
        const rim = [...values.keys()].slice(0, size).filter((g) => weights[g] !== counts[g]);
        return [values, counts, weights]
          .map((list) => [...list.subarray(0, size)])
          .concat(
            rim.map((g) => firsts[g]!),
            rim.map((g) => lasts[g]!),
          );
      };
      expect(copy(part)).toEqual(copy(whole));
    }
  });

  test('leaves nothing behind for the next polygon', () => {
    const [data, tally] = [pixels(3, 500), newTally()];
    count(tally, data, polygonOf(1), 0, 50);
    takeGroups(tally, true, 1, 0);
    count(tally, data, polygonOf(2), 0, 50);
    takePiece(tally);
    for (const list of [tally.whole, tally.parts, tally.units, tally.present])
      expect(list.every((x) => x === 0)).toBe(true);
    expect(tally.cover).toEqual({ whole: 0, parts: 0, units: 0 });
  });
});

describe('names of statistics', () => {
  test.each(['p1', 'p5', 'p50', 'p99', 'mode', 'count'])('%s is one number', (id) =>
    expect(isStatisticId(id)).toBe(true),
  );
  test.each(['p0', 'p100', 'p05', 'p1.5', 'P5', 'toString', 'frac', ''])('%s is not', (id) =>
    expect(isStatisticId(id)).toBe(false),
  );
  test('frac and area are a number a class', () => {
    expect(['frac', 'area', 'mean'].map(isClassStatisticId)).toEqual([true, true, false]);
  });
});
