import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Affine } from '../../../pipeline/core/affine.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { type CogInput, writeCog } from '../../../pipeline/write/cog.ts';
import type { CogArray } from '../../../pipeline/write/pyramid.ts';
import { gdal, gdalinfo, needGdal, needValidator, validateCog } from './gdal.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heitu-cog-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const NORTH_UP: Affine = [500000, 3, 0, 4873779, 0, -3];

/** A COG input with the parts a test does not care about filled in. */
function input(width: number, height: number, bands: CogArray[], more: Partial<CogInput> = {}): CogInput {
  return {
    grid: { width, height, transform: NORTH_UP, epsg: 4551 },
    bands: bands.map((data, i) => ({ data, description: `band ${i + 1}` })),
    nodata: null,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
    ...more,
  };
}

/** Numbers that look random, cover the whole type and are the same every time. */
function noise(length: number, seed: number): Int16Array {
  let state = seed + 1;
  return Int16Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 16;
  });
}

const KINDS: Record<string, (length: number, seed: number) => CogArray> = {
  int16: noise,
  uint16: (length, seed) => new Uint16Array(noise(length, seed)),
  uint8: (length, seed) => new Uint8Array(noise(length, seed)),
  float32: (length, seed) =>
    Float32Array.from(noise(length, seed), (v) => (v % 7 === 0 ? Number.NaN : v / 1000)),
};

const SIZES = [
  [1, 1],
  [1, 700],
  [513, 3],
  [511, 512],
  [1025, 514],
] as const;

describe('what is written is what is read', () => {
  for (const [kind, make] of Object.entries(KINDS)) {
    for (const [width, height] of SIZES) {
      test(`${kind}, ${width} × ${height}, three bands, deflate and zstd, classic and BigTIFF`, async () => {
        const bands = [1, 2, 3].map((seed) => make(width * height, seed));
        for (const compress of ['deflate', 'zstd'] as const) {
          for (const bigTiff of ['auto', 'always'] as const) {
            const path = join(folder, `round-${kind}-${width}-${height}.tif`);
            await writeCog(path, input(width, height, bands, { compress }), { bigTiff });
            const raster = await openRaster(path);
            const read = await raster.read([1, 2, 3], { col: 0, row: 0, width, height });
            await raster.close();
            expect(raster.info).toMatchObject({
              width,
              height,
              bandCount: 3,
              dtype: kind,
              compression: compress,
            });
            expect(raster.info).toMatchObject({ cog: true, bigTiff: bigTiff === 'always', epsg: 4551 });
            expect(raster.info.transform).toEqual(NORTH_UP);
            bands.forEach((band, i) => {
              expect(Buffer.compare(bytesOf(read[i]!), bytesOf(band))).toBe(0);
            });
          }
        }
      });
    }
  }

  test('scale, offset, unit, description, nodata and metadata come back', async () => {
    const path = join(folder, 'meaning.tif');
    await writeCog(path, {
      ...input(2, 1, [new Int16Array([5, -32768])], { nodata: -32768 }),
      bands: [
        {
          data: new Int16Array([5, -32768]),
          description: 'NDVI <浓> & "x"',
          scale: 0.0001,
          offset: 0.5,
          unit: 'm',
        },
      ],
      metadata: {
        SENSOR: 'jl1-gf02',
        TIFFTAG_DATETIME: '2024:06:01 02:00:00',
        TIFFTAG_SOFTWARE: 'Heitu 0.1.0',
      },
    });
    const { info, close } = await openRaster(path);
    await close();
    expect(info.bands).toEqual([{ description: 'NDVI <浓> & "x"', scale: 0.0001, offset: 0.5 }]);
    expect(info.nodata).toBe(-32768);
    expect(info.metadata).toEqual({
      SENSOR: 'jl1-gf02',
      TIFFTAG_DATETIME: '2024:06:01 02:00:00',
      TIFFTAG_SOFTWARE: 'Heitu 0.1.0',
    });
  });

  test('a rotated and a south-up transform come back as they were', async () => {
    for (const transform of [
      [100, 2, 0.5, 200, 0.25, -3],
      [100, 2, 0, 200, 0, 3],
    ] as const) {
      const path = join(folder, 'rotated.tif');
      const grid = { width: 2, height: 2, transform, epsg: 32651 };
      await writeCog(path, input(2, 2, [new Uint8Array(4)], { grid }));
      const { info, close } = await openRaster(path);
      await close();
      expect(info.transform).toEqual(transform);
      expect(info.epsg).toBe(32651);
    }
  });

  test('a block without a valid pixel takes no room and reads as nodata', async () => {
    const [width, height] = [1024, 512];
    const data = noise(width * height, 1).map((v, i) => (i % width < 512 ? -1 : v));
    const full = await writeCog(join(folder, 'full.tif'), input(width, height, [data]));
    const sparse = await writeCog(join(folder, 'sparse.tif'), input(width, height, [data], { nodata: -1 }));
    expect(sparse.bytes).toBeLessThan(full.bytes - 1000);
    const raster = await openRaster(join(folder, 'sparse.tif'));
    expect(raster.isWritten([1], { col: 0, row: 0, width: 512, height: 512 })).toBe(false);
    expect(raster.isWritten([1], { col: 0, row: 0, width: 513, height: 512 })).toBe(true);
    const [read] = await raster.read([1], { col: 0, row: 0, width, height });
    await raster.close();
    expect(Buffer.compare(bytesOf(read!), bytesOf(data))).toBe(0);
  });
});

