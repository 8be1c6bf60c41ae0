import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import { makeSurface } from '../../../fixtures/make/image/surface.ts';
import { burn } from '../../../fixtures/make/landscape/burn.ts';
import { makeLandscape } from '../../../fixtures/make/landscape/landscape.ts';
import { planOf } from '../../../fixtures/make/options.ts';
import { makeEvents } from '../../../fixtures/make/season/events.ts';
import { makeSeason } from '../../../fixtures/make/season/season.ts';
import { applyCalibration } from '../../../pipeline/calibrate/calibration.ts';
import { computeIndex, quantise } from '../../../pipeline/indices/compute.ts';
import { INDICES } from '../../../pipeline/indices/table.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { openScene } from '../../../pipeline/ingest/tile.ts';
import { type CalibrationName, calibrateImage } from '../../../pipeline/jobs/calibrate.ts';
import { openBackend } from '../../../pipeline/kernels/backend.ts';
import { flagImplausible } from '../../../pipeline/mask/validity.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';

const SIZE = 320;
const WHOLE = { col: 0, row: 0, width: SIZE, height: SIZE };
const NAMES = ['B', 'G', 'R', 'N'] as const;
const base = await temporaryFolder();
const AEROSOLS = [0.1, 0.3, 0.5] as const;
const county = (aot550: number) => join(base, `aot-${aot550}`);

/** Passes of the county by their place among the fourteen: sun zenith 31°, 39° and 47°. */
const JULY_28 = 8;
const AUGUST_29 = 11;
const SEPTEMBER_25 = 13;

beforeAll(async () => {
  for (const aot550 of AEROSOLS) {
    const atmosphere = { aot550, isStated: false };
    await makeCounty(county(aot550), { width: SIZE, height: SIZE, atmosphere });
  }
}, 120_000);

async function imageOf(aot550: number, pass: number): Promise<{ image: string; name: string }> {
  const folder = join(county(aot550), 'deliveries');
  const name = (await readdir(folder)).sort()[pass]!;
  return { image: join(folder, name, `${name}_MSS.tif`), name };
}

async function planeOf(path: string, number = 1): Promise<ArrayLike<number>> {
  const raster = await openRaster(path);
  const [plane] = await raster.read([number], WHOLE);
  await raster.close();
  return plane as Uint8Array | Int16Array; // masks of 8 bits and index counts
}

const grounds = new Map<number, Float64Array>();

/** Reflectance of the ground as it was drawn: B, G, R, N of each pixel, before air, noise and rounding. */
function groundOn(pass: number): Float64Array {
  const known = grounds.get(pass);
  if (known !== undefined) return known;
  const plan = planOf({ width: SIZE, height: SIZE });
  const { seed, year, resolution } = plan;
  const landscape = makeLandscape(seed, SIZE * resolution, SIZE * resolution);
  const season = makeSeason(seed, year, landscape);
  const events = makeEvents(seed, landscape, season);
  const ground = burn(landscape, SIZE, SIZE, resolution);
  const fill = makeSurface(seed, landscape, ground, resolution, season, events).on(
    plan.acquisitions[pass]!.doy,
  );
  const all = new Float64Array(4 * SIZE * SIZE);
  const line = new Float64Array(4 * SIZE);
  for (let row = 0; row < SIZE; row++) {
    fill(row, line, new Float64Array(SIZE));
    all.set(line, row * 4 * SIZE);
  }
  grounds.set(pass, all);
  return all;
}

/** Root mean square error of corrected reflectance over clear pixels, by band. */
async function errorsOf(aot550: number, pass: number, given: number | undefined) {
  const { image, name } = await imageOf(aot550, pass);
  const { scene, calibration, aerosol } = await calibrateImage(image, 'boa', given);
  const source = await openScene(scene);
  const raw = await source.read(WHOLE);
  await source.close();
  const { bands } = applyCalibration(raw, calibration);
  const mask = await planeOf(join(county(aot550), 'truth', `${name}_mask.tif`));
  const truth = groundOn(pass);
  const rmse = NAMES.map((band, k) => {
    let [sum, count] = [0, 0];
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] !== 0 || raw.quality[i] !== 0) continue;
      sum += (bands[band]![i]! - truth[4 * i + k]!) ** 2;
      count += 1;
    }
    return Math.sqrt(sum / count);
  });
  const figures = NAMES.map((band, k) => `${band} ${rmse[k]!.toFixed(4)}`).join(' ');
  const sun = (90 - scene.sunElevation!).toFixed(0);
  console.log(
    `AOT ${aot550} (${aerosol!.source}, used ${aerosol!.aot550.toFixed(3)}), sun zenith ${sun}°: RMSE ${figures}`,
  );
  return { rmse, aerosol: aerosol! };
}

