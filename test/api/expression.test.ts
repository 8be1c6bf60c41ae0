import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problem } from '../../api/contract/common.ts';
import { expressionPixel } from '../../api/contract/products.ts';
import { closeRasters } from '../../pipeline/read/raster-cache.ts';
import { type AssetRow, assetsOn } from '../../pipeline/store/asset.ts';
import { publishScene } from '../../pipeline/store/run.ts';
import { writeCog } from '../../pipeline/write/cog.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import {
  appParts,
  COLLECTION,
  countAt,
  DATE,
  fillWorkspace,
  GRID,
  LATER,
  listen,
  placeOf,
  SCENES,
} from './small-workspace.ts';

const folder = await temporaryFolder();
let service: Awaited<ReturnType<typeof listen>>;
let store: Awaited<ReturnType<typeof fillWorkspace>>;

/** EVI2 count of a pixel: none in the last 20 columns, where NDVI has a value. */
function evi2At(col: number, row: number): number {
  return col >= GRID.width - 20 ? -32_768 : 2000 + ((col * 3 + row * 5) % 3000);
}

beforeAll(async () => {
  store = await fillWorkspace(folder);
  const scene = SCENES[0]!;
  const kept: AssetRow[] = [];
  for (const product of ['NDVI', 'QUALITY'])
    kept.push(...(await assetsOn(store, { collection: COLLECTION, product, date: DATE })));
  const path = join('cogs', scene.id, 'EVI2.tif');
  const data = Int16Array.from({ length: GRID.width * GRID.height }, (_, i) =>
    evi2At(i % GRID.width, Math.floor(i / GRID.width)),
  );
  const written = await writeCog(join(folder, path), {
    grid: GRID,
    bands: [{ data, description: 'EVI2', scale: 0.0001, offset: 0 }],
    ...{ nodata: -32_768, compress: 'deflate', resampling: 'average', metadata: {} },
  });
  const asset = { sceneId: scene.id, product: 'EVI2', path, ...written, epsg: 4551, bbox: scene.bbox };
  const run = { id: 'run-2', sceneId: scene.id, version: 'test', backend: 'cpu', parameters: {} };
  await publishScene(store, {
    run: { ...run, startedAt: '2024-08-21T00:00:00.000Z', finishedAt: '2024-08-21T00:01:00.000Z' },
    clearFraction: 0.96,
    assets: [...kept, asset],
    observations: [],
  });
  service = await listen(appParts(store, folder));
}, 120_000);

afterAll(async () => {
  await service.close();
  await closeRasters();
  await store.close();
});

const DIFFERENCE = '(NDVI - EVI2)/(NDVI + EVI2)';

function pixelUrl(expression: string, col: number, row: number, more = ''): string {
  const [lon, lat] = placeOf(col + 0.5, row + 0.5);
  const query = `lon=${lon}&lat=${lat}&date=${DATE}&collection=${COLLECTION}${more}`;
  return `${service.url}/v1/expression/pixel?${query}&expression=${encodeURIComponent(expression)}`;
}

async function pixel(expression: string, col: number, row: number) {
  const answer = await fetch(pixelUrl(expression, col, row));
  expect(answer.status).toBe(200);
  return expressionPixel.parse(await answer.json());
}

/** The tile of zoom 14 that a pixel is on, and where on it. */
function tileOf(col: number, row: number, z = 15) {
  const [lon, lat] = placeOf(col + 0.5, row + 0.5);
  const n = 2 ** z;
  const x = ((lon + 180) / 360) * n;
  const y = ((1 - Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) / Math.PI) / 2) * n;
  return {
    z,
    x: Math.floor(x),
    y: Math.floor(y),
    left: Math.floor((x % 1) * 256),
    top: Math.floor((y % 1) * 256),
  };
}

function tileUrl(
  expression: string,
  { z, x, y }: { z: number; x: number; y: number },
  more = '',
  date = DATE,
) {
  return `${service.url}/v1/expression/${COLLECTION}/${date}/${z}/${x}/${y}.png?expression=${encodeURIComponent(expression)}${more}`;
}

