import { type Rows, solveSymmetric } from '../models/linear.ts';

/** Normal distribution of a class. */
interface Class {
  readonly mean: Float64Array;
  readonly covariance: readonly Float64Array[];
  readonly logDeterminant: number;
  readonly logShare: number;
}

/** Log odds that a row of features belongs to the positives. */
export type Discriminant = (row: ArrayLike<number>) => number;

/**
 * Quadratic discriminant: each class is a normal distribution with its own covariance (ddof 1), shares as in the training
 * rows; above 0 a row is more likely positive. Null where a class does not determine its covariance.
 * Source: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 4.3.
 */
export function quadraticDiscriminant(rows: Rows, truth: readonly boolean[]): Discriminant | null {
  const classOf = (is: boolean) => {
    const own = rows.filter((_, i) => truth[i] === is);
    return fitClass(own, own.length / rows.length);
  };
  const [positive, negative] = [classOf(true), classOf(false)];
  if (positive === null || negative === null) return null;
  return (row) => logDensity(positive, row) - logDensity(negative, row);
}

function fitClass(rows: Rows, share: number): Class | null {
  const size = rows[0]?.length ?? 0;
  if (rows.length <= size) return null;
  const mean = new Float64Array(size);
  for (const row of rows) for (let f = 0; f < size; f++) mean[f]! += row[f]! / rows.length;
  const covariance = Array.from({ length: size }, () => new Float64Array(size));
  for (const row of rows)
    for (let a = 0; a < size; a++)
      for (let b = 0; b < size; b++)
        covariance[a]![b]! += ((row[a]! - mean[a]!) * (row[b]! - mean[b]!)) / (rows.length - 1);
  const logDeterminant = logDeterminantOf(covariance);
  return Number.isNaN(logDeterminant)
    ? null
    : { mean, covariance, logDeterminant, logShare: Math.log(share) };
}

/** By elimination; NaN for a matrix that is not positive definite, to rounding. */
function logDeterminantOf(matrix: readonly Float64Array[]): number {
  const a = matrix.map((row) => row.slice());
  let sum = 0;
  for (let k = 0; k < a.length; k++) {
    const pivot = a[k]![k]!;
    if (!(pivot > 1e-12 * matrix[k]![k]!)) return Number.NaN;
    sum += Math.log(pivot);
    for (let i = k + 1; i < a.length; i++) {
      const share = a[i]![k]! / pivot;
      for (let j = k; j < a.length; j++) a[i]![j]! -= share * a[k]![j]!;
    }
  }
  return sum;
}

function logDensity({ mean, covariance, logDeterminant, logShare }: Class, row: ArrayLike<number>): number {
  const off = mean.map((value, f) => row[f]! - value);
  const solved = solveSymmetric(covariance, off)!; // positive definite, as its determinant said
  const distance = off.reduce((sum, value, f) => sum + value * solved[f]!, 0);
  return logShare - 0.5 * (distance + logDeterminant);
}
