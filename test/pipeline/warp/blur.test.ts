import { describe, expect, it } from 'vitest';
import { EXCLUDING, QUALITY } from '../../../pipeline/core/quality.ts';
import { blurTile } from '../../../pipeline/warp/blur.ts';
import { makeTile } from '../../helpers/builders.ts';

const GRID = { width: 21, height: 21, transform: [0, 3, 0, 0, 0, -3], epsg: 4551 } as const;
const MIDDLE = 10 * 21 + 10;

describe('a blunter look', () => {
  it('spreads a point as a Gaussian does, and loses nothing of it', () => {
    const tile = makeTile('boa', GRID, ['R']);
    tile.bands.R[MIDDLE] = 1;
    const { R } = blurTile(tile, 1.5).bands;
    const at = (dx: number, dy: number) => R![MIDDLE + dx + 21 * dy]!;
    for (const [dx, dy] of [
      [1, 0],
      [0, 2],
      [3, -2],
    ] as const) {
      expect(at(dx, dy) / at(0, 0)).toBeCloseTo(Math.exp(-(dx * dx + dy * dy) / (2 * 1.5 ** 2)), 6);
    }
    expect(R!.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 6);
  });

  it('leaves even ground as it is, and takes rims and what lies near a missing pixel for missing', () => {
    const tile = makeTile('boa', GRID, ['R']);
    tile.bands.R.fill(0.25);
    tile.bands.R[MIDDLE] = Number.NaN;
    tile.quality[MIDDLE] = QUALITY.CLOUD.bit;
    const { bands, quality } = blurTile(tile, 1);
    let usable = 0;
    for (let row = 0; row < 21; row++) {
      for (let col = 0; col < 21; col++) {
        const isNear = Math.abs(row - 10) <= 3 && Math.abs(col - 10) <= 3;
        const isRim = Math.min(row, col, 20 - row, 20 - col) < 3;
        const i = row * 21 + col;
        expect((quality[i]! & EXCLUDING) === 0, `${row} ${col}`).toBe(!isNear && !isRim);
        if ((quality[i]! & EXCLUDING) !== 0) continue;
        usable += 1;
        expect(bands.R![i]).toBeCloseTo(0.25, 6);
      }
    }
    expect(usable).toBe(15 * 15 - 7 * 7);
  });
});
