import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  bbox,
  checkTile,
  column,
  date,
  datetime,
  id,
  latitude,
  limit,
  longitude,
  offset,
  parse,
  pictureId,
  productId,
  statisticOf,
} from '../../api/params.ts';
import { HeituError } from '../../pipeline/core/error.ts';

const QUERY = z.object({
  bbox: bbox.optional(),
  date: date.optional(),
  datetime: datetime.optional(),
  id: id.optional(),
  lat: latitude.optional(),
  limit: limit.optional(),
  lon: longitude.optional(),
  offset: offset.optional(),
  product: productId.optional(),
  x: column.optional(),
});

function read(raw: Record<string, unknown>) {
  return parse(QUERY, raw);
}

function refusal(raw: Record<string, unknown>): HeituError {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof HeituError) return error;
    throw error;
  }
  throw new Error(`${JSON.stringify(raw)} was taken`);
}

describe('a number in a query', () => {
  it.each([
    '',
    ' 5',
    '5 ',
    '1e2',
    '0x10',
    '٣',
    '5.0',
    '+5',
    'NaN',
    'Infinity',
    '--1',
    '99999999999999999999',
    '1_000',
  ])('is refused as a whole number when written %j', (text) => {
    expect(refusal({ offset: text }).code).toBe('E_PARAMETER_INVALID');
  });

  it.each([
    ['126.5', 126.5],
    ['-0.25', -0.25],
    ['1e-05', 0.00001],
    ['.5', 0.5],
    ['5.', 5],
    ['126.123456789012345678', 126.12345678901235],
  ])('may be a decimal written %j', (text, value) => {
    expect(read({ lon: text }).lon).toBe(value);
  });

  it.each(['', 'NaN', 'Infinity', '1e999', '0x7f', '1,5', '1;DROP TABLE place', '1'.repeat(50), '180.0001'])(
    'is refused as a longitude when written %j',
    (text) => {
      expect(refusal({ lon: text }).code).toBe('E_PARAMETER_INVALID');
    },
  );

  it('takes time in proportion to its length only', () => {
    const started = performance.now();
    for (const text of [
      '1'.repeat(50_000),
      `${'1'.repeat(25_000)}.${'1'.repeat(25_000)}x`,
      `${'1,'.repeat(25_000)}`,
    ]) {
      expect(refusal({ lon: text, bbox: text }).code).toBe('E_PARAMETER_INVALID');
    }
    expect(performance.now() - started).toBeLessThan(50);
  });
});

describe('limit', () => {
  it('does not refuse a large page: more than the maximum means the maximum', () => {
    expect(read({ limit: '10000' }).limit).toBe(10_000);
    expect(read({ limit: '10001' }).limit).toBe(10_000);
    expect(read({ limit: '1' }).limit).toBe(1);
  });

  it.each(['0', '-1', '1000000000000', 'all'])('is refused as %j', (text) => {
    expect(refusal({ limit: text }).code).toBe('E_PARAMETER_INVALID');
  });
});

describe('bbox', () => {
  it('has four numbers, or six of which the heights are left aside', () => {
    expect(read({ bbox: '126.1,43.9,126.3,44.1' }).bbox).toEqual([126.1, 43.9, 126.3, 44.1]);
    expect(read({ bbox: '126.1,43.9,-5,126.3,44.1,300' }).bbox).toEqual([126.1, 43.9, 126.3, 44.1]);
  });

  it('may cross the antimeridian', () => {
    expect(read({ bbox: '170,40,-170,50' }).bbox).toEqual([170, 40, -170, 50]);
  });

  it.each([
    '1,2,3',
    '1,2,3,4,5',
    '1,2,3,4,5,6,7',
    '1,2,3,NaN',
    '1,2,x,4,5,6',
    '0,50,10,40',
    '-200,0,10,10',
    '0,-91,1,1',
    '0,0,1,91',
    ',,,',
    '1, 2, 3, 4',
    "1,2,3,4');--",
  ])('is refused as %j', (text) => {
    expect(refusal({ bbox: text }).details.where).toBe('bbox');
  });
});

