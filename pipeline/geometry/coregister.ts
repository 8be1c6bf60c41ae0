import { type Affine, apply, invert } from '../core/affine.ts';
import { transformer } from '../core/crs.ts';
import type { Grid, Window } from '../core/grid.ts';
import { type Random, seeded } from '../core/random.ts';
import { layOrtho } from './ortho.ts';
import { type Correlation, correlate, meanCorrelation, peakOf, shiftOf } from './phase.ts';

/** One place of one band of both images: the same pixels of the reference's grid, NaN where there is no value. */
export interface ImagePair {
  readonly reference: Float32Array;
  readonly moving: Float32Array;
}

/** Reads a window of every band to match, on the reference's grid; `moving` from (dx, dy) pixels further left and up. */
export type ReadPairs = (window: Window, shift: Move) => Promise<readonly ImagePair[]>;

/** Pixels to the right and down. */
export interface Move {
  readonly dx: number;
  readonly dy: number;
}

/** A place where the images were matched: `dx`, `dy` move the moving image onto the reference there (pixels). */
export interface TiePoint {
  /** Middle of the window on the reference's grid. */
  readonly col: number;
  readonly row: number;
  readonly dx: number;
  readonly dy: number;
  readonly reliability: number;
}

/** How far tie points are off, in pixels of the reference's grid. */
export interface Residuals {
  readonly rmse: number;
  readonly median: number;
  /** The circle that 68 % of them are within. */
  readonly ce68: number;
  readonly max: number;
}

export interface Coregistration {
  readonly status: 'ok' | 'failed';
  /** Why it was not accepted; null when it was. */
  readonly reason: string | null;
  /** `none` where the images lie on each other already: the check points are no further off without a correction. */
  readonly model: 'affine' | 'shift' | 'none';
  /** From where the moving image's content lies on the reference's grid to where it belongs, in pixels of that grid. */
  readonly correction: Affine;
  /** What the correction moves the middle of the image by, in pixels of the reference's grid. */
  readonly shift: readonly [dx: number, dy: number];
  /** Of the check points, which took no part in the fit. */
  readonly rmse: number;
  readonly windows: number;
  readonly ties: number;
  readonly inliers: number;
  readonly checks: number;
  /** Of all check points that match, without and with the correction. */
  readonly before: Residuals;
  readonly after: Residuals;
}

export interface CoregisterOptions {
  /** Match edges instead of values: for dates more than 30 days apart, between which fields change colour. */
  readonly gradient?: boolean;
  readonly seed?: number;
}

/** METHODS 4, as published by arosics (Scheffler et al. 2017, doi 10.3390/rs9070676), and its acceptance rules. */
const RULES = {
  window: 256,
  /** Windows that images too small for enough large ones are matched in. */
  smallWindow: 64,
  /** Windows a side, at most; more tie points make no better a fit. */
  most: 15,
  enough: 20,
  masked: 0.2,
  /** Least spread of values as a share of their mean. */
  spread: 0.01,
  maxShift: 5,
  reliability: 0.6,
  /** Loss of similarity that interpolation alone may cause. */
  similarity: 0.01,
  threshold: 1.5,
  iterations: 500,
  checks: 0.3,
  affine: 30,
  shift: 8,
  checksWithin: 2 / 3,
  rmse: 0.5,
} as const;

/**
 * Finds what must be done to a moving image for it to lie on a reference (METHODS 4): one shift for the whole by adding up
 * the correlations of all windows, then a tie point a window by phase correlation, those that are unlikely or make the images
 * less alike left out, then an affine transform by RANSAC over 70 % of them (a shift, where there are fewer than 30), judged
 * by the other 30 %. Not accepted with fewer than 8 matches, or when the check points are off by more than 0.5 pixels (RMSE):
 * then `status` is `failed`. Same input, same result.
 */
export async function coregister(
  size: { readonly width: number; readonly height: number },
  read: ReadPairs,
  { gradient = false, seed = 1 }: CoregisterOptions = {},
): Promise<Coregistration> {
  const windows = tieWindows(size);
  const { whole, used } = await wholeShift(windows, read, gradient);
  const ties: TiePoint[] = [];
  for (const window of used) {
    const tie = await matchWindow(window, read, whole, gradient);
    if (tie !== null) ties.push(tie);
  }
  return fitTies(ties, size, windows.length, seed);
}

/**
 * Reads windows of images that are in memory, on one grid of `width` × `height` pixels: bands of one scene against each other,
 * as GP delivers them in files of their own. Between pixels the moving image is interpolated (bilinear).
 */
