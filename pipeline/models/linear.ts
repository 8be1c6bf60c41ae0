/** A symmetric matrix row by row, or any list of rows. */
export type Rows = readonly ArrayLike<number>[];

/** Solves a·x = b for a symmetric positive definite matrix (Cholesky); null where it is not, to rounding. */
export function solveSymmetric(a: Rows, b: ArrayLike<number>): Float64Array | null {
  const n = b.length;
  const lower = Array.from({ length: n }, () => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    const row = lower[i]!;
    for (let j = 0; j <= i; j++) {
      const other = lower[j]!;
      let sum = a[i]![j]!;
      for (let k = 0; k < j; k++) sum -= row[k]! * other[k]!;
      if (i !== j) row[j] = sum / other[j]!;
      else if (sum > 1e-12 * a[i]![i]!) row[i] = Math.sqrt(sum);
      else return null;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k]![i]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  return x;
}

/** Mean and standard deviation (ddof 1) of every feature; a constant feature gets a deviation of 1. */
export function standardOf(rows: Rows, features: number): { mean: Float64Array; scale: Float64Array } {
  const mean = new Float64Array(features);
  const scale = new Float64Array(features);
  for (const row of rows) for (let f = 0; f < features; f++) mean[f]! += row[f]! / rows.length;
  for (const row of rows) for (let f = 0; f < features; f++) scale[f]! += (row[f]! - mean[f]!) ** 2;
  for (let f = 0; f < features; f++) {
    const deviation = Math.sqrt(scale[f]! / Math.max(1, rows.length - 1));
    scale[f] = deviation > 1e-12 * Math.max(1, Math.abs(mean[f]!)) ? deviation : 1;
  }
  return { mean, scale };
}

/** Rows less the mean, over the scale. */
export function standardise(rows: Rows, mean: ArrayLike<number>, scale: ArrayLike<number>): Float64Array[] {
  return rows.map((row) => Float64Array.from(row, (value, f) => (value - mean[f]!) / scale[f]!));
}

/**
 * Eigenvalues, largest first, and unit eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan,
 * Matrix Computations, 8.5).
 */
export function eigenOf(matrix: Rows): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => Float64Array.from(row));
  const v = matrix.map((_, i) => Float64Array.from({ length: n }, (_, j) => (i === j ? 1 : 0)));
  const trace = a.reduce((sum, row, i) => sum + Math.abs(row[i]!), 0);
  for (let sweep = 0; sweep < 40; sweep++) {
    let off = 0;
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) off += a[i]![j]! ** 2;
    if (off <= (1e-13 * trace) ** 2) break;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotate(a, v, p, q);
  }
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => a[j]![j]! - a[i]![i]!);
  // Rows of v are eigenvectors: they are turned with the rows of a.
  return { values: order.map((i) => a[i]![i]!), vectors: order.map((i) => Array.from(v[i]!)) };
}

function rotate(a: Float64Array[], v: Float64Array[], p: number, q: number): void {
  const [ap, aq] = [a[p]!, a[q]!];
  const apq = ap[q]!;
  if (apq === 0) return;
  const theta = (aq[q]! - ap[p]!) / (2 * apq);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const c = 1 / Math.sqrt(t * t + 1);
  const s = t * c;
  for (const row of a) {
    const [x, y] = [row[p]!, row[q]!];
    row[p] = c * x - s * y;
    row[q] = s * x + c * y;
  }
  const [vp, vq] = [v[p]!, v[q]!];
  for (let k = 0; k < ap.length; k++) {
    const [x, y] = [ap[k]!, aq[k]!];
    ap[k] = c * x - s * y;
    aq[k] = s * x + c * y;
    const [u, w] = [vp[k]!, vq[k]!];
    vp[k] = c * u - s * w;
    vq[k] = s * u + c * w;
  }
}
