import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { verifyFiles } from '../../../pipeline/jobs/verify-files.ts';
import type { AssetRow } from '../../../pipeline/store/asset.ts';
import { openStore } from '../../../pipeline/store/open.ts';
import { publishScene } from '../../../pipeline/store/run.ts';
import { registerScene, retireScene } from '../../../pipeline/store/scene.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';
import { sceneAt } from '../store/rows.ts';

const folder = await temporaryFolder();
const deliveries = join(folder, 'deliveries');
const workspace = join(folder, 'workspace');
const PRODUCTS = ['NDVI', 'EVI2', 'GNDVI', 'NDWI', 'QUALITY'];
const SCENES = 30;
/** Published files in a fixed order, 150 of them. */
const paths: string[] = [];

async function open() {
  return await openStore({ workspace, databaseUrl: null });
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

beforeAll(async () => {
  await mkdir(deliveries, { recursive: true });
  const store = await open();
  try {
    for (let i = 0; i < SCENES; i++) {
      const id = `scene-${String(i).padStart(2, '0')}`;
      const meta = Buffer.from(`<meta>${id}</meta>`);
      await writeFile(join(deliveries, `${id}.xml`), meta);
      const files = [{ name: `${id}.xml`, bytes: meta.length, sha256: sha256(meta) }];
      const scene = sceneAt(id, `2024-07-${String(i + 1).padStart(2, '0')}T02:00:00.000Z`, {
        folder: deliveries,
        files,
      });
      await registerScene(store, scene, id);
      const assets: AssetRow[] = [];
      for (const product of PRODUCTS) {
        const path = join('cogs', id, `${product}.tif`);
        await mkdir(join(workspace, 'cogs', id), { recursive: true });
        const data = Int16Array.from({ length: 10_000 }, (_, at) => at * (i + 1) + product.length);
        const written = await writeCog(join(workspace, path), {
          grid: scene.grid,
          bands: [{ data, description: product }],
          ...{ nodata: -32_768, compress: 'deflate', resampling: 'average', metadata: {} },
        });
        assets.push({ sceneId: id, product, path, ...written, epsg: 4326, bbox: scene.bbox });
        paths.push(join(workspace, path));
      }
      const run = { id: `run-${id}`, sceneId: id, version: 'test', backend: 'cpu', parameters: {} };
      await publishScene(store, {
        run: { ...run, startedAt: '2024-08-01T00:00:00.000Z', finishedAt: '2024-08-01T00:01:00.000Z' },
        clearFraction: 1,
        assets,
        observations: [],
      });
    }
  } finally {
    await store.close();
  }
}, 120_000);

describe('heitu verify --files', () => {
  it('says that all files are as they were recorded, and ends with 0', async () => {
    const ran = await heitu(['verify', '--files', '--workspace', workspace, '--json']);
    expect(ran.code).toBe(0);
    expect(ran.json()).toMatchObject([{ ok: true, files: 180, bad: [] }]);
  });

  // SAFETY.md T10: 1 byte changed in each of 100 stored COGs, 10 deleted, 10 cut off; 60 files are left as they were.
  it('finds 120 of 120 damaged files and no other, and ends with 1', async () => {
    const random = seeded(10);
    for (const path of paths.slice(0, 100)) {
      const bytes = await readFile(path);
      const at = Math.floor(random() * bytes.length);
      bytes[at] = bytes[at]! ^ (1 << Math.floor(random() * 8));
      await writeFile(path, bytes);
    }
    for (const path of paths.slice(100, 110)) await rm(path);
    for (const path of paths.slice(110, 120)) await truncate(path, 1 + Math.floor(random() * 1000));

    const ran = await heitu(['verify', '--files', '--workspace', workspace, '--json']);
    expect(ran.code).toBe(1);
    const [report] = ran.json() as unknown as [
      { ok: boolean; bad: { path: string; what: string; error: { code: string } }[] },
    ];
    expect(report.ok).toBe(false);
    expect(report.bad.map((one) => one.path)).toEqual(paths.slice(0, 120).sort());
    const codes = report.bad.map((one) => one.error.code);
    expect(codes.filter((code) => code === 'E_FILE_MISSING')).toHaveLength(10);
    expect(codes.filter((code) => code === 'E_FILE_CHANGED')).toHaveLength(110);
    const lines = ran.err.split('\n').filter((line) => line.startsWith('E_'));
    expect(lines).toHaveLength(120);
    expect(lines[0]).toMatch(/^E_FILE_CHANGED: .*NDVI\.tif|^E_FILE_CHANGED: .*EVI2\.tif/);
  });

  it('finds a delivered file that changed after it was registered', async () => {
    await writeFile(join(deliveries, 'scene-29.xml'), '<meta>scene-92</meta>');
    const store = await open();
    try {
      const { bad } = await verifyFiles(store, workspace);
      expect(bad.filter(({ what }) => what === 'delivery')).toMatchObject([
        { scene: 'scene-29', error: { code: 'E_FILE_CHANGED' } },
      ]);
    } finally {
      await store.close();
    }
  });

  it('does not ask for the files of a retired scene', async () => {
    const store = await open();
    try {
      await retireScene(store, 'scene-00', 'test');
      const { files, bad } = await verifyFiles(store, workspace);
      expect(files).toBe(174);
      expect(bad.some(({ scene }) => scene === 'scene-00')).toBe(false);
    } finally {
      await store.close();
    }
  });

  it('takes no raster', async () => {
    const ran = await heitu(['verify', '--files', 'x.tif', '--workspace', workspace]);
    expect(ran.code).toBe(2);
  });
});
