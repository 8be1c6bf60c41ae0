import { expect, test } from 'vitest';
import { apply } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { pixelAreaOf } from '../../../pipeline/zones/geojson.ts';
import { cornerPlacer } from '../../../pipeline/zones/place-pixels.ts';

const METRES_A_DEGREE = 111_320;

test.each<[string, Grid, number, number]>([
  [
    '3 m in UTM',
    { width: 9000, height: 9000, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 },
    3,
    1e-6,
  ],
  [
    '30 m, turned',
    { width: 7000, height: 7000, transform: [516_000, 24, 18, 4_873_800, 18, -24], epsg: 4551 },
    30,
    1e-3,
  ],
  [
    '250 m',
    { width: 1000, height: 1000, transform: [400_000, 250, 0, 4_900_000, 0, -250], epsg: 32651 },
    250,
    1e-2,
  ],
  [
    '1 km',
    { width: 300, height: 300, transform: [400_000, 1000, 0, 4_900_000, 0, -1000], epsg: 32651 },
    1000,
    1e-9,
  ],
  ['degrees', { width: 900, height: 900, transform: [126, 0.001, 0, 44, 0, -0.001], epsg: 4326 }, 100, 1e-9],
])('corners of %s are where the transform puts them', (_what, grid, pixelM, within) => {
  const exact = transformer(grid.epsg!, 4326);
  const random = seeded(6);
  const corners = Array.from({ length: 2000 }, (_, i) =>
    Math.floor((i % 2 ? grid.height : grid.width) * random()),
  );
  corners.push(grid.width, grid.height, 0, 0);
  const places = new Float64Array(corners.length);
  expect(cornerPlacer(grid, pixelM).place(corners, places)).toBe(corners.length);
  for (let i = 0; i < corners.length; i += 2) {
    const [lon, lat] = exact(...apply(grid.transform, corners[i]!, corners[i + 1]!));
    const off = Math.hypot(places[i]! - lon, places[i + 1]! - lat) * METRES_A_DEGREE;
    expect(off).toBeLessThan(within);
  }
});

test('a pixel of 3 m covers 9 m², but for the scale of the map', () => {
  // UTM on its central meridian has the scale 0.9996.
  const grid: Grid = { width: 2, height: 2, transform: [500_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 };
  expect(pixelAreaOf(grid)).toBeCloseTo(9 / 0.9996 ** 2, 4);
});
