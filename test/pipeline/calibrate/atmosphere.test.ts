import { describe, expect, it } from 'vitest';
import {
  airOf,
  atmosphereConstants,
  gasRow,
  pressureAt,
  rayleighReflectance,
  rayleighThickness,
  sightOf,
} from '../../../pipeline/calibrate/atmosphere.ts';
import { chiSquareSurvival, expint3 } from '../../../pipeline/calibrate/special.ts';
import { aScene } from '../../helpers/builders.ts';

const cos = (degrees: number) => Math.cos((degrees * Math.PI) / 180);

/** METHODS 1.2 and its oracles.json (atmA): written by make_oracles.py, Python 3 with scipy's expn, float64, six decimals. */
const CENTRE = { B: 478, G: 546, R: 659, N: 831 } as const;
const AIR = { water: 2, ozone: 0.33 };
const CASES = [
  ['B', 30, 0, 0.1, 0.072945, 0.785643, 0.155482, 0.9888, 0.160497],
  ['B', 30, 0, 0.3, 0.087891, 0.686702, 0.205429, 0.9888, 0.161046],
  ['B', 50, 15, 0.2, 0.100122, 0.691571, 0.180456, 0.986548, 0.144497],
  ['G', 30, 0, 0.1, 0.044238, 0.851616, 0.103905, 0.941406, 0.193547],
  ['G', 30, 0, 0.3, 0.0571, 0.758528, 0.146859, 0.941406, 0.198822],
  ['G', 50, 15, 0.2, 0.06398, 0.769543, 0.125382, 0.930002, 0.191599],
  ['R', 30, 0, 0.1, 0.022522, 0.909161, 0.058755, 0.941319, 0.206391],
  ['R', 30, 0, 0.3, 0.032894, 0.827991, 0.093458, 0.941319, 0.21257],
  ['R', 50, 15, 0.2, 0.035541, 0.843183, 0.076107, 0.931274, 0.209167],
  ['N', 30, 0, 0.1, 0.010622, 0.946419, 0.030389, 0.942722, 0.21157],
  ['N', 30, 0, 0.3, 0.018556, 0.880766, 0.057067, 0.942722, 0.21708],
  ['N', 50, 15, 0.2, 0.019019, 0.896355, 0.043728, 0.936421, 0.215017],
] as const;

describe('ATM-A', () => {
  it.each(CASES)(
    'gives band %s at sun %i°, view %i°, AOT %d the worked numbers of METHODS 1.2',
    (name, sunZenith, viewZenith, aot550, path, transmittance, albedo, gas, boaOf02) => {
      const sight = { sunZenith, viewZenith, azimuthDifference: 50 };
      const band = { name, centre: CENTRE[name] };
      const air = airOf(band, sight, { aot550, ...AIR }, 200);
      expect(Math.abs(air.path - path)).toBeLessThan(6e-7);
      expect(Math.abs(air.transmittance - transmittance)).toBeLessThan(6e-7);
      expect(Math.abs(air.albedo - albedo)).toBeLessThan(6e-7);
      expect(Math.abs(air.gas - gas)).toBeLessThan(6e-7);
      const { a, b, s } = atmosphereConstants(band, sight, { aot550, ...AIR }, 200);
      const y = a * 0.2 - b;
      expect(Math.abs(y / (1 + s * y) - boaOf02)).toBeLessThan(6e-7);
    },
  );

  it('leads from the surface to the top of the atmosphere and back to 1e-12', () => {
    let worst = 0;
    for (const [name, sunZenith, viewZenith, aot550] of CASES) {
      const sight = { sunZenith, viewZenith, azimuthDifference: 50 };
      const band = { name, centre: CENTRE[name] };
      const { path, transmittance, albedo, gas } = airOf(band, sight, { aot550, ...AIR }, 200);
      const { a, b, s } = atmosphereConstants(band, sight, { aot550, ...AIR }, 200);
      for (let ground = 0; ground <= 1; ground += 0.05) {
        const y = a * gas * (path + (transmittance * ground) / (1 - albedo * ground)) - b;
        worst = Math.max(worst, Math.abs(y / (1 + s * y) - ground));
      }
    }
    expect(worst).toBeLessThan(1e-12);
  });

  it('agrees with SMAC on the reflectance of the air alone (METHODS 1.2: sun 30°, nadir, AOT 0.1)', () => {
    const sight = { sunZenith: 30, viewZenith: 0, azimuthDifference: 50 };
    for (const [name, expected] of [
      ['B', 0.0736],
      ['G', 0.0436],
      ['R', 0.0233],
      ['N', 0.0113],
    ] as const) {
      const { path, gas } = airOf({ name, centre: CENTRE[name] }, sight, { aot550: 0.1, ...AIR }, 200);
      expect(Math.abs(gas * path - expected)).toBeLessThan(0.0025);
    }
  });

  it.each([
    [0, 30, 0, 0.1727, 0.06726712],
    [0, 40, 30, 0.1727, 0.0964963],
    [90, 40, 30, 0.1727, 0.07249851],
    [180, 40, 30, 0.1727, 0.0574424],
    [50, 50, 15, 0.0467, 0.02225858],
  ])(
    'has the Rayleigh reflectance of 6S at azimuth %i°, sun %i°, view %i°, τ %d',
    (phi, sun, view, tau, rho) => {
      expect(Math.abs(rayleighReflectance(phi, cos(view), cos(sun), tau) - rho)).toBeLessThan(1e-8);
    },
  );

  it('has the pressure of METHODS 1.2 at 200 m and the Rayleigh thickness of SMAC for WorldView-2', () => {
    expect(pressureAt(200)).toBeCloseTo(989.2111, 4);
    // Its figures are means over wide bands, these are at the centre: 5 % is what that makes.
    for (const [micrometres, tau] of [
      [0.478, 0.17484],
      [0.546, 0.10085],
      [0.659, 0.04725],
      [0.831, 0.01919],
    ] as const) {
      expect(Math.abs(rayleighThickness(micrometres, 1013.25) / tau - 1)).toBeLessThan(0.05);
    }
  });

  it('scatters at the own wavelength of a band and borrows gases from the nearest row', () => {
    expect(gasRow({ name: 'RE1', centre: 704 }).centre).toBe(659);
    expect(gasRow({ name: 'RE3', centre: 783 }).centre).toBe(831);
    expect(gasRow({ name: 'B', centre: 700 }).centre).toBe(478);
    const sight = { sunZenith: 30, viewZenith: 0, azimuthDifference: 50 };
    const path = (centre: number) => airOf({ name: 'B', centre }, sight, { aot550: 0.1, ...AIR }, 200).path;
    expect(path(475)).toBeGreaterThan(path(480));
  });
});

