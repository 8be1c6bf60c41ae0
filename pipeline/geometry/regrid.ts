import { apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import type { Grid } from '../core/grid.ts';
import { pixelsAround, positionsOver, rowOfPositions } from '../core/positions.ts';
import type { OrthoPositions } from './ortho.ts';

type Placed = Grid & { readonly epsg: number };

/** Positions of interpolated nodes of two plain grids are exact but for rounding; this is what other CRSs may bend. */
const BOUND = 1e-3;
const MARGIN = 2;

/**
 * Where the pixels of `target` lie in a raster with a grid of its own, for layOrtho. Within half a pixel of the raster's edge,
 * where there is no pixel on the other side, the position is that of the outermost centres.
 */
export function gridPositions(source: Placed, target: Placed): OrthoPositions {
  const toSource = transformer(target.epsg, source.epsg);
  const inverse = invert(source.transform);
  const positionOf = (col: number, row: number) =>
    apply(inverse, ...toSource(...apply(target.transform, col + 0.5, row + 0.5)));
  const { width, height } = target;
  const positions = positionsOver({ left: 0, top: 0, right: width, bottom: height }, positionOf, BOUND);
  return {
    width,
    height,
    window: pixelsAround(width, height, positionOf, MARGIN),
    row: (row, us, vs) => {
      rowOfPositions(positions, row, us, vs);
      for (let i = 0; i < width; i++) {
        us[i] = innermost(us[i]!, source.width);
        vs[i] = innermost(vs[i]!, source.height);
      }
    },
  };
}

/** A position within the raster, moved to between the outermost pixel centres; one outside stays there. */
function innermost(position: number, size: number): number {
  // Rounding may put a position on the very edge outside.
  if (position < -BOUND || position > size + BOUND) return position;
  return Math.min(Math.max(position, 0.5), size - 0.5);
}
