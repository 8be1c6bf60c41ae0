import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Series } from '../../web/client.ts';
import { ask, Failure, placesOf, shapeOf } from '../../web/client.ts';
import { chooseDate } from '../../web/data.ts';
import { csvOf } from '../../web/text/csv.ts';

afterEach(() => vi.unstubAllGlobals());

const square = (x: number, y: number, side: number) => [
  [x, y],
  [x + side, y],
  [x + side, y + side],
  [x, y + side],
  [x, y],
];

describe('the middle and box of a shape', () => {
  it('of a small square far from the origin is exact to a millimetre', () => {
    const shape = shapeOf([square(126.2, 44, 0.001)])!;
    expect(shape.center[0]).toBeCloseTo(126.2005, 8);
    expect(shape.center[1]).toBeCloseTo(44.0005, 8);
    expect(shape.bbox).toEqual([126.2, 44, 126.2 + 0.001, 44 + 0.001]);
  });

  it('of several polygons is the middle of the largest and the box of all', () => {
    const shape = shapeOf([[square(0, 0, 1)], [square(10, 10, 4)]])!;
    expect(shape.center).toEqual([12, 12]);
    expect(shape.bbox).toEqual([0, 0, 14, 14]);
  });

  it.each([
    [null],
    [[]],
    [[[]]],
    [[[[1, 'x']]]],
    [{}],
    [
      [
        [
          [1, 2],
          [3, 4],
        ],
      ],
    ],
  ])('of %j is none', (coordinates) => {
    expect(shapeOf(coordinates)).toBeNull();
  });
});

describe('asking the server', () => {
  it('passes on its own sentence in both languages', async () => {
    const problem = {
      title: 'x',
      status: 404,
      detail: 'there is no P9',
      detailZh: '没有 P9',
      code: 'E_NOT_FOUND',
    };
    vi.stubGlobal('fetch', async () => new Response(JSON.stringify(problem), { status: 404 }));
    const error = await ask('/v1/parcels/P9/series').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(Failure);
    expect((error as Failure).words).toEqual({ zh: '没有 P9', en: 'there is no P9' });
  });

  it('says in words that it did not answer, and has none of its own then', async () => {
    vi.stubGlobal('fetch', async () => Promise.reject(new TypeError('refused')));
    await expect(ask('/v1/products')).rejects.toMatchObject({ words: null });
  });

  it('tells of an answer that is no problem document by its status', async () => {
    vi.stubGlobal('fetch', async () => new Response('<html>', { status: 502 }));
    await expect(ask('/v1/products')).rejects.toMatchObject({ words: { en: 'The server answered 502.' } });
  });

  it('reads places page by page until the last', async () => {
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: string) => {
      asked.push(url);
      const offset = Number(new URL(url, 'http://x').searchParams.get('offset'));
      const features = Array.from({ length: offset === 0 ? 1000 : 3 }, (_, i) => ({
        id: `P${offset + i}`,
        properties: { id: `P${offset + i}`, name: null, code: '22', crop: null, areaMu: 5 },
        geometry: { type: 'Polygon', coordinates: [square(0, 0, 1)] },
      }));
      return new Response(JSON.stringify({ features, numberMatched: 1003 }));
    });
    const { places, total } = await placesOf('parcels', new AbortController().signal);
    expect([places.length, total, asked.length]).toEqual([1003, 1003, 2]);
    expect(places[1002]).toMatchObject({ id: 'P1002', name: '22', crop: null, areaMu: 5 });
  });
});

describe('the date on show', () => {
  const rows = (['2024-05-01', '2024-06-01', '2024-07-01'] as const).map((date, i) => ({
    date,
    datetime: `${date}T02:30:00Z`,
    collection: 'c',
    scenes: [],
    clearFraction: [0.7, 0.9, 0.2][i]!,
  }));

  it('is the latest that is clear enough', () => {
    expect(chooseDate(rows, null, 0.6)?.date).toBe('2024-06-01');
  });

  it('is the clearest when none is clear enough', () => {
    expect(chooseDate(rows, null, 0.95)?.date).toBe('2024-06-01');
  });

  it('is the one asked for however cloudy, or the nearest to it', () => {
    expect(chooseDate(rows, '2024-07-01', 0.6)?.date).toBe('2024-07-01');
    expect(chooseDate(rows, '2024-05-04', 0.6)?.date).toBe('2024-05-01');
  });

  it('of no imagery is none', () => {
    expect(chooseDate([], '2024-07-01', 0.6)).toBeNull();
  });
});

describe('the series as CSV', () => {
  const series: Series = {
    place: {
      id: 'P1',
      kind: 'parcel',
      code: null,
      name: '=HYPERLINK("x"),1',
      crop: null,
      areaM2: 1,
      areaMu: 1,
      region: null,
    },
    product: 'NDVI',
    statistic: 'mean',
    unit: '1',
    minimumClear: 0.6,
    points: [
      {
        date: '2024-07-01',
        datetime: '2024-07-01T02:30:00Z',
        collection: 'c',
        scene: 'S1',
        run: 'r',
        status: 'insufficient',
        value: null,
        low: null,
        high: null,
        reason: null,
        pixelCount: 3,
        clearFraction: 0.25,
      },
    ],
    source: { sensor: null, version: '0.1.0' },
  };

  it('leaves an unknown value empty and lets no name run as a formula', () => {
    const [head, line] = csvOf(series).split('\r\n');
    expect(head).toMatch(/^\ufeffplace,name,product,statistic,date/);
    expect(line).toBe(
      `P1,"'=HYPERLINK(""x""),1",NDVI,mean,2024-07-01,2024-07-01T02:30:00Z,S1,insufficient,,,,3,0.25`,
    );
  });
});
