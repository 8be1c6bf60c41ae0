import { describe, expect, it } from 'vitest';
import { flagsOf, QUALITY } from '../../../pipeline/core/quality.ts';
import { maskScene, type Reference } from '../../../pipeline/mask/scene-mask.ts';
import { CLOUDY, marked, painted, SPECTRA, type SpectrumOf, share, skyOn, tileOfSpectra } from './scenes.ts';

const SUMMER = skyOn('2024-07-14T02:32:05.000Z');
const WINTER = skyOn('2024-12-14T02:32:05.000Z');
const SIDE = 80;

/** Maize of 80 × 80 cells of 10 m with what `other` puts into it. */
const field = (other: (col: number, row: number) => SpectrumOf | null) =>
  tileOfSpectra(
    painted(SIDE, (col, row) => other(col, row) ?? SPECTRA.maize),
    SIDE,
    10,
  );

const square =
  (spectrum: SpectrumOf, half: number, at = 40) =>
  (col: number, row: number) =>
    Math.abs(col - at) <= half && Math.abs(row - at) <= half ? spectrum : null;

const count = (quality: Uint16Array, bit: number) =>
  quality.reduce((sum, flags) => sum + ((flags & bit) === 0 ? 0 : 1), 0);

/** A look of `tile` with its own mask. */
const earlier = (tile: ReturnType<typeof field>, days: number): Reference => ({
  tile: { ...tile, quality: maskScene(tile, SUMMER, 10) },
  days,
});

describe('mask of a scene by one look', () => {
  it('flags a cloud and 30 m around it, and nothing beyond', () => {
    const quality = maskScene(field(square(SPECTRA.cloud, 8)), SUMMER, 10);
    expect(count(quality, QUALITY.CLOUD.bit)).toBe(17 * 17);
    expect(count(quality, QUALITY.EDGE.bit)).toBe(23 * 23 - 17 * 17);
  });

  it('takes a white roof of 50 m for no cloud, nor a road of 10 m across the scene', () => {
    expect(share(marked(maskScene(field(square(SPECTRA.cloud, 2)), SUMMER, 10), CLOUDY))).toBe(0);
    const road = field((col) => (col === 30 ? SPECTRA.cloud : null));
    expect(share(marked(maskScene(road, SUMMER, 10), CLOUDY))).toBe(0);
  });

  it('calls thin cloud without a core haze, which does not exclude', () => {
    const thin: SpectrumOf = [0.16, 0.175, 0.15, 0.46];
    const quality = maskScene(field(square(thin, 12)), SUMMER, 10);
    expect([count(quality, CLOUDY), count(quality, QUALITY.HAZE.bit)]).toEqual([0, 25 * 25]);
  });

  it('takes the body of a cloud that hangs on a core, however far, and what may be haze within 60 m', () => {
    const around = (spectrum: SpectrumOf) =>
      field((col, row) => square(SPECTRA.cloud, 4)(col, row) ?? square(spectrum, 12)(col, row));
    const cloudOf = (tile: ReturnType<typeof field>) => count(maskScene(tile, SUMMER, 10), QUALITY.CLOUD.bit);
    expect(cloudOf(around([0.175, 0.18, 0.15, 0.46]))).toBe(25 * 25);
    expect(cloudOf(around([0.16, 0.175, 0.15, 0.46]))).toBe(21 * 21);
  });

  it('flags water, which is used', () => {
    const quality = maskScene(field(square(SPECTRA.water, 8)), SUMMER, 10);
    expect(count(quality, QUALITY.WATER.bit)).toBe(17 * 17);
    expect(quality.every((flags) => (flags & ~QUALITY.WATER.bit) === 0)).toBe(true);
  });

  it('keeps one pixel around a cloud of pixels of 64 m', () => {
    const tile = tileOfSpectra(
      painted(20, (col, row) =>
        Math.abs(col - 9) <= 2 && Math.abs(row - 9) <= 2 ? SPECTRA.cloud : SPECTRA.maize,
      ),
      20,
      64,
    );
    const quality = maskScene(tile, SUMMER, 64);
    expect([count(quality, QUALITY.CLOUD.bit), count(quality, QUALITY.EDGE.bit)]).toEqual([25, 24]);
  });

  it('adds nothing to cells without data and keeps what was flagged', () => {
    const tile = field(square(SPECTRA.cloud, 8));
    tile.quality.fill(QUALITY.NODATA.bit, 0, 40 * SIDE);
    const quality = maskScene(tile, SUMMER, 10);
    expect(new Set(quality.subarray(0, 40 * SIDE))).toEqual(new Set([QUALITY.NODATA.bit]));
    expect(count(quality, QUALITY.CLOUD.bit)).toBe(17 * 9);
  });

  it('leaves a scene without near infrared as it is', () => {
    const tile = field(square(SPECTRA.cloud, 8));
    const { N: _, ...three } = tile.bands;
    expect(maskScene({ ...tile, bands: three }, SUMMER, 10)).toEqual(tile.quality);
  });
});

