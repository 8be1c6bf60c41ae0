import { describe, expect, it } from 'vitest';
import { EXCLUDING, flagsOf, isClear, QUALITY } from '../../../pipeline/core/quality.ts';
import { type Tile, withBands } from '../../../pipeline/core/tile.ts';
import { makeTile } from '../../helpers/builders.ts';

const GRID = { width: 2, height: 1, transform: [0, 1, 0, 0, 0, -1], epsg: 4551 } as const;

describe('tile', () => {
  it('proves its bands once and refuses what is not there by name', () => {
    const tile = makeTile('boa', GRID, ['B', 'G', 'R']);
    expect(withBands(tile, ['R']).bands.R).toHaveLength(2);
    expect(() => withBands(tile, ['N', 'R'])).toThrow(/band N is missing \(there are: B, G, R\)/);
  });

  it('does not compile when a band was not proved', () => {
    const needsNir = (tile: Tile<'boa', 'N'>) => tile.bands.N.length;
    const loose: Tile<'boa'> = makeTile('boa', GRID, []);
    // @ts-expect-error a tile of unproved bands promises nothing
    expect(() => needsNir(loose)).toThrow();
  });
});

describe('quality', () => {
  it('gives every reason a bit of its own within 16', () => {
    const bits = Object.values(QUALITY).map((row) => row.bit);
    expect(new Set(bits).size).toBe(bits.length);
    expect(bits.every((bit) => bit > 0 && bit < 65_536 && (bit & (bit - 1)) === 0)).toBe(true);
  });

  it('keeps water and haze in statistics and cloud out', () => {
    expect(isClear(QUALITY.WATER.bit | QUALITY.HAZE.bit)).toBe(true);
    expect(isClear(QUALITY.CLOUD.bit)).toBe(false);
    expect(EXCLUDING & QUALITY.WATER.bit).toBe(0);
  });

  it('says all reasons of a pixel by name', () => {
    expect(flagsOf(QUALITY.NODATA.bit | QUALITY.CLOUD.bit)).toEqual(['NODATA', 'CLOUD']);
    expect(flagsOf(0)).toEqual([]);
  });
});
