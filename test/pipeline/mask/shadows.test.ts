import { describe, expect, it } from 'vitest';
import { shadowOffset, slopesOf } from '../../../pipeline/mask/casting.ts';
import { findShadows } from '../../../pipeline/mask/shadows.ts';
import { groundBefore } from '../../../pipeline/mask/temporal.ts';
import { cellsOfSpectra, painted, SPECTRA, type SpectrumOf, skyOn } from './scenes.ts';

describe('where a shadow falls', () => {
  // METHODS 2.2, step 5; oracles.json `shadow`.
  it.each([
    [2000, 50, 150, -839.1, 1453.363],
    [1000, 30, 165, -448.288, 1673.033],
  ])(
    'from %i m under a sun at %i° and %i° it is %d m east and %d m north',
    (height, elevation, azimuth, x, y) => {
      const [east, north] = shadowOffset(height, { elevation, azimuth }, null);
      expect(east).toBeCloseTo(x, 2);
      expect(north).toBeCloseTo(y, 2);
    },
  );

  it('a camera that leans shows the cloud beyond its place, so the shadow lies nearer to the camera', () => {
    const sun = { elevation: 50, azimuth: 150 };
    const [east, north] = shadowOffset(1000, sun, { zenith: 20, azimuth: 270 });
    const [x, y] = shadowOffset(1000, sun, null);
    expect(east - x).toBeCloseTo(-1000 * Math.tan((20 * Math.PI) / 180), 6);
    expect(north).toBeCloseTo(y, 6);
  });

  it('has no direction without the sun, or with the sun on the horizon', () => {
    const sky = skyOn('2024-07-01T02:30:00Z');
    expect(slopesOf(sky)).toEqual([]);
    expect(slopesOf({ ...sky, sunElevation: 3, sunAzimuth: 100 })).toEqual([]);
    expect(slopesOf({ ...sky, sunElevation: 60, sunAzimuth: 100 })).toHaveLength(1);
    const view = { viewZenith: 10, viewAzimuth: 280 };
    expect(slopesOf({ ...sky, ...view, sunElevation: 60, sunAzimuth: 100 })).toHaveLength(3);
  });
});

const SIDE = 150;
const SUN = { ...skyOn('2024-07-01T02:30:00Z'), sunElevation: 45, sunAzimuth: 135 };
const shaded = ([b, g, r, n]: SpectrumOf): SpectrumOf => [0.48 * b, 0.42 * g, 0.37 * r, 0.3 * n];

/** True in a square of 21 cells around (col, row). */
const inSquare = (col: number, row: number, atCol: number, atRow: number): boolean =>
  Math.abs(col - atCol) <= 10 && Math.abs(row - atRow) <= 10;

/** 1000 m up, a cloud's shadow lies 707 m west and 707 m north: 71 cells of 10 m. */
const SHIFT = 71;

interface Setting {
  /** Middles of clouds and of dark squares. */
  readonly clouds: readonly (readonly [col: number, row: number])[];
  readonly dark: readonly (readonly [col: number, row: number])[];
  readonly ground?: SpectrumOf;
}

function setting({ clouds, dark, ground = SPECTRA.maize }: Setting) {
  const isIn = (list: Setting['clouds'], col: number, row: number) =>
    list.some(([c, r]) => inSquare(col, row, c, r));
  const spectra = painted(SIDE, (col, row) =>
    isIn(clouds, col, row) ? SPECTRA.cloud : isIn(dark, col, row) ? shaded(ground) : ground,
  );
  const cells = cellsOfSpectra(spectra, SIDE, 10);
  const cloud = Uint8Array.from(spectra, (spectrum) => (spectrum === SPECTRA.cloud ? 1 : 0));
  const none = new Uint8Array(cloud.length);
  const clear = cellsOfSpectra(
    painted(SIDE, () => ground),
    SIDE,
    10,
  );
  const looks = [{ cells: clear, days: 12, quality: new Uint16Array(cloud.length) }];
  return { cells, task: { directions: SUN, cloud, haze: none, water: none, before: null }, looks };
}

const areaOf = (mask: Uint8Array) => mask.reduce((sum, value) => sum + value, 0);
const at = (mask: Uint8Array, col: number, row: number) => mask[row * SIDE + col];

describe('shadow of a cloud', () => {
  it('is the dark ground where the cloud must throw it, not any other', () => {
    const { cells, task } = setting({
      clouds: [[110, 110]],
      dark: [
        [110 - SHIFT, 110 - SHIFT],
        [70, 12],
      ],
    });
    const shadow = findShadows(cells, task);
    expect(at(shadow, 110 - SHIFT, 110 - SHIFT)).toBe(1);
    expect(areaOf(shadow)).toBe(21 * 21);
  });

  it('is not found where nothing is dark', () => {
    const { cells, task } = setting({ clouds: [[110, 110]], dark: [] });
    expect(areaOf(findShadows(cells, task))).toBe(0);
  });

  it('of a cloud outside the image is found at the height of one inside', () => {
    // A cloud over column 190 would throw its shadow at 119: outside the 150 columns.
    const dark = [
      [110 - SHIFT, 110 - SHIFT],
      [119, 40],
    ] as const;
    const inside = setting({ clouds: [[110, 110]], dark });
    expect(at(findShadows(inside.cells, inside.task), 119, 40)).toBe(1);
    const alone = setting({ clouds: [], dark });
    expect(areaOf(findShadows(alone.cells, alone.task))).toBe(0);
  });

  it('follows the direction that the shadows bear out when the stated view does not', () => {
    const { cells, task } = setting({
      clouds: [
        [110, 110],
        [80, 125],
      ],
      dark: [
        [110 - SHIFT, 110 - SHIFT],
        [80 - SHIFT, 125 - SHIFT],
      ],
    });
    const view = { viewZenith: 25, viewAzimuth: 100 };
    const shadow = findShadows(cells, { ...task, directions: { ...SUN, ...view } });
    expect(at(shadow, 110 - SHIFT, 110 - SHIFT)).toBe(1);
    expect(areaOf(shadow)).toBeGreaterThan(0.9 * 2 * 21 * 21 - 200);
  });

  it('leaves water alone unless a cloud throws its shadow there', () => {
    const { cells, task } = setting({ clouds: [[110, 110]], dark: [[110, 30]] });
    const water = task.water.map((_, i) => (inSquare(i % SIDE, Math.floor(i / SIDE), 110, 30) ? 1 : 0));
    expect(areaOf(findShadows(cells, { ...task, water }))).toBe(0);
  });
});

describe('shadow without the place of the sun', () => {
  const scene = setting({ clouds: [[110, 110]], dark: [[30, 60]] });
  const blind = { ...scene.task, directions: skyOn('2024-07-01T02:30:00Z') };

  it('is none by a single look', () => {
    expect(areaOf(findShadows(scene.cells, blind))).toBe(0);
  });

  it('is what fell dark since an earlier clear look', () => {
    const before = groundBefore(scene.cells, scene.looks);
    const shadow = findShadows(scene.cells, { ...blind, before });
    expect(at(shadow, 30, 60)).toBe(1);
    expect(areaOf(shadow)).toBe(21 * 21);
  });

  it('is none without a cloud', () => {
    const clear = setting({ clouds: [], dark: [[30, 60]] });
    const before = groundBefore(clear.cells, clear.looks);
    expect(areaOf(findShadows(clear.cells, { ...blind, cloud: clear.task.cloud, before }))).toBe(0);
  });
});
