import { describe, expect, it } from 'vitest';
import { CROP_IDS, cropRow } from '../../../pipeline/models/crops.ts';
import { columnsLike, numberOf, readTable } from '../../../pipeline/models/csv.ts';
import { lineAt, MODEL_IDS, modelRow } from '../../../pipeline/models/table.ts';
import { kgPerHa, unitOf, YIELD_UNITS } from '../../../pipeline/models/units.ts';

describe('a table from outside', () => {
  it('is read with its quotes, its byte order mark, and any of the usual delimiters', () => {
    const table = readTable('\ufeffid;name;y\r\n1;"a;b ""c""";7.5\r\n\r\n2;;\r\n', 'plots.csv');
    expect(table.header).toEqual(['id', 'name', 'y']);
    expect(table.rows).toEqual([
      ['1', 'a;b "c"', '7.5'],
      ['2', '', ''],
    ]);
    expect(numberOf(table, 1, 2)).toBeNaN();
  });

  it.each([
    ['a header alone', 'a,b\n', /no rows/],
    ['one column twice', 'a,a\n1,2\n', /two columns named a/],
    ['a row that is too short', 'a,b\n1,2\n3\n', /row 3 has 1 cells/],
    ['a quote that stays open', 'a,b\n1,"2\n', /quote/],
  ])('is refused for %s', (_what, text, message) => {
    expect(() => readTable(text, 'x.csv')).toThrow(message);
  });

  it('names the cell that is no number', () => {
    expect(() => numberOf(readTable('id,y\n1,about 7\n', 'x.csv'), 0, 1)).toThrow('row 2, y: about 7');
  });

  it('finds columns by the start of their names, each once', () => {
    const table = readTable('NDVI1,NDVI2,EVI1\n1,2,3\n', 'x.csv');
    expect(columnsLike(table, ['NDVI*', 'NDVI1', 'EVI1'])).toEqual(['NDVI1', 'NDVI2', 'EVI1']);
    expect(() => columnsLike(table, ['LSWI*'])).toThrow('LSWI*');
  });
});

describe('yield units', () => {
  // 7 CFR 810 bushels; 1 lb = 0.45359237 kg, 1 acre = 0.40468564224 ha: soybean 60 lb is 67.2511 kg/ha.
  it('become kg/ha at storage moisture', () => {
    expect(kgPerHa('斤/亩', 'maize')).toBe(7.5);
    expect(kgPerHa('kg/亩', 'rice')).toBe(15);
    expect(kgPerHa('t/ha', 'wheat')).toBe(1000);
    expect(kgPerHa('bu/ac', 'soybean')).toBeCloseTo(67.2511, 3);
    // Maize is quoted at 15.5 % and stored at 14 %.
    expect(kgPerHa('bu/ac', 'maize')).toBeCloseTo((62.7677 * 0.845) / 0.86, 3);
  });

  it('are never guessed: unstated, unknown, mixed or contradicting ones are refused', () => {
    const plain = readTable('id,yield\n1,7\n', 'x.csv');
    const mixed = readTable('id,yield,unit\n1,7000,kg/ha\n2,930,斤/亩\n', 'x.csv');
    const own = readTable('id,yield,unit\n1,7000,kg/ha\n', 'x.csv');
    expect(() => unitOf(plain, undefined)).toThrow('no unit stated');
    expect(() => unitOf(plain, 'quintals')).toThrow('quintals');
    expect(() => unitOf(mixed, undefined)).toThrow('mixed units');
    expect(() => unitOf(mixed, 'kg/ha')).toThrow('mixed units');
    expect(() => unitOf(own, 'bu/ac')).toThrow('its column says kg/ha');
    expect(() => kgPerHa('bu/ac', 'alfalfa')).toThrow('bushels of alfalfa');
    expect(unitOf(own, undefined)).toBe('kg/ha');
  });

  it('have names nobody shares', () => {
    const names = Object.values(YIELD_UNITS).flatMap((row) => row.names.map((name) => name.toLowerCase()));
    expect(new Set(names).size).toBe(names.length);
  });
});

describe.each(CROP_IDS)('crop %s', (id) => {
  const row = cropRow(id);

  it('has bounds in order, both titles and a source', () => {
    expect(row.sane[0]).toBeLessThan(row.sane[1]);
    expect(row.window[0]).toBeLessThan(row.window[1]);
    expect(row.source.length).toBeGreaterThan(20);
    expect(/\p{Script=Han}/u.test(row.title.zh)).toBe(true);
  });

  it('grows in a range of temperature that holds its best, where light is summed', () => {
    if (row.lightUse === null) return;
    const { min, best, max } = row.lightUse.temperature;
    expect(min < best && best < max).toBe(true);
    expect(row.lightUse.season[0]).toBeLessThanOrEqual(row.window[0]);
    expect(row.lightUse.season[1]).toBeGreaterThanOrEqual(row.window[1]);
  });
});

describe.each(MODEL_IDS)('model %s', (id) => {
  it('has settings to choose from, both titles and a source', () => {
    const row = modelRow(id);
    expect(row.grid(3).length).toBeGreaterThan(0);
    expect(row.minimum).toBeGreaterThanOrEqual(10);
    expect(/\p{Script=Han}/u.test(row.title.zh) && row.title.en.length > 5 && row.source.length > 5).toBe(
      true,
    );
  });
});

describe('a published line', () => {
  // 新疆 drip-irrigated maize, doi 10.6048/j.issn.1001-4330.2024.04.007: arithmetic only, no coefficient of ours.
  it('is computed as it is printed', () => {
    expect(lineAt('linear', [-9620.55, 24458.22], 0.7)).toBeCloseTo(7500.2, 2);
    expect(lineAt('quadratic', [39003, -117963.03, 103130.25], 0.7)).toBeCloseTo(6962.7015, 3);
  });
});
