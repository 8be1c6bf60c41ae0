import { describe, expect, test } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { makeTile, type Tile } from '../../../pipeline/core/tile.ts';
import { computeIndex, NODATA_COUNT, quantise } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';

type Bands = 'B' | 'G' | 'R' | 'N';

/** Reflectance of seven surfaces (oracles.json, group `spectra`; METHODS 3.2). */
const SPECTRA: Readonly<Record<string, Readonly<Record<Bands, number>>>> = {
  maize: { B: 0.03, G: 0.06, R: 0.035, N: 0.45 },
  soil: { B: 0.05, G: 0.06, R: 0.075, N: 0.115 },
  residue: { B: 0.1, G: 0.13, R: 0.17, N: 0.28 },
  water: { B: 0.06, G: 0.05, R: 0.035, N: 0.018 },
  snow: { B: 0.85, G: 0.84, R: 0.83, N: 0.78 },
  cloud: { B: 0.45, G: 0.44, R: 0.44, N: 0.48 },
  pine_red: { B: 0.045, G: 0.065, R: 0.1, N: 0.21 },
};

/** Index values of those surfaces in the same order (oracles.json, group `indices`, computed by a Python program in float64). */
const GOLDEN: Readonly<Record<IndexId, readonly number[]>> = {
  NDVI: [0.85567, 0.210526, 0.244444, -0.320755, -0.031056, 0.043478, 0.354839],
  EVI2: [0.676336, 0.07722, 0.162915, -0.038566, -0.033139, 0.039432, 0.189655],
  GNDVI: [0.764706, 0.314286, 0.365854, -0.470588, -0.037037, 0.043478, 0.527273],
  NDWI: [-0.764706, -0.314286, -0.365854, 0.470588, 0.037037, -0.043478, -0.527273],
};

const cpu = await openBackend('cpu');

function tileOf(pixels: readonly Readonly<Partial<Record<Bands, number>>>[]): Tile<'boa', Bands> {
  const grid = { width: pixels.length, height: 1, transform: [0, 1, 0, 0, 0, -1] as const, epsg: null };
  const tile = makeTile('boa', grid, ['B', 'G', 'R', 'N']);
  for (const [i, pixel] of pixels.entries())
    for (const name of ['B', 'G', 'R', 'N'] as const) tile.bands[name][i] = pixel[name] ?? 0;
  return tile;
}

describe('an index', () => {
  test.each(Object.keys(GOLDEN) as IndexId[])(
    '%s of seven surfaces is what METHODS 3.2 prints',
    async (id) => {
      const tile = await computeIndex(id, tileOf(Object.values(SPECTRA)), cpu);
      for (const [i, value] of GOLDEN[id].entries()) expect(tile.bands[id]![i]).toBeCloseTo(value, 5.9);
      expect([...tile.quality]).toEqual(new Array(7).fill(0));
    },
  );

  test('NDWI is minus GNDVI, bit for bit', async () => {
    const tile = tileOf(Object.values(SPECTRA));
    const ndwi = await computeIndex('NDWI', tile, cpu);
    const gndvi = await computeIndex('GNDVI', tile, cpu);
    expect([...ndwi.bands.NDWI]).toEqual([...gndvi.bands.GNDVI].map((x) => -x));
  });

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
    const spectra = Object.values(SPECTRA);
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
