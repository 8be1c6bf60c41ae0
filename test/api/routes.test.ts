import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problem } from '../../api/contract/common.ts';
import type { JsonRoute } from '../../api/route.ts';
import { ROUTES } from '../../api/routes/table.ts';
import { beijingDate } from '../../pipeline/core/time.ts';
import type { Store } from '../../pipeline/store/open.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import {
  appParts,
  COLLECTION,
  countAt,
  DATE,
  fillWorkspace,
  LATER,
  listen,
  PARCELS,
  placeOf,
  SCENES,
  VERSION,
} from './small-workspace.ts';

const folder = await temporaryFolder();
let store: Store;
let api: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  store = await fillWorkspace(folder);
  api = await listen(appParts(store, folder));
});

afterAll(async () => {
  await api?.close();
  await store?.close();
});

/** The answer of an address, checked against the schema its own route states. */
async function ask(path: string, template = path.split('?')[0]!) {
  const response = await fetch(`${api.url}${path}`, { headers: { accept: 'application/json' } });
  const body = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  const route = ROUTES.find((one): one is JsonRoute => one.kind === 'json' && one.path === template);
  expect(route, `no JSON route ${template}`).toBeDefined();
  expect(response.headers.get('content-type')).toContain(route!.type.split(';')[0]);
  const parsed = route!.schema.safeParse(body);
  expect(parsed.error?.issues, JSON.stringify(body).slice(0, 2000)).toBeUndefined();
  return body;
}

async function refused(path: string, init: RequestInit = {}) {
  const response = await fetch(`${api.url}${path}`, init);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const body = problem.parse(await response.json());
  expect(body.status).toBe(response.status);
  return body;
}

