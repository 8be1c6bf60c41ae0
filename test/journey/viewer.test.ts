import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Product, Workspace } from '../../web/client.ts';
import { shapeOf } from '../../web/client.ts';
import { colorAt } from '../../web/layers.ts';
import { launchBrowser } from '../helpers/browser.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const HELPER = join(ROOT, 'test/helpers/demo-server.ts');
/** A server that is already running can be given instead of starting one: HEITU_VIEWER_URL=http://127.0.0.1:8080. */
const GIVEN = process.env.HEITU_VIEWER_URL;
const canRun = GIVEN !== undefined || existsSync(HELPER);
if (!canRun)
  console.warn('viewer journey skipped: neither test/helpers/demo-server.ts nor HEITU_VIEWER_URL is there');

const SIZES = [
  { name: 'desktop', width: 1440, height: 900 },
  { name: 'tablet', width: 1024, height: 768 },
  { name: 'phone', width: 390, height: 844 },
] as const;
/** All four when the pictures are to be kept; else one of each size proves that they can be taken. */
const LOOKS = (
  [
    ['zh', 'light'],
    ['en', 'dark'],
    ['zh', 'dark'],
    ['en', 'light'],
  ] as const
).slice(0, process.env.UPDATE_SCREENS === '1' ? 4 : 1);
const SCREEN_LIMIT_BYTES = 400_000;

interface Parcel {
  readonly id: string;
  readonly name: string;
  readonly center: readonly [number, number];
}

