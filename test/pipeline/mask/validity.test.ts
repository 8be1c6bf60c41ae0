import { expect, it } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { flagImplausible } from '../../../pipeline/mask/validity.ts';
import { tileOfSpectra } from './scenes.ts';

it('keeps slightly negative reflectance and takes out what cannot be', () => {
  const tile = tileOfSpectra(
    [
      [-0.01, 0.1, 0.1, 0.1],
      [-0.03, 0.1, 0.1, 0.1],
      [0.1, 1.7, 0.1, 0.1],
      [0.1, 0.1, Number.NaN, 0.1],
    ],
    4,
    3,
  );
  const undefinedAt = [...flagImplausible(tile).quality].map(
    (flags) => (flags & QUALITY.UNDEFINED.bit) !== 0,
  );
  expect(undefinedAt).toEqual([false, true, true, true]);
  expect([...tile.quality]).toEqual([0, 0, 0, 0]);
});
