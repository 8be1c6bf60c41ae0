/**
 * Local statistics of Getis and Ord for points, neighbours being all within a distance: Gi*, which counts the point itself,
 * and Gi, which leaves it out of the sum, the mean and the deviation. NaN where all points are neighbours.
 * Source: Ord and Getis 1995, doi 10.1111/j.1538-4632.1995.tb00912.x; METHODS 8.2, whose six points have −1.39727626 first.
 */
export function getisOrd(
  points: readonly (readonly [x: number, y: number])[],
  values: readonly number[],
  distance: number,
): { readonly star: number[]; readonly plain: number[] } {
  const near = points.map(([x, y]) => points.map(([a, b]) => (Math.hypot(x - a, y - b) <= distance ? 1 : 0)));
  const star = near.map((weights) => scoreOf(values, weights));
  const plain = near.map((weights, i) =>
    scoreOf(
      values.filter((_, j) => j !== i),
      weights.filter((_, j) => j !== i),
    ),
  );
  return { star, plain };
}

function scoreOf(values: readonly number[], weights: readonly number[]): number {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / n;
  const count = weights.reduce((sum, w) => sum + w, 0);
  const near = values.reduce((sum, x, j) => sum + weights[j]! * x, 0);
  return starOf(near, count, n, mean, Math.sqrt(variance));
}

/** Gi* of `count` neighbours of weight 1 that sum up to `near`, among `n`. */
function starOf(near: number, count: number, n: number, mean: number, deviation: number): number {
  const spread = n * count - count * count;
  return spread > 0 ? (near - mean * count) / (deviation * Math.sqrt(spread / (n - 1))) : Number.NaN;
}

/**
 * Gi* of a raster whose neighbours are the squares of `2 · reach + 1` pixels: two summed-area tables, so the cost does not
 * grow with the reach. NaN takes no part and gets NaN, as does everything where no values differ.
 */
export function getisRaster(
  values: Float32Array,
  width: number,
  height: number,
  reach: number,
): Float32Array {
  const out = new Float32Array(values.length).fill(Number.NaN);
  const stride = width + 1;
  const sums = new Float64Array(stride * (height + 1));
  const counts = new Int32Array(stride * (height + 1));
  let [total, n] = [0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    total += value;
    n++;
  }
  const mean = total / n;
  let squares = 0;
  for (let row = 0; row < height; row++) {
    let [sum, count] = [0, 0];
    for (let column = 0; column < width; column++) {
      const value = values[row * width + column]!;
      if (!Number.isNaN(value)) {
        // Sums of differences from the mean keep their digits over large tiles.
        sum += value - mean;
        squares += (value - mean) ** 2;
        count++;
      }
      const at = (row + 1) * stride + column + 1;
      sums[at] = sums[at - stride]! + sum;
      counts[at] = counts[at - stride]! + count;
    }
  }
  const deviation = Math.sqrt(squares / n);
  if (!(deviation > 0)) return out;
  for (let row = 0; row < height; row++) {
    const top = Math.max(0, row - reach) * stride;
    const bottom = Math.min(height, row + reach + 1) * stride;
    for (let column = 0; column < width; column++) {
      const i = row * width + column;
      if (Number.isNaN(values[i]!)) continue;
      const left = Math.max(0, column - reach);
      const right = Math.min(width, column + reach + 1);
      const near = sums[bottom + right]! - sums[top + right]! - sums[bottom + left]! + sums[top + left]!;
      const count =
        counts[bottom + right]! - counts[top + right]! - counts[bottom + left]! + counts[top + left]!;
      out[i] = starOf(near, count, n, 0, deviation);
    }
  }
  return out;
}
