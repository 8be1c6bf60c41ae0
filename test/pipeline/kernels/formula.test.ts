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
    case 'checked':
      throw new Error('no text is read as a checked part');
  }
}

function read(text: string): void {
  try {
    parseFormula(text);
  } catch {
    // Refusing has to be as quick.
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

  test.each([
    ['terms', (n: number) => Array(n).fill('N').join('*'), 60],
    ['brackets', (n: number) => `${'('.repeat(n)}N${')'.repeat(n)}`, 60],
    ['signs', (n: number) => `${'-'.repeat(n)}N`, 60],
    ['blanks', (n: number) => `N${' '.repeat(n * 30)}+ R`, 60],
    ['digits', (n: number) => `0.${'1'.repeat(n * 30)}*N`, 60],
    ['letters', (n: number) => `${'N'.repeat(n * 30)}`, 60],
  ])('is read in time linear in its length: %s', (_what, make, n) => {
    // Time for as many characters in texts of n, of n/2 and of n/4 parts.
    const time = (parts: number, rounds: number): number => {
      const text = make(parts);
      let best = Number.POSITIVE_INFINITY;
      for (let attempt = 0; attempt < 5; attempt++) {
        const started = performance.now();
        for (let i = 0; i < rounds; i++) read(text);
        best = Math.min(best, performance.now() - started);
      }
      return best / rounds;
    };
    time(n, 100);
    // The least of a few ratios: whatever else the machine does can only make one larger.
    const ratios = Array.from({ length: 5 }, () => {
      const [quarter, half, whole] = [time(n / 4, 400), time(n / 2, 200), time(n, 100)] as const;
      return Math.max(half / quarter, whole / half);
    });
    expect(Math.min(...ratios)).toBeLessThan(2.5);
    expect(time(n, 100)).toBeLessThan(1);
  });

  test.each([
    ['blanks', ' '.repeat(50_000)],
    ['digits', '1'.repeat(50_000)],
    ['digits and points', '1.'.repeat(25_000)],
    ['exponents', '1e'.repeat(25_000)],
    ['names', 'aA'.repeat(25_000)],
    ['signs', '**'.repeat(25_000)],
  ])('of 50,000 characters of %s is refused within 50 ms', (_what, text) => {
    const started = performance.now();
    expect(() => parseFormula(text)).toThrow('longer than 2000');
    // The token pattern itself, without the limit before it.
    expect(
      text.match(/\s*(?:((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|([A-Za-z][A-Za-z0-9]*)|(\*\*|[-+*/(),]))/y),
    ).toBeDefined();
    expect(performance.now() - started).toBeLessThan(50);
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
    ['N**0.5', ['ge', 'sqrt', 'checked']],
    ['N**1', []],
    ['N**1.5', ['ge', 'pow', 'checked']],
    ['N**9', ['ge', 'pow', 'checked']],
    ['N/2', ['/']],
    ['2/N', ['/', 'abs', 'ge', 'checked']],
    ['log(N)', ['ge', 'log', 'checked']],
  ])('writes %s as %j', (text, operations) => {
    const { steps } = lower(parseFormula(text));
    expect(steps.flatMap((step) => (step.kind === 'op' ? [step.op] : [])).sort()).toEqual(
      operations.toSorted(),
    );
  });

  test('asks once for what is asked twice: N + R under two numerators is one condition', () => {
    const { steps } = lower(parseFormula('N/(N + R) - R/(N + R)'));
    expect(steps.filter((step) => step.kind === 'op' && step.op === 'ge')).toHaveLength(1);
  });

  test.each([
    ['N/0', 'outside'],
    ['N/(1 - 1)', 'outside'],
    ['N*(1e30*1e30)', 'no finite value'],
    ['N*sqrt(0 - 1)', 'outside'],
    ['N + log(0)', 'outside'],
    ['exp(1000)', 'no finite value'],
  ])('refuses %s: a constant part without a value', (text, reason) => {
    expect(() => lower(parseFormula(text))).toThrow(
      expect.objectContaining({ code: 'E_FORMULA_SYNTAX', message: expect.stringContaining(reason) }),
    );
  });
});
