import { finer, type Grid, latticeOffset } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { LooseTile } from '../core/tile.ts';

/** Why pixels are not used, in cells of whole analysis pixels. */
export interface CellMask {
  readonly grid: Grid;
  /** Analysis pixels along the edge of a cell. */
  readonly pixels: number;
  readonly quality: Uint16Array;
}

/** What a cell says of itself and not of the pixels in it. */
const OF_THE_CELL = QUALITY.NODATA.bit | QUALITY.UNDEFINED.bit;

/**
 * Adds the flags of the cell that a pixel lies in; pixels without data keep that as their only reason. Throws RangeError
 * for a tile whose pixels do not divide the cells, which is a mistake of the caller.
 */
export function maskTile<U extends 'toa' | 'boa'>(tile: LooseTile<U>, mask: CellMask): LooseTile<U> {
  const { pixels: k } = mask;
  const { width, height } = tile.grid;
  const offset = latticeOffset(finer(mask.grid, k), tile.grid);
  if (offset === null) throw new RangeError('the tile does not lie on the cells of the mask');
  const quality = Uint16Array.from(tile.quality);
  for (let row = 0; row < height; row++) {
    const cellRow = Math.floor((offset.row + row) / k);
    if (cellRow < 0 || cellRow >= mask.grid.height) continue;
    for (let col = 0; col < width; col++) {
      const cellCol = Math.floor((offset.col + col) / k);
      const i = row * width + col;
      if (cellCol < 0 || cellCol >= mask.grid.width || (quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
      quality[i]! |= mask.quality[cellRow * mask.grid.width + cellCol]! & ~OF_THE_CELL;
    }
  }
  return { ...tile, quality };
}
