import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { PolygonizeOptions } from '../../../pipeline/zones/polygonize.ts';
import { areasOf, geometryOf, type Mask, speckled } from './masks.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('../../helpers/gdal-polygons.py', import.meta.url));

const hasGdal = spawnSync(PYTHON, ['-c', 'import numpy; from osgeo import gdal, ogr']).status === 0;

type Case = Pick<PolygonizeOptions, 'connectivity' | 'nodata' | 'small' | 'leastPixels' | 'tolerance'>;

const SEEDS = Array.from({ length: 40 }, (_, i) => i + 1);

function maskOf(seed: number): Mask {
  return speckled(seed, 5 + (seed % 37), 4 + ((seed * 7) % 31), 2 + (seed % 4), 1 + (seed % 5));
}

/** What GDAL (3.6.2: gdal.Polygonize, OGR IsValid of GEOS) says about every mask and our polygons of it. */
function askGdal(cases: readonly Case[]) {
  const asked = SEEDS.flatMap((seed) =>
    cases.map((one) => ({ seed, one, areas: areasOf(maskOf(seed), one) })),
  );
  const masks = asked.map(({ seed, one, areas }) => {
    const { width, height, data } = maskOf(seed);
    const { nodata, connectivity } = one;
    return { width, height, data: [...data], nodata, connectivity, polygons: areas.map(geometryOf) };
  });
  const text = execFileSync(PYTHON, [SCRIPT], {
    input: JSON.stringify({ masks }),
    maxBuffer: 2 ** 28,
    encoding: 'utf8',
  });
  const answers = JSON.parse(text) as { areas: [number, number][]; invalid: number[] }[];
  return asked.map((question, i) => ({ ...question, answer: answers[i]! }));
}

const plain = { small: 'drop', leastPixels: 0, tolerance: 0 } as const;

test.skipIf(!hasGdal)(
  'finds the areas that GDAL finds, class by class and pixel by pixel, each valid',
  () => {
    const cases = ([4, 8] as const).flatMap((connectivity) =>
      [0, null].map((nodata) => ({ ...plain, connectivity, nodata })),
    );
    for (const { seed, one, areas, answer } of askGdal(cases)) {
      const ours = areas.map(({ value, pixels }) => [value, pixels] as const);
      ours.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      expect(ours, `seed ${seed}, ${one.connectivity}, nodata ${one.nodata}`).toEqual(answer.areas);
      expect(answer.invalid, `seed ${seed}`).toEqual([]);
    }
  },
);

test.skipIf(!hasGdal)('stays valid when small areas are merged and borders straightened', () => {
  const cases = [0.8, 1.5, 4].flatMap((tolerance) => [
    { ...plain, tolerance, connectivity: 4, nodata: 0 } as const,
    { ...plain, tolerance, connectivity: 8, nodata: null } as const,
    { tolerance, connectivity: 8, nodata: 0, small: 'merge', leastPixels: 5 } as const,
  ]);
  for (const { seed, one, answer } of askGdal(cases)) {
    expect(answer.invalid, `seed ${seed}, ${JSON.stringify(one)}`).toEqual([]);
  }
});

if (!hasGdal) console.warn('skipped: GDAL is not installed for Python (apt: python3-gdal)');
