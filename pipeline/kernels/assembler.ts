/*
 * WebAssembly written by instructions (core specification 2.0, section 5): just what the kernels need. Modules are made
 * from these functions, never from text.
 */

/** Instructions as bytes. */
export type Code = readonly number[];

export const I32 = 0x7f;
export const F64 = 0x7c;
export const F32 = 0x7d;
export const V128 = 0x7b;

/** A function: what it takes and gives, the locals behind its parameters, and its instructions. */
export interface FunctionCode {
  readonly name: string;
  readonly takes: readonly number[];
  readonly gives: readonly number[];
  readonly locals: readonly number[];
  readonly code: Code;
}

/** A module with `pages` of memory (64 KiB each), exported as `memory`, and functions exported by name. */
export function moduleBytes(pages: number, functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const each = (of: (one: FunctionCode, i: number) => Code) => [
    ...leb(functions.length),
    ...functions.flatMap((one, i) => of(one, i)),
  ];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      each(({ takes, gives }) => [0x60, ...vector(takes), ...vector(gives)]),
    ),
    ...section(
      3,
      each((_, i) => leb(i)),
    ),
    ...section(5, [1, 0x00, ...leb(pages)]),
    ...section(7, [
      ...leb(functions.length + 1),
      ...[...text('memory'), 0x02, 0],
      ...functions.flatMap(({ name }, i) => [...text(name), 0x00, ...leb(i)]),
    ]),
    ...section(
      10,
      each(({ locals, code }) =>
        sized([...leb(locals.length), ...locals.flatMap((type) => [1, type]), ...code, 0x0b]),
      ),
    ),
  ]);
}

export const get = (local: number): Code => [0x20, ...leb(local)];
export const set = (local: number): Code => [0x21, ...leb(local)];
export const tee = (local: number): Code => [0x22, ...leb(local)];
export const i32 = (value: number): Code => [0x41, ...signedLeb(value)];
export const ADD: Code = [0x6a];

/** Runs the body, and again as long as it leaves something other than 0. */
export const repeat = (...body: readonly Code[]): Code => [0x03, 0x40, ...body.flat(), 0x0d, 0, 0x0b];

/** Adds to an i32 local and leaves 1 while it is below a limit (as unsigned numbers). */
export const advance = (local: number, by: Code, limit: Code): Code => [
  ...get(local),
  ...by,
  ...ADD,
  ...tee(local),
  ...limit,
  0x49,
];

export const vec = (opcode: number, ...rest: number[]): Code => [0xfd, ...leb(opcode), ...rest];
export const load = (at: Code, offset = 0): Code => [...at, ...vec(0x00), 0, ...leb(offset)];
/** Stores what `value` leaves at `at`. */
export const store = (at: Code, value: Code, offset = 0): Code => [
  ...at,
  ...value,
  ...vec(0x0b),
  0,
  ...leb(offset),
];
export const constant = (bytes: ArrayBufferView): Code =>
  vec(0x0c, ...new Uint8Array(bytes.buffer, bytes.byteOffset, 16));
/** Sixteen bytes picked from two vectors: 0–15 from the first, 16–31 from the second. */
export const shuffle = (picks: readonly number[]): Code => vec(0x0d, ...picks);

export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function signedLeb(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
  return isLast ? [low] : [low | 0x80, ...signedLeb(rest)];
}

function section(id: number, content: Code): Code {
  return [id, ...sized(content)];
}

function sized(content: Code): Code {
  return [...leb(content.length), ...content];
}

function vector(types: readonly number[]): Code {
  return [...leb(types.length), ...types];
}

function text(name: string): Code {
  return sized([...new TextEncoder().encode(name)]);
}
