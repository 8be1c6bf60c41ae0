import { describe, expect, it } from 'vitest';
import { type Affine, apply, invert } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import {
  coregister,
  correctedGrid,
  fitTies,
  pairsInMemory,
  type ReadPairs,
  type TiePoint,
  tieWindows,
} from '../../../pipeline/geometry/coregister.ts';

const SIZE = { width: 640, height: 512 };

const FIELD = { side: 700, margin: 24 };
/** Noise of one number a pixel, seen through a B-spline: a landscape that can be sampled anywhere, with detail of all sizes. */
const NUMBERS = (() => {
  const random = seeded(11);
  return Float32Array.from({ length: FIELD.side * FIELD.side }, () => 1000 + 300 * normal(random));
})();

function landscape(x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const across = spline(x - left);
  const down = spline(y - top);
  let sum = 0;
  for (let row = 0; row < 4; row++) {
    const at = (top + row - 1 + FIELD.margin) * FIELD.side + left - 1 + FIELD.margin;
    let line = 0;
    for (let col = 0; col < 4; col++) line += across[col]! * NUMBERS[at + col]!;
    sum += down[row]! * line;
  }
  return sum;
}

/** Weights of the four numbers around a place by the cubic B-spline. */
function spline(t: number): readonly number[] {
  const u = 1 - t;
  return [u ** 3 / 6, (4 - 6 * t * t + 3 * t ** 3) / 6, (4 - 6 * u * u + 3 * u ** 3) / 6, t ** 3 / 6];
}

/** Both images of the landscape, the moving one such that `truth` puts its content in place; noise of its own in both. */
function landscapes(truth: Affine, noise: number): ReadPairs {
  return async ({ col, row, width, height }, { dx, dy }) => {
    const random = seeded(col * 131 + row);
    const reference = new Float32Array(width * height);
    const moving = new Float32Array(width * height);
    for (let i = 0; i < reference.length; i++) {
      const [x, y] = [col + (i % width) + 0.5, row + Math.floor(i / width) + 0.5];
      reference[i] = landscape(x, y) + noise * normal(random);
      moving[i] = landscape(...apply(truth, x - dx, y - dy)) + noise * normal(random);
    }
    return [{ reference, moving }];
  };
}

describe('co-registration of simulated images', () => {
  it('finds a shift of several pixels to 0.1 of one', async () => {
    const truth: Affine = [7.3, 1, 0, -4.6, 0, 1];
    const found = await coregister(SIZE, landscapes(truth, 40));
    expect(found).toMatchObject({ status: 'ok', reason: null });
    expect(Math.abs(found.shift[0] - 7.3)).toBeLessThan(0.1);
    expect(Math.abs(found.shift[1] + 4.6)).toBeLessThan(0.1);
    expect(found.before.rmse).toBeGreaterThan(8);
    expect(found.after.rmse).toBeLessThan(0.1);
  });

  it('finds a small turn and stretch where there are windows enough, and says so of places far from the middle', async () => {
    const truth: Affine = [1.5, 1.0004, 0.0008, -2.2, -0.0006, 0.9997];
    const found = await coregister(SIZE, landscapes(truth, 20));
    expect(found).toMatchObject({ status: 'ok', model: 'affine' });
    for (const [col, row] of [
      [50, 50],
      [600, 60],
      [300, 480],
    ] as const) {
      const [x, y] = apply(found.correction, col, row);
      const [tx, ty] = apply(truth, col, row);
      expect(Math.hypot(x - tx, y - ty)).toBeLessThan(0.2);
    }
    expect(found.after.rmse).toBeLessThan(0.2);
  });

  it('does not accept images of different places, and gives the same answer twice', async () => {
    const other: ReadPairs = async (window, shift) => {
      const [pair] = await landscapes([0, 1, 0, 0, 0, 1], 0)(window, shift);
      const random = seeded(window.col + 7 * window.row);
      return [{ reference: pair!.reference, moving: pair!.moving.map(() => 500 + 80 * normal(random)) }];
    };
    const found = await coregister({ width: 320, height: 320 }, other);
    expect(found.status).toBe('failed');
    expect(found.reason).toMatch(/matches|check points/);
    expect(await coregister({ width: 320, height: 320 }, other)).toEqual(found);
  });

  it('finds how far two bands of one scene are apart, though they see it in other tones', async () => {
    const random = seeded(2);
    const size = { width: 384, height: 384 };
    const sampled = (dx: number, dy: number, tone: (value: number) => number) =>
      Float32Array.from({ length: size.width * size.height }, (_, i) => {
        const [x, y] = [(i % size.width) + 0.5, Math.floor(i / size.width) + 0.5];
        return tone(landscape(x + dx, y + dy)) + 5 * normal(random);
      });
    const red = sampled(0, 0, (value) => value);
    const infrared = sampled(1.35, -0.7, (value) => 0.3 * value + 2000 * Math.sqrt(value / 1000));
    const found = await coregister(size, pairsInMemory(size, [{ reference: red, moving: infrared }]));
    expect(found.status).toBe('ok');
    expect(Math.abs(found.shift[0] - 1.35)).toBeLessThan(0.1);
    expect(Math.abs(found.shift[1] + 0.7)).toBeLessThan(0.1);
  });

  it('skips windows that are mostly missing or without detail', async () => {
    const gaps: ReadPairs = async (window, shift) => {
      const [pair] = await landscapes([3, 1, 0, 2, 0, 1], 10)(window, shift);
      const isEmpty = window.row > 200;
      return [{ reference: pair!.reference, moving: isEmpty ? pair!.moving.fill(Number.NaN) : pair!.moving }];
    };
    const found = await coregister(SIZE, gaps);
    expect(found.windows).toBe(63);
    expect(found.ties).toBeLessThanOrEqual(36);
    expect(found.ties).toBeGreaterThan(20);
  });
});

