import { describe, expect, it } from 'vitest';
import { isClear, QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { dilate, erode, flagCloud, isPossibleCloud } from '../../../pipeline/mask/cloud.ts';
import { flagImplausible } from '../../../pipeline/mask/validity.ts';

/** Test spectra B, G, R, N of METHODS 3.2. */
const GROUND = {
  maize: [0.03, 0.06, 0.035, 0.45],
  'black soil': [0.05, 0.06, 0.075, 0.115],
  residue: [0.1, 0.13, 0.17, 0.28],
  water: [0.06, 0.05, 0.035, 0.018],
  'red-crown pine': [0.045, 0.065, 0.1, 0.21],
} as const;

function tileOf(spectra: readonly (readonly number[])[], width: number): LooseTile<'boa'> {
  const band = (i: number) => Float32Array.from(spectra, (spectrum) => spectrum[i]!);
  return {
    unit: 'boa',
    grid: { width, height: spectra.length / width, transform: [0, 3, 0, 0, 0, -3], epsg: 4551 },
    bands: { B: band(0), G: band(1), R: band(2), N: band(3) },
    quality: new Uint16Array(spectra.length),
  };
}

describe('cloud mask', () => {
  it.each(Object.entries(GROUND))('takes no %s for cloud', (_name, [b, g, r, n]) => {
    expect(isPossibleCloud(b, g, r, n)).toBe(false);
  });

  it('finds opaque white cloud', () => {
    expect(isPossibleCloud(0.5, 0.5, 0.5, 0.55)).toBe(true);
  });

  const CLOUD_SPECTRUM = [0.5, 0.5, 0.5, 0.55];

  /** Maize with a square of cloud spectrum in the middle of 121 × 121 pixels of 3 m. */
  const withSquare = (half: number) =>
    tileOf(
      Array.from({ length: 121 * 121 }, (_, i) => {
        const [col, row] = [i % 121, Math.floor(i / 121)];
        return Math.abs(col - 60) <= half && Math.abs(row - 60) <= half ? CLOUD_SPECTRUM : GROUND.maize;
      }),
      121,
    );
  const countOf = (quality: Uint16Array, bit: number) =>
    quality.reduce((sum, flags) => sum + ((flags & bit) === 0 ? 0 : 1), 0);

  it('flags a cloud and a rim of 30 m around it, and nothing beyond', () => {
    const { quality } = flagCloud(withSquare(10), 3);
    expect(countOf(quality, QUALITY.CLOUD.bit)).toBe(21 * 21);
    expect(countOf(quality, QUALITY.EDGE.bit)).toBe(41 * 41 - 21 * 21);
    expect(isClear(quality[60 * 121 + 39]!)).toBe(true);
    expect(isClear(quality[60 * 121 + 40]!)).toBe(false);
  });

  it('takes no white roof of 30 m for cloud', () => {
    expect(countOf(flagCloud(withSquare(4), 3).quality, QUALITY.CLOUD.bit)).toBe(0);
  });

  it('erodes as the complement of a dilation', () => {
    const mask = Uint8Array.from({ length: 49 }, (_, i) => (i === 24 ? 0 : 1));
    expect(erode(mask, 7, 7, 1).reduce((sum, value) => sum + value, 0)).toBe(40);
    expect(erode(mask, 7, 7, 0)).toBe(mask);
  });

  it('leaves a tile without the four bands as it is', () => {
    const tile = tileOf([GROUND.maize], 1);
    const { N: _, ...three } = tile.bands;
    expect(flagCloud({ ...tile, bands: three }, 3).quality).toEqual(tile.quality);
  });

  it('grows a mask as a plain search of the square around every pixel would', () => {
    const random = seeded(7);
    const [width, height, radius] = [37, 23, 3];
    const mask = Uint8Array.from({ length: width * height }, () => (random() < 0.02 ? 1 : 0));
    const plain = mask.map((_, i) => {
      const [col, row] = [i % width, Math.floor(i / width)];
      for (let r = Math.max(0, row - radius); r <= Math.min(height - 1, row + radius); r++) {
        for (let c = Math.max(0, col - radius); c <= Math.min(width - 1, col + radius); c++)
          if (mask[r * width + c] === 1) return 1;
      }
      return 0;
    });
    expect(dilate(mask, width, height, radius)).toEqual(plain);
  });
});

describe('plausible reflectance', () => {
  it('keeps slightly negative values and takes out what cannot be', () => {
    const tile = tileOf(
      [
        [-0.01, 0.1, 0.1, 0.1],
        [-0.03, 0.1, 0.1, 0.1],
        [0.1, 1.7, 0.1, 0.1],
        [0.1, 0.1, Number.NaN, 0.1],
      ],
      4,
    );
    const undefinedAt = [...flagImplausible(tile).quality].map(
      (flags) => (flags & QUALITY.UNDEFINED.bit) !== 0,
    );
    expect(undefinedAt).toEqual([false, true, true, true]);
    expect([...tile.quality]).toEqual([0, 0, 0, 0]);
  });
});