describe('datetime', () => {
  it.each([
    ['2024-07-01T02:30:00Z', '2024-07-01T02:30:00.000Z', '2024-07-01T02:30:00.000Z'],
    ['2024-07-01T10:30:00+08:00', '2024-07-01T02:30:00.000Z', '2024-07-01T02:30:00.000Z'],
    ['2024-07-01', '2024-06-30T16:00:00.000Z', '2024-07-01T15:59:59.999Z'],
    ['2024-07-01/2024-07-02', '2024-06-30T16:00:00.000Z', '2024-07-02T15:59:59.999Z'],
    ['../2024-07-01T00:00:00Z', null, '2024-07-01T00:00:00.000Z'],
    ['/2024-07-01T00:00:00Z', null, '2024-07-01T00:00:00.000Z'],
    ['2024-07-01T00:00:00Z/..', '2024-07-01T00:00:00.000Z', null],
    ['2024-07-01T00:00:00Z/', '2024-07-01T00:00:00.000Z', null],
  ])('%s is from %s to %s', (text, from, to) => {
    expect(read({ datetime: text }).datetime).toEqual({ from, to });
  });

  it.each([
    '',
    '/',
    '..',
    '../..',
    '2024-07-02/2024-07-01',
    '2024-02-30',
    '2024-13-01T00:00:00Z',
    '2024-07-01T25:00:00Z',
    '2024-07-01T00:00:00',
    '2024',
    'yesterday',
    '2024-07-01/2024-07-02/2024-07-03',
    '0000-01-01',
    '9999-12-31T23:59:59-23:59',
    "2024-07-01';--",
  ])('is refused as %j', (text) => {
    expect(refusal({ datetime: text }).code).toBe('E_PARAMETER_INVALID');
  });
});

describe('a date', () => {
  it('must be in the calendar', () => {
    expect(read({ date: '2024-02-29' }).date).toBe('2024-02-29');
    for (const text of ['2023-02-29', '2024-7-1', '20240701', '2024-07-01T00:00:00Z', '0001-01-01', '']) {
      expect(refusal({ date: text }).details.where).toBe('date');
    }
  });
});

describe('an id', () => {
  it('may be any printable text, Chinese too', () => {
    expect(read({ id: "地块-1 ' OR 1=1" }).id).toBe("地块-1 ' OR 1=1");
  });

  it.each(['', 'a\u0000b', 'a\nb', '\u001b[31m', 'x'.repeat(201), '\ud800'])('is refused as %j', (text) => {
    expect(refusal({ id: text }).code).toBe('E_PARAMETER_INVALID');
  });
});

describe('a refusal', () => {
  it('names an unknown parameter and the known ones', () => {
    const error = refusal({ crop: 'rice' });
    expect(error.code).toBe('E_PARAMETER_UNKNOWN');
    expect(error.in('en')).toContain('unknown parameter crop; known ones: bbox, date');
  });

  it('names a parameter from the prototype too', () => {
    const raw = Object.assign(Object.create(null), { ['__proto__']: '1' });
    Object.defineProperty(raw, '__proto__', { value: '1', enumerable: true });
    expect(refusal(raw).code).toBe('E_PARAMETER_UNKNOWN');
    expect(refusal({ constructor: '1' }).code).toBe('E_PARAMETER_UNKNOWN');
  });

  it('says what was given and what may be', () => {
    expect(refusal({ offset: 'many' }).in('en')).toContain(
      'parameter offset is not valid: "many" (0…1000000)',
    );
    expect(refusal({ offset: 'many' }).in('zh')).toContain('参数 offset 无效："many" (0…1000000)');
  });

  it('says that a parameter was given twice', () => {
    expect(refusal({ offset: ['1', '2'] }).in('en')).toContain('offset is not valid: 2× (');
  });

  it('lists the products for one that is not published', () => {
    for (const text of ['ndvi', 'TRUE_COLOR', 'toString', '__proto__', "NDVI'--"]) {
      expect(refusal({ product: text }).code).toBe('E_PRODUCT_UNKNOWN');
    }
    expect(refusal({ product: 'X' }).details.where).toContain('NDVI');
  });
});

describe('a picture', () => {
  it('is a product or the true colour', () => {
    expect(pictureId.parse('TRUE_COLOR')).toBe('TRUE_COLOR');
    expect(pictureId.parse('NDVI')).toBe('NDVI');
    expect(() => pictureId.parse('QUALITY')).toThrow(HeituError);
  });
});

describe('a statistic', () => {
  it('is the mean unless another one that the product keeps is asked for', () => {
    expect(statisticOf('NDVI', undefined)).toBe('mean');
    expect(statisticOf('NDVI', 'median')).toBe('median');
    expect(() => statisticOf('NDVI', 'p10')).toThrow(/statistic is not valid: "p10" \(mean/);
  });
});

describe('a tile address', () => {
  it.each([[{ z: 0, x: 0, y: 0 }], [{ z: 22, x: 2 ** 22 - 1, y: 2 ** 22 - 1 }]])(
    '%j is in the pyramid',
    (tile) => {
      expect(() => checkTile(tile)).not.toThrow();
    },
  );

  it.each([
    [{ z: 0, x: 1, y: 0 }],
    [{ z: 3, x: 0, y: 8 }],
    [{ z: 23, x: 0, y: 0 }],
    [{ z: -1, x: 0, y: 0 }],
    [{ z: 5, x: -1, y: 0 }],
    [{ z: 999999999, x: 0, y: 0 }],
  ])('%j is not there', (tile) => {
    expect(() => checkTile(tile)).toThrow(expect.objectContaining({ code: 'E_NOT_FOUND' }));
  });
});
