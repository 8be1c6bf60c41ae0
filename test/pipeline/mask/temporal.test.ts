import { describe, expect, it } from 'vitest';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { BODY, HAZY, NOTHING } from '../../../pipeline/mask/spectral.ts';
import { airShift, darkened, groundBefore, temporalClass } from '../../../pipeline/mask/temporal.ts';
import { cellsOfSpectra, SPECTRA, type SpectrumOf } from './scenes.ts';

const look = (spectra: readonly SpectrumOf[], days: number, quality?: Uint16Array) => ({
  cells: cellsOfSpectra(spectra, spectra.length, 10),
  days,
  quality: quality ?? new Uint16Array(spectra.length),
});

/** Maize with blue, green, red and near infrared moved. */
const moved = (blue: number, green: number, red: number, nir: number): SpectrumOf => {
  const [b, g, r, n] = SPECTRA.maize;
  return [b + blue, g + green, r + red, n + nir];
};

const classOf = (now: SpectrumOf, days: number): number => {
  const cells = cellsOfSpectra([now], 1, 10);
  return temporalClass(cells, groundBefore(cells, [look([SPECTRA.maize], days)])!, 0)[0]!;
};

describe('ground before', () => {
  it('is the median of the last three looks that were clear there, newest first', () => {
    const at = (blue: number): SpectrumOf => [blue, 0.05, 0.05, 0.3];
    const cloudy = Uint16Array.of(QUALITY.CLOUD.bit);
    const looks = [
      look([at(0.9)], 5, cloudy),
      look([at(0.03)], 10),
      look([at(0.09)], 20),
      look([at(0.05)], 30),
      look([at(0.7)], 40),
    ];
    const before = groundBefore(cellsOfSpectra([at(0.2)], 1, 10), looks)!;
    expect(before.B[0]).toBeCloseTo(0.05, 6);
    expect(before.days[0]).toBe(20);
  });

  it('of two looks is their mean, of none unknown', () => {
    const pair = [SPECTRA.maize, SPECTRA.maize];
    const blocked = Uint16Array.of(0, QUALITY.SHADOW.bit);
    const before = groundBefore(cellsOfSpectra(pair, 2, 10), [
      look(pair, 4, blocked),
      look([SPECTRA.soil, SPECTRA.soil], 8, blocked),
    ])!;
    expect(before.B[0]).toBeCloseTo(0.04, 6);
    expect(before.B[1]).toBeNaN();
    expect(groundBefore(cellsOfSpectra(pair, 2, 10), [])).toBeNull();
  });
});

describe('a rise in blue since the last clear look (METHODS 2.2, step 4)', () => {
  it('is cloud above 0.03 · (1 + ΔD/30): 0.05 after twenty days', () => {
    expect(classOf(moved(0.052, 0.05, 0.05, 0.02), 20)).toBe(BODY);
    expect(classOf(moved(0.048, 0.05, 0.05, 0.02), 20)).toBe(HAZY);
    expect(classOf(moved(0.02, 0.02, 0.02, 0), 20)).toBe(NOTHING);
    expect(classOf(moved(0.052, 0.05, 0.05, 0.02), 60)).toBe(HAZY);
  });

  it('is bare ground where red rises by more than 1.5 times as much', () => {
    expect(classOf(moved(0.06, 0.08, 0.091, 0.05), 20)).toBe(NOTHING);
    expect(classOf(SPECTRA.residue, 5)).toBe(NOTHING);
  });

  it('is a harvest where the near infrared falls by more than blue rises: grey soil under soybean', () => {
    // CBERS-4 in March and April 2018, soybean and the soil after it.
    expect(classOf([0.12, 0.12, 0.12, 0.28], 16)).toBe(NOTHING);
  });
});

describe('a rise that is the same everywhere', () => {
  const cells = (shiftOf: (i: number) => number) =>
    cellsOfSpectra(
      Array.from({ length: 900 }, (_, i) => moved(shiftOf(i), 0, 0, 0)),
      30,
      10,
    );
  const ground = (now: ReturnType<typeof cells>) =>
    groundBefore(now, [{ ...look([], 10), cells: cells(() => 0), quality: new Uint16Array(900) }])!;

  it('is air: it is measured over vegetation', () => {
    const hazy = cells((i) => 0.04 + 0.0001 * (i % 50));
    expect(airShift(hazy, ground(hazy))).toBeCloseTo(0.0425, 3);
  });

  it.each([
    ['uneven', (i: number) => 0.02 + 0.001 * (i % 50)],
    ['small', () => 0.01],
    ['too strong for air', () => 0.1],
  ] as const)('is nothing to take off when it is %s', (_name, shiftOf) => {
    const now = cells(shiftOf);
    expect(airShift(now, ground(now))).toBe(0);
  });
});

describe('ground that fell dark', () => {
  const isDark = (now: SpectrumOf, then: SpectrumOf, days = 10): number => {
    const cells = cellsOfSpectra([now], 1, 10);
    return darkened(cells, groundBefore(cells, [look([then], days)])!)[0]!;
  };
  const shaded = ([b, g, r, n]: SpectrumOf): SpectrumOf => [0.48 * b, 0.42 * g, 0.37 * r, 0.3 * n];

  it('is shadow over crops and over soil', () => {
    expect(isDark(shaded(SPECTRA.maize), SPECTRA.maize)).toBe(1);
    expect(isDark(shaded(SPECTRA.soil), SPECTRA.soil)).toBe(1);
  });

  it('is neither a harvest nor a flood, and no matter for looks of a season ago', () => {
    expect(isDark(SPECTRA.soil, SPECTRA.maize)).toBe(0);
    expect(isDark(SPECTRA.water, [0.05, 0.05, 0.03, 0.1])).toBe(0);
    expect(isDark(shaded(SPECTRA.maize), SPECTRA.maize, 90)).toBe(0);
  });
});
