import { type Ground, type Look, lookOf } from '../../../pipeline/anomaly/looks.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { dayNumber } from '../../../pipeline/series/axis.ts';

export const WIDTH = 120;
export const HEIGHT = 80;

/** Fields of 20 × 20 pixels of 10 m: maize in the west, soybean from column 60 on, forest from 100. */
export const GROUND: Ground = {
  width: WIDTH,
  height: HEIGHT,
  pixel: 10,
  origin: [0, 0],
  hosts: [
    { code: 1, id: 'maize', kind: 'crop' },
    { code: 2, id: 'soybean', kind: 'crop' },
    { code: 3, id: 'larch', kind: 'forest' },
  ],
  host: Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
    const column = i % WIDTH;
    return column < 60 ? 1 : column < 100 ? 2 : 3;
  }),
  parcel: Int32Array.from(
    { length: WIDTH * HEIGHT },
    (_, i) => 1 + 6 * Math.floor(i / WIDTH / 20) + Math.floor((i % WIDTH) / 20),
  ),
};

/** Reflectance of a full canopy and of bare soil: NGRDI .263 and −.111, NDVI .829 and .2. */
const CANOPY = { blue: 0.03, green: 0.072, red: 0.042, nir: 0.45 };
const SOIL = { blue: 0.07, green: 0.08, red: 0.1, nir: 0.15 };

export type Bands = Record<keyof typeof CANOPY, number>;

/** Day of the first look; the others follow every six days. */
export const FIRST = dayNumber('2024-06-20');
export const STEP = 6;

export interface Event {
  /** Leaf loss 0–1 of a pixel at look `k`. */
  readonly loss?: (column: number, row: number, k: number) => number;
  /** What else happens to its reflectance. */
  readonly spoil?: (bands: Bands, column: number, row: number, k: number) => Bands;
  readonly quality?: (column: number, row: number, k: number) => number;
  /** Pixels that the date is displaced by. */
  readonly shift?: (k: number) => number;
  readonly noise?: number;
}

/** A season of looks over the fields above; crops close in July and, from look 12 on, maize and soybean ripen together. */
export function season(count: number, event: Event, seed = 1): Look[] {
  const random = seeded(seed);
  const vigour = Float64Array.from({ length: WIDTH * HEIGHT }, () => 1 + 0.03 * normal(random));
  return Array.from({ length: count }, (_, k) => {
    const size = WIDTH * HEIGHT;
    const planes = Object.fromEntries(
      Object.keys(CANOPY).map((band) => [band, new Float32Array(size)]),
    ) as Record<keyof typeof CANOPY, Float32Array>; // keys of CANOPY
    const quality = new Uint16Array(size);
    const shift = event.shift?.(k) ?? 0;
    for (let i = 0; i < size; i++) {
      const [row, seen] = [Math.floor(i / WIDTH), i % WIDTH];
      const column = Math.min(WIDTH - 1, Math.max(0, seen + shift));
      const at = row * WIDTH + column;
      const host = GROUND.host[at]!;
      const grown = host === 3 ? 0.95 : Math.min(1, 0.35 + 0.08 * k) * (host === 2 ? 0.85 : 0.95);
      const ripe = k >= 12 && host !== 3 ? 0.12 * (k - 11) : 0;
      const cover = Math.max(0, (grown - ripe) * vigour[at]! * (1 - (event.loss?.(column, row, k) ?? 0)));
      // Fields end in a strip of grass, which is what a shift moves about.
      const isEdge = column % 20 === 0 || row % 20 === 0;
      const leaves = isEdge && host !== 3 ? 0.5 * cover : cover;
      let bands: Bands = { ...SOIL };
      for (const band of Object.keys(bands) as (keyof Bands)[])
        bands[band] = leaves * CANOPY[band] + (1 - leaves) * SOIL[band]; // keys of SOIL
      bands = event.spoil?.(bands, column, row, k) ?? bands;
      for (const band of Object.keys(bands) as (keyof Bands)[])
        planes[band][i] = bands[band] * (1 + (event.noise ?? 0.02) * normal(random)); // keys of SOIL
      quality[i] = event.quality?.(seen, row, k) ?? 0;
    }
    return lookOf(FIRST + STEP * k, planes, quality);
  });
}

export const CLOUD = QUALITY.CLOUD.bit;
