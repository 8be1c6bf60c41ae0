import type { Scene } from '../core/scene.ts';
import type { LooseTile, Unit } from '../core/tile.ts';

/**
 * Applies every band's `gain * DN + bias` (METHODS eq. 1.1): radiance in W m-2 sr-1 µm-1, or reflectance where the
 * delivery's coefficients lead straight to it (`scene.encoding`). Pixels already flagged are converted too; their
 * value is unspecified. `gain 0.1424, bias 0, DN 420` gives 59.808.
 */
export function toPhysical(tile: LooseTile<'dn'>, scene: Scene): LooseTile<Exclude<Unit, 'dn' | 'index'>> {
  const bands: Record<string, Float32Array> = {};
  for (const [name, dn] of Object.entries(tile.bands)) {
    const row = scene.bands.find((band) => band.name === name);
    if (row === undefined) continue;
    const { gain, bias } = row;
    const out = new Float32Array(dn.length);
    for (let i = 0; i < dn.length; i++) out[i] = gain * dn[i]! + bias;
    bands[name] = out;
  }
  return { unit: UNIT_OF[scene.encoding], grid: tile.grid, bands, quality: tile.quality };
}

/** Relative numbers (8-bit, stretched) are handled as top-of-atmosphere ones; `Scene.radiometry` says what they are worth. */
const UNIT_OF = { radiance: 'radiance', toa: 'toa', boa: 'boa', relative: 'toa' } as const;
