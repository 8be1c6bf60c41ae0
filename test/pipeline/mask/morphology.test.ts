import { expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { dilate, either, erode } from '../../../pipeline/mask/morphology.ts';

/** What a search of the square around every cell finds. */
function plain(mask: Uint8Array, width: number, height: number, radius: number): Uint8Array {
  return mask.map((_, i) => {
    const [col, row] = [i % width, Math.floor(i / width)];
    for (let r = Math.max(0, row - radius); r <= Math.min(height - 1, row + radius); r++) {
      for (let c = Math.max(0, col - radius); c <= Math.min(width - 1, col + radius); c++)
        if (mask[r * width + c] === 1) return 1;
    }
    return 0;
  });
}

it.each([
  [37, 23, 3],
  [5, 4, 9],
  [64, 1, 2],
  [1, 64, 2],
])(
  'grows a mask of %i × %i by %i as a search of the square around every cell would',
  (width, height, radius) => {
    const random = seeded(7);
    const mask = Uint8Array.from({ length: width * height }, () => (random() < 0.03 ? 1 : 0));
    expect(dilate(mask, width, height, radius)).toEqual(plain(mask, width, height, radius));
  },
);

it('erodes as the complement of a dilation', () => {
  const mask = Uint8Array.from({ length: 49 }, (_, i) => (i === 24 ? 0 : 1));
  expect(erode(mask, 7, 7, 1).reduce((sum, value) => sum + value, 0)).toBe(40);
  expect(erode(mask, 7, 7, 0)).toBe(mask);
});

it('joins two masks', () => {
  expect([...either(Uint8Array.of(0, 0, 1, 1), Uint8Array.of(0, 1, 0, 1))]).toEqual([0, 1, 1, 1]);
});
