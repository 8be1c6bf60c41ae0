import { describe, expect, it } from 'vitest';
import { airOf, sightOf } from '../../../pipeline/calibrate/atmosphere.ts';
import { applyCalibration, calibrationOf, reflectanceOf } from '../../../pipeline/calibrate/calibration.ts';
import { darkNumber } from '../../../pipeline/calibrate/dark-object.ts';
import { DOUBTS, doubtsOf, doubtText } from '../../../pipeline/calibrate/validity.ts';
import type { Scene, SceneBand } from '../../../pipeline/core/scene.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import type { SensorRow } from '../../../pipeline/sensors/row.ts';
import { SENSORS } from '../../../pipeline/sensors/table.ts';
import { aScene } from '../../helpers/builders.ts';

const NAMES = ['B', 'G', 'R', 'N'] as const;

function bandsWith(gains: readonly number[], bias: readonly number[] = [0, 0, 0, 0]): SceneBand[] {
  return NAMES.map((name, i) => ({
    name,
    file: 'a.tif',
    number: i + 1,
    gain: gains[i]!,
    bias: bias[i]!,
    grid: null,
    rpc: null,
  }));
}

/** METHODS 1.1 worked example: GF-1 PMS1 gains of 2017, WorldView-2 E0, 2023-08-15 02:30Z, sun zenith 35°. */
const SCENE: Scene = aScene({
  encoding: 'radiance',
  datetime: '2023-08-15T02:30:00.000Z',
  sunElevation: 55,
  bands: bandsWith([0.1424, 0.1177, 0.1194, 0.1135]),
});
const WORLDVIEW2: SensorRow = {
  ...SENSORS['generic-bgrn'],
  bands: (
    [
      ['B', 478, 1974.2416],
      ['G', 546, 1856.4104],
      ['R', 659, 1559.4555],
      ['N', 831, 1069.7302],
    ] as const
  ).map(([name, centre, e0]) => ({ name, label: name, centre, width: 60, e0 })),
};
const DN = { B: 420, G: 400, R: 300, N: 1500 } as const;

function tileOf(values: Readonly<Record<string, readonly number[]>>): LooseTile<'dn'> {
  const bands = Object.fromEntries(
    Object.entries(values).map(([name, stored]) => [name, Float32Array.from(stored)]),
  );
  const width = Object.values(values)[0]!.length;
  return { unit: 'dn', grid: { ...SCENE.grid, width, height: 1 }, bands, quality: new Uint16Array(width) };
}

const ONE = tileOf({ B: [DN.B], G: [DN.G], R: [DN.R], N: [DN.N] });

