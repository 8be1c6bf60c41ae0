import { deflateSync, inflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { codeLengths, MOST_BYTES, noiseEncoder } from '../../../pipeline/kernels/huffman.ts';

const encode = noiseEncoder();

/** Bytes drawn by a rule from numbers between 0 and 1 that are the same every time. */
function drawn(length: number, rule: (random: number, i: number) => number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, (_, i) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return rule((state >>> 8) / 2 ** 24, i);
  });
}

const RULES: readonly (readonly [string, (random: number, i: number) => number])[] = [
  ['any byte', (r) => 256 * r],
  ['small differences of 16 bits', (r, i) => (i % 2 === 0 ? 40 * r - 20 : r < 0.5 ? 0 : 255)],
  ['one byte only', () => 7],
  ['two bytes', (r) => (r < 0.001 ? 1 : 2)],
  ['bytes each half as frequent as the one before', (r) => 1 + Math.floor(-Math.log2(1 - r))],
];

describe.skipIf(encode === null)('noise, coded byte by byte,', () => {
  for (const [name, rule] of RULES) {
    test.each([4, 8, 44, 65_536, 131_072, 131_076, MOST_BYTES])(
      `is what zlib takes for ${name}, %i of them`,
      (length) => {
        const bytes = drawn(length, rule);
        const packed = encode!(bytes);
        expect(packed).not.toBeNull();
        // zlib checks the sum at the end, too.
        expect(Buffer.compare(inflateSync(packed!), bytes)).toBe(0);
      },
    );
  }

  test('takes about the room that zlib needs without looking for repetitions', () => {
    const bytes = drawn(MOST_BYTES, RULES[1]![1]);
    const zlib = deflateSync(bytes, { strategy: 2 }).length;
    expect(encode!(bytes)!.length).toBeLessThan(zlib * 1.005);
  });

  test('is left to zlib where zeros run, and where there is more or less of it than whole words of a block', () => {
    const halfEmpty = drawn(65_536, (r, i) => (i < 30_000 ? 0 : 256 * r));
    expect(encode!(halfEmpty)).toBeNull();
    expect(encode!(drawn(MOST_BYTES + 4, (r) => 256 * r))).toBeNull();
    expect(encode!(drawn(6, (r) => 256 * r))).toBeNull();
    expect(encode!(new Uint8Array(0))).toBeNull();
  });
});

describe('code lengths', () => {
  test('are those of a Huffman tree', () => {
    expect([...codeLengths(Uint32Array.from([5, 9, 12, 13, 16, 45]))]).toEqual([4, 4, 3, 3, 3, 1]);
  });

  test('never exceed 15 bits and leave room for every symbol, however unlike the counts are', () => {
    const fibonacci = new Uint32Array(40);
    fibonacci.forEach((_, i) => {
      fibonacci[i] = i < 2 ? 1 : fibonacci[i - 1]! + fibonacci[i - 2]!;
    });
    const lengths = [...codeLengths(fibonacci)];
    expect(Math.max(...lengths)).toBeLessThanOrEqual(15);
    expect(lengths.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });
});
