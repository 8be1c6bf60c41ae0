import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeRasters } from '../../pipeline/read/raster-cache.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { appParts, COLLECTION, DATE, fillWorkspace, listen, placeOf, SCENES } from './small-workspace.ts';

const folder = await temporaryFolder();
const path = join(folder, 'cogs', SCENES[0]!.id, 'NDVI.tif');
const [lon, lat] = placeOf(150, 100);
let service: Awaited<ReturnType<typeof listen>>;
let store: Awaited<ReturnType<typeof fillWorkspace>>;
let whole: Buffer;

beforeAll(async () => {
  store = await fillWorkspace(folder);
  service = await listen(appParts(store, folder));
  whole = await readFile(path);
}, 120_000);

afterAll(async () => {
  await service.close();
  await closeRasters();
  await store.close();
});

function ask(what: 'pixel' | 'tile'): Promise<Response> {
  const sheet = `${COLLECTION}/NDVI/${DATE}`;
  const query = `lon=${lon}&lat=${lat}&product=NDVI&date=${DATE}&collection=${COLLECTION}`;
  const n = 2 ** 14;
  const x = Math.floor(((lon + 180) / 360) * n);
  const turned = Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  const y = Math.floor(((1 - turned / Math.PI) / 2) * n);
  const address = what === 'pixel' ? `/v1/pixel?${query}` : `/v1/maps/${sheet}/14/${x}/${y}.png`;
  return fetch(`${service.url}${address}`);
}

describe('a published file that is no longer what it was', () => {
  it('is served while it is whole', async () => {
    for (const what of ['pixel', 'tile'] as const) expect((await ask(what)).status).toBe(200);
  });

  // One bit anywhere: in the header, the tags, the positions of blocks, the pixels.
  it('gives a problem and not one pixel when a bit of it changed, wherever that is', async () => {
    for (const share of [0.0001, 0.002, 0.01, 0.3, 0.6, 0.9999]) {
      const bytes = Buffer.from(whole);
      const at = Math.floor(share * bytes.length);
      bytes[at] = bytes[at]! ^ 4;
      await writeFile(path, bytes);
      const answer = await ask('pixel');
      expect(answer.status, `byte ${at}`).toBe(503);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const problem = await answer.json();
      expect(problem).toMatchObject({ code: 'E_FILE_CHANGED' });
      expect(JSON.stringify(problem)).not.toContain(folder);
    }
  });

  it('gives the same for a tile that was not drawn before, and again when it is asked again', async () => {
    await service.close();
    service = await listen(appParts(store, folder));
    for (let i = 0; i < 2; i++) expect((await ask('tile')).status).toBe(503);
  });

  it('gives a problem when it is cut off, or gone', async () => {
    await writeFile(path, whole);
    await truncate(path, whole.length - 100);
    expect(await (await ask('pixel')).json()).toMatchObject({ code: 'E_FILE_CHANGED' });
    await rm(path);
    expect((await ask('pixel')).status).toBe(500);
  });

  it('is served again when it is back', async () => {
    await writeFile(path, whole);
    expect((await ask('pixel')).status).toBe(200);
    expect((await ask('tile')).status).toBe(200);
  });
});