describe('the file', () => {
  test('the same input makes the same bytes, and the checksum is theirs', async () => {
    const data = noise(600 * 600, 7);
    const once = await writeCog(join(folder, 'once.tif'), input(600, 600, [data]));
    const twice = await writeCog(join(folder, 'twice.tif'), input(600, 600, [data]));
    const bytes = await readFile(join(folder, 'once.tif'));
    const { createHash } = await import('node:crypto');
    expect(twice).toEqual(once);
    expect(once).toEqual({ bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') });
  });

  test('measurements are stored as differences, classes as they are', async () => {
    for (const [resampling, predictor] of [
      ['average', 2],
      ['mode', 1],
    ] as const) {
      const path = join(folder, 'predictor.tif');
      await writeCog(path, input(3, 1, [new Uint8Array([7, 200, 7])], { resampling }));
      const raster = await openRaster(path);
      const [read] = await raster.read([1], { col: 0, row: 0, width: 3, height: 1 });
      await raster.close();
      expect(raster.info.predictor).toBe(predictor);
      expect([...read!]).toEqual([7, 200, 7]);
    }
  });

  test('input arrays are left as they are', async () => {
    const data = noise(40 * 40, 3);
    const before = data.slice();
    await writeCog(join(folder, 'untouched.tif'), input(40, 40, [data]));
    expect(data).toEqual(before);
  });

  test('a folder that cannot be made is E_WRITE_FAILED, and nothing half-written is left', async () => {
    const blocked = join(folder, 'a-file');
    await writeFile(blocked, 'x');
    const before = (await readdir(folder)).sort();
    await expect(writeCog(join(blocked, 'x.tif'), input(1, 1, [new Uint8Array(1)]))).rejects.toMatchObject({
      code: 'E_WRITE_FAILED',
    });
    expect((await readdir(folder)).sort()).toEqual(before);
  });

  test('bands of unequal length are refused', async () => {
    const bands = [new Uint8Array(4), new Uint8Array(3)];
    await expect(writeCog(join(folder, 'x.tif'), input(2, 2, bands))).rejects.toThrow(/3 pixels/);
  });
});

describe('GDAL', () => {
  const [width, height] = [1301, 701];
  const empty = (i: number) => i % width < 600 && Math.floor(i / width) < 520;
  const smooth = Int16Array.from({ length: width * height }, (_, i) =>
    empty(i) ? -32768 : Math.round(9000 * Math.sin((i % width) / 50) * Math.cos(i / width / 40)),
  );
  const CASES: [string, CogInput, 'auto' | 'always'][] = [
    ['an index with empty blocks', input(width, height, [smooth], { nodata: -32768 }), 'auto'],
    ['several bands in zstd', input(width, height, [smooth, smooth], { compress: 'zstd' }), 'auto'],
    [
      'a BigTIFF of floats',
      input(width, height, [KINDS.float32!(width * height, 5)], { nodata: Number.NaN }),
      'always',
    ],
    [
      'an RGB picture',
      input(
        width,
        height,
        [1, 2, 3, 4].map((s) => KINDS.uint8!(width * height, s)),
        { photometric: 'rgb' },
      ),
      'auto',
    ],
    [
      'classes',
      input(width, height, [KINDS.uint8!(width * height, 9)], { resampling: 'mode', nodata: 0 }),
      'auto',
    ],
    ['a single pixel', input(1, 1, [new Uint8Array([7])]), 'auto'],
  ];

  for (const [name, cog, bigTiff] of CASES) {
    test(`the validator finds ${name} valid in every byte`, async (context) => {
      needValidator(context);
      const path = join(folder, 'valid.tif');
      await writeCog(path, cog, { bigTiff });
      expect(validateCog(path)).toContain('is a valid cloud optimized GeoTIFF');
      expect(validateCog(path)).not.toContain('recommended');
    });

    test(`reads the pixels and overviews of ${name} as they were written`, async (context) => {
      needGdal(context);
      const path = join(folder, 'gdal.tif');
      await writeCog(path, cog, { bigTiff });
      // A plain copy by GDAL has to have GDAL's checksums and our numbers.
      const plain = join(folder, 'plain.tif');
      gdal('gdal_translate', '-co', 'INTERLEAVE=BAND', path, plain);
      const [ours, theirs] = [await openRaster(path), await openRaster(plain)];
      const window = { col: 0, row: 0, width: cog.grid.width, height: cog.grid.height };
      const bands = cog.bands.map((_, i) => i + 1);
      const [a, b] = [await ours.read(bands, window), await theirs.read(bands, window)];
      a.forEach((band, i) => {
        expect(Buffer.compare(bytesOf(band), bytesOf(b[i]!))).toBe(0);
      });
      for (const [i, { width: w, height: h }] of ours.info.overviews.entries()) {
        gdal('gdal_translate', '-co', 'INTERLEAVE=BAND', '-oo', `OVERVIEW_LEVEL=${i}`, path, plain);
        const overview = await openRaster(plain);
        const whole = { col: 0, row: 0, width: w, height: h };
        const [c, d] = [await ours.read(bands, whole, i + 1), await overview.read(bands, whole)];
        c.forEach((band, j) => {
          expect(Buffer.compare(bytesOf(band), bytesOf(d[j]!))).toBe(0);
        });
        await overview.close();
      }
      await ours.close();
      await theirs.close();
    });
  }

  test('understands CRS, transform, nodata, scale, offset, unit and metadata', async (context) => {
    needGdal(context);
    const path = join(folder, 'facts.tif');
    await writeCog(path, {
      ...input(2, 1, [], { nodata: -32768 }),
      bands: [
        { data: new Int16Array([5, -32768]), description: 'NDVI', scale: 0.0001, offset: 0, unit: 'm' },
      ],
      metadata: { SENSOR: 'jl1-gf02', TIFFTAG_DATETIME: '2024:06:01 02:00:00' },
    });
    const info = gdalinfo(path);
    expect(info.geoTransform).toEqual([...NORTH_UP]);
    expect(info.coordinateSystem.wkt).toMatch(/ID\["EPSG",4551\]\]$/);
    expect(info.metadata['']).toMatchObject({ SENSOR: 'jl1-gf02', TIFFTAG_DATETIME: '2024:06:01 02:00:00' });
    expect(info.metadata.IMAGE_STRUCTURE).toMatchObject({ LAYOUT: 'COG', COMPRESSION: 'DEFLATE' });
    expect(info.bands[0]).toMatchObject({
      description: 'NDVI',
      scale: 0.0001,
      offset: 0,
      unit: 'm',
      noDataValue: -32768,
    });
  });

  test('names the EPSG code of every CRS we know', async (context) => {
    needGdal(context);
    for (const epsg of [4326, 4490, 3857, 4526, 4533, 4547, 4551, 32601, 32652, 32749, 26914]) {
      const path = join(folder, 'crs.tif');
      const grid = { width: 1, height: 1, transform: NORTH_UP, epsg };
      await writeCog(path, input(1, 1, [new Uint8Array(1)], { grid }));
      expect(gdalinfo(path).coordinateSystem.wkt).toMatch(new RegExp(`ID\\["EPSG",${epsg}\\]\\]$`));
    }
  });
});

function bytesOf(array: ArrayBufferView): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}
