import { QUALITY, type QualityFlag } from '../core/quality.ts';
import type { Classification } from '../core/scene.ts';
import { dilate } from './morphology.ts';
import { cellsIn } from './thresholds.ts';

/** One class or bit of a vendor's classification. */
export interface ClassRow {
  /** The flag it sets; null when the pixel is used as it is. */
  readonly flag: QualityFlag | null;
  /** Metres around it that are not used either (flag EDGE). */
  readonly around: number;
  /** Weight of such a pixel in a smoothed series (METHODS 2.3) [H]. */
  readonly weight: number;
  readonly means: string;
}

/** How a kind of classification is read: a class number, or one bit each. */
interface ClassificationKind {
  readonly isBits: boolean;
  /** By class number or bit number. */
  readonly rows: Readonly<Record<number, ClassRow>>;
}

const row = (means: string, flag: QualityFlag | null, weight: number, around = 0): ClassRow => ({
  flag,
  around,
  weight,
  means,
});

/**
 * Sentinel-2 scene classification (METHODS 2.3) and Landsat Collection 2 QA_PIXEL (LSDS-1619 and LSDS-1328, table
 * "Pixel Quality Assessment bit index"; bits not listed are confidences of those that are).
 */
export const CLASSIFICATIONS = {
  scl: {
    isBits: false,
    rows: {
      0: row('no data', 'NODATA', 0),
      1: row('saturated or defective', 'SATURATED', 0),
      2: row('dark area, cast shadow', 'TERRAIN', 0.3),
      3: row('cloud shadow', 'SHADOW', 0, 60),
      4: row('vegetation', null, 1),
      5: row('not vegetated', null, 1),
      6: row('water', 'WATER', 1),
      7: row('unclassified', null, 0.5),
      8: row('cloud, medium probability', 'CLOUD', 0, 120),
      9: row('cloud, high probability', 'CLOUD', 0, 120),
      10: row('thin cirrus', 'HAZE', 0.2),
      11: row('snow or ice', 'SNOW', 0),
    },
  },
  qa_pixel: {
    isBits: true,
    rows: {
      0: row('fill', 'NODATA', 0),
      1: row('dilated cloud', 'EDGE', 0),
      2: row('cirrus', 'HAZE', 0.2),
      3: row('cloud', 'CLOUD', 0, 120),
      4: row('cloud shadow', 'SHADOW', 0, 60),
      5: row('snow', 'SNOW', 0),
      7: row('water', 'WATER', 1),
    },
  },
} as const satisfies Record<Classification['kind'], ClassificationKind>;

/**
 * Quality flags of a classification on cells of `size` metres, with what lies around cloud and shadow flagged EDGE.
 * An SCL of 9 gives CLOUD, and EDGE up to 120 m from it; a QA_PIXEL of 0x5500 (bits 8, 10, 12, 14) gives nothing.
 */
export function classFlags(
  kind: Classification['kind'],
  codes: Uint16Array,
  { width, height, size }: { readonly width: number; readonly height: number; readonly size: number },
): Uint16Array {
  const { isBits, rows } = CLASSIFICATIONS[kind];
  const table: readonly (readonly [string, ClassRow])[] = Object.entries(rows);
  const quality = new Uint16Array(codes.length);
  const rims = new Map<number, Uint8Array>();
  for (const [key, { flag, around }] of table) {
    if (flag === null) continue;
    const code = Number(key);
    const { bit } = QUALITY[flag];
    const rim = around === 0 ? null : (rims.get(around) ?? new Uint8Array(quality.length));
    if (rim !== null) rims.set(around, rim);
    for (let i = 0; i < quality.length; i++) {
      const value = codes[i]!;
      if (isBits ? ((value >> code) & 1) === 0 : value !== code) continue;
      quality[i]! |= bit;
      if (rim !== null) rim[i] = 1;
    }
  }
  for (const [around, marked] of rims) {
    const wide = dilate(marked, width, height, cellsIn(around, size));
    for (let i = 0; i < quality.length; i++)
      if (wide[i] === 1 && marked[i] === 0) quality[i]! |= QUALITY.EDGE.bit;
  }
  return quality;
}
