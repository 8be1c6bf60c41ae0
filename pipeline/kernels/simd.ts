import type { Operation, Program, Step } from './program.ts';

/** Bits of the first operand where the third has ones, else of the second. */
const BITSELECT = 0x52;

/**
 * WebAssembly SIMD opcode of every operation that IEEE 754 defines to the last bit; programs with others are not taken.
 * A condition is a lane of all ones or all zeros here, which bitwise operations join and choose by.
 */
const OPCODES: Readonly<Partial<Record<Operation, number>>> = {
  abs: 0xe0,
  neg: 0xe1,
  sqrt: 0xe3,
  '+': 0xe4,
  '-': 0xe5,
  '*': 0xe6,
  '/': 0xe7,
  min: 0xe8,
  max: 0xe9,
  ge: 0x46,
  and: 0x4e,
  or: 0x50,
  pick: BITSELECT,
  checked: BITSELECT,
};

/** Pixels worked on at a time: inputs and result of a usual formula stay in a core's fastest cache. */
const CHUNK = 2048;
const CHUNK_BYTES = CHUNK * 4;
const PAGE_BYTES = 65_536;

/** Computes a program over arrays of the same length as `out`. */
export type SimdRunner = (inputs: readonly Float32Array[], out: Float32Array) => void;

/**
 * Encodes a program as a WebAssembly function that computes four pixels an instruction, in the float32 arithmetic of
 * the plain loops, bit for bit. The bytes are made from steps, never from text. Null for programs with operations
 * that have no exact instruction, and where WebAssembly is not allowed.
 */
export function compileSimd(program: Program): SimdRunner | null {
  const { steps, bands } = program;
  if (steps.at(-1)!.kind !== 'op') return null;
  if (steps.some((step) => step.kind === 'op' && OPCODES[step.op] === undefined)) return null;
  const instance = instantiate(encodeModule(program));
  if (instance === null) return null;
  // The two exports that encodeModule declares.
  const { memory, run } = instance.exports as { memory: WebAssembly.Memory; run: (bytes: number) => void };
  const heap = new Float32Array(memory.buffer);
  const result = bands.length * CHUNK;
  return (inputs, out) => {
    for (let start = 0; start < out.length; start += CHUNK) {
      const n = Math.min(CHUNK, out.length - start);
      for (let band = 0; band < inputs.length; band++)
        heap.set(inputs[band]!.subarray(start, start + n), band * CHUNK);
      // Whole vectors: what lies beyond n is computed and left there.
      run(Math.ceil(n / 4) * 16);
      out.set(heap.subarray(result, result + n), start);
    }
  };
}

function instantiate(bytes: Uint8Array<ArrayBuffer>): WebAssembly.Instance | null {
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes));
  } catch {
    // No WebAssembly (--jitless) or no SIMD: the plain loops do the same.
    return null;
  }
}

/*
 * The module, by sections (WebAssembly core specification 2.0, section 5.5). Its one function is
 *
 *     run(bytes) { let at = 0; do { …; result[at] = last step; at += 16 } while (at < bytes) }
 *
 * over float32 arrays that lie one behind the other in its memory, the result behind the bands.
 */
function encodeModule(program: Program): Uint8Array<ArrayBuffer> {
  const pages = Math.ceil(((program.bands.length + 1) * CHUNK_BYTES) / PAGE_BYTES);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    // One type, (i32) → (), and one function of it.
    ...section(1, [1, 0x60, 1, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0x00, ...leb(pages)]),
    ...section(7, [2, ...name('memory'), 0x02, 0, ...name('run'), 0x00, 0]),
    ...section(10, [1, ...sized(encodeBody(program))]),
  ]);
}

const I32 = 0x7f;
const V128 = 0x7b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;

/** Parameter 0 is the number of bytes, local 1 where we are, and the locals from 2 on hold one step each. */
const AT = 1;
const FIRST_STEP = 2;

function encodeBody({ steps, bands }: Program): number[] {
  const constants = steps.flatMap((step, i) =>
    step.kind === 'number' ? [...simd(0x0c), ...splat(step.value), LOCAL_SET, ...leb(FIRST_STEP + i)] : [],
  );
  const work = steps.flatMap((step, i) =>
    step.kind === 'number' ? [] : [...encodeStep(step), LOCAL_SET, ...leb(FIRST_STEP + i)],
  );
  const store = [
    LOCAL_GET,
    AT,
    LOCAL_GET,
    ...leb(FIRST_STEP + steps.length - 1),
    ...simd(0x0b),
    ALIGN,
    ...leb(bands.length * CHUNK_BYTES),
  ];
  const advance = [LOCAL_GET, AT, 0x41, 16, 0x6a, LOCAL_TEE, AT];
  const again = [LOCAL_GET, 0, 0x49, 0x0d, 0];
  const loop = [0x03, 0x40, ...work, ...store, ...advance, ...again, 0x0b];
  return [2, 1, I32, ...leb(steps.length), V128, ...constants, ...loop, 0x0b];
}

/** Alignment hint of loads and stores: 2⁴ bytes. */
const ALIGN = 4;

function encodeStep(step: Exclude<Step, { kind: 'number' }>): number[] {
  if (step.kind === 'band') return [LOCAL_GET, AT, ...simd(0x00), ALIGN, ...leb(step.band * CHUNK_BYTES)];
  const get = (arg: number) => [LOCAL_GET, ...leb(FIRST_STEP + arg)];
  const [first, ...others] = step.args;
  // compileSimd has refused operations without an opcode.
  const operate = simd(OPCODES[step.op]!);
  if (step.op === 'pick') return [...others.flatMap(get), ...get(first!), ...operate];
  if (step.op === 'checked')
    return [...get(others[0]!), ...simd(0x0c), ...splat(Number.NaN), ...get(first!), ...operate];
  return [...step.args.flatMap(get), ...operate];
}

function simd(opcode: number): number[] {
  return [0xfd, ...leb(opcode)];
}

/** A float32 four times, as bytes. */
function splat(value: number): number[] {
  return [...new Uint8Array(new Float32Array(4).fill(value).buffer)];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...sized(content)];
}

function sized(content: readonly number[]): number[] {
  return [...leb(content.length), ...content];
}

function name(text: string): number[] {
  return sized([...new TextEncoder().encode(text)]);
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
