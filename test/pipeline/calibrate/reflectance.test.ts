import { describe, expect, it } from 'vitest';
import { toPhysical } from '../../../pipeline/calibrate/radiance.ts';
import { toToa } from '../../../pipeline/calibrate/reflectance.ts';
import { earthSunDistance, julianDay } from '../../../pipeline/calibrate/sun.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import type { SensorRow } from '../../../pipeline/sensors/row.ts';
import { aScene } from '../../helpers/builders.ts';

/** METHODS 1.1 worked example: GF-1 PMS1 gains of 2017, WorldView-2 E0, 2023-08-15 02:30Z, sun zenith 35°. */
const SCENE = aScene({
  encoding: 'radiance',
  datetime: '2023-08-15T02:30:00.000Z',
  sunElevation: 55,
  bands: [
    { name: 'B', file: 'a.tif', number: 1, gain: 0.1424, bias: 0, grid: null, rpc: null },
    { name: 'G', file: 'a.tif', number: 2, gain: 0.1177, bias: 0, grid: null, rpc: null },
    { name: 'R', file: 'a.tif', number: 3, gain: 0.1194, bias: 0, grid: null, rpc: null },
    { name: 'N', file: 'a.tif', number: 4, gain: 0.1135, bias: 0, grid: null, rpc: null },
  ],
});
const WORLDVIEW2: SensorRow = {
  title: { zh: '', en: '' },
  platform: 'worldview-2',
  instrument: 'test',
  satellites: [],
  gsd: 2,
  bits: 11,
  analysisEpsg: null,
  source: 'Updike and Comp 2010',
  bands: (
    [
      ['B', 480, 1974.2416],
      ['G', 545, 1856.4104],
      ['R', 660, 1559.4555],
      ['N', 833, 1069.7302],
    ] as const
  ).map(([name, centre, e0]) => ({ name, label: name, centre, width: 60, e0 })),
};

function dnTile(values: Readonly<Record<string, number>>): LooseTile<'dn'> {
  const bands = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Float32Array.of(value)]),
  );
  return { unit: 'dn', grid: { ...SCENE.grid, width: 1, height: 1 }, bands, quality: new Uint16Array(1) };
}

describe('calibration', () => {
  it.each([
    ['2001-10-18T18:51:26Z', 2452201.285718, 0.996117],
    ['2009-10-08T18:51:00Z', 2455113.285417, 0.998987],
    ['2023-01-04T02:30:00Z', 2459948.604167, 0.98329],
    ['2023-07-06T02:30:00Z', 2460131.604167, 1.016709],
  ])('puts the sun at the right distance on %s', (instant, day, distance) => {
    expect(julianDay(instant)).toBeCloseTo(day, 5);
    expect(earthSunDistance(instant)).toBeCloseTo(distance, 6);
  });

  it('turns the worked DN of METHODS 1.1 into its radiance and top-of-atmosphere reflectance', () => {
    const radiance = toPhysical(dnTile({ B: 420, G: 400, R: 300, N: 1500 }), SCENE);
    const expected = {
      B: [59.808, 0.119208],
      G: [47.08, 0.099795],
      R: [35.82, 0.090385],
      N: [170.25, 0.626266],
    } as const;
    const toa = toToa({ ...radiance, unit: 'radiance' }, SCENE, WORLDVIEW2);
    for (const [name, [l, rho]] of Object.entries(expected)) {
      expect(Math.abs(radiance.bands[name]![0]! - l)).toBeLessThan(1e-4);
      expect(Math.abs(toa.bands[name]![0]! - rho)).toBeLessThan(1e-6);
    }
  });

  it('scales radiance with DN when there is no bias', () => {
    const one = toPhysical(dnTile({ R: 100 }), SCENE).bands.R![0]!;
    const two = toPhysical(dnTile({ R: 200 }), SCENE).bands.R![0]!;
    expect(two / one).toBeCloseTo(2, 6);
  });

  it('refuses reflectance without a sun or an irradiance, by name', () => {
    const radiance = { ...dnTile({ R: 1 }), unit: 'radiance' } as const;
    expect(() => toToa(radiance, { ...SCENE, sunElevation: null }, WORLDVIEW2)).toThrow(/SolarElevation/);
    expect(() => toToa(radiance, { ...SCENE, sunElevation: -3 }, WORLDVIEW2)).toThrow(/SolarElevation/);
    expect(() => toToa({ ...radiance, bands: { S1: new Float32Array(1) } }, SCENE, WORLDVIEW2)).toThrow(
      /band S1/,
    );
  });
});
