import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { epsgOfWkt, nameOfWkt } from '../../../pipeline/ingest/crs-name.ts';
import { fitGcps, type Gcp, inspectRaster, openRaster, ownPlace } from '../../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';
import { gdalinfo, needGdal } from '../write/gdal.ts';
import { handMade, plainTags, type Tag } from './tiff.ts';

const folder = await temporaryFolder();
const corpus = realData('13-geotiff-corpus');

/** A picture of 4 × 3 pixels in a folder of its own, and files beside it. */
async function infoOf(name: string, more: readonly Tag[], beside: Readonly<Record<string, string>> = {}) {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  const path = join(own, 'x.tif');
  writeFileSync(path, handMade({ tags: plainTags(4, 3, more), blocks: [new Uint8Array(12)] }));
  for (const [file, text] of Object.entries(beside)) writeFileSync(join(own, file), text);
  const raster = await openRaster(path);
  await raster.close();
  return raster.info;
}

const SCALE: Tag = { tag: 33550, type: 12, values: [3, 3, 0] };
const TIE: Tag = { tag: 33922, type: 12, values: [0, 0, 0, 516_000, 4_873_800, 0] };
const AUX = `<PAMDataset>
  <SRS dataAxisToSRSAxisMapping="1,2">PROJCS["WGS 84 / UTM zone 51N",GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]],AUTHORITY["EPSG","32651"]]</SRS>
  <GeoTransform>  5.0e+05,  1.0e+01,  0.0e+00,  4.9e+06,  0.0e+00, -1.0e+01</GeoTransform>
</PAMDataset>`;

describe('ground control points', () => {
  // `gdalinfo -json` of GDAL 3.6.2: gcps.gcpList.length of each file, and its first point.
  it.each([
    ['a-must-read/gdal__byte_gcp_pixelispoint.tif', 4],
    ['a-must-read/odcgeo__au-gcp.tif', 24],
    ['a-must-read/riotiler__cog_gcps_ovr.tif', 210],
  ])('of %s are the %i of GDAL', async (file, count) => {
    if (corpus === null) return;
    expect((await inspectRaster(join(corpus, file))).gcpCount).toBe(count);
  });

  it.skipIf(corpus === null)('lie where GDAL has them, also where pixels are points', async (context) => {
    needGdal(context);
    for (const file of ['gdal__byte_gcp_pixelispoint.tif', 'odcgeo__au-gcp.tif']) {
      const path = join(corpus!, 'a-must-read', file);
      const raster = await openRaster(path);
      await raster.close();
      // What gdalinfo prints besides the members its type declares.
      const { gcps } = gdalinfo(path) as unknown as {
        gcps: { gcpList: { pixel: number; line: number; x: number; y: number; z: number }[] };
      };
      expect(raster.info.gcps).toEqual(
        gcps.gcpList.map(({ pixel, line, x, y, z }) => ({ col: pixel, row: line, x, y, z })),
      );
    }
  });

  const corners: Gcp[] = [
    { col: 0, row: 0, x: 500, y: 900, z: 0 },
    { col: 10, row: 0, x: 530, y: 901, z: 0 },
    { col: 0, row: 10, x: 498, y: 870, z: 0 },
    { col: 10, row: 10, x: 528, y: 871, z: 0 },
  ];

  it('on a plane are fitted without a rest', () => {
    const { transform, rms } = fitGcps(corners)!;
    [500, 3, -0.2, 900, 0.1, -3].forEach((value, i) => {
      expect(transform[i]).toBeCloseTo(value, 10);
    });
    expect(rms).toBeLessThan(1e-9);
  });

  it('off a plane are fitted by least squares, and the rest is told', () => {
    // One corner 4 m east of the plane: the best plane leaves 1 m at each of the four (numpy.linalg.lstsq 1.24).
    const bent = corners.map((gcp, i) => (i === 3 ? { ...gcp, x: gcp.x + 4 } : gcp));
    expect(fitGcps(bent)!.rms).toBeCloseTo(1, 10);
  });

  it('on a line, or fewer than three, fit nothing', () => {
    expect(fitGcps(corners.slice(0, 2))).toBeNull();
    expect(fitGcps([0, 1, 2].map((i) => ({ col: i, row: i, x: i, y: -i, z: 0 })))).toBeNull();
  });

  it('place a raster only when that is asked for', async () => {
    const tie = corners.flatMap(({ col, row, x, y, z }) => [col, row, 0, x, y, z]);
    const keys: Tag = { tag: 34735, type: 3, values: [1, 1, 0, 2, 1024, 0, 1, 1, 3072, 0, 1, 32_651] };
    const info = await infoOf('gcps', [{ tag: 33922, type: 12, values: tie }, keys]);
    expect(info.transform).toBeNull();
    expect(() => ownPlace(info, 'x.tif')).toThrow(/4 ground control points and no transform; --gcps/);
    const { grid, fitted } = ownPlace(info, 'x.tif', { gcps: true });
    expect(grid.transform[1]).toBeCloseTo(3, 10);
    expect(fitted).toMatch(/^4 ground control points, rms /);
  });
});

