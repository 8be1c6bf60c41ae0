import { describe, expect, it } from 'vitest';
import { terrainShadow } from '../../../pipeline/mask/terrain.ts';

/** A plain of 101 × 101 cells of 10 m with a wall of 100 m in the middle column. */
function wall() {
  const heights = Float32Array.from({ length: 101 * 101 }, (_, i) => (i % 101 === 50 ? 100 : 0));
  return { heights, width: 101, height: 101, size: 10 };
}

/** Cells in shadow in the middle row, west and east of the wall. */
function reach(elevation: number, azimuth: number): [west: number, east: number] {
  const row = terrainShadow(wall(), elevation, azimuth).subarray(50 * 101, 51 * 101);
  const count = (part: Uint8Array) => part.reduce((sum, value) => sum + value, 0);
  return [count(row.subarray(0, 50)), count(row.subarray(51))];
}

describe('terrain shadow', () => {
  it.each([
    [46, 9],
    [30, 17],
    [60, 5],
  ])(
    'of a wall of 100 m under a sun at %i° in the east reaches %i cells of 10 m to the west',
    (el, cells) => {
      // 100 m / tan(elevation): 97, 173 and 57.7 m.
      expect(reach(el, 90)).toEqual([cells, 0]);
    },
  );

  it('lies on the other side in the evening', () => {
    expect(reach(30, 270)).toEqual([0, 17]);
  });

  it('falls north of a ridge under a sun in the south', () => {
    const heights = Float32Array.from({ length: 41 * 41 }, (_, i) => (Math.floor(i / 41) === 20 ? 50 : 0));
    const shadow = terrainShadow({ heights, width: 41, height: 41, size: 10 }, 45, 180);
    expect([shadow[17 * 41 + 20], shadow[23 * 41 + 20]]).toEqual([1, 0]);
  });

  it('is everywhere after sunset and nowhere on a plain', () => {
    const plain = { ...wall(), heights: new Float32Array(101 * 101) };
    expect(terrainShadow(plain, 5, 100).includes(1)).toBe(false);
    expect(terrainShadow(plain, 0, 100).includes(0)).toBe(false);
  });

  it('neither comes from nor falls on ground of unknown height', () => {
    const { heights, ...lattice } = wall();
    const unknown = heights.map((value) => (value === 100 ? Number.NaN : value));
    expect(terrainShadow({ ...lattice, heights: unknown }, 30, 90).includes(1)).toBe(false);
  });
});
