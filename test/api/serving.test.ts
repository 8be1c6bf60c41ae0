import { mkdir, writeFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readApiConfig } from '../../api/config.ts';
import { startServer } from '../../api/server.ts';
import type { Store } from '../../pipeline/store/open.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { appParts, listen } from './small-workspace.ts';

const folder = await temporaryFolder();
const webRoot = join(folder, 'dist');
const SCRIPT = `console.log('${'黑土'.repeat(2000)}');`;
const lines: string[] = [];

/** A store without rows, slow when told to be. */
let delay = 0;
const store: Store = {
  kind: 'embedded',
  hasMvt: false,
  query: async () => {
    await new Promise((resolve) => setTimeout(resolve, delay));
    return [];
  },
  transaction: () => Promise.reject(new Error('not used here')),
  close: async () => {},
};

let api: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  await mkdir(join(webRoot, 'assets'), { recursive: true });
  await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>黑土</title>');
  await writeFile(join(webRoot, 'assets', 'index-a1b2c3.js'), SCRIPT);
  await writeFile(join(webRoot, '.secret'), 'no');
  await writeFile(join(folder, 'outside.json'), '{"no":1}');
  const log = pino({ level: 'info', base: null }, { write: (line: string) => lines.push(line) });
  api = await listen(
    appParts(store, folder, {
      webRoot,
      log,
      basemap: { tiles: 'https://t0.example.cn/{z}/{x}/{y}.png', attribution: 'x' },
    }),
  );
});

afterAll(() => api?.close());

describe('the viewer', () => {
  it('is what a browser gets at the front door, whatever its query says', async () => {
    const response = await fetch(`${api.url}/?collection=jl1-demo&at=126,44,12`, {
      headers: { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' },
    });
    expect(await response.text()).toContain('黑土');
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('vary')).toContain('Accept');
  });

  it('does not stand in the way of clients that take anything', async () => {
    for (const accept of ['*/*', 'application/json', 'application/geo+json, application/json']) {
      const response = await fetch(`${api.url}/`, { headers: { accept } });
      expect(response.headers.get('content-type'), accept).toContain('application/json');
    }
  });

  it('has files that may be kept for ever', async () => {
    const response = await fetch(`${api.url}/assets/index-a1b2c3.js`);
    expect(await response.text()).toBe(SCRIPT);
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(response.headers.get('content-type')).toContain('text/javascript');
  });

  it.each([
    '/.secret',
    '/assets/../.secret',
    '/..%2foutside.json',
    '/assets/..%2f..%2foutside.json',
    '/outside.json',
    '/assets/',
    '/assets',
  ])('has nothing at %s', async (path) => {
    expect((await raw(path)).status).toBe(404);
  });

  it('that was not built leaves the front door to the API', async () => {
    const bare = await listen(appParts(store, folder));
    const response = await fetch(`${bare.url}/`, { headers: { accept: 'text/html' } });
    expect(response.headers.get('content-type')).toContain('application/json');
    await bare.close();
  });
});

function raw(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>(
    (resolve, reject) => {
      const sent = httpRequest(
        { host: '127.0.0.1', port: new URL(api.url).port, path, headers, method, agent: false },
        (response) => {
          const parts: Buffer[] = [];
          response.on('data', (part: Buffer) => parts.push(part));
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: Buffer.concat(parts),
            }),
          );
        },
      );
      sent.on('error', reject);
      sent.end();
    },
  );
}

