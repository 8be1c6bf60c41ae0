import { mergeSmall } from './sieve.ts';
import { simplifyBorders } from './simplify.ts';
import { newTracer, type TracedArea, type Tracer } from './trace.ts';

/** What becomes of areas that are too small: left out, or given to the largest area beside them. */
export const SMALL_RULES = ['drop', 'merge'] as const;

export type SmallRule = (typeof SMALL_RULES)[number];

export interface PolygonizeOptions {
  /** Columns of the raster. */
  readonly width: number;
  /** Pixels that are no class; null when all are. */
  readonly nodata: number | null;
  /** 8 joins pixels that share a corner only; such an area is several polygons that touch there. */
  readonly connectivity: 4 | 8;
  /** Areas of fewer pixels are small; 0 for none. */
  readonly leastPixels: number;
  readonly small: SmallRule;
  /** Pixels that a border may be moved to be straighter; 0 leaves it on the sides of pixels. */
  readonly tolerance: number;
  readonly onArea: (area: TracedArea) => void;
}

/**
 * Areas of equal class with their borders, from rows that come one after the other. Without merging and straightening
 * an area is told as soon as the row after it has come, and only open borders are kept; with either, all borders are
 * kept to the end (some 20 bytes a vertex), because a border may depend on what lies on its other side.
 */
export function newPolygonizer(options: PolygonizeOptions): Tracer {
  const { width, nodata, connectivity, leastPixels, small, tolerance, onArea } = options;
  const merges = small === 'merge' && leastPixels > 1;
  const trace = {
    width,
    nodata,
    connectivity,
    onArea: (area: TracedArea) => {
      if (area.pixels >= leastPixels || small === 'merge') onArea(area);
    },
  };
  if (!merges && tolerance <= 0) return newTracer(trace);
  return newTracer({
    ...trace,
    settle: (traced) => {
      if (merges) mergeSmall(traced, leastPixels, connectivity);
      if (tolerance > 0) simplifyBorders(traced, tolerance);
    },
  });
}
