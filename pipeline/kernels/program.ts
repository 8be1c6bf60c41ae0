import { HeituError } from '../core/error.ts';
import { type Bound, bandsOf, type Checked, type FunctionName, type Node } from './formula.ts';

/**
 * What a step can do. The last five are conditions: `ge` asks a ≥ b (never true of "no number"), `and` and `or` join
 * two answers, `pick` takes b where a holds and else c, and `checked`, only ever the last step, b where a holds and
 * else no number.
 */
export type Operation =
  | '+'
  | '-'
  | '*'
  | '/'
  | 'pow'
  | 'neg'
  | Exclude<FunctionName, 'tanh'>
  | 'ge'
  | 'and'
  | 'or'
  | 'pick'
  | 'checked';

/** One value of a program: a band's array, a float32 constant, or an operation on earlier values. */
export type Step =
  | { readonly kind: 'band'; readonly band: number }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'op'; readonly op: Operation; readonly args: readonly number[] };

/** A formula as a straight list of steps, each used as often as needed and computed once; the last is the result. */
export interface Program {
  readonly bands: readonly string[];
  readonly steps: readonly Step[];
}

/** Highest whole power written as a product. */
const MAX_PRODUCT = 8;

/** A divisor nearer to 0 than this divides nothing: the pixel has no value (METHODS 3.1, `safeDiv`). */
export const LEAST_DIVISOR = 1e-6;

/** Smallest float32 with all its digits; below it devices may round to 0, and a logarithm would tell. */
const LEAST_NORMAL = 2 ** -126;

/** tanh is 1 to float32 beyond. */
const TANH_LIMIT = 9.2;

/** Levels of Lambert's continued fraction that are enough for float32 up to there: within 4e-7 of tanh. */
const TANH_LEVELS = 13;

const MAX_FLOAT = 3.4028234663852886e38;

