import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeCog } from '../../../pipeline/write/cog.ts';
import type { CogArray } from '../../../pipeline/write/pyramid.ts';
import { bandStatistics, tally, tallyByLoop } from '../../../pipeline/write/statistics.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { gdal, gdalinfo, needGdal } from './gdal.ts';

const folder = await temporaryFolder();

function parts(data: Int16Array, size: number): Int16Array[] {
  return Array.from({ length: Math.ceil(data.length / size) }, (_, i) =>
    data.subarray(i * size, (i + 1) * size),
  );
}

describe('statistics of a band', () => {
  const data = Int16Array.from({ length: 10_000 }, (_, i) =>
    i % 9 === 0 ? -32768 : ((i * 7919) % 65_535) - 32_767,
  );

  test('are those of the values that are not nodata', () => {
    const few = [tally(new Int16Array([2, -32768, 4]), -32768), tally(new Int16Array([9]), -32768)];
    expect(bandStatistics(few, 4, false)).toEqual({
      STATISTICS_MINIMUM: '2',
      STATISTICS_MAXIMUM: '9',
      STATISTICS_MEAN: '5',
      // √((4 + 16 + 81) / 3 − 25)
      STATISTICS_STDDEV: '2.9439202887759',
      STATISTICS_VALID_PERCENT: '75',
    });
  });

  test('do not depend on how the pixels are cut up, nor on the order of the parts', () => {
    const whole = bandStatistics([tally(data, -32768)], data.length, false);
    for (const size of [1, 17, 512, 4096]) {
      const tallies = parts(data, size).map((part) => tally(part, -32768));
      expect(bandStatistics(tallies, data.length, false)).toEqual(whole);
      expect(bandStatistics(tallies.toReversed(), data.length, false)).toEqual(whole);
    }
  });

  test('are the same by SIMD and by a plain loop, ends of the range and blocks of nodata included', () => {
    const extreme = Int16Array.from({ length: 512 * 512 }, (_, i) => (i % 2 === 0 ? 32_767 : -32_767));
    const cases = [data, data.subarray(0, 1), data.subarray(0, 13), extreme, extreme.map(() => 32_767)];
    for (const one of cases) {
      const found = tally(one, -32768);
      const expected = tallyByLoop(one, -32768);
      expect(found).toEqual(expected.count === 0 ? { ...found, count: 0, sum: 0, squares: 0 } : expected);
    }
  });

  test('are exact for squares that no float64 could add up', () => {
    const one = { count: 2 ** 40, min: 30_000, max: 30_001, sum: 0, squares: 0 };
    const tallies = [
      { ...one, sum: 30_000 * 2 ** 40, squares: 30_000 ** 2 * 2 ** 40 },
      { ...one, sum: 30_001 * 2 ** 40, squares: 30_001 ** 2 * 2 ** 40 },
    ];
    expect(bandStatistics(tallies, 2 ** 41, false)?.STATISTICS_STDDEV).toBe('0.5');
  });

  test('are left out where there is no value', () => {
    expect(bandStatistics([tally(new Float32Array([Number.NaN]), null)], 1, true)).toBeNull();
    expect(bandStatistics([], 1, false)).toBeNull();
  });

  for (const [name, pixels, nodata] of [
    [
      'int16',
      Int16Array.from({ length: 700 * 600 }, (_, i) => (i % 5 === 0 ? -32768 : (i * 31) % 9001)),
      -32768,
    ],
    [
      'float32',
      Float32Array.from({ length: 700 * 600 }, (_, i) => (i % 7 === 0 ? Number.NaN : Math.sin(i))),
      Number.NaN,
    ],
  ] satisfies [string, CogArray, number | null][]) {
    test(`of ${name} are what GDAL finds`, async (context) => {
      needGdal(context);
      const grid = { width: 700, height: 600, transform: [0, 1, 0, 0, 0, -1], epsg: 4551 } as const;
      const bands = [{ data: pixels, description: 'x' }];
      const path = join(folder, 'ours.tif');
      await writeCog(path, { grid, bands, nodata, compress: 'deflate', resampling: 'average', metadata: {} });
      const ours = gdalinfo(path).bands[0]!.metadata?.[''] ?? {};
      // Without what GDAL writes beside raw numbers there are no statistics that it could take over.
      const bare = join(folder, 'bare.bil');
      gdal('gdal_translate', '-of', 'ENVI', path, bare);
      await rm(`${bare}.aux.xml`);
      const theirs = gdalinfo(bare, '-stats').bands[0]!.metadata?.[''] ?? {};
      for (const item of ['MINIMUM', 'MAXIMUM', 'MEAN', 'STDDEV', 'VALID_PERCENT'].map(
        (end) => `STATISTICS_${end}`,
      )) {
        expect(Number(ours[item]), item).toBeCloseTo(Number(theirs[item]), 9);
      }
    });
  }
});
