import type { Grid } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import type { LooseTile, Unit } from '../core/tile.ts';

/** Without a number that means something; a saturated pixel has one: it is bright. */
const UNUSABLE = QUALITY.NODATA.bit | QUALITY.UNDEFINED.bit;

/**
 * Means of the pixels with data over cells of `factor` × `factor` pixels, counted from the tile's first pixel: a tile that
 * begins on a cell gives the same cells whichever way a scene is cut. A cell is NODATA when fewer than half of its pixels
 * have data, SATURATED when half of those that have are; cells that reach past the tile are judged by what lies inside.
 * Four pixels 0.1, 0.2, 0.3 and NODATA make a cell of 0.2; with two more of them gone it is NODATA.
 */
export function coarsen<U extends Unit>(tile: LooseTile<U>, factor: number): LooseTile<U> {
  const grid = coarseGrid(tile.grid, factor);
  const cells = Uint32Array.from({ length: tile.grid.width }, (_, col) => Math.floor(col / factor));
  const { valid, quality } = countValid(tile, grid, factor, cells);
  const bands = Object.fromEntries(
    Object.entries(tile.bands).map(([name, values]) => [
      name,
      meansOf(values, tile, { factor, cells, width: grid.width, valid }),
    ]),
  );
  return { unit: tile.unit, grid, bands, quality };
}

function coarseGrid(fine: Grid, factor: number): Grid {
  const [x, width, rowTurn, y, columnTurn, height] = fine.transform;
  return {
    width: Math.ceil(fine.width / factor),
    height: Math.ceil(fine.height / factor),
    transform: [x, width * factor, rowTurn * factor, y, columnTurn * factor, height * factor],
    epsg: fine.epsg,
  };
}

/** Pixels with data in each cell, and the flags that follow from their number. */
function countValid(
  { grid: fine, quality: flags }: LooseTile<Unit>,
  grid: Grid,
  factor: number,
  cells: Uint32Array,
): { readonly valid: Uint32Array; readonly quality: Uint16Array } {
  const valid = new Uint32Array(grid.width * grid.height);
  const saturated = new Uint32Array(valid.length);
  for (let i = 0, row = 0; row < fine.height; row++) {
    const line = Math.floor(row / factor) * grid.width;
    for (let col = 0; col < fine.width; col++, i++) {
      if ((flags[i]! & UNUSABLE) !== 0) continue;
      valid[line + cells[col]!]!++;
      if ((flags[i]! & QUALITY.SATURATED.bit) !== 0) saturated[line + cells[col]!]!++;
    }
  }
  const quality = new Uint16Array(valid.length);
  for (let i = 0; i < quality.length; i++) {
    const col = i % grid.width;
    const row = Math.floor(i / grid.width);
    const whole = Math.min(factor, fine.width - col * factor) * Math.min(factor, fine.height - row * factor);
    if (2 * valid[i]! < whole) quality[i] = QUALITY.NODATA.bit;
    else if (2 * saturated[i]! >= valid[i]!) quality[i] = QUALITY.SATURATED.bit;
  }
  return { valid, quality };
}

function meansOf(
  values: Float32Array,
  { grid: fine, quality: flags }: LooseTile<Unit>,
  to: {
    readonly factor: number;
    readonly cells: Uint32Array;
    readonly width: number;
    readonly valid: Uint32Array;
  },
): Float32Array {
  const sums = new Float64Array(to.valid.length);
  for (let i = 0, row = 0; row < fine.height; row++) {
    const line = Math.floor(row / to.factor) * to.width;
    for (let col = 0; col < fine.width; col++, i++) {
      if ((flags[i]! & UNUSABLE) === 0) sums[line + to.cells[col]!]! += values[i]!;
    }
  }
  return Float32Array.from(sums, (sum, i) => (to.valid[i] === 0 ? 0 : sum / to.valid[i]!));
}
