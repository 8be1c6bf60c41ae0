import { execFileSync, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { transformer } from '../../../pipeline/core/crs.ts';
import { zonalOfFile } from '../../../pipeline/jobs/zonal.ts';
import { readVectorFile } from '../../../pipeline/zones/vector.ts';
import { makeParcelBench } from '../../bench/make-parcels.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../../helpers/gdal-zonal.py', import.meta.url));
const hasGdal = spawnSync(PYTHON, ['-c', 'import numpy; from osgeo import gdal, ogr']).status === 0;

if (!hasGdal) console.warn('skipped: GDAL is not installed for Python (apt: python3-gdal)');

const folder = await temporaryFolder();

// GDAL 3.6.2 gdal.RasterizeLayer and numpy 1.24: 500 parcels side by side, some with ponds, under clouds.
test.skipIf(!hasGdal)(
  'with the centre rule every parcel has the pixels and numbers that GDAL gives it',
  async () => {
    const { raster, parcels, grid } = await makeParcelBench(folder, 1100, 500);
    const { features } = await readVectorFile(parcels);
    const toGrid = transformer(4326, grid.epsg!);
    const projected = join(folder, 'projected.json');
    await writeFile(
      projected,
      JSON.stringify({
        type: 'FeatureCollection',
        crs: { type: 'name', properties: { name: `urn:ogc:def:crs:EPSG::${grid.epsg}` } },
        features: features.map(({ id, polygon }) => ({
          type: 'Feature',
          properties: { number: Number(id) },
          geometry: {
            type: 'MultiPolygon',
            coordinates: polygon.map((rings) => rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!)))),
          },
        })),
      }),
    );
    const text = execFileSync(PYTHON, [SCRIPT, raster, projected], { encoding: 'utf8', maxBuffer: 2 ** 26 });
    const theirs = JSON.parse(text) as Record<string, [number, number, number, number, number, number]>;
    const statistics = ['mean', 'stdev', 'min', 'max', 'median'] as const;
    const { rows } = await zonalOfFile(raster, parcels, {
      statistics,
      rule: 'center',
      band: 1,
      id: undefined,
      epsg: undefined,
    });
    expect(rows).toHaveLength(500);
    for (const { feature, pixelCount, values } of rows) {
      const [count, ...numbers] = theirs[feature.id] ?? [0];
      expect(pixelCount, feature.id).toBe(count);
      for (const [i, number] of numbers.entries()) {
        expect(values[statistics[i]!]! / 0.0001, `${feature.id} ${statistics[i]}`).toBeCloseTo(number, 6);
      }
    }
  },
);
