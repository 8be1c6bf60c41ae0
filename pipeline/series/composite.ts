/** Pixels of several dates over one tile: every plane has the same length. */
export interface TileStack {
  /** `bands[band][date]`, reflectance or index. */
  readonly bands: readonly (readonly Float32Array[])[];
  /** Of every date, 1 where the pixel is a clear look. */
  readonly clear: readonly Uint8Array[];
  /** NDVI of every date, for the composites that choose by it. */
  readonly ndvi?: readonly Float32Array[];
  /** What is known of every date, for the best available pixel. */
  readonly looks?: readonly Look[];
}

/** What makes one date better than another (METHODS 5.1). */
export interface Look {
  /** Days from the date that is wanted. */
  readonly days: number;
  /** Metres to the next cloud, of every pixel. */
  readonly cloudDistance: Float32Array;
  /** Aerosol optical thickness at 550 nm. */
  readonly aerosol: number;
  /** Degrees off nadir. */
  readonly viewZenith: number;
}

export interface Composite {
  readonly method: CompositeId;
  /** One plane a band; NaN where there was no clear look. */
  readonly bands: readonly Float32Array[];
  /** Clear looks of every pixel. */
  readonly looks: Uint16Array;
  /** Date whose pixel was taken, NONE where none was; null for composites that mix dates. */
  readonly source: Uint16Array | null;
}

/** No date. */
export const NONE = 0xffff;

export type CompositeId = 'max-ndvi' | 'median' | 'medoid' | 'geomedian' | 'best-pixel';

/** One pixel's clear looks: `values[look · bands + band]`. */
interface Pixel {
  readonly at: number;
  readonly bands: number;
  readonly count: number;
  readonly values: Float64Array;
  /** Date of every look. */
  readonly dates: Uint16Array;
}

interface CompositeRow {
  readonly title: { readonly zh: string; readonly en: string };
  readonly needs: 'ndvi' | 'looks' | null;
  /** The look to take, or null after writing the mixed spectrum to `out`. */
  readonly choose: (pixel: Pixel, stack: TileStack, out: Float64Array) => number | null;
}

/** The composites, one row each. Where looks are equally good the earliest is taken. */
export const COMPOSITES: Readonly<Record<CompositeId, CompositeRow>> = {
  'max-ndvi': {
    title: { zh: '最大 NDVI', en: 'maximum NDVI' },
    needs: 'ndvi',
    choose: ({ at, count, dates }, { ndvi }) => {
      const value = (look: number) => ndvi![dates[look]!]![at]!;
      return bestOf(count, value);
    },
  },
  median: {
    title: { zh: '逐波段中位数', en: 'median of each band' },
    needs: null,
    choose: ({ bands, count, values }, _, out) => {
      const own = new Float64Array(count);
      for (let band = 0; band < bands; band++) {
        for (let look = 0; look < count; look++) own[look] = values[look * bands + band]!;
        own.sort();
        out[band] = (own[(count - 1) >> 1]! + own[count >> 1]!) / 2;
      }
      return null;
    },
  },
  medoid: {
    title: { zh: '中心点', en: 'medoid: the look nearest to all others' },
    needs: null,
    choose: (pixel) => bestOf(pixel.count, (look) => -distanceSum(pixel, look)),
  },
  geomedian: {
    title: { zh: '几何中位数', en: 'geometric median' },
    needs: null,
    choose: ({ bands, count, values }, _, out) => {
      out.set(geometricMedian(values.subarray(0, count * bands), bands));
      return null;
    },
  },
  'best-pixel': {
    title: { zh: '最佳可用像元', en: 'best available pixel' },
    needs: 'looks',
    choose: ({ at, count, dates }, { looks }) =>
      bestOf(count, (look) => lookScore(looks![dates[look]!]!, at)),
  },
};

/**
 * Makes one picture of the clear looks of a tile, pixel by pixel, and counts them. Looks with a band that is not finite do not
 * count. Throws RangeError where a row needs NDVI or looks that the stack has not.
 */
