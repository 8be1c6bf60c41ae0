import type { Components } from './components.ts';
import { MASK } from './thresholds.ts';

/** Where sun and camera stood, degrees; null where the delivery does not say. */
export interface Directions {
  readonly sunElevation: number | null;
  readonly sunAzimuth: number | null;
  readonly viewZenith: number | null;
  /** From the scene to the camera, clockwise from north. */
  readonly viewAzimuth: number | null;
}

/** Metres east and north from where a cloud appears to its shadow, for each metre of its height. */
export type Slope = readonly [east: number, north: number];

/**
 * Metres east and north from where a cloud at `height` metres appears to its shadow (METHODS 2.2, step 5): away from the
 * sun by h / tan(elevation), and, because a camera that looks aslant sees the cloud beyond the point below it, towards
 * the camera by h · tan(zenith). `view` null is a camera overhead.
 * `shadowOffset(2000, { elevation: 50, azimuth: 150 }, null)` is `[-839.10, 1453.36]`.
 */
export function shadowOffset(
  height: number,
  sun: { readonly elevation: number; readonly azimuth: number },
  view: { readonly zenith: number; readonly azimuth: number } | null,
): Slope {
  const away = height / Math.tan(radians(sun.elevation));
  const aside = view === null ? 0 : height * Math.tan(radians(view.zenith));
  const [towards, azimuth] = [radians(view?.azimuth ?? 0), radians(sun.azimuth)];
  return [
    aside * Math.sin(towards) - away * Math.sin(azimuth),
    aside * Math.cos(towards) - away * Math.cos(azimuth),
  ];
}

function radians(degrees: number): number {
  return (degrees * Math.PI) / 180;
}

/**
 * The directions in which shadows may lie, the stated one first: vendors do not agree whether the azimuth of the view
 * points to the camera or from it, and some images are corrected for the ground only. None without a usable sun.
 */
export function slopesOf(directions: Directions): readonly Slope[] {
  const { sunElevation, sunAzimuth, viewZenith, viewAzimuth } = directions;
  if (sunElevation === null || sunAzimuth === null || sunElevation < MASK.match.elevation) return [];
  const sun = { elevation: sunElevation, azimuth: sunAzimuth };
  const overhead = shadowOffset(1, sun, null);
  if (viewZenith === null || viewAzimuth === null || viewZenith <= 0) return [overhead];
  const view = (azimuth: number) => shadowOffset(1, sun, { zenith: viewZenith, azimuth });
  return [view(viewAzimuth), view(viewAzimuth + 180), overhead];
}

/** The cells of clouds, a sample of each: component k has those from `start[k]` to `start[k + 1]`. */
export interface Casters {
  readonly cols: Int32Array;
  readonly rows: Int32Array;
  readonly start: Int32Array;
  /** Cells of the component that each of its samples stands for; entry 0 is unused. */
  readonly weights: Float64Array;
  readonly count: number;
}

/** Samples of every component, at most 512 each and evenly spread in reading order. */
export function castersOf({ labels, sizes, count }: Components, width: number): Casters {
  const strides = Int32Array.from(sizes, (size) => Math.max(1, Math.ceil(size / MASK.match.samples)));
  const start = new Int32Array(count + 2);
  for (let k = 1; k <= count; k++) start[k + 1] = start[k]! + Math.ceil(sizes[k]! / strides[k]!);
  const cols = new Int32Array(start[count + 1]!);
  const rows = new Int32Array(start[count + 1]!);
  const passed = new Int32Array(count + 1);
  for (let i = 0; i < labels.length; i++) {
    const k = labels[i]!;
    if (k === 0) continue;
    const nth = passed[k]!++;
    if (nth % strides[k]! !== 0) continue;
    const at = start[k]! + nth / strides[k]!;
    cols[at] = i % width;
    rows[at] = Math.floor(i / width);
  }
  const weights = Float64Array.from(sizes, (size, k) => (k === 0 ? 0 : size / (start[k + 1]! - start[k]!)));
  return { cols, rows, start, weights, count };
}
