import { cellsIn, MASK } from './thresholds.ts';

/** Where a plane lies: cells a row, rows, and metres a cell. */
export interface Lattice {
  readonly width: number;
  readonly height: number;
  readonly size: number;
}

/**
 * A quantile (0.5 is the median) of a plane of reflectance over the 1 km around each cell, of the cells that `use` marks,
 * worked out for blocks of 200 m; where fewer than 50 are marked it is that of the whole scene; NaN when none is.
 * From histograms in steps of 0.005 up to reflectance 0.64, above which land does not get: good to 0.0025.
 */
export function localQuantile(
  plane: Float32Array,
  use: Uint8Array,
  quantile: number,
  lattice: Lattice,
): Float32Array {
  const { bins, reach, cells: least } = MASK.median;
  const block = cellsIn(MASK.median.block, lattice.size);
  const columns = Math.ceil(lattice.width / block);
  const rows = Math.ceil(lattice.height / block);
  const counts = histograms(plane, use, lattice, block, columns);
  const scene = new Int32Array(bins);
  for (let i = 0; i < counts.length; i++) scene[i % bins]! += counts[i]!;
  const fallback = quantileOf(scene, quantile, 1);
  const along = windowSums(counts, columns, rows, bins, reach);
  const blocks = new Float32Array(columns * rows);
  const sum = new Int32Array(bins);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < columns; col++) {
      sum.fill(0);
      for (let r = Math.max(0, row - reach); r <= Math.min(rows - 1, row + reach); r++) {
        const from = (r * columns + col) * bins;
        for (let k = 0; k < bins; k++) sum[k]! += along[from + k]!;
      }
      const local = quantileOf(sum, quantile, least);
      blocks[row * columns + col] = Number.isNaN(local) ? fallback : local;
    }
  }
  return spreadBlocks(blocks, lattice, block, columns);
}

function spreadBlocks(
  blocks: Float32Array,
  { width, height }: Lattice,
  block: number,
  columns: number,
): Float32Array {
  const out = new Float32Array(width * height);
  for (let row = 0; row < height; row++) {
    const line = Math.floor(row / block) * columns;
    for (let c = 0, col = 0; col < width; c++, col += block) {
      const at = row * width + col;
      out.fill(blocks[line + c]!, at, at + Math.min(block, width - col));
    }
  }
  return out;
}

function histograms(
  plane: Float32Array,
  use: Uint8Array,
  { width, height }: Lattice,
  block: number,
  columns: number,
): Int32Array {
  const { bins, step } = MASK.median;
  const counts = new Int32Array(columns * Math.ceil(height / block) * bins);
  const first = Int32Array.from({ length: width }, (_, col) => Math.floor(col / block) * bins);
  for (let i = 0, row = 0; row < height; row++) {
    const line = Math.floor(row / block) * columns * bins;
    for (let col = 0; col < width; col++, i++) {
      if (use[i] === 0) continue;
      const bin = Math.min(bins - 1, Math.max(0, Math.floor(plane[i]! / step)));
      counts[line + first[col]! + bin]!++;
    }
  }
  return counts;
}

/** Sums over the `reach` blocks to the left and right of each block. */
function windowSums(
  counts: Int32Array,
  columns: number,
  rows: number,
  bins: number,
  reach: number,
): Int32Array {
  const out = new Int32Array(counts.length);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < columns; col++) {
      const to = (row * columns + col) * bins;
      for (let c = Math.max(0, col - reach); c <= Math.min(columns - 1, col + reach); c++) {
        const from = (row * columns + c) * bins;
        for (let k = 0; k < bins; k++) out[to + k]! += counts[from + k]!;
      }
    }
  }
  return out;
}

/** The middle of the bin in which the quantile lies; NaN below `least` counts. */
function quantileOf(counts: Int32Array, quantile: number, least: number): number {
  let total = 0;
  for (const count of counts) total += count;
  if (total < least) return Number.NaN;
  let seen = 0;
  for (let k = 0; k < counts.length; k++) {
    seen += counts[k]!;
    if (seen >= quantile * total) return (k + 0.5) * MASK.median.step;
  }
  return Number.NaN;
}