export function composite(method: CompositeId, stack: TileStack): Composite {
  const { needs, choose } = COMPOSITES[method];
  if (needs !== null && stack[needs] === undefined) throw new RangeError(`${method} needs ${needs}`);
  const dates = stack.clear.length;
  const pixels = stack.clear[0]?.length ?? 0;
  const bands = stack.bands.length;
  const planes = stack.bands.map(() => new Float32Array(pixels).fill(Number.NaN));
  const looks = new Uint16Array(pixels);
  const source = new Uint16Array(pixels).fill(NONE);
  const values = new Float64Array(dates * bands);
  const own = new Uint16Array(dates);
  const out = new Float64Array(bands);
  let isMixed = false;
  for (let at = 0; at < pixels; at++) {
    let count = 0;
    for (let date = 0; date < dates; date++) {
      if (stack.clear[date]![at] !== 1) continue;
      let isWhole = needs !== 'ndvi' || Number.isFinite(stack.ndvi![date]![at]);
      for (let band = 0; band < bands; band++) {
        const value = stack.bands[band]![date]![at]!;
        values[count * bands + band] = value;
        isWhole &&= Number.isFinite(value);
      }
      if (isWhole) own[count++] = date;
    }
    looks[at] = count;
    if (count === 0) continue;
    const chosen = choose({ at, bands, count, values, dates: own }, stack, out);
    isMixed ||= chosen === null;
    if (chosen !== null) source[at] = own[chosen]!;
    for (let band = 0; band < bands; band++)
      planes[band]![at] = chosen === null ? out[band]! : values[chosen * bands + band]!;
  }
  return { method, bands: planes, looks, source: isMixed ? null : source };
}

function bestOf(count: number, value: (look: number) => number): number {
  let [best, highest] = [0, value(0)];
  for (let look = 1; look < count; look++) {
    const own = value(look);
    if (own > highest) [best, highest] = [look, own];
  }
  return best;
}

/** Sum of the distances from one look to all. */
function distanceSum({ bands, count, values }: Pixel, look: number): number {
  let sum = 0;
  for (let other = 0; other < count; other++) {
    let squares = 0;
    for (let band = 0; band < bands; band++)
      squares += (values[look * bands + band]! - values[other * bands + band]!) ** 2;
    sum += Math.sqrt(squares);
  }
  return sum;
}

/** Weiszfeld's iteration ends when it moves less than this (reflectance), or after so many rounds. */
const GEOMEDIAN = { tolerance: 1e-4, rounds: 50, guard: 1e-6 };

/**
 * Point with the least sum of distances to `points` (one behind the other, `bands` numbers each), by Weiszfeld's iteration from
 * their mean; a point that is met is kept a guard of 1e-6 away. Of the corners (0, 0), (4, 0), (5, 3), (1, 4) it is where the
 * diagonals cross, (2.758621, 1.655172). Source: Weiszfeld 1937; METHODS 5.1.
 */
export function geometricMedian(
  points: Float64Array,
  bands: number,
  { tolerance, rounds }: { tolerance: number; rounds: number } = GEOMEDIAN,
): Float64Array {
  const count = points.length / bands;
  let centre = new Float64Array(bands);
  for (const [i, value] of points.entries()) centre[i % bands]! += value / count;
  for (let round = 0; round < rounds; round++) {
    const next = new Float64Array(bands);
    let weights = 0;
    for (let i = 0; i < count; i++) {
      let squares = 0;
      for (let band = 0; band < bands; band++) squares += (points[i * bands + band]! - centre[band]!) ** 2;
      const weight = 1 / Math.max(Math.sqrt(squares), GEOMEDIAN.guard);
      weights += weight;
      for (let band = 0; band < bands; band++) next[band]! += weight * points[i * bands + band]!;
    }
    let moved = 0;
    for (let band = 0; band < bands; band++) {
      next[band]! /= weights;
      moved += (next[band]! - centre[band]!) ** 2;
    }
    centre = next;
    if (Math.sqrt(moved) < tolerance) break;
  }
  return centre;
}

/**
 * Score of a look at a pixel: near in time (15 days), a kilometre from cloud, clear air, from above
 * (after Griffiths et al. 2013, doi 10.1109/JSTARS.2012.2228167, and White et al. 2014; weights of METHODS 5.1).
 */
export function lookScore({ days, cloudDistance, aerosol, viewZenith }: Look, at: number): number {
  return (
    0.4 * Math.exp(-((days / 15) ** 2) / 2) +
    0.3 * Math.min(1, cloudDistance[at]! / 1000) +
    0.2 * (1 - aerosol / 0.6) +
    0.1 * (1 - viewZenith / 35)
  );
}
