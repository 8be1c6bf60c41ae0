import { describe, expect, test } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { INDICES, type IndexRow } from '../../../pipeline/indices/table.ts';
import { bandsOf, type Node, parseFormula } from '../../../pipeline/kernels/formula.ts';
import { lower } from '../../../pipeline/kernels/program.ts';

/** A tree with all its brackets, so that precedence can be read. */
function show(node: Node): string {
  switch (node.kind) {
    case 'number':
      return String(node.value);
    case 'band':
      return node.name;
    case 'unary':
      return `(-${show(node.of)})`;
    case 'binary':
      return `(${show(node.left)}${node.op}${show(node.right)})`;
    case 'call':
      return `${node.name}(${node.args.map(show).join(',')})`;
  }
}

describe('a formula', () => {
  test.each([
    ['(N - R)/(N + R)', '((N-R)/(N+R))'],
    ['1 - 2 - 3', '((1-2)-3)'],
    ['8/4/2', '((8/4)/2)'],
    ['2*N + 3*R', '((2*N)+(3*R))'],
    ['2**3**2', '(2**(3**2))'],
    ['-N**2', '(-(N**2))'],
    ['2**-1', '(2**(-1))'],
    ['2*-N', '(2*(-N))'],
    ['+N', 'N'],
    ['.5*N + 1e-3*R + 2.', '(((0.5*N)+(0.001*R))+2)'],
    ['min(N, max(R, 0.1))', 'min(N,max(R,0.1))'],
    ['tanh(((N - R)/(N + R))**2)', 'tanh((((N-R)/(N+R))**2))'],
    ['  sqrt ( RE1 )  ', 'sqrt(RE1)'],
  ])('%s is read as %s', (text, tree) => {
    expect(show(parseFormula(text))).toBe(tree);
  });

  test.each([
    ['', 'too early'],
    ['   ', 'too early'],
    ['N +', 'too early'],
    ['N R', 'unexpected R at column 3'],
    ['(N', 'expected )'],
    ['N)', 'unexpected ) at column 2'],
    ['N ^ R', 'unexpected "^" at column 3'],
    ['N; R', 'unexpected ";" at column 2'],
    ['N[0]', 'unexpected "[" at column 2'],
    ['N.constructor', 'unexpected "." at column 2'],
    ['constructor', 'no band code'],
    ['__proto__', 'unexpected "_" at column 1'],
    ['eval(N)', 'no function eval'],
    ['toString(N)', 'no function toString'],
    ['hasOwnProperty(N)', 'no function hasOwnProperty'],
    ['sqrt(N, R)', 'takes 1 argument'],
    ['min(N)', 'takes 2 argument'],
    ['sqrt()', 'unexpected )'],
    ['1e99*N', 'too large'],
    ['N ∗ R', 'unexpected'],
    ['this.thread.x', 'unexpected "." at column 5'],
    ['`N`', 'unexpected "`" at column 1'],
  ])('%j is refused: %s', (text, reason) => {
    expect(() => parseFormula(text)).toThrow(
      expect.objectContaining({ code: 'E_FORMULA_SYNTAX', message: expect.stringContaining(reason) }),
    );
  });

  test.each([
    ['brackets', `${'('.repeat(65)}N${')'.repeat(65)}`],
    ['signs', `${'-'.repeat(65)}N`],
    ['powers', Array(66).fill('N').join('**')],
    ['calls', `${'abs('.repeat(65)}N${')'.repeat(65)}`],
    ['sums', Array(66).fill('N').join('+')],
  ])('nested deeper than 64 by %s is refused', (_what, text) => {
    expect(() => parseFormula(text)).toThrow('nested deeper than 64');
  });

  test('longer than 2000 characters is refused, and 2000 blanks are read in no time', () => {
    expect(() => parseFormula(' '.repeat(2001))).toThrow('longer than 2000');
    const started = performance.now();
    expect(() => parseFormula(`${' '.repeat(1999)}!`)).toThrow('unexpected "!" at column 2000');
    expect(() => parseFormula(`N${' '.repeat(1998)}N`)).toThrow('column 2000');
    expect(performance.now() - started).toBeLessThan(100);
  });

  test('of random characters is read or refused, and never does anything else', () => {
    const alphabet = [
      'N',
      'R',
      'RE1',
      '(',
      ')',
      '+',
      '-',
      '*',
      '**',
      '/',
      ',',
      ' ',
      '0',
      '.5',
      '1e3',
      'sqrt',
      'min',
      'x',
      '_',
      '"',
      '\\',
      '\u0000',
      '中',
    ];
    const random = seeded(11);
    let read = 0;
    for (let i = 0; i < 20_000; i++) {
      const text = Array.from(
        { length: 1 + Math.floor(random() * 12) },
        () => alphabet[Math.floor(random() * alphabet.length)],
      ).join('');
      try {
        lower(parseFormula(text));
        read += 1;
      } catch (error) {
        expect(error).toMatchObject({ code: 'E_FORMULA_SYNTAX' });
      }
    }
    expect(read).toBeGreaterThan(500);
  });

  test('tells its bands in order of first appearance', () => {
    expect(bandsOf(parseFormula('(G - N)/(G + N) + RE1'))).toEqual(['G', 'N', 'RE1']);
  });

  test.each(Object.entries<IndexRow>(INDICES))('%s names exactly the bands of its row', (_id, row) => {
    expect(new Set(bandsOf(parseFormula(row.formula)))).toEqual(new Set(row.bands));
  });
});

describe('lowering', () => {
  test('computes a part that appears twice once', () => {
    const { steps } = lower(parseFormula('(N - R)/(N + R) + (N - R)'));
    expect(steps.filter((step) => step.kind === 'op' && step.op === '-')).toHaveLength(1);
  });

  test('folds constants in float32', () => {
    const { steps } = lower(parseFormula('N*(1/3 + 2)'));
    const third = Math.fround(Math.fround(1 / 3) + 2);
    expect(steps.filter((step) => step.kind === 'number')).toEqual([{ kind: 'number', value: third }]);
    expect(steps).toHaveLength(3);
  });

  test.each([
    ['N**2', ['*']],
    ['N**3', ['*', '*']],
    ['N**0.5', ['sqrt']],
    ['N**1', []],
    ['N**1.5', ['pow']],
    ['N**9', ['pow']],
  ])('writes %s as %j', (text, operations) => {
    const { steps } = lower(parseFormula(text));
    expect(steps.flatMap((step) => (step.kind === 'op' ? [step.op] : []))).toEqual(operations);
  });
});
