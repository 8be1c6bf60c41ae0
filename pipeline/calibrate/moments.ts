/** Pixels whose sums are taken together before they are added to the rest. */
const BLOCK = 4096;

/** Weighted first and second moments of vectors of one length. */
export interface Moments {
  readonly weight: number;
  readonly mean: readonly number[];
  /** Σ w (x − mean)(x − mean)ᵀ / Σ w. */
  readonly covariance: readonly (readonly number[])[];
}

/** Adds up pixels that come in pieces of any size. */
export interface MomentSum {
  /** One array a component, all of one length; without weights every pixel counts once. */
  add(components: readonly ArrayLike<number>[], weights?: ArrayLike<number>): void;
  finish(): Moments;
}

/**
 * Sums for moments of `length` components about `centre` (any point near the data keeps rounding small). Pixels are added
 * in blocks of 4096 as they come, whatever pieces they come in, so that the same pixels in the same order give the same bits.
 */
export function sumMoments(
  length: number,
  centre: readonly number[] = new Array<number>(length).fill(0),
): MomentSum {
  const size = 1 + length + (length * (length + 1)) / 2;
  const total = new Float64Array(size);
  const block = new Float64Array(size);
  const x = new Float64Array(length);
  let held = 0;
  const close = () => {
    for (let i = 0; i < size; i++) total[i]! += block[i]!;
    block.fill(0);
    held = 0;
  };
  return {
    add(components, weights) {
      const n = components[0]!.length;
      for (let i = 0; i < n; i++) {
        const w = weights === undefined ? 1 : weights[i]!;
        block[0]! += w;
        let at = 1;
        for (let j = 0; j < length; j++) {
          x[j] = components[j]![i]! - centre[j]!;
          const wx = w * x[j]!;
          block[at++]! += wx;
          for (let k = 0; k <= j; k++) block[at++]! += wx * x[k]!;
        }
        if (++held === BLOCK) close();
      }
    },
    finish() {
      close();
      const weight = total[0]!;
      const shift: number[] = [];
      const covariance = Array.from({ length }, () => new Array<number>(length).fill(0));
      let at = 1;
      for (let j = 0; j < length; j++) {
        shift.push(total[at++]! / weight);
        for (let k = 0; k <= j; k++) {
          const value = total[at++]! / weight - shift[j]! * shift[k]!;
          covariance[j]![k] = value;
          covariance[k]![j] = value;
        }
      }
      return { weight, mean: shift.map((value, j) => value + centre[j]!), covariance };
    },
  };
}
