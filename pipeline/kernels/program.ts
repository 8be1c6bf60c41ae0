import { bandsOf, type FunctionName, type Node } from './formula.ts';

export type Operation = '+' | '-' | '*' | '/' | 'pow' | 'neg' | FunctionName;

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

/** Each operation in float64 on float32 operands; rounding the result once to float32 gives IEEE float32 for + − × ÷ and square root. */
export const APPLY: Readonly<Record<Operation, (a: number, b: number) => number>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
  pow: (a, b) => a ** b,
  neg: (a) => -a,
  sqrt: (a) => Math.sqrt(a),
  tanh: (a) => Math.tanh(a),
  exp: (a) => Math.exp(a),
  log: (a) => Math.log(a),
  abs: (a) => Math.abs(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
};

/**
 * Lowers a tree to the steps that every back end runs, so that they differ in arithmetic only: equal parts are
 * shared, constant parts are computed here (in float32), `x**2` to `x**8` are multiplications and `x**0.5` a square root.
 * `lower(parseFormula('(N - R)/(N + R)'))` has five steps: N, R, N − R, N + R and their quotient.
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
    if (constants.every((value) => value !== null))
      return number(APPLY[op](constants[0]!, constants[1] ?? 0));
    return keep({ kind: 'op', op, args });
  };
  const visit = (n: Node): number => {
    switch (n.kind) {
      case 'number':
        return number(n.value);
      case 'band':
        return keep({ kind: 'band', band: bands.indexOf(n.name) });
      case 'unary':
        return apply('neg', visit(n.of));
      case 'call':
        return apply(n.name, ...n.args.map(visit));
      case 'binary': {
        const left = visit(n.left);
        if (n.op !== '**') return apply(n.op, left, visit(n.right));
        // As `pow` these would differ between back ends, and a GPU has no power of a negative number.
        const exponent = n.right.kind === 'number' ? n.right.value : Number.NaN;
        if (exponent === 0.5) return apply('sqrt', left);
        if (Number.isInteger(exponent) && exponent >= 1 && exponent <= MAX_PRODUCT) {
          let power = left;
          for (let k = 1; k < exponent; k++) power = apply('*', power, left);
          return power;
        }
        return apply('pow', left, visit(n.right));
      }
    }
  };
  const result = visit(node);
  return { bands, steps: trim(steps, result) };
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