describe('a file beside a TIFF without a place', () => {
  it('gives it the place of an .aux.xml', async () => {
    const info = await infoOf('aux', [], { 'x.tif.aux.xml': AUX });
    expect(info).toMatchObject({ transform: [5e5, 10, 0, 4.9e6, 0, -10], epsg: 32_651 });
    expect(info.notes).toEqual(['its place is that of the .aux.xml beside it']);
  });

  it('gives it the place of a world file, which tells the middle of the first pixel', async (context) => {
    const world = '3.0\n0.0\n0.0\n-3.0\n516001.5\n4873798.5\n';
    const info = await infoOf('world', [], { 'x.tfw': world });
    expect(info.transform).toEqual([516_000, 3, 0, 4_873_800, 0, -3]);
    needGdal(context);
    expect(gdalinfo(join(folder, 'world/x.tif')).geoTransform).toEqual(info.transform);
  });

  it('turns it as the world file says, like GDAL', async (context) => {
    needGdal(context);
    const info = await infoOf('turned', [], { 'x.tfw': '2.9\n0.3\n0.31\n-2.8\n516001.5\n4873798.5\n' });
    gdalinfo(join(folder, 'turned/x.tif')).geoTransform.forEach((value, i) => {
      expect(info.transform![i]).toBeCloseTo(value, 9);
    });
  });

  it.each([
    ['text', 'here\n'],
    ['five lines', '3\n0\n0\n-3\n516001.5\n'],
    ['NaN', '3\n0\n0\nnan\n516001.5\n4873798.5\n'],
    ['no area', '3\n3\n3\n3\n516001.5\n4873798.5\n'],
    ['a megabyte', '3\n'.repeat(500_000)],
  ])('is not used and told of when it is a world file of %s', async (name, world) => {
    const info = await infoOf(`bad-${name}`, [], { 'x.tfw': world });
    expect(info.transform).toBeNull();
    expect(info.notes.some((note) => note.includes('x.tfw is not used'))).toBe(true);
  });

  it.each([
    ['no XML', '<PAMDataset'],
    ['a document type', `<!DOCTYPE x [<!ENTITY a "b">]>${AUX}`],
    ['a transform of NaN', AUX.replace('1.0e+01,', 'nan,')],
  ])('is not used when it is an .aux.xml with %s', async (name, xml) => {
    const info = await infoOf(`aux-${name}`, [], { 'x.tif.aux.xml': xml });
    expect(info.transform).toBeNull();
  });

  it('never changes the place that the TIFF itself has', async () => {
    const own = await infoOf('own', [SCALE, TIE], { 'x.tif.aux.xml': AUX, 'x.tfw': '9\n0\n0\n-9\n0\n0\n' });
    expect(own.transform).toEqual([516_000, 3, 0, 4_873_800, 0, -3]);
    // Its system it does lack.
    expect(own.epsg).toBe(32_651);
  });
});

