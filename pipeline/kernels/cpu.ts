import { HeituError } from '../core/error.ts';
import type { Node } from './formula.ts';
import { lower, type Operation, type Program, type Step } from './program.ts';
import { compileSimd, type SimdRunner } from './simd.ts';

/** Pixels worked on at a time: a handful of float32 buffers of this length stay in a core's fastest cache. */
const CHUNK = 4096;

/**
 * One operation over `n` pixels: `out[o + i] = a[i0 + i] ∘ b[j0 + i]`, and of a third operand where there is one.
 * Storing into a Float32Array rounds each result to float32, which is what a GPU computes; float64 in between changes
 * nothing for + − × ÷ √ (53 ≥ 2·24 + 2 bits, Figueroa 1995, doi 10.1145/221332.221334).
 */
type Loop = (
  a: Float32Array,
  i0: number,
  b: Float32Array,
  j0: number,
  c: Float32Array,
  k0: number,
  out: Float32Array,
  o: number,
  n: number,
) => void;

/** One loop an operation, written out because a loop that calls a function per pixel runs at a tenth of the speed. */
const LOOPS: Readonly<Record<Operation, Loop>> = {
  '+': (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! + b[j0 + i]!;
  },
  '-': (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! - b[j0 + i]!;
  },
  '*': (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! * b[j0 + i]!;
  },
  '/': (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! / b[j0 + i]!;
  },
  pow: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! ** b[j0 + i]!;
  },
  min: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.min(a[i0 + i]!, b[j0 + i]!);
  },
  max: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.max(a[i0 + i]!, b[j0 + i]!);
  },
  neg: (a, i0, _b, _j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = -a[i0 + i]!;
  },
  sqrt: (a, i0, _b, _j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.sqrt(a[i0 + i]!);
  },
  exp: (a, i0, _b, _j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.exp(a[i0 + i]!);
  },
  log: (a, i0, _b, _j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.log(a[i0 + i]!);
  },
  abs: (a, i0, _b, _j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.abs(a[i0 + i]!);
  },
  ge: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! >= b[j0 + i]! ? 1 : 0;
  },
  and: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! * b[j0 + i]!;
  },
  or: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = Math.max(a[i0 + i]!, b[j0 + i]!);
  },
  pick: (a, i0, b, j0, c, k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! === 1 ? b[j0 + i]! : c[k0 + i]!;
  },
  checked: (a, i0, b, j0, _c, _k0, out, o, n) => {
    for (let i = 0; i < n; i++) out[o + i] = a[i0 + i]! === 1 ? b[j0 + i]! : Number.NaN;
  },
};

/** Bands of one call by ASI code, one float32 array each, all of the same length. */
export type BandArrays = Readonly<Record<string, Float32Array>>;

/** The arrays a program needs, in its order; throws E_BAND_MISSING, or E_GRID_MISMATCH when lengths differ. */
export function bandArrays(program: Program, bands: BandArrays, length: number): Float32Array[] {
  return program.bands.map((name) => {
    const band = Object.hasOwn(bands, name) ? bands[name] : undefined;
    if (band === undefined)
      throw new HeituError('E_BAND_MISSING', { what: name, where: Object.keys(bands).join(', ') || 'none' });
    if (band.length !== length)
      throw new HeituError('E_GRID_MISMATCH', { where: name, what: `${band.length} pixels, not ${length}` });
    return band;
  });
}

/** A formula made ready to run: lowered, and encoded for SIMD where all of it can be. */
interface Compiled {
  readonly program: Program;
  readonly simd: SimdRunner | null;
}

const compiled = new WeakMap<Node, Compiled>();

function compile(node: Node): Compiled {
  const known = compiled.get(node);
  if (known !== undefined) return known;
  const program = lower(node);
  const made = { program, simd: compileSimd(program) };
  compiled.set(node, made);
  return made;
}

/**
 * Computes a formula over whole bands into `out`, rounding to float32 after every operation; no text is ever run.
 * Throws E_BAND_MISSING or E_GRID_MISMATCH. With N = [0.45] and R = [0.035] the NDVI formula gives [0.8556701].
 */
export function evaluate(node: Node, bands: BandArrays, out: Float32Array): void {
  const { program, simd } = compile(node);
  const inputs = bandArrays(program, bands, out.length);
  if (simd === null) runLoops(program, inputs, out);
  else simd(inputs, out);
}

/** A lowered program by plain loops, one an operation: for what SIMD has no instruction for, and to test it against. */
export function runLoops(program: Program, inputs: readonly Float32Array[], out: Float32Array): void {
  const { steps } = program;
  const last = steps.length - 1;
  const slots = assignSlots(steps);
  const size = Math.min(CHUNK, out.length);
  const scratch = Array.from({ length: Math.max(-1, ...slots) + 1 }, () => new Float32Array(size));
  for (const [at, step] of steps.entries()) if (step.kind === 'number') scratch[slots[at]!]!.fill(step.value);
  for (let start = 0; start < out.length; start += CHUNK) {
    const n = Math.min(CHUNK, out.length - start);
    const arrayOf = (at: number): Float32Array => {
      const step = steps[at]!;
      return step.kind === 'band' ? inputs[step.band]! : scratch[slots[at]!]!;
    };
    const offsetOf = (at: number): number => (steps[at]!.kind === 'band' ? start : 0);
    for (const [at, step] of steps.entries()) {
      if (step.kind !== 'op') continue;
      const [a, b = a, c = a] = step.args;
      const target = at === last ? out : scratch[slots[at]!]!;
      LOOPS[step.op](
        arrayOf(a!),
        offsetOf(a!),
        arrayOf(b!),
        offsetOf(b!),
        arrayOf(c!),
        offsetOf(c!),
        target,
        at === last ? start : 0,
        n,
      );
    }
    if (steps[last]!.kind !== 'op')
      out.set(arrayOf(last).subarray(offsetOf(last), offsetOf(last) + n), start);
  }
}

/**
 * Scratch buffer of every step, −1 for a band. A buffer is free again after the last step that reads it, so that even
 * long formulas work in a few; a step may write over an operand, because pixel i of the result needs pixel i only.
 */
function assignSlots(steps: readonly Step[]): number[] {
  const lastUse = new Array<number>(steps.length).fill(-1);
  for (const [at, step] of steps.entries())
    if (step.kind === 'op') for (const arg of step.args) lastUse[arg] = at;
  const free: number[] = [];
  let made = 0;
  const slots: number[] = [];
  for (const [at, step] of steps.entries()) {
    if (step.kind === 'band') {
      slots.push(-1);
      continue;
    }
    if (step.kind === 'op') {
      for (const arg of new Set(step.args)) {
        // Constants are filled in once, before the first chunk, and stay.
        if (lastUse[arg] === at && steps[arg]!.kind === 'op') free.push(slots[arg]!);
      }
    }
    slots.push((step.kind === 'op' ? free.pop() : undefined) ?? made++);
  }
  return slots;
}
