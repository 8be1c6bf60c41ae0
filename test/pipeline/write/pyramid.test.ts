import { describe, expect, test } from 'vitest';
import { halve, overviewSizes } from '../../../pipeline/write/pyramid.ts';

describe('overview sizes', () => {
  test('halve, rounded up, until one block holds the image', () => {
    expect(overviewSizes(1300, 700, 512)).toEqual([
      { width: 650, height: 350 },
      { width: 325, height: 175 },
    ]);
    expect(overviewSizes(512, 512, 512)).toEqual([]);
    expect(overviewSizes(513, 1, 512)).toEqual([{ width: 257, height: 1 }]);
  });
});

describe('averaging', () => {
  test('rounds half away from zero on both sides', () => {
    const data = new Int16Array([1, 2, -1, -2, 1, 2, -1, -2]);
    const half = halve({ width: 4, height: 2, data }, null, 'average');
    expect([...half.data]).toEqual([2, -2]);
  });

  test('nodata takes no part, and stays where there is nothing else', () => {
    const data = new Int16Array([10, -9, -9, -9, 20, -9, -9, -9]);
    const half = halve({ width: 4, height: 2, data }, -9, 'average');
    expect([...half.data]).toEqual([15, -9]);
  });

  test('a mean of valid pixels never becomes nodata by rounding', () => {
    const half = halve({ width: 2, height: 1, data: new Int16Array([-1, 1]) }, 0, 'average');
    expect(half.data[0]).not.toBe(0);
  });

  test('NaN takes no part in float averages', () => {
    const data = new Float32Array([1, Number.NaN, Number.NaN, Number.NaN, 2, 4.5, Number.NaN, Number.NaN]);
    const half = halve({ width: 4, height: 2, data }, Number.NaN, 'average');
    expect([...half.data]).toEqual([2.5, Number.NaN]);
  });

  test('a float nodata is recognised in its float32 form', () => {
    const half = halve({ width: 2, height: 1, data: new Float32Array([0.1, 4]) }, 0.1, 'average');
    expect([...half.data]).toEqual([4]);
  });

  test('an odd edge averages what is there', () => {
    const half = halve(
      { width: 3, height: 3, data: new Uint8Array([1, 1, 4, 1, 1, 6, 8, 10, 7]) },
      null,
      'average',
    );
    expect([...half.data]).toEqual([1, 5, 9, 7]);
  });
});

describe('the mode of classes', () => {
  test('is the most frequent class, nodata aside; of equals the first', () => {
    const data = new Uint8Array([3, 0, 1, 2, 0, 0, 2, 1]);
    const half = halve({ width: 4, height: 2, data }, 0, 'mode');
    expect([...half.data]).toEqual([3, 1]);
  });

  test('never invents a class', () => {
    const data = new Uint8Array([1, 5, 5, 1]);
    expect([1, 5]).toContain(halve({ width: 2, height: 2, data }, null, 'mode').data[0]);
  });
});
