import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';
import { heitu } from '../../helpers/terminal.ts';

const folder = await temporaryFolder();
const NAMES = ['B', 'G', 'R', 'N'] as const;
const BANDS = ['--bands', 'B=1,G=2,R=3,N=4'];

/** Reference = offset + slope · target. */
const LINES = [
  { offset: -0.03, slope: 1.18 },
  { offset: -0.02, slope: 1.1 },
  { offset: -0.012, slope: 1.06 },
  { offset: 0.004, slope: 0.92 },
] as const;
const CELLS = 700;
const target = join(folder, 'target.tif');
const reference = join(folder, 'reference.tif');

/** Fields of four covers, 50 m and more across, as a reference of 10 m and a target of 5 m that was taken through other air. */
beforeAll(async () => {
  const covers = [
    [0.06, 0.05, 0.035, 0.018],
    [0.05, 0.06, 0.075, 0.115],
    [0.1, 0.13, 0.17, 0.28],
    [0.03, 0.06, 0.035, 0.45],
  ] as const;
  const random = seeded(5);
  const side = 2 * CELLS;
  const ground = NAMES.map(() => new Int16Array(CELLS * CELLS));
  const seen = NAMES.map(() => new Int16Array(side * side));
  const fields = Float64Array.from({ length: 141 * 141 * 5 }, () => random());
  for (let row = 0; row < CELLS; row++) {
    for (let col = 0; col < CELLS; col++) {
      const field = 5 * (Math.floor(row / 8) * 141 + Math.floor(col / 8));
      const cover = covers[Math.floor(4 * fields[field]!)]!;
      for (const [k, { offset, slope }] of LINES.entries()) {
        const value = cover[k]! * (0.7 + 0.6 * fields[field + 1 + k]!);
        ground[k]![row * CELLS + col] = Math.round(1e4 * (value + 0.002 * normal(random)));
        const top = (value - offset) / slope;
        for (let i = 0; i < 4; i++) {
          const at = (2 * row + (i >> 1)) * side + 2 * col + (i & 1);
          seen[k]![at] = Math.round(1e4 * (top + 0.003 * normal(random)));
        }
      }
    }
  }
  // A corner of the target was not imaged.
  for (const plane of seen)
    for (let row = 0; row < 50; row++) plane.fill(-32768, row * side, row * side + 50);
  const common = { nodata: -32768, compress: 'zstd', resampling: 'average' } as const;
  const write = (path: string, planes: readonly Int16Array[], width: number, pixel: number) =>
    writeCog(path, {
      ...common,
      grid: { width, height: width, transform: [500_000, pixel, 0, 4_890_000, 0, -pixel], epsg: 4551 },
      bands: planes.map((data, k) => ({ data, description: NAMES[k]!, scale: 0.0001, offset: 0 })),
      metadata: { ACQUISITION_TIME: '2024-07-28T02:32:05.000Z' },
    });
  await write(reference, ground, CELLS, 10);
  await write(target, seen, side, 5);
}, 60_000);

describe('heitu normalise', () => {
  test('finds how a finer image relates to its reference, and writes it at its own resolution', async () => {
    const out = join(folder, 'out.tif');
    const ran = await heitu(['normalise', target, reference, ...BANDS, '--out', out, '--json']);
    expect(ran.err).not.toContain('E_');
    expect(ran.code).toBe(0);
    const [result] = ran.json() as unknown as [
      {
        normalised: boolean;
        file: string;
        cells: number;
        bands: { name: string; offset: number; slope: number; rmse: number }[];
      },
    ]; // as normaliseFile returns it
    expect(result).toMatchObject({ normalised: true, refusals: [], file: out });
    expect(result.cells).toBeLessThan(CELLS * CELLS - 25 * 25);
    expect(result.cells).toBeGreaterThan(CELLS * CELLS * 0.98);
    for (const [k, { offset, slope }] of LINES.entries()) {
      const band = result.bands[k]!;
      expect(Math.abs(band.slope / slope - 1), band.name).toBeLessThan(0.02);
      expect(Math.abs(band.offset - offset), band.name).toBeLessThan(0.002);
    }
    const raster = await openRaster(out);
    const own = await openRaster(target);
    expect(raster.info).toMatchObject({
      width: 2 * CELLS,
      height: 2 * CELLS,
      dtype: 'int16',
      nodata: -32768,
    });
    expect(raster.info.metadata).toMatchObject({
      RADIOMETRY: 's2_anchored',
      REFLECTANCE: 'boa',
      REFERENCE: 'reference.tif',
      ACQUISITION_TIME: '2024-07-28T02:32:05.000Z',
    });
    const window = { col: 0, row: 30, width: 2 * CELLS, height: 40 };
    const [made, stored] = [await raster.read([1, 2, 3, 4], window), await own.read([1, 2, 3, 4], window)];
    await raster.close();
    await own.close();
    let wrong = 0;
    for (const [k, { offset, slope }] of result.bands.entries()) {
      for (let i = 0; i < made[k]!.length; i++) {
        const count = Number(stored[k]![i]);
        const value = offset + slope * 1e-4 * count;
        const expected = count === -32768 || value < -0.02 ? -32768 : 1e4 * value;
        if (Math.abs(Number(made[k]![i]) - expected) > 0.51) wrong += 1;
      }
    }
    expect(wrong).toBe(0);
  });

  test('writes nothing that is not accepted, says why, and ends with 1', async () => {
    const data = realData('04-s2-boa-indices-barbellino');
    if (data === null) return;
    const out = join(folder, 'none.tif');
    const [toa, boa] = [
      'S2A1C_20170703_022_Barbellino_TOA_10.tif',
      'S2A2A_20170703_022_Barbellino_BOA_10.tif',
    ];
    const bands = ['--bands', 'B=2,G=3,R=4,N=8'];
    const ran = await heitu(['normalise', join(data, toa), join(data, boa), ...bands, '--out', out]);
    expect(ran.code).toBe(1);
    // 24 × 42 pixels hold no 2000 invariant ones.
    expect(ran.err).toContain('E_NORMALISE_REFUSED');
    expect(ran.err).toContain('fewer than 2000 invariant cells');
    expect(existsSync(out)).toBe(false);
  });

  test('refuses images apart from each other, other bands, and bands of other files', async () => {
    const out = ['--out', join(folder, 'no.tif')];
    const far = join(folder, 'far.tif');
    await writeCog(far, {
      grid: { width: 64, height: 64, transform: [700_000, 10, 0, 4_890_000, 0, -10], epsg: 4551 },
      bands: NAMES.map((description) => ({ data: new Int16Array(64 * 64).fill(1000), description })),
      nodata: -32768,
      compress: 'deflate',
      resampling: 'average',
      metadata: {},
    });
    for (const [args, code, word] of [
      [[target, far, ...BANDS], 1, 'E_OUTSIDE_IMAGE'],
      [[target, reference, '--bands', 'B=9'], 1, 'E_BAND_MISSING'],
      [[target, reference, '--bands', 'B=1', '--reference-bands', 'G=2'], 1, 'E_BAND_MISSING'],
      [[target, reference, '--bands', 'B=other.tif'], 2, 'expected band numbers'],
      [[target], 2, 'give a target and a reference'],
    ] as const) {
      const ran = await heitu(['normalise', ...args, ...out]);
      expect(ran.err, args.join(' ')).toContain(word);
      expect(ran.code).toBe(code);
    }
  });
});