describe('an expression under a point', () => {
  it('is computed from the published values there', async () => {
    for (const [col, row] of [
      [150, 100],
      [200, 37],
      [71, 199],
    ] as const) {
      const [ndvi, evi2] = [countAt(col, row) / 10_000, evi2At(col, row) / 10_000];
      const found = await pixel(DIFFERENCE, col, row);
      expect(found.value).toBeCloseTo((ndvi - evi2) / (ndvi + evi2), 5);
      expect(found.variables).toEqual({ NDVI: ndvi, EVI2: evi2 });
      expect(found).toMatchObject({ scene: SCENES[0]!.id, datetime: '2024-07-14T02:32:05.000Z' });
    }
  });

  it('has no value where one of its products has none, even when the formula would', async () => {
    const found = await pixel('NDVI*0 + EVI2**0', 290, 100);
    expect(found.value).toBeNull();
    expect(found.variables).toMatchObject({ EVI2: null });
    expect(found.variables.NDVI).not.toBeNull();
  });

  it('has no value where nothing was published, nor where it divides by nothing', async () => {
    expect(await pixel(DIFFERENCE, 1000, 1000)).toEqual({
      value: null,
      variables: {},
      scene: null,
      datetime: null,
    });
    expect((await pixel('NDVI/(EVI2 - EVI2)', 150, 100)).value).toBeNull();
  });
});

describe('a tile of an expression', () => {
  it('shows the value of each pixel in the colours asked for', async () => {
    const place = tileOf(150, 100);
    const answer = await fetch(tileUrl('NDVI + EVI2*2', place, '&min=0&max=2&palette=gray'));
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('image/png');
    const picture = sharp(Buffer.from(await answer.arrayBuffer()))
      .ensureAlpha()
      .raw();
    const { data, info } = await picture.toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([256, 256]);
    const at = (place.top * 256 + place.left) * 4;
    const value = (countAt(150, 100) + 2 * evi2At(150, 100)) / 10_000;
    const level = Math.round((254 * value) / 2);
    // Black is 0 and white is 254 steps on, so that step n is the level 255 n / 254.
    expect(data[at]).toBeCloseTo((level * 255) / 254, -0.5);
    expect(data[at + 3]).toBe(255);
  });

  it('is transparent under cloud', async () => {
    const place = tileOf(20, 20);
    const answer = await fetch(tileUrl('NDVI', place));
    const { data } = await sharp(Buffer.from(await answer.arrayBuffer()))
      .ensureAlpha()
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(data[(place.top * 256 + place.left) * 4 + 3]).toBe(0);
  });

  it('is transparent beside all imagery', async () => {
    const answer = await fetch(tileUrl('NDVI', { z: 3, x: 0, y: 0 }));
    const stats = await sharp(Buffer.from(await answer.arrayBuffer()))
      .ensureAlpha()
      .stats();
    expect(stats.channels[3]!.max).toBe(0);
  });

  it('is not sent again to who has it, and has another tag for every formula, range, palette and day', async () => {
    const place = tileOf(150, 100);
    const tagOf = async (url: string) => (await fetch(url)).headers.get('etag');
    const tags = await Promise.all([
      ...['NDVI', 'EVI2', 'NDVI*1'].map((text) => tagOf(tileUrl(text, place))),
      ...['&min=0', '&max=0.9', '&palette=water'].map((more) => tagOf(tileUrl('NDVI', place, more))),
      tagOf(tileUrl('NDVI', place, '', LATER)),
    ]);
    expect(tags).not.toContain(null);
    expect(new Set(tags).size).toBe(tags.length);
    const again = await fetch(tileUrl('NDVI', place), {
      // Without this, fetch asks for the whole answer whatever it has.
      headers: { 'If-None-Match': tags[0]!, 'Cache-Control': 'max-age=0' },
    });
    expect(again.status).toBe(304);
  });

  it('of a product that was not published that day is not there', async () => {
    const answer = await fetch(tileUrl(DIFFERENCE, tileOf(150, 100), '', LATER));
    expect(answer.status).toBe(404);
    expect(problem.parse(await answer.json()).code).toBe('E_NOT_FOUND');
  });

  it.each([
    '&min=1&max=1',
    '&min=2&max=1',
    '&min=1e9',
    '&min=NaN',
    '&palette=red',
    '&colour=1',
    '&max=1&max=2',
  ])('with %s is refused', async (more) => {
    const answer = await fetch(tileUrl('NDVI', tileOf(150, 100), more));
    expect(answer.status).toBe(400);
    expect(problem.parse(await answer.json()).code).toMatch(/^E_PARAMETER_/);
  });
});

