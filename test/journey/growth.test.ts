import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCounty } from '../../fixtures/make/county.ts';
import { makeLandscape } from '../../fixtures/make/landscape/landscape.ts';
import { makeEvents } from '../../fixtures/make/season/events.ts';
import { makeSeason } from '../../fixtures/make/season/season.ts';
import { lossAt } from '../../fixtures/make/season/yield.ts';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { readSeason } from '../../pipeline/jobs/season.ts';
import { readTable } from '../../pipeline/models/csv.ts';
import { featuresOf } from '../../pipeline/season/features.ts';
import { dayNumber, valueOn } from '../../pipeline/series/axis.ts';
import { openStore, type Store } from '../../pipeline/store/open.ts';
import { appParts, listen } from '../api/small-workspace.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { heitu } from '../helpers/terminal.ts';

/** The whole simulated county, at 6 m instead of 3 so that it takes a quarter of the time. */
const SIZE = { width: 768, height: 768, resolution: 6 };
const EDGE = SIZE.width * SIZE.resolution;
/** Four days after the hail, sixteen into the pest; the county is all clear. */
const DAY = '2024-07-28';

const folder = await temporaryFolder();
const workspace = join(folder, 'workspace');
const at = ['--workspace', workspace];
const csvFile = join(folder, 'growth.csv');
let truth: Truth;
let store: Store;
let growth: Record<string, unknown>;
let text: string;

interface Truth {
  readonly dates: readonly string[];
  readonly parcels: readonly {
    readonly code: string;
    readonly crop: string;
    readonly startOfSeason: string;
    readonly yieldKgHa: number;
    readonly ndvi: readonly number[];
    readonly damage: readonly number[];
  }[];
}

async function run(...argv: readonly string[]) {
  const ran = await heitu([...argv, ...at]);
  expect(ran.code, ran.err).toBe(0);
  return ran;
}

beforeAll(async () => {
  const county = join(folder, 'county');
  await makeCounty(county, SIZE);
  truth = JSON.parse(await readFile(join(county, 'truth.json'), 'utf8')) as Truth;
  await run('ingest', join(county, 'deliveries'));
  await run('parcels', 'import', join(county, 'parcels.geojson'));
  await run('parcels', 'import', join(county, 'regions.geojson'), '--layer', 'region');
  await run('process', '--product', 'NDVI');
  const span = ['product', 'growth', '--from', '2024-05-01', '--to', '2024-07-31'];
  const [json] = (await run(...span, '--csv', csvFile, '--json')).json();
  growth = json!;
  text = (await run(...span)).out;
  store = await openStore({ workspace, databaseUrl: null });
}, 300_000);

afterAll(() => store?.close());

/** Rows of a CSV by their first column. */
async function rowsOf(file: string): Promise<Map<string, Record<string, string>>> {
  const { header, rows } = readTable(await readFile(file, 'utf8'), file);
  return new Map(
    rows.map((cells) => [cells[0]!, Object.fromEntries(header.map((name, i) => [name, cells[i]!]))]),
  );
}

