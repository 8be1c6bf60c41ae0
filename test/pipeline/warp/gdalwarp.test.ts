import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Affine, apply, invert } from '../../../pipeline/core/affine.ts';
import { isGeographic, transformBbox, transformer } from '../../../pipeline/core/crs.ts';
import { bounds, type Grid } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import type { LooseTile } from '../../../pipeline/core/tile.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { warpTile } from '../../../pipeline/warp/resample.ts';
import { catmullRom, type ResamplingId, triangle } from '../../../pipeline/warp/resampling.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { handMade, plainTags, type Tag } from '../ingest/tiff.ts';
import { gdal, needGdal } from '../write/gdal.ts';

type Placed = Grid & { readonly epsg: number };

const folder = await temporaryFolder();
const EMPTY = -9999;
const SIZE = 300;

/** 3 m pixels at 44° N 126° E, as a Jilin-1 scene has them. */
const SOURCE: Placed = {
  width: SIZE,
  height: SIZE,
  transform: [516_000, 3, 0, 4_873_800, 0, -3],
  epsg: 4551,
};
const ROTATED: Placed = { ...SOURCE, transform: [516_000, 2.7, 1.2, 4_873_800, 1.3, -2.6] };

/** Waves no shorter than 40 pixels: what interpolation is for. Values from −2 to 2. */
function smooth(col: number, row: number): number {
  return Math.sin(col / 9) + Math.sin((row + col / 3) / 11);
}

/** A value that differs from all its neighbours. */
function distinct(col: number, row: number): number {
  return (col * 7919 + row * 104_729) % 20_011;
}

/** Classes in patches of a few pixels. */
const CLASSES = (() => {
  const random = seeded(5);
  const patches = Uint8Array.from({ length: 101 * 101 }, () => Math.floor(random() * 5));
  return (col: number, row: number) => patches[Math.floor(row / 3) * 101 + Math.floor(col / 3)]!;
})();

function tileOf(grid: Placed, value: (col: number, row: number) => number): LooseTile<'boa'> {
  const n = grid.width * grid.height;
  const band = Float32Array.from({ length: n }, (_, i) => value(i % grid.width, Math.floor(i / grid.width)));
  const quality = new Uint16Array(n);
  band.forEach((v, i) => {
    if (v === EMPTY) quality[i] = QUALITY.NODATA.bit;
  });
  return { unit: 'boa', grid, bands: { R: band }, quality };
}

/** The tile as a GeoTIFF made without our writer. */
async function writeTile(path: string, { grid, bands }: LooseTile<'boa'>): Promise<void> {
  const band = bands.R!;
  const t = grid.transform;
  const keys = [1, 1, 0, 3, 1024, 0, 1, isGeographic(grid.epsg!) ? 2 : 1, 1025, 0, 1, 1];
  const code = [isGeographic(grid.epsg!) ? 2048 : 3072, 0, 1, grid.epsg!];
  const tags: Tag[] = plainTags(grid.width, grid.height, [
    { tag: 258, type: 3, values: [32] },
    { tag: 339, type: 3, values: [3] },
    { tag: 34_264, type: 12, values: [t[1], t[2], 0, t[0], t[4], t[5], 0, t[3], 0, 0, 0, 0, 0, 0, 0, 1] },
    { tag: 34_735, type: 3, values: [...keys, ...code] },
    { tag: 42_113, type: 2, values: String(EMPTY) },
  ]);
  await writeFile(path, handMade({ tags, blocks: [new Uint8Array(band.buffer)] }));
}

const GDAL_NAMES: Readonly<Record<ResamplingId, string>> = {
  nearest: 'near',
  bilinear: 'bilinear',
  cubic: 'cubic',
  average: 'average',
  mode: 'mode',
};

let runs = 0;

/** What gdalwarp makes of it with exact positions. */
async function theirs(
  tile: LooseTile<'boa'>,
  target: Placed,
  resampling: ResamplingId,
): Promise<Float64Array> {
  runs++;
  const name = `${resampling}-${runs}`;
  const [from, to] = [join(folder, `${name}-from.tif`), join(folder, `${name}-to.tif`)];
  await writeTile(from, tile);
  const extent = bounds(target).map(String);
  const size = [target.width, target.height].map(String);
  gdal(
    'gdalwarp',
    ...['-t_srs', `EPSG:${target.epsg}`, '-te', ...extent, '-ts', ...size],
    ...['-r', GDAL_NAMES[resampling], '-et', '0', '-dstnodata', String(EMPTY), from, to],
  );
  const raster = await openRaster(to);
  const [values] = await raster.read([1], { col: 0, row: 0, width: target.width, height: target.height });
  await raster.close();
  return Float64Array.from(values!, Number);
}