describe('an answer', () => {
  it.each(['/v1/products', '/assets/index-a1b2c3.js', '/api'])(
    'at %s is packed for who can unpack it',
    async (path) => {
      const packed = await raw(path, { 'accept-encoding': 'gzip, deflate, br' });
      const plain = await raw(path);
      expect([packed.headers['content-encoding'], plain.headers['content-encoding']]).toEqual([
        'gzip',
        undefined,
      ]);
      expect(gunzipSync(packed.body).equals(plain.body)).toBe(true);
      expect(packed.body.byteLength).toBeLessThan(plain.body.byteLength / 2);
      expect(String(packed.headers.vary)).toContain('Accept-Encoding');
      expect(
        (await raw(path, { 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
      ).toBeUndefined();
      expect((await raw(path, { 'if-none-match': String(packed.headers.etag) })).status).toBe(304);
    },
  );

  it('to HEAD has a length and no body', async () => {
    const head = await raw('/v1/products', {}, 'HEAD');
    const get = await raw('/v1/products');
    expect([head.status, head.body.byteLength]).toEqual([200, 0]);
    expect(head.headers['content-length']).toBe(String(get.body.byteLength));
  });

  it.each(['/', '/v1/products', '/nowhere', '/assets/index-a1b2c3.js'])(
    'at %s keeps a browser to this server',
    async (path) => {
      const { headers } = await raw(path, { accept: 'text/html' });
      const policy = String(headers['content-security-policy']);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-powered-by']).toBeUndefined();
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("img-src 'self' blob: data: https://t0.example.cn;");
      expect(policy).not.toMatch(/unsafe|upgrade-insecure/);
    },
  );

  it('is logged once, with an event name, its route and no forged line', async () => {
    lines.length = 0;
    await raw('/v1/products?x=%0aforged');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lines).toHaveLength(1);
    expect(lines[0]!.trim()).not.toContain('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({
      event: 'Http:Request:Done',
      route: '/v1/products',
      status: 400,
      method: 'GET',
      complete: true,
    });
  });
});

describe('a question that takes too long', () => {
  it('is given up with 503', async () => {
    const slow = await listen(appParts(store, folder, { answerLimitMs: 30 }));
    delay = 200;
    const response = await fetch(`${slow.url}/v1/dates`);
    delay = 0;
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await response.json()).toMatchObject({ code: 'E_TIMEOUT' });
    await slow.close();
  });
});

describe('the configuration', () => {
  it('is quiet and without a base map unless told', () => {
    expect(readApiConfig({})).toEqual({ logLevel: 'warn', basemap: null, publicUrl: null });
    expect(readApiConfig({ HEITU_LOG: 'loud' }).logLevel).toBe('warn');
  });

  it('can name both', () => {
    const environment = {
      HEITU_LOG: 'info',
      HEITU_BASEMAP: 'https://a.cn/{z}/{x}/{y}',
      HEITU_BASEMAP_ATTRIBUTION: '天地图',
      HEITU_PUBLIC_URL: 'https://heitu.cn/',
    };
    expect(readApiConfig(environment)).toEqual({
      logLevel: 'info',
      basemap: { tiles: 'https://a.cn/{z}/{x}/{y}', attribution: '天地图' },
      publicUrl: 'https://heitu.cn',
    });
  });
});

describe('the server', () => {
  const options = {
    store,
    workspace: folder,
    port: 0,
    version: '1',
    webRoot,
    config: { ...readApiConfig({}), logLevel: 'silent' as const },
  };

  it('listens on this machine only unless told otherwise', async () => {
    const server = await startServer(options);
    expect(server.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    await server.close();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });

  it('says so when the port is taken', async () => {
    const server = await startServer(options);
    const port = Number(new URL(server.url).port);
    await expect(startServer({ ...options, port })).rejects.toThrow(
      /port \d+ \(EADDRINUSE\); see heitu serve/,
    );
    await server.close();
  });

  it('finishes what it has begun before it stops', async () => {
    const server = await startServer(options);
    delay = 300;
    const started = performance.now();
    const running = fetch(`${server.url}/v1/dates`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    await server.close();
    delay = 0;
    expect(performance.now() - started).toBeLessThan(1500);
    expect((await running).status).toBe(200);
  });

  it('stops at once although a keep-alive connection stands open', async () => {
    const server = await startServer(options);
    await (await fetch(`${server.url}/healthz`)).text();
    const started = performance.now();
    await server.close();
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it('links to its public address', async () => {
    const server = await startServer({
      ...options,
      config: { ...options.config, publicUrl: 'https://heitu.cn' },
    });
    const body = await (await fetch(`${server.url}/?f=json`)).json();
    expect(body.links[0].href).toBe('https://heitu.cn/?f=json');
    await server.close();
  });

  it('closes a half request that goes on no further', { timeout: 40_000 }, async () => {
    const server = await startServer(options);
    const started = performance.now();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(server.url).port), '127.0.0.1', () =>
        socket.write('GET / HTTP/1.1\r\nHost: a\r\n'),
      );
      let text = '';
      socket.on('data', (part) => {
        text += part;
      });
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
    expect(performance.now() - started).toBeLessThan(30_000);
    await server.close();
  });
});
