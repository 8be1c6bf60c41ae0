import { describe, expect, test } from 'vitest';
import type { Affine } from '../../../pipeline/core/affine.ts';
import { crop, type Grid, tilesOf } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import {
  type Coverage,
  centerMask,
  coverage,
  type MultiPolygonCoords,
} from '../../../pipeline/zones/coverage.ts';
import { type Ring, rectangle, shoelace, star } from './shapes.ts';

/** Unit pixels, y up, origin at the lower left: the grid of the oracles. */
const UNIT_3X3: Grid = { width: 3, height: 3, transform: [0, 1, 0, 3, 0, -1], epsg: null };

/** 3 m pixels of a Jilin-1 analysis grid. */
const FIELD: Grid = { width: 120, height: 90, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 4551 };

/** Weights on the whole grid, row by row. */
function spread(cover: Coverage | null, grid: Grid): number[] {
  const out = new Array<number>(grid.width * grid.height).fill(0);
  if (cover === null) return out;
  const { col, row, width, height } = cover.window;
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) out[(row + r) * grid.width + col + c] = cover.fraction[r * width + c]!;
  return out;
}

function total(cover: Coverage | null): number {
  return cover === null ? 0 : cover.fraction.reduce((sum, x) => sum + x, 0);
}

const one = (ring: Ring): MultiPolygonCoords => [[ring]];

describe('coverage on three by three pixels', () => {
  test.each<[string, Ring[], number[]]>([
    // METHODS 6.3, after the tests of exactextract.
    [
      'a square over half pixels',
      [rectangle(0.5, 0.5, 2.5, 2.5)],
      [0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25],
    ],
    [
      'an L',
      [
        [
          [0.5, 0.5],
          [2.5, 0.5],
          [2.5, 2],
          [2, 2],
          [2, 2.5],
          [0.5, 2.5],
        ],
      ],
      [0.25, 0.5, 0, 0.5, 1, 0.5, 0.25, 0.5, 0.25],
    ],
    // oracles.json, group `zonal`.
    ['a rectangle', [rectangle(0.5, 0.5, 2.5, 1.5)], [0, 0, 0, 0.25, 0.5, 0.25, 0.25, 0.5, 0.25]],
    [
      'a triangle',
      [
        [
          [0, 0],
          [2, 0],
          [0, 2],
        ],
      ],
      [0, 0, 0, 0.5, 0, 0, 1, 0.5, 0],
    ],
    ['the whole grid', [rectangle(0, 0, 3, 3)], [1, 1, 1, 1, 1, 1, 1, 1, 1]],
    ['one pixel, edge on edge', [rectangle(1, 1, 2, 2)], [0, 0, 0, 0, 1, 0, 0, 0, 0]],
    ['a speck inside one pixel', [rectangle(1.25, 1.25, 1.5, 1.75)], [0, 0, 0, 0, 0.125, 0, 0, 0, 0]],
    ['a frame', [rectangle(0, 0, 3, 3), rectangle(1, 1, 2, 2)], [1, 1, 1, 1, 0, 1, 1, 1, 1]],
    ['more than the grid', [rectangle(-5, -7, 8, 9)], [1, 1, 1, 1, 1, 1, 1, 1, 1]],
    ['half outside on the left', [rectangle(-2, 0, 0.5, 3)], [0.5, 0, 0, 0.5, 0, 0, 0.5, 0, 0]],
    ['half outside on the right', [rectangle(2.5, 0, 9, 3)], [0, 0, 0.5, 0, 0, 0.5, 0, 0, 0.5]],
  ])('%s', (_what, rings, expected) => {
    expect(spread(coverage([rings], UNIT_3X3), UNIT_3X3)).toEqual(expected);
  });

  test('is the same whichever way rings run, and whether they are closed', () => {
    const rings = [rectangle(0.2, 0.3, 2.9, 2.7), rectangle(1.1, 1.2, 1.9, 1.6)];
    const expected = spread(coverage([rings], UNIT_3X3), UNIT_3X3);
    for (const [outer, inner] of [
      [false, true],
      [true, false],
      [true, true],
    ] as const) {
      const turned = [outer ? rings[0]!.toReversed() : rings[0]!, inner ? rings[1]!.toReversed() : rings[1]!];
      expect(spread(coverage([turned.map((ring) => [...ring, ring[0]!])], UNIT_3X3), UNIT_3X3)).toEqual(
        expected,
      );
    }
  });

  test('parts that overlap cover a pixel once', () => {
    const cover = coverage([[rectangle(0, 0, 2, 3)], [rectangle(1, 0, 3, 3)]], UNIT_3X3);
    expect(spread(cover, UNIT_3X3)).toEqual(new Array(9).fill(1));
  });

  test.each<[string, MultiPolygonCoords]>([
    ['beside', one(rectangle(4, 0, 6, 3))],
    ['above', one(rectangle(0, 3, 3, 5))],
    [
      'in a corner of its box only',
      one([
        [7, -1],
        [7, 7],
        [-1, 7],
      ]),
    ],
    [
      'without area',
      one([
        [0, 0],
        [2, 2],
        [1, 1],
      ]),
    ],
    [
      'of no number',
      one([
        [0, 0],
        [Number.NaN, 2],
        [1, 0],
      ]),
    ],
    [
      'infinite',
      one([
        [0, 0],
        [Infinity, 2],
        [1, 0],
      ]),
    ],
    ['without parts', []],
  ])('a polygon %s touches nothing', (_what, polygon) => {
    expect(coverage(polygon, UNIT_3X3)).toBeNull();
    expect(centerMask(polygon, UNIT_3X3)).toBeNull();
  });

  test('tells the share of the polygon that is inside the grid', () => {
    expect(coverage(one(rectangle(-1, 0, 1, 2)), UNIT_3X3)!.inside).toBe(0.5);
    expect(coverage(one(rectangle(0, 0, 3, 3)), UNIT_3X3)!.inside).toBe(1);
    expect(coverage(one(rectangle(-3, -3, 6, 6)), UNIT_3X3)!.inside).toBeCloseTo(1 / 9, 12);
  });

  test('coordinates that are out of all proportion do no harm', () => {
    expect(spread(coverage(one(rectangle(-1e15, -1e15, 1e15, 1e15)), UNIT_3X3), UNIT_3X3)).toEqual(
      new Array(9).fill(1),
    );
    expect(spread(coverage(one(rectangle(-1e300, 0, 1e300, 1.5)), UNIT_3X3), UNIT_3X3).slice(0, 3)).toEqual([
      0, 0, 0,
    ]);
  });
});

