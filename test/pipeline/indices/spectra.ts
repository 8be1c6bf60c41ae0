import golden from '../../../fixtures/golden/indices.json' with { type: 'json' };
import { seeded } from '../../../pipeline/core/random.ts';
import type { Tile } from '../../../pipeline/core/tile.ts';
import { makeTile } from '../../helpers/builders.ts';

/** Every band a row of the index table may ask for. */
export const ALL_BANDS = ['B', 'G', 'R', 'RE1', 'RE2', 'RE3', 'N', 'N2', 'S1', 'S2'] as const;
export type AnyBand = (typeof ALL_BANDS)[number];

/** The seven golden spectra, one array a band. */
export function spectraBands(): Record<AnyBand, Float32Array> {
  const spectra = Object.values(golden.spectra);
  const of = (name: AnyBand) =>
    Float32Array.from(spectra, (spectrum) => spectrum[golden.bands.indexOf(name)]!);
  return Object.fromEntries(ALL_BANDS.map((name) => [name, of(name)])) as Record<AnyBand, Float32Array>;
}

/** A row of pixels: the golden spectra in order, each with some bands replaced. */
export function aTileOf(
  pixels: number,
  replaced: Readonly<Partial<Record<string, number>>> = {},
): Tile<'boa', AnyBand> {
  const bands = spectraBands();
  const tile = makeTile('boa', gridOf(pixels), ALL_BANDS);
  for (const name of ALL_BANDS) {
    tile.bands[name].set(bands[name].subarray(0, pixels));
    const value = replaced[name];
    if (value !== undefined) tile.bands[name].fill(value);
  }
  return tile;
}

/** Reflectance as it is stored, 0 to 0.6 in steps of 0.0001, from a seed. */
export function randomTile(pixels: number, seed: number): Tile<'boa', AnyBand> {
  const random = seeded(seed);
  const tile = makeTile('boa', gridOf(pixels), ALL_BANDS);
  for (const name of ALL_BANDS)
    for (let i = 0; i < pixels; i++) tile.bands[name][i] = Math.round(random() * 6000) * 0.0001;
  return tile;
}

function gridOf(pixels: number) {
  return { width: pixels, height: 1, transform: [0, 1, 0, 0, 0, -1] as const, epsg: null };
}