describe('calibration', () => {
  it('turns the worked DN of METHODS 1.1 into top-of-atmosphere reflectance', () => {
    const { unit, bands } = applyCalibration(ONE, calibrationOf(SCENE, WORLDVIEW2, { method: 'toa' }));
    expect(unit).toBe('toa');
    const expected = { B: 0.119208, G: 0.099795, R: 0.090385, N: 0.626266 };
    for (const name of NAMES) expect(Math.abs(bands[name]![0]! - expected[name])).toBeLessThan(1e-6);
  });

  it('is the model applied to top-of-atmosphere reflectance, in three constants a band', () => {
    const atmosphere = { aot550: 0.2, water: 1.5, ozone: 0.3 };
    const scene = { ...SCENE, elevation: 350 };
    const calibration = calibrationOf(scene, WORLDVIEW2, { method: 'atm-a', atmosphere });
    const { bands } = applyCalibration(ONE, calibration);
    const toa = applyCalibration(ONE, calibrationOf(scene, WORLDVIEW2, { method: 'toa' }));
    expect(calibration.unit).toBe('boa');
    for (const row of WORLDVIEW2.bands) {
      const air = airOf(row, sightOf(scene)!, atmosphere, 350);
      const y = (toa.bands[row.name]![0]! / air.gas - air.path) / air.transmittance;
      expect(Math.abs(bands[row.name]![0]! - y / (1 + air.albedo * y))).toBeLessThan(1e-6);
    }
  });

  it('takes off what METHODS 1.2 takes off with DOS1 (dark radiance 40, 27, 14, 7)', () => {
    const dark = { B: 40 / 0.1424, G: 27 / 0.1177, R: 14 / 0.1194, N: 7 / 0.1135 };
    const calibration = calibrationOf(SCENE, WORLDVIEW2, { method: 'dos1', dark });
    const { bands } = applyCalibration(ONE, calibration);
    const expected = { B: 0.049481, G: 0.052563, R: 0.065059, N: 0.610517 };
    expect(calibration.unit).toBe('boa');
    for (const name of NAMES) expect(Math.abs(bands[name]![0]! - expected[name])).toBeLessThan(1e-6);
  });

  it('refuses DOS1 where nothing in the scene is dark, and where a band has no dark number', () => {
    const dark = { B: 2000, G: 2000, R: 2000, N: 2000 };
    expect(() => calibrationOf(SCENE, WORLDVIEW2, { method: 'dos1', dark })).toThrow(/no dark object/);
    expect(() => calibrationOf(SCENE, WORLDVIEW2, { method: 'dos1', dark: { B: 280 } })).toThrow(/band G/);
  });

  it('finds the dark number where a ten-thousandth of the pixels, and 500 of them, are reached', () => {
    const histogram = new Float64Array(100);
    histogram.fill(300, 10, 20);
    expect(darkNumber(histogram)).toBe(11);
    histogram.fill(1e6, 40, 60);
    // 20 003 000 pixels: 2001 of them are reached with the seventh number.
    expect(darkNumber(histogram)).toBe(16);
    expect(darkNumber([0, 499])).toBeNull();
  });

  it('keeps the scale of deliveries that hold surface reflectance or relative numbers, whatever is asked', () => {
    const atmosphere = { aot550: 0.3, water: 2, ozone: 0.33 };
    for (const [encoding, unit] of [
      ['boa', 'boa'],
      ['relative', 'toa'],
    ] as const) {
      const scene = aScene({ encoding, sunElevation: null });
      const calibration = calibrationOf(scene, WORLDVIEW2, { method: 'atm-a', atmosphere });
      expect(calibration.unit).toBe(unit);
      expect(calibration.bands.map(({ gain, bias, s }) => [gain, bias, s])).toEqual(
        NAMES.map(() => [0.0002, 0, 0]),
      );
    }
  });

  it('takes the air out of top-of-atmosphere reflectance without a solar irradiance', () => {
    const scene = aScene({ encoding: 'toa' });
    const atmosphere = { aot550: 0.1, water: 2, ozone: 0.33 };
    const { bands } = calibrationOf(scene, SENSORS['generic-bgrn'], { method: 'atm-a', atmosphere });
    // Maize under haze is less blue and more infrared than it looks.
    expect(reflectanceOf(bands[0]!, 500)).toBeLessThan(0.05);
    expect(reflectanceOf(bands[3]!, 2000)).toBeGreaterThan(0.4);
  });

  it('refuses reflectance without a sun, an irradiance or a wavelength, by name', () => {
    const toa = { method: 'toa' } as const;
    const air = { method: 'atm-a', atmosphere: { aot550: 0.1, water: 2, ozone: 0.33 } } as const;
    expect(() => calibrationOf({ ...SCENE, sunElevation: null }, WORLDVIEW2, toa)).toThrow(/SolarElevation/);
    expect(() => calibrationOf({ ...SCENE, sunElevation: -3 }, WORLDVIEW2, toa)).toThrow(/SolarElevation/);
    expect(() => calibrationOf(SCENE, SENSORS['cbers4-awfi'], toa)).toThrow(/irradiance of band B/);
    expect(() => calibrationOf(aScene({ encoding: 'toa', sunElevation: null }), WORLDVIEW2, air)).toThrow(
      /SolarElevation/,
    );
    const other = { ...SCENE, encoding: 'toa', bands: [{ ...SCENE.bands[0]!, name: 'S1' }] } as const;
    expect(() => calibrationOf(other, WORLDVIEW2, air)).toThrow(/wavelength of band S1/);
  });

  it('makes of Landsat 5 DN 60 what METHODS 1.1 makes of it, with the irradiances USGS recommends', () => {
    // 1988-08-14 13:00:47Z, sun 49.75588889° high, gains of the MTL. Chander 2009's irradiances, which mix in another solar
    // spectrum (Thuillier), give other numbers: both are printed here so that nobody takes one set for the other.
    const scene = aScene({
      encoding: 'radiance',
      datetime: '1988-08-14T13:00:47.375Z',
      sunElevation: 49.75588889,
      bands: bandsWith([0.671, 1.322, 1.044, 0.876], [-2.19134, -4.1622, -2.21398, -2.38602]),
    });
    const landsat: SensorRow = SENSORS['landsat5-tm'];
    const thuillier = [1983, 1796, 1536, 1031, 220, 83.44];
    const chander2009 = {
      ...landsat,
      bands: landsat.bands.map((band, i) => ({ ...band, e0: thuillier[i]! })),
    };
    for (const [sensor, expected] of [
      [landsat, [0.0821, 0.1737, 0.1645, 0.2045]],
      [chander2009, [0.0811, 0.1767, 0.1661, 0.2055]],
    ] as const) {
      const { bands } = calibrationOf(scene, sensor, { method: 'toa' });
      for (const [i, rho] of expected.entries())
        expect(Math.abs(reflectanceOf(bands[i]!, 60) - rho)).toBeLessThan(1e-4);
    }
  });
});

