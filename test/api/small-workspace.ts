import { mkdir } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { createApp } from '../../api/app.ts';
import type { AppParts } from '../../api/deps.ts';
import { transformBbox, transformer } from '../../pipeline/core/crs.ts';
import { bounds } from '../../pipeline/core/grid.ts';
import { QUALITY } from '../../pipeline/core/quality.ts';
import type { Scene } from '../../pipeline/core/scene.ts';
import type { AssetRow } from '../../pipeline/store/asset.ts';
import { type DeliveryInput, recordDelivery, type Verdict } from '../../pipeline/store/delivery.ts';
import { openStore, type Store } from '../../pipeline/store/open.ts';
import { importPlaces, type PlaceInput } from '../../pipeline/store/place.ts';
import { type ObservationRow, publishScene } from '../../pipeline/store/run.ts';
import { registerScene } from '../../pipeline/store/scene.ts';
import { writeCog } from '../../pipeline/write/cog.ts';
import { aScene } from '../helpers/builders.ts';

export const COLLECTION = 'jl1-demo';
export const DATE = '2024-07-14';
/** A second acquisition, over the same ground, without true colour. */
export const LATER = '2024-08-01';
export const VERSION = '9.9.9';
export const NOW = new Date('2024-09-01T00:00:00Z');
export const GRID = {
  width: 300,
  height: 200,
  transform: [516_000, 3, 0, 4_873_800, 0, -3],
  epsg: 4551,
} as const;
/** Pixels under cloud: the upper left corner. */
export const CLOUD = { width: 60, height: 40 } as const;
export const PARCELS = 12;

/** NDVI count of a pixel on DATE: every pixel another one, so that a pixel read at the wrong place shows. */
export function countAt(col: number, row: number): number {
  return isCloudy(col, row) ? -32_768 : -1000 + ((row * GRID.width + col) % 11_000);
}

function isCloudy(col: number, row: number): boolean {
  return col < CLOUD.width && row < CLOUD.height;
}

/** Longitude and latitude of a position in pixels. */
export function placeOf(col: number, row: number): [lon: number, lat: number] {
  const [x, , , y] = GRID.transform;
  return transformer(4551, 4326)(x + col * 3, y - row * 3);
}

function sceneOf(id: string, datetime: string): Scene {
  const bbox = transformBbox(bounds(GRID), 4551, 4326);
  return aScene({ id, datetime, collection: COLLECTION, grid: GRID, bbox, folder: '/srv/secret-deliveries' });
}

const FIRST = sceneOf('JL1GF02B_PMS1_20240714103205_200240714_101_0001', '2024-07-14T02:32:05.000Z');
const SECOND = sceneOf('JL1GF02B_PMS1_20240801103205_200240801_101_0001', '2024-08-01T02:32:05.000Z');
export const SCENES = [FIRST, SECOND];

/** A workspace with two scenes, twelve parcels, two stands and a region, in the embedded database. */
export async function fillWorkspace(folder: string): Promise<Store> {
  const store = await openStore({ workspace: folder, databaseUrl: null });
  await importPlaces(
    store,
    'parcel',
    Array.from({ length: PARCELS }, (_, i) => parcel(i)),
    'test',
  );
  await importPlaces(
    store,
    'stand',
    [square('stand-1', 200, 100, 30), square('stand-2', 240, 100, 30)],
    'test',
  );
  await importPlaces(store, 'region', [square('region-1', 0, 0, 200)], 'test');
  await publish(store, folder, FIRST, true);
  await publish(store, folder, SECOND, false);
  await recordDelivery(store, delivery('accepted', FIRST.id), '2024-07-15T01:00:00.000Z');
  await recordDelivery(store, delivery('quarantined', null), '2024-07-16T01:00:00.000Z');
  await recordDelivery(store, delivery('quarantined', null), '2024-07-17T01:00:00.000Z');
  return store;
}

function delivery(verdict: Verdict, sceneId: string | null): DeliveryInput {
  const wrong = {
    code: 'E_CALIBRATION_INVALID',
    severity: 'error',
    file: 'a_MSS_meta.xml',
    element: 'AbsCalibrationGain',
    what: 'AbsCalibrationGain has 3 numbers for 4 bands',
    where: null,
  } as const;
  return {
    name: 'a_MSS.tif',
    folder: '/srv/secret-deliveries',
    kind: 'jl1-pms',
    verdict,
    sceneId,
    findings: verdict === 'quarantined' ? [wrong] : [],
    files: [{ name: 'a_MSS.tif', bytes: 5_000_000_000, sha256: 'c'.repeat(64) }],
  };
}

function parcel(i: number): PlaceInput {
  const crop = ['maize', 'rice', 'soybean'][i % 3]!;
  return {
    ...square(`p-${String(i + 1).padStart(2, '0')}`, 70 + 20 * (i % 6), 50 + 30 * Math.floor(i / 6), 18),
    properties: { farmer: '张*', soil: 'black', id: 'not ours', areaMu: 'not ours' },
    season: { year: 2024, crop, sowingDate: '2024-05-01', variety: null },
  };
}

