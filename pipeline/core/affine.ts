/**
 * Affine transform from pixel to world coordinates, in GDAL's order:
 * `[originX, pixelWidth, rowRotation, originY, columnRotation, pixelHeight]`.
 *
 *     x = originX + col * pixelWidth + row * rowRotation
 *     y = originY + col * columnRotation + row * pixelHeight
 *
 * Integer (col, row) is the upper-left corner of a pixel; its centre is at (col + 0.5, row + 0.5).
 * Source: GDAL Raster Data Model, "Affine GeoTransform".
 */
export type Affine = readonly [
  originX: number,
  pixelWidth: number,
  rowRotation: number,
  originY: number,
  columnRotation: number,
  pixelHeight: number,
];

export type Point = readonly [x: number, y: number];

/** World position of a pixel position, in CRS units. `apply([0, 3, 0, 30, 0, -3], 1, 1)` is `[3, 27]`. */
export function apply(t: Affine, col: number, row: number): Point {
  return [t[0] + col * t[1] + row * t[2], t[3] + col * t[4] + row * t[5]];
}

/** Signed area of one pixel in CRS units squared; negative for the usual north-up raster. */
export function determinant(t: Affine): number {
  return t[1] * t[5] - t[2] * t[4];
}

/** True when every coefficient is a finite number and pixels have an area, so that the transform can be inverted. */
export function isInvertible(t: Affine): boolean {
  return t.every(Number.isFinite) && determinant(t) !== 0;
}

/** The transform from world to pixel positions. `apply(invert([0, 3, 0, 30, 0, -3]), 3, 27)` is `[1, 1]`. */
export function invert(t: Affine): Affine {
  const d = determinant(t);
  return [
    (t[2] * t[3] - t[0] * t[5]) / d,
    t[5] / d,
    -t[2] / d,
    (t[0] * t[4] - t[1] * t[3]) / d,
    -t[4] / d,
    t[1] / d,
  ];
}

/** The same transform with its origin moved to pixel (col, row): the transform of a window. */
export function shift(t: Affine, col: number, row: number): Affine {
  const [x, y] = apply(t, col, row);
  return [x, t[1], t[2], y, t[4], t[5]];
}

/** The same origin with pixels `factor` times as large: the transform of an overview. */
export function scale(t: Affine, factorX: number, factorY: number = factorX): Affine {
  return [t[0], t[1] * factorX, t[2] * factorY, t[3], t[4] * factorX, t[5] * factorY];
}