describe.skipIf(!canRun)('the viewer in a browser', { timeout: 180_000 }, () => {
  let url: string;
  let closeServer: () => Promise<void> = async () => {};
  let browser: Browser;
  let screens: string;
  let product: Product;
  let workspace: Workspace;
  let parcel: Parcel;
  let clearDate: string;
  /** Console errors, page errors, refused requests and requests to other hosts, over all pages of this file. */
  const troubles: string[] = [];

  beforeAll(async () => {
    await build({ configFile: join(ROOT, 'web/vite.config.ts'), logLevel: 'error' });
    if (GIVEN === undefined) {
      const helper = (await import(HELPER)) as {
        demoServer(): Promise<{ url: string; close(): Promise<void> }>;
      };
      const server = await helper.demoServer();
      url = server.url;
      closeServer = () => server.close();
    } else {
      url = GIVEN.replace(/\/$/, '');
    }
    browser = await launchBrowser();
    screens =
      process.env.UPDATE_SCREENS === '1'
        ? join(ROOT, 'docs/screens')
        : await mkdtemp(join(tmpdir(), 'heitu-screens-'));
    await mkdir(screens, { recursive: true });
    product = (await answer<{ products: Product[] }>('/v1/products')).products[0]!;
    workspace = await answer<Workspace>('/v1/workspace');
    const { dates } = await answer<{ dates: { date: string; clearFraction: number | null }[] }>(
      '/v1/dates',
      collectionOf(),
    );
    // The clearest date of the middle of the season, when there is a crop to look at.
    const middle = dates.slice(Math.floor(dates.length * 0.4), Math.ceil(dates.length * 0.8));
    clearDate = middle.reduce((best, one) =>
      (one.clearFraction ?? 0) > (best.clearFraction ?? 0) ? one : best,
    ).date;
    const { values } = await answer<{ values: Record<string, [number | null, number, number]> }>(
      '/v1/values',
      `${collectionOf()}&product=${product.id}&date=${clearDate}&layer=parcels&statistic=mean`,
    );
    const { features } = await answer<{
      features: { id: string; properties: { name: string | null }; geometry: { coordinates: unknown } }[];
    }>('/collections/parcels/items', 'limit=200');
    parcel = middleMost(
      features.filter(
        (feature) => typeof values[feature.id]?.[0] === 'number' && values[feature.id]![1] > 0.95,
      ),
      workspace.bbox!,
    );
  }, 600_000);

  afterAll(async () => {
    await browser?.close();
    await closeServer();
    if (screens !== undefined && process.env.UPDATE_SCREENS !== '1')
      await rm(screens, { recursive: true, force: true });
  });

  const collectionOf = () => `collection=${encodeURIComponent(workspace.collections[0]!.id)}`;

  async function answer<T>(path: string, query = ''): Promise<T> {
    const response = await fetch(`${url}${path}?${query}`, { headers: { accept: 'application/json' } });
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  }

  async function open(
    search: string,
    options: Parameters<Browser['newContext']>[0] = {},
  ): Promise<{ page: Page; context: BrowserContext }> {
    const context = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      colorScheme: 'light',
      ...options,
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning')
        troubles.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => troubles.push(`page: ${error.message}`));
    page.on('response', (response) => {
      if (response.status() >= 400) troubles.push(`${response.status()}: ${response.url()}`);
    });
    page.on('request', (request) => {
      const target = new URL(request.url());
      if (/^https?:$/.test(target.protocol) && target.origin !== new URL(url).origin)
        troubles.push(`elsewhere: ${request.url()}`);
    });
    await page.goto(`${url}/?${search}`);
    await settled(page);
    return { page, context };
  }

  /** The list is there and the map draws nothing more. */
  async function settled(page: Page): Promise<void> {
    await page.waitForFunction(
      () =>
        document.querySelector('.map-area')?.getAttribute('data-busy') === 'false' &&
        document.querySelector('.row .row-value') !== null,
      undefined,
      { timeout: 60_000 },
    );
    await page.waitForTimeout(500);
  }

  const atParcel = (zoom: number) =>
    `at=${parcel.center[0].toFixed(5)},${parcel.center[1].toFixed(5)},${zoom.toFixed(2)}`;

  /** Middle of the map in page pixels. */
  async function mapMiddle(page: Page): Promise<[number, number]> {
    const box = (await page.locator('.map canvas').boundingBox())!;
    return [box.x + box.width / 2, box.y + box.height / 2];
  }

  it('draws the product in the colours of its legend', async () => {
    const { page, context } = await open(`date=${clearDate}&product=${product.id}&${atParcel(14.5)}`);
    // Lines and labels take the rest.
    expect(await legendShare(page, product)).toBeGreaterThan(0.7);
    await context.close();
  });

  it('gives a pixel the colour of exactly the value that the server tells for it', async () => {
    const zoom = 16.5;
    const { page, context } = await open(`date=${clearDate}&product=${product.id}&${atParcel(zoom)}`);
    const [x, y] = await mapMiddle(page);
    const { data, info } = await sharp(await page.screenshot())
      .removeAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    let agreeing = 0;
    for (const [dx, dy] of OFFSETS) {
      const [lon, lat] = moved(parcel.center, zoom, dx, dy);
      const query = `${collectionOf()}&product=${product.id}&date=${clearDate}&lon=${lon}&lat=${lat}`;
      const { value } = await answer<{ value: number | null }>('/v1/pixel', query);
      const wanted = value === null ? null : rgbOf(colorAt(product, value));
      const at = (Math.round(y + dy) * info.width + Math.round(x + dx)) * 3;
      if (wanted?.every((channel, i) => Math.abs(channel - data[at + i]!) <= 6)) agreeing++;
    }
    // A map tile is sampled at its own pixels: one point in a few falls on the pixel beside.
    expect(agreeing).toBeGreaterThanOrEqual(Math.ceil(OFFSETS.length * 0.6));
    await context.close();
  });

  it('shows other pixels on another product, and still in the colours of that legend', async () => {
    const { products } = await answer<{ products: Product[] }>('/v1/products');
    const published = workspace.collections[0]!.products;
    const other = products.findLast(({ id }) => published.includes(id))!;
    const { page, context } = await open(`date=${clearDate}&product=${product.id}&${atParcel(14.5)}`);
    await page.locator('.bar select').last().selectOption(other.id);
    await settled(page);
    expect(new URL(page.url()).searchParams.get('product')).toBe(other.id);
    expect(await legendShare(page, other)).toBeGreaterThan(0.7);
    await context.close();
  });

  it('shows grades by their names, and why a field has its own', async () => {
    const { dates } = await answer<{ dates: { date: string }[] }>('/v1/dates', 'product=GROWTH');
    const { date } = dates[0]!;
    const query = `collection=season&product=GROWTH&date=${date}`;
    const { values } = await answer<{ values: Record<string, [number | null]> }>('/v1/values', query);
    const [id] = Object.entries(values).find(([, [grade]]) => grade === 1)!;
    const series = await answer<{ points: { reason: { zh: string } }[] }>(
      `/v1/parcels/${id}/series`,
      'product=GROWTH',
    );
    const { page, context } = await open(`product=GROWTH&place=${id}`);
    await settled(page);
    expect(await page.locator('.classes button').allTextContents()).toEqual([
      '差',
      '偏差',
      '持平',
      '偏好',
      '好',
    ]);
    expect(await page.locator('.reading strong').textContent()).toBe('差');
    expect(await page.locator('.sentence').textContent()).toContain(series.points[0]!.reason.zh);
    await page.locator('.classes button').first().click();
    expect(await page.locator('.classes button').first().getAttribute('aria-pressed')).toBe('true');
    await context.close();
  });

  it('draws 黑土 with real glyphs on a machine that has no Chinese font', async () => {
    const { page, context } = await open('');
    expect(await page.locator('.brand').textContent()).toContain('黑土');
    const inks = await page.evaluate(() => {
      const family = getComputedStyle(document.querySelector('.brand')!).fontFamily;
      const inkOf = (text: string, font: string) => {
        const canvas = document.createElement('canvas');
        canvas.width = canvas.height = 64;
        const context = canvas.getContext('2d')!;
        context.font = `48px ${font}`;
        context.fillText(text, 6, 50);
        return [...context.getImageData(0, 0, 64, 64).data].filter((_, i) => i % 4 === 3).join();
      };
      return {
        hei: inkOf('黑', family),
        tu: inkOf('土', family),
        box: inkOf('\u{2fa1d}', 'monospace'),
        heiWithoutOurs: inkOf('黑', 'monospace'),
        tuWithoutOurs: inkOf('土', 'monospace'),
      };
    });
    expect(inks.hei).toMatch(/[1-9]/);
    expect(inks.hei).not.toBe(inks.tu);
    expect([inks.hei, inks.tu]).not.toContain(inks.box);
    // Proof that the machine itself has no such font: without ours both are the same box.
    expect(inks.heiWithoutOurs).toBe(inks.tuWithoutOurs);
    await context.close();
  });

  it('opens the season curve of a parcel on a click, and goes to the date of a point', async () => {
    const { page, context } = await open(`date=${clearDate}&${atParcel(15.5)}`);
    await page.mouse.click(...(await mapMiddle(page)));
    await page.locator('.detail .chart .dot').first().waitFor();
    expect(await page.locator('.detail h2').innerText()).toBe(parcel.name);
    expect(new URL(page.url()).searchParams.get('place')).toBe(parcel.id);
    const text = await page.locator('.detail .reading').innerText();
    expect(text).toMatch(/[\d ]+像元/);
    expect(text).toMatch(/晴空 \d+ %/);
    const dots = page.locator('.detail .chart .dot');
    expect(await dots.count()).toBeGreaterThan(3);
    await dots.first().click({ force: true });
    await settled(page);
    expect(new URL(page.url()).searchParams.get('date')).not.toBe(clearDate);
    await context.close();
  });

  it('tells the value under the cursor', async () => {
    const { page, context } = await open(`date=${clearDate}&${atParcel(15.5)}`);
    await page.mouse.move(...(await mapMiddle(page)));
    await page.locator('.cursor .cursor-pixel b').waitFor();
    expect(await page.locator('.cursor .cursor-pixel b').innerText()).toMatch(/^−?\d+(\.\d+)?$/);
    expect(await page.locator('.cursor').innerText()).toContain(parcel.name);
    await context.close();
  });

  it('switches to English and back without losing the view', async () => {
    const { page, context } = await open(`date=${clearDate}&place=${parcel.id}`);
    expect(await page.locator('html').getAttribute('lang')).toBe('zh-CN');
    await page.locator('.language').click();
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    expect(await page.locator('.detail h3').innerText()).toBe('Season curve');
    const query = new URL(page.url()).searchParams;
    expect([query.get('lang'), query.get('date'), query.get('place')]).toEqual(['en', clearDate, parcel.id]);
    await page.goBack();
    expect(await page.locator('.detail h3').innerText()).toBe('季节曲线');
    await context.close();
  });

  it('steps through the dates with the arrow keys; back undoes a step', async () => {
    const { page, context } = await open(`date=${clearDate}`);
    await page.keyboard.press('ArrowLeft');
    await settled(page);
    const earlier = new URL(page.url()).searchParams.get('date')!;
    expect(earlier < clearDate).toBe(true);
    await page.goBack();
    expect(new URL(page.url()).searchParams.get('date')).toBe(clearDate);
    await context.close();
  });

  it('restores date, selection, position and opacity from a link alone', async () => {
    const { page, context } = await open(
      `date=${clearDate}&place=${parcel.id}&${atParcel(14.75)}&opacity=0.40`,
    );
    await page.locator('.detail .chart .dot').first().waitFor();
    const link = page.url();
    const again = await open(new URL(link).search.slice(1));
    await again.page.locator('.detail .chart .dot').first().waitFor();
    expect(again.page.url()).toBe(link);
    expect(await again.page.locator('.opacity output').innerText()).toBe('40 %');
    const [before, after] = await Promise.all(
      [page, again.page].map((one) => one.locator('.map canvas').screenshot()),
    );
    expect(await differingShare(before!, after!)).toBeLessThan(0.01);
    await context.close();
    await again.context.close();
  });

  it('shows the ground in true colour only while Space is held', async () => {
    const { page, context } = await open(`date=${clearDate}&${atParcel(14.5)}`);
    const product1 = await page.locator('.map canvas').screenshot();
    await page.keyboard.down('Space');
    await settled(page);
    const ground = await page.locator('.map canvas').screenshot();
    await page.keyboard.up('Space');
    await settled(page);
    const product2 = await page.locator('.map canvas').screenshot();
    // Panels lie over a good part of the canvas and stay.
    expect(await differingShare(product1, ground)).toBeGreaterThan(0.25);
    expect(await differingShare(product1, product2)).toBeLessThan(0.01);
    await context.close();
  });

  it('says what could not be read and claims nothing about the fields then; Retry mends it', async () => {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    const page = await context.newPage();
    const problem = { detail: 'the store is away', detailZh: '数据库不可用' };
    await page.route('**/v1/values*', (route) =>
      route.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
    );
    await page.goto(`${url}/?date=${clearDate}`);
    await page.locator('.list .failed').waitFor();
    expect(await page.locator('.list .failed').textContent()).toContain('数据库不可用');
    expect(await page.locator('.list').textContent()).not.toMatch(/晴空|无观测|中位数/);
    await page.unroute('**/v1/values*');
    await page.locator('.list .failed button').click();
    await page.locator('.row .row-value:not(.unknown)').first().waitFor();
    expect(await page.locator('.list .failed').count()).toBe(0);
    await context.close();
  });

  it('stays inside the screen on a phone, with targets a thumb can hit', async () => {
    const { page, context } = await open(`date=${clearDate}&place=${parcel.id}`, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
    });
    const found = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      small: [...document.querySelectorAll('.bar button, .controls button, .detail > header button')]
        .map((button) => button.getBoundingClientRect())
        .filter((box) => box.width > 0 && (box.width < 44 || box.height < 44)).length,
      outside: [...document.querySelectorAll('.detail *')].filter(
        (one) => one.getBoundingClientRect().right > 390.5,
      ).length,
    }));
    expect(found).toEqual({ width: 390, small: 0, outside: 0 });
    await context.close();
  });

  it('says that the data are simulated on every screen, in three sizes, two languages and two themes', async () => {
    for (const { name, width, height } of SIZES) {
      for (const [language, colorScheme] of LOOKS) {
        const { page, context } = await open(
          `date=${clearDate}&place=${parcel.id}${language === 'en' ? '&lang=en' : ''}`,
          {
            viewport: { width, height },
            colorScheme,
            hasTouch: name === 'phone',
          },
        );
        await page.locator('.detail .chart .dot').first().waitFor();
        await settled(page);
        // A drawn county says so wherever it is shown.
        expect(await page.locator('.ribbon:visible').count()).toBe(workspace.simulated ? 1 : 0);
        const file = join(screens, `viewer-${name}-${language}-${colorScheme}.png`);
        await sharp(await page.screenshot())
          .png({ palette: true, quality: 90, effort: 7 })
          .toFile(file);
        expect((await stat(file)).size).toBeLessThan(SCREEN_LIMIT_BYTES);
        await context.close();
      }
    }
  });

  it('has left the console clean and asked nobody but its own server', () => {
    expect(troubles).toEqual([]);
  });
});