export function pairsInMemory(
  { width, height }: { readonly width: number; readonly height: number },
  pairs: readonly ImagePair[],
): ReadPairs {
  const whole = { col: 0, row: 0, width, height };
  const cut = (plane: Float32Array, window: Window, { dx, dy }: Move): Float32Array => {
    const out = new Float32Array(window.width * window.height);
    const positions = {
      width: window.width,
      height: window.height,
      window: whole,
      row: (row: number, us: Float64Array, vs: Float64Array) => {
        for (let i = 0; i < us.length; i++) us[i] = window.col + i + 0.5 - dx;
        vs.fill(window.row + row + 0.5 - dy);
      },
    };
    layOrtho(positions, { window: whole, planes: [plane] }, [out], Number.NaN);
    return out;
  };
  return async (window, move) =>
    pairs.map(({ reference, moving }) => ({
      reference: cut(reference, window, NOWHERE),
      moving: cut(moving, window, move),
    }));
}

/** Windows on a loose grid over the image: of 256 pixels, or smaller where too few of those fit. */
export function tieWindows({ width, height }: { readonly width: number; readonly height: number }): Window[] {
  let side: number = RULES.window;
  // Windows may overlap by half: what they see then is still half their own.
  const along = (length: number) => Math.max(0, Math.min(RULES.most, Math.floor((2 * length) / side) - 1));
  while (side > RULES.smallWindow && along(width) * along(height) < RULES.enough) side /= 2;
  const [across, down] = [along(width), along(height)];
  const place = (i: number, count: number, length: number) =>
    count === 1 ? Math.floor((length - side) / 2) : Math.floor((i * (length - side)) / (count - 1));
  return Array.from({ length: across * down }, (_, i) => ({
    col: place(i % across, across, width),
    row: place(Math.floor(i / across), down, height),
    width: side,
    height: side,
  }));
}

/** The one shift that most windows agree on, and the windows that have something to match. */
async function wholeShift(windows: readonly Window[], read: ReadPairs, gradient: boolean) {
  const used: Window[] = [];
  let sum: Float64Array | null = null;
  for (const window of windows) {
    const one = correlationOf(await read(window, NOWHERE), window, gradient);
    if (one === null) continue;
    used.push(window);
    if (sum === null) sum = one.values;
    else for (let i = 0; i < sum.length; i++) sum[i]! += one.values[i]!;
  }
  const [first] = used;
  return {
    whole: sum === null || first === undefined ? NOWHERE : peakOf(sum, first.width, first.height),
    used,
  };
}

/** What all bands of a window say together; null where none has enough in it to match. */
function correlationOf(pairs: readonly ImagePair[], window: Window, gradient: boolean): Correlation | null {
  const { width, height } = window;
  const [first, ...others] = pairs.flatMap((pair) => {
    const ready = prepared(pair, window, gradient);
    return ready === null ? [] : [correlate(ready.reference, ready.moving, width, height)];
  });
  return first === undefined ? null : meanCorrelation([first, ...others]);
}

/** Matches one window: with the moving image brought near first, and once more from where that led. */
async function matchWindow(
  window: Window,
  read: ReadPairs,
  whole: Move,
  gradient: boolean,
): Promise<TiePoint | null> {
  const from = async (near: Move) => {
    const correlation = correlationOf(await read(window, near), window, gradient);
    return correlation === null ? null : shiftOf(correlation);
  };
  const first = await from(whole);
  if (first === null || Math.hypot(first.dx, first.dy) > RULES.maxShift) return null;
  // Whole pixels, so that nothing is lost by interpolating before the images are compared.
  const near = { dx: whole.dx + Math.round(first.dx), dy: whole.dy + Math.round(first.dy) };
  const isThere = near.dx === whole.dx && near.dy === whole.dy;
  const second = isThere ? first : await from(near);
  // From where it was brought to, it must not want to go far again.
  if (second === null || second.reliability < RULES.reliability || Math.hypot(second.dx, second.dy) > 1) {
    return null;
  }
  const [dx, dy] = [near.dx + second.dx, near.dy + second.dy];
  const before = similarityOf(await read(window, NOWHERE));
  const after = similarityOf(await read(window, { dx, dy }));
  if (after < before - RULES.similarity) return null;
  const { col, row, width, height } = window;
  return { col: col + width / 2, row: row + height / 2, dx, dy, reliability: second.reliability };
}

const NOWHERE = { dx: 0, dy: 0 } as const;

function similarityOf(pairs: readonly ImagePair[]): number {
  return pairs.reduce((sum, pair) => sum + similarity(pair), 0) / pairs.length;
}

