import { describe, expect, it } from 'vitest';
import { estimateAreas, pointsNeeded, production } from '../../../pipeline/models/area.ts';

// Olofsson et al. 2014, table 8, recomputed in numpy 2.4 (and as tested in mapaccuracy 0.1 for R).
const NAMES = ['deforestation', 'gain', 'forest', 'other'];
const COUNTS = [
  [66, 0, 5, 4],
  [0, 55, 8, 12],
  [1, 0, 153, 11],
  [2, 1, 9, 313],
];
const MAPPED = [18_000, 13_500, 288_000, 580_500];

describe('areas from a reference sample', () => {
  const { overall, overallHalf, classes } = estimateAreas(NAMES, COUNTS, MAPPED, 'table 8');

  it('are those of the published example, to the last digit printed', () => {
    expect(overall).toBeCloseTo(0.94651189, 8);
    expect(overallHalf).toBeCloseTo(0.01848328, 8);
    const rounded = (of: (one: (typeof classes)[number]) => number) => classes.map(of);
    const close = (found: number[], wanted: number[], digits: number) => {
      for (const [i, value] of found.entries()) expect(value).toBeCloseTo(wanted[i]!, digits);
    };
    close(
      rounded((c) => c.area),
      [21157.762, 11686.154, 285769.93, 581386.154],
      2,
    );
    close(
      rounded((c) => c.areaHalf),
      [6157.521, 3755.757, 15509.551, 16281.357],
      2,
    );
    close(
      rounded((c) => c.users),
      [0.88, 0.73333333, 0.92727273, 0.96307692],
      8,
    );
    close(
      rounded((c) => c.usersHalf),
      [0.07403962, 0.10075516, 0.03974464, 0.02053312],
      8,
    );
    close(
      rounded((c) => c.producers),
      [0.7486614, 0.8471564, 0.93450891, 0.96160899],
      8,
    );
    close(
      rounded((c) => c.producersHalf),
      [0.21330594, 0.25440369, 0.03432379, 0.0183612],
      7,
    );
  });

  it('add up to the mapped whole, though none is its mapped area', () => {
    expect(classes.reduce((sum, one) => sum + one.area, 0)).toBeCloseTo(900_000, 5);
    for (const one of classes) expect(Math.abs(one.area - one.mapped)).toBeGreaterThan(800);
  });

  it('have no producer’s accuracy for a class the reference never shows, and an area of 0', () => {
    const found = estimateAreas(
      ['a', 'b'],
      [
        [0, 10],
        [0, 90],
      ],
      [10, 90],
      'x',
    ).classes[0]!;
    expect(found.area).toBe(0);
    expect(found.producers).toBeNaN();
  });

  it.each([
    [
      'a map class with one point',
      [
        [1, 0],
        [2, 30],
      ],
      [10, 90],
      /fewer than two/,
    ],
    [
      'half a point',
      [
        [1.5, 3],
        [2, 30],
      ],
      [10, 90],
      /whole numbers/,
    ],
    [
      'no area',
      [
        [3, 3],
        [2, 30],
      ],
      [0, 0],
      /no mapped area/,
    ],
    [
      'a negative area',
      [
        [3, 3],
        [2, 30],
      ],
      [-1, 5],
      /mapped area of a/,
    ],
  ] as const)('are refused for %s', (_what, counts, mapped, message) => {
    expect(() => estimateAreas(['a', 'b'], counts, mapped, 'x')).toThrow(message);
  });
});

describe('planning and totals', () => {
  it('asks for the 641 points of the example', () => {
    expect(pointsNeeded([0.02, 0.015, 0.32, 0.645], [0.7, 0.6, 0.9, 0.95], 0.01)).toBe(641);
  });

  it('carries the errors of area and yield into production', () => {
    const { amount, error } = production(100, 3, 7.2, 0.4);
    expect(amount).toBe(720);
    expect(error).toBeCloseTo(45.475, 3);
  });
});