/** Text, and where in it the first thing is that is wrong (from 1); undefined where that is no one place. */
const HOSTILE: readonly (readonly [text: string, column: number | undefined])[] = [
  ['', 1],
  ['NDVI +', 7],
  ['NDVI + XYZ', 8],
  ['XNDVI + NDVI + X', 1],
  ['NDVI) + 1', 5],
  ['(NDVI', 6],
  ['NDVI NDVI', 6],
  ['1 + 2', 1],
  ['alert(1)', 1],
  ['NDVI.constructor', 5],
  ['NDVI; DROP TABLE place', 5],
  ["NDVI' OR '1'='1", 5],
  ['constructor', 1],
  ['__proto__', 1],
  ['process.exit(1)', 8],
  ['NDVI => NDVI', 6],
  ['`NDVI`', 1],
  ['NDVI[0]', 5],
  ['ＮＤＶＩ', 1],
  ['NDVI\u0000', 5],
  ['min(NDVI)', 1],
  ['NDVI + 1e99', 8],
  ['田'.repeat(100), 1],
  [`${'('.repeat(200)}NDVI${')'.repeat(200)}`, undefined],
  [`${'-'.repeat(300)}NDVI`, undefined],
  [`${'NDVI**'.repeat(100)}NDVI`, undefined],
];

describe('an expression that is none', () => {
  it.each(HOSTILE)('%j is refused with its code and the column', async (text, column) => {
    for (const url of [pixelUrl(text, 150, 100), tileUrl(text, tileOf(150, 100))]) {
      const answer = await fetch(url);
      expect(answer.status).toBe(400);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
      const found = problem.parse(await answer.json());
      expect(found.code).toBe('E_FORMULA_SYNTAX');
      expect(found.column).toBe(column);
    }
  });

  it('of more than 1000 characters, or more than 200 operations, is refused', async () => {
    const long = await fetch(tileUrl(`${'NDVI+'.repeat(250)}NDVI`, tileOf(150, 100)));
    expect([long.status, problem.parse(await long.json()).code]).toEqual([400, 'E_PARAMETER_INVALID']);
    // Every term is another one, as equal parts are computed once; a balanced tree is not deep.
    let terms = Array.from({ length: 64 }, (_, i) => `1/(NDVI+${i})`);
    while (terms.length > 1)
      terms = terms.flatMap((term, i) => (i % 2 === 0 ? [`(${term}+${terms[i + 1]})`] : []));
    const costly = await fetch(tileUrl(terms[0]!, tileOf(150, 100)));
    expect(costly.status).toBe(400);
    expect(problem.parse(await costly.json()).detail).toMatch(/\d{3} operations are too many, at most 200/);
  });

  it('is told of in linear time: twice the text takes at most 2.5 times as long', async () => {
    const { parseExpression } = await import('../../pipeline/read/expression.ts');
    const timeOf = (terms: number) => {
      const text = `${'NDVI+'.repeat(terms)}?`;
      const runs = Array.from({ length: 30 }, () => {
        const started = performance.now();
        for (let i = 0; i < 20; i++) expect(() => parseExpression(text, ['NDVI'])).toThrow();
        return performance.now() - started;
      });
      return Math.min(...runs);
    };
    timeOf(100);
    const [once, twice] = [timeOf(100), timeOf(200)];
    expect(twice / once).toBeLessThan(2.5);
  });
});
