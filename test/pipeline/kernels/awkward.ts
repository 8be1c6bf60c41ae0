import { seeded } from '../../../pipeline/core/random.ts';
import { NODATA_COUNT, quantise } from '../../../pipeline/indices/compute.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import type { StoredFormula } from '../../../pipeline/kernels/verify.ts';
import type { AnyBand } from '../indices/spectra.ts';

/** Stored numbers and floats on which back ends may part: no number, infinities, both zeros, limits of the formats. */
const AWKWARD = [
  0,
  -0,
  Number.NaN,
  Infinity,
  -Infinity,
  -0.02,
  -1,
  1,
  1.6,
  4095,
  65535,
  0.4095,
  6.5535,
  1e-7,
  1e-20,
  1e20,
  3e38,
];

/**
 * Every band a row may ask for, whose first pixels are every pair of awkward numbers (one in some bands, the other in
 * the rest) and the others reflectance, stored as 0.0001 counts.
 */
export function awkwardBands(length: number): Record<AnyBand, Float32Array> {
  const random = seeded(length);
  const pairs = AWKWARD.length ** 2;
  const band = (of: (i: number) => number) =>
    Float32Array.from({ length }, (_, i) => (i < pairs ? of(i) : Math.round(random() * 6000) * 0.0001));
  const first = (i: number) => AWKWARD[i % AWKWARD.length]!;
  const second = (i: number) => AWKWARD[Math.floor(i / AWKWARD.length)]!;
  return {
    N: band(first),
    R: band(second),
    G: band(second),
    B: band(() => 0.05),
    RE1: band(second),
    RE2: band(first),
    RE3: band(first),
    N2: band(first),
    S1: band(second),
    S2: band(first),
  };
}

/** A formula that is stored as indices are, at a scale of its own and without a range. */
export function storedAt(text: string, scale: number): StoredFormula {
  const stored = (values: Float32Array) => {
    const grid = { width: values.length, height: 1, transform: [0, 1, 0, 0, 0, -1] as const, epsg: null };
    return quantise(
      { unit: 'index', grid, bands: { value: values }, quality: new Uint16Array(values.length) },
      scale,
    );
  };
  return { id: text, node: parseFormula(text), stored, nodata: NODATA_COUNT, tolerance: 0 };
}
