import { describe, expect, it } from 'vitest';
import { readTable } from '../../../pipeline/models/csv.ts';
import { lightUseOf, readSeries, relativeClasses } from '../../../pipeline/models/light-use-season.ts';
import { radiationOfSunshine, sunOf } from '../../../pipeline/models/radiation.ts';
import { dateOf, dayOfYear, fillWeather, readWeather } from '../../../pipeline/models/weather.ts';

/** A station from 1 April to 31 October 2024; `change` may take a day's cells or leave it out. */
function station(change: (doy: number, cells: string[]) => string[] | null = (_, cells) => cells): string {
  const lines = Array.from({ length: 214 }, (_, i) => {
    const doy = 92 + i;
    const cells = change(doy, [dateOf(dayOfYear(2024, doy)), '26', '14', '7.5', '3']);
    return cells === null ? [] : [cells.join(',')];
  });
  return ['date,tmax,tmin,sunshine,rain', ...lines.flat()].join('\n');
}

/** NDVI every tenth day of 2024 of one field. */
const SERIES = readTable(
  [
    'parcel,date,ndvi',
    ...Array.from(
      { length: 20 },
      (_, i) => `p1,${dateOf(dayOfYear(2024, 95 + 10 * i))},${0.2 + 0.6 * Math.exp(-(((i - 11) / 5) ** 2))}`,
    ),
  ].join('\n'),
  'ndvi.csv',
);
const run = (weather: string, series = SERIES, latitude: number | undefined = 43.88) =>
  lightUseOf(readSeries(series, 'parcel'), readWeather(weather, 'w.csv'), 'maize', latitude)[0]!;

describe('weather of a station', () => {
  it('is read from CSV and from JSON alike, with Chinese headers too', () => {
    const csv = readWeather(
      '站号,纬度,日期,最高气温,最低气温,日照时数,降水量\n54161,43.9,2024-07-01,30,19,8,0\n',
      'a.csv',
    );
    const json = readWeather(
      JSON.stringify([
        { station: '54161', latitude: 43.9, date: '2024-07-01', tmax: 30, tmin: 19, sunshine: 8, rain: 0 },
      ]),
      'a.json',
    );
    expect(csv).toEqual(json);
    expect(csv[0]).toMatchObject({ id: '54161', latitude: 43.9 });
  });

  it('fills up to three days and says so', () => {
    const text = station((doy, cells) => (doy >= 180 && doy <= 182 ? null : cells));
    const [only] = readWeather(text, 'w.csv');
    const { weather } = fillWeather(only!, 43.88, dayOfYear(2024, 170), dayOfYear(2024, 200));
    expect(weather!.notes).toEqual([
      '3 day(s) of temperature interpolated',
      '3 day(s) of radiation from the range of temperature',
      '3 day(s) of rain taken as dry',
    ]);
    expect(weather!.temperature[11]).toBe(20);
    expect(weather!.radiation[0]).toBeCloseTo(radiationOfSunshine(sunOf(43.88, 170), 7.5), 10);
  });

  it('has a gap where four days in a row are missing, named with its date', () => {
    const text = station((doy, cells) => (doy >= 180 && doy <= 183 ? [cells[0]!, '', '', '', ''] : cells));
    const [only] = readWeather(text, 'w.csv');
    const { weather, gaps } = fillWeather(only!, 43.88, dayOfYear(2024, 170), dayOfYear(2024, 200));
    expect(weather).toBeNull();
    expect(gaps.map((gap) => gap.what)).toEqual(['temperature', 'radiation', 'rain']);
    expect(gaps[0]).toEqual({ what: 'temperature', from: '2024-06-28', days: 4 });
  });

  it('takes the services’ words for nothing as nothing', () => {
    const text = station((doy, cells) => (doy === 150 ? [cells[0]!, '-9999', '14', '32766', '3'] : cells));
    const day = readWeather(text, 'w.csv')[0]!.days.find((one) => one.day === dayOfYear(2024, 150))!;
    expect(day.tmax).toBeNaN();
    expect(day.sunshine).toBeNaN();
  });

  it.each([
    ['a lowest above the highest', (c: string[]) => [c[0]!, '14', '26', '7', '3'], /above highest/],
    ['a negative rain', (c: string[]) => [c[0]!, '26', '14', '7', '-3'], /mm of rain/],
    ['thirty hours of sunshine', (c: string[]) => [c[0]!, '26', '14', '30', '3'], /sunshine/],
    ['a date that is none', (c: string[]) => ['2024-02-30', ...c.slice(1)], /not a date/],
    ['a day twice', (c: string[]) => ['2024-05-01', ...c.slice(1)], /twice/],
    ['words', (c: string[]) => [c[0]!, 'warm', '14', '7', '3'], /not a number/],
  ])('is refused for %s', (_what, change, message) => {
    expect(() =>
      readWeather(
        station((doy, cells) => (doy === 200 ? change(cells) : cells)),
        'w.csv',
      ),
    ).toThrow(message);
  });

  it('is refused without light or without a column', () => {
    expect(() => readWeather('date,tmax,tmin,rain\n2024-07-01,3,2,1\n', 'w')).toThrow('neither radiation');
    expect(() => readWeather('date,tmax,rain,sunshine\n2024-07-01,3,2,1\n', 'w')).toThrow('no column tmin');
    expect(() => readWeather('[{"date"', 'w')).toThrow('not JSON');
  });
});