/** Both windows without gaps; null where there is too little in them to match. */
function prepared({ reference, moving }: ImagePair, window: Window, gradient: boolean): ImagePair | null {
  const first = filled(reference);
  const second = filled(moving);
  if (first === null || second === null) return null;
  return gradient
    ? { reference: slopeOf(first, window), moving: slopeOf(second, window) }
    : { reference: first, moving: second };
}

/** Gaps become the mean of the rest; null where they are too many, or nothing varies. */
function filled(values: Float32Array): Float32Array | null {
  let [count, sum, squares] = [0, 0, 0];
  for (const value of values) {
    if (Number.isNaN(value)) continue;
    count += 1;
    sum += value;
    squares += value * value;
  }
  if (count < (1 - RULES.masked) * values.length) return null;
  const mean = sum / count;
  const spread = Math.sqrt(Math.max(0, squares / count - mean * mean));
  if (!(spread > RULES.spread * Math.abs(mean))) return null;
  return values.map((value) => (Number.isNaN(value) ? mean : value));
}

/** Steepness of the values: the length of the gradient, by central differences. */
function slopeOf(values: Float32Array, { width, height }: Window): Float32Array {
  const out = new Float32Array(values.length);
  for (let row = 1; row < height - 1; row++) {
    for (let col = 1, i = row * width + 1; col < width - 1; col++, i++) {
      const [dx, dy] = [values[i + 1]! - values[i - 1]!, values[i + width]! - values[i - width]!];
      out[i] = Math.sqrt(dx * dx + dy * dy) / 2;
    }
  }
  return out;
}

/**
 * Structural similarity of two windows as a whole, without its constants: covariance and means over their sizes.
 * Source: Wang et al. 2004, doi 10.1109/TIP.2003.819861.
 */
function similarity({ reference, moving }: ImagePair): number {
  let [n, x, y, xx, yy, xy] = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < reference.length; i++) {
    const [a, b] = [reference[i]!, moving[i]!];
    if (Number.isNaN(a) || Number.isNaN(b)) continue;
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  const [mx, my] = [x / n, y / n];
  const [vx, vy, c] = [xx / n - mx * mx, yy / n - my * my, xy / n - mx * my];
  const scale = (vx + vy) * (mx * mx + my * my);
  return scale > 0 ? (4 * mx * my * c) / scale : 0;
}

const IDENTITY: Affine = [0, 1, 0, 0, 0, 1];

/** The fit through tie points and the verdict on it; see coregister. */
export function fitTies(
  ties: readonly TiePoint[],
  size: { readonly width: number; readonly height: number },
  windows: number,
  seed = 1,
): Coregistration {
  const random = seeded(seed);
  const order = shuffled(ties, random);
  const checkCount = Math.floor(order.length * RULES.checks);
  const checks = order.slice(0, checkCount);
  const rest = order.slice(checkCount);
  const model = rest.length >= RULES.affine ? 'affine' : 'shift';
  const sampleSize = model === 'affine' ? 3 : 1;
  const solve = model === 'affine' ? fitAffine : fitShift;
  let inliers: readonly TiePoint[] = [];
  for (let i = 0; i < RULES.iterations && rest.length >= sampleSize; i++) {
    const guess = solve(sampleOf(rest, sampleSize, random));
    if (guess === null) continue;
    const agree = rest.filter((tie) => distance(tie, guess) <= RULES.threshold);
    if (agree.length > inliers.length) inliers = agree;
  }
  const solved = solve(inliers) ?? IDENTITY;
  const near = checks.filter((tie) => distance(tie, solved) <= RULES.threshold);
  const off = (by: Affine) => residualsOf(near.map((tie) => distance(tie, by)));
  const before = off(IDENTITY);
  const isNeeded = off(solved).rmse < before.rmse;
  const correction = isNeeded ? solved : IDENTITY;
  const after = off(correction);
  const middle = [size.width / 2, size.height / 2] as const;
  const moved = apply(correction, ...middle);
  const least = model === 'affine' ? RULES.affine : RULES.shift;
  const faults = [
    inliers.length < least &&
      `${inliers.length} of ${rest.length} matches in ${windows} windows agree, ${least} are needed`,
    !(near.length >= RULES.checksWithin * checks.length && near.length > 0) &&
      `${near.length} of ${checks.length} check points agree`,
    after.rmse > RULES.rmse &&
      `check points are off by ${after.rmse.toFixed(2)} pixels, ${RULES.rmse} are allowed`,
  ];
  const reason = faults.find((fault) => fault !== false) || null;
  return {
    status: reason === null ? 'ok' : 'failed',
    reason,
    model: isNeeded ? model : 'none',
    correction,
    shift: [moved[0] - middle[0], moved[1] - middle[1]],
    rmse: after.rmse,
    windows,
    ties: ties.length,
    inliers: inliers.length,
    checks: near.length,
    before,
    after,
  };
}

