import { describe, expect, test } from 'vitest';
import golden from '../../../fixtures/golden/indices.json' with { type: 'json' };
import { computeIndex, formulaOf, NODATA_COUNT, quantise } from '../../../pipeline/indices/compute.ts';
import {
  INDICES,
  type IndexId,
  type IndexRow,
  indexNamed,
  OTHER_NAMES,
} from '../../../pipeline/indices/table.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { evaluate } from '../../../pipeline/kernels/cpu.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import { aTileOf, spectraBands } from './spectra.ts';

const IDS = Object.keys(INDICES) as IndexId[];
const SURFACES = Object.keys(golden.spectra);
const cpu = await openBackend('cpu');

/**
 * What the numerical contract refuses of the golden values: the surface and why. Everything else is published.
 * MTCI and S2REP on a flat red edge are the "meaningless 1.0 and 722.5" of METHODS 3.1.
 */
const REFUSED: Readonly<Partial<Record<IndexId, readonly string[]>>> = {
  // NDVI < 0, whose square would pass for vegetation.
  kNDVI: ['water', 'snow'],
  MTCI: ['soil', 'water', 'snow', 'cloud'],
  S2REP: ['soil', 'water', 'snow', 'cloud'],
};

/** Where EVI gives way to EVI2, because blue is above 0.2. */
const EVI2_INSTEAD = ['snow', 'cloud'];

describe('every index', () => {
  test.each(IDS)('%s of seven surfaces is what METHODS 3.2 prints, to six decimals', (id) => {
    const out = new Float32Array(SURFACES.length);
    evaluate(parseFormula(INDICES[id].formula), spectraBands(), out);
    const { values } = golden.indices[id];
    expect(values).toHaveLength(7);
    // Six decimals, or float32's seven digits where the number is large or a small difference was divided by.
    for (const [i, value] of values.entries()) {
      // Six decimals. MTCI of a flat red edge divides 0.01 by 0.01, and float32 knows 0.46 − 0.45 to five digits only.
      const tolerance = (id === 'MTCI' ? 4e-6 : 1.5e-6) * Math.max(1, Math.abs(value));
      expect(Math.abs(out[i]! - value), `${id} of ${SURFACES[i]}`).toBeLessThanOrEqual(tolerance);
    }
  });

  test.each(IDS)('%s is published for exactly the surfaces that it means something for', async (id) => {
    const tile = await computeIndex(id, aTileOf(SURFACES.length), cpu);
    const counts = quantise(tile, INDICES[id].scale);
    for (const [i, surface] of SURFACES.entries()) {
      const source = id === 'EVI' && EVI2_INSTEAD.includes(surface) ? 'EVI2' : id;
      const value = golden.indices[source].values[i]!;
      const where = `${id} of ${surface}`;
      if (REFUSED[id]?.includes(surface)) expect(counts[i], where).toBe(NODATA_COUNT);
      else expect(Math.abs(counts[i]! - value / INDICES[id].scale), where).toBeLessThanOrEqual(0.52);
    }
  });

  test('has a golden value for each of the seven surfaces, under the key its other name leads to', () => {
    expect(Object.keys(golden.indices)).toEqual(IDS);
    const names: Readonly<Record<string, IndexId>> = OTHER_NAMES;
    for (const id of IDS) {
      const { oracle } = golden.indices[id];
      expect(oracle === id || names[oracle] === id, `${oracle} for ${id}`).toBe(true);
    }
  });

  test('is known by one name: another name is never also an index', () => {
    for (const [other, id] of Object.entries(OTHER_NAMES)) {
      expect(IDS).toContain(id);
      expect(IDS).not.toContain(other);
      expect(() => indexNamed(other)).toThrow(`no such index: ${other} (here it is ${id})`);
    }
    expect(indexNamed('NDVI')).toBe('NDVI');
    for (const text of ['', 'ndvi', 'toString', '__proto__'])
      expect(() => indexNamed(text)).toThrow(expect.objectContaining({ code: 'E_INDEX_UNKNOWN' }));
  });
});

