import { transformPlane } from '../kernels/fft.ts';

/** How far the second of two images must be moved to lie on the first, in pixels, and how sure that is. */
export interface Shift {
  /** To the right and down: what is at (col, row) of the moving image belongs to (col + dx, row + dy). */
  readonly dx: number;
  readonly dy: number;
  /** 1 − (second peak / first peak)²: 0 where another shift is as likely, towards 1 where none is. */
  readonly reliability: number;
  /** Height of the first peak: 1 for a moved copy. */
  readonly peak: number;
}

export interface PhaseOptions {
  /** Fade both images out towards their edges, so that the edges themselves do not correlate. */
  readonly hann?: boolean;
}

/** Correlation of two images over all shifts. */
export interface Correlation {
  readonly width: number;
  readonly height: number;
  /** Value for the shift by (dx, dy), taken modulo width and height, at `dy * width + dx`. */
  readonly values: Float64Array;
  /** What it was made from: the normalised cross-power spectrum. */
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/** Steps in a pixel that the peak is looked for in (Guizar-Sicairos 2008, doi 10.1364/OL.33.000156). */
const UPSAMPLING = 20;

/** Pixels around the first peak that belong to it. */
const PEAK_RADIUS = 3;

/**
 * The shift between two images of `width` × `height` pixels (powers of two) by phase correlation: the peak of the inverse
 * transform of the normalised cross-power `F(reference) · conj(F(moving)) / |…|`, found to 1/20 of a pixel and better by a
 * parabola. Images with NaN must be filled first. `moving` rolled by (+3 rows, −5 columns) gives dy −3, dx +5 (METHODS 4).
 * Source: Kuglin and Hines 1975; sub-pixel peak as in Guizar-Sicairos et al. 2008, doi 10.1364/OL.33.000156.
 */
export function phaseShift(
  reference: ArrayLike<number>,
  moving: ArrayLike<number>,
  width: number,
  height: number,
  options: PhaseOptions = {},
): Shift {
  return shiftOf(correlate(reference, moving, width, height, options));
}

/** The shift that a correlation speaks for. */
export function shiftOf(correlation: Correlation): Shift {
  const peak = peakOf(correlation.values, correlation.width, correlation.height);
  const fine = refine(correlation, peak);
  return { ...fine, reliability: peak.reliability, peak: peak.value };
}

/** The mean of correlations of one size, as of several bands of one place. */
export function meanCorrelation(all: readonly [Correlation, ...Correlation[]]): Correlation {
  const mean = (pick: (one: Correlation) => Float64Array) => {
    const sum = pick(all[0]).slice();
    for (const one of all.slice(1)) {
      const values = pick(one);
      for (let i = 0; i < sum.length; i++) sum[i]! += values[i]!;
    }
    return sum.map((value) => value / all.length);
  };
  const { width, height } = all[0];
  return {
    width,
    height,
    values: mean((one) => one.values),
    re: mean((one) => one.re),
    im: mean((one) => one.im),
  };
}

/** The correlation itself, from which shiftOf takes the shift. */
export function correlate(
  reference: ArrayLike<number>,
  moving: ArrayLike<number>,
  width: number,
  height: number,
  { hann = true }: PhaseOptions = {},
): Correlation {
  const n = width * height;
  // Two real images as one complex one: their spectra come apart again by symmetry.
  const re = Float64Array.from(reference);
  const im = Float64Array.from(moving);
  if (hann) {
    fade(re, width, height);
    fade(im, width, height);
  }
  transformPlane({ width, height, re, im });
  const qRe = new Float64Array(n);
  const qIm = new Float64Array(n);
  for (let l = 0; l < height; l++) {
    const mirrored = ((height - l) % height) * width;
    for (let k = 0; k < width; k++) {
      const i = l * width + k;
      const j = mirrored + ((width - k) % width);
      // F = (Z(k) + conj Z(−k)) / 2, G = (Z(k) − conj Z(−k)) / 2i
      const fRe = (re[i]! + re[j]!) / 2;
      const fIm = (im[i]! - im[j]!) / 2;
      const gRe = (im[i]! + im[j]!) / 2;
      const gIm = (re[j]! - re[i]!) / 2;
      const pRe = fRe * gRe + fIm * gIm;
      const pIm = fIm * gRe - fRe * gIm;
      const size = Math.sqrt(pRe * pRe + pIm * pIm);
      if (size < 1e-12) continue;
      qRe[i] = pRe / size;
      qIm[i] = pIm / size;
    }
  }
  const values = qRe.slice();
  transformPlane({ width, height, re: values, im: qIm.slice() }, true);
  return { width, height, values, re: qRe, im: qIm };
}

/** Takes off the mean and fades to 0 at the edges by a raised cosine. */
function fade(values: Float64Array, width: number, height: number): void {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  const across = hannOf(width);
  const down = hannOf(height);
  for (let row = 0, i = 0; row < height; row++) {
    for (let col = 0; col < width; col++, i++) values[i] = (values[i]! - mean) * across[col]! * down[row]!;
  }
}

function hannOf(n: number): Float64Array {
  return Float64Array.from({ length: n }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / n));
}