describe('a camera model', () => {
  // North is up and east is right: row = -latitude, column = longitude, both normalised (terms 1, L, P, …).
  const term = (name: string, at: number, value: number) =>
    `${name} ${Array.from({ length: 20 }, (_, i) => (i === at ? value : 0)).join(' ')}`;
  const items = [
    ...['LINE_OFF 100', 'SAMP_OFF 200', 'LAT_OFF 44', 'LONG_OFF 126', 'HEIGHT_OFF 150', 'LINE_SCALE 100'],
    ...['SAMP_SCALE 200', 'LAT_SCALE 0.1', 'LONG_SCALE 0.2', 'HEIGHT_SCALE 500'],
    ...[term('LINE_NUM_COEFF', 2, -1), term('LINE_DEN_COEFF', 0, 1)],
    ...[term('SAMP_NUM_COEFF', 1, 1), term('SAMP_DEN_COEFF', 0, 1)],
  ].map((text) => [text.slice(0, text.indexOf(' ')), text.slice(text.indexOf(' ') + 1)] as const);
  const xml = `<PAMDataset><Metadata domain="RPC">${items
    .map(([key, value]) => `<MDI key="${key}">${value}</MDI>`)
    .join('')}</Metadata></PAMDataset>`;

  it('in an .aux.xml is that of the raster, as GDAL keeps it there', async () => {
    const info = await infoOf('rpc-aux', [], { 'x.tif.aux.xml': xml });
    expect(info.rpc).toMatchObject({ lineOffset: 100, longitudeOffset: 126, heightScale: 500 });
  });

  it('in tag 50844 is the same, as GDAL writes it', async (context) => {
    needGdal(context);
    await infoOf('rpc-aux', [], { 'x.tif.aux.xml': xml });
    const path = join(folder, 'rpc.tif');
    execFileSync('gdal_translate', ['-q', join(folder, 'rpc-aux/x.tif'), path]);
    const alone = join(folder, 'rpc-alone.tif');
    copyFileSync(path, alone);
    const raster = await openRaster(alone);
    await raster.close();
    expect(raster.info.rpc).toMatchObject({ lineOffset: 100, sampleScale: 200, latitudeOffset: 44 });
    expect(raster.info.rpc!.lineNumerator).toHaveLength(20);
  });

  it('of too few numbers is none', async () => {
    const info = await infoOf('rpc-short', [{ tag: 50844, type: 12, values: [1, 2, 3] }]);
    expect(info.rpc).toBeNull();
  });
});

describe('well-known text', () => {
  it('gives the code of its root, not that of a part', () => {
    const parts = 'GEOGCS["WGS 84",AUTHORITY["EPSG","4326"]]';
    expect(epsgOfWkt(parts)).toBe(4326);
    expect(epsgOfWkt(`PROJCS["x",${parts},UNIT["metre",1]]`)).toBeNull();
    expect(epsgOfWkt(`PROJCRS["x",BASEGEOGCRS["y"],ID["EPSG",32612]]`)).toBe(32_612);
    expect(epsgOfWkt('PROJCS["CGCS2000_3_Degree_GK_CM_126E",GEOGCS["x"]]')).toBe(4551);
    expect(epsgOfWkt('COMPD_CS["x",AUTHORITY["EPSG","5555"]]')).toBeNull();
    expect(nameOfWkt(`PROJCS["x y",${parts}]`)).toBe('x y');
  });

  it('of any length is read in no time', () => {
    const started = performance.now();
    for (const text of ['PROJCS['.repeat(50_000), `PROJCS["${'x'.repeat(200_000)}`, ' '.repeat(200_000)]) {
      expect(epsgOfWkt(text)).toBeNull();
      nameOfWkt(text);
    }
    expect(performance.now() - started).toBeLessThan(50);
  });
});