describe('growth of the simulated county', () => {
  it('finds the fields that hail and pest hit, and leaves the others alone', async () => {
    const rows = await rowsOf(csvFile);
    const landscape = makeLandscape(1, EDGE, EDGE);
    const season = makeSeason(1, 2024, landscape);
    const events = makeEvents(1, landscape, season);
    const doy = dayNumber(DAY) - dayNumber('2024-01-01') + 1;
    // A field is half hit when at least half of the points spread over it lie where leaves are lost.
    const halfHit = landscape.parcels.filter(({ samples }, i) => {
      const { crop } = season.fields[i]!;
      const hits = samples.filter(([x, y]) => lossAt(events, crop, doy, x, y).leaf > 0.001);
      return 2 * hits.length >= samples.length;
    });
    const grades = (codes: readonly string[]) => codes.flatMap((code) => rows.get(code)!.grade || []);
    const share = (found: readonly string[]) => found.filter((grade) => grade === '1').length / found.length;
    const hit = grades(halfHit.map(({ code }) => code));
    const untouched = grades(
      truth.parcels.filter(({ damage }) => Math.max(...damage) === 0).map(({ code }) => code),
    );
    console.log(
      `growth ${DAY}: ${halfHit.length} fields half hit, ${hit.length} graded, ${(100 * share(hit)).toFixed(1)} % 差; ` +
        `${untouched.length} untouched graded, ${(100 * share(untouched)).toFixed(1)} % 差`,
    );
    expect(hit.length).toBeGreaterThan(20);
    expect(share(hit)).toBeGreaterThanOrEqual(0.9);
    expect(untouched.length).toBeGreaterThan(600);
    expect(share(untouched)).toBeLessThan(0.08);
  });

  it('draws lines that follow the true NDVI and start when the season does', async () => {
    const span = {
      from: '2024-04-20',
      to: '2024-10-10',
      region: null,
      product: 'NDVI',
      collection: null,
    } as const;
    const data = await readSeason(store, span, 'yield', false);
    const byCode = new Map(truth.parcels.map((one) => [one.code, one]));
    const [seen, hidden, starts]: number[][] = [[], [], []];
    for (const place of data.places) {
      const known = byCode.get(place.id)!;
      const curve = place.seasons.get(2024);
      if (curve === undefined) continue;
      for (const [i, date] of truth.dates.entries()) {
        const day = dayNumber(date);
        const value = valueOn(curve.axis, curve.values, day);
        if (!Number.isFinite(value)) continue;
        (curve.looks.days.includes(day) ? seen! : hidden!).push(value - known.ndvi[i]!);
      }
      const { start } = featuresOf(curve, known.crop, 2024).values;
      if (Number.isFinite(start))
        starts!.push(start - (dayNumber(known.startOfSeason) - dayNumber('2024-01-01') + 1));
    }
    const rmse = (errors: readonly number[]) =>
      Math.sqrt(errors.reduce((sum, one) => sum + one * one, 0) / errors.length);
    const within = starts!.filter((days) => Math.abs(days) <= 5).length / starts!.length;
    console.log(
      `smooth lines: RMSE ${rmse(seen!).toFixed(4)} on ${seen!.length} seen and ${rmse(hidden!).toFixed(4)} on ${hidden!.length} hidden dates, ` +
        `λ ${JSON.stringify(data.lambdas)}; start of season within 5 days in ${(100 * within).toFixed(1)} % of ${starts!.length} of ${data.places.length} fields`,
    );
    expect(rmse(seen!)).toBeLessThan(0.02);
    expect(rmse(hidden!)).toBeLessThan(0.045);
    expect(starts!.length).toBeGreaterThan(300);
    expect(within).toBeGreaterThan(0.95);
  });

  it('prints a table by township whose areas add up, and says what it stands on', () => {
    const regions = growth.regions as {
      region: string | null;
      name: string | null;
      areaMu: number;
      gradedMu: number;
      insufficientMu: number;
      grades: { areaMu: number; lowMu: number; highMu: number }[];
    }[];
    expect(growth).toMatchObject({ item: `growth-${DAY}`, date: DAY, rule: 'growth-2025.1' });
    const all = regions.at(-1)!;
    expect(all.region).toBeNull();
    const sum = (of: (row: (typeof regions)[number]) => number) =>
      regions.slice(0, -1).reduce((total, row) => total + of(row), 0);
    expect(sum((row) => row.areaMu)).toBeCloseTo(all.areaMu, 0);
    for (const row of regions) {
      expect(row.gradedMu + row.insufficientMu).toBeCloseTo(row.areaMu, 0);
      expect(row.grades.reduce((total, one) => total + one.areaMu, 0)).toBeCloseTo(row.gradedMu, 0);
      for (const { areaMu, lowMu, highMu } of row.grades)
        expect(lowMu <= areaMu && areaMu <= highMu).toBe(true);
    }
    expect(regions.slice(0, -1).every(({ name }) => /[\u4e00-\u9fff]/.test(name ?? ''))).toBe(true);
    expect(text).toContain(regions[0]!.name);
    expect(text).toMatch(/growth on 2024-07-28, rules growth-2025\.1/);
  });

  it('writes a map of classes that other programs read, and whose pixels agree with the fields', async () => {
    const path = join(workspace, growth.map as string);
    const info = execFileSync('gdalinfo', [path], { encoding: 'utf8' });
    expect(info).toContain('CLASSES=1=差 poor; 2=偏差 below; 3=持平 level; 4=偏好 above; 5=好 good');
    expect(info).toMatch(/Type=Byte/);
    expect(info).toMatch(/NoData Value=0/);
    expect(info).toContain('LAYOUT=COG');
    const raster = await openRaster(path);
    const { width, height } = raster.info;
    const [pixels] = await raster.read([1], { col: 0, row: 0, width, height });
    await raster.close();
    const counts = [0, 0, 0, 0, 0, 0];
    for (const grade of pixels as Uint8Array) counts[grade]! += 1;
    const graded = counts.slice(1).reduce((sum, one) => sum + one, 0);
    const mapped = (graded * SIZE.resolution ** 2 * 3) / 2000;
    const { gradedMu } = (growth.regions as { gradedMu: number }[]).at(-1)!;
    expect(Math.abs(mapped - gradedMu) / gradedMu).toBeLessThan(0.1);
    expect(counts[3]! / graded).toBeGreaterThan(0.6);
    expect(counts[1]! / graded).toBeLessThan(0.2);
  });

  it('is the same run, map and figures when it is asked for again', async () => {
    const again = await run('product', 'growth', '--from', '2024-05-01', '--to', '2024-07-31', '--json');
    expect(again.json()).toEqual([growth]);
  });

  it('is answered by the API like any product, with the reason of each grade', async () => {
    const { url, close } = await listen(appParts(store, workspace));
    try {
      const json = async (path: string) =>
        (await (await fetch(`${url}${path}`)).json()) as Record<string, unknown>;
      const products = (await json('/v1/products')).products as { id: string; classes: unknown }[];
      expect(products.find(({ id }) => id === 'GROWTH')).toMatchObject({
        classes: [{ zh: '差' }, { zh: '偏差' }, { zh: '持平' }, { zh: '偏好' }, { zh: '好' }],
      });
      expect((await json('/v1/workspace')).collections).toMatchObject([
        { id: 'jl1-demo' },
        { id: 'season', title: { zh: '季节产品' }, products: ['GROWTH'] },
      ]);
      const query = 'collection=season&product=GROWTH';
      expect((await json(`/v1/dates?${query}`)).dates).toMatchObject([
        { date: DAY, scenes: [`growth-${DAY}`] },
      ]);
      const rows = await rowsOf(csvFile);
      const [poor] = [...rows.values()].filter(({ grade }) => grade === '1');
      const values = (await json(`/v1/values?${query}&date=${DAY}`)).values as Record<string, number[]>;
      expect(values[poor!.parcel!]![0]).toBe(1);
      const { points } = (await json(`/v1/parcels/${poor!.parcel}/series?product=GROWTH`)) as {
        points: unknown[];
      };
      expect(points).toMatchObject([{ value: 1, reason: { code: 'peers', zh: poor!.reason_zh } }]);
      expect((await json(`/collections/scenes/items/growth-${DAY}`)).type).toBe('Feature');
      const tile = await fetch(`${url}/v1/maps/season/GROWTH/${DAY}/12/3477/1484.png`);
      expect(tile.headers.get('content-type')).toBe('image/png');
    } finally {
      await close();
    }
  });

  it('refuses a span over two years, one without imagery, and a region without parcels', async () => {
    const ask = (...more: string[]) => heitu(['product', 'growth', ...more, ...at]);
    const two = await ask('--from', '2023-12-01', '--to', '2024-05-01');
    expect([two.code, two.err]).toEqual([2, expect.stringContaining('E_PARAMETER_INVALID')]);
    const none = await ask('--from', '2024-01-01', '--to', '2024-02-01');
    expect([none.code, none.err]).toEqual([2, expect.stringContaining('E_NOT_FOUND')]);
    const far = await ask('--from', '2024-05-01', '--to', '2024-07-31', '--region', '99');
    expect([far.code, far.err]).toEqual([2, expect.stringContaining('E_NOT_FOUND')]);
  });
});