describe('a county seen through air', () => {
  test.each(
    AEROSOLS.flatMap((aot) => [JULY_28, AUGUST_29, SEPTEMBER_25].map((pass) => [aot, pass] as const)),
  )('of AOT %d, given, on pass %i: reflectance is right to 0.01 in every band', async (aot, pass) => {
    const { rmse, aerosol } = await errorsOf(aot, pass, aot);
    expect(aerosol).toEqual({ aot550: aot, source: 'stated' });
    for (const one of rmse) expect(one).toBeLessThanOrEqual(0.01);
  });

  test.each(AEROSOLS.flatMap((aot) => [JULY_28, AUGUST_29].map((pass) => [aot, pass] as const)))(
    'of AOT %d, hidden, on pass %i: it is found in the vegetation, and reflectance is right to 0.02',
    async (aot, pass) => {
      const { rmse, aerosol } = await errorsOf(aot, pass, undefined);
      expect(aerosol.source).toBe('estimated');
      expect(Math.abs(aerosol.aot550 - aot)).toBeLessThan(0.15);
      for (const one of rmse) expect(one).toBeLessThanOrEqual(0.02);
    },
  );

  test('without dense vegetation in late September the usual aerosol is taken, and the person is told', async () => {
    const { image } = await imageOf(0.3, SEPTEMBER_25);
    const out = join(base, 'september');
    const ran = await heitu(['index', image, '--calibrate', 'boa', '--out', out]);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('the usual AOT 0.25 (± 0.15) is used');
  });
});

/** NDVI counts by the stages one after the other. */
async function stagedCounts(
  image: string,
  name: CalibrationName,
  aot: number | undefined,
): Promise<Int16Array> {
  const { scene, calibration } = await calibrateImage(image, name, aot);
  const source = await openScene(scene, INDICES.NDVI.bands);
  const raw = await source.read(WHOLE);
  await source.close();
  const tile = flagImplausible(applyCalibration(raw, calibration));
  const { R, N } = tile.bands;
  const values = await computeIndex('NDVI', { ...tile, bands: { R: R!, N: N! } }, await openBackend('cpu'));
  return quantise(values, INDICES.NDVI.scale);
}

describe('an index of a delivery, calibrated on the way', () => {
  test.each([
    ['toa', undefined],
    ['boa', 0.3],
    ['boa', undefined],
    ['dos1', undefined],
  ] as const)('has with %s and AOT %s the counts of the stages, pixel for pixel', async (name, aot) => {
    const { image } = await imageOf(0.3, 3); // with a cut swath, so that there is fill
    const out = join(base, `${name}-${aot}`);
    const stated = aot === undefined ? [] : ['--aot', String(aot)];
    const ran = await heitu(['index', image, '--calibrate', name, ...stated, '--name', 'x', '--out', out]);
    expect(ran.err).not.toContain('E_');
    expect(ran.code).toBe(0);
    const found = await planeOf(join(out, 'x_NDVI.tif'));
    const expected = await stagedCounts(image, name, aot);
    let apart = 0;
    let valid = 0;
    for (let i = 0; i < expected.length; i++) {
      if (found[i] !== expected[i]) apart += 1;
      if (expected[i] !== -32768) valid += 1;
    }
    expect(apart).toBe(0);
    expect(valid).toBeGreaterThan(SIZE * SIZE * 0.7);
    expect(valid).toBeLessThan(SIZE * SIZE);
  });

  test('says in the file what was done to it', async () => {
    const { image } = await imageOf(0.3, JULY_28);
    const out = join(base, 'said');
    await heitu(['index', image, '--calibrate', 'boa', '--aot', '0.3', '--name', 'x', '--out', out]);
    const raster = await openRaster(join(out, 'x_NDVI.tif'));
    const { metadata } = raster.info;
    await raster.close();
    expect(metadata).toMatchObject({
      RADIOMETRY: 'absolute',
      REFLECTANCE: 'boa',
      AOT550: '0.300',
      AOT550_SOURCE: 'stated',
      SIMULATED: 'true',
    });
  });

  test('refuses what the delivery says already, an aerosol without a correction, and imagery without a delivery', async () => {
    const { image, name } = await imageOf(0.3, JULY_28);
    const out = ['--out', join(base, 'refused')];
    for (const [args, code, word] of [
      [[image, '--calibrate', 'boa', '--bands', 'N=4,R=3'], 2, '--bands is what the delivery says'],
      [[image, '--calibrate', 'boa', '--scale', '0.1'], 2, '--scale is what the delivery says'],
      [[image, '--calibrate', 'toa', '--aot', '0.3'], 2, '--aot is for --calibrate boa'],
      [[image, '--calibrate', 'sr'], 2, 'expected toa, boa, dos1'],
      [[join(county(0.3), 'truth', `${name}_mask.tif`), '--calibrate', 'toa'], 1, 'E_'],
    ] as const) {
      const ran = await heitu(['index', ...args, ...out]);
      expect(ran.code, args.join(' ')).toBe(code);
      expect(ran.err).toContain(word);
    }
  });
});