describe('coverage of any polygon', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1);

  test('adds up to its area', () => {
    for (const seed of seeds) {
      const random = seeded(seed);
      const ring = star(random, 516_180, 4_873_665, 10 + 100 * random(), 5 + Math.floor(40 * random()));
      const hole = ring.map(([x, y]): [number, number] => [
        516_180 + (x - 516_180) / 4,
        4_873_665 + (y - 4_873_665) / 4,
      ]);
      // Vertices are moved by up to 2⁻²⁵ pixel, which moves the area by that much of the perimeter.
      expect(total(coverage(one(ring), FIELD))).toBeCloseTo(shoelace(ring) / 9, 4);
      expect(total(coverage([[ring, hole]], FIELD))).toBeCloseTo((shoelace(ring) * (15 / 16)) / 9, 4);
    }
  });

  test('equals counting a hundred by hundred points a pixel, within what counting can tell', () => {
    const grid: Grid = { width: 6, height: 5, transform: [0, 1, 0, 5, 0, -1], epsg: null };
    for (const seed of seeds.slice(0, 8)) {
      const ring = star(seeded(seed), 3, 2.5, 3.2, 9);
      const exact = spread(coverage(one(ring), grid), grid);
      const fine: Grid = { width: 600, height: 500, transform: [0, 0.01, 0, 5, 0, -0.01], epsg: null };
      const mask = spread(centerMask(one(ring), fine), fine);
      const counted = exact.map((_, i) => {
        const [col, row] = [i % 6, Math.floor(i / 6)];
        let inside = 0;
        for (let r = 0; r < 100; r++)
          for (let c = 0; c < 100; c++) inside += mask[(row * 100 + r) * 600 + col * 100 + c]!;
        return inside / 1e4;
      });
      for (const [i, share] of exact.entries()) expect(Math.abs(share - counted[i]!)).toBeLessThan(0.005);
    }
  });

  test('two polygons that share an edge cover together what they cover as one, bit for bit', () => {
    for (const seed of seeds) {
      const ring = star(seeded(seed), 516_150, 4_873_650, 120, 12);
      const centre: [number, number] = [516_150, 4_873_650];
      const fan = [
        [...ring.slice(0, 6), centre],
        [...ring.slice(5), ring[0]!, centre],
      ] as Ring[];
      const whole = spread(coverage(one(ring), FIELD), FIELD);
      const parts = fan.map((part) => spread(coverage(one(part), FIELD), FIELD));
      expect(whole.map((_, i) => parts[0]![i]! + parts[1]![i]!)).toEqual(whole);
    }
  });

  test('a polygon moved by whole pixels has the same coverage, bit for bit', () => {
    for (const seed of seeds) {
      const ring = star(seeded(seed), 516_100, 4_873_700, 80, 9);
      const moved = ring.map(([x, y]): [number, number] => [x + 21 * 3, y - 8 * 3]);
      const [a, b] = [coverage(one(ring), FIELD)!, coverage(one(moved), FIELD)!];
      expect(b.window).toEqual({ ...a.window, col: a.window.col + 21, row: a.window.row + 8 });
      expect([...b.fraction]).toEqual([...a.fraction]);
    }
  });

  test.each([1, 7, 32, 64])('tiles of %i pixels say bit for bit what the whole grid says', (size) => {
    for (const seed of seeds.slice(0, size === 1 ? 2 : 20)) {
      const ring = star(seeded(seed), 516_170, 4_873_660, 190, 15);
      const whole = spread(coverage(one(ring), FIELD), FIELD);
      const tiled = new Array<number>(whole.length).fill(0);
      for (const window of tilesOf(FIELD, size)) {
        const tile = crop(FIELD, window);
        const part = spread(coverage(one(ring), tile), tile);
        for (const [i, share] of part.entries()) {
          tiled[(window.row + Math.floor(i / window.width)) * FIELD.width + window.col + (i % window.width)] =
            share;
        }
      }
      expect(tiled).toEqual(whole);
    }
  });

  test('turning polygon and grid by a quarter changes nothing', () => {
    for (const seed of seeds) {
      const ring = star(seeded(seed), 20, 20, 18, 11);
      const upright: Grid = { width: 40, height: 40, transform: [0, 1, 0, 40, 0, -1], epsg: null };
      const before = spread(coverage(one(ring), upright), upright);
      const after = spread(coverage(one(ring.map(([x, y]) => [y, 40 - x])), upright), upright);
      // (x, y) → (y, 40 − x) takes pixel (col, row) to (39 − row, col).
      for (let row = 0; row < 40; row++) {
        for (let col = 0; col < 40; col++)
          expect(after[col * 40 + 39 - row]).toBeCloseTo(before[row * 40 + col]!, 9);
      }
    }
  });

  test('a rotated grid covers as the same shape does in its pixels', () => {
    const turned: Affine = [516_000, 2.4, 1.8, 4_873_800, 1.8, -2.4];
    const rotated: Grid = { width: 60, height: 60, transform: turned, epsg: 4551 };
    const plain: Grid = { width: 60, height: 60, transform: [0, 1, 0, 0, 0, 1], epsg: null };
    for (const seed of seeds.slice(0, 20)) {
      const ring = star(seeded(seed), 30, 30, 35, 8);
      const world = ring.map(([c, r]): [number, number] => [
        turned[0] + c * turned[1] + r * turned[2],
        turned[3] + c * turned[4] + r * turned[5],
      ]);
      const [a, b] = [
        spread(coverage(one(ring), plain), plain),
        spread(coverage(one(world), rotated), rotated),
      ];
      for (const [i, share] of a.entries()) expect(b[i]).toBeCloseTo(share, 6);
    }
  });

  test('needs time in proportion to its edges: 50 000 of them take well under a second', () => {
    const random = seeded(5);
    const ring = star(random, 516_180, 4_873_665, 130, 50_000);
    const started = performance.now();
    expect(total(coverage(one(ring), FIELD))).toBeCloseTo(shoelace(ring) / 9, 2);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe('the centre rule', () => {
  test('takes pixels whose centre is inside', () => {
    const mask = centerMask(
      one([
        [0, 0],
        [2.2, 0],
        [0, 2.2],
      ]),
      UNIT_3X3,
    );
    expect(spread(mask, UNIT_3X3)).toEqual([0, 0, 0, 1, 0, 0, 1, 1, 0]);
  });

  test('a polygon between the centres has no pixel, but touches the grid', () => {
    const mask = centerMask(one(rectangle(0.6, 0.6, 1.4, 1.4)), UNIT_3X3)!;
    expect(total(mask)).toBe(0);
    expect(mask.inside).toBe(1);
  });

  test('leaves holes out', () => {
    expect(spread(centerMask([[rectangle(0, 0, 3, 3), rectangle(1, 1, 2, 2)]], UNIT_3X3), UNIT_3X3)).toEqual([
      1, 1, 1, 1, 0, 1, 1, 1, 1,
    ]);
  });

  test('polygons that share an edge never share a pixel and leave none out, even with edges through centres', () => {
    const left = spread(centerMask(one(rectangle(0, 0, 1.5, 3)), UNIT_3X3), UNIT_3X3);
    const right = spread(centerMask(one(rectangle(1.5, 0, 3, 3)), UNIT_3X3), UNIT_3X3);
    expect(left.map((x, i) => x + right[i]!)).toEqual(new Array(9).fill(1));
    const lower = spread(centerMask(one(rectangle(0, 0, 3, 1.5)), UNIT_3X3), UNIT_3X3);
    const upper = spread(centerMask(one(rectangle(0, 1.5, 3, 3)), UNIT_3X3), UNIT_3X3);
    expect(lower.map((x, i) => x + upper[i]!)).toEqual(new Array(9).fill(1));
  });
});
