import { copyFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Affine } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { mapTile } from '../../../pipeline/read/map-tile.ts';
import { pixelAt } from '../../../pipeline/read/pixel.ts';
import { closeRasters } from '../../../pipeline/read/raster-cache.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { gdal, needGdal } from '../write/gdal.ts';

const HALF_WORLD = 20037508.342789244;
const [WIDTH, HEIGHT] = [1700, 1400];
const TRANSFORM: Affine = [498000, 3, 0, 4873779, 0, -3];
const EMPTY = -32768;

/** Every pixel differs from its neighbours, so that one wrong by a pixel shows; the upper left corner is empty. */
const VALUES = Int16Array.from({ length: WIDTH * HEIGHT }, (_, i) => {
  const [col, row] = [i % WIDTH, Math.floor(i / WIDTH)];
  return col < 600 && row < 520 ? EMPTY : ((col * 7919 + row * 104729) % 20011) - 10000;
});

let folder = '';
let main = '';
beforeAll(async () => {
  folder = await temporaryFolder();
  main = join(folder, 'main.tif');
  await write(main, VALUES);
});
afterAll(closeRasters);

async function write(path: string, data: Int16Array, more: { transform?: Affine; epsg?: number } = {}) {
  await writeCog(path, {
    grid: { width: WIDTH, height: HEIGHT, transform: TRANSFORM, epsg: 4551, ...more },
    bands: [
      { data, description: 'one' },
      { data: data.map((v) => (v === EMPTY ? EMPTY : -v)), description: 'two' },
    ],
    nodata: EMPTY,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
}

/** The map tile over a place given in the CRS of the test rasters. */
function tileOver(x: number, y: number, z: number): [z: number, x: number, y: number] {
  const [lon, lat] = transformer(4551, 4326)(x, y);
  const n = 2 ** z;
  const mercator = Math.asinh(Math.tan((lat * Math.PI) / 180));
  return [z, Math.floor(((lon + 180) / 360) * n), Math.floor(((1 - mercator / Math.PI) / 2) * n)];
}

const MIDDLE = [498000 + 3 * 850, 4873779 - 3 * 700] as const;

describe('a map tile', () => {
  for (const [zoom, overview] of [
    [17, 'NONE'],
    [15, 'NONE'],
    [14, '0'],
    [13, '1'],
    [12, '1'],
    [9, '1'],
  ] as const) {
    test(`at zoom ${zoom} has gdalwarp's nearest pixels, from overview ${overview}`, async (context) => {
      needGdal(context);
      const [z, x, y] = tileOver(...MIDDLE, zoom);
      const tile = await mapTile([main], z, x, y, [1]);
      const edge = (2 * HALF_WORLD) / 2 ** z;
      const west = -HALF_WORLD + x * edge;
      const north = HALF_WORLD - y * edge;
      const warped = join(folder, `warped-${z}.tif`);
      const extent = [west, north - edge, west + edge, north].map(String);
      gdal(
        'gdalwarp',
        ...['-t_srs', 'EPSG:3857', '-te', ...extent, '-ts', '256', '256'],
        ...['-r', 'near', '-et', '0', '-ovr', overview, main, warped],
      );
      const raster = await openRaster(warped);
      const [theirs] = await raster.read([1], { col: 0, row: 0, width: 256, height: 256 });
      await raster.close();
      let valid = 0;
      let different = 0;
      theirs!.forEach((value, i) => {
        const expected = value === EMPTY ? Number.NaN : value;
        if (value !== EMPTY) valid++;
        if (!Object.is(tile?.values[0]?.[i], expected)) different++;
      });
      expect(valid).toBeGreaterThan(50);
      // Positions are interpolated to 0.02 pixels: a few of a hundred thousand fall to the other side of an edge.
      expect(different).toBeLessThanOrEqual(Math.ceil(valid * 0.01));
    });
  }

  test('gives all bands asked for, in that order, and NaN where there is no value', async () => {
    const tile = await mapTile([main], ...tileOver(498000 + 3 * 600, 4873779 - 3 * 520, 16), [2, 1]);
    const [two, one] = tile!.values;
    expect(one!.some(Number.isNaN)).toBe(true);
    expect(one!.some((v) => v > 0)).toBe(true);
    one!.forEach((v, i) => {
      if (Number.isNaN(v)) expect(two![i]).toBeNaN();
      else expect(v + two![i]!).toBe(0);
    });
  });

  test('where two files have a value the first one wins; the second fills what the first leaves empty', async () => {
    const other = join(folder, 'other.tif');
    await write(other, new Int16Array(VALUES.length).fill(7));
    const place = tileOver(498000 + 3 * 600, 4873779 - 3 * 520, 16);
    const alone = (await mapTile([main], ...place, [1]))!.values[0]!;
    const both = (await mapTile([main, other], ...place, [1]))!.values[0]!;
    const turned = (await mapTile([other, main], ...place, [1]))!.values[0]!;
    expect(alone.some(Number.isNaN)).toBe(true);
    alone.forEach((v, i) => {
      expect(both[i]).toBe(Number.isNaN(v) ? 7 : v);
      expect(turned[i]).toBe(7);
    });
  });

  test('is null beside the files, and empty but not null over their nodata', async () => {
    expect(await mapTile([main], 14, 0, 0, [1])).toBeNull();
    expect(await mapTile([], 0, 0, 0, [1])).toBeNull();
    const tile = await mapTile([main], ...tileOver(498000 + 3 * 250, 4873779 - 3 * 250, 18), [1]);
    expect(tile!.values[0]!.every(Number.isNaN)).toBe(true);
  });

  test('of the whole world has the raster where it lies and nowhere else', async () => {
    const world = await mapTile([main], 6, ...(tileOver(...MIDDLE, 6).slice(1) as [number, number]), [1]);
    const filled = world!.values[0]!.reduce((n, v) => n + (Number.isNaN(v) ? 0 : 1), 0);
    // 5.1 × 4.2 km, less the empty corner, over pixels of 2446 m divided by cos 44°.
    expect(filled).toBeGreaterThanOrEqual(3);
    expect(filled).toBeLessThanOrEqual(12);
  });

  test('follows a rotated raster', async () => {
    const turned = join(folder, 'turned.tif');
    const transform: Affine = [500000, 2.4, 1.8, 4873779, 1.8, -2.4];
    await write(turned, VALUES, { transform });
    const place = tileOver(500000 + 2.4 * 900 + 1.8 * 900, 4873779 + 1.8 * 900 - 2.4 * 900, 17);
    const tile = (await mapTile([turned], ...place, [1]))!.values[0]!;
    const [z, x, y] = place;
    const pixel = (2 * HALF_WORLD) / 2 ** z / 256;
    const toLonLat = transformer(3857, 4326);
    let same = 0;
    let asked = 0;
    for (let i = 0; i < tile.length; i += 997) {
      const east = -HALF_WORLD + (x * 256 + (i % 256) + 0.5) * pixel;
      const north = HALF_WORLD - (y * 256 + Math.floor(i / 256) + 0.5) * pixel;
      const [value = Number.NaN] = (await pixelAt(turned, ...toLonLat(east, north))) ?? [];
      asked++;
      if (Object.is(tile[i], value)) same++;
    }
    expect(same).toBeGreaterThanOrEqual(asked - 1);
  });

  test('does not exist outside the grid of tiles', async () => {
    for (const [z, x, y] of [
      [-1, 0, 0],
      [2, 4, 0],
      [2, 0, -1],
      [2, 0.5, 0],
    ] as const) {
      await expect(mapTile([main], z, x, y, [1])).rejects.toThrow(RangeError);
    }
  });

  test('shows a replaced file at once', async () => {
    const path = join(folder, 'replaced.tif');
    const next = join(folder, 'next.tif');
    await copyFile(main, path);
    const place = tileOver(...MIDDLE, 16);
    const before = (await mapTile([path], ...place, [1]))!.values[0]!;
    await write(next, new Int16Array(VALUES.length).fill(42));
    await utimes(next, new Date(), new Date());
    await rename(next, path);
    const after = (await mapTile([path], ...place, [1]))!.values[0]!;
    expect(before.some((v) => v !== 42)).toBe(true);
    expect(after.every((v) => v === 42)).toBe(true);
    await rm(path);
    await expect(mapTile([path], ...place, [1])).rejects.toMatchObject({ code: 'E_FILE_MISSING' });
  });

  test('many at once are the same as one after the other', async () => {
    const [z, x, y] = tileOver(...MIDDLE, 15);
    const places = [0, 1, 2, 3].map((i) => [z, x - 1 + (i % 2), y - 1 + Math.floor(i / 2)] as const);
    const together = await Promise.all([...places, ...places].map((place) => mapTile([main], ...place, [1])));
    for (const [i, place] of places.entries()) {
      const alone = await mapTile([main], ...place, [1]);
      expect(together[i]).toEqual(alone);
      expect(together[i + 4]).toEqual(alone);
    }
  });

  test('is made many times a second', async () => {
    const [z, x, y] = tileOver(...MIDDLE, 16);
    const start = performance.now();
    const count = 200;
    for (let i = 0; i < count; i++)
      await mapTile([main], z, x - 2 + (i % 5), y - 2 + (Math.floor(i / 5) % 5), [1]);
    const rate = count / ((performance.now() - start) / 1000);
    console.info(`map tiles of 256 px from open COGs: ${rate.toFixed(0)} a second`);
    expect(rate).toBeGreaterThan(20);
  });
});

describe('a pixel', () => {
  const toLonLat = transformer(4551, 4326);
  const centre = (col: number, row: number) => toLonLat(498000 + 3 * (col + 0.5), 4873779 - 3 * (row + 0.5));

  test('has the stored counts of all bands at full resolution', async () => {
    for (const [col, row] of [
      [700, 600],
      [511, 600],
      [512, 1023],
      [1699, 1399],
      [1699, 0],
    ] as const) {
      const value = VALUES[row * WIDTH + col]!;
      expect(await pixelAt(main, ...centre(col, row))).toEqual([value, -value]);
    }
  });

  test('is null outside the raster and where no band has a value', async () => {
    expect(await pixelAt(main, ...centre(10, 10))).toBeNull();
    expect(await pixelAt(main, ...centre(-1, 600))).toBeNull();
    expect(await pixelAt(main, ...centre(1700, 600))).toBeNull();
    expect(await pixelAt(main, 0, 0)).toBeNull();
  });

  test('of a raster that does not say where it lies is E_CRS_UNKNOWN', async () => {
    const path = join(folder, 'nowhere.tif');
    await writeCog(path, {
      grid: { width: 1, height: 1, transform: TRANSFORM, epsg: null },
      bands: [{ data: new Uint8Array(1), description: 'x' }],
      nodata: null,
      compress: 'deflate',
      resampling: 'average',
      metadata: {},
    });
    await expect(pixelAt(path, 126, 44)).rejects.toMatchObject({ code: 'E_CRS_UNKNOWN' });
  });
});
