import { seeded } from '../../../pipeline/core/random.ts';
import { quantise } from '../../../pipeline/indices/compute.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import type { StoredFormula } from '../../../pipeline/kernels/verify.ts';

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

/** Bands whose first pixels are every pair of awkward numbers and the rest reflectance, stored as 0.0001 counts. */
export function awkwardBands(length: number): Record<'B' | 'G' | 'R' | 'N', Float32Array> {
  const random = seeded(length);
  const pair = (i: number): [number, number] => [
    AWKWARD[i % AWKWARD.length]!,
    AWKWARD[Math.floor(i / AWKWARD.length)]!,
  ];
  const isPair = (i: number) => i < AWKWARD.length ** 2;
  const reflectance = () => Math.round(random() * 6000) * 0.0001;
  return {
    N: Float32Array.from({ length }, (_, i) => (isPair(i) ? pair(i)[0] : reflectance())),
    R: Float32Array.from({ length }, (_, i) => (isPair(i) ? pair(i)[1] : reflectance())),
    G: Float32Array.from({ length }, (_, i) => (isPair(i) ? pair(i)[1] : reflectance())),
    B: Float32Array.from({ length }, reflectance),
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
  return { id: text, node: parseFormula(text), stored };
}