describe('the light-use yield of a field', () => {
  it('is a number where there is weather and three clear dates in the key window', () => {
    const found = run(station());
    expect(found.status).toBe('ok');
    if (found.status === 'ok') expect(found.result.grain).toBeGreaterThan(4000);
  });

  it('is insufficient with two clear dates in the window, and says how many', () => {
    const few = {
      ...SERIES,
      // Two of the dates from 20 July to 25 August stay.
      rows: SERIES.rows.filter(([, date]) => date! < '2024-07-20' || date! > '2024-08-10'),
    };
    const found = run(station(), few);
    expect(found.status).toBe('insufficient');
    if (found.status === 'insufficient')
      expect(found.reason.en).toMatch(/^[012] clear dates from 2024-07-19/);
  });

  it('is a weather gap where the station was silent', () => {
    const found = run(station((doy, cells) => (doy > 200 && doy < 220 ? null : cells)));
    expect(found.status).toBe('weather-gap');
    if (found.status === 'weather-gap') expect(found.reason.en).toContain('temperature 2024-07-19 +19 d');
  });

  it('is no model for a crop without parameters', () => {
    const fields = readSeries(SERIES, 'parcel');
    expect(lightUseOf(fields, readWeather(station(), 'w'), 'wheat', 43.88)[0]!.status).toBe('no-model');
  });

  it('needs a latitude and the right station', () => {
    const fields = readSeries(SERIES, 'parcel');
    expect(() => lightUseOf(fields, readWeather(station(), 'w'), 'maize', undefined)).toThrow('no latitude');
    const two = 'station,date,tmax,tmin,rain,sunshine\na,2024-07-01,3,2,1,1\nb,2024-07-01,3,2,1,1\n';
    expect(() => lightUseOf(fields, readWeather(two, 'w'), 'maize', 43)).toThrow('several stations');
  });

  it('refuses an NDVI that is none', () => {
    expect(() => readSeries(readTable('parcel,date,ndvi\n1,2024-07-01,7400\n', 'x'), 'parcel')).toThrow(
      'NDVI of 7400',
    );
  });
});

describe('relative classes', () => {
  it('are by rank, whatever the numbers', () => {
    const classes = relativeClasses([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000]).map(({ en }) => en);
    expect(classes[0]).toBe('low');
    expect(classes.slice(3, 7)).toEqual(['middle', 'middle', 'middle', 'middle']);
    expect(classes[9]).toBe('high');
    expect(relativeClasses([5, 5, 5]).map(({ en }) => en)).toEqual(['middle', 'middle', 'middle']);
  });
});
