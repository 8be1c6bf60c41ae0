/** Complex numbers of a plane, row by row; both sides are powers of two. */
export interface Spectrum {
  readonly width: number;
  readonly height: number;
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** True for 1, 2, 4, 8 …, which are the lengths that can be transformed. */
export function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n > 0 && (n & (n - 1)) === 0;
}

/**
 * The discrete Fourier transform of a plane in place: `X(k, l) = Σ x(col, row) · e^(−2πi (k col / width + l row / height))`,
 * or with +i and divided by the number of pixels when `isInverse`. Throws RangeError for sides that are no powers of two.
 * Source: Cooley and Tukey 1965, doi 10.1090/S0025-5718-1965-0178586-1 (radix 2, decimation in time).
 */
export function transformPlane({ width, height, re, im }: Spectrum, isInverse = false): void {
  if (!isPowerOfTwo(width) || !isPowerOfTwo(height)) {
    throw new RangeError(`${width} × ${height}: both sides must be powers of two`);
  }
  const rows = planFor(width, isInverse);
  for (let row = 0; row < height; row++) transformLine(re, im, row * width, rows);
  const columns = planFor(height, isInverse);
  // Columns are worked on in a line of their own: strides of a row throw everything out of the cache.
  const lineRe = new Float64Array(height);
  const lineIm = new Float64Array(height);
  for (let col = 0; col < width; col++) {
    for (let row = 0, i = col; row < height; row++, i += width) {
      lineRe[row] = re[i]!;
      lineIm[row] = im[i]!;
    }
    transformLine(lineRe, lineIm, 0, columns);
    for (let row = 0, i = col; row < height; row++, i += width) {
      re[i] = lineRe[row]!;
      im[i] = lineIm[row]!;
    }
  }
  if (!isInverse) return;
  const share = 1 / (width * height);
  for (let i = 0; i < re.length; i++) {
    re[i]! *= share;
    im[i]! *= share;
  }
}

/** What is the same for all lines of a length: the order to start from, and the roots of one. */
interface Plan {
  readonly order: Int32Array;
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

const PLANS = new Map<number, Plan>();

function planFor(n: number, isInverse: boolean): Plan {
  const key = isInverse ? -n : n;
  const known = PLANS.get(key);
  if (known !== undefined) return known;
  const bits = Math.round(Math.log2(n));
  const order = Int32Array.from({ length: n }, (_, i) => {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((i >> bit) & 1) << (bits - 1 - bit);
    return reversed;
  });
  const angle = ((isInverse ? 2 : -2) * Math.PI) / n;
  const half = n / 2;
  const plan = {
    order,
    cos: Float64Array.from({ length: half }, (_, i) => Math.cos(angle * i)),
    sin: Float64Array.from({ length: half }, (_, i) => Math.sin(angle * i)),
  };
  PLANS.set(key, plan);
  return plan;
}

function transformLine(re: Float64Array, im: Float64Array, start: number, { order, cos, sin }: Plan): void {
  const n = order.length;
  for (let i = 0; i < n; i++) {
    const j = order[i]!;
    if (j <= i) continue;
    const a = start + i;
    const b = start + j;
    const swapRe = re[a]!;
    const swapIm = im[a]!;
    re[a] = re[b]!;
    im[a] = im[b]!;
    re[b] = swapRe;
    im[b] = swapIm;
  }
  for (let size = 2; size <= n; size *= 2) {
    const half = size / 2;
    const step = n / size;
    for (let k = 0; k < half; k++) {
      const wr = cos[k * step]!;
      const wi = sin[k * step]!;
      for (let a = start + k; a < start + n; a += size) {
        const b = a + half;
        // a, b ← a + w b, a − w b
        const br = re[b]! * wr - im[b]! * wi;
        const bi = re[b]! * wi + im[b]! * wr;
        const ar = re[a]!;
        const ai = im[a]!;
        re[b] = ar - br;
        im[b] = ai - bi;
        re[a] = ar + br;
        im[a] = ai + bi;
      }
    }
  }
}