describe('the front door', () => {
  it('links to everything a client of OGC API Features looks for', async () => {
    const { links } = await ask('/');
    const rel = Object.fromEntries(links.map((link: { rel: string }) => [link.rel, link]));
    expect(rel['service-desc']).toMatchObject({
      href: `${api.url}/api`,
      type: 'application/vnd.oai.openapi+json;version=3.0',
    });
    expect(rel.conformance.href).toBe(`${api.url}/conformance`);
    expect(rel.data.href).toBe(`${api.url}/collections`);
    expect(rel.self.href).toBe(`${api.url}/`);
  });

  it('follows its own links', async () => {
    const { links } = await ask('/');
    for (const { href, type } of links as { href: string; type: string }[]) {
      if (type === 'text/html') continue;
      const response = await fetch(href);
      expect(response.status, href).toBe(200);
      expect(response.headers.get('content-type')).toContain(type.split(';')[0]);
    }
  });

  it('answers in JSON for f=json, whatever is accepted', async () => {
    const response = await fetch(`${api.url}/?f=json`, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-type')).toContain('application/json');
  });

  it('declares the conformance classes it was tested for', async () => {
    expect((await ask('/conformance')).conformsTo).toContain(
      'http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson',
    );
  });

  it('says that it lives and is ready', async () => {
    expect(await ask('/healthz')).toEqual({ status: 'ok', version: VERSION });
    expect(await ask('/readyz')).toEqual({ status: 'ok', version: VERSION });
  });

  it('measures requests by address template', async () => {
    await ask('/v1/parcels/p-02/series?product=NDVI', '/v1/parcels/{id}/series');
    const text = await (await fetch(`${api.url}/metrics`)).text();
    expect(text).toMatch(
      /heitu_http_request_seconds_count\{method="GET",route="\/v1\/parcels\/\{id\}\/series",status="200"\} [1-9]/,
    );
    expect(text).not.toContain('p-02');
  });
});

describe('products and workspace', () => {
  it('carry legends with units', async () => {
    const { products } = await ask('/v1/products');
    expect(products[0]).toMatchObject({
      id: 'NDVI',
      unit: '1',
      scale: 0.0001,
      nodata: -32_768,
      minimumClear: 0.6,
    });
    expect(products[0].legend.at(-1)).toEqual({ value: 0.95, color: '#0a4024' });
  });

  it('are summed up', async () => {
    const body = await ask('/v1/workspace');
    expect(body).toMatchObject({ simulated: true, basemap: null, version: VERSION });
    expect(body.counts).toMatchObject({
      scenes: 2,
      parcels: PARCELS,
      stands: 2,
      zones: 0,
      observations: 2 * PARCELS,
    });
    expect(body.collections).toMatchObject([
      { id: COLLECTION, sceneCount: 2, sensor: { id: 'jl1-gf02', title: { en: 'Jilin-1 GF02' } } },
    ]);
    expect(JSON.stringify(body)).not.toContain(folder);
  });
});

describe('dates', () => {
  it('are Beijing days with their scenes', async () => {
    const { dates } = await ask(`/v1/dates?collection=${COLLECTION}&product=NDVI`);
    expect(dates.map((row: { date: string }) => row.date)).toEqual([DATE, LATER]);
    expect(dates[0]).toMatchObject({ scenes: [SCENES[0]!.id], clearFraction: 0.96, collection: COLLECTION });
    expect(beijingDate(dates[0].datetime)).toBe(DATE);
  });

  it('say how clear a place was when one is given', async () => {
    const { dates } = await ask(`/v1/dates?collection=${COLLECTION}&product=NDVI&place=p-01`);
    expect(dates[0].clearFraction).toBeCloseTo(0.31);
  });

  it('are none in a box nothing was seen of', async () => {
    expect((await ask('/v1/dates?bbox=10,10,11,11')).dates).toEqual([]);
  });
});

describe('values of a day', () => {
  it('have value, clear share and pixel count for every place', async () => {
    const body = await ask(`/v1/values?product=NDVI&date=${DATE}&collection=${COLLECTION}&layer=parcels`);
    expect(body).toMatchObject({ product: 'NDVI', statistic: 'mean', unit: '1', date: DATE });
    expect(Object.keys(body.values)).toHaveLength(PARCELS);
    expect(body.values['p-02']).toEqual([0.51, 1, 324]);
    expect(body.values['p-01']).toEqual([null, 0.31, 100]);
  });

  it('of stands are none where none were observed', async () => {
    expect(
      (await ask(`/v1/values?product=NDVI&date=${DATE}&collection=${COLLECTION}&layer=stands`)).values,
    ).toEqual({});
  });

  it('need a statistic that the product keeps', async () => {
    const body = await refused(`/v1/values?product=NDVI&date=${DATE}&collection=${COLLECTION}&statistic=p99`);
    expect(body).toMatchObject({
      status: 400,
      code: 'E_PARAMETER_INVALID',
      detail: expect.stringContaining('mean | stdev | median'),
    });
  });
});

describe('the curve of a parcel', () => {
  it('has a point for every image, also where too little was clear', async () => {
    const body = await ask('/v1/parcels/p-01/series?product=NDVI', '/v1/parcels/{id}/series');
    expect(body.place).toEqual({
      id: 'p-01',
      kind: 'parcel',
      code: '2201p-01',
      name: '农户 p-01',
      crop: 'maize',
      areaM2: 2916,
      areaMu: 4.37,
      region: '220122',
    });
    expect(body.points.map((point: { status: string; value: null }) => [point.status, point.value])).toEqual([
      ['insufficient', null],
      ['insufficient', null],
    ]);
    expect(body.source.sensor).toBe('jl1-gf02');
  });

  it('is not mixed up with that of a stand', async () => {
    expect((await refused('/v1/stands/p-01/series?product=NDVI')).status).toBe(404);
    const body = await ask('/v1/stands/stand-1/series?product=NDVI', '/v1/stands/{id}/series');
    expect(body.points).toEqual([]);
  });
});

describe('a pixel', () => {
  const at = (col: number, row: number, more = '') => {
    const [lon, lat] = placeOf(col + 0.5, row + 0.5);
    return ask(`/v1/pixel?lon=${lon}&lat=${lat}&product=NDVI&date=${DATE}&collection=${COLLECTION}${more}`);
  };

  it('has the stored value in the unit of the product', async () => {
    const body = await at(123, 77);
    expect(body.value).toBeCloseTo(countAt(123, 77) * 0.0001, 10);
    expect(body).toMatchObject({ flags: [], scene: SCENES[0]!.id, datetime: SCENES[0]!.datetime });
  });

  it('under cloud says so', async () => {
    expect(await at(5, 5)).toMatchObject({
      value: null,
      flags: [{ id: 'CLOUD', title: { zh: '云', en: 'cloud' } }],
      scene: SCENES[0]!.id,
    });
  });

  it('over water has its value and says that it is water', async () => {
    const body = await at(295, 100);
    expect(body.value).not.toBeNull();
    expect(body.flags.map((flag: { id: string }) => flag.id)).toEqual(['WATER']);
  });

  it('beside all imagery has no data', async () => {
    const body = await ask(`/v1/pixel?lon=10&lat=10&product=NDVI&date=${DATE}&collection=${COLLECTION}`);
    expect(body).toMatchObject({ value: null, flags: [{ id: 'NODATA' }], scene: null, datetime: null });
  });
});

/** Asks as a browser does that has a copy; without the cache mode, fetch would ask for a fresh one. */
function revalidating(etag: string): RequestInit {
  return { headers: { 'if-none-match': etag }, cache: 'no-cache' };
}

/** Tile that holds a pixel at a zoom, and where in it the middle of the pixel lies. */
function tileAt(col: number, row: number, z: number): { x: number; y: number; px: number; py: number } {
  const [lon, lat] = placeOf(col + 0.5, row + 0.5);
  const fx = ((lon + 180) / 360) * 2 ** z;
  const fy = ((1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2) * 2 ** z;
  return {
    x: Math.floor(fx),
    y: Math.floor(fy),
    px: Math.floor((fx % 1) * 256),
    py: Math.floor((fy % 1) * 256),
  };
}

async function pixels(path: string): Promise<{ data: Buffer; channels: number; response: Response }> {
  const response = await fetch(`${api.url}${path}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('image/png');
  const { data, info } = await sharp(Buffer.from(await response.arrayBuffer()))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([256, 256]);
  return { data, channels: info.channels, response };
}

describe('a map tile', () => {
  // At zoom 18 a map pixel is 0.43 m of the ground here, so the middle of a 3 m pixel is surely its own.
  const Z = 18;
  const sample = async (style: string, product: string, col: number, row: number, date = DATE) => {
    const { x, y, px, py } = tileAt(col, row, Z);
    const { data, channels } = await pixels(
      `/v1/${style}/${COLLECTION}/${product}/${date}/${Z}/${x}/${y}.png`,
    );
    return [...data.subarray((py * 256 + px) * channels, (py * 256 + px + 1) * channels)];
  };

  it.each([
    [100, 50],
    [299, 199],
    [150, 3],
  ])('holds the stored count of pixel %i, %i as it is', async (col, row) => {
    const [high, low, zero] = await sample('raw', 'NDVI', col, row);
    expect(high! * 256 + low! - 32_768).toBe(countAt(col, row));
    expect(zero).toBe(0);
  });

  it('says nodata with −32768 in a raw tile and with transparency in a coloured one', async () => {
    expect(await sample('raw', 'NDVI', 10, 10)).toEqual([0, 0, 0]);
    expect(await sample('maps', 'NDVI', 10, 10)).toEqual([0, 0, 0, 0]);
    expect(await sample('maps', 'TRUE_COLOR', 10, 10)).toEqual([0, 0, 0, 0]);
  });

  it.each([
    [100, 50],
    [201, 120],
  ])('has at pixel %i, %i the colour of the legend', async (col, row) => {
    const { products } = await ask('/v1/products');
    const legend: { value: number; color: string }[] = products[0].legend;
    const value = countAt(col, row) * 0.0001;
    const next = legend.findIndex((stop) => stop.value >= value);
    const [below, above] = [legend[next - 1]!, legend[next]!];
    const part = (value - below.value) / (above.value - below.value);
    const channel = (hex: string, i: number) => Number.parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
    const expected = [0, 1, 2].map((i) =>
      Math.round(channel(below.color, i) + (channel(above.color, i) - channel(below.color, i)) * part),
    );
    expect(await sample('maps', 'NDVI', col, row)).toEqual([...expected, 255]);
  });

  it('shows true colour as stored', async () => {
    expect(await sample('maps', 'TRUE_COLOR', 102, 50)).toEqual([202, 102, 52, 255]);
  });

  it('is that of its own day', async () => {
    const [high, low] = await sample('raw', 'NDVI', 100, 50, LATER);
    expect(high! * 256 + low! - 32_768).toBe(countAt(100, 50) + 1);
  });

  it('is empty beside the imagery', async () => {
    const coloured = await pixels(`/v1/maps/${COLLECTION}/NDVI/${DATE}/18/0/0.png`);
    expect([coloured.channels, coloured.data.every((byte) => byte === 0)]).toEqual([4, true]);
    const raw = await pixels(`/v1/raw/${COLLECTION}/NDVI/${DATE}/18/0/0.png`);
    expect([raw.channels, raw.data.every((byte) => byte === 0)]).toEqual([3, true]);
  });

  it('is drawn at every zoom from the world to the pixel', async () => {
    for (const z of [0, 8, 12, 14, 16, 22]) {
      const { x, y } = tileAt(150, 100, z);
      await pixels(`/v1/maps/${COLLECTION}/NDVI/${DATE}/${z}/${x}/${y}.png`);
    }
  });

  it('is not sent again to who has it', async () => {
    const { x, y } = tileAt(150, 100, 14);
    const path = `/v1/raw/${COLLECTION}/NDVI/${DATE}/14/${x}/${y}.png`;
    const { response } = await pixels(path);
    const etag = response.headers.get('etag')!;
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(response.headers.get('cache-control')).toContain('max-age');
    const again = await fetch(`${api.url}${path}`, revalidating(etag));
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([304, 0]);
    const other = await fetch(`${api.url}${path.replace('/raw/', '/maps/')}`, revalidating(etag));
    expect(other.status).toBe(200);
  });

  it('is not there outside the pyramid, on other days and for what is not kept', async () => {
    for (const path of [
      `/v1/maps/${COLLECTION}/NDVI/${DATE}/3/8/0.png`,
      `/v1/maps/${COLLECTION}/NDVI/${DATE}/23/0/0.png`,
      `/v1/maps/${COLLECTION}/NDVI/${DATE}/3/0/-1.png`,
      `/v1/maps/${COLLECTION}/NDVI/2024-07-15/3/0/0.png`,
      `/v1/maps/other/NDVI/${DATE}/3/0/0.png`,
      `/v1/maps/${COLLECTION}/EVI2/${DATE}/3/0/0.png`,
      `/v1/maps/${COLLECTION}/TRUE_COLOR/${LATER}/3/0/0.png`,
      `/v1/raw/${COLLECTION}/TRUE_COLOR/${DATE}/3/0/0.png`,
      `/v1/maps/${COLLECTION}/QUALITY/${DATE}/3/0/0.png`,
    ]) {
      expect((await refused(path)).status, path).toBe(404);
    }
  });

  it.each(['maps', 'raw'])('is described by TileJSON at /v1/%s', async (style) => {
    const body = await ask(
      `/v1/${style}/${COLLECTION}/NDVI/${DATE}/tilejson.json`,
      `/v1/${style}/{collection}/{product}/{date}/tilejson.json`,
    );
    expect(body.maxzoom).toBe(16);
    const { x, y } = tileAt(150, 100, 14);
    const url: string = body.tiles[0].replace('{z}', '14').replace('{x}', x).replace('{y}', y);
    await pixels(url.slice(api.url.length));
    const [west, south, east, north] = body.bounds;
    const [lon, lat] = placeOf(150, 100);
    expect(west < lon && lon < east && south < lat && lat < north).toBe(true);
  });
});

describe('features', () => {
  it('come in six collections', async () => {
    const { collections } = await ask('/collections');
    expect(collections.map((one: { id: string }) => one.id)).toEqual([
      'scenes',
      'parcels',
      'stands',
      'regions',
      'zones',
      'deliveries',
    ]);
    const { extent } = collections[1];
    expect(extent.temporal.interval).toEqual([[SCENES[0]!.datetime, SCENES[1]!.datetime]]);
  });

  it.each(['scenes', 'parcels', 'stands', 'regions', 'zones', 'deliveries'])(
    'of %s are listed with their count',
    async (id) => {
      await ask(`/collections/${id}`);
      const page = await ask(`/collections/${id}/items`);
      expect(page.numberReturned).toBe(page.features.length);
      expect(page.numberMatched).toBe(
        { scenes: 2, parcels: PARCELS, stands: 2, regions: 1, zones: 0, deliveries: 2 }[id],
      );
      for (const feature of page.features.slice(0, 1)) {
        const one = await ask(`/collections/${id}/items/${feature.id}`, `/collections/${id}/items/{id}`);
        expect(one.properties).toEqual(feature.properties);
        expect(one.geometry).toEqual(feature.geometry);
      }
    },
  );

  it('of deliveries are found by verdict and by the day they came, and say what to do', async () => {
    const items = '/collections/deliveries/items';
    const verdicts = async (query: string) =>
      (await ask(`${items}?${query}`)).features.map(
        (one: { properties: { verdict: string } }) => one.properties.verdict,
      );
    expect(await verdicts('verdict=quarantined')).toEqual(['quarantined']);
    expect(await verdicts('verdict=duplicate')).toEqual([]);
    expect(await verdicts('datetime=2024-07-15')).toEqual(['accepted']);
    expect(await verdicts('datetime=2024-07-16/..')).toEqual(['quarantined']);
    expect(await verdicts('bbox=126,43,127,45')).toEqual(['accepted']);
    const [bad] = (await ask(`${items}?verdict=quarantined`)).features;
    expect(bad).toMatchObject({
      geometry: null,
      properties: {
        datetime: '2024-07-16T01:00:00.000Z',
        checked: '2024-07-17T01:00:00.000Z',
        times: 2,
        scene: null,
        findings: [
          {
            code: 'E_CALIBRATION_INVALID',
            severity: 'error',
            file: 'a_MSS_meta.xml',
            element: 'AbsCalibrationGain',
            message: {
              en: expect.stringContaining('3 numbers for 4 bands'),
              zh: expect.stringContaining('定标'),
            },
            remedy: { en: expect.stringContaining('ask the vendor'), zh: expect.stringContaining('供应方') },
          },
        ],
        files: [{ name: 'a_MSS.tif', bytes: 5_000_000_000 }],
      },
    });
    const [good] = (await ask(`${items}?verdict=accepted`)).features;
    expect(good.properties).toMatchObject({ scene: SCENES[0]!.id, acquired: SCENES[0]!.datetime });
    expect(good.geometry.coordinates[0]).toHaveLength(5);
    expect(JSON.stringify([good, bad])).not.toContain('secret-deliveries');
    expect((await refused(`${items}?verdict=maybe`)).code).toBe('E_PARAMETER_INVALID');
    expect((await refused(`${items}/nothing`)).status).toBe(404);
  });

  it('carry what the file said of a parcel behind our own names', async () => {
    const { properties } = await ask('/collections/parcels/items/p-03', '/collections/parcels/items/{id}');
    expect(properties).toMatchObject({
      id: 'p-03',
      soil: 'black',
      crop: 'soybean',
      areaMu: 4.37,
      region: '220122',
    });
  });

  it('of scenes are the true footprint, without places of this machine', async () => {
    const page = await ask('/collections/scenes/items');
    const [ring] = page.features[0].geometry.coordinates;
    const expected = [placeOf(0, 0), placeOf(0, 200), placeOf(300, 200), placeOf(300, 0), placeOf(0, 0)];
    for (const [i, position] of ring.entries()) {
      expect(position[0]).toBeCloseTo(expected[i]![0], 6);
      expect(position[1]).toBeCloseTo(expected[i]![1], 6);
    }
    expect(JSON.stringify(page)).not.toContain('secret');
  });

  it('are handed out page by page, each once, with every parameter kept', async () => {
    const seen: string[] = [];
    let url: string | undefined =
      `${api.url}/collections/parcels/items?limit=5&bbox=120,40,130,50&datetime=2024-07-01%2F..&f=json`;
    for (let pages = 0; url !== undefined && pages < 10; pages++) {
      const page = await (await fetch(url)).json();
      seen.push(...page.features.map((feature: { id: string }) => feature.id));
      expect(page.numberMatched).toBe(PARCELS);
      url = page.links.find((link: { rel: string }) => link.rel === 'next')?.href;
      if (url !== undefined) {
        const query = new URL(url).searchParams;
        expect([query.get('limit'), query.get('bbox'), query.get('datetime'), query.get('f')]).toEqual([
          '5',
          '120,40,130,50',
          '2024-07-01/..',
          'json',
        ]);
      }
    }
    expect(seen).toHaveLength(PARCELS);
    expect(new Set(seen).size).toBe(PARCELS);
  });

  it('link back to the page before', async () => {
    const page = await ask('/collections/parcels/items?limit=5&offset=5');
    const prev = page.links.find((link: { rel: string }) => link.rel === 'prev');
    expect(new URL(prev.href).searchParams.get('offset')).toBe('0');
  });

  it('are found by box and by time', async () => {
    const [west, north] = placeOf(68, 48);
    const [east, south] = placeOf(92, 70);
    expect(
      (await ask(`/collections/parcels/items?bbox=${west},${south},${east},${north}`)).numberMatched,
    ).toBe(2);
    expect((await ask(`/collections/parcels/items?bbox=170,40,-170,50`)).numberMatched).toBe(0);
    expect((await ask(`/collections/parcels/items?bbox=100,40,-170,50`)).numberMatched).toBe(PARCELS);
    expect((await ask(`/collections/scenes/items?datetime=${DATE}`)).numberMatched).toBe(1);
    expect((await ask(`/collections/scenes/items?datetime=${SCENES[0]!.datetime}`)).numberMatched).toBe(1);
    expect((await ask(`/collections/scenes/items?datetime=${DATE}/${LATER}`)).numberMatched).toBe(2);
    expect((await ask(`/collections/scenes/items?datetime=../${DATE}`)).numberMatched).toBe(1);
    expect((await ask(`/collections/scenes/items?datetime=${LATER}/..`)).numberMatched).toBe(1);
    expect((await ask(`/collections/scenes/items?datetime=2030-01-01/..`)).numberMatched).toBe(0);
    expect((await ask(`/collections/parcels/items?datetime=2030-01-01/..`)).numberMatched).toBe(PARCELS);
  });
});

const hasOgr = spawnSync('ogrinfo', ['--version']).status === 0;
if (!hasOgr)
  console.warn('skipped: ogrinfo (gdal-bin) is not installed, so no other program reads the features');

describe.skipIf(!hasOgr)('GDAL', () => {
  const run = promisify(execFile);

  it('lists the collections', async () => {
    const { stdout } = await run('ogrinfo', ['-ro', `OAPIF:${api.url}`]);
    for (const id of ['scenes', 'parcels', 'stands', 'regions', 'zones'])
      expect(stdout).toMatch(new RegExp(`^\\d: ${id} `, 'm'));
  });

  it('counts the parcels, and those in a box', async () => {
    const { stdout } = await run('ogrinfo', ['-ro', '-al', '-so', `OAPIF:${api.url}`, 'parcels']);
    expect(stdout).toContain(`Feature Count: ${PARCELS}`);
    expect(stdout).toMatch(/^crop: String/m);
    const [west, north] = placeOf(68, 48);
    const [east, south] = placeOf(92, 70);
    const box = await run('ogrinfo', [
      '-ro',
      '-al',
      '-so',
      '-spat',
      ...[west, south, east, north].map(String),
      `OAPIF:${api.url}`,
      'parcels',
    ]);
    expect(box.stdout).toContain('Feature Count: 2');
  });

  it('reads every parcel page by page', async () => {
    const { stdout } = await run('ogr2ogr', [
      '-f',
      'CSV',
      '/vsistdout/',
      `OAPIF:${api.url}`,
      'parcels',
      '-oo',
      'PAGE_SIZE=5',
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(PARCELS + 1);
    expect(stdout).toContain('农户 p-12');
  });
});

describe('a vector tile', () => {
  const { x, y } = tileAt(150, 100, 14);

  it('holds the parcels with id and name', async () => {
    const response = await fetch(`${api.url}/collections/parcels/tiles/WebMercatorQuad/14/${y}/${x}?f=mvt`);
    expect(response.headers.get('content-type')).toBe('application/vnd.mapbox-vector-tile');
    const tile = new VectorTile(new PbfReader(new Uint8Array(await response.arrayBuffer())));
    const features = Array.from(
      { length: tile.layers.parcels!.length },
      (_, i) => tile.layers.parcels!.feature(i).properties,
    );
    expect(features).toHaveLength(PARCELS);
    expect(features.map((one) => one.id)).toContain('p-07');
    expect(features[0]).toMatchObject({ name: expect.stringContaining('农户'), crop: expect.any(String) });
  });

  it('is addressed row before column', async () => {
    const response = await fetch(`${api.url}/collections/parcels/tiles/WebMercatorQuad/14/${x}/${y}`);
    expect(response.status === 200 ? (await response.arrayBuffer()).byteLength : 0).toBe(0);
  });

  it('is described by TileJSON, whose template works', async () => {
    const body = await ask('/collections/parcels/tiles/WebMercatorQuad/tilejson.json');
    expect(body.vector_layers[0].id).toBe('parcels');
    const url = body.tiles[0].replace('{z}', '14').replace('{y}', y).replace('{x}', x);
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBeGreaterThan(100);
  });

  it('is not sent again to who has it', async () => {
    const url = `${api.url}/collections/parcels/tiles/WebMercatorQuad/14/${y}/${x}`;
    const etag = (await fetch(url)).headers.get('etag')!;
    expect((await fetch(url, revalidating(etag))).status).toBe(304);
  });

  it('is not made of scenes', async () => {
    expect((await refused(`/collections/scenes/tiles/WebMercatorQuad/14/${y}/${x}`)).status).toBe(404);
  });
});
