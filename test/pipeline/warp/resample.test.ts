import { describe, expect, it } from 'vitest';
import { transformer } from '../../../pipeline/core/crs.ts';
import { bounds, crop, type Grid } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { gridOn, latticeFor } from '../../../pipeline/warp/lattice.ts';
import { placeTile, sourceWindow, warpTile } from '../../../pipeline/warp/resample.ts';

const GRID = {
  width: 40,
  height: 30,
  transform: [500_000, 10, 0, 5_080_000, 0, -10],
  epsg: 32633,
} as const satisfies Grid;

/** A plane x + 2y over pixel centres, in pixels of the first grid: bilinear interpolation reproduces it exactly. */
function plane(grid: Grid & { epsg: number }): LooseTile<'boa'> {
  const band = new Float32Array(grid.width * grid.height);
  for (let i = 0; i < band.length; i++) band[i] = (i % grid.width) + 2 * Math.floor(i / grid.width);
  return { unit: 'boa', grid, bands: { R: band }, quality: new Uint16Array(band.length) };
}

describe('analysis grid', () => {
  it('for Jilin-1 is EPSG:4551 with its origin at multiples of the pixel', () => {
    const lattice = latticeFor(
      { width: 5, height: 5, transform: [516_001, 3, 0, 4_873_801, 0, -3], epsg: 4551 },
      4551,
    );
    expect(lattice).toEqual({ epsg: 4551, originX: 0, originY: 0, pixelWidth: 3, pixelHeight: -3 });
    const grid = gridOn(lattice, {
      width: 5,
      height: 5,
      transform: [516_001, 3, 0, 4_873_801, 0, -3],
      epsg: 4551,
    });
    expect(grid.transform[0] % 3).toBe(0);
    expect(grid.transform[3] % 3).toBe(0);
    expect(grid.width).toBe(6);
  });

  it('for other imagery is the first scene’s own grid, which is then not resampled', () => {
    const odd = { ...GRID, transform: [500_003.7, 9.99479, 0, 5_080_001.2, 0, -9.99745] } as const;
    expect(gridOn(latticeFor(odd, null), odd)).toEqual({
      ...odd,
      transform: odd.transform.map((v) => expect.closeTo(v, 6)),
    });
  });
});

describe('warping', () => {
  it('crops without touching a value where grids share a lattice', () => {
    const tile = plane(GRID);
    const target = { ...crop(GRID, { col: 3, row: 4, width: 7, height: 5 }), epsg: 32633 };
    const placed = placeTile(tile, target);
    expect(placed.bands.R![0]).toBe(3 + 2 * 4);
    expect(placed.bands.R).toHaveLength(35);
    expect(placed.grid).toEqual(target);
  });

  it('reproduces a plane exactly when shifted by a fraction of a pixel', () => {
    const target: Grid = { ...GRID, width: 20, height: 15, transform: [500_053, 10, 0, 5_079_942, 0, -10] };
    const warped = warpTile(plane(GRID), target);
    for (const [col, row] of [
      [0, 0],
      [19, 14],
      [7, 3],
    ] as const) {
      const at = row * 20 + col;
      expect(warped.quality[at]).toBe(0);
      expect(warped.bands.R![at]).toBeCloseTo(col + 5.3 + 2 * (row + 5.8), 3);
    }
  });

  it('finds the same place through another CRS', () => {
    const toGeographic = transformer(32633, 4326);
    const [lon, lat] = toGeographic(500_205, 5_079_855);
    const target: Grid & { epsg: number } = {
      width: 1,
      height: 1,
      transform: [lon - 5e-5, 1e-4, 0, lat + 5e-5, 0, -1e-4],
      epsg: 4326,
    };
    const warped = warpTile(plane(GRID), target);
    expect(warped.bands.R![0]).toBeCloseTo(20 + 2 * 14, 2);
    const window = sourceWindow(GRID, target);
    expect(window.col).toBeLessThanOrEqual(19);
    expect(window.col + window.width).toBeGreaterThanOrEqual(22);
  });

  it('never lets a flagged pixel leak into a clear one', () => {
    const tile = plane(GRID);
    const quality = Uint16Array.from(tile.quality);
    const band = Float32Array.from(tile.bands.R!);
    quality[5 * 40 + 6] = QUALITY.CLOUD.bit;
    band[5 * 40 + 6] = 1e9;
    const target: Grid = { ...GRID, transform: [500_003, 10, 0, 5_079_997, 0, -10] };
    const warped = warpTile({ ...tile, bands: { R: band }, quality }, target);
    const clear = warped.bands.R!.filter((_, i) => warped.quality[i] === 0);
    expect(Math.max(...clear)).toBeLessThan(200);
    expect([...warped.quality].filter((flags) => flags === QUALITY.CLOUD.bit)).toHaveLength(1);
  });

  it('calls what lies outside the source no data', () => {
    const target: Grid = { ...GRID, transform: [bounds(GRID)[2], 10, 0, 5_080_000, 0, -10] };
    expect(new Set(warpTile(plane(GRID), target).quality)).toEqual(new Set([QUALITY.NODATA.bit]));
  });
});