/** Where the content of a tie point lies in the moving image, on the reference's grid. */
function contentOf({ col, row, dx, dy }: TiePoint): readonly [number, number] {
  return [col - dx, row - dy];
}

/** How far a correction leaves a tie point's content from where it belongs. */
function distance(tie: TiePoint, correction: Affine): number {
  const [x, y] = apply(correction, ...contentOf(tie));
  return Math.hypot(x - tie.col, y - tie.row);
}

function fitShift(ties: readonly TiePoint[]): Affine | null {
  if (ties.length === 0) return null;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean(ties.map(({ dx }) => dx)), 1, 0, mean(ties.map(({ dy }) => dy)), 0, 1];
}

function fitAffine(ties: readonly TiePoint[]): Affine | null {
  const from = ties.map(contentOf);
  const x = fitPlane(
    from,
    ties.map(({ col }) => col),
  );
  const y = fitPlane(
    from,
    ties.map(({ row }) => row),
  );
  return x === null || y === null ? null : [...x, ...y];
}

/** `value = a + b x + c y` by least squares; null where the points lie on a line. */
function fitPlane(
  points: readonly (readonly [number, number])[],
  values: readonly number[],
): [number, number, number] | null {
  const n = points.length;
  const mean = (pick: (i: number) => number) => values.reduce((sum, _, i) => sum + pick(i), 0) / n;
  const [mx, my, mv] = [mean((i) => points[i]![0]), mean((i) => points[i]![1]), mean((i) => values[i]!)];
  let [xx, xy, yy, xv, yv] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [x, y, v] = [points[i]![0] - mx, points[i]![1] - my, values[i]! - mv];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xv += x * v;
    yv += y * v;
  }
  const det = xx * yy - xy * xy;
  if (!(det > 1e-6 * (xx + yy) ** 2)) return null;
  const b = (yy * xv - xy * yv) / det;
  const c = (xx * yv - xy * xv) / det;
  return [mv - b * mx - c * my, b, c];
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}

function sampleOf<T>(items: readonly T[], count: number, random: Random): T[] {
  const picked = new Set<number>();
  while (picked.size < count) picked.add(Math.floor(random() * items.length));
  return [...picked].map((i) => items[i]!);
}

function residualsOf(distances: readonly number[]): Residuals {
  const sorted = [...distances].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  const squares = sorted.reduce((sum, value) => sum + value * value, 0);
  return {
    rmse: sorted.length === 0 ? Number.NaN : Math.sqrt(squares / sorted.length),
    median: at(0.5) ?? Number.NaN,
    ce68: at(0.68) ?? Number.NaN,
    max: at(1) ?? Number.NaN,
  };
}

type Placed = Grid & { readonly epsg: number };

/**
 * The moving image's grid as the correction says it lies: the same pixels under another transform, with which it is then
 * warped like any other image. In another CRS than the reference's the correction is the affine transform nearest to it.
 */
export function correctedGrid(moving: Placed, reference: Placed, correction: Affine): Placed {
  if (moving.epsg === reference.epsg) {
    const toPixel = invert(reference.transform);
    const place = (col: number, row: number) =>
      apply(
        reference.transform,
        ...apply(correction, ...apply(toPixel, ...apply(moving.transform, col, row))),
      );
    return { ...moving, transform: throughCorners(place) };
  }
  const there = transformer(moving.epsg, reference.epsg);
  const back = transformer(reference.epsg, moving.epsg);
  const toPixel = invert(reference.transform);
  const points: [number, number][] = [];
  for (let i = 0; i <= 4; i++)
    for (let j = 0; j <= 4; j++) points.push([(i * moving.width) / 4, (j * moving.height) / 4]);
  const places = points.map((point) =>
    back(
      ...apply(
        reference.transform,
        ...apply(correction, ...apply(toPixel, ...there(...apply(moving.transform, ...point)))),
      ),
    ),
  );
  const x = fitPlane(
    points,
    places.map((place) => place[0]),
  );
  const y = fitPlane(
    points,
    places.map((place) => place[1]),
  );
  // An image has an area, so that its points do not lie on a line.
  if (x === null || y === null) throw new RangeError('the moving image has no area');
  return { ...moving, transform: [...x, ...y] };
}

/** The transform of an affine map, from where it puts three corners of a pixel. */
function throughCorners(place: (col: number, row: number) => readonly [number, number]): Affine {
  const [x, y] = place(0, 0);
  const [rightX, rightY] = place(1, 0);
  const [downX, downY] = place(0, 1);
  return [x, rightX - x, downX - x, y, rightY - y, downY - y];
}