describe('yield of the simulated county', () => {
  const span = ['--from', '2024-04-20', '--to', '2024-10-10'];

  it('has relative classes only while nothing local was fitted', async () => {
    const file = join(folder, 'classes.csv');
    const [json] = (await run('product', 'yield', ...span, '--csv', file, '--json')).json();
    expect(json).toMatchObject({ model: null, map: expect.stringContaining('YIELD_CLASS') });
    const rows = [...(await rowsOf(file)).values()];
    const known = rows.filter(({ status }) => status === 'uncalibrated');
    expect(known.length).toBeGreaterThan(100);
    expect(known.every(({ yield_kg_ha, relative }) => yield_kg_ha === '' && relative !== '')).toBe(true);
    const low = known.filter(({ relative }) => relative === '低').length / known.length;
    expect(low).toBeGreaterThan(0.05);
    expect(low).toBeLessThan(0.15);
    expect(rows.filter(({ status }) => status === 'insufficient').length).toBeGreaterThan(0);
  });

  it('is estimated by a card fitted on season features, and moved by plots and statistics', async () => {
    const features = join(folder, 'features.csv');
    await run('product', 'features', ...span, '--csv', features);
    // Yields of four years made of the features that one year really has, so that the card passes its gates.
    const rows = [...(await rowsOf(features)).values()].filter(
      ({ crop, ndvi_m08, clear_dates }) => crop === 'maize' && ndvi_m08 !== '' && Number(clear_dates) >= 3,
    );
    expect(rows.length).toBeGreaterThan(60);
    const made = (row: Record<string, string>, year: number, i: number) =>
      6000 + 25_000 * (Number(row.ndvi_m08) - 0.8) + 60 * (year % 2) + 200 * Math.sin(7 * i + year);
    const truthFile = join(folder, 'truth.csv');
    const lines = [2021, 2022, 2023, 2024].flatMap((year) =>
      rows.map(
        (row, i) =>
          `${row.parcel},${year},${row.region},maize,${made(row, year, i).toFixed(0)},${row.ndvi_m08}`,
      ),
    );
    await writeFile(truthFile, `parcel,year,region,crop,yield,ndvi_m08\n${lines.join('\n')}\n`);
    const card = join(folder, 'card.json');
    const fit = [
      'yield',
      'fit',
      '--truth',
      truthFile,
      '--unit',
      'kg/ha',
      '--crop',
      'maize',
      '--model',
      'index-linear',
    ];
    const fitted = await heitu([
      ...fit,
      '--columns',
      'ndvi_m08',
      '--space',
      'region',
      '--shuffles',
      '2',
      '--out',
      card,
    ]);
    expect(fitted.code, fitted.err).toBe(0);

    const file = join(folder, 'yield.csv');
    const ask = ['product', 'yield', ...span, '--card', card, '--csv', file, '--json'];
    const [before] = (await run(...ask)).json();
    const estimates = await rowsOf(file);
    const usable = [...estimates.values()].filter(({ status }) => status === 'ok');
    expect(usable.length).toBeGreaterThan(60);
    expect(usable.every((row) => Number(row.low90) < Number(row.yield_kg_ha))).toBe(true);
    expect(before!.model).toMatch(/^index-linear-maize-[0-9a-f]{12}$/);
    const others = [...estimates.values()].filter(({ crop }) => crop !== 'maize');
    expect(others.every(({ status, yield_kg_ha }) => status === 'no-model' && yield_kg_ha === '')).toBe(true);

    const plots = join(folder, 'plots.csv');
    const cut = usable
      .slice(0, 4)
      .map(({ parcel, yield_kg_ha }) => `${parcel},${Number(yield_kg_ha) + 500},kg/ha`);
    await writeFile(plots, `parcel,yield,unit\n${cut.join('\n')}\nnowhere,9000,kg/ha\n`);
    const later = await run(...ask, '--plots', plots);
    const [after] = later.json();
    expect(later.err).toContain('nowhere');
    expect(after).toMatchObject({ plots: { plots: 4, weight: 0.8, unused: ['nowhere'] } });
    const total = (json: unknown) =>
      (
        json as { regions: { yieldKgHa: number; unadjusted: number | null; low: number; high: number }[] }
      ).regions.at(-1)!;
    expect(total(after).yieldKgHa - total(before).yieldKgHa).toBeCloseTo(400, 0);
    expect(total(after).unadjusted).toBeCloseTo(total(before).yieldKgHa, 6);
    expect(total(after).high - total(after).low).toBeLessThan(total(before).high - total(before).low);

    const { url, close } = await listen(appParts(store, workspace));
    try {
      const { parcel } = usable[0]!;
      const answer = await fetch(`${url}/v1/parcels/${parcel}/series?product=YIELD`);
      const { points, unit } = (await answer.json()) as { points: Record<string, number>[]; unit: string };
      expect(unit).toBe('kg/ha');
      expect(points[0]!.value).toBe(Number((await rowsOf(file)).get(parcel!)!.yield_kg_ha));
      expect(points[0]!.low! < points[0]!.value! && points[0]!.value! < points[0]!.high!).toBe(true);
    } finally {
      await close();
    }
  });
});