describe('where sun and satellite stand', () => {
  it('has 0 where the satellite is on the side of the sun, and never more than 180', () => {
    const at = (sunAzimuth: number, viewAzimuth: number) =>
      sightOf(aScene({ sunAzimuth, viewAzimuth }))?.azimuthDifference;
    expect(at(140, 140)).toBe(0);
    expect(at(350, 10)).toBeCloseTo(20, 12);
    expect(at(10, 350)).toBeCloseTo(20, 12);
    expect(at(140, 281.5)).toBeCloseTo(141.5, 12);
    expect(at(-100, 260)).toBeCloseTo(0, 12);
    expect(at(0, 180)).toBe(180);
  });

  it('takes an unknown view for nadir and an unknown azimuth for 90° apart, and no sun for none', () => {
    expect(sightOf(aScene({ viewZenith: null, viewAzimuth: null, sunElevation: 55 }))).toEqual({
      sunZenith: 35,
      viewZenith: 0,
      azimuthDifference: 90,
    });
    expect(sightOf(aScene({ sunAzimuth: null }))?.azimuthDifference).toBe(90);
    expect(sightOf(aScene({ sunElevation: null }))).toBeNull();
    expect(sightOf(aScene({ sunElevation: -2 }))).toBeNull();
  });
});

/** scipy 1.17.1: scipy.special.expn(3, x) and scipy.stats.chi2.sf(x, p). */
describe('special functions', () => {
  it.each([
    [0.0192, 0.48169985282311106],
    [0.1727, 0.368091088536789],
    [1.5, 0.056739490170354324],
  ])('E3(%d) is that of scipy', (x, expected) => {
    expect(Math.abs(expint3(x) / expected - 1)).toBeLessThan(1e-13);
  });

  it.each([
    [0.3, 4, 0.9898141728888165],
    [9.487729, 4, 0.05000000075944003],
    [40, 4, 4.328422607120966e-8],
    [3.2, 3, 0.36180502749753174],
    [17.1, 5, 0.004313997404215444],
    [0.7, 1, 0.40278369424647564],
    [25, 1, 5.733031437583875e-7],
    [12.3, 7, 0.0911148860003131],
  ])('the chi-square survival of %d with %i degrees of freedom is that of scipy', (x, p, expected) => {
    expect(Math.abs(chiSquareSurvival(x, p) / expected - 1)).toBeLessThan(1e-11);
  });

  it('nothing exceeds 0 less than surely, and no number stays none', () => {
    expect([0, -1].map((x) => chiSquareSurvival(x, 4))).toEqual([1, 1]);
    expect(chiSquareSurvival(Number.NaN, 4)).toBeNaN();
  });
});