/** The largest correlation: its shift in whole pixels, and how far it stands out from the next. */
export function peakOf(
  values: Float64Array,
  width: number,
  height: number,
): { dx: number; dy: number; value: number; reliability: number } {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  const [col, row] = [best % width, Math.floor(best / width)];
  let second = 0;
  for (let r = 0, i = 0; r < height; r++) {
    const down = Math.min(Math.abs(r - row), height - Math.abs(r - row));
    for (let c = 0; c < width; c++, i++) {
      const across = Math.min(Math.abs(c - col), width - Math.abs(c - col));
      if (down <= PEAK_RADIUS && across <= PEAK_RADIUS) continue;
      if (values[i]! > second) second = values[i]!;
    }
  }
  const value = values[best]!;
  return {
    dx: col > width / 2 ? col - width : col,
    dy: row > height / 2 ? row - height : row,
    value,
    reliability: value > 0 ? Math.max(0, 1 - (second / value) ** 2) : 0,
  };
}

/** The peak between pixels: the correlation at twentieths around the whole-pixel peak, and a parabola through the largest. */
function refine(correlation: Correlation, peak: { dx: number; dy: number }): { dx: number; dy: number } {
  const side = 2 * UPSAMPLING + 1;
  const at = (i: number) => (i - UPSAMPLING) / UPSAMPLING;
  const fine = resampled(
    correlation,
    Float64Array.from({ length: side }, (_, i) => peak.dx + at(i)),
    Float64Array.from({ length: side }, (_, i) => peak.dy + at(i)),
  );
  let best = 0;
  for (let i = 1; i < fine.length; i++) if (fine[i]! > fine[best]!) best = i;
  const [col, row] = [best % side, Math.floor(best / side)];
  const isInside = col > 0 && row > 0 && col < side - 1 && row < side - 1;
  const across = isInside ? parabola(fine[best - 1]!, fine[best]!, fine[best + 1]!) : 0;
  const down = isInside ? parabola(fine[best - side]!, fine[best]!, fine[best + side]!) : 0;
  return { dx: peak.dx + at(col) + across / UPSAMPLING, dy: peak.dy + at(row) + down / UPSAMPLING };
}

/** Where between −1 and 1 the parabola through three values is highest: δ = (c₋ − c₊) / (2 (c₋ − 2 c₀ + c₊)). */
export function parabola(before: number, middle: number, after: number): number {
  const bend = before - 2 * middle + after;
  return bend < 0 ? (before - after) / (2 * bend) : 0;
}

/** The correlation at any shifts, by the sum over frequencies itself: first along rows, then along columns. */
function resampled({ width, height, re, im }: Correlation, xs: Float64Array, ys: Float64Array): Float64Array {
  const rowsRe = new Float64Array(height * xs.length);
  const rowsIm = new Float64Array(height * xs.length);
  for (const [i, x] of xs.entries()) {
    const { cos, sin } = turns(width, x);
    for (let l = 0; l < height; l++) {
      let [sumRe, sumIm] = [0, 0];
      for (let k = 0, at = l * width; k < width; k++, at++) {
        sumRe += re[at]! * cos[k]! - im[at]! * sin[k]!;
        sumIm += re[at]! * sin[k]! + im[at]! * cos[k]!;
      }
      rowsRe[l * xs.length + i] = sumRe;
      rowsIm[l * xs.length + i] = sumIm;
    }
  }
  const out = new Float64Array(xs.length * ys.length);
  for (const [j, y] of ys.entries()) {
    const { cos, sin } = turns(height, y);
    for (let i = 0; i < xs.length; i++) {
      let sum = 0;
      for (let l = 0, at = i; l < height; l++, at += xs.length) {
        sum += rowsRe[at]! * cos[l]! - rowsIm[at]! * sin[l]!;
      }
      out[j * xs.length + i] = sum;
    }
  }
  return out;
}

/** e^(2πi k x / n) for every frequency k of n, counted from the negative ones as the transform orders them. */
function turns(n: number, x: number): { cos: Float64Array; sin: Float64Array } {
  const cos = new Float64Array(n);
  const sin = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const frequency = k < n / 2 ? k : k - n;
    const angle = (2 * Math.PI * frequency * x) / n;
    cos[k] = Math.cos(angle);
    // The highest frequency has no sign: its two turns cancel in the imaginary part.
    sin[k] = k === n / 2 ? 0 : Math.sin(angle);
  }
  return { cos, sin };
}
