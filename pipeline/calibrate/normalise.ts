import { irmad, type Line, orthogonalLine, type Plane } from './irmad.ts';
import { sumMoments } from './moments.ts';

/** Probability of no change from which on a pixel is invariant, and every how many-th of them is kept for the test. */
const INVARIANT = 0.95;
const TEST_EVERY = 3;

/** A normalisation is accepted within these (house values of METHODS 1.4). */
export const ACCEPTED = {
  fewestPixels: 2000,
  fewestCovers: 3,
  r2: 0.85,
  rmse: 0.02,
  slope: [0.6, 1.6],
} as const;

/** A cover counts when this share of the invariant pixels shows it. */
const COVER_SHARE = 0.01;

/** How one band was fitted and how well it holds on pixels that were not used for it. */
export interface BandFit extends Line {
  readonly name: string;
  readonly r2: number;
  readonly rmse: number;
}

/** Why a normalisation is not accepted. */
export type Refusal = 'singular' | 'pixels' | 'covers' | 'r2' | 'rmse' | 'slope';

export interface Normalisation {
  readonly normalised: boolean;
  readonly refusals: readonly Refusal[];
  readonly bands: readonly BandFit[];
  /** Invariant pixels, and kinds of cover among them. */
  readonly pifCount: number;
  readonly covers: number;
  readonly correlations: readonly number[];
  readonly iterations: number;
}

/**
 * Brings a target to a reference by the pixels that did not change between them (METHODS 1.4): IR-MAD, orthogonal regression
 * for each band on two thirds of the invariant pixels, test on the third. Arrays are reflectance of the same valid
 * pixels, one a band in the order of `names`. `normalised` says whether the coefficients may be used.
 */
export function normalise(
  names: readonly string[],
  target: readonly Plane[],
  reference: readonly Plane[],
): Normalisation {
  const found = target[0]!.length === 0 ? null : irmad(target, reference);
  if (found === null) {
    return {
      normalised: false,
      refusals: ['singular'],
      bands: [],
      pifCount: 0,
      covers: 0,
      correlations: [],
      iterations: 0,
    };
  }
  const train: number[] = [];
  const test: number[] = [];
  let pifCount = 0;
  for (let i = 0; i < found.weights.length; i++) {
    if (found.weights[i]! <= INVARIANT) continue;
    (pifCount % TEST_EVERY === TEST_EVERY - 1 ? test : train).push(i);
    pifCount += 1;
  }
  const bands = names.map((name, k) => fitBand(name, target[k]!, reference[k]!, train, test));
  const covers = coversOf(names, reference, [...train, ...test]);
  const holds = (rule: (band: BandFit) => boolean) => bands.every(rule);
  const [least, most] = ACCEPTED.slope;
  const refusals: Refusal[] = [];
  if (pifCount < ACCEPTED.fewestPixels) refusals.push('pixels');
  if (covers < ACCEPTED.fewestCovers) refusals.push('covers');
  // Written so that NaN is refused too.
  if (!holds(({ r2 }) => r2 >= ACCEPTED.r2)) refusals.push('r2');
  if (!holds(({ rmse }) => rmse <= ACCEPTED.rmse)) refusals.push('rmse');
  if (!holds(({ slope }) => slope >= least && slope <= most)) refusals.push('slope');
  const { correlations, iterations } = found;
  return { normalised: refusals.length === 0, refusals, bands, pifCount, covers, correlations, iterations };
}

function fitBand(
  name: string,
  target: Plane,
  reference: Plane,
  train: readonly number[],
  test: readonly number[],
): BandFit {
  const momentsAt = (places: readonly number[]) => {
    const sum = sumMoments(2, [target[places[0] ?? 0]!, reference[places[0] ?? 0]!]);
    sum.add([places.map((i) => target[i]!), places.map((i) => reference[i]!)]);
    return sum.finish();
  };
  const line = orthogonalLine(momentsAt(train));
  const [[sxx, sxy], [, syy]] = momentsAt(test).covariance as [[number, number], [number, number]]; // of two components
  let squares = 0;
  for (const i of test) squares += (line.offset + line.slope * target[i]! - reference[i]!) ** 2;
  return { name, ...line, r2: (sxy * sxy) / (sxx * syy), rmse: Math.sqrt(squares / test.length) };
}

/**
 * Kinds of cover among pixels of the reference, of four that red and near infrared tell apart: water, bare ground, sparse and
 * dense plants. 0 where either band is missing: what cannot be told is not accepted.
 */
function coversOf(names: readonly string[], reference: readonly Plane[], places: readonly number[]): number {
  const [red, nir] = ['R', 'N'].map((name) => reference[names.indexOf(name)]);
  if (red === undefined || nir === undefined) return 0;
  const counts = [0, 0, 0, 0];
  for (const i of places) {
    const ndvi = (nir[i]! - red[i]!) / (nir[i]! + red[i]!);
    counts[ndvi < 0 ? 0 : ndvi < 0.3 ? 1 : ndvi < 0.6 ? 2 : 3]! += 1;
  }
  return counts.filter((count) => count > COVER_SHARE * places.length).length;
}
