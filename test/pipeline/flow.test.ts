import { describe, expect, it } from 'vitest';
import { QUALITY } from '../../pipeline/core/quality.ts';
import type { Scene } from '../../pipeline/core/scene.ts';
import { type Overview, overlookScene } from '../../pipeline/flow.ts';
import { SENSORS } from '../../pipeline/sensors/table.ts';
import { aScene } from '../helpers/builders.ts';

const SIDE = 60;
const GRID = {
  width: SIDE,
  height: SIDE,
  transform: [516_000, 10, 0, 4_873_800, 0, -10],
  epsg: 4551,
} as const;

/** Maize everywhere, but for a square of 200 m under a veil that brightens every band by so much. */
function overviewOf(datetime: string, veil: number, over: Partial<Scene> = {}): Overview {
  const ground = { B: 300, G: 600, R: 350, N: 4500 };
  const isVeiled = (i: number) =>
    i % SIDE >= 20 && i % SIDE < 40 && Math.floor(i / SIDE) >= 20 && Math.floor(i / SIDE) < 40;
  const bands = Object.fromEntries(
    Object.entries(ground).map(([name, value]) => [
      name,
      Float32Array.from({ length: SIDE * SIDE }, (_, i) => value + (isVeiled(i) ? 10_000 * veil : 0)),
    ]),
  );
  const scene = aScene({ datetime, ...over });
  return {
    scene: { ...scene, bands: scene.bands.map((band) => ({ ...band, gain: 1e-4, bias: 0 })) },
    sensor: SENSORS['jl1-gf02'],
    tile: { unit: 'dn', grid: GRID, bands, quality: new Uint16Array(SIDE * SIDE) },
    pixels: 1,
    metres: 10,
    classes: null,
    relief: null,
  };
}

const MIDDLE = 30 * SIDE + 30;
const CORNER = 2 * SIDE + 2;

describe('the first look at a scene', () => {
  it('tells a thin veil by the dates before, which one date alone does not show', () => {
    const now = overviewOf('2024-07-28T02:30:00.000Z', 0.06);
    const earlier = ['2024-07-19', '2024-07-11', '2024-07-01'].map((day) =>
      overviewOf(`${day}T02:30:00.000Z`, 0),
    );
    const alone = overlookScene(now, []).mask!.quality;
    const beside = overlookScene(now, earlier).mask!.quality;
    expect(alone[MIDDLE]! & QUALITY.CLOUD.bit).toBe(0);
    expect(beside[MIDDLE]! & QUALITY.CLOUD.bit).toBe(QUALITY.CLOUD.bit);
    expect(beside[CORNER]! & QUALITY.CLOUD.bit).toBe(0);
  });

  it('applies no threshold to numbers that nobody calibrated', () => {
    const relative = overviewOf('2024-07-28T02:30:00.000Z', 0.6, {
      encoding: 'relative',
      radiometry: 'relative',
    });
    expect(overlookScene(relative, [])).toMatchObject({ mask: null, aerosol: null });
  });

  it('takes the stated aerosol out of radiance, and says so', () => {
    const told = { encoding: 'radiance', atmosphere: { aot550: 0.3, water: 2, ozone: 0.33 } } as const;
    const { calibration, aerosol } = overlookScene(overviewOf('2024-07-28T02:30:00.000Z', 0, told), []);
    expect(calibration.unit).toBe('boa');
    expect(aerosol).toEqual({ aot550: 0.3, source: 'stated' });
    expect(calibration.bands.every(({ s }) => s > 0)).toBe(true);
  });
});