/** The parcel whose middle lies nearest to the middle of the box. */
function middleMost(
  features: readonly {
    id: string;
    properties: { name: string | null };
    geometry: { coordinates: unknown };
  }[],
  [west, south, east, north]: readonly [number, number, number, number],
): Parcel {
  const parcels = features.map(({ id, properties, geometry }) => ({
    id,
    name: properties.name ?? id,
    center: shapeOf(geometry.coordinates)!.center,
  }));
  const distance = ({ center: [lon, lat] }: Parcel) =>
    Math.hypot(lon - (west + east) / 2, lat - (south + north) / 2);
  return parcels.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}

/** Positions around the middle of the map in px, away from the label in it. */
const OFFSETS = [-70, -45, 45, 70].flatMap((dx) => [-60, -35, 35, 60].map((dy) => [dx, dy] as const));

/** The position dx, dy screen pixels from a centre, on MapLibre's world of 512 × 2^zoom px. */
function moved(
  [lon, lat]: readonly [number, number],
  zoom: number,
  dx: number,
  dy: number,
): [number, number] {
  const world = 512 * 2 ** zoom;
  const y = (1 - Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI) / 2 + dy / world;
  return [lon + (dx / world) * 360, (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI];
}

function rgbOf(hex: string): number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}

/** Share of the map's middle (half its width and height) whose pixels lie on the line of legend colours. */
async function legendShare(page: Page, product: Product): Promise<number> {
  const box = (await page.locator('.map canvas').boundingBox())!;
  const clip = {
    x: box.x + box.width / 4 + 120,
    y: box.y + box.height / 6,
    width: box.width / 2,
    height: box.height / 3,
  };
  const { data, info } = await sharp(await page.screenshot({ clip }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const ramp = rampColors(product);
  let on = 0;
  for (let i = 0; i < data.length; i += 3) {
    if (
      ramp.some(
        ([r, g, b]) =>
          Math.max(Math.abs(data[i]! - r), Math.abs(data[i + 1]! - g), Math.abs(data[i + 2]! - b)) <= 6,
      )
    )
      on++;
  }
  return on / (info.width * info.height);
}

/** The legend's colours with 32 steps between neighbours. */
function rampColors(product: Product): (readonly [number, number, number])[] {
  const stops = product.legend.map(({ color }) => rgbOf(color));
  return stops.slice(0, -1).flatMap((from, i) =>
    Array.from({ length: 33 }, (_, step) => {
      const mix = (channel: number) =>
        from[channel]! + ((stops[i + 1]![channel]! - from[channel]!) * step) / 32;
      return [mix(0), mix(1), mix(2)] as const;
    }),
  );
}

/** Share of pixels that differ visibly between two pictures of one size. */
async function differingShare(a: Buffer, b: Buffer): Promise<number> {
  const [one, two] = await Promise.all(
    [a, b].map((picture) => sharp(picture).removeAlpha().raw().toBuffer()),
  );
  expect(one!.length).toBe(two!.length);
  let differing = 0;
  for (let i = 0; i < one!.length; i += 3) {
    if ([0, 1, 2].some((channel) => Math.abs(one![i + channel]! - two![i + channel]!) > 8)) differing++;
  }
  return (differing * 3) / one!.length;
}