describe('what speaks against a corrected scene', () => {
  const atmosphere = { aot550: 0.25, water: 2, ozone: 0.33 };
  const codes = (scene: Scene, aot550 = 0.25, source: 'stated' | 'estimated' | 'default' = 'stated') =>
    doubtsOf(scene, SENSORS['jl1-gf02'], { ...atmosphere, aot550 }, source).map(({ code }) => code);

  it('is nothing within the bounds of METHODS 1.2', () => {
    expect(codes(aScene())).toEqual([]);
  });

  it('is a low or a high sun, a steep view, high ground, thick or unknown aerosol, unknown angles', () => {
    expect(codes(aScene({ sunElevation: 20 }))).toEqual(['SUN']);
    expect(codes(aScene({ sunElevation: 75 }))).toEqual(['SUN']);
    expect(codes(aScene({ viewZenith: 31 }))).toEqual(['VIEW']);
    expect(codes(aScene({ elevation: 1400 }))).toEqual(['ELEVATION']);
    expect(codes(aScene(), 0.6)).toEqual(['AOT_HIGH']);
    expect(codes(aScene(), 0.25, 'default')).toEqual(['AOT_DEFAULT']);
    expect(codes(aScene({ viewZenith: null }))).toEqual(['VIEW_UNKNOWN']);
    expect(codes(aScene({ viewAzimuth: null }))).toEqual(['AZIMUTH_UNKNOWN']);
  });

  it('is a band whose gases are borrowed, by name', () => {
    const scene = aScene({ bands: [...aScene().bands, { ...aScene().bands[0]!, name: 'RE1' }] });
    const [doubt, ...others] = doubtsOf(scene, SENSORS['sentinel2-msi'], atmosphere, 'stated');
    expect(others).toEqual([]);
    expect(doubtText(doubt!, 'en')).toBe(
      'no gas absorption is known for band RE1; that of the nearest band is used',
    );
  });

  it('has words in both languages, with the figure where there is one', () => {
    for (const row of Object.values(DOUBTS)) {
      expect(row.zh).toMatch(/[\u4e00-\u9fff]/);
      expect(row.en.includes('{value}')).toBe(row.zh.includes('{value}'));
    }
  });
});
