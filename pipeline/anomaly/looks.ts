import { EXCLUDING } from '../core/quality.ts';
import { ANOMALY_RULE } from './rules.ts';

/** The indices the engine asks, in this order: for diseased trees G/R has an AUC of 0.874 and NDVI of 0.796 (docs/zones.md). */
export const SIGNALS = ['ngrdi', 'ndvi'] as const;

export type Signal = (typeof SIGNALS)[number];

/** What a curve is fitted to. MTVI2 stands for leaf area, of which the loss is graded. */
export type Plane = Signal | 'mtvi2';

export const PLANES: readonly Plane[] = [...SIGNALS, 'mtvi2'];

/** Surface or top-of-atmosphere reflectance 0–1 of one date, row by row. */
export interface Reflectance {
  readonly blue: Float32Array | null;
  readonly green: Float32Array;
  readonly red: Float32Array;
  readonly nir: Float32Array;
}

/** One date of a tile. Planes are NaN where the pixel is not clear. */
export interface Look extends Readonly<Record<Plane, Float32Array>> {
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly bands: Reflectance;
  readonly quality: Uint16Array;
}

/** What grows on the ground of a tile, as the map says it. */
export interface Host {
  /** Number in `Ground.host`, from 1 on. */
  readonly code: number;
  /** Crop or forest type, as in the crop map or the stand register. */
  readonly id: string;
  readonly kind: 'crop' | 'forest';
}

/** All that stays the same through a season. */
export interface Ground {
  readonly width: number;
  readonly height: number;
  /** Side of a pixel, m. */
  readonly pixel: number;
  /** Column and row of the tile's corner on the analysis lattice, so that cells do not depend on tiles. */
  readonly origin: readonly [column: number, row: number];
  readonly hosts: readonly Host[];
  /** Host of each pixel, 0 for none. */
  readonly host: Uint16Array;
  /** Field or stand of each pixel, 0 for none. */
  readonly parcel: Int32Array;
}

/**
 * A date of a tile from its bands: NGRDI = (G−R)/(G+R), a rising function of G/R; NDVI; MTVI2 (METHODS 3.2). Pixels with an
 * excluding flag are NaN in all three. Green .08, red .04, near infrared .4 have NGRDI .3333 and NDVI .8182.
 */
export function lookOf(day: number, bands: Reflectance, quality: Uint16Array): Look {
  const { green, red, nir } = bands;
  const n = quality.length;
  const [ngrdi, ndvi, mtvi2] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
  for (let i = 0; i < n; i++) {
    const isSeen = (quality[i]! & EXCLUDING) === 0;
    const [g, r, v] = [green[i]!, red[i]!, nir[i]!];
    ngrdi[i] = isSeen ? (g - r) / (g + r) : Number.NaN;
    ndvi[i] = isSeen ? (v - r) / (v + r) : Number.NaN;
    mtvi2[i] = isSeen ? mtvi2Of(g, r, v) : Number.NaN;
  }
  return { day, bands, quality, ngrdi, ndvi, mtvi2 };
}

function mtvi2Of(green: number, red: number, nir: number): number {
  const below = (2 * nir + 1) ** 2 - (6 * nir - 5 * Math.sqrt(red)) - 0.5;
  return (1.5 * (1.2 * (nir - green) - 2.5 * (red - green))) / Math.sqrt(below);
}

/** Pixels that are compared with each other: one host within one cell. */
export interface Groups {
  /** Group of each pixel, −1 for none. */
  readonly of: Int32Array;
  /** Pixels of each group. */
  readonly members: readonly Int32Array[];
  readonly hosts: readonly Host[];
}

export function groupsOf(ground: Ground): Groups {
  const { width, height, pixel, origin, hosts, host } = ground;
  const edge = Math.max(1, Math.round((ANOMALY_RULE.cellKm * 1000) / pixel));
  const byCode = new Map(hosts.map((one) => [one.code, one]));
  const numbers = new Map<string, number>();
  const members: number[][] = [];
  const found: Host[] = [];
  const of = new Int32Array(width * height).fill(-1);
  for (let row = 0; row < height; row++) {
    const cellRow = Math.floor((origin[1] + row) / edge);
    for (let column = 0; column < width; column++) {
      const i = row * width + column;
      const own = byCode.get(host[i]!);
      if (own === undefined) continue;
      const key = `${own.code} ${Math.floor((origin[0] + column) / edge)} ${cellRow}`;
      let group = numbers.get(key);
      if (group === undefined) {
        group = members.push([]) - 1;
        numbers.set(key, group);
        found.push(own);
      }
      of[i] = group;
      members[group]!.push(i);
    }
  }
  return { of, members: members.map((list) => Int32Array.from(list)), hosts: found };
}

/** Median of a plane over given pixels, NaN left out; NaN where fewer than `least` are left. */
export function medianOver(plane: Float32Array, pixels: Int32Array, least = 1): number {
  const values = new Float32Array(pixels.length);
  let n = 0;
  for (const i of pixels) {
    const value = plane[i]!;
    if (!Number.isNaN(value)) values[n++] = value;
  }
  if (n < least) return Number.NaN;
  const sorted = values.subarray(0, n).sort();
  return n % 2 === 1 ? sorted[n >> 1]! : (sorted[n / 2 - 1]! + sorted[n / 2]!) / 2;
}

/** Median of a plane in every group; NaN in groups that are too small to be compared. */
export function groupMedians(plane: Float32Array, groups: Groups): Float64Array {
  return Float64Array.from(groups.members, (pixels) => medianOver(plane, pixels, ANOMALY_RULE.leastGroup));
}

/** Dates of a tile by day, with the median of every group on each. */
export interface Season {
  readonly ground: Ground;
  readonly looks: readonly Look[];
  readonly groups: Groups;
  readonly medians: Readonly<Record<Plane, readonly Float64Array[]>>;
}

/** Prepares the dates of a tile. Throws a RangeError for planes of another size than the ground. */
export function seasonOf(ground: Ground, looks: readonly Look[]): Season {
  const size = ground.width * ground.height;
  for (const { day, quality } of looks)
    if (quality.length !== size) throw new RangeError(`day ${day}: ${quality.length} pixels of ${size}`);
  const sorted = looks.toSorted((a, b) => a.day - b.day);
  const groups = groupsOf(ground);
  const mediansOf = (plane: Plane) => sorted.map((look) => groupMedians(look[plane], groups));
  const medians = { ngrdi: mediansOf('ngrdi'), ndvi: mediansOf('ndvi'), mtvi2: mediansOf('mtvi2') };
  return { ground, looks: sorted, groups, medians };
}
