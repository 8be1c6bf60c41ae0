import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { epsgOfName } from '../../../pipeline/ingest/crs-name.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { needGdal } from '../write/gdal.ts';
import { handMade, plainTags } from './tiff.ts';

const folder = await temporaryFolder();
const NONE = { centralMeridian: null, falseEasting: null, linearUnit: null } as const;

describe('a coordinate system that a file names without a code', () => {
  it.each([
    ['CGCS2000_3_Degree_GK_CM_126E', 4551],
    ['CGCS2000 / 3-degree Gauss-Kruger CM 126E', 4551],
    ['CGCS2000_3_Degree_GK_Zone_42', 4530],
    ['PCS Name = CGCS2000_3_Degree_GK_CM_129E', 4552],
    [
      'ESRI PE String = PROJCS["CGCS2000_3_Degree_GK_CM_123E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000"',
      4550,
    ],
    ['WGS_1984_UTM_Zone_51N', 32651],
    ['WGS 84 / UTM zone 22S', 32722],
    ['NAD_1983_UTM_Zone_14N', 26914],
    ['WGS_1984_Web_Mercator_Auxiliary_Sphere', 3857],
  ])('%s is EPSG:%i', (name, epsg) => {
    expect(epsgOfName(name, 'projected', NONE)).toBe(epsg);
  });

  it.each([
    ['GCS_China_Geodetic_Coordinate_System_2000', 4490],
    ['GCS_WGS_1984', 4326],
  ])('%s in degrees is EPSG:%i', (name, epsg) => {
    expect(epsgOfName(name, 'geographic', NONE)).toBe(epsg);
    expect(epsgOfName(name, 'projected', NONE)).toBeNull();
  });

  it.each([
    'CGCS2000_3_Degree_GK_CM_127E',
    'CGCS2000_3_Degree_GK_Zone_99',
    'WGS_1984_UTM_Zone_61N',
    'Beijing_1954_3_Degree_GK_CM_126E',
    'my CGCS2000_3_Degree_GK_CM_126E',
    '',
  ])('%s is not guessed', (name) => {
    expect(epsgOfName(name, 'projected', NONE)).toBeNull();
  });

  it('is not believed when the parameters beside the name say something else', () => {
    const name = 'CGCS2000_3_Degree_GK_CM_126E';
    expect(
      epsgOfName(name, 'projected', {
        ...NONE,
        centralMeridian: 126,
        falseEasting: 500_000,
        linearUnit: 9001,
      }),
    ).toBe(4551);
    expect(epsgOfName(name, 'projected', { ...NONE, centralMeridian: 129 })).toBeNull();
    expect(epsgOfName(name, 'projected', { ...NONE, falseEasting: 42_500_000 })).toBeNull();
    expect(epsgOfName(name, 'projected', { ...NONE, linearUnit: 9002 })).toBeNull();
  });

  it('is found in a file, and GDAL takes the file for the same system', async (context) => {
    const path = join(folder, 'named.tif');
    const citation = 'CGCS2000_3_Degree_GK_CM_126E|';
    const geographic = 'GCS Name = GCS_China_Geodetic_Coordinate_System_2000|';
    const keys = [
      ...[1024, 0, 1, 1, 1025, 0, 1, 1, 2048, 0, 1, 4490, 2049, 34_737, geographic.length, citation.length],
      ...[
        3072,
        0,
        1,
        32_767,
        3073,
        34_737,
        citation.length,
        0,
        3074,
        0,
        1,
        32_767,
        3075,
        0,
        1,
        1,
        3076,
        0,
        1,
        9001,
      ],
      ...[3080, 34_736, 1, 0, 3081, 34_736, 1, 1, 3082, 34_736, 1, 2, 3083, 34_736, 1, 3, 3092, 34_736, 1, 4],
    ];
    const tags = plainTags(4, 4, [
      { tag: 33_550, type: 12, values: [3, 3, 0] },
      { tag: 33_922, type: 12, values: [0, 0, 0, 516_000, 4_873_800, 0] },
      { tag: 34_735, type: 3, values: [1, 1, 0, keys.length / 4, ...keys] },
      { tag: 34_736, type: 12, values: [126, 0, 500_000, 0, 1] },
      { tag: 34_737, type: 2, values: citation + geographic },
    ]);
    writeFileSync(path, handMade({ tags, blocks: [new Uint8Array(16)] }));
    const raster = await openRaster(path);
    await raster.close();
    expect(raster.info.epsg).toBe(4551);
    needGdal(context);
    const place = ['-t_srs', 'EPSG:4551', '-s_srs'];
    const wkt = execFileSync('gdalsrsinfo', ['-o', 'proj4', path], { encoding: 'utf8' }).trim();
    const there = execFileSync('gdaltransform', [...place, wkt], {
      input: '516000 4873800\n',
      encoding: 'utf8',
    });
    const [x, y] = there.split(' ').map(Number);
    expect(x).toBeCloseTo(516_000, 3);
    expect(y).toBeCloseTo(4_873_800, 3);
  });
});
