import { HeituError } from '../core/error.ts';
import type { Window } from '../core/grid.ts';
import { checkReadable } from './geotiff-codec.ts';
import { type Directory, type Structure, TAG } from './geotiff-directory.ts';
import { type Layout, readLayout } from './geotiff-layout.ts';
import type { TypedArray } from './geotiff-samples.ts';
import type { Source } from './geotiff-source.ts';

/** Where a file says which of its pixels are there, beside its nodata value: a mask inside it, or an alpha band. */
export type ValidityKind = 'mask' | 'sidecar mask' | 'alpha';

/** The transparency masks of a file (TIFF 6.0, NewSubfileType bit 2), by level; null for a level without one of its own. */
export interface Masks {
  readonly levels: readonly (Layout | null)[];
  /** Why the full-size mask cannot be read, when it cannot: its pixels must not be taken for valid then. */
  readonly trouble: HeituError | null;
}

const MASK = 4;

/** True for the subfile types of transparency masks, of the image (4) and of its overviews (5). */
export function isMaskKind(kind: number): boolean {
  return (kind & MASK) !== 0;
}

/** The masks that lie in a file, each of the size of the level it belongs to; null when there is none at full size. */
export async function findMasks(
  source: Source,
  structure: Structure,
  levels: readonly Layout[],
): Promise<Masks | null> {
  const found: (Layout | null)[] = levels.map(() => null);
  let trouble: HeituError | null = null;
  const [main] = levels;
  for (const directory of structure.directories.slice(1)) {
    const kind = await directory.number(TAG.subfileType, 0).catch(() => 0);
    if (!isMaskKind(kind)) continue;
    const width = await directory.number(TAG.width, 0).catch(() => 0);
    const height = await directory.number(TAG.height, 0).catch(() => 0);
    const level = levels.findIndex((one) => one.width === width && one.height === height);
    if (level < 0 || found[level] !== null) continue;
    try {
      const layout = await readLayout(source, directory);
      checkReadable(layout, source.name);
      found[level] = layout.samples === 1 || layout.samples === main!.samples ? layout : null;
    } catch (error) {
      // A broken overview of a mask is as good as none, for the full mask is still there.
      if (level === 0 && error instanceof HeituError) trouble ??= error;
    }
  }
  return found[0] === null && trouble === null ? null : { levels: found, trouble };
}

const ASSOCIATED_ALPHA = 1;
const UNASSOCIATED_ALPHA = 2;

/** Number (from 1) of the first band that is tagged as alpha, or null. Extra samples are the last ones of a pixel. */
export async function findAlpha(directory: Directory, samples: number): Promise<number | null> {
  const kinds = await directory.numbers(TAG.extraSamples).catch(() => null);
  if (kinds === null || kinds.length >= samples) return null;
  const at = kinds.findIndex((kind) => kind === ASSOCIATED_ALPHA || kind === UNASSOCIATED_ALPHA);
  return at < 0 ? null : samples - kinds.length + at + 1;
}

/** A window of one image as arrays, one a band. */
export type ReadLayer = (layout: Layout, bands: readonly number[], window: Window) => Promise<TypedArray[]>;

/**
 * 1 where the mask has anything but 0 in all of its bands that are asked for, else 0. A level without a mask of its own
 * takes the nearest pixel of the full one.
 */
export async function readMask(
  masks: Masks,
  levels: readonly Layout[],
  bands: readonly number[],
  window: Window,
  level: number,
  read: ReadLayer,
): Promise<Uint8Array> {
  if (masks.trouble !== null) throw masks.trouble;
  const own = masks.levels[level];
  const [full, image] = [masks.levels[0]!, levels[level]!];
  const layout = own ?? full;
  const wanted = layout.samples === 1 ? [1] : bands;
  if (own != null) return opaque(await read(layout, wanted, window));
  const columns = nearest(window.col, window.width, image.width, full.width);
  const rows = nearest(window.row, window.height, image.height, full.height);
  const over = {
    col: columns[0]!,
    row: rows[0]!,
    width: columns.at(-1)! - columns[0]! + 1,
    height: rows.at(-1)! - rows[0]! + 1,
  };
  const whole = opaque(await read(layout, wanted, over));
  const out = new Uint8Array(window.width * window.height);
  let to = 0;
  for (const row of rows) {
    const start = (row - over.row) * over.width - over.col;
    for (const col of columns) out[to++] = whole[start + col]!;
  }
  return out;
}

/** For `count` pixels of an overview from `first` on, the full-size pixel under each one's centre, along one axis. */
function nearest(first: number, count: number, size: number, full: number): number[] {
  return Array.from({ length: count }, (_, i) =>
    Math.min(full - 1, Math.floor(((first + i + 0.5) * full) / size)),
  );
}

/** 1 where all arrays have something but 0. Partly transparent counts as there, as in GDAL. */
export function opaque(arrays: readonly TypedArray[]): Uint8Array {
  const out = new Uint8Array(arrays[0]!.length).fill(1);
  for (const values of arrays) {
    for (let i = 0; i < out.length; i++) if (values[i] === 0) out[i] = 0;
  }
  return out;
}