function square(id: string, col: number, row: number, edge: number): PlaceInput {
  const ring = [
    placeOf(col, row),
    placeOf(col, row + edge),
    placeOf(col + edge, row + edge),
    placeOf(col + edge, row),
    placeOf(col, row),
  ];
  return {
    id,
    code: `2201${id}`,
    name: `农户 ${id}`,
    geometry: { type: 'MultiPolygon', coordinates: [[ring]] },
    areaM2: (edge * 3) ** 2,
    regionCode: '220122',
    properties: { soil: 'black' },
  };
}

async function publish(store: Store, folder: string, scene: Scene, hasColour: boolean): Promise<void> {
  await registerScene(store, scene, `fingerprint of ${scene.id}`);
  const bands = ['NDVI', 'QUALITY', ...(hasColour ? ['TRUE_COLOR'] : [])];
  const assets: AssetRow[] = [];
  for (const product of bands) assets.push(await writeProduct(folder, scene, product));
  await publishScene(store, {
    run: {
      id: `run-${scene.id}`,
      sceneId: scene.id,
      startedAt: '2024-08-20T00:00:00.000Z',
      finishedAt: '2024-08-20T00:01:00.000Z',
      version: VERSION,
      backend: 'cpu',
      parameters: {},
    },
    clearFraction: 0.96,
    assets,
    observations: Array.from({ length: PARCELS }, (_, i) => observation(scene, i)),
  });
}

function observation(scene: Scene, i: number): ObservationRow {
  const isClear = i > 0;
  return {
    placeId: `p-${String(i + 1).padStart(2, '0')}`,
    product: 'NDVI',
    datetime: scene.datetime,
    statistic: 'mean',
    status: isClear ? 'ok' : 'insufficient',
    value: isClear ? 0.5 + i / 100 : null,
    low: null,
    high: null,
    pixelCount: isClear ? 324 : 100,
    clearFraction: isClear ? 1 : 0.31,
  };
}

async function writeProduct(folder: string, scene: Scene, product: string): Promise<AssetRow> {
  const path = join('cogs', scene.id, `${product}.tif`);
  await mkdir(join(folder, 'cogs', scene.id), { recursive: true });
  const { bytes, sha256 } = await writeCog(join(folder, path), {
    grid: GRID,
    compress: 'deflate',
    metadata: {},
    ...raster(product, scene === FIRST ? 0 : 1),
  });
  return { sceneId: scene.id, product, path, sha256, bytes, epsg: 4551, bbox: scene.bbox };
}

/** `raised` is added to every count of the second scene, so that the two are told apart. */
function raster(
  product: string,
  raised: number,
): Pick<Parameters<typeof writeCog>[1], 'bands' | 'nodata' | 'resampling'> {
  const n = GRID.width * GRID.height;
  const each = <T extends Int16Array | Uint16Array | Uint8Array>(
    array: T,
    of: (col: number, row: number) => number,
  ): T => {
    for (let i = 0; i < n; i++) array[i] = of(i % GRID.width, Math.floor(i / GRID.width));
    return array;
  };
  if (product === 'QUALITY') {
    const data = each(new Uint16Array(n), (col, row) =>
      isCloudy(col, row) ? QUALITY.CLOUD.bit : col >= 290 ? QUALITY.WATER.bit : 0,
    );
    return { bands: [{ data, description: 'quality flags' }], nodata: null, resampling: 'mode' };
  }
  if (product === 'TRUE_COLOR') {
    const bands = [200, 100, 50].map((level, i) => ({
      data: each(new Uint8Array(n), (col, row) => (isCloudy(col, row) ? 0 : level + (col % 5))),
      description: ['red', 'green', 'blue'][i]!,
    }));
    return { bands, nodata: 0, resampling: 'average' };
  }
  const data = each(new Int16Array(n), (col, row) =>
    isCloudy(col, row) ? -32_768 : countAt(col, row) + raised,
  );
  return {
    bands: [{ data, description: product, unit: '1', scale: 0.0001, offset: 0 }],
    nodata: -32_768,
    resampling: 'average',
  };
}

/** The parts of an application over a store; the log is silent. */
export function appParts(store: Store, workspace: string, over: Partial<AppParts> = {}): AppParts {
  return {
    store,
    workspace,
    version: VERSION,
    now: () => NOW,
    log: pino({ level: 'silent' }),
    webRoot: join(workspace, 'no-web'),
    basemap: null,
    ...over,
  };
}

/** An application listening on a free port of this machine. */
export async function listen(
  parts: AppParts,
): Promise<{ url: string; server: Server; close: () => Promise<void> }> {
  const server = createServer(createApp(parts));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never a pipe's name.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    server,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
