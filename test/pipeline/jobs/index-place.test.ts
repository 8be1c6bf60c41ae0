import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import { parseExpressions } from '../../../pipeline/indices/expression.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { type IndexFileOptions, indexFile, parseBands } from '../../../pipeline/jobs/index-file.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';
import { needGdal, needValidator, validateCog } from '../write/gdal.ts';

const folder = await temporaryFolder();
const cbers = realData('03-cbers4-bgrn-timeseries');
const modis = realData('02-modis-sinop-timeseries');
const corpus = realData('13-geotiff-corpus');

function made(options: Pick<IndexFileOptions, 'bands' | 'stem'> & Partial<IndexFileOptions>) {
  return indexFile({
    ...{ indices: ['NDVI'], out: folder, scale: undefined, offset: undefined, epsg: undefined },
    ...{ compress: 'deflate', backend: 'cpu', version: 'test', threads: 1 },
    ...options,
  });
}

/** What GDAL understands the coordinate system of a file to be. */
function wktOf(path: string): string {
  return execFileSync('gdalsrsinfo', ['-o', 'wkt2', path], { encoding: 'utf8' });
}

describe('an index of imagery on a grid without an EPSG code', () => {
  it.skipIf(cbers === null)('of CBERS-4 (Albers) is on that very grid for GDAL', async (context) => {
    needGdal(context);
    needValidator(context);
    const stem = join(cbers!, 'pair_100px/CB4_64_2017-08-29_BAND');
    const bands = parseBands(`N=${stem}16.tif,R=${stem}15.tif`, null);
    const [index] = await made({ bands, stem: 'cbers', scale: 0.0001 });
    expect(index!.validFraction).toBe(1);
    expect(wktOf(index!.file)).toBe(wktOf(`${stem}15.tif`));
    expect(wktOf(index!.file)).toContain('Albers Equal Area');
    expect(validateCog(index!.file)).toContain('is a valid cloud optimized GeoTIFF');
  });

  it.skipIf(modis === null)(
    'of MODIS (sinusoidal, on a sphere) is on that very grid for GDAL',
    async (context) => {
      needGdal(context);
      const year = join(modis!, 'mod13q1_2013_2014');
      const file = join(year, readdirSync(year).find((name) => name.endsWith('.tif'))!);
      const expressions = parseExpressions('EVI_HALF=N/2@0.0001');
      const bands = parseBands('N=1', file);
      const [index] = await made({ bands, stem: 'modis', indices: [], expressions, scale: 0.0001 });
      expect(wktOf(index!.file)).toBe(wktOf(file));
      expect(wktOf(index!.file)).toContain('Sinusoidal');
    },
  );

  it.skipIf(cbers === null || modis === null)('of two such grids is refused', async () => {
    const year = join(modis!, 'mod13q1_2013_2014');
    const other = join(year, readdirSync(year).find((name) => name.endsWith('.tif'))!);
    const bands = parseBands(`N=${join(cbers!, 'pair_100px/CB4_64_2017-08-29_BAND16.tif')},R=${other}`, null);
    await expect(made({ bands, stem: 'two' })).rejects.toMatchObject({ code: 'E_GRID_MISMATCH' });
  });

  it.skipIf(corpus === null)(
    'is the same for GDAL for every system that a file of the corpus describes by its own keys',
    async (context) => {
      needGdal(context);
      const known = new Set<string>();
      for (const tier of ['a-must-read', 'b-should-read']) {
        for (const name of readdirSync(join(corpus!, tier))) {
          const crsKeys = await keysOf(join(corpus!, tier, name));
          if (crsKeys === null || known.has(JSON.stringify(crsKeys))) continue;
          known.add(JSON.stringify(crsKeys));
          // Asking GDAL takes its time: every third will do.
          if (known.size % 3 !== 0) continue;
          const path = join(folder, 'carried.tif');
          await writeCog(path, {
            grid: { width: 2, height: 2, transform: [0, 1, 0, 0, 0, -1], epsg: null },
            crsKeys,
            bands: [{ data: new Uint8Array(4), description: 'x' }],
            ...{ nodata: null, compress: 'deflate', resampling: 'average', metadata: {} },
          });
          expect(wktOf(path), name).toBe(wktOf(join(corpus!, tier, name)));
          expect(await keysOf(path), name).toEqual(crsKeys);
        }
      }
      expect(known.size).toBe(25);
    },
    60_000,
  );
});

async function keysOf(path: string) {
  try {
    const raster = await openRaster(path);
    await raster.close();
    return raster.info.crsKeys;
  } catch (error) {
    if (error instanceof HeituError) return null;
    throw error;
  }
}

describe.skipIf(corpus === null)('an index of a file with a mask', () => {
  it('has no value where the mask hides the pixel, and is otherwise as without it', async () => {
    const path = join(corpus!, 'a-must-read/geotools__masked2cog.tif');
    const bands = parseBands('R=1,G=2', path);
    const expressions = parseExpressions('SUM=R+G+1@0.01');
    const [index] = await made({ bands, stem: 'masked', indices: [], expressions });
    const whole = { col: 0, row: 0, width: 200, height: 200 };
    const [source, result] = await Promise.all([openRaster(path), openRaster(index!.file)]);
    const valid = (await source.readValidity([1, 2], whole))!;
    const [red, green] = await source.read([1, 2], whole);
    const [counts] = await result.read([1], whole);
    await Promise.all([source.close(), result.close()]);
    // Of 40,000 pixels GDAL's mask band leaves 20,738 (GDAL 3.6.2).
    expect(index!.validFraction).toBe(20_738 / 40_000);
    const expected = Array.from(valid, (isThere, i) =>
      isThere === 1 ? Math.round(100 * (1 + (red![i]! + green![i]!) / 255)) : -32_768,
    );
    expect(Array.from(counts!)).toEqual(expected);
  });
});