describe('mask of a scene with earlier looks', () => {
  const clear = field(() => null);

  it('finds thin cloud that one look takes for haze, against a single clear look', () => {
    const thin: SpectrumOf = [0.11, 0.14, 0.11, 0.46];
    const quality = maskScene(field(square(thin, 12)), SUMMER, 10, [earlier(clear, 16)]);
    expect(count(quality, QUALITY.CLOUD.bit)).toBe(25 * 25);
  });

  it('takes a greenhouse that stood there on two of the last three dates for no cloud', () => {
    const greenhouse = field(square(SPECTRA.cloud, 6));
    const looks = [earlier(greenhouse, 10), earlier(greenhouse, 20), earlier(clear, 30)];
    expect(new Set(maskScene(greenhouse, SUMMER, 10, looks.slice(0, 2)))).toEqual(new Set([0]));
    expect(count(maskScene(greenhouse, SUMMER, 10, looks.slice(1)), CLOUDY)).toBe(13 * 13);
  });

  it('calls flooded fields water only where they mostly are', () => {
    const lake = field(square(SPECTRA.water, 8));
    const often = [earlier(lake, 10), earlier(lake, 20), earlier(clear, 30)];
    expect(count(maskScene(lake, SUMMER, 10, often), QUALITY.WATER.bit)).toBe(17 * 17);
    const once = [earlier(clear, 10), earlier(clear, 20)];
    expect(count(maskScene(lake, SUMMER, 10, once), QUALITY.WATER.bit)).toBe(0);
  });

  it('takes even haze for air: flagged HAZE all over, excluded nowhere', () => {
    const hazy = tileOfSpectra(
      painted(SIDE, () => {
        const [b, g, r, n] = SPECTRA.maize;
        return [b + 0.05, g + 0.03, r + 0.025, n] as const;
      }),
      SIDE,
      10,
    );
    const quality = maskScene(hazy, SUMMER, 10, [earlier(clear, 5)]);
    expect(new Set(quality)).toEqual(new Set([QUALITY.HAZE.bit]));
  });

  it('looks at earlier dates of the same unit only', () => {
    const thin = field(square([0.11, 0.14, 0.11, 0.46], 12));
    const other = { ...earlier(clear, 16), tile: { ...clear, unit: 'toa' } } as const;
    expect(count(maskScene(thin, SUMMER, 10, [other]), CLOUDY)).toBe(0);
  });
});

describe('snow', () => {
  const white = field(square(SPECTRA.snow, 8));

  it('is cloud or snow from November to April, and cloud in summer', () => {
    const winter = maskScene(white, WINTER, 10);
    expect(flagsOf(winter[40 * SIDE + 40]!)).toEqual(['CLOUD_OR_SNOW']);
    expect(flagsOf(maskScene(white, SUMMER, 10)[40 * SIDE + 40]!)).toEqual(['CLOUD']);
    expect(flagsOf(maskScene(white, skyOn('2024-04-10T02:30:00Z'), 10)[40 * SIDE + 40]!)).toContain(
      'CLOUD_OR_SNOW',
    );
    expect(flagsOf(maskScene(white, skyOn('2024-04-11T02:30:00Z'), 10)[40 * SIDE + 40]!)).toEqual(['CLOUD']);
  });

  it('is snow where two earlier dates were as bright', () => {
    const look = { tile: { ...white, quality: maskScene(white, WINTER, 10) }, days: 10 };
    const middle = (looks: readonly Reference[]) =>
      flagsOf(maskScene(white, WINTER, 10, looks)[40 * SIDE + 40]!);
    expect(middle([look, { ...look, days: 20 }])).toEqual(['SNOW']);
    expect(middle([look])).toEqual(['CLOUD_OR_SNOW']);
  });

  it('is snow where the vendor, who has a short-wave band, says so', () => {
    const classes = new Uint16Array(SIDE * SIDE).fill(11);
    const sky = { ...WINTER, classification: { kind: 'scl' } } as const;
    expect(flagsOf(maskScene(white, sky, 10, [], classes)[40 * SIDE + 40]!)).toEqual(['SNOW']);
  });
});

describe("a vendor's classification", () => {
  it('is believed besides', () => {
    const classes = new Uint16Array(SIDE * SIDE).fill(4);
    classes[10 * SIDE + 10] = 9;
    const sky = { ...SUMMER, classification: { kind: 'scl' } } as const;
    const quality = maskScene(field(square(SPECTRA.cloud, 8, 60)), sky, 10, [], classes);
    expect(flagsOf(quality[10 * SIDE + 10]!)).toEqual(['CLOUD']);
    expect(flagsOf(quality[10 * SIDE + 20]!)).toEqual(['EDGE']);
    expect(flagsOf(quality[60 * SIDE + 60]!)).toEqual(['CLOUD']);
  });

  it('calls water a dark place; the bands know better', () => {
    const classes = new Uint16Array(SIDE * SIDE).fill(2);
    const sky = { ...SUMMER, classification: { kind: 'scl' } } as const;
    const quality = maskScene(field(square(SPECTRA.water, 8)), sky, 10, [], classes);
    expect(flagsOf(quality[40 * SIDE + 40]!)).toEqual(['WATER']);
    expect(flagsOf(quality[0]!)).toEqual(['TERRAIN']);
  });
});
