import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { type SmoothFileOptions, smoothFile } from '../../../pipeline/jobs/smooth-file.ts';
import { dateOf, dayNumber } from '../../../pipeline/series/axis.ts';
import { smoothSeries } from '../../../pipeline/series/smooth.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';
import { madePixels, madeTiff } from './imagery.ts';

const folder = await temporaryFolder();
const path = (name: string) => join(folder, name);
/** More than a block each way, and edges that are no whole vectors. */
const [WIDTH, HEIGHT, BANDS] = [530, 519, 9];
const DATES = Array.from({ length: BANDS }, (_, i) => dateOf(dayNumber('2023-05-02') + 12 * i));
const pixels = madePixels(WIDTH, HEIGHT, BANDS).map((band) => band.map((v) => (v > 16_000 ? 0 : v)));
/** Every third date is cloudy in the left half. */
const clouds = pixels.map((_, date) =>
  Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => (date % 3 === 1 && i % WIDTH < 265 ? 1 : 0)),
);

const OPTIONS: SmoothFileOptions = {
  dates: path('dates.json'),
  clouds: path('clouds.tif'),
  method: 'whittaker',
  lambda: 3,
  envelope: undefined,
  step: 10,
  from: undefined,
  to: undefined,
  maxGap: 40,
  out: path('smooth.tif'),
  epsg: undefined,
  compress: 'deflate',
  version: 'test',
  threads: 1,
};

beforeAll(async () => {
  const layout = { block: [256, 256], deflate: true, predictor: 2 } as const;
  await writeFile(path('stack.tif'), madeTiff(pixels, WIDTH, HEIGHT, layout));
  await writeFile(path('clouds.tif'), madeTiff(clouds, WIDTH, HEIGHT, { block: 'strips of 37', planar: 2 }));
  await writeFile(path('dates.json'), JSON.stringify(DATES.map((date) => `${date}T02:30:00`)));
  await writeFile(path('dates.csv'), ['band,date', ...DATES.map((date, i) => `${i + 1},${date}`)].join('\n'));
});

describe('a stack of 530 × 519 pixels and nine dates', () => {
  it('becomes a band a day, each pixel as a series alone would be', async () => {
    const done = await smoothFile(path('stack.tif'), OPTIONS);
    expect(done.dates).toHaveLength(11);
    expect(done.dates.slice(0, 2)).toEqual(['2023-05-02', '2023-05-12']);
    const raster = await openRaster(done.file);
    try {
      const { info } = raster;
      expect(info.bands.map((band) => band.description)).toEqual(done.dates);
      expect(info.metadata).toMatchObject({
        SMOOTHER: 'whittaker',
        PARAMETERS: '{"lambda":3,"envelope":0.65,"order":2,"rounds":10}',
        MAX_GAP_DAYS: '40',
        OBSERVED: DATES.join(' '),
      });
      const bands = await raster.read(
        done.dates.map((_, i) => i + 1),
        { col: 0, row: 0, width: WIDTH, height: HEIGHT },
      );
      const days = DATES.map(dayNumber);
      let [compared, valid] = [0, 0];
      for (let i = 0; i < WIDTH * HEIGHT; i++) {
        for (const band of bands) if (Number.isFinite(band[i])) valid++;
        if (i % 1009 !== 0) continue;
        const values = pixels.map((band) => (band[i] === 0 ? Number.NaN : band[i]!));
        const weights = clouds.map((band) => (band[i] === 0 ? 1 : 0));
        const axis = { start: days[0]!, step: 10, count: done.dates.length };
        const line = smoothSeries('whittaker', { days, values, weights }, axis, {
          parameters: { lambda: 3 },
          maxGap: 40,
        }).values;
        for (const [node, value] of line.entries()) {
          expect(bands[node]![i]).toEqual(Math.fround(value));
          if (Number.isFinite(value)) compared++;
        }
      }
      expect(compared).toBeGreaterThan(1000);
      expect(done.validFraction).toBe(valid / (WIDTH * HEIGHT * bands.length));
    } finally {
      await raster.close();
    }
  });

  it('has the same bytes in one thread and in two, by JSON and by CSV', async () => {
    await smoothFile(path('stack.tif'), OPTIONS);
    const two = { ...OPTIONS, threads: 2, dates: path('dates.csv'), out: path('two.tif') };
    await smoothFile(path('stack.tif'), two);
    expect((await readFile(path('two.tif'))).equals(await readFile(OPTIONS.out))).toBe(true);
  });

  it('is smoothed by any method of the table', async () => {
    const done = await smoothFile(path('stack.tif'), { ...OPTIONS, method: 'linear', lambda: undefined });
    expect(done).toMatchObject({ method: 'linear', parameters: {} });
    expect(done.validFraction).toBeGreaterThan(0.1);
  });

  it('is told apart from what does not belong to it', async () => {
    await writeFile(path('few.txt'), DATES.slice(1).join('\n'));
    await writeFile(path('odd.txt'), [...DATES.slice(1), 'soon'].join('\n'));
    const refused = (over: Partial<SmoothFileOptions>) =>
      smoothFile(path('stack.tif'), { ...OPTIONS, ...over }).then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
    expect(await refused({ dates: path('few.txt') })).toBe('E_PARAMETER_INVALID');
    expect(await refused({ dates: path('odd.txt') })).toBe('E_PARAMETER_INVALID');
    expect(await refused({ dates: path('none.txt') })).toBe('E_FILE_MISSING');
    expect(await refused({ from: '2023-09-01' })).toBe('E_PARAMETER_INVALID');
    expect(await refused({ method: 'hants' })).toBe('E_PARAMETER_INVALID');
  });
});

describe('heitu smooth', () => {
  it('writes the file and names method and parameters', async () => {
    const out = path('verb.tif');
    const argv = ['smooth', path('stack.tif'), '--dates', path('dates.csv'), '--step', '5', '--out', out];
    const ran = await heitu([...argv, '--lambda', '50', '--json']);
    expect(ran.code).toBe(0);
    expect(ran.json()[0]).toMatchObject({
      ok: true,
      file: out,
      method: 'whittaker',
      parameters: { lambda: 50 },
    });
  });

  it('asks for dates', async () => {
    const ran = await heitu(['smooth', path('stack.tif'), '--out', path('x.tif')]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('--dates');
  });
});
