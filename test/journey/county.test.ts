import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { QUALITY } from '../../pipeline/core/quality.ts';
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
