import { describe, expect, it } from 'vitest';
import { flagsOf } from '../../../pipeline/core/quality.ts';
import { CLASSIFICATIONS, classFlags } from '../../../pipeline/mask/classification.ts';

const one = (kind: 'scl' | 'qa_pixel', code: number) =>
  flagsOf(classFlags(kind, Uint16Array.of(code), { width: 1, height: 1, size: 20 })[0]!);

describe('Sentinel-2 scene classification (METHODS 2.3)', () => {
  it.each([
    [0, ['NODATA']],
    [1, ['SATURATED']],
    [2, ['TERRAIN']],
    [3, ['SHADOW']],
    [4, []],
    [5, []],
    [6, ['WATER']],
    [7, []],
    [8, ['CLOUD']],
    [9, ['CLOUD']],
    [10, ['HAZE']],
    [11, ['SNOW']],
  ])('class %i gives %j', (code, flags) => {
    expect(one('scl', code)).toEqual(flags);
  });

  it('has a weight between 0 and 1 for all twelve classes, full for vegetation and none for cloud', () => {
    const { rows } = CLASSIFICATIONS.scl;
    expect(Object.keys(rows)).toHaveLength(12);
    for (const { weight } of Object.values(rows)) expect(weight >= 0 && weight <= 1).toBe(true);
    expect([rows[4].weight, rows[7].weight, rows[10].weight, rows[9].weight]).toEqual([1, 0.5, 0.2, 0]);
  });

  it('keeps 120 m clear of cloud and 60 m of shadow', () => {
    const codes = new Uint16Array(41 * 41).fill(4);
    codes[20 * 41 + 10] = 9;
    codes[20 * 41 + 30] = 3;
    const quality = classFlags('scl', codes, { width: 41, height: 41, size: 20 });
    const along = (col: number) => flagsOf(quality[20 * 41 + col]!);
    expect([along(4), along(3)]).toEqual([['EDGE'], []]);
    expect([along(33), along(34)]).toEqual([['EDGE'], []]);
  });
});

describe('Landsat Collection 2 QA_PIXEL', () => {
  // Values from the table of common QA_PIXEL values in the Landsat 8-9 C2 L2 Science Product Guide (LSDS-1619).
  it.each([
    [1, 'fill', ['NODATA']],
    [21824, 'clear', []],
    [21826, 'dilated cloud over land', ['EDGE']],
    [21952, 'water', ['WATER']],
    [22280, 'high confidence cloud', ['CLOUD']],
    [23888, 'cloud shadow', ['SHADOW']],
    [30048, 'snow', ['SNOW']],
    [54596, 'cirrus', ['HAZE']],
  ])('%i, %s, gives %j', (code, _name, flags) => {
    expect(one('qa_pixel', code)).toEqual(flags);
  });
});
