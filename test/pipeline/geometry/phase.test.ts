import { describe, expect, it } from 'vitest';
import golden from '../../../fixtures/golden/phase.json' with { type: 'json' };
import { seeded } from '../../../pipeline/core/random.ts';
import { correlate, parabola, peakOf, phaseShift } from '../../../pipeline/geometry/phase.ts';
import { transformPlane } from '../../../pipeline/kernels/fft.ts';

const SIDE = 64;

/** `np.roll(image, (rows, cols), (0, 1))`. */
function rolled(image: readonly number[], rows: number, cols: number): number[] {
  const at = (i: number) => ((i % SIDE) + SIDE) % SIDE;
  return image.map((_, i) => image[at(Math.floor(i / SIDE) - rows) * SIDE + at((i % SIDE) - cols)]!);
}

describe('the Fourier transform', () => {
  it('is the sum it stands for, and comes back', () => {
    const random = seeded(3);
    const [width, height] = [8, 4];
    const re = Float64Array.from({ length: 32 }, random);
    const im = Float64Array.from({ length: 32 }, random);
    const plane = { width, height, re: re.slice(), im: im.slice() };
    transformPlane(plane);
    for (const [k, l] of [
      [0, 0],
      [3, 1],
      [4, 2],
      [7, 3],
    ] as const) {
      let [sumRe, sumIm] = [0, 0];
      for (let i = 0; i < 32; i++) {
        const angle = -2 * Math.PI * ((k * (i % width)) / width + (l * Math.floor(i / width)) / height);
        sumRe += re[i]! * Math.cos(angle) - im[i]! * Math.sin(angle);
        sumIm += re[i]! * Math.sin(angle) + im[i]! * Math.cos(angle);
      }
      expect(plane.re[l * width + k]).toBeCloseTo(sumRe, 12);
      expect(plane.im[l * width + k]).toBeCloseTo(sumIm, 12);
    }
    transformPlane(plane, true);
    for (let i = 0; i < 32; i++) {
      expect(plane.re[i]).toBeCloseTo(re[i]!, 12);
      expect(plane.im[i]).toBeCloseTo(im[i]!, 12);
    }
  });

  it('refuses sides that are no powers of two', () => {
    const plane = { width: 6, height: 4, re: new Float64Array(24), im: new Float64Array(24) };
    expect(() => transformPlane(plane)).toThrow(RangeError);
  });
});

describe('phase correlation (METHODS 4; fixtures/golden/phase.json)', () => {
  it('has its peak where numpy has it, as high', () => {
    const moving = rolled(golden.image, 3, -5);
    const { values } = correlate(golden.image, moving, SIDE, SIDE, { hann: false });
    const peak = peakOf(values, SIDE, SIDE);
    const [row, col] = golden.peak_index as [number, number];
    expect(values.indexOf(peak.value)).toBe(row * SIDE + col);
    expect(peak.value).toBeCloseTo(golden.peak, 5);
  });

  it('says what to move the moving image by: (+3 rows, −5 columns) is undone by dy −3, dx +5', () => {
    const shift = phaseShift(golden.image, rolled(golden.image, 3, -5), SIDE, SIDE, { hann: false });
    expect(shift.dx).toBeCloseTo(5, 2);
    expect(shift.dy).toBeCloseTo(-3, 2);
    expect(shift.reliability).toBeGreaterThan(0.99);
  });

  it('finds a shift by (0.35, −0.70) of a pixel to 0.05', () => {
    for (const hann of [false, true]) {
      const shift = phaseShift(golden.image, golden.shifted, SIDE, SIDE, { hann });
      expect(Math.abs(shift.dy + 0.35)).toBeLessThan(0.05);
      expect(Math.abs(shift.dx - 0.7)).toBeLessThan(0.05);
    }
  });

  it('is unsure of images that have nothing to do with each other', () => {
    const random = seeded(8);
    const noise = () => Float64Array.from({ length: SIDE * SIDE }, random);
    expect(phaseShift(noise(), noise(), SIDE, SIDE).reliability).toBeLessThan(0.5);
  });

  it('puts the top of a parabola where it is', () => {
    const at = (x: number) => 5 - (x - 0.3) ** 2;
    expect(parabola(at(-1), at(0), at(1))).toBeCloseTo(0.3, 12);
    expect(parabola(1, 1, 1)).toBe(0);
  });
});
