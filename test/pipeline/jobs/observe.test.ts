import { describe, expect, it } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { observePlaces, type PlaceShape } from '../../../pipeline/jobs/observe.ts';
import type { IndexProductId } from '../../../pipeline/products/table.ts';
import { coverage, type MultiPolygonCoords } from '../../../pipeline/zones/coverage.ts';
import { summarise } from '../../../pipeline/zones/summarise.ts';

const WIDTH = 60;
const HEIGHT = 90;
const GRID = {
  width: WIDTH,
  height: HEIGHT,
  transform: [1000, 10, 0, 5000, 0, -10],
  epsg: 4551,
} as const;
const DATETIME = '2024-07-14T02:32:05.000Z';

/** A rectangle in pixels. */
const box = (left: number, top: number, right: number, bottom: number): MultiPolygonCoords => {
  const at = (col: number, row: number) => [1000 + 10 * col, 5000 - 10 * row];
  return [[[at(left, top), at(right, top), at(right, bottom), at(left, bottom), at(left, top)]]];
};

const PLACES: readonly PlaceShape[] = [
  { id: 'tall', polygon: box(3.25, 1.5, 20.5, 88.25) },
  { id: 'small', polygon: box(30.5, 40.25, 33.75, 43.5) },
  { id: 'over-the-edge', polygon: box(50, 70, 70.5, 99.5) },
  { id: 'outside', polygon: box(70, 10, 80, 20) },
  { id: 'in-the-fill', polygon: box(55.2, 2.5, 58.8, 6.5) },
  { id: 'under-cloud', polygon: box(40.5, 10.5, 45.5, 15.5) },
];

function makeScene() {
  const random = seeded(7);
  const counts = Int16Array.from({ length: WIDTH * HEIGHT }, () => Math.round(9000 * random()));
  const quality = new Uint16Array(WIDTH * HEIGHT);
  for (let row = 0; row < HEIGHT; row++) {
    for (let col = 0; col < WIDTH; col++) {
      const i = row * WIDTH + col;
      if (col >= 54 && row < 10) quality[i] = QUALITY.NODATA.bit;
      else if (col >= 38 && col < 48 && row >= 8 && row < 18) quality[i] = QUALITY.CLOUD.bit;
      else if (random() < 0.1) quality[i] = QUALITY.SHADOW.bit;
      if (quality[i] !== 0) counts[i] = -32768;
    }
  }
  return { counts, quality };
}

function observe(heights: number) {
  const { counts, quality } = makeScene();
  const observer = observePlaces(PLACES, { grid: GRID, products: ['NDVI'], datetime: DATETIME });
  for (let top = 0; top < HEIGHT; top += heights) {
    const height = Math.min(heights, HEIGHT - top);
    const cut = [top * WIDTH, (top + height) * WIDTH] as const;
    observer.add({
      top,
      height,
      counts: new Map<IndexProductId, Int16Array>([['NDVI', counts.slice(...cut)]]),
      quality: quality.slice(...cut),
    });
  }
  return observer.finish();
}

describe('observations of places while a scene goes by', () => {
  it('are the same, bit for bit, however the scene is cut into rows', () => {
    const whole = observe(HEIGHT);
    for (const heights of [1, 7, 32, 64]) expect(observe(heights)).toEqual(whole);
  });

  it('equal the statistics of the whole raster', () => {
    const { counts, quality } = makeScene();
    const cover = coverage(PLACES[0]!.polygon, GRID)!;
    const { col, row, width, height } = cover.window;
    const at = Array.from(
      { length: width * height },
      (_, i) => (row + Math.floor(i / width)) * WIDTH + col + (i % width),
    );
    const summary = summarise(
      at.map((i) => counts[i]! * 0.0001),
      at.map((i) => (quality[i] === 0 ? 1 : 0)),
      cover,
      ['mean', 'stdev', 'median'],
    );
    const rows = observe(32).filter(({ placeId }) => placeId === 'tall');
    expect(rows.map(({ statistic }) => statistic)).toEqual(['mean', 'stdev', 'median', 'inner']);
    for (const one of rows.slice(0, 3)) {
      expect(one.value).toBeCloseTo(summary.values[one.statistic as 'mean']!, 6);
      expect(one.pixelCount).toBe(summary.pixelCount);
      expect(one.clearFraction).toBeCloseTo(summary.clearFraction, 6);
    }
  });

  it('count what lies outside the image as not clear, and say nothing of places that were not imaged at all', () => {
    const rows = observe(32).filter(({ statistic }) => statistic === 'mean');
    expect(rows.map(({ placeId }) => placeId)).toEqual(['tall', 'small', 'over-the-edge', 'under-cloud']);
    const edge = rows.find(({ placeId }) => placeId === 'over-the-edge')!;
    // 10 × 20 of 20.5 × 29.5 pixels are inside, a tenth of them in shadow.
    expect(edge.clearFraction).toBeLessThan(200 / (20.5 * 29.5));
    expect(edge).toMatchObject({ status: 'insufficient', value: null });
    const cloudy = rows.find(({ placeId }) => placeId === 'under-cloud')!;
    expect(cloudy).toMatchObject({ status: 'insufficient', value: null, pixelCount: 0, clearFraction: 0 });
  });

  it('look at the inside alone for growth and yield: pixels that lie wholly in the place with all their neighbours', () => {
    const { counts, quality } = makeScene();
    const [inner, ...others] = observe(7).filter(
      ({ placeId, statistic }) => placeId === 'tall' && statistic === 'inner',
    );
    expect(others).toEqual([]);
    // Whole pixels are columns 4 to 19 and rows 2 to 87; drawn in by one, 5 to 18 and 3 to 86.
    let [cells, clear, sum] = [0, 0, 0];
    for (let row = 3; row <= 86; row++) {
      for (let col = 5; col <= 18; col++) {
        const i = row * WIDTH + col;
        cells++;
        if (quality[i] !== 0) continue;
        clear++;
        sum += counts[i]! * 0.0001;
      }
    }
    expect(inner).toMatchObject({ status: 'ok', pixelCount: clear });
    expect(inner!.clearFraction).toBeCloseTo(clear / cells, 5);
    expect(inner!.value).toBeCloseTo(sum / clear, 6);
    // Three pixels across have one with all its neighbours inside; under cloud there is none to see.
    const small = observe(7).filter(({ statistic }) => statistic === 'inner');
    expect(small.find(({ placeId }) => placeId === 'under-cloud')).toMatchObject({ status: 'insufficient' });
  });
});
