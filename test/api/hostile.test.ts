import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problem } from '../../api/contract/common.ts';
import { HeituError } from '../../pipeline/core/error.ts';
import type { Store } from '../../pipeline/store/open.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { appParts, COLLECTION, DATE, fillWorkspace, listen } from './small-workspace.ts';

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

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Sends a path as it is: fetch would tidy `..` and escapes away. */
function send(
  path: string,
  options: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(api.url);
    const sent = httpRequest({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: Buffer.concat(parts).toString(),
        }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

/** Writes text to the port and gives everything that comes back until the connection closes. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (part) => {
      answer += part;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}

const q = encodeURIComponent;
const TILE = `${COLLECTION}/NDVI/${DATE}`;
const SQL = [
  "' OR '1'='1",
  "1'; DROP TABLE place; --",
  '1 UNION SELECT * FROM pg_user',
  "p-01') OR pg_sleep(5)--",
  '\\',
  '"',
  '%',
  '$1',
  '$' + '{7*7}',
  '{{7*7}}',
];
const PATHS = [
  '..%2f..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fetc',
  '..\\..\\windows',
  '%00',
  'a%00b',
  '%0d%0aSet-Cookie:x=1',
  'file:%2f%2f%2fetc%2fpasswd',
];
const TEXTS = [
  '<script>alert(1)</script>',
  '田'.repeat(150),
  '🌾',
  '\u202e',
  'x'.repeat(5000),
  '__proto__',
  'constructor',
  '%',
  'null',
  'undefined',
].map(q);

/** What must be refused with 400 or 404. */
const REFUSED: readonly string[] = [
  ...[...SQL.map(q), ...PATHS, ...TEXTS].flatMap((text) => [
    `/v1/parcels/${text}/series?product=NDVI`,
    `/collections/parcels/items/${text}`,
    `/collections/scenes/items/${text}`,
    `/collections/${text}/items`,
    `/collections/${text}`,
    `/v1/maps/${text}/NDVI/${DATE}/3/0/0.png`,
    `/v1/maps/${COLLECTION}/${text}/${DATE}/3/0/0.png`,
    `/v1/raw/${COLLECTION}/NDVI/${text}/3/0/0.png`,
    `/v1/raw/${TILE}/${text}/0/0.png`,
    `/v1/raw/${TILE}/3/${text}/0.png`,
    `/v1/raw/${TILE}/3/0/${text}.png`,
    `/v1/maps/${text}/NDVI/${DATE}/tilejson.json`,
    `/collections/parcels/tiles/WebMercatorQuad/3/${text}/0`,
    `/collections/parcels/tiles/${text}/3/0/0`,
    `/${text}`,
    `/assets/${text}`,
    `/v1/dates?product=${text}`,
    `/v1/values?product=NDVI&date=${text}&collection=${COLLECTION}`,
    `/v1/values?product=NDVI&date=${DATE}&collection=${COLLECTION}&layer=${text}`,
    `/v1/values?product=NDVI&date=${DATE}&collection=${COLLECTION}&statistic=${text}`,
    `/v1/expression/${text}/${DATE}/3/0/0.png?expression=NDVI`,
    `/v1/expression/${COLLECTION}/${DATE}/3/0/${text}.png?expression=NDVI`,
    `/v1/expression/${COLLECTION}/${DATE}/3/0/0.png?expression=${text}`,
    `/v1/expression/${COLLECTION}/${DATE}/3/0/0.png?expression=NDVI&palette=${text}`,
    `/v1/expression/pixel?lon=126&lat=44&expression=${text}&date=${DATE}&collection=${COLLECTION}`,
    `/v1/pixel?lon=${text}&lat=44&product=NDVI&date=${DATE}&collection=${COLLECTION}`,
    `/v1/pixel?lon=126&lat=44&product=NDVI&date=${DATE}&collection=${text}`,
    `/collections/parcels/items?bbox=${text}`,
    `/collections/parcels/items?datetime=${text}`,
    `/collections/parcels/items?limit=${text}`,
    `/collections/parcels/items?offset=${text}`,
    `/collections/parcels/items?f=${text}`,
    `/collections/parcels/items?${text}=1`,
  ]),
  '/collections/parcels/items?limit=0',
  '/collections/parcels/items?limit=-5',
  '/collections/parcels/items?limit=1e9',
  '/collections/parcels/items?limit=99999999999999999999',
  '/collections/parcels/items?limit=5&limit=6',
  '/collections/parcels/items?limit[]=5',
  '/collections/parcels/items?limit[$gt]=5',
  '/collections/parcels/items?offset=1000001',
  '/collections/parcels/items?bbox=1,2,3,4&bbox=1,2,3,4',
  '/collections/parcels/items?bbox=NaN,NaN,NaN,NaN',
  '/collections/parcels/items?bbox=-Infinity,-90,Infinity,90',
  `/collections/parcels/items?bbox=${'1,'.repeat(3000)}`,
  '/collections/scenes/items?datetime=2024-02-30',
  '/collections/scenes/items?datetime=0000-00-00',
  '/collections/scenes/items?datetime=-271821-04-20T00:00:00Z',
  '/collections/scenes/items?datetime=2024-07-02/2024-07-01',
  '/v1/products?x=1',
  '/v1/workspace?callback=alert',
  '/healthz?x=1',
  '/metrics?x=1',
  '/?x=1',
  '/v1/parcels/p-01/series',
  '/v1/parcels/p-01/series?product=NDVI&product=EVI2',
  '/v1/parcels/p-01/series?product[]=NDVI',
  '/v1/values',
  '/v1/pixel?lon=NaN&lat=NaN',
  `/v1/pixel?lon=181&lat=44&product=NDVI&date=${DATE}&collection=${COLLECTION}`,
  `/v1/maps/${TILE}/30/0/0.png`,
  `/v1/maps/${TILE}/3/8/0.png`,
  `/v1/maps/${TILE}/3/-1/0.png`,
  `/v1/maps/${TILE}/3/0.5/0.png`,
  `/v1/maps/${TILE}/999999999/0/0.png`,
  `/v1/maps/${TILE}/3/0/0.jpg`,
  `/v1/maps/${TILE}/3/0/0`,
  '/%',
  '/%zz',
  '/%c0%af',
  '/v1/parcels/%ff/series?product=NDVI',
  '/.git/config',
  '/.env',
  '/../package.json',
  '/assets/../../package.json',
  '/assets/..%2f..%2fpackage.json',
  '//etc/passwd',
  '/index.php',
];

describe('a hostile request', () => {
  it('is refused with a problem document, and nothing of the machine is in it', async () => {
    const wrong: string[] = [];
    for (const path of REFUSED) {
      const { status, type, body } = await send(path);
      const isProblem =
        type.includes('application/problem+json') && problem.safeParse(JSON.parse(body || 'null')).success;
      const leaks =
        body.includes(folder) || body.includes('node_modules') || /\bat \S+ \(|\.ts:\d/.test(body);
      if ((status !== 400 && status !== 404) || !isProblem || leaks)
        wrong.push(`${status} ${type} ${path.slice(0, 120)} ${body.slice(0, 200)}`);
    }
    expect(wrong).toEqual([]);
    expect(REFUSED.length).toBeGreaterThan(700);
  });

  it('leaves the data as it was', async () => {
    const answer = await send('/collections/parcels/items?limit=1');
    expect(JSON.parse(answer.body).numberMatched).toBe(12);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND'])(
    'with method %s is told what the address has',
    async (method) => {
      for (const path of [
        '/',
        '/v1/products',
        '/collections/parcels/items',
        `/v1/maps/${TILE}/3/0/0.png`,
        '/healthz',
      ]) {
        const { status, body } = await send(path, { method });
        expect([status, JSON.parse(body).code], path).toEqual([405, 'E_METHOD_INVALID']);
      }
    },
  );

  it('for the options of an address gets them', async () => {
    const response = await fetch(`${api.url}/v1/products`, { method: 'OPTIONS' });
    expect([response.status, response.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  it('cannot plant its host in links', async () => {
    const { body } = await send('/?f=json', { headers: { host: 'evil"><script>' } });
    expect(body).not.toContain('evil');
    expect(JSON.parse(body).links[0].href).toMatch(/^http:\/\/127\.0\.0\.1:\d+\//);
  });

  it('with headers beyond the limit is refused by the server itself', async () => {
    const { status } = await send('/v1/products', { headers: { 'x-long': 'x'.repeat(20_000) } });
    expect(status).toBe(431);
  });

  it('that is no HTTP gets 400 and the connection closed', async () => {
    expect(await exchange('\u0000\u0001\u0002 nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it.each([
    ['GET http://[/v1/products HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1\.1 4\d\d /],
    ['GET http://evil.example/v1/products?x=1 HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1\.1 400 /],
    ['GET * HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1\.1 404 /],
    ['GET v1/products HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1\.1 4\d\d /],
    ['GET //v1/products HTTP/1.1\r\nHost: a\r\n', /^HTTP\/1\.1 404 /],
    ['GET /v1/products HTTP/1.1\r\n', /^HTTP\/1\.1 400 /],
    [
      'GET /v1/products HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['GET /v1/products HTTP/1.1\r\nHost: a\r\nAccept: \u0001;q=x, */*;q=9\r\n', /^HTTP\/1\.1 [24]00 /],
    [
      'GET /v1/products HTTP/1.1\r\nHost: a\r\nRange: bytes=5-1\r\nIf-None-Match: ,,,"\r\n',
      /^HTTP\/1\.1 200 /,
    ],
    [`GET /${'a/'.repeat(7000)} HTTP/1.1\r\nHost: a\r\n`, /^HTTP\/1\.1 404 /],
    [`GET /v1/products?${'a=1&'.repeat(3500)} HTTP/1.1\r\nHost: a\r\n`, /^HTTP\/1\.1 400 /],
    [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n`, /^HTTP\/1\.1 431 /],
  ])('of odd form %# is answered in kind', async (head, expected) => {
    expect(await exchange(`${head}Connection: close\r\n\r\n`)).toMatch(expected);
  });

  it('by the hundred at once is answered, each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, i) => send(`/v1/parcels/x${i}/series?product=NDVI`)),
    );
    expect(answers.every((answer) => answer.status === 404)).toBe(true);
  });
});

describe('trouble of our own', () => {
  const broken = (error: unknown): Store => ({ ...store, query: () => Promise.reject(error) });

  it.each([
    [
      new HeituError('E_STORE_UNAVAILABLE', { what: 'connection refused', where: '/srv/secret/db' }),
      503,
      'E_STORE_UNAVAILABLE',
    ],
    [new TypeError('x is not a function at /srv/secret/a.ts:3'), 500, 'E_INTERNAL'],
    ['a text that was thrown', 500, 'E_INTERNAL'],
  ])('%s says so without saying where', async (error, status, code) => {
    const sick = await listen(appParts(broken(error), folder));
    try {
      for (const path of ['/readyz', '/collections/parcels/items', `/v1/maps/${TILE}/3/0/0.png`]) {
        const response = await fetch(`${sick.url}${path}`);
        const text = await response.text();
        expect([response.status, JSON.parse(text).code]).toEqual([status, code]);
        expect(response.headers.get('cache-control')).toBe('no-store');
        expect(text).not.toMatch(/secret|not a function|thrown/);
      }
      expect((await fetch(`${sick.url}/healthz`)).status).toBe(200);
    } finally {
      await sick.close();
    }
  });

  it('with a published file that is gone is not the asker’s fault', async () => {
    const elsewhere = await listen(appParts(store, `${folder}/moved`));
    try {
      const response = await fetch(`${elsewhere.url}/v1/maps/${TILE}/0/0/0.png`);
      const body = problem.parse(await response.json());
      expect([response.status, body.code]).toEqual([500, 'E_FILE_MISSING']);
      expect(JSON.stringify(body)).not.toContain(folder);
      expect(response.headers.get('etag')).toBeNull();
    } finally {
      await elsewhere.close();
    }
  });
});