describe('growth over several years', () => {
  it('compares fields with their own years where the crop was the same, and only there', async () => {
    const place = join(folder, 'years');
    await mkdir(place);
    const own = ['--workspace', join(place, 'workspace')];
    for (const year of [2022, 2023, 2024]) {
      const county = join(place, String(year));
      await makeCounty(county, { width: 256, height: 256, dates: 6, year });
      expect((await heitu(['ingest', join(county, 'deliveries'), ...own])).code).toBe(0);
      expect((await heitu(['parcels', 'import', join(county, 'parcels.geojson'), ...own])).code).toBe(0);
    }
    expect((await heitu(['process', '--product', 'NDVI', ...own])).code).toBe(0);
    const file = join(place, 'growth.csv');
    const span = ['product', 'growth', '--from', '2024-05-01', '--to', '2024-09-30'];
    const ran = await heitu([...span, '--csv', file, '--json', ...own]);
    expect(ran.code, ran.err).toBe(0);
    expect(ran.json()[0]).toMatchObject({ years: [2022, 2023] });
    const crops = new Map<string, Set<string>>();
    for (const year of [2022, 2023, 2024]) {
      const known = JSON.parse(await readFile(join(place, String(year), 'truth.json'), 'utf8')) as Truth;
      for (const { code, crop } of known.parcels)
        crops.set(code, new Set([...(crops.get(code) ?? []), crop]));
    }
    const rows = [...(await rowsOf(file)).values()];
    const history = rows.filter(({ preset }) => preset === 'A');
    console.log(
      `growth over three years: ${rows.length} fields, ${history.length} against own years, ${rows.filter(({ preset }) => preset === 'B').length} against peers`,
    );
    expect(history.length).toBeGreaterThan(5);
    expect(history.filter(({ parcel }) => crops.get(parcel!)!.size > 1)).toEqual([]);
    const rotated = rows.filter(({ parcel, preset }) => crops.get(parcel!)!.size > 1 && preset === 'B');
    expect(rotated.every(({ z }) => z === '')).toBe(true);
  }, 120_000);
});