interface Comparison {
  /** Pixels that both have, and that one has. */
  readonly both: number;
  readonly one: number;
  readonly different: number;
  readonly worst: number;
}

function compare(ours: LooseTile<'boa'>, expected: Float64Array): Comparison {
  let [both, one, different, worst] = [0, 0, 0, 0];
  expected.forEach((value, i) => {
    const isOurs = ours.quality[i] === 0;
    const isTheirs = value !== EMPTY && !Number.isNaN(value);
    if (isOurs !== isTheirs) one++;
    if (!isOurs || !isTheirs) return;
    both++;
    const off = Math.abs(ours.bands.R![i]! - value);
    if (off > 0) different++;
    worst = Math.max(worst, off);
  });
  return { both, one, different, worst };
}

/** A grid of square pixels over the middle of the source in another CRS. */
function middleIn(epsg: number, pixel: number, size = 180, source: Placed = SOURCE): Placed {
  const [w, s, e, n] = transformBbox(bounds(source), source.epsg, epsg);
  const [x, y] = [(w + e) / 2 - (pixel * size) / 2, (s + n) / 2 + (pixel * size) / 2];
  return { width: size, height: size, transform: [x, pixel, 0, y, 0, -pixel], epsg };
}

const shifted = (dx: number, dy: number, size = 200): Placed => ({
  width: size,
  height: size,
  transform: [516_060 + dx, 3, 0, 4_873_740 - dy, 0, -3],
  epsg: 4551,
});

const TARGETS: Readonly<Record<string, Placed>> = {
  'a shift by 0.3 and 0.8 pixels': shifted(0.9, 2.4),
  'a shift by a hundredth of a pixel': shifted(0.03, -0.03),
  'UTM zone 51': middleIn(32651, 3),
  'UTM zone 52': middleIn(32652, 2.9),
  degrees: middleIn(4326, 2.8e-5),
  'Web Mercator': middleIn(3857, 4),
};

describe('warping agrees with gdalwarp (GDAL 3.6.2, -et 0)', () => {
  test.for(Object.entries(TARGETS))('nearest, pixel for pixel, onto %s', async ([_name, target], context) => {
    needGdal(context);
    const tile = tileOf(SOURCE, distinct);
    const result = compare(warpTile(tile, target, 'nearest'), await theirs(tile, target, 'nearest'));
    expect(result.both).toBeGreaterThan(20_000);
    expect(result).toMatchObject({ one: 0, different: 0 });
  });

  test.for(
    (['bilinear', 'cubic'] as const).flatMap((r) =>
      Object.entries(TARGETS).map(([name, target]) => [r, name, target] as const),
    ),
  )('%s to a thousandth of the range onto %s', async ([resampling, _name, target], context) => {
    needGdal(context);
    const tile = tileOf(SOURCE, smooth);
    const result = compare(warpTile(tile, target, resampling), await theirs(tile, target, resampling));
    expect(result.both).toBeGreaterThan(20_000);
    expect(result.one).toBe(0);
    expect(result.worst).toBeLessThan(1e-3 * 4);
  });

  const coarse = (pixel: number): Placed => ({
    width: 60,
    height: 60,
    transform: [516_030, pixel, 0, 4_873_770, 0, -pixel],
    epsg: 4551,
  });

  test.for([12, 9.7])('average onto pixels of %d m', async (pixel, context) => {
    needGdal(context);
    const tile = tileOf(SOURCE, smooth);
    const target = coarse(pixel);
    const result = compare(warpTile(tile, target, 'average'), await theirs(tile, target, 'average'));
    expect(result).toMatchObject({ both: 3600, one: 0 });
    expect(result.worst).toBeLessThan(1e-3 * 4);
  });

  test('mode onto pixels of 12 m, where no two classes cover the same area', async (context) => {
    needGdal(context);
    const tile = tileOf(SOURCE, CLASSES);
    const ours = warpTile(tile, coarse(12), 'mode').bands.R!;
    const expected = await theirs(tile, coarse(12), 'mode');
    let ties = 0;
    expected.forEach((value, i) => {
      if (ours[i] === value) return;
      const counts = [0, 0, 0, 0, 0];
      for (let k = 0; k < 16; k++)
        counts[CLASSES(10 + 4 * (i % 60) + (k % 4), 10 + 4 * Math.floor(i / 60) + Math.floor(k / 4))]!++;
      expect(counts[ours[i]!]).toBe(counts[value]);
      ties++;
    });
    expect(ties).toBeLessThan(100);
  });

  test('bilinear beside nodata has values in the same places', async (context) => {
    needGdal(context);
    const tile = tileOf(SOURCE, (col, row) =>
      (col - 120) ** 2 + (row - 150) ** 2 < 900 ? EMPTY : smooth(col, row),
    );
    const target = shifted(0.9, 2.4);
    const result = compare(warpTile(tile, target, 'bilinear'), await theirs(tile, target, 'bilinear'));
    expect(result.both).toBeGreaterThan(20_000);
    expect(result.worst).toBeLessThan(1e-3 * 4);
  });
});

