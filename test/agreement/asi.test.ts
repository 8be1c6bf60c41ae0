import { describe, expect, it } from 'vitest';
import asi from '../../fixtures/golden/asi-v1.json' with { type: 'json' };
import { INDICES, type IndexId } from '../../pipeline/indices/table.ts';
import { evaluate } from '../../pipeline/kernels/cpu.ts';
import { bandsOf, parseFormula } from '../../pipeline/kernels/formula.ts';
import { randomTile } from '../pipeline/indices/spectra.ts';

interface Catalogued {
  readonly formula: string;
  readonly constants: Readonly<Record<string, number>>;
}

const CATALOGUE: Readonly<Record<string, Catalogued>> = asi.indices;
const PIXELS = 5000;

/** Where we mean to differ from the catalogue, and by how much at most. */
const ON_PURPOSE: Readonly<Partial<Record<IndexId, { why: string; most: number }>>> = {
  EVI2: { why: '2.4 as published, where the catalogue derives 6 − 7.5/2.08 = 2.394', most: 0.004 },
};

/** Formulas that the catalogue writes in words of its own. */
const IN_OUR_WORDS: Readonly<Partial<Record<IndexId, string>>> = {
  // kernel(a, b) = exp(−(a − b)²/(2σ²)) with σ = (N + R)/2, and kernel(N, N) = 1.
  kNDVI: '(1 - exp(-((N - R)**2)/(2*(0.5*(N + R))**2)))/(1 + exp(-((N - R)**2)/(2*(0.5*(N + R))**2)))',
  // Narrow bands at 678, 500 and 750 nm, for which red, blue and the second red edge stand.
  PSRI: '(R-B)/RE2',
};

function withConstants({ formula, constants }: Catalogued): string {
  return formula.replace(/\b[A-Za-z][A-Za-z0-9]*\b/g, (word) =>
    Object.hasOwn(constants, word) ? String(constants[word]) : word,
  );
}

function valuesOf(formula: string): Float32Array {
  const out = new Float32Array(PIXELS);
  evaluate(parseFormula(formula), randomTile(PIXELS, 21).bands, out);
  return out;
}

describe('Awesome Spectral Indices v1', () => {
  it('has every index of ours under its name, but those we call local', () => {
    const local = (Object.keys(INDICES) as IndexId[]).filter((id) => !Object.hasOwn(CATALOGUE, id));
    expect(local).toEqual(['HOT']);
    for (const id of local) expect(INDICES[id].source).toContain('local');
  });

  it.each(Object.keys(CATALOGUE) as IndexId[])('means by %s what we do', (id) => {
    const theirs = IN_OUR_WORDS[id] ?? withConstants(CATALOGUE[id]!);
    expect(bandsOf(parseFormula(theirs)).sort()).toEqual([...INDICES[id].bands].sort());
    const [ours, expected] = [valuesOf(INDICES[id].formula), valuesOf(theirs)];
    const most = ON_PURPOSE[id]?.most ?? 2e-6;
    let compared = 0;
    for (let i = 0; i < PIXELS; i++) {
      // Where a formula is singular the last digit decides everything; those values are none of ours.
      if (!(Math.abs(expected[i]!) <= 1000)) continue;
      compared += 1;
      expect(Math.abs(ours[i]! - expected[i]!) / Math.max(1, Math.abs(expected[i]!))).toBeLessThanOrEqual(
        most,
      );
    }
    expect(compared).toBeGreaterThan(PIXELS / 3);
    if (ON_PURPOSE[id] !== undefined) expect([...ours]).not.toEqual([...expected]);
  });
});
