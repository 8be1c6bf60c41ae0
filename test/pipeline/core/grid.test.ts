import { describe, expect, it } from 'vitest';
import { apply, invert } from '../../../pipeline/core/affine.ts';
import { bounds, clampWindow, crop, type Grid, latticeOffset, tilesOf } from '../../../pipeline/core/grid.ts';

const GRID: Grid = { width: 1000, height: 700, transform: [500_001, 3, 0, 4_800_000, 0, -3], epsg: 4551 };
const ROTATED: Grid = { width: 40, height: 30, transform: [100, 2, 0.5, 200, -0.5, -2], epsg: 4551 };

describe('grid', () => {
  it.each([GRID, ROTATED])('leads from a pixel to the world and back', (grid) => {
    const [x, y] = apply(grid.transform, 12.25, 7.5);
    const [col, row] = apply(invert(grid.transform), x, y);
    expect(col).toBeCloseTo(12.25, 9);
    expect(row).toBeCloseTo(7.5, 9);
  });

  it('has the extent of its corners', () => {
    expect(bounds(GRID)).toEqual([500_001, 4_800_000 - 2100, 500_001 + 3000, 4_800_000]);
  });

  it('is covered exactly once by its tiles, whatever their size', () => {
    for (const size of [64, 333, 512, 4096]) {
      const seen = new Uint8Array(GRID.width * GRID.height);
      for (const window of tilesOf(GRID, size)) {
        for (let row = window.row; row < window.row + window.height; row++) {
          for (let col = window.col; col < window.col + window.width; col++)
            seen[row * GRID.width + col]! += 1;
        }
      }
      expect(seen.every((count) => count === 1)).toBe(true);
    }
  });

  it('cuts a window at its edge and has none outside', () => {
    expect(clampWindow(GRID, { col: -5, row: 690, width: 10, height: 20 })).toEqual({
      col: 0,
      row: 690,
      width: 5,
      height: 10,
    });
    expect(clampWindow(GRID, { col: 1000, row: 0, width: 5, height: 5 })).toBeNull();
  });

  it('knows a crop of itself as the same lattice, and a shift of half a pixel as another', () => {
    expect(latticeOffset(GRID, crop(GRID, { col: 17, row: 23, width: 5, height: 5 }))).toEqual({
      col: 17,
      row: 23,
    });
    expect(latticeOffset(GRID, { ...GRID, transform: [500_002.5, 3, 0, 4_800_000, 0, -3] })).toBeNull();
    expect(latticeOffset(GRID, { ...GRID, epsg: 4550 })).toBeNull();
    expect(latticeOffset(GRID, { ...GRID, transform: [500_001, 3.01, 0, 4_800_000, 0, -3] })).toBeNull();
  });
});
