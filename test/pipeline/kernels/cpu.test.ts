import { describe, expect, test } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { evaluate, runLoops } from '../../../pipeline/kernels/cpu.ts';
import { type Bound, type Node, parseFormula } from '../../../pipeline/kernels/formula.ts';
import { lower } from '../../../pipeline/kernels/program.ts';
import { compileSimd } from '../../../pipeline/kernels/simd.ts';

/** Numbers on which arithmetic is most easily wrong. */
const AWKWARD = [
  0,
  -0,
  1,
  -1,
  Number.NaN,
  Infinity,
  -Infinity,
  1e-45,
  -1e-45,
  1.1e-38,
  3.4e38,
  -3.4e38,
  0.0001,
  6.5535,
  0.1,
  1 / 3,
];

/**
 * The formula pixel by pixel, straight from the tree, rounded to float32 after every operation, in JavaScript's own
 * arithmetic. What METHODS 3.1 gives no value (a divisor under 1e-6, a root of less than 0 …) makes the whole pixel
 * "no number", also where an operation would swallow it.
 */
function oracle(node: Node, pixel: Readonly<Record<string, number>>): number {
  let hasValue = true;
  const must = (holds: boolean): void => {
    hasValue &&= holds;
  };
  const of = (n: Node): number => {
    switch (n.kind) {
      case 'number':
        return Math.fround(n.value);
      case 'band':
        return pixel[n.name]!;
      case 'unary':
        return -of(n.of);
      case 'call': {
        const args = n.args.map(of) as [number, ...number[]];
        if (n.name === 'sqrt') must(args[0] >= 0);
        if (n.name === 'log') must(args[0] >= 2 ** -126);
        return Math.fround(Math[n.name](args[0], ...(args.slice(1) as [])));
      }
      case 'checked':
        throw new Error('formulas of text have no checked part');
      case 'binary': {
        const [a, b] = [of(n.left), of(n.right)];
        if (n.op === '+') return Math.fround(a + b);
        if (n.op === '-') return Math.fround(a - b);
        if (n.op === '*') return Math.fround(a * b);
        if (n.op === '/') {
          must(Math.abs(b) >= Math.fround(1e-6));
          return Math.fround(a / b);
        }
        if (n.right.kind === 'number' && n.right.value === 2) return Math.fround(a * a);
        must(a >= 0);
        return Math.fround(n.right.kind === 'number' && n.right.value === 0.5 ? Math.sqrt(a) : a ** b);
      }
    }
  };
  const value = of(node);
  return hasValue ? value : Number.NaN;
}

function everyPair(): { N: Float32Array; R: Float32Array } {
  const pairs = AWKWARD.flatMap((a) => AWKWARD.map((b) => [a, b] as const));
  return { N: Float32Array.from(pairs, (p) => p[0]), R: Float32Array.from(pairs, (p) => p[1]) };
}

function run(text: string, bands: Record<string, Float32Array>): Float32Array {
  const out = new Float32Array(Object.values(bands)[0]!.length);
  evaluate(parseFormula(text), bands, out);
  return out;
}

const FORMULAS = [
  'N + R',
  'N - R',
  'N * R',
  'N / R',
  '-N',
  'sqrt(N)',
  'abs(R)',
  'min(N, R)',
  'max(N, R)',
  'exp(N)',
  'log(N)',
  'N**2',
  'N**0.5',
  'N**1.5',
  '2**R',
  'N**R',
  'max(N/R, 0.5)',
  'min(0.5, sqrt(N))',
  'abs(1/(N - R)) + N',
  '(N - R)/(N + R)',
  '2.5*(N - R)/(N + 2.4*R + 1.0)',
  '0.5*(2*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
  '1.5*(1.2*(N - R) - 2.5*(R - N))/(((2*N + 1)**2 - (6*N - 5*R**0.5) - 0.5)**0.5)',
  '(N - R) - (N - R)*(N + R) + (N + R)/(N - R)',
];