/** Each operation in float64 on float32 operands; rounding the result once to float32 gives IEEE float32 for + − × ÷ and square root. */
const APPLY: Readonly<Record<Operation, (a: number, b: number, c: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  pow: (a, b) => a ** b,
  neg: (a) => -a,
  sqrt: (a) => Math.sqrt(a),
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  abs: (a) => Math.abs(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  ge: (a, b) => (a >= b ? 1 : 0),
  and: (a, b) => a * b,
  or: (a, b) => Math.max(a, b),
  pick: (a, b, c) => (a === 1 ? b : c),
  checked: (a, b) => (a === 1 ? b : Number.NaN),
};

/**
 * Lowers a tree to the steps that every back end runs, so that they differ in arithmetic only: equal parts are
 * shared, constant parts are computed here (in float32), `x**2` to `x**8` are multiplications and `x**0.5` a square root.
 * What has no value is decided by conditions, not by what a device makes of 0/0: a divisor under 1e-6, the root or a
 * broken power of a negative number, a logarithm of nothing, tanh of no number. Throws E_FORMULA_SYNTAX for a constant part without a
 * finite value. `lower(parseFormula('(N - R)/(N + R)'))` has nine steps: N, R, their difference, sum and quotient, and
 * |sum|, 1e-6, "is it at least that", and the quotient where it is.
 */
export function lower(node: Node): Program {
  const bands = bandsOf(node);
  const steps: Step[] = [];
  const known = new Map<string, number>();
  const keep = (step: Step): number => {
    const key = keyOf(step);
    const found = known.get(key);
    if (found !== undefined) return found;
    steps.push(step);
    known.set(key, steps.length - 1);
    return steps.length - 1;
  };
  const number = (value: number) => keep({ kind: 'number', value: Math.fround(value) });
  const apply = (op: Operation, ...args: number[]): number => {
    const constants = args.map((arg) => constantOf(steps[arg]!));
    if (constants.every((value) => value !== null)) return number(fold(op, constants as number[]));
    return keep({ kind: 'op', op, args });
  };
  // Conditions of the part being read. Each `checked` part begins a list of its own.
  let conditions: number[] = [];
  const need = (value: number, bound: Pick<Bound, 'min' | 'max'>): void => {
    for (const condition of [
      bound.min === null ? null : apply('ge', value, number(bound.min)),
      bound.max === null ? null : apply('ge', number(bound.max), value),
    ]) {
      if (condition === null || constantOf(steps[condition]!) === 1) continue;
      if (constantOf(steps[condition]!) === 0) throw noValue('a constant part is outside what it must be');
      conditions.push(condition);
    }
  };
  const divide = (over: number, under: number): number => {
    need(apply('abs', under), { min: LEAST_DIVISOR, max: null });
    return apply('/', over, under);
  };
  const power = (base: number, exponent: Node): number => {
    // As `pow` these would differ between back ends, and a GPU has no power of a negative number.
    const whole = exponent.kind === 'number' ? exponent.value : Number.NaN;
    if (whole === 0.5) return call('sqrt', [base]);
    if (Number.isInteger(whole) && whole >= 1 && whole <= MAX_PRODUCT) {
      let product = base;
      for (let k = 1; k < whole; k++) product = apply('*', product, base);
      return product;
    }
    need(base, { min: 0, max: null });
    return apply('pow', base, visit(exponent));
  };
  const call = (name: FunctionName, args: readonly number[]): number => {
    if (name === 'sqrt') need(args[0]!, { min: 0, max: null });
    if (name === 'log') need(args[0]!, { min: LEAST_NORMAL, max: null });
    return name === 'tanh' ? tanh(args[0]!) : apply(name, ...args);
  };
  // tanh as arithmetic, which is the same to the last bit on every back end, and runs in SIMD.
  const tanh = (x: number): number => {
    need(apply('abs', x), { min: null, max: MAX_FLOAT });
    const within = (limit: number, value: number) =>
      apply('max', number(-limit), apply('min', number(limit), value));
    const short = within(TANH_LIMIT, x);
    const square = apply('*', short, short);
    const polynomial = (coefficients: readonly number[]) =>
      coefficients
        .map(number)
        .reduceRight((sum, coefficient) => apply('+', apply('*', sum, square), coefficient));
    const { over, under } = tanhFraction(TANH_LEVELS);
    return within(1, apply('/', apply('*', short, polynomial(over)), polynomial(under)));
  };
  const checked = ({ of, requires, otherwise }: Checked): number => {
    const outer = conditions;
    conditions = [];
    const value = visit(of);
    for (const bound of requires) need(visit(bound.of), bound);
    const holds = all(conditions);
    conditions = otherwise === null || holds === null ? [...outer, ...conditions] : [];
    if (otherwise === null || holds === null) return value;
    const other = visit(otherwise);
    const otherHolds = all(conditions);
    conditions = otherHolds === null ? outer : [...outer, apply('or', holds, otherHolds)];
    return apply('pick', holds, value, other);
  };
  const all = ([first, ...rest]: readonly number[]): number | null =>
    first === undefined ? null : rest.reduce((so, one) => apply('and', so, one), first);
  const visit = (n: Node): number => {
    switch (n.kind) {
      case 'number':
        return number(n.value);
      case 'band':
        return keep({ kind: 'band', band: bands.indexOf(n.name) });
      case 'unary':
        return apply('neg', visit(n.of));
      case 'call':
        return call(n.name, n.args.map(visit));
      case 'checked':
        return checked(n);
      case 'binary': {
        const left = visit(n.left);
        if (n.op === '**') return power(left, n.right);
        const right = visit(n.right);
        return n.op === '/' ? divide(left, right) : apply(n.op, left, right);
      }
    }
  };
  const value = visit(node);
  const holds = all([...new Set(conditions)]);
  const result = holds === null ? value : keep({ kind: 'op', op: 'checked', args: [holds, value] });
  return { bands, steps: trim(steps, result) };
}

/**
 * tanh x = x/(1 + x²/(3 + x²/(5 + …))) (Lambert 1768), cut off after some levels, as x · over(x²)/under(x²): coefficients
 * from the lowest power up, scaled so that both begin with 1. All are positive, so that nothing cancels.
 */
function tanhFraction(levels: number): { over: number[]; under: number[] } {
  let [under, over] = [[2 * levels - 1], [1]];
  for (let level = levels - 1; level > 0; level--) {
    const next = Array.from(
      { length: Math.max(under.length, over.length + 1) },
      (_, i) => (2 * level - 1) * (under[i] ?? 0) + (over[i - 1] ?? 0),
    );
    [under, over] = [next, under];
  }
  const scale = under[0]!;
  return { over: over.map((value) => value / scale), under: under.map((value) => value / scale) };
}

function fold(op: Operation, constants: readonly number[]): number {
  const value = Math.fround(APPLY[op](constants[0]!, constants[1] ?? 0, constants[2] ?? 0));
  // Infinity written into a shader is an error there, and a number elsewhere.
  if (!Number.isFinite(value)) throw noValue(`${op} of ${constants.join(', ')} has no finite value`);
  return value;
}

function noValue(what: string): HeituError {
  return new HeituError('E_FORMULA_SYNTAX', { where: 'constants', what });
}

function constantOf(step: Step): number | null {
  return step.kind === 'number' ? step.value : null;
}

function keyOf(step: Step): string {
  switch (step.kind) {
    case 'band':
      return `band ${step.band}`;
    case 'number':
      // −0 and 0 are different constants: 1/−0 is −∞.
      return `number ${Object.is(step.value, -0) ? '-0' : step.value}`;
    case 'op':
      return `${step.op} ${step.args.join(' ')}`;
  }
}

/** Drops steps that only fed a folded constant, renumbering the rest; the result comes last. */
function trim(steps: readonly Step[], result: number): Step[] {
  const needed = new Set<number>();
  const need = (at: number): void => {
    if (needed.has(at)) return;
    needed.add(at);
    const step = steps[at]!;
    if (step.kind === 'op') step.args.forEach(need);
  };
  need(result);
  const order = [...needed].sort((a, b) => a - b);
  const place = new Map(order.map((at, i) => [at, i]));
  return order.map((at) => {
    const step = steps[at]!;
    return step.kind === 'op' ? { ...step, args: step.args.map((arg) => place.get(arg)!) } : step;
  });
}
