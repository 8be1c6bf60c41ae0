import { describe, expect, test } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import type { Tile } from '../../../pipeline/core/tile.ts';
import { computeIndex, NODATA_COUNT, quantise } from '../../../pipeline/indices/compute.ts';
import { INDICES } from '../../../pipeline/indices/table.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { makeTile } from '../../helpers/builders.ts';

type Bands = 'B' | 'G' | 'R' | 'N';

const cpu = await openBackend('cpu');

function tileOf(pixels: readonly Readonly<Partial<Record<Bands, number>>>[]): Tile<'boa', Bands> {
  const grid = { width: pixels.length, height: 1, transform: [0, 1, 0, 0, 0, -1] as const, epsg: null };
  const tile = makeTile('boa', grid, ['B', 'G', 'R', 'N']);
  for (const [i, pixel] of pixels.entries())
    for (const name of ['B', 'G', 'R', 'N'] as const) tile.bands[name][i] = pixel[name] ?? 0;
  return tile;
}

describe('an index', () => {
  test('0/0 is undefined, not 0', async () => {
    const tile = await computeIndex('NDVI', tileOf([{ N: 0, R: 0 }]), cpu);
    expect(tile.quality[0]).toBe(QUALITY.UNDEFINED.bit);
    expect(quantise(tile, 0.0001)[0]).toBe(NODATA_COUNT);
  });

  test.each([
    ['one over zero', { N: 0.01, R: -0.01 }],
    ['beyond 1 because one band is negative', { N: 0.3, R: -0.01 }],
    ['beyond −1 because one band is negative', { N: -0.01, R: 0.3 }],
    ['no number', { N: Number.NaN, R: 0.3 }],
    ['infinite', { N: Infinity, R: 0.3 }],
  ])('%s is undefined', async (_what, pixel) => {
    const tile = await computeIndex('NDVI', tileOf([pixel]), cpu);
    expect(tile.quality[0]).toBe(QUALITY.UNDEFINED.bit);
  });

  test('exactly 1 and −1 are values', async () => {
    const tile = await computeIndex(
      'NDVI',
      tileOf([
        { N: 0.3, R: 0 },
        { N: 0, R: 0.3 },
      ]),
      cpu,
    );
    expect([...tile.quality]).toEqual([0, 0]);
    expect([...quantise(tile, 0.0001)]).toEqual([10_000, -10_000]);
  });

  test('an excluded pixel keeps its own reason and no other, a clear one its flags, and the input its plane', async () => {
    const input = tileOf([
      { N: 0.4, R: 0.1 },
      { N: 0, R: 0 },
      { N: 0.4, R: 0.1 },
    ]);
    input.quality.set([QUALITY.CLOUD.bit, QUALITY.CLOUD.bit | QUALITY.EDGE.bit, QUALITY.WATER.bit]);
    const before = [...input.quality];
    const tile = await computeIndex('NDVI', input, cpu);
    expect([...tile.quality]).toEqual(before);
    expect([...input.quality]).toEqual(before);
    expect([...quantise(tile, 0.0001)]).toEqual([NODATA_COUNT, NODATA_COUNT, 6000]);
  });

  test('a pixel that NDVI cannot say anything about does not spoil EVI2', async () => {
    const input = tileOf([{ N: 0, R: 0 }]);
    await computeIndex('NDVI', input, cpu);
    const evi2 = await computeIndex('EVI2', input, cpu);
    expect(evi2.quality[0]).toBe(0);
    expect(quantise(evi2, INDICES.EVI2.scale)[0]).toBe(0);
  });

  test('a scaled reflectance gives the same normalised difference, within a stored count', async () => {
    const spectra = [
      { N: 0.45, R: 0.035 },
      { N: 0.115, R: 0.075 },
      { N: 0.018, R: 0.035 },
      { N: 0.78, R: 0.83 },
    ];
    const plain = quantise(await computeIndex('NDVI', tileOf(spectra), cpu), 0.0001);
    const scaled = tileOf(spectra.map(({ N, R }) => ({ N: N * 0.37, R: R * 0.37 })));
    const counts = quantise(await computeIndex('NDVI', scaled, cpu), 0.0001);
    for (const [i, count] of counts.entries()) expect(Math.abs(count - plain[i]!)).toBeLessThanOrEqual(1);
  });
});

describe('a stored count', () => {
  function stored(values: readonly number[], scale: number): number[] {
    const grid = { width: values.length, height: 1, transform: [0, 1, 0, 0, 0, -1] as const, epsg: null };
    return [
      ...quantise(
        {
          unit: 'index',
          grid,
          bands: { X: Float32Array.from(values) },
          quality: new Uint16Array(values.length),
        },
        scale,
      ),
    ];
  }

  test('is rounded half away from zero', () => {
    expect(stored([0.5, 1.5, -0.5, -1.5, 0.49, -0.49], 1)).toEqual([1, 2, -1, -2, 0, 0]);
    expect(stored([0.8556701, -0.00004, 0.00006, -0.00016], 0.0001)).toEqual([8557, 0, 1, -2]);
    // 0.03125 is a float32, and exactly 312.5 counts.
    expect(stored([0.03125, -0.03125], 0.0001)).toEqual([313, -313]);
  });

  test('uses the scale it is given', () => {
    expect(stored([12.857, 0.4], 0.001)).toEqual([12857, 400]);
    expect(stored([722.5], 0.1)).toEqual([7225]);
    expect(stored([9, -9], 2)).toEqual([5, -5]);
  });

  test('that does not fit, or would mean "no value", is no value', () => {
    expect(stored([32767, 32768, -32767, -32768, Number.NaN, Infinity], 1)).toEqual([
      32767,
      NODATA_COUNT,
      -32767,
      NODATA_COUNT,
      NODATA_COUNT,
      NODATA_COUNT,
    ]);
  });
});
