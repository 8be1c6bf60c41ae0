import { describe, expect, it } from 'vitest';
import { crop, tilesOf } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { coarsen } from '../../../pipeline/mask/coarsen.ts';

const { NODATA, SATURATED, UNDEFINED } = QUALITY;

function tileOf(values: readonly number[], width: number, quality?: readonly number[]): LooseTile<'dn'> {
  return {
    unit: 'dn',
    grid: { width, height: values.length / width, transform: [1000, 3, 0, 2000, 0, -3], epsg: 4551 },
    bands: { B: Float32Array.from(values) },
    quality: Uint16Array.from(quality ?? values.map(() => 0)),
  };
}

describe('coarse cells', () => {
  it('are the means of their pixels, on a grid of larger pixels', () => {
    const { bands, grid, quality } = coarsen(tileOf([1, 2, 5, 6, 3, 4, 7, 8], 4), 2);
    expect([...bands.B!]).toEqual([2.5, 6.5]);
    expect(grid).toEqual({ width: 2, height: 1, transform: [1000, 6, 0, 2000, 0, -6], epsg: 4551 });
    expect([...quality]).toEqual([0, 0]);
  });

  it('are the means of the pixels with data, and NODATA when fewer than half have any', () => {
    const half = coarsen(tileOf([1, 99, 3, 99], 2, [0, NODATA.bit, 0, UNDEFINED.bit]), 2);
    expect([half.bands.B![0], half.quality[0]]).toEqual([2, 0]);
    const few = coarsen(tileOf([1, 99, 3, 99], 2, [0, NODATA.bit, NODATA.bit, NODATA.bit]), 2);
    expect(few.quality[0]).toBe(NODATA.bit);
  });

  it('count saturated pixels as bright, and say so when they are half of them', () => {
    const flags = [SATURATED.bit, SATURATED.bit, 0, 0];
    const { bands, quality } = coarsen(tileOf([4095, 4095, 1000, 1000], 2, flags), 2);
    expect([bands.B![0], quality[0]]).toEqual([2547.5, SATURATED.bit]);
    expect(coarsen(tileOf([4095, 1, 1, 1], 2, [SATURATED.bit, 0, 0, 0]), 2).quality[0]).toBe(0);
  });

  it('at the rim of the scene are judged by the pixels there are', () => {
    const { bands, quality, grid } = coarsen(tileOf([1, 1, 7, 1, 1, 9], 3), 2);
    expect([grid.width, grid.height]).toEqual([2, 1]);
    expect([...bands.B!]).toEqual([1, 8]);
    expect([...quality]).toEqual([0, 0]);
  });

  it('are the same whichever way the scene is cut along cells', () => {
    const random = seeded(3);
    const [width, height, factor] = [40, 28, 4];
    const scene = tileOf(
      Array.from({ length: width * height }, () => random() * 1e4),
      width,
      Array.from({ length: width * height }, () => (random() < 0.3 ? NODATA.bit : 0)),
    );
    const whole = coarsen(scene, factor);
    for (const window of tilesOf(scene.grid, 12)) {
      const cut = (plane: ArrayLike<number>) =>
        Array.from(
          { length: window.width * window.height },
          (_, i) =>
            plane[(window.row + Math.floor(i / window.width)) * width + window.col + (i % window.width)]!,
        );
      const part = coarsen(
        {
          unit: 'dn',
          grid: crop(scene.grid, window),
          bands: { B: Float32Array.from(cut(scene.bands.B!)) },
          quality: Uint16Array.from(cut(scene.quality)),
        },
        factor,
      );
      for (let i = 0; i < part.quality.length; i++) {
        const at =
          (window.row / factor + Math.floor(i / part.grid.width)) * whole.grid.width +
          window.col / factor +
          (i % part.grid.width);
        expect([part.bands.B![i], part.quality[i]]).toEqual([whole.bands.B![at], whole.quality[at]]);
      }
    }
  });
});
