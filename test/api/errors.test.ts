import { describe, expect, it } from 'vitest';
import { problem } from '../../api/contract/common.ts';
import { problemOf, STATUS } from '../../api/errors.ts';
import { ERRORS, type ErrorCode, HeituError } from '../../pipeline/core/error.ts';

// The keys of the table are the codes.
const CODES = Object.keys(ERRORS) as ErrorCode[];

describe('the status table', () => {
  it('has a status for every error code and no other', () => {
    expect(Object.keys(STATUS).sort()).toEqual([...CODES].sort());
  });

  it.each(CODES)('blames the asker for %s exactly when the asker is to blame', (code) => {
    const isAskers = ERRORS[code].family === 'asker';
    expect(STATUS[code] >= 500).toBe(!isAskers);
    expect(STATUS[code]).toBeGreaterThanOrEqual(400);
  });
});

describe('a problem document', () => {
  it.each(CODES)('of %s keeps to its schema', (code) => {
    const body = problemOf(new HeituError(code, { what: 'a', where: 'b' }), 'id');
    expect(problem.parse(body)).toEqual(body);
    expect(body.code).toBe(code);
    expect(body.status).toBe(STATUS[code]);
  });

  it('tells the asker what to change, in both languages', () => {
    const body = problemOf(
      new HeituError('E_NOT_FOUND', { what: 'parcel 7', where: '/collections/parcels/items' }),
      'id',
    );
    expect(body.detail).toBe('there is no parcel 7; look at /collections/parcels/items for what there is');
    expect(body.detailZh).toBe('没有 parcel 7；从 /collections/parcels/items 查看现有内容');
  });

  it.each(CODES.filter((code) => STATUS[code] >= 500))(
    'of %s keeps places of the machine to itself',
    (code) => {
      const body = JSON.stringify(
        problemOf(new HeituError(code, { what: '/srv/secret/a.tif', where: '/srv/secret' }), 'id'),
      );
      expect(body).not.toContain('secret');
    },
  );
});
