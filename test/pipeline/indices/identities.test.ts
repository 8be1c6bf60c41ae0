import { describe, expect, test } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { computeIndex, quantise } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { evaluate } from '../../../pipeline/kernels/cpu.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import { type AnyBand, aTileOf, randomTile } from './spectra.ts';

const cpu = await openBackend('cpu');
const PIXELS = 20_000;
const SEEDS = [1, 2, 3];

/** Values of an index over random reflectance, no number where it is undefined. */
async function valuesOf(id: IndexId, seed: number, change = (value: number) => value): Promise<Float32Array> {
  const tile = randomTile(PIXELS, seed);
  for (const band of Object.values(tile.bands)) for (let i = 0; i < PIXELS; i++) band[i] = change(band[i]!);
  const index = await computeIndex(id, tile, cpu);
  const values = Object.values<Float32Array>(index.bands)[0]!;
  return values.map((value, i) => (index.quality[i] === 0 ? value : Number.NaN));
}

function formulaOver(text: string, seed: number): Float32Array {
  const out = new Float32Array(PIXELS);
  evaluate(parseFormula(text), randomTile(PIXELS, seed).bands, out);
  return out;
}

function largestDifference(a: Float32Array, b: Float32Array): number {
  let largest = 0;
  let compared = 0;
  for (let i = 0; i < a.length; i++) {
    if (Number.isNaN(a[i]!) || Number.isNaN(b[i]!)) continue;
    compared += 1;
    largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  }
  expect(compared).toBeGreaterThan(PIXELS / 4);
  return largest;
}

describe.each(SEEDS)('over 20,000 random pixels (seed %i)', (seed) => {
  test('NDWI is minus GNDVI and NGRDI minus NDTI, bit for bit', async () => {
    for (const [one, other] of [
      ['NDWI', 'GNDVI'],
      ['NGRDI', 'NDTI'],
    ] as const)
      expect([...(await valuesOf(one, seed))]).toEqual(
        [...(await valuesOf(other, seed))].map((x) => (x === 0 ? 0 : -x)),
      );
  });

  test('NDSI is MNDWI, and LSWI is NDMI, bit for bit', async () => {
    expect([...(await valuesOf('MNDWI', seed))]).toEqual([...formulaOver('(G - S1)/(G + S1)', seed)]);
    expect([...(await valuesOf('NDMI', seed))]).toEqual([...formulaOver('(N - S1)/(N + S1)', seed)]);
  });

  test('MCARI2 is MTVI2 to float32', async () => {
    const mcari2 = formulaOver(
      '1.5*(2.5*(N - R) - 1.3*(N - G))/(((2.0*N + 1)**2 - (6.0*N - 5*R**0.5) - 0.5)**0.5)',
      seed,
    );
    expect(largestDifference(await valuesOf('MTVI2', seed), mcari2)).toBeLessThan(1e-5);
  });

  test('SAVI without its soil term is NDVI', async () => {
    expect(
      largestDifference(await valuesOf('NDVI', seed), formulaOver('(1.0 + 0)*(N - R)/(N + R + 0)', seed)),
    ).toBe(0);
  });

  test('kNDVI is tanh(NDVI²), the kernel form with σ = (N + R)/2', async () => {
    const kndvi = await valuesOf('kNDVI', seed);
    const ndvi = await valuesOf('NDVI', seed);
    const direct = ndvi.map((x) => (x < 0 ? Number.NaN : Math.tanh(x * x)));
    expect(largestDifference(kndvi, direct)).toBeLessThan(2e-7);
    // k(N, R) = exp(−(N − R)²/(2 σ²)), k(N, N) = 1.
    const k = 'exp(-((N - R)**2)/(2*(0.5*(N + R))**2))';
    expect(largestDifference(kndvi, formulaOver(`(1 - ${k})/(1 + ${k})`, seed))).toBeLessThan(1e-6);
  });

  test('CIG is SR of green less one, and NIRv is NDVI times N', async () => {
    expect(largestDifference(await valuesOf('CIG', seed), formulaOver('N/G - 1', seed))).toBe(0);
    const { N } = randomTile(PIXELS, seed).bands;
    const product = (await valuesOf('NDVI', seed)).map((x, i) => x * N[i]!);
    expect(largestDifference(await valuesOf('NIRv', seed), product)).toBe(0);
  });

  test.each([
    'NDVI',
    'GNDVI',
    'NDWI',
    'NGRDI',
    'GLI',
    'NDREI',
    'RENDVI',
    'NDCI',
    'NDMI',
    'MNDWI',
    'NBR',
    'NBR2',
    'BI',
    'SR',
    'DSWI4',
    'DSWI5',
    'STI',
  ] as const)('%s does not change when all reflectance is scaled', async (id) => {
    const plain = await valuesOf(id, seed);
    // Halving is exact, so that every bit stays; another factor moves the last digits only.
    expect([...(await valuesOf(id, seed, (x) => x * 0.5))]).toEqual([...plain]);
    const scaled = await valuesOf(id, seed, (x) => x * 0.37);
    // Dark pixels hold few digits: compare as a share of the range.
    const [min, max] = INDICES[id].range;
    expect(largestDifference(plain, scaled) / (max - min)).toBeLessThan(2e-6);
  });

  test('normalised differences with no negative band are all defined but for 0/0, and within −1 … 1', async () => {
    for (const id of ['NDVI', 'GNDVI', 'NGRDI', 'NDMI', 'NBR2'] as const) {
      const tile = randomTile(PIXELS, seed);
      const { quality, bands } = await computeIndex(id, tile, cpu);
      const [a, b] = INDICES[id].bands.map((name) => tile.bands[name]) as [Float32Array, Float32Array];
      for (let i = 0; i < PIXELS; i++) {
        expect(quality[i]! === 0).toBe(a[i]! + b[i]! >= 1e-6);
        if (quality[i] === 0)
          expect(Math.abs(Object.values<Float32Array>(bands)[0]![i]!)).toBeLessThanOrEqual(1);
      }
    }
  });
});

describe('a stage of one pixel at a time', () => {
  test('EVI2 of a canopy is within 0.05 of its EVI', async () => {
    const maize = aTileOf(1);
    const [evi, evi2] = await Promise.all([
      computeIndex('EVI', maize, cpu),
      computeIndex('EVI2', maize, cpu),
    ]);
    expect(Math.abs(evi.bands.EVI[0]! - evi2.bands.EVI2[0]!)).toBeLessThan(0.05);
    expect(evi.bands.EVI[0]).not.toBe(evi2.bands.EVI2[0]);
  });

  test.each(Object.keys(INDICES) as IndexId[])(
    '%s does not depend on the pixels around it, nor a masked pixel on its value',
    async (id) => {
      const tile = randomTile(500, 7);
      const whole = quantise(await computeIndex(id, tile, cpu), INDICES[id].scale);
      const turned = Object.fromEntries(
        Object.entries(tile.bands).map(([name, band]) => [name, band.toReversed()]),
      ) as Record<AnyBand, Float32Array>;
      const back = quantise(await computeIndex(id, { ...tile, bands: turned }, cpu), INDICES[id].scale);
      expect([...back.toReversed()]).toEqual([...whole]);
      const masked = {
        ...tile,
        quality: Uint16Array.from(tile.quality, (_, i) => (i % 3 === 0 ? QUALITY.CLOUD.bit : 0)),
      };
      const some = quantise(await computeIndex(id, masked, cpu), INDICES[id].scale);
      expect([...some]).toEqual([...whole].map((count, i) => (i % 3 === 0 ? -32768 : count)));
    },
  );
});
