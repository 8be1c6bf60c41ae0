import { describe, expect, test } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import { parseExpressions } from '../../../pipeline/indices/expression.ts';
import { evaluate } from '../../../pipeline/kernels/cpu.ts';

function refused(text: string): HeituError {
  try {
    parseExpressions(text);
  } catch (error) {
    if (error instanceof HeituError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}

describe('an expression', () => {
  test('is a name, a formula, the bands it uses and how it is stored', () => {
    const [row] = parseExpressions(' mine = (N - RE1)/(N + RE1) ');
    expect(row).toMatchObject({
      id: 'mine',
      formula: '(N - RE1)/(N + RE1)',
      bands: ['N', 'RE1'],
      scale: 0.0001,
      dtype: 'int16',
      nodata: -32_768,
    });
    expect(row!.range[1]).toBeCloseTo(3.2767, 12);
    const out = new Float32Array(1);
    evaluate(row!.node, { N: Float32Array.of(0.5), RE1: Float32Array.of(0.25) }, out);
    expect(out[0]).toBeCloseTo(1 / 3, 7);
  });

  test('may say how it is stored, after an @', () => {
    const rows = parseExpressions('a=N/R@0.001; b=N*R @ float32;c=N@1e-3');
    expect(rows.map(({ id, scale, dtype }) => [id, scale, dtype])).toEqual([
      ['a', 0.001, 'int16'],
      ['b', 1, 'float32'],
      ['c', 0.001, 'int16'],
    ]);
    expect(rows[0]!.range).toEqual([-32.767, 32.767]);
    expect(Number.isNaN(rows[1]!.nodata)).toBe(true);
  });

  test.each([
    ['', 'write it as NAME='],
    ['N-R', 'write it as NAME='],
    ['=N-R', 'is no name'],
    ['1a=N', 'is no name'],
    ['../etc=N', 'is no name'],
    ['a b=N', 'is no name'],
    ['a/b=N', 'is no name'],
    ['黑土=N', 'is no name'],
    [`${'a'.repeat(33)}=N`, 'is no name'],
    ['NDVI=(N-R)/(N+R)', 'is an index of the table'],
    ['a=N;a=R', 'given twice'],
    ['a=N;A=R', 'given twice'],
    ['a=N;', 'write it as NAME='],
    ['a=N@', 'expected float32 or a scale'],
    ['a=N@0', 'expected float32 or a scale'],
    ['a=N@-1', 'expected float32 or a scale'],
    ['a=N@1e9', 'expected float32 or a scale'],
    ['a=N@int8', 'expected float32 or a scale'],
    ['a=N@0x10', 'expected float32 or a scale'],
    ['a=N@0.1@0.1', 'more than one @'],
    [Array.from({ length: 17 }, (_, i) => `a${i}=N`).join(';'), 'more than 16'],
  ])('%j is refused: %s', (text, reason) => {
    const error = refused(text);
    expect(error.code).toBe('E_PARAMETER_INVALID');
    expect(error.message).toContain(reason);
    expect(error.message.length).toBeLessThan(300);
  });

  test.each([
    ['a=', 'too early'],
    ['a=1', 'uses no band'],
    ['a=X', 'no band X'],
    ['a=N+NIR', 'no band NIR'],
    ['a=N/0', 'constant part'],
    ['a=N==R', 'unexpected'],
    ['a=N;b=eval(N)', 'no function eval'],
    ['a=N.constructor', 'unexpected'],
    ['a=process.exit(1)', 'unexpected'],
    ['a=(N,R)', 'unexpected'],
    ['a=__proto__', 'unexpected'],
    ['a=`N`', 'unexpected'],
    ["a=require('fs')", 'unexpected'],
    ['a=this', 'no band code'],
    ['a=N=>N', 'unexpected'],
    ['a=(()=>1)()', 'unexpected'],
    ['a=globalThis', 'no band code'],
    ['a=constructor(N)', 'no function constructor'],
    ['a=N[0]', 'unexpected'],
    ['a=import(N)', 'no function import'],
    [`a=${'('.repeat(100)}N${')'.repeat(100)}`, 'nested deeper'],
    [`a=${'N+'.repeat(1500)}N`, 'longer than 2000'],
  ])('%j is refused by the parser of the table: %s', (text, reason) => {
    const error = refused(text);
    expect(error.code).toBe('E_FORMULA_SYNTAX');
    expect(error.message).toContain(reason);
  });

  test('of 200,000 characters is refused within 50 ms, whatever it is made of', () => {
    for (const piece of ['=', ';', '@', ' ', 'a', 'a=N;', 'a=N@0.1', '(', '1', '*']) {
      const text = `a=N${piece.repeat(200_000 / piece.length)}`;
      const started = performance.now();
      refused(text);
      expect(performance.now() - started, piece).toBeLessThan(50);
    }
  });

  test('made of random pieces is read or refused, and its name is always a plain one', () => {
    const random = seeded(3);
    const pieces = [
      'a',
      'N',
      'R',
      '=',
      ';',
      '@',
      '0.1',
      'float32',
      '/',
      '(',
      ')',
      '+',
      ' ',
      '\n',
      '\0',
      '..',
      '中',
    ];
    let read = 0;
    for (let i = 0; i < 40_000; i++) {
      const length = 1 + Math.floor(random() * 6);
      const text = Array.from({ length }, () => pieces[Math.floor(random() * pieces.length)]).join('');
      try {
        for (const { id, bands } of parseExpressions(text)) {
          expect(id).toMatch(/^\w+$/);
          expect(bands.every((band) => ['N', 'R'].includes(band))).toBe(true);
          read += 1;
        }
      } catch (error) {
        expect(['E_FORMULA_SYNTAX', 'E_PARAMETER_INVALID']).toContain((error as HeituError).code);
      }
    }
    expect(read).toBeGreaterThan(20);
  });
});
