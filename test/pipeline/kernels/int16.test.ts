import { describe, expect, test } from 'vitest';
import { storeByLoop } from '../../../pipeline/indices/counts.ts';
import { int16Kernels } from '../../../pipeline/kernels/int16.ts';

const kernels = int16Kernels();

/** Bits that look random and are the same every time. */
function bits(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state;
  };
}

describe.skipIf(kernels === null)('what SIMD computes is what plain loops do', () => {
  test.each([
    [[-1, 1], 10_000],
    [[-3.3, 3.3], 10_000],
    [[-100, 100], 1000],
    [[0.1, 0.7], 10_000],
  ] as const)(
    'counts of values in %s at %d a unit, halves, ends of the range and what is no number among them',
    (range, perUnit) => {
      const next = bits(5);
      const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, ...range];
      const values = Float32Array.from({ length: 10_003 }, (_, i) => {
        if (i % 7 === 0) return special[(i / 7) % special.length]!;
        // Half a count more than a whole one, or anything.
        return i % 3 === 0 ? ((next() >> 16) + 0.5) / perUnit : (next() / 2 ** 31) * 1.2 * range[1];
      });
      for (const n of [1, 7, 8, 4097, values.length]) {
        const [byLoop, bySimd] = [new Int16Array(n), new Int16Array(n)];
        const expected = storeByLoop(values, range, perUnit, byLoop);
        expect(kernels!.quantise(values.subarray(0, n), range, perUnit, bySimd)).toBe(expected);
        expect(bySimd).toEqual(byLoop);
      }
    },
  );

  test.each([
    [512, 512],
    [512, 511],
    [16, 1],
    [48, 6],
  ])('means of 2 × 2 of %i × %i pixels, rounded half away from zero', (width, height) => {
    const next = bits(width);
    const data = Int16Array.from({ length: width * height }, () => {
      const kind = next() >>> 28;
      return kind < 5 ? -32768 : kind < 8 ? (kind % 2 === 0 ? 32767 : -32767) : next() >> 16;
    });
    const half = Math.ceil(height / 2);
    const found = new Int16Array((width / 2) * half);
    kernels!.halve(data, width, height, found);
    for (let i = 0; i < found.length; i++) {
      const at = 2 * Math.floor(i / (width / 2)) * width + 2 * (i % (width / 2));
      const four = [at, at + 1, at + width, at + width + 1].map((j) => data[j]);
      const valid = four.filter((v): v is number => v !== undefined && v !== -32768);
      const mean = valid.reduce((a, b) => a + b, 0) / valid.length;
      const rounded = mean < 0 ? -Math.floor(0.5 - mean) : Math.floor(mean + 0.5);
      if (found[i] !== (valid.length === 0 ? -32768 : rounded)) expect([i, found[i]]).toEqual([i, rounded]);
    }
  });

  test('differences along rows, and their sums for one band and for four', () => {
    const next = bits(3);
    const data = Int16Array.from({ length: 4 * 4096 }, () => next() >> 16);
    const differences = data.slice();
    kernels!.difference(differences, 512);
    data.forEach((value, i) => {
      const left = i % 512 === 0 ? 0 : data[i - 1]!;
      if (differences[i] !== ((value - left) << 16) >> 16)
        expect([i, differences[i]]).toEqual([i, value - left]);
    });
    const words = new Uint16Array(differences.buffer);
    const row = kernels!.sumOne(words, 1024, 512).slice(0, 512);
    expect(row).toEqual(new Uint16Array(data.buffer).subarray(1024, 1536));
    const four = kernels!.sumFour(words, 512, 64);
    for (let band = 0; band < 4; band++) {
      let sum = 0;
      for (let i = 0; i < 64; i++) {
        sum = (sum + words[512 + 4 * i + band]!) & 0xffff;
        if (four[band]![i] !== sum) expect([band, i, four[band]![i]]).toEqual([band, i, sum]);
      }
    }
  });
});
