import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { acquiredAt, bandsOf, matchName, parseDescriptions } from '../../../pipeline/ingest/describe.ts';

const ONE = {
  collection: 's2',
  sensor: 'sentinel2-msi',
  files: 'S2_{YYYY}-{MM}-{DD}_*.tif',
  timeOfDay: '10:04',
  encoding: 'toa',
  scale: 0.0001,
};

describe('descriptions of plain imagery', () => {
  it('take the time out of a file name only where the pattern says so', () => {
    const [description] = parseDescriptions(JSON.stringify(ONE), 'heitu.json');
    expect(acquiredAt(description!, 'S2_2015-07-11_BGRN.tif')).toBe('2015-07-11T10:04:00.000Z');
    expect(() => acquiredAt({ ...description!, files: '*' }, 'S2_2015-07-11_BGRN.tif')).toThrow(/datetime/);
    expect(() => acquiredAt(description!, 'S2_2015-02-30_BGRN.tif')).toThrow(/2015-2-30/);
  });

  it('take the sensor’s own band order where none is given, and the given one where it is', () => {
    const [description] = parseDescriptions(JSON.stringify(ONE), 'heitu.json');
    expect(bandsOf(description!).get('N')).toBe(8);
    expect(bandsOf({ ...description!, bands: { B: 1, G: 2, R: 3, N: 4 } }).get('N')).toBe(4);
    expect(() => bandsOf({ ...description!, bands: { NIR: 4 } })).toThrow(/band NIR is missing/);
  });

  it.each([
    ['no JSON', '{', /not JSON/],
    ['a sensor nobody knows', JSON.stringify({ ...ONE, sensor: 'x' }), /sensor: one of/],
    ['a word it does not know', JSON.stringify({ ...ONE, colour: 1 }), /colour/],
    ['a scale of zero', JSON.stringify({ ...ONE, scale: 0 }), /scale/],
    ['a collection that is a path', JSON.stringify({ ...ONE, collection: '../x' }), /collection/],
  ])('refuse %s and say which field', (_what, text, reason) => {
    expect(() => parseDescriptions(text, 'heitu.json')).toThrow(reason);
  });

  it('match names without regular expressions getting out', () => {
    expect(matchName('a.b', 'axb')).toBeNull();
    expect(matchName('m_*_{YYYY}{MM}{DD}.tif', 'm_4709963_se_14_1_20100629.tif')).toEqual({
      YYYY: 2010,
      MM: 6,
      DD: 29,
    });
    expect(matchName('a*', 'a')).toEqual({});
    expect(matchName('a*a', 'a')).toBeNull();
    expect(matchName('*_{MM}_*', 'x_a_07_b')).toEqual({ MM: 7 });
    const started = performance.now();
    expect(matchName('*a*a*a*b', 'a'.repeat(255))).toBeNull();
    expect(matchName('*'.repeat(50), 'a'.repeat(50_000))).toEqual({});
    expect(performance.now() - started).toBeLessThan(200);
  });

  it.each(['slovenia.json', 'naip.json'])('of ours, %s, are valid', (file) => {
    const text = readFileSync(new URL(`../../../fixtures/describe/${file}`, import.meta.url), 'utf8');
    expect(parseDescriptions(text, file).length).toBeGreaterThan(0);
  });
});
