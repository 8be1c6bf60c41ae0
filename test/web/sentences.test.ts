import { describe, expect, it } from 'vitest';
import { PRODUCTS } from '../../pipeline/products/table.ts';
import type { Place, PlaceValue, Product, SeriesPoint } from '../../web/client.ts';
import { against, change, clearInView, matching, median, rowsOf, summary } from '../../web/text/sentences.ts';

const write = (value: number) => value.toFixed(2);
// The table is deeply readonly, the contract's type is not; nothing here writes.
const NDVI = {
  id: 'NDVI',
  ...PRODUCTS.NDVI,
  scale: 0.0001,
  nodata: -32768,
  classes: null,
} as unknown as Product;

function place(
  id: string,
  crop: string | null = 'maize',
  center: readonly [number, number] = [126, 44],
): Place {
  return {
    id,
    name: `地块${id}`,
    code: `C${id}`,
    crop,
    areaMu: 10,
    level: null,
    center,
    bbox: [...center, ...center],
  };
}

function listOf(values: Readonly<Record<string, PlaceValue>>, ...more: readonly string[]) {
  return rowsOf(
    [...more, ...Object.keys(values)].map((id) => place(id)),
    values,
  );
}

describe('the list', () => {
  it('puts the lowest value first, then what was too cloudy, then what was not seen', () => {
    const rows = listOf({ a: [0.7, 1, 9], b: [null, 0.2, 2], c: [-0.1, 1, 9] }, 'd');
    expect(rows.map((row) => row.place.id)).toEqual(['c', 'a', 'b', 'd']);
  });

  it('takes no value from the prototype for a place with a strange id', () => {
    expect(rowsOf([place('constructor')], {})[0]!.value).toBeUndefined();
  });

  it('finds a place by every word of the query, in its name, code or crop as shown', () => {
    const rows = rowsOf([place('1', 'maize'), place('12', 'rice')], {});
    expect(matching(rows, '水稻', 'zh').map((row) => row.place.id)).toEqual(['12']);
    expect(matching(rows, 'c1 MAIZE', 'en').map((row) => row.place.id)).toEqual(['1']);
    expect(matching(rows, '  ', 'en')).toHaveLength(2);
    expect(matching(rows, 'maize', 'zh')).toHaveLength(0);
  });
});

describe('the summary', () => {
  it('leads with the lowest place and its distance to the median', () => {
    const rows = listOf({ a: [0.7, 1, 9], b: [0.6, 1, 9], c: [0.2, 1, 9], d: [null, 0.1, 1] });
    const { lead, rest } = summary('zh', rows, NDVI, '地块', write);
    expect(lead).toEqual({ id: 'c', text: '地块c最低：0.20，比中位数低 0.40。' });
    expect(rest).toEqual(['3 / 4 块可读，中位数 0.60。', '1 块晴空不足，不给数值。']);
  });

  it('names no lowest place among fewer than three', () => {
    expect(summary('zh', listOf({ a: [0.7, 1, 9], b: [0.6, 1, 9] }), NDVI, '地块', write).lead).toBeNull();
  });

  it('says that nothing can be read rather than inventing a median', () => {
    const { lead, rest } = summary('en', listOf({ a: [null, 0.1, 1] }), NDVI, 'Parcels', write);
    expect(lead).toBeNull();
    expect(rest).toEqual(['None of the parcels can be read on this day: all are under 60 % clear.']);
  });

  it('does not call places cloudy that were not observed at all', () => {
    const { rest } = summary('zh', listOf({}, 'a', 'b'), NDVI, '地块', write);
    expect(rest).toEqual(['这一天没有地块的观测。']);
  });

  it('of no places is silent', () => {
    expect(summary('zh', [], NDVI, '地块', write)).toEqual({ lead: null, rest: [] });
  });
});

describe('a place against its neighbours', () => {
  const six = {
    a: [0.5, 1, 9],
    b: [0.6, 1, 9],
    c: [0.7, 1, 9],
    d: [0.8, 1, 9],
    e: [0.9, 1, 9],
    own: [0.6, 1, 9],
  } as const;

  it('is compared with the median of its own crop, itself left out', () => {
    const rows = [
      ...listOf(six as unknown as Record<string, PlaceValue>),
      { place: place('x', 'rice'), value: [0, 1, 9] as PlaceValue },
    ];
    expect(against('en', rows, 'own', 'parcels', write)).toBe(
      '0.10 under the median of 5 maize parcels that day.',
    );
  });

  it('is compared with nobody when fewer than five of its crop were readable', () => {
    const { a: _, ...five } = six;
    expect(
      against('en', listOf(five as unknown as Record<string, PlaceValue>), 'own', 'parcels', write),
    ).toBeNull();
  });

  it('is not compared when it has no value itself', () => {
    const rows = listOf({ ...(six as unknown as Record<string, PlaceValue>), own: [null, 0.3, 3] });
    expect(against('zh', rows, 'own', '地块', write)).toBeNull();
  });
});

describe('the change since the last readable date', () => {
  const rest = {
    collection: 'c',
    scene: 's',
    run: 'r',
    low: null,
    high: null,
    reason: null,
    pixelCount: 9,
    clearFraction: 1,
  };
  const points: SeriesPoint[] = [
    { ...rest, date: '2024-07-01', datetime: '2024-07-01T02:30:00Z', status: 'ok', value: 0.8 },
    { ...rest, date: '2024-07-11', datetime: '2024-07-11T02:30:00Z', status: 'insufficient', value: null },
    { ...rest, date: '2024-07-21', datetime: '2024-07-21T02:30:00Z', status: 'ok', value: 0.66 },
  ];

  it('steps over a cloudy date', () => {
    expect(change('zh', points, '2024-07-21', write)).toBe('较7月1日下降 0.14。');
  });

  it('is unknown on the first date and on a cloudy one', () => {
    expect(change('zh', points, '2024-07-01', write)).toBeNull();
    expect(change('zh', points, '2024-07-11', write)).toBeNull();
  });
});

describe('the middle', () => {
  it('of an even count is halfway, of nothing unknown', () => {
    expect([median([3, 1]), median([5, 1, 3]), median([])]).toEqual([2, 3, null]);
  });
});

describe('the clear share in view', () => {
  it('weighs places by area and counts only those in view that were observed', () => {
    const all = [
      { ...place('a'), areaMu: 30 },
      { ...place('b'), areaMu: 10 },
      place('far', 'maize', [130, 44]),
      place('unseen'),
    ];
    const observed: Record<string, PlaceValue> = { a: [0.5, 1, 9], b: [null, 0, 0], far: [0.5, 0.5, 9] };
    expect(clearInView(all, observed, [125, 43, 127, 45])).toBe(0.75);
    expect(clearInView(all, observed, [0, 0, 1, 1])).toBeNull();
  });
});

describe('a product of classes', () => {
  const GROWTH = { id: 'GROWTH', ...PRODUCTS.GROWTH, nodata: -32768 } as unknown as Product;

  it('is summed up by how many places are in each class, and how many in none', () => {
    const rows = rowsOf([place('a'), place('b'), place('c'), place('d')], {
      a: [3, 1, 9],
      b: [1, 1, 9],
      c: [3, 1, 9],
      d: [null, 0, 0],
    } as unknown as Record<string, PlaceValue>);
    const names = (value: number) => GROWTH.classes![value - 1]!.zh;
    expect(summary('zh', rows, GROWTH, '地块', names)).toEqual({
      lead: null,
      rest: ['差 1，持平 2。', '1 块无法判定。'],
    });
  });
});
