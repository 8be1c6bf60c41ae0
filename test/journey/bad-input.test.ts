import { copyFile, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCounty } from '../../fixtures/make/county.ts';
import { writeCog } from '../../pipeline/write/cog.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { heitu, type Ran } from '../helpers/terminal.ts';

const folder = await temporaryFolder();
const workspace = join(folder, 'workspace');
const good = join(folder, 'good.tif');
const county = join(folder, 'county');

const GRID = { width: 64, height: 64, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 4551 } as const;

async function raster(path: string, bandNames: readonly string[], epsg: number | null = 4551): Promise<void> {
  const bands = bandNames.map((description, i) => ({
    data: new Uint16Array(64 * 64).fill(400 + 900 * i),
    description,
  }));
  await writeCog(path, {
    grid: { ...GRID, epsg },
    bands,
    nodata: 0,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
}

beforeAll(async () => {
  await raster(good, ['blue', 'green', 'red', 'nir']);
  await raster(join(folder, 'three.tif'), ['blue', 'green', 'red']);
  await raster(join(folder, 'nowhere.tif'), ['blue', 'green', 'red', 'nir'], null);
  await copyFile(good, join(folder, 'cut.tif'));
  await truncate(join(folder, 'cut.tif'), 700);
  await writeFile(join(folder, 'letter.tif'), 'Dear Sir, this is no picture.');
  await mkdir(join(folder, 'empty'));
  await makeCounty(county, { width: 64, height: 64, dates: 2 });
});

/** One line of `E_CODE: what, where, what to do`, and no stack. */
function expectOneLine(ran: Ran, code: string, about: string): void {
  const lines = ran.err.split('\n').filter((line) => line.startsWith('E_'));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(new RegExp(`^${code}: `));
  expect(lines[0]).toContain(about);
  expect(lines[0]).toContain('; ');
  expect(ran.err).not.toMatch(/\n\s+at /);
}

describe('a command on a bad file', () => {
  const index = (file: string, ...more: string[]) =>
    heitu(['index', join(folder, file), '--index', 'NDVI', '--out', join(folder, 'out'), ...more]);

  it.each([
    ['three.tif', 'E_BAND_MISSING', 'N', 1],
    ['nowhere.tif', 'E_CRS_UNKNOWN', 'nowhere.tif', 1],
    ['cut.tif', 'E_TIFF_DAMAGED', 'cut.tif', 1],
    ['letter.tif', 'E_NOT_TIFF', 'letter.tif', 1],
    ['missing.tif', 'E_FILE_MISSING', 'missing.tif', 1],
  ])('index %s says %s', async (file, code, about, exit) => {
    const ran = await index(file);
    expectOneLine(ran, code, about);
    expect(ran.code).toBe(exit);
  });

  it('goes on with the rest after a bad one', async () => {
    const ran = await heitu([
      'index',
      join(folder, 'letter.tif'),
      good,
      join(folder, 'cut.tif'),
      '--out',
      join(folder, 'rest'),
    ]);
    expect(ran.code).toBe(1);
    expect(await readdir(join(folder, 'rest'))).toEqual(['good_NDVI.tif']);
  });

  it('leaves no half file behind', async () => {
    await index('cut.tif');
    const names = await readdir(join(folder, 'out')).catch(() => []);
    expect(names.filter((name) => name.startsWith('cut'))).toEqual([]);
  });

  it.each([
    [['index', 'x.tif', '--index', 'NDXI', '--out', 'o'], 'E_INDEX_UNKNOWN', 'NDXI'],
    [['index', 'x.tif', '--bands', 'Q=1', '--out', 'o'], 'E_PARAMETER_INVALID', 'Q'],
    [['index', 'x.tif', '--scale', 'much', '--out', 'o'], 'E_PARAMETER_INVALID', '--scale'],
    [['index', '--out', 'o'], 'E_USAGE', 'give a file'],
    [
      ['index', '--bands', 'N=a.tif,R=b.tif', '--name', '../x', '--out', 'o'],
      'E_PARAMETER_INVALID',
      '--name',
    ],
    [['stats', 'a.tif'], 'E_USAGE', 'one raster'],
    [['stats', 'a.tif', 'b.geojson', '--rule', 'round'], 'E_PARAMETER_INVALID', '--rule'],
    [['fly'], 'E_USAGE', 'fly'],
    [['index', '--colour', 'red'], 'E_USAGE', '--colour'],
  ])('heitu %s is refused as a wrong request', async (argv, code, about) => {
    const ran = await heitu(argv);
    expectOneLine(ran, code, about);
    expect(ran.code).toBe(2);
  });

  it('speaks Chinese to who asked for it', async () => {
    const ran = await heitu(['inspect', join(folder, 'letter.tif')], { language: 'zh' });
    expect(ran.code).toBe(1);
    const error = await heitu(['index', join(folder, 'three.tif'), '--out', join(folder, 'out')], {
      language: 'zh',
    });
    expect(error.err).toContain('缺少波段 N');
  });
});

describe('inspect', () => {
  it('prints one object a file, good or bad, and goes on', async () => {
    const ran = await heitu(['inspect', '--json', join(folder, 'letter.tif'), good, join(folder, 'cut.tif')]);
    const [letter, image, cut] = ran.json();
    expect(ran.code).toBe(1);
    expect(letter).toMatchObject({ ok: false, error: { code: 'E_NOT_TIFF' } });
    expect(cut).toMatchObject({ ok: false, error: { code: 'E_TIFF_DAMAGED' } });
    expect(image).toMatchObject({
      ok: true,
      error: null,
      width: 64,
      height: 64,
      bandCount: 4,
      dtype: 'uint16',
      epsg: 4551,
      nodata: 0,
      cog: true,
      transform: GRID.transform,
    });
    expect(image).toMatchObject({
      bands: [
        { name: 'blue', validCount: 4096, min: 400, max: 400, mean: 400 },
        {},
        {},
        { name: 'nir', mean: 3100 },
      ],
    });
  });
});

describe('a delivery that is wrong', () => {
  const ingest = (...paths: string[]) => heitu(['ingest', ...paths, '--workspace', workspace, '--json']);

  it('is quarantined with its reason while the rest of the batch goes on', async () => {
    const mixed = join(folder, 'mixed');
    await mkdir(mixed);
    const [first] = await readdir(join(county, 'deliveries'));
    const files = await readdir(join(county, 'deliveries', first!));
    for (const file of files) await copyFile(join(county, 'deliveries', first!, file), join(mixed, file));
    await copyFile(
      join(folder, 'letter.tif'),
      join(mixed, 'JL1GF02B_PMS1_20240504102313_200341375_101_9999_001_L1_MSS.tif'),
    );
    await copyFile(good, join(mixed, 'holiday.tif'));
    const ran = await ingest(join(folder, 'empty'), join(folder, 'not-there'), mixed);
    const verdicts = ran
      .json()
      .map((row) => [row.verdict, (row.error as { code: string } | null)?.code ?? null]);
    expect(verdicts).toEqual([
      ['quarantined', 'E_FOLDER_EMPTY'],
      ['quarantined', 'E_FILE_MISSING'],
      ['accepted', null],
      ['quarantined', 'E_META_MISSING'],
      ['quarantined', 'E_NAME_GRAMMAR'],
    ]);
    expect(ran.code).toBe(1);
    expect(await readdir(join(workspace, 'quarantine'))).toHaveLength(4);
    const log = (await readFile(join(workspace, 'log', 'ingest.jsonl'), 'utf8')).trim().split('\n');
    expect(log.map((line) => (JSON.parse(line) as { verdict: string }).verdict)).toHaveLength(5);
  });

  it('given twice changes nothing and says so', async () => {
    const ran = await ingest(join(county, 'deliveries'));
    expect(ran.json().map((row) => row.verdict)).toEqual(['duplicate', 'accepted']);
    expect((await ingest(join(county, 'deliveries'))).json().map((row) => row.verdict)).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });

  it('with the name of a known scene and other pixels is a conflict, not a replacement', async () => {
    const [first] = await readdir(join(county, 'deliveries'));
    const other = join(folder, 'other', first!);
    await mkdir(other, { recursive: true });
    for (const file of await readdir(join(county, 'deliveries', first!)))
      await copyFile(join(county, 'deliveries', first!, file), join(other, file));
    const image = (await readdir(other)).find((name) => name.endsWith('_MSS.tif'))!;
    const bytes = await readFile(join(other, image));
    bytes[bytes.length - 9]! ^= 1;
    await writeFile(join(other, image), bytes);
    const ran = await ingest(other);
    expect(ran.json()[0]).toMatchObject({ verdict: 'quarantined', error: { code: 'E_SCENE_CONFLICT' } });
  });
});

describe('parcels that are wrong', () => {
  const square = (x: number, y: number, size = 1e-4) => [
    [
      [x, y],
      [x + size, y],
      [x + size, y + size],
      [x, y + size],
      [x, y],
    ],
  ];
  const collection = (...rings: number[][][][]) =>
    JSON.stringify({
      type: 'FeatureCollection',
      features: rings.map((coordinates, i) => ({
        type: 'Feature',
        id: `p${i}`,
        properties: {},
        geometry: { type: 'Polygon', coordinates },
      })),
    });

  it('outside the image are an error of their own', async () => {
    await writeFile(join(folder, 'far.geojson'), collection(square(10, 50)));
    const ran = await heitu(['stats', good, join(folder, 'far.geojson')]);
    expectOneLine(ran, 'E_OUTSIDE_IMAGE', 'far.geojson');
    expect(ran.code).toBe(1);
  });

  it('that cross themselves are named while the others are counted', async () => {
    const bow = [
      [
        [126.2, 44],
        [126.2002, 44.0002],
        [126.2002, 44],
        [126.2, 44.0002],
        [126.2, 44],
      ],
    ];
    await writeFile(join(folder, 'bow.geojson'), collection(bow, square(126.2, 43.9985)));
    const ran = await heitu(['stats', good, join(folder, 'bow.geojson'), '--json']);
    expectOneLine(ran, 'E_VECTOR_INVALID', 'p0');
    expect(ran.json()).toHaveLength(1);
    expect(ran.code).toBe(1);
    const imported = await heitu([
      'parcels',
      'import',
      join(folder, 'bow.geojson'),
      '--workspace',
      workspace,
      '--json',
    ]);
    expect(imported.json()[0]).toMatchObject({ added: 1, refused: 1 });
    expect(imported.code).toBe(1);
  });

  it.each([
    ['no JSON at all', '{'],
    ['no shapes', '{"type":"FeatureCollection","features":[]}'],
    ['something else', '[1,2]'],
  ])('with %s are refused', async (_what, text) => {
    await writeFile(join(folder, 'odd.geojson'), text);
    const ran = await heitu(['parcels', 'import', join(folder, 'odd.geojson'), '--workspace', workspace]);
    expectOneLine(ran, 'E_VECTOR_INVALID', 'odd.geojson');
    expect(ran.code).toBe(1);
  });
});
