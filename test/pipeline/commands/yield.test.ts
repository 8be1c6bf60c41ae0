import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { dateOf, dayOfYear } from '../../../pipeline/models/weather.ts';
import { heitu } from '../../helpers/terminal.ts';

let folder = '';
const at = (name: string) => join(folder, name);

/** Five years of twelve counties: NDVI and yields that follow it, in 斤/亩. */
function counties(): string {
  const random = seeded(11);
  const lines = Array.from({ length: 60 }, (_, i) => {
    const ndvi = 0.78 + 0.04 * normal(random);
    const y = (9000 + 14_000 * (ndvi - 0.78) + 300 * normal(random)) / 7.5;
    return `c${i % 12},${2018 + Math.floor(i / 12)},${y.toFixed(1)},${ndvi.toFixed(4)}`;
  });
  return ['county,year,yield,NDVI', ...lines].join('\n');
}

/** NDVI of two years of eight fields every ten days, a peak each; `p9` was seen twice. */
function series(): string {
  const lines = [2023, 2024].flatMap((year) =>
    Array.from({ length: 8 }, (_, p) =>
      Array.from({ length: 20 }, (_, i) => {
        const ndvi = 0.2 + (0.5 + 0.02 * p) * Math.exp(-(((i - 11) / 5) ** 2));
        return `p${p},${dateOf(dayOfYear(year, 95 + 10 * i))},${ndvi.toFixed(3)}`;
      }),
    ).flat(),
  );
  return ['parcel,date,ndvi', ...lines, 'p9,2024-07-25,0.7', 'p9,2024-08-04,0.7'].join('\n');
}

