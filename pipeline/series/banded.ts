/**
 * Symmetric systems with two bands beside the diagonal, as smoothing makes them, in float64 and in time proportional to their
 * size. Source: A = L D Lᵀ without square roots, Golub and Van Loan, Matrix Computations, 4th ed., 4.3; elements of the
 * inverse inside the band, Hutchinson and de Hoog 1985, doi 10.1007/BF01389878.
 */

/** A symmetric matrix by its diagonal and the two above it: `first[i]` is element (i, i + 1), `second[i]` (i, i + 2). */
export interface Banded {
  readonly diagonal: Float64Array;
  readonly first: Float64Array;
  readonly second: Float64Array;
}

/** `L D Lᵀ` of a banded matrix: D, and the two diagonals below that of L, which is 1. */
export type Factors = Banded;

export function bandedOf(size: number): Banded {
  return {
    diagonal: new Float64Array(size),
    first: new Float64Array(size),
    second: new Float64Array(size),
  };
}

/** Factors of a positive definite matrix; null when it is not, within rounding. */
export function factor({ diagonal, first, second }: Banded): Factors | null {
  const n = diagonal.length;
  const factors = bandedOf(n);
  const { diagonal: d, first: c, second: e } = factors;
  // What stands on the first band before it is divided: c · d.
  let above = 0;
  for (let i = 0; i < n; i++) {
    const left = i > 0 ? c[i - 1]! : 0;
    const far = i > 1 ? second[i - 2]! * e[i - 2]! : 0;
    const pivot = diagonal[i]! - left * above - far;
    if (!(pivot > SINGULAR * diagonal[i]!)) return null;
    above = first[i]! - left * (i > 0 ? second[i - 1]! : 0);
    d[i] = pivot;
    c[i] = above / pivot;
    e[i] = second[i]! / pivot;
  }
  return factors;
}

/** A pivot this small beside its diagonal is rounding, not information. */
const SINGULAR = 1e-14;

/** Solves `A x = right` from the factors of A. */
export function solve({ diagonal: d, first: c, second: e }: Factors, right: Float64Array): Float64Array {
  const n = d.length;
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    x[i] = right[i]! - (i > 0 ? c[i - 1]! * x[i - 1]! : 0) - (i > 1 ? e[i - 2]! * x[i - 2]! : 0);
  }
  for (let i = n - 1; i >= 0; i--) {
    x[i] = x[i]! / d[i]! - (i + 1 < n ? c[i]! * x[i + 1]! : 0) - (i + 2 < n ? e[i]! * x[i + 2]! : 0);
  }
  return x;
}

/** Elements of A⁻¹ on the diagonal and the two bands beside it, from the factors of A. */
export function inverseBand({ diagonal: d, first: c, second: e }: Factors): Banded {
  const n = d.length;
  const inverse = bandedOf(n);
  const { diagonal, first, second } = inverse;
  for (let i = n - 1; i >= 0; i--) {
    const [next, after] = [i + 1 < n ? c[i]! : 0, i + 2 < n ? e[i]! : 0];
    if (i + 2 < n) second[i] = -next * first[i + 1]! - after * diagonal[i + 2]!;
    if (i + 1 < n) first[i] = -next * diagonal[i + 1]! - after * first[i + 1]!;
    diagonal[i] = 1 / d[i]! - next * first[i]! - after * second[i]!;
  }
  return inverse;
}