describe('the numerical contract', () => {
  async function stored(id: IndexId, pixel: Partial<Record<string, number>>): Promise<number | null> {
    const tile = aTileOf(1, pixel);
    const count = quantise(await computeIndex(id, tile, cpu), INDICES[id].scale)[0]!;
    return count === NODATA_COUNT ? null : count;
  }

  test.each<[IndexId, Partial<Record<string, number>>, string]>([
    ['NDVI', { N: 4e-7, R: 4e-7 }, 'a divisor of 0.0000008'],
    ['SR', { N: 0.000001, R: 0.0000009 }, 'a divisor under a millionth'],
    ['IRECI', { RE1: 0.1, RE2: 0 }, 'a divisor inside a divisor'],
    ['MSAVI2', { N: 0.4, R: -0.001 }, 'a root whose formula needs R ≥ 0'],
    ['MTVI2', { R: -0.001 }, 'the root of a negative number'],
    ['RDVI', { N: -0.01, R: -0.01 }, 'the root of a negative sum'],
    ['CIG', { N: 0.02, G: 0.004 }, 'green under 0.005'],
    ['CIRE', { N: 0.02, RE1: 0.004 }, 'the red edge under 0.005'],
    ['VARI', { G: 0.05, R: 0.04, B: 0.085 }, 'G + R − B of 0.005'],
    ['MTCI', { RE2: 0.12, RE1: 0.105, R: 0.08 }, 'RE2 − RE1 of 0.015'],
    ['MTCI', { RE2: 0.3, RE1: 0.09, R: 0.088 }, 'RE1 − R of 0.002'],
    ['S2REP', { RE2: 0.109, RE1: 0.09 }, 'RE2 − RE1 of 0.019'],
    ['kNDVI', { N: 0.02, R: 0.03 }, 'a negative NDVI'],
    ['SR', { N: 0.9, R: 0.02 }, 'a ratio of 45, beyond the range'],
    ['NDVI', { N: 0.3, R: -0.01 }, 'a normalised difference above 1'],
  ])('%s of %o is undefined: %s', async (id, pixel) => {
    expect(await stored(id, pixel)).toBeNull();
  });

  test.each<[IndexId, Partial<Record<string, number>>, number | null]>([
    // (1 − 0)/(1 + 0) at the least divisor that is one.
    ['NDVI', { N: 1.1e-6, R: 0 }, 10_000],
    ['CIG', { N: 0.02, G: 0.006 }, 2333],
    ['VARI', { G: 0.05, R: 0.035, B: 0.06 }, 6000],
    ['MTCI', { RE2: 0.125, RE1: 0.1, R: 0.08 }, 1250],
    ['S2REP', { RE3: 0.4, RE2: 0.3, RE1: 0.09, R: 0.035 }, 7263],
    // A little under 0 is kept: clipping would bias water and shadow.
    ['NDWI', { G: 0.02, N: -0.005 }, null],
    ['SAVI', { N: -0.005, R: 0.02 }, -728],
    ['kNDVI', { N: 0.03, R: 0.03 }, 0],
  ])('%s of %o is stored as %s', async (id, pixel, count) => {
    expect(await stored(id, pixel)).toBe(count);
  });

  test('EVI is EVI2 where blue is above 0.2 or EVI beyond 1, and itself everywhere else', async () => {
    // N = 0.5, R = 0.1: EVI 2.5·0.4/(0.5 + 0.6 − 7.5 B + 1), EVI2 1/1.74 = 0.5747.
    const evi = (B: number) => stored('EVI', { N: 0.5, R: 0.1, B });
    expect(await evi(0.05)).toBe(Math.round(10_000 / (2.1 - 0.375)));
    expect(await evi(0.13)).toBe(Math.round(10_000 / (2.1 - 0.975)));
    // At B = 0.15 EVI is 1.03, at 0.28 the denominator is 0, at 0.4 EVI is −1.11.
    for (const B of [0.15, 0.21, 0.28, 0.4]) expect(await evi(B), `B = ${B}`).toBe(5747);
    expect(await stored('EVI', { N: 0, R: 0, B: 0.5 })).toBe(0);
  });

  test('a row without bands for its requirements, or that falls back on one with other bands, is not in the table', () => {
    for (const [id, row] of Object.entries<IndexRow>(INDICES)) {
      const bands = new Set<string>(row.bands);
      const known = formulaOf(id as IndexId);
      expect(known, id).toBeDefined();
      for (const { formula } of row.requires ?? [])
        for (const name of formula.match(/[A-Z][A-Z0-9]*/g) ?? [])
          expect(bands, `${id} ${name}`).toContain(name);
      if (row.otherwise !== undefined)
        for (const name of INDICES[row.otherwise as IndexId].bands) expect(bands, id).toContain(name);
    }
  });
});
