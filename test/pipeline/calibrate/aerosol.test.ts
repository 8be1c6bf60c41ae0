import { describe, expect, it } from 'vitest';
import { AOT_RANGE, aerosolOf, estimateAerosol, USUAL_AOT } from '../../../pipeline/calibrate/aerosol.ts';
import { airOf } from '../../../pipeline/calibrate/atmosphere.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { SENSORS } from '../../../pipeline/sensors/table.ts';
import { makeTile } from '../../helpers/builders.ts';

const SIGHT = { sunZenith: 35, viewZenith: 8, azimuthDifference: 60 };
const GASES = { water: 2, ozone: 0.33 };
const SENSOR = SENSORS['jl1-gf02'];
const GRID = { width: 40, height: 25, transform: [0, 30, 0, 0, 0, -30], epsg: 4551 } as const;

/** Half canopies, of which blue is `blueOf(red)`, half soil, seen through air. */
function seenThrough(aot550: number, blueOf: (red: number) => number): LooseTile<'toa'> {
  const tile = makeTile('toa', GRID, ['B', 'R', 'N']);
  const random = seeded(3);
  for (let i = 0; i < tile.quality.length; i++) {
    const red = i % 2 === 0 ? 0.02 + 0.03 * random() : 0.1 + 0.05 * random();
    const ground = { B: blueOf(red), R: red, N: i % 2 === 0 ? 0.4 : 0.16 };
    for (const name of ['B', 'R', 'N'] as const) {
      const { centre } = SENSOR.bands.find((band) => band.name === name)!;
      const air = airOf({ name, centre }, SIGHT, { aot550, ...GASES }, 200);
      const rho = ground[name];
      tile.bands[name][i] = air.gas * (air.path + (air.transmittance * rho) / (1 - air.albedo * rho));
    }
  }
  return tile;
}

const rule = (red: number) => 0.49 * red + 0.005;
const estimate = (tile: LooseTile<'toa'>) => estimateAerosol(tile, SIGHT, SENSOR, GASES, 200);

describe('aerosol from dense dark vegetation', () => {
  it.each([0.05, 0.2, 0.4])('is %d where that much is over canopies that follow the rule', (aot550) => {
    const found = estimate(seenThrough(aot550, rule))!;
    expect(Math.abs(found.aot550 - aot550)).toBeLessThan(1e-3);
    // A fifth of the green half.
    expect(found.pixels).toBe(100);
  });

  it('stays within its bounds, whatever the canopies look like', () => {
    expect(estimate(seenThrough(0.05, () => 0.001))?.aot550).toBe(AOT_RANGE[0]);
    expect(estimate(seenThrough(0.3, () => 0.2))?.aot550).toBe(AOT_RANGE[1]);
  });

  it('looks at no pixel that is flagged, and at none that is bare', () => {
    const tile = seenThrough(0.2, rule);
    const clouded = { ...tile, quality: tile.quality.map((_, i) => (i % 2 === 0 ? QUALITY.CLOUD.bit : 0)) };
    expect(estimate(clouded)).toBeNull();
    expect(estimate({ ...tile, bands: { B: tile.bands.B!, R: tile.bands.R! } })).toBeNull();
  });
});

describe('the aerosol to take out', () => {
  const stated = { atmosphere: { aot550: 0.11, ...GASES } };

  it('is the stated one, and nothing is looked for then', () => {
    const refuse = () => {
      throw new Error('looked for');
    };
    expect(aerosolOf(stated, refuse)).toEqual({ aot550: 0.11, source: 'stated' });
  });

  it('is the one found, else the usual one', () => {
    const unknown = { atmosphere: null };
    expect(aerosolOf(unknown, () => ({ aot550: 0.4, pixels: 60 }))).toEqual({
      aot550: 0.4,
      source: 'estimated',
    });
    expect(aerosolOf(unknown, () => null)).toEqual({ aot550: USUAL_AOT, source: 'default' });
  });
});
