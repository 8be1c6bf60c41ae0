import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { isClear, QUALITY } from '../../pipeline/core/quality.ts';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { assetsOn } from '../../pipeline/store/asset.ts';
import { seriesOf } from '../../pipeline/store/observation.ts';
import { openStore } from '../../pipeline/store/open.ts';
import { workspaceSummary } from '../../pipeline/store/summary.ts';
import type { DemoTruth } from '../helpers/demo-server.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { heitu, type Ran } from '../helpers/terminal.ts';

const SIZE = 512;
const folder = await temporaryFolder();
const workspace = join(folder, 'workspace');
let ran: Ran;
let truth: DemoTruth;

beforeAll(async () => {
  ran = await heitu(['demo', '--once', '--size', String(SIZE), '--workspace', workspace, '--json']);
  truth = JSON.parse(await readFile(join(workspace, 'inbox', 'county', 'truth.json'), 'utf8')) as DemoTruth;
}, 300_000);

describe('the simulated county, from delivery to observation', () => {
  it('runs whole and says what it made', () => {
    expect(ran.err).not.toMatch(/E_[A-Z]/);
    expect(ran.code).toBe(0);
    const [summary] = ran.json();
    expect(summary).toMatchObject({
      scenes: truth.dates.length,
      parcels: truth.parcels.length,
      simulated: true,
    });
    expect(summary!.observations).toBeGreaterThan(truth.parcels.length * truth.dates.length);
  });

  it('recovers the NDVI of every parcel on clear dates within 0.02', async () => {
    const store = await openStore({ workspace, databaseUrl: null });
    try {
      const errors: number[] = [];
      for (const parcel of truth.parcels) {
        const series = await seriesOf(store, { placeId: parcel.code, product: 'NDVI', statistic: 'mean' });
        for (const [i, scene] of truth.scenes.entries()) {
          if ([parcel.cloud, parcel.shadow, parcel.rim, parcel.nodata].some((share) => share[i] !== 0))
            continue;
          const point = series.find((one) => Date.parse(one.datetime) === Date.parse(scene.datetime));
          if (point === undefined) throw new Error(`${parcel.code} has no observation on ${scene.date}`);
          if (point.status === 'ok') errors.push(Math.abs(point.value! - parcel.ndvi[i]!));
        }
      }
      errors.sort((a, b) => a - b);
      const worst = errors.at(-1)!;
      console.log(
        `parcel NDVI against truth: ${errors.length} clear observations, median error ${errors[Math.floor(errors.length / 2)]!.toFixed(4)}, worst ${worst.toFixed(4)}`,
      );
      expect(errors.length).toBeGreaterThan(truth.parcels.length * 4);
      expect(worst).toBeLessThan(0.02);
    } finally {
      await store.close();
    }
  });

  it('finds the share of cloud of every scene within 5 points', async () => {
    const store = await openStore({ workspace, databaseUrl: null });
    try {
      const rows: string[] = [];
      for (const scene of truth.scenes) {
        const [asset] = await assetsOn(store, {
          collection: 'jl1-demo',
          product: 'QUALITY',
          date: scene.date,
        });
        const raster = await openRaster(join(workspace, asset!.path));
        const [quality] = await raster.read([1], {
          col: 0,
          row: 0,
          width: raster.info.width,
          height: raster.info.height,
        });
        await raster.close();
        const flags = quality as Uint16Array;
        const seen = flags.reduce((sum, flag) => sum + ((flag & QUALITY.NODATA.bit) === 0 ? 1 : 0), 0);
        const cloud = flags.reduce((sum, flag) => sum + ((flag & QUALITY.CLOUD.bit) === 0 ? 0 : 1), 0) / seen;
        rows.push(
          `${scene.date} truth ${(100 * scene.cloud).toFixed(1)} % found ${(100 * cloud).toFixed(1)} %`,
        );
        expect(Math.abs(cloud - scene.cloud), rows.at(-1)!).toBeLessThan(0.05);
      }
      console.log(`cloud share:\n${rows.join('\n')}`);
    } finally {
      await store.close();
    }
  });

  it('masks cloud and its shadow on every date, and little else', async () => {
    const sums = { cloud: 0, cloudFound: 0, shadow: 0, shadowMasked: 0, clear: 0, clearMasked: 0 };
    const rows: string[] = [];
    const names = await readdir(join(workspace, 'inbox', 'county', 'truth'));
    for (const name of names.filter((one) => one.endsWith('_mask.tif')).sort()) {
      const classes = await planeOf(join(workspace, 'inbox', 'county', 'truth', name));
      const scene = name.replace(/_\d{3}_L1_mask\.tif$/, '');
      const flags = await planeOf(await assetFile(scene, 'QUALITY'));
      const before = { ...sums };
      for (let i = 0; i < classes.length; i++) {
        const isMasked = !isClear(flags[i]!);
        if (classes[i] === 1) {
          sums.cloud += 1;
          sums.cloudFound += (flags[i]! & QUALITY.CLOUD.bit) === 0 ? 0 : 1;
        } else if (classes[i] === 2) {
          sums.shadow += 1;
          sums.shadowMasked += Number(isMasked);
        } else if (classes[i] === 0) {
          sums.clear += 1;
          sums.clearMasked += Number(isMasked);
        }
      }
      const share = (found: keyof typeof sums, all: keyof typeof sums) =>
        sums[all] === before[all]
          ? '– (none)'
          : `${((100 * (sums[found] - before[found])) / (sums[all] - before[all])).toFixed(1)} %`;
      rows.push(
        `${scene.slice(14, 22)} cloud found ${share('cloudFound', 'cloud')}, shadow masked ${share('shadowMasked', 'shadow')}, clear lost ${share('clearMasked', 'clear')}`,
      );
    }
    console.log(rows.join('\n'));
    expect(sums.cloudFound / sums.cloud).toBeGreaterThan(0.95);
    expect(sums.shadowMasked / sums.shadow).toBeGreaterThan(0.85);
    expect(sums.clearMasked / sums.clear).toBeLessThan(0.12);
  });

  it('publishes the reflectance that its indices were made of', async () => {
    const scene = (await readdir(join(workspace, 'cogs', 'jl1-demo'))).sort().at(-1)!;
    const raster = await openRaster(await assetFile(scene, 'REFLECTANCE'));
    const names = raster.info.bands.map((band) => band.description);
    expect(names).toEqual(['B', 'G', 'R', 'N']);
    expect(raster.info.bands.map((band) => band.scale)).toEqual([1e-4, 1e-4, 1e-4, 1e-4]);
    const window = { col: 0, row: 0, width: SIZE, height: SIZE };
    const [, , red, nir] = (await raster.read([1, 2, 3, 4], window)).map((plane) =>
      Float64Array.from(plane as Int16Array),
    );
    await raster.close();
    const ndvi = await planeOf(await assetFile(scene, 'NDVI'));
    let seen = 0;
    let worst = 0;
    for (let i = 0; i < ndvi.length; i++) {
      if (ndvi[i] === -32768) continue;
      seen += 1;
      const sum = nir![i]! + red![i]!;
      // Half a count of each band, as it moves the quotient, and half a count of the index.
      const bound = 10_000 / sum + 0.5;
      worst = Math.max(worst, Math.abs((10_000 * (nir![i]! - red![i]!)) / sum - ndvi[i]!) / bound);
    }
    expect(seen).toBeGreaterThan(0.8 * SIZE * SIZE);
    expect(worst).toBeLessThanOrEqual(1.001);
  });

  it('does nothing the second time and says so', async () => {
    const store = await openStore({ workspace, databaseUrl: null });
    const before = await workspaceSummary(store);
    await store.close();
    const again = await heitu([
      'ingest',
      join(workspace, 'inbox', 'county', 'deliveries'),
      '--workspace',
      workspace,
      '--json',
    ]);
    expect(again.code).toBe(0);
    expect(new Set(again.json().map((row) => row.verdict))).toEqual(new Set(['duplicate']));
    const process = await heitu(['process', '--workspace', workspace]);
    expect(process.err).toContain('nothing to process');
    const reopened = await openStore({ workspace, databaseUrl: null });
    expect(await workspaceSummary(reopened)).toEqual(before);
    await reopened.close();
  });
});

/** The newest file of a scene's product. */
async function assetFile(scene: string, product: string): Promise<string> {
  const home = join(workspace, 'cogs', 'jl1-demo', scene);
  const name = (await readdir(home)).find((one) => one.startsWith(`${product}-`));
  if (name === undefined) throw new Error(`${scene} has no ${product}`);
  return join(home, name);
}

/** The first band of a file. */
async function planeOf(file: string): Promise<Float64Array> {
  const raster = await openRaster(file);
  const { width, height } = raster.info;
  const [plane] = await raster.read([1], { col: 0, row: 0, width, height });
  await raster.close();
  return Float64Array.from(plane as Int16Array);
}
