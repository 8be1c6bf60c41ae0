import { describe, expect, test } from 'vitest';
import { converterOf, type StoredArray } from '../../../pipeline/kernels/convert.ts';

const REFLECTANCE = { scale: 0.0001, offset: -0.1, nodata: 0, min: -0.02, max: 1.6 };

const KINDS: readonly (readonly [string, (length: number) => StoredArray])[] = [
  ['uint8', (n) => new Uint8Array(n)],
  ['int8', (n) => new Int8Array(n)],
  ['uint16', (n) => new Uint16Array(n)],
  ['int16', (n) => new Int16Array(n)],
  ['uint32', (n) => new Uint32Array(n)],
  ['float32', (n) => new Float32Array(n)],
];

describe('a converter', () => {
  for (const [name, make] of KINDS) {
    test.each([
      [1, 0],
      [3, 0],
      [4, 0],
      [1, 0.17],
      [3, 0.17],
      [4, 0.17],
    ])(
      `makes float32(y / (1 + curve · y)) of ${name}, every %i-th, curve %d, and no number where there is no value`,
      (stride, curve) => {
        const samples = make(4 * 600);
        let state = 1;
        for (let i = 0; i < samples.length; i++) {
          state = (Math.imul(state, 1664525) + 1013904223) | 0;
          samples[i] = i % 13 === 0 ? 0 : (state >>> 8) % 30_000;
        }
        const convert = converterOf(samples, { ...REFLECTANCE, curve });
        for (const n of [1, 3, 4, 257, 512, 590]) {
          const out = new Float32Array(600);
          const missing = convert({ samples, start: 2, stride }, 1, out, 5, n);
          const expected = Array.from({ length: n }, (_, i) => {
            const stored = samples[2 + (1 + i) * stride]!;
            const y = stored * 0.0001 - 0.1;
            const value = Math.fround(y / (1 + curve * y));
            return stored !== 0 && value >= -0.02 && value <= 1.6 ? value : Number.NaN;
          });
          expect([...out.subarray(5, 5 + n)]).toEqual(expected);
          expect(missing).toBe(expected.filter(Number.isNaN).length);
          expect(out[4]).toBe(0);
          expect(out[5 + n] ?? 0).toBe(0);
        }
      },
    );
  }

  test('takes any number for a value that no rule excludes', () => {
    const samples = new Uint16Array([0, 1, 65_535, 4]);
    const out = new Float32Array(4);
    const limits = { nodata: null, min: -Number.MAX_VALUE, max: Number.MAX_VALUE };
    const missing = converterOf(samples, { scale: 1, offset: 0, ...limits })(
      { samples, start: 0, stride: 1 },
      0,
      out,
      0,
      4,
    );
    expect([missing, ...out]).toEqual([0, 0, 1, 65_535, 4]);
  });
});