describe('the fit through tie points', () => {
  const places = tieWindows({ width: 2600, height: 2600 }).map(({ col, row, width }) => ({
    col: col + width / 2,
    row: row + width / 2,
  }));
  const tie = (place: { col: number; row: number }, dx: number, dy: number): TiePoint => ({
    ...place,
    dx,
    dy,
    reliability: 0.9,
  });

  it('is not misled by a quarter of wrong matches', () => {
    const random = seeded(4);
    const ties = places.map((place, i) =>
      i % 4 === 0
        ? tie(place, 20 * random() - 10, 20 * random() - 10)
        : tie(place, 2 + 0.001 * place.col + 0.1 * normal(random), -1 + 0.1 * normal(random)),
    );
    const found = fitTies(ties, { width: 2600, height: 2600 }, places.length);
    expect(found.status).toBe('ok');
    expect(found.shift[0]).toBeCloseTo(2 + 1.3, 1);
    expect(found.shift[1]).toBeCloseTo(-1, 1);
    expect(found.after.rmse).toBeLessThan(0.2);
    expect(found.inliers).toBeLessThan(0.8 * 0.7 * places.length + 5);
  });

  it('is refused when check points are off by more than half a pixel', () => {
    const random = seeded(4);
    const ties = places.map((place) => tie(place, 0.5 * normal(random), 0.5 * normal(random)));
    const found = fitTies(ties, { width: 2600, height: 2600 }, places.length);
    expect(found.status).toBe('failed');
    expect(found.reason).toMatch(/check points are off by 0\.\d\d pixels/);
  });

  it('leaves images alone that lie on each other', () => {
    const random = seeded(4);
    const ties = places.slice(0, 40).map((place) => tie(place, 0.1 * normal(random), 0.1 * normal(random)));
    const found = fitTies(ties, { width: 2600, height: 2600 }, 40);
    expect(found.status).toBe('ok');
    expect(Math.hypot(...found.shift)).toBeLessThan(0.1);
  });
});

describe('the corrected grid', () => {
  const reference = {
    width: 500,
    height: 400,
    epsg: 32652,
    transform: [300_000, 5, 0, 4_880_000, 0, -5],
  } as const;

  it('moves the image by the shift, in the units of its CRS', () => {
    const moving = { ...reference, transform: [300_100, 2.5, 0, 4_879_900, 0, -2.5] } as const;
    const { transform } = correctedGrid(moving, reference, [0.4, 1, 0, -0.6, 0, 1]);
    for (const [i, value] of [300_102, 2.5, 0, 4_879_903, 0, -2.5].entries())
      expect(transform[i]).toBeCloseTo(value, 6);
  });

  it('does so in another CRS to a hundredth of a pixel', () => {
    const [lon, lat] = transformer(32652, 4326)(300_100, 4_879_900);
    const moving = { width: 300, height: 300, epsg: 4326, transform: [lon, 3e-5, 0, lat, 0, -3e-5] } as const;
    const correction: Affine = [4, 1.0001, 0.0002, -3, 0, 1];
    const fixed = correctedGrid(moving, reference, correction);
    const toPixel = invert(reference.transform);
    for (const [col, row] of [
      [0, 0],
      [300, 150],
    ] as const) {
      const there = transformer(4326, 32652);
      const should = apply(correction, ...apply(toPixel, ...there(...apply(moving.transform, col, row))));
      const is = apply(toPixel, ...there(...apply(fixed.transform, col, row)));
      expect(Math.hypot(is[0] - should[0], is[1] - should[1])).toBeLessThan(0.01);
    }
  });
});
