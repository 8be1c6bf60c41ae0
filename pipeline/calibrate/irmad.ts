import { cholesky, solveLower, solveUpper, symmetricEigen } from './eigen.ts';
import { type Moments, sumMoments } from './moments.ts';
import { chiSquareSurvival } from './special.ts';

/** Iterations end when no correlation moves by more than this, or after so many (values of METHODS 1.4). */
const SETTLED = 1e-3;
const MOST_ITERATIONS = 50;

/** Variance of a variate that two images without any noise would have; keeps 0/0 out. */
const LEAST_VARIANCE = 1e-12;

/** One band of the pixels that are compared. */
export type Plane = Float32Array | Float64Array;

export interface Irmad {
  /** Canonical correlations, largest first. */
  readonly correlations: readonly number[];
  /** For every pixel the probability that it did not change. */
  readonly weights: Float64Array;
  readonly iterations: number;
}

/**
 * Iteratively re-weighted multivariate alteration detection of two images of the same pixels, p bands each (Nielsen 2007,
 * doi 10.1109/TIP.2006.888195; METHODS 1.4): which pixels are the same in both but for an affine change of the bands.
 * Null where a band is constant or follows from others. All arrays are of one length; every pixel is valid.
 */
export function irmad(x: readonly Plane[], y: readonly Plane[]): Irmad | null {
  const p = x.length;
  const n = x[0]!.length;
  const bands = [...x, ...y];
  const first = sumMoments(2 * p);
  first.add(bands);
  const centre = first.finish().mean;
  let weights: Float64Array = new Float64Array(n).fill(1);
  let correlations: readonly number[] = new Array<number>(p).fill(Number.POSITIVE_INFINITY);
  for (let iterations = 1; ; iterations++) {
    const sum = sumMoments(2 * p, centre);
    sum.add(bands, weights);
    const moments = sum.finish();
    const variates = canonicalVariates(moments, p);
    if (variates === null) return null;
    weights = unchanged(bands, moments.mean, variates, n);
    const moved = Math.max(...variates.map(({ rho }, k) => Math.abs(rho - correlations[k]!)));
    correlations = variates.map(({ rho }) => rho);
    if (moved < SETTLED || iterations === MOST_ITERATIONS) return { correlations, weights, iterations };
  }
}

/** One pair of combinations, aᵀx and bᵀy, of unit variance each, and their correlation. */
interface Variate {
  readonly a: readonly number[];
  readonly b: readonly number[];
  readonly rho: number;
}

/**
 * S12 S22⁻¹ S21 a = ρ² S11 a, made symmetric by the Cholesky factors of S11 and S22: with K = L1⁻¹ S12 L2⁻ᵀ it is
 * K Kᵀ v = ρ² v, a = L1⁻ᵀ v and b = L2⁻ᵀ Kᵀ v / ρ.
 */
function canonicalVariates({ covariance }: Moments, p: number): Variate[] | null {
  const part = (rows: number, columns: number) =>
    covariance.slice(rows, rows + p).map((row) => row.slice(columns, columns + p));
  const [one, two] = [cholesky(part(0, 0)), cholesky(part(p, p))];
  if (one === null || two === null) return null;
  // Rows of S12 solved by L2, then columns by L1.
  const half = part(0, p).map((row) => solveLower(two, row));
  const columns = Array.from({ length: p }, (_, j) =>
    solveLower(
      one,
      half.map((row) => row[j]!),
    ),
  );
  const product = Array.from({ length: p }, (_, i) =>
    Array.from({ length: p }, (_, j) => columns.reduce((sum, column) => sum + column[i]! * column[j]!, 0)),
  );
  const { values, vectors } = symmetricEigen(product);
  return vectors.map((v, k) => {
    const rho = Math.sqrt(Math.min(1, Math.max(0, values[k]!)));
    const turned = columns.map((column) => column.reduce((sum, value, i) => sum + value * v[i]!, 0));
    // Without correlation any direction does; length 1 keeps the variance right.
    const length = Math.hypot(...turned) || 1;
    return {
      a: solveUpper(one, v),
      b: solveUpper(
        two,
        turned.map((value) => value / length),
      ),
      rho,
    };
  });
}

/** P(χ²_p > Σ M² / σ²) of every pixel, with σ² = 2(1 − ρ). */
function unchanged(
  bands: readonly Plane[],
  mean: readonly number[],
  variates: readonly Variate[],
  n: number,
): Float64Array {
  const p = variates.length;
  const scaled = variates.map(({ a, b, rho }) => {
    const scale = 1 / Math.sqrt(Math.max(LEAST_VARIANCE, 2 * (1 - rho)));
    return [...a.map((value) => scale * value), ...b.map((value) => -scale * value)];
  });
  // The means are taken out once for each variate, not for each pixel.
  const shifts = scaled.map((row) => row.reduce((sum, value, j) => sum + value * mean[j]!, 0));
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let z = 0;
    for (let k = 0; k < p; k++) {
      const row = scaled[k]!;
      let m = -shifts[k]!;
      for (let j = 0; j < 2 * p; j++) m += row[j]! * bands[j]![i]!;
      z += m * m;
    }
    weights[i] = chiSquareSurvival(z, p);
  }
  return weights;
}

/** A line y = offset + slope · x. */
export interface Line {
  readonly offset: number;
  readonly slope: number;
}

/** Orthogonal regression: the line of least squared distance to the points, from their moments (METHODS 1.4). */
export function orthogonalLine({ mean, covariance }: Moments): Line {
  const [[sxx, sxy], [, syy]] = covariance as [[number, number], [number, number]]; // of two components
  const slope = (syy - sxx + Math.sqrt((syy - sxx) ** 2 + 4 * sxy * sxy)) / (2 * sxy);
  return { offset: mean[1]! - slope * mean[0]!, slope };
}
