import { type Affine, apply, isInvertible } from '../core/affine.ts';

/** A ground control point: pixel position (edge coordinates: the first pixel's centre is 0.5, 0.5) and world position. */
export interface Gcp {
  readonly col: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** An affine transform through ground control points, and how far from them it is. */
export interface GcpFit {
  readonly transform: Affine;
  /** Root mean square of the distances at the points, in units of the CRS. */
  readonly rms: number;
}

/**
 * The affine transform that fits ground control points best (least squares); null for fewer than three, or points on a line.
 * A raster with points is not placed by this unless somebody asks for it: a plane through a mountain is a plane.
 * `fitGcps(points)!.rms` of the four corners of a square is 0.
 */
export function fitGcps(points: readonly Gcp[]): GcpFit | null {
  const n = points.length;
  if (n < 3) return null;
  const mean = (of: (point: Gcp) => number) => points.reduce((sum, point) => sum + of(point), 0) / n;
  const [col, row, x, y] = [mean((p) => p.col), mean((p) => p.row), mean((p) => p.x), mean((p) => p.y)];
  // Sums of products about the means: the normal equations then are two by two.
  const sum = (of: (dc: number, dr: number, p: Gcp) => number) =>
    points.reduce((total, p) => total + of(p.col - col, p.row - row, p), 0);
  const [cc, cr, rr] = [sum((c) => c * c), sum((c, r) => c * r), sum((_, r) => r * r)];
  const determinant = cc * rr - cr * cr;
  if (!(determinant > 1e-9 * cc * rr)) return null;
  const slopes = (of: (p: Gcp) => number): readonly [number, number] => {
    const [a, b] = [sum((c, _, p) => c * of(p)), sum((_, r, p) => r * of(p))];
    return [(a * rr - b * cr) / determinant, (b * cc - a * cr) / determinant];
  };
  const [xc, xr] = slopes((p) => p.x - x);
  const [yc, yr] = slopes((p) => p.y - y);
  const transform: Affine = [x - xc * col - xr * row, xc, xr, y - yc * col - yr * row, yc, yr];
  if (!isInvertible(transform)) return null;
  const squares = points.map((p) => {
    const [px, py] = apply(transform, p.col, p.row);
    return (px - p.x) ** 2 + (py - p.y) ** 2;
  });
  return { transform, rms: Math.sqrt(squares.reduce((a, b) => a + b, 0) / n) };
}
