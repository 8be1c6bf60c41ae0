import type { Window } from './grid.ts';

/** A rectangle of target pixels: first column and row, and those after the last. */
export interface Part {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Where the centre of a target pixel lies in the source, in source pixels; exact, and therefore slow. */
export type PositionOf = (col: number, row: number) => readonly [u: number, v: number];

/** Exact positions at every `step`-th target pixel of a part; between them they are interpolated. */
export interface Positions {
  readonly part: Part;
  readonly step: number;
  readonly columns: number;
  readonly rows: number;
  readonly u: Float64Array;
  readonly v: Float64Array;
}

/**
 * The widest lattice whose interpolated positions are off by no more than `bound` source pixels; where none is, one node a
 * pixel, which is exact. Checked at the middle of every edge: bilinear interpolation of a smooth map is off the most in the
 * middle of a cell, by the sum of what it is off along and across, so half the bound is what each edge may use up. (The
 * middle of a cell itself says nothing: systems that keep angles bend along and across in opposite ways, and cancel there.)
 */
export function positionsOver(part: Part, positionOf: PositionOf, bound: number): Positions {
  for (const step of [32, 16, 8, 4]) {
    const positions = withStep(part, step, positionOf);
    if (isFaithful(positions, positionOf, bound / 2)) return positions;
  }
  return withStep(part, 1, positionOf);
}

/** Another map at the nodes of a lattice that suits both. */
export function positionsLike({ part, step }: Positions, positionOf: PositionOf): Positions {
  return withStep(part, step, positionOf);
}

function withStep(part: Part, step: number, positionOf: PositionOf): Positions {
  const columns = Math.ceil((part.right - 1 - part.left) / step) + 1;
  const rows = Math.ceil((part.bottom - 1 - part.top) / step) + 1;
  const u = new Float64Array(columns * rows);
  const v = new Float64Array(columns * rows);
  for (let i = 0; i < u.length; i++) {
    const at = positionOf(part.left + (i % columns) * step, part.top + Math.floor(i / columns) * step);
    u[i] = at[0];
    v[i] = at[1];
  }
  return { part, step, columns, rows, u, v };
}

function isFaithful(positions: Positions, positionOf: PositionOf, bound: number): boolean {
  const { part, step, columns, rows, u, v } = positions;
  const isNear = (i: number, j: number, col: number, row: number) => {
    const at = positionOf(part.left + col * step, part.top + row * step);
    // Written so that a position that is not finite counts as far.
    return Math.abs((u[i]! + u[j]!) / 2 - at[0]) <= bound && Math.abs((v[i]! + v[j]!) / 2 - at[1]) <= bound;
  };
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < columns; col++) {
      const i = row * columns + col;
      if (col + 1 < columns && !isNear(i, i + 1, col + 0.5, row)) return false;
      if (row + 1 < rows && !isNear(i, i + columns, col, row + 0.5)) return false;
    }
  }
  return true;
}

/** Positions of the pixels of one row of the part, from its left to its right, into `us` and `vs`. */
export function rowOfPositions(positions: Positions, row: number, us: Float64Array, vs: Float64Array): void {
  const { part, step, columns, rows, u, v } = positions;
  const above = Math.min(Math.floor((row - part.top) / step), Math.max(0, rows - 2));
  const below = rows > 1 ? columns : 0;
  const share = (row - part.top) / step - above;
  const width = part.right - part.left;
  for (let cell = 0; cell === 0 || cell < columns - 1; cell++) {
    const a = above * columns + cell;
    const b = columns > 1 ? a + 1 : a;
    const startU = u[a]! + (u[a + below]! - u[a]!) * share;
    const startV = v[a]! + (v[a + below]! - v[a]!) * share;
    // Along one row of one cell the position moves by equal steps.
    const stepU = (u[b]! + (u[b + below]! - u[b]!) * share - startU) / step;
    const stepV = (v[b]! + (v[b + below]! - v[b]!) * share - startV) / step;
    const first = cell * step;
    const last = cell >= columns - 2 ? width : first + step;
    for (let i = first; i < last; i++) {
      us[i] = startU + (i - first) * stepU;
      vs[i] = startV + (i - first) * stepV;
    }
  }
}

/**
 * The whole pixels of the source around the positions of `width` × `height` target pixels, with `margin` more on every side;
 * it may reach outside the source. Null when no position is a number.
 */
export function pixelsAround(
  width: number,
  height: number,
  positionOf: PositionOf,
  margin: number,
): Window | null {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  const steps = 16;
  for (let i = 0; i <= steps; i++) {
    for (let j = 0; j <= steps; j++) {
      const [u, v] = positionOf((width * i) / steps - 0.5, (height * j) / steps - 0.5);
      if (!(Number.isFinite(u) && Number.isFinite(v))) continue;
      left = Math.min(left, u);
      right = Math.max(right, u);
      top = Math.min(top, v);
      bottom = Math.max(bottom, v);
    }
  }
  if (!(right >= left)) return null;
  const col = Math.floor(left) - margin;
  const row = Math.floor(top) - margin;
  return { col, row, width: Math.ceil(right) + margin - col, height: Math.ceil(bottom) + margin - row };
}