/** The textbook sum at one position, in float64 and without any shortcut. */
function reference(
  tile: LooseTile<'boa'>,
  target: Placed,
  resampling: 'bilinear' | 'cubic',
  i: number,
): number {
  const at = apply(target.transform, (i % target.width) + 0.5, Math.floor(i / target.width) + 0.5);
  const [u, v] = apply(
    invert(tile.grid.transform as Affine),
    ...transformer(target.epsg, tile.grid.epsg!)(at[0], at[1]),
  );
  const kernel = resampling === 'cubic' ? catmullRom : triangle;
  let sum = 0;
  for (let row = Math.floor(v) - 3; row <= v + 3; row++)
    for (let col = Math.floor(u) - 3; col <= u + 3; col++)
      sum +=
        kernel(col + 0.5 - u) * kernel(row + 0.5 - v) * (tile.bands.R![row * tile.grid.width + col] ?? 0);
  return sum;
}

describe('warping agrees with the sum written out in float64', () => {
  test.each([
    ['bilinear', SOURCE],
    ['cubic', SOURCE],
    ['bilinear', ROTATED],
    ['cubic', ROTATED],
  ] as const)('%s from a grid of origin and turn %#', (resampling, grid) => {
    const tile = tileOf(grid, smooth);
    const target = middleIn(32652, 2.9, 120, grid);
    const warped = warpTile(tile, target, resampling);
    let worst = 0;
    for (let i = 0; i < warped.quality.length; i++) {
      expect(warped.quality[i]).toBe(0);
      worst = Math.max(worst, Math.abs(warped.bands.R![i]! - reference(tile, target, resampling, i)));
    }
    // The stated bound on positions is 1e-3 pixels; the steepest slope here is 0.2 a pixel.
    expect(worst).toBeLessThan(0.2e-3);
  });

  test('the mean by area of a turned footprint keeps a plane', () => {
    const tile = tileOf(ROTATED, (col, row) => col + 2 * row);
    const target = middleIn(4551, 9, 30, ROTATED);
    const warped = warpTile(tile, target, 'average');
    for (let i = 0; i < warped.quality.length; i++) {
      const at = apply(target.transform, (i % 30) + 0.5, Math.floor(i / 30) + 0.5);
      const [u, v] = apply(invert(ROTATED.transform), at[0], at[1]);
      expect(Math.abs(warped.bands.R![i]! - (u - 0.5 + 2 * (v - 0.5)))).toBeLessThan(0.05);
    }
  });
});

describe('pixels that must not be used', () => {
  const cloud = (col: number, row: number) => col >= 100 && col < 140 && row >= 100 && row < 140;
  const tile = (() => {
    const clean = tileOf(SOURCE, (col, row) => (cloud(col, row) ? 1e9 : smooth(col, row)));
    const quality = clean.quality.map((_, i) =>
      cloud(i % SIZE, Math.floor(i / SIZE)) ? QUALITY.CLOUD.bit : 0,
    );
    return { ...clean, quality };
  })();

  test.each(['nearest', 'bilinear', 'cubic', 'average', 'mode'] as const)(
    'never reach a clear one: %s, finer and coarser',
    (resampling) => {
      for (const target of [
        shifted(0.9, 2.4),
        { ...shifted(1, 1, 60), transform: [516_031, 10, 0, 4_873_770, 0, -10] },
      ]) {
        const warped = warpTile(tile, target as Placed, resampling);
        const clear = warped.bands.R!.filter((_, i) => warped.quality[i] === 0);
        expect(clear.length).toBeGreaterThan(3000);
        expect(Math.max(...clear.map(Math.abs))).toBeLessThan(3);
        expect(new Set(warped.quality)).toEqual(new Set([0, QUALITY.CLOUD.bit]));
      }
    },
  );

  test('a value that is not a number stays where it is', () => {
    const broken = { ...tile, bands: { R: tile.bands.R!.map((v) => (v === 1e9 ? Number.NaN : v)) } };
    const warped = warpTile(broken, shifted(0.9, 2.4), 'bilinear');
    expect(warped.bands.R!.some((v, i) => warped.quality[i] === 0 && Number.isNaN(v))).toBe(false);
  });
});
