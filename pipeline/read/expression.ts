import { HeituError } from '../core/error.ts';
import { runLoops } from '../kernels/cpu.ts';
import { bandsOf, parseFormula } from '../kernels/formula.ts';
import { lower, type Program } from '../kernels/program.ts';
import { mapTile, recycleTile } from './map-tile.ts';
import { pixelAt } from './pixel.ts';
import type { RasterSource } from './raster-cache.ts';

/** Arithmetic over published rasters, ready to run. */
export interface Expression {
  /** Names it uses, in order of first appearance: at least one. */
  readonly names: readonly string[];
  readonly program: Program;
}

/** A published raster under a name: `value = count * scale`. */
export interface Variable {
  readonly source: RasterSource;
  readonly scale: number;
}

/** Variables of one scene, by the names of an expression. */
export type Variables = ReadonlyMap<string, Variable>;

/** Most operations of one expression, shared parts counted once: a tile of it is painted in a fraction of a second. */
export const MAX_OPERATIONS = 200;

/**
 * Reads an expression from outside: the arithmetic of `parseFormula` over the given names, within its limits of length and
 * depth and MAX_OPERATIONS. No text of it is ever run. Throws E_FORMULA_SYNTAX with the column.
 * `parseExpression('(NDVI - EVI2)/2', ['NDVI', 'EVI2']).names` is `['NDVI', 'EVI2']`.
 */
export function parseExpression(text: string, known: readonly string[]): Expression {
  const node = parseFormula(text);
  const names = bandsOf(node);
  const where = text.length > 80 ? `${text.slice(0, 79)}…` : text;
  const refuse = (what: string, column: number) =>
    new HeituError('E_FORMULA_SYNTAX', { where, what, column });
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const column = columnOf(text, unknown);
    throw refuse(`there is no ${unknown} (column ${column}), only ${known.join(', ')}`, column);
  }
  if (names.length === 0) throw refuse(`it uses none of ${known.join(', ')}`, 1);
  const program = lower(node);
  const count = program.steps.filter((step) => step.kind === 'op').length;
  if (count > MAX_OPERATIONS)
    throw refuse(`${count} operations are too many, at most ${MAX_OPERATIONS}`, text.length);
  return { names, program };
}

/** Where a name stands in a text for the first time, from 1, not as a part of another one. */
function columnOf(text: string, name: string): number {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
    const isPart = (letter: string | undefined) => letter !== undefined && /[A-Za-z0-9]/.test(letter);
    if (!isPart(text[at - 1]) && !isPart(text[at + name.length])) return at + 1;
  }
  return 1;
}

/**
 * An expression over one map tile: NaN where a variable has no value, or the expression has none. All variables of a pixel
 * are of one scene; of several scenes the first that has a value wins. Null when no scene touches the tile. Throws what
 * mapTile throws.
 */
export async function expressionTile(
  { names, program }: Expression,
  scenes: readonly Variables[],
  z: number,
  x: number,
  y: number,
  size = 256,
): Promise<Float32Array | null> {
  const out = new Float32Array(size * size).fill(Number.NaN);
  let isTouched = false;
  for (const variables of scenes) {
    const inputs = await tilesOf(names, variables, z, x, y, size);
    if (inputs === null) continue;
    isTouched = true;
    const values = new Float32Array(out.length);
    runLoops(program, inputs, values);
    for (let i = 0; i < out.length; i++) {
      // A formula may have a value without one of its variables: `NDVI**0` is 1.
      if (Number.isNaN(out[i]!) && inputs.every((input) => !Number.isNaN(input[i]!)))
        out[i] = finite(values[i]!);
    }
  }
  return isTouched ? out : null;
}

/** Values of each variable over a tile; null when one of them does not touch it. */
async function tilesOf(
  names: readonly string[],
  variables: Variables,
  z: number,
  x: number,
  y: number,
  size: number,
): Promise<Float32Array[] | null> {
  const inputs: Float32Array[] = [];
  for (const name of names) {
    const { source, scale } = variables.get(name)!;
    const tile = await mapTile([source], z, x, y, [1], size);
    if (tile === null) return null;
    inputs.push(tile.values[0]!.map((count) => count * scale));
    recycleTile(tile);
  }
  return inputs;
}

/** What an expression is at a place, and of what. */
export interface ExpressionValue {
  /** Null where the expression has no value. */
  readonly value: number | null;
  /** By name; null where there is none. */
  readonly variables: Readonly<Record<string, number | null>>;
  /** Which of the scenes it is of. */
  readonly scene: number;
}

/**
 * An expression at a place (degrees, WGS 84), of the first scene in which it has a value, else of the first that has any of
 * its variables there; null when none has. Throws what pixelAt throws.
 */
export async function expressionAt(
  { names, program }: Expression,
  scenes: readonly Variables[],
  lon: number,
  lat: number,
): Promise<ExpressionValue | null> {
  let seen: ExpressionValue | null = null;
  for (const [scene, variables] of scenes.entries()) {
    const inputs: Float32Array[] = [];
    for (const name of names) {
      const { source, scale } = variables.get(name)!;
      const [count = Number.NaN] = (await pixelAt(source, lon, lat)) ?? [];
      inputs.push(Float32Array.of(count * scale));
    }
    if (inputs.every(([value]) => Number.isNaN(value))) continue;
    const out = new Float32Array(1);
    runLoops(program, inputs, out);
    const isWhole = inputs.every(([value]) => !Number.isNaN(value));
    const value = isWhole ? numberOrNull(finite(out[0]!)) : null;
    const found = names.map((name, i) => [name, numberOrNull(inputs[i]![0]!)] as const);
    const here = { value, variables: Object.fromEntries(found), scene };
    if (value !== null) return here;
    seen ??= here;
  }
  return seen;
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

/** Without the tail that binary fractions leave: float32 has seven digits. */
function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : Number(value.toPrecision(7));
}
