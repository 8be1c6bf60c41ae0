import { describe, expect, it } from 'vitest';
import {
  CORE,
  hotOf,
  isWater,
  NOTHING,
  snowyCells,
  spectralClass,
  whitenessOf,
} from '../../../pipeline/mask/spectral.ts';
import { cellsOfSpectra, SPECTRA } from './scenes.ts';

describe('the test spectra of METHODS 3.2', () => {
  // METHODS 2.1 and its oracles.json (`HOT_fmask`, `whiteness`), made there with numpy from the formulas.
  it.each([
    ['maize', -0.0675, 0.88],
    ['soil', -0.0675, 0.432432],
    ['residue', -0.065, 0.55],
    ['water', -0.0375, 0.551724],
    ['pine', -0.085, 0.857143],
    ['cloud', 0.15, 0.030075],
    ['snow', 0.355, 0.02381],
  ] as const)('%s has HOT %d and whiteness %d', (name, hot, whiteness) => {
    const [b, g, r] = SPECTRA[name];
    expect(hotOf(b, r)).toBeCloseTo(hot, 6);
    expect(whitenessOf(b, g, r)).toBeCloseTo(whiteness, 5);
  });

  it.each(['maize', 'soil', 'residue', 'water', 'pine'] as const)('%s is no cloud', (name) => {
    for (const unit of ['toa', 'boa'] as const)
      expect(spectralClass(cellsOfSpectra([SPECTRA[name]], 1, 10, unit))[0]).toBe(NOTHING);
  });

  it.each(['cloud', 'snow'] as const)(
    '%s is the core of a cloud: four bands do not tell them apart',
    (name) => {
      expect(spectralClass(cellsOfSpectra([SPECTRA[name]], 1, 10))[0]).toBe(CORE);
    },
  );

  it('snow is as bright as snow, cloud of reflectance 0.44 too, ground is not', () => {
    const names = ['snow', 'cloud', 'residue', 'maize', 'water'] as const;
    const cells = cellsOfSpectra(
      names.map((name) => SPECTRA[name]),
      5,
      10,
    );
    expect([...snowyCells(cells)]).toEqual([1, 1, 0, 0, 0]);
  });

  it('water is water, wet soil is not', () => {
    expect(isWater(SPECTRA.water[1], SPECTRA.water[3])).toBe(true);
    expect(isWater(SPECTRA.soil[1], SPECTRA.soil[3])).toBe(false);
    // Cloud is green above near infrared by a hair, and bright.
    expect(isWater(0.63, 0.62)).toBe(false);
  });
});