function weather(): string {
  const lines = [2023, 2024].flatMap((year) =>
    Array.from({ length: 200 }, (_, i) => `${dateOf(dayOfYear(year, 100 + i))},27,15,7.5,4`),
  );
  return ['date,tmax,tmin,sunshine,rain', ...lines].join('\n');
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heitu-yield-'));
  await writeFile(at('counties.csv'), counties());
  await writeFile(at('ndvi.csv'), series());
  await writeFile(at('weather.csv'), weather());
  const plots = [2023, 2024].flatMap((year) =>
    Array.from({ length: 8 }, (_, p) => `p${p},${year},${8.2 + 0.1 * p}`),
  );
  await writeFile(at('plots.csv'), ['parcel,year,yield', ...plots, 'unknown,2024,8.1'].join('\n'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const fitCounties = (...more: string[]) =>
  heitu([
    ...['yield', 'fit', '--truth', at('counties.csv'), '--crop', 'maize', '--model', 'index-linear'],
    ...['--columns', 'NDVI', '--space', 'county', '--shuffles', '5', '--out', at('card.json'), ...more],
  ]);

describe('heitu yield fit', () => {
  it('writes a card and prints its accuracy beside the baselines', async () => {
    const ran = await fitCounties('--unit', '斤/亩');
    expect(ran.err).toBe('');
    expect(ran.code).toBe(0);
    expect(ran.out).toMatch(/leave one year out \(5 folds, 60 rows\): RMSE \d+ kg\/ha.*R² \(NSE\) 0\.\d+/);
    expect(ran.out).toMatch(/baseline mean of the region’s other years: RMSE/);
    expect(ran.out).toContain('skill of the model over it');
    expect(ran.out).toMatch(/90 % interval holds \d+\.\d % of 60 held-out rows/);
    const { card } = JSON.parse(await readFile(at('card.json'), 'utf8')) as {
      card: { truth: { sha256: string } };
    }; // just written
    expect(card.truth.sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['without a unit', [], 'E_UNIT_INVALID'],
    ['with a unit nobody knows', ['--unit', 'sacks'], 'E_UNIT_INVALID'],
    ['with a column that is not there', ['--unit', '斤/亩', '--yield', 'grain'], 'E_TABLE_INVALID'],
    ['with a model that is not there', ['--unit', '斤/亩', '--model', 'deep'], 'E_PARAMETER_INVALID'],
    ['with a file that is not there', ['--unit', '斤/亩', '--features', 'no.csv'], 'E_FILE_MISSING'],
    ['with a wrong unit that makes every yield impossible', ['--unit', 't/ha'], 'E_TRUTH_SHORT'],
  ])('refuses truth %s', async (_what, more, code) => {
    const ran = await fitCounties(...more);
    expect(ran.code).toBeGreaterThan(0);
    expect(ran.err).toContain(code);
  });

  it('names truth of unknown parcels, and scales light-use yields by one factor', async () => {
    const ran = await heitu([
      ...['yield', 'fit', '--truth', at('plots.csv'), '--unit', 't/ha', '--crop', 'maize', '--model', 'lue'],
      ...[
        '--features',
        at('ndvi.csv'),
        '--key',
        'parcel',
        '--weather',
        at('weather.csv'),
        '--latitude',
        '43.88',
      ],
      ...['--shuffles', '0', '--out', at('lue.json')],
    ]);
    expect(ran.code).toBe(0);
    expect(ran.err).toContain('unknown-parcel, no features of unknown');
    expect(ran.err).toContain('p9 2024: insufficient, 2 clear dates');
    expect(ran.out).toMatch(/gate factor: (passed|MISSED), factor \d\.\d\d/);
  });
});

describe('heitu yield predict', () => {
  it('prints value, bounds, status and reason of every row', async () => {
    await fitCounties('--unit', '斤/亩');
    await writeFile(
      at('fields.csv'),
      'parcel,NDVI,crop,clear_dates\na,0.79,maize,5\nb,0.79,rice,5\nc,0.79,maize,2\nd,,maize,5\ne,0.2,maize,5\n',
    );
    const ran = await heitu(['yield', 'predict', at('card.json'), at('fields.csv'), '--id', 'parcel']);
    expect(ran.code).toBe(0);
    const [head, ...rows] = ran.out.split('\n');
    expect(head).toBe('id,value,low80,high80,low90,high90,relative,status,reason');
    expect(rows[0]).toMatch(/^a,9\d\d\d,\d+,\d+,\d+,\d+,,(ok|unreleased),/);
    expect(rows.slice(1).map((row) => row.split(',').slice(0, 8).join(','))).toEqual([
      'b,,,,,,,no-model',
      'c,,,,,,,insufficient',
      'd,,,,,,,missing-feature',
      'e,,,,,,,outside-domain',
    ]);
    expect(ran.err).toContain('no-model 1');
  });

  it('does not load a card without its seal, or one changed by hand', async () => {
    await fitCounties('--unit', '斤/亩');
    const text = await readFile(at('card.json'), 'utf8');
    await writeFile(at('bent.json'), text.replace('"index-linear"', '"ridge"'));
    for (const name of ['bent.json', 'counties.csv']) {
      const ran = await heitu(['yield', 'predict', at(name), at('counties.csv')]);
      expect(ran.err).toContain('E_CARD_INVALID');
      expect(ran.code).toBe(1);
    }
  });

  it('without a card gives relative classes only, never kg/ha', async () => {
    const ran = await heitu([
      ...['yield', 'predict', at('ndvi.csv'), '--crop', 'maize', '--weather', at('weather.csv')],
      ...['--latitude', '43.88', '--id', 'parcel', '--json'],
    ]);
    const rows = ran.json();
    expect(rows).toHaveLength(17);
    const known = rows.filter(({ status }) => status === 'uncalibrated');
    expect(known).toHaveLength(16);
    for (const row of rows) expect(row.value).toBeNull();
    expect(known.filter(({ relative }) => relative === 'middle').length).toBeGreaterThanOrEqual(4);
    expect(rows.find(({ id }) => id === 'p9 2024')).toMatchObject({ status: 'insufficient', relative: null });
  });

  it('through a card of light use scales what the chain gives', async () => {
    const ran = await heitu([
      ...['yield', 'predict', at('lue.json'), at('ndvi.csv'), '--weather', at('weather.csv')],
      ...['--latitude', '43.88', '--id', 'parcel', '--json'],
    ]);
    const value = ran.json().find(({ id }) => id === 'p3 2024')!.value;
    expect(Math.abs(Number(value) - 8500)).toBeLessThan(600);
  });
});

describe('heitu area', () => {
  it('prints the areas of Olofsson’s example with their intervals, whatever the order of columns', async () => {
    await writeFile(
      at('confusion.csv'),
      'map,area,other,forest,gain,deforestation\ndeforestation,18000,4,5,0,66\ngain,13500,12,8,55,0\nforest,288000,11,153,0,1\nother,580500,313,9,1,2\n',
    );
    const ran = await heitu(['area', at('confusion.csv'), '--out', at('areas.csv')]);
    expect(ran.out).toContain('deforestation: 21157.8 ± 6157.5 ha (mapped 18000.0, 75 points)');
    expect(await readFile(at('areas.csv'), 'utf8')).toMatch(/^class,area_ha,area_low,area_high/);
  });

  it.each([
    [
      'a reference class the map does not have',
      'map,a,b,c,area\na,5,1,0,10\nb,1,5,2,10\n',
      'reference class c',
    ],
    ['no areas', 'map,a,b\na,5,1\nb,1,5\n', 'no column area'],
    ['one class twice', 'map,a,b,area\na,5,1,3\na,1,5,3\n', 'two rows of map class a'],
  ])('refuses a table with %s', async (_what, text, message) => {
    await writeFile(at('bad.csv'), text);
    const ran = await heitu(['area', at('bad.csv')]);
    expect(ran.err).toContain('E_TABLE_INVALID');
    expect(ran.err).toContain(message);
  });
});

describe('heitu yield clean', () => {
  it('drops a spike among its neighbours with the rule it broke, and averages the rest in cells', async () => {
    const lines = Array.from({ length: 100 }, (_, i) => {
      const y = i === 44 ? 9.9 : 5 + 0.02 * ((i * 37) % 10);
      return `${125 + (i % 10) * 6e-5},${43.8 + Math.floor(i / 10) * 5e-5},${y.toFixed(3)}`;
    });
    await writeFile(
      at('points.csv'),
      ['lon,lat,yield', ...lines, '125.0001,43.8,', '125.0002,43.8,900'].join('\n'),
    );
    const ran = await heitu([
      ...['yield', 'clean', at('points.csv'), '--crop', 'wheat', '--unit', 't/ha', '--cell', '20'],
      ...['--out', at('verdicts.csv'), '--grid', at('cells.csv'), '--json'],
    ]);
    expect(ran.json()[0]).toMatchObject({
      points: 102,
      kept: 99,
      dropped: { empty: 1, range: 1, global: 1 },
    });
    const verdicts = (await readFile(at('verdicts.csv'), 'utf8')).split('\n');
    expect(verdicts[45]).toMatch(/,9900,dropped,global$/);
    const cells = (await readFile(at('cells.csv'), 'utf8')).trim().split('\n').slice(1);
    expect(cells.reduce((sum, line) => sum + Number(line.split(',')[6]), 0)).toBe(99);
  });
});

describe('heitu crop', () => {
  it('fits, and names crops or says why not', async () => {
    const random = seeded(2);
    const kinds = ['maize', 'rice'] as const;
    const places = Array.from({ length: 60 }, (_, i) => ({ id: `f${i}`, kind: i % 2, lon: 125 + i * 0.02 }));
    await writeFile(
      at('samples.csv'),
      [
        'id,longitude,latitude,label',
        ...places.map((p) => `${p.id},${p.lon},43.9,${kinds[p.kind]}`),
        'x,125,43.9,maize',
      ].join('\n'),
    );
    const dates = ['2024-06-01', '2024-07-20', '2024-09-10'];
    await writeFile(
      at('long.csv'),
      [
        'id,date,ndvi',
        ...places.flatMap((p) =>
          dates.map((d, k) => `${p.id},${d},${(0.3 + 0.2 * k * p.kind + 0.05 * random()).toFixed(3)}`),
        ),
      ].join('\n'),
    );
    const fitted = await heitu([
      ...['crop', 'fit', '--truth', at('samples.csv'), '--features', at('long.csv'), '--columns', 'ndvi*'],
      ...['--trees', '30', '--out', at('crop.json'), '--json'],
    ]);
    expect(fitted.err).toContain('unknown-parcel');
    expect(fitted.json()[0]).toMatchObject({ macroF1: 1 });
    await writeFile(
      at('ask.csv'),
      'id,ndvi_1,ndvi_2,ndvi_3\nr,0.32,0.52,0.72\nodd,0.9,0.1,0.9\nhole,0.3,,0.3\n',
    );
    const asked = await heitu(['crop', 'predict', at('crop.json'), at('ask.csv')]);
    expect(
      asked.out
        .split('\n')
        .slice(1)
        .map((line) => line.split(',').slice(0, 5)),
    ).toEqual([
      ['r', 'rice', expect.any(String), expect.any(String), 'ok'],
      ['odd', '', '', '', 'outside-domain'],
      ['hole', '', '', '', 'missing-feature'],
    ]);
    const wrong = await heitu(['yield', 'predict', at('crop.json'), at('ask.csv')]);
    expect(wrong.err).toContain('E_CARD_INVALID');
  });
});
