import { describe, expect, it } from 'vitest';
import { asHeituError, ERRORS, type ErrorCode, HeituError } from '../../../pipeline/core/error.ts';

describe('errors', () => {
  it('say what, where and what to do, in both languages, on one line', () => {
    const error = new HeituError('E_BAND_MISSING', { what: 'N', where: 'B, G, R' });
    expect(error.message).toBe(
      'band N is missing (there are: B, G, R); name the bands, e.g. --bands B=1,G=2,R=3,N=4',
    );
    expect(error.in('zh')).toContain('缺少波段 N');
  });

  it('keep control characters of hostile names out of the line', () => {
    const error = new HeituError('E_FILE_MISSING', { what: 'a\nFORGED \u001b[31mline\r\u2028b' });
    for (const control of ['\n', '\r', '\u001b', '\u2028']) expect(error.message).not.toContain(control);
    expect(error.message).toContain('a FORGED');
  });

  it('leave a dollar sign in a name alone', () => {
    expect(new HeituError('E_FILE_MISSING', { what: "$& $' $1.tif" }).message).toContain("$& $' $1.tif");
  });

  it.each(Object.keys(ERRORS) as ErrorCode[])('%s has a sentence and a remedy in both languages', (code) => {
    const row = ERRORS[code];
    for (const text of [row.zh, row.en, row.remedy.zh, row.remedy.en]) expect(text.length).toBeGreaterThan(1);
    expect(row.zh).toMatch(/\p{Script=Han}/u);
    // The same facts are told in both languages.
    for (const slot of ['{what}', '{where}']) {
      const told = (text: string) => text.includes(slot);
      expect(told(row.zh) || told(row.remedy.zh)).toBe(told(row.en) || told(row.remedy.en));
    }
  });

  it('wrap what is not one and pass on what is', () => {
    const own = new HeituError('E_NOT_TIFF');
    expect(asHeituError(own, 'E_INTERNAL')).toBe(own);
    const wrapped = asHeituError(new Error('boom'), 'E_INTERNAL');
    expect(wrapped.code).toBe('E_INTERNAL');
    expect(wrapped.message).toContain('boom');
  });
});