describe('the CPU evaluator', () => {
  test.each(FORMULAS)(
    '%s equals the tree evaluated pixel by pixel, also for NaN, infinities, zeros and subnormals',
    (text) => {
      const { N, R } = everyPair();
      const node = parseFormula(text);
      const expected = Float32Array.from(N, (n, i) => oracle(node, { N: n, R: R[i]! }));
      expect([...run(text, { N, R })]).toEqual([...expected]);
      const loops = new Float32Array(N.length);
      const program = lower(node);
      runLoops(
        program,
        program.bands.map((name) => (name === 'N' ? N : R)),
        loops,
      );
      expect([...loops]).toEqual([...expected]);
    },
  );

  test('tanh is arithmetic: in SIMD and loops the same bits, within 4e-7 of the function, odd, and never beyond 1', () => {
    const node = parseFormula('tanh(N)');
    const n = 1 << 18;
    const N = Float32Array.from({ length: n }, (_, i) => -12 + (24 * i) / n);
    const [simd, loops, mirrored] = [new Float32Array(n), new Float32Array(n), new Float32Array(n)];
    evaluate(node, { N }, simd);
    runLoops(lower(node), [N], loops);
    evaluate(parseFormula('-tanh(-N)'), { N }, mirrored);
    expect(compileSimd(lower(node))).not.toBeNull();
    expect([...loops]).toEqual([...simd]);
    expect([...mirrored]).toEqual([...simd]);
    let furthest = 0;
    for (let i = 0; i < n; i++) furthest = Math.max(furthest, Math.abs(simd[i]! - Math.tanh(N[i]!)));
    expect(furthest).toBeLessThan(4e-7);
    expect(Math.max(...simd.subarray(-1000))).toBeLessThanOrEqual(1);
    expect([...run('tanh(N)', { N: Float32Array.of(0, 3e38, -3e38, Number.NaN, Infinity) })]).toEqual([
      0,
      Math.fround(0.99999994),
      Math.fround(-0.99999994),
      Number.NaN,
      Number.NaN,
    ]);
  });

  test('takes SIMD for exactly the formulas made of IEEE operations', () => {
    const inexact = FORMULAS.filter((text) => compileSimd(lower(parseFormula(text))) === null);
    expect(inexact).toEqual(['exp(N)', 'log(N)', 'N**1.5', '2**R', 'N**R']);
  });

  test.each([1, 2, 3, 4095, 4096, 4097, 8192, 10_001])(
    'a row of %i pixels does not depend on how it is cut into chunks',
    (n) => {
      const random = seeded(n);
      const N = Float32Array.from({ length: n }, random);
      const R = Float32Array.from({ length: n }, random);
      const whole = run(FORMULAS.at(-1)!, { N, R });
      const single = Float32Array.from(
        N,
        (_, i) => run(FORMULAS.at(-1)!, { N: N.subarray(i, i + 1), R: R.subarray(i, i + 1) })[0]!,
      );
      expect([...whole]).toEqual([...single]);
    },
  );

  describe('a checked part', () => {
    const { N, R } = everyPair();
    const of = parseFormula('N/R');
    const over = (requires: readonly Bound[], otherwise: Node | null): [Float32Array, Float32Array] => {
      const node: Node = { kind: 'checked', of, requires, otherwise };
      const [simd, loops] = [new Float32Array(N.length), new Float32Array(N.length)];
      evaluate(node, { N, R }, simd);
      const program = lower(node);
      expect(compileSimd(program)).not.toBeNull();
      runLoops(
        program,
        program.bands.map((name) => (name === 'N' ? N : R)),
        loops,
      );
      return [simd, loops];
    };

    test('has a value where its bounds hold, both ends allowed, and "no number" is within none', () => {
      const bound = { of: parseFormula('N'), min: -1, max: 1 };
      const expected = Float32Array.from(N, (n, i) =>
        n >= -1 && n <= 1 && Math.abs(R[i]!) >= Math.fround(1e-6) ? n / R[i]! : Number.NaN,
      );
      for (const out of over([bound], null)) expect([...out]).toEqual([...expected]);
    });

    test('gives way to the other formula where a bound or its own division fails', () => {
      const bound = { of: parseFormula('R'), min: null, max: 1 };
      const otherwise = parseFormula('sqrt(N)');
      const expected = Float32Array.from(N, (n, i) => {
        const r = R[i]!;
        if (r <= 1 && Math.abs(r) >= Math.fround(1e-6)) return n / r;
        return n >= 0 ? Math.sqrt(n) : Number.NaN;
      });
      for (const out of over([bound], otherwise)) expect([...out]).toEqual([...expected]);
    });

    test('inside a larger formula keeps its conditions', () => {
      const node: Node = {
        kind: 'binary',
        op: '-',
        left: { kind: 'checked', of, requires: [], otherwise: parseFormula('N') },
        right: parseFormula('1/N'),
      };
      const out = new Float32Array(3);
      evaluate(node, { N: Float32Array.of(2, 2, 0), R: Float32Array.of(4, 0, 1) }, out);
      expect([...out]).toEqual([0, 1.5, Number.NaN]);
    });
  });

  test('an empty tile has no values', () => {
    expect(run('N + R', { N: new Float32Array(0), R: new Float32Array(0) })).toHaveLength(0);
  });

  test('a formula of one band copies it, and one of none fills in its constant', () => {
    expect([...run('N', { N: Float32Array.of(1, -0, Number.NaN) })]).toEqual([1, -0, Number.NaN]);
    expect([...run('1/3', { N: new Float32Array(5000) })]).toEqual(new Array(5000).fill(Math.fround(1 / 3)));
  });

  test('does not write into its bands', () => {
    const N = Float32Array.of(0.45, 0.1);
    const R = Float32Array.of(0.035, 0.2);
    run(FORMULAS.at(-1)!, { N, R });
    expect([...N, ...R]).toEqual([0.45, 0.1, 0.035, 0.2].map(Math.fround));
  });

  test('says which band is missing, and refuses bands of another length', () => {
    const N = new Float32Array(4);
    expect(() => run('N + R', { N })).toThrow(expect.objectContaining({ code: 'E_BAND_MISSING' }));
    expect(() => run('N + R', { N, R: new Float32Array(5) })).toThrow(
      expect.objectContaining({ code: 'E_GRID_MISMATCH' }),
    );
  });

  test('an inherited property is no band', () => {
    // Names of Object.prototype begin with a small letter and cannot be written as bands; a prototype with one can be made.
    const bands: Record<string, Float32Array> = Object.create({ R: new Float32Array(1) });
    bands.N = new Float32Array(1);
    expect(() => run('N + R', bands)).toThrow(expect.objectContaining({ code: 'E_BAND_MISSING' }));
  });

  test('prints its speed beside a plain typed-array loop', () => {
    const n = 512 * 512;
    const random = seeded(1);
    const N = Float32Array.from({ length: n }, random);
    const R = Float32Array.from({ length: n }, random);
    const out = new Float32Array(n);
    const rounds = 40;
    const speed = (work: () => void): number => {
      for (let i = 0; i < 5; i++) work();
      const started = performance.now();
      for (let i = 0; i < rounds; i++) work();
      return (rounds * n) / 1e3 / (performance.now() - started);
    };
    const plain = {
      NDVI: () => {
        for (let i = 0; i < n; i++) out[i] = (N[i]! - R[i]!) / (N[i]! + R[i]!);
      },
      EVI2: () => {
        for (let i = 0; i < n; i++) out[i] = (2.5 * (N[i]! - R[i]!)) / (N[i]! + 2.4 * R[i]! + 1);
      },
    };
    for (const [id, text] of [
      ['NDVI', '(N - R)/(N + R)'],
      ['EVI2', '2.5*(N - R)/(N + 2.4*R + 1.0)'],
    ] as const) {
      const node = parseFormula(text);
      const loop = speed(plain[id]);
      const ours = speed(() => evaluate(node, { N, R }, out));
      console.log(
        `${id}: evaluator ${ours.toFixed(0)} Mpx/s, plain loop ${loop.toFixed(0)} Mpx/s, ratio ${(ours / loop).toFixed(2)}`,
      );
      expect(ours).toBeGreaterThan(0);
    }
  });
});
