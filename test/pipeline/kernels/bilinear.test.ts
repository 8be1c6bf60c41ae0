import { describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import {
  MOST_COLUMNS,
  openBilinear,
  type PixelArray,
  plainBilinear,
} from '../../../pipeline/kernels/bilinear.ts';

const SOURCE = { width: 61, height: 40 };
const KINDS: readonly (readonly [string, (n: number) => PixelArray, number])[] = [
  ['uint8', (n) => new Uint8Array(n), 255],
  ['uint16', (n) => new Uint16Array(n), 65_535],
  ['int16', (n) => new Int16Array(n), 32_767],
  ['float32', (n) => new Float32Array(n), 1],
];

/** Planes with holes, and pixels all over them: some on pixel centres, some nowhere. */
function made(bands: number, most: number, n: number) {
  const random = seeded(bands + n);
  const planes = Array.from({ length: bands }, () =>
    Float32Array.from({ length: SOURCE.width * SOURCE.height }, () =>
      random() < 0.02 ? Number.NaN : most <= 1 ? random() : Math.floor((most + 1) * random()),
    ),
  );
  const from = new Int32Array(MOST_COLUMNS);
  const fx = new Float32Array(MOST_COLUMNS);
  const fy = new Float32Array(MOST_COLUMNS);
  for (let i = 0; i < n; i++) {
    const col = Math.floor(random() * SOURCE.width);
    const row = Math.floor(random() * SOURCE.height);
    from[i] = random() < 0.1 ? -1 : row * SOURCE.width + col;
    // At the last column and row there is nothing to the right and below.
    fx[i] = from[i] === -1 || col === SOURCE.width - 1 || random() < 0.1 ? 0 : random();
    fy[i] = from[i] === -1 || row === SOURCE.height - 1 || random() < 0.1 ? 0 : random();
  }
  return { planes, pixels: { from, fx, fy } };
}

describe('bilinear kernels', () => {
  it.each(KINDS)('give the same bits by vectors as by plain loops: %s', (_name, make, most) => {
    const simd = openBilinear();
    const plain = plainBilinear();
    for (const [bands, n] of [
      [4, MOST_COLUMNS],
      [1, 7],
      [3, 130],
      [2, 1],
    ] as const) {
      const { planes, pixels } = made(bands, most, n);
      for (const kernel of [simd, plain]) kernel.hold(planes, SOURCE.width, SOURCE.height);
      const outs = [simd, plain].map((kernel) => {
        const out = planes.map(() => make(n + 3));
        kernel.row(pixels, n, out, 2, most === 1 ? Number.NaN : 17);
        return out;
      });
      expect(outs[0]).toEqual(outs[1]);
      expect(outs[0]![0]!.slice(2, -1).some((value) => value !== 17 && !Number.isNaN(value))).toBe(true);
    }
  });

  it('take interleaved words as they take planes', () => {
    const n = 100;
    const { planes, pixels } = made(4, 65_535, n);
    const pixelCount = SOURCE.width * SOURCE.height;
    const words = Uint16Array.from({ length: 4 * pixelCount + 3 }, (_, i) => {
      const value = i < 3 ? 9 : planes[(i - 3) % 4]![Math.floor((i - 3) / 4)]!;
      return Number.isNaN(value) ? 17 : value === 17 ? 18 : value;
    });
    const floats = planes.map((plane) => plane.map((value) => (value === 17 ? 18 : value)));
    const outs = [openBilinear(), plainBilinear()].flatMap((kernel) => {
      kernel.hold(floats, SOURCE.width, SOURCE.height);
      const byPlanes = planes.map(() => new Uint16Array(n));
      kernel.row(pixels, n, byPlanes, 0, 17);
      kernel.begin(SOURCE.width, SOURCE.height);
      kernel.take(words, 3, 700, 0, 17);
      kernel.take(words, 3 + 4 * 700, pixelCount - 700, 700, 17);
      const byWords = planes.map(() => new Uint16Array(n));
      kernel.row(pixels, n, byWords, 0, 17);
      return [byPlanes, byWords];
    });
    for (const out of outs) expect(out).toEqual(outs[0]);
    expect(outs[0]![0]!.filter((value) => value === 17).length).toBeGreaterThan(5);
  });

  it('weigh the four pixels around a place, and need none that has no share', () => {
    const kernel = openBilinear();
    kernel.hold([Float32Array.of(10, 20, 30, 40, Number.NaN, 60)], 3, 2);
    const out = new Float32Array(4);
    const pixels = {
      from: Int32Array.of(0, 1, 3, -1),
      fx: Float32Array.of(0.25, 0.5, 0, 0),
      fy: Float32Array.of(0, 0.5, 0, 0),
    };
    kernel.row(pixels, 4, [out], 0, -1);
    // 10 + (20 − 10) · 0.25; beside a missing pixel; a pixel itself; nowhere.
    expect([...out]).toEqual([12.5, -1, 40, -1]);
  });

  it('hold a larger source after a small one', () => {
    const kernel = openBilinear();
    kernel.hold([Float32Array.of(1)], 1, 1);
    const [width, height] = [400, 300];
    const plane = Float32Array.from({ length: width * height }, (_, i) => i % 251);
    kernel.hold([plane, plane], width, height);
    const out = [new Uint8Array(2), new Uint8Array(2)];
    const last = width * height - 1;
    const pixels = { from: Int32Array.of(last, 5), fx: Float32Array.of(0, 0), fy: Float32Array.of(0, 0) };
    kernel.row(pixels, 2, out, 0, 255);
    expect(out.map((plane) => [...plane])).toEqual([
      [last % 251, 5],
      [last % 251, 5],
    ]);
  });
});
