import { type Backend, type BackendName, type Load, openBackend } from './backend.ts';
import { type BandArrays, bandArrays, runLoops } from './cpu.ts';
import type { Node } from './formula.ts';
import { lower } from './program.ts';

/** A formula with what its values are stored as. */
export interface StoredFormula {
  readonly id: string;
  readonly node: Node;
  /** The counts that are stored for these values, and the one that means "no value". */
  readonly stored: (values: Float32Array) => Int16Array;
  readonly nodata: number;
  /** Largest difference in counts that is arithmetic and no fault. */
  readonly tolerance: number;
}

/** How one back end agrees on one formula with plain loops, one an operation, rounded to float32 after each. */
export interface Agreement {
  readonly formula: string;
  readonly wanted: BackendName;
  /** False when another back end than the one wanted computed a part of it: then nothing is proved. */
  readonly isCompared: boolean;
  readonly pixels: number;
  /** Pixels that have a value, on the plain loops. */
  readonly valid: number;
  /** Pixels with another float32 value, NaN equal to NaN. */
  readonly differingValues: number;
  /** Pixels that would be stored as another count, and the largest difference where both have a value. */
  readonly differingCounts: number;
  readonly largestDifference: number;
  /** Pixels that have a value on one side only. */
  readonly differingValidity: number;
  /** What `largestDifference` may be here. */
  readonly tolerance: number;
  readonly isWithin: boolean;
}

/** A back end as it was at the end of a verification. */
export interface BackendState {
  readonly wanted: BackendName;
  readonly ran: BackendName;
  readonly device: string;
  readonly fallbackReason: string | null;
  readonly load: Load | null;
}

export interface Verification {
  readonly backends: readonly BackendState[];
  readonly agreements: readonly Agreement[];
}

/**
 * A GPU's division may be off by 2.5 units in the last place (WGSL, section 15.7.4), which puts a value that lies on
 * the edge between two counts on the other side.
 */
const GPU_TOLERANCE = 1;

/**
 * Runs every formula on every named back end over tile after tile and counts the pixels that differ from the plain
 * loops. A tile needs the bands of all formulas; `open` is how a back end comes about.
 */
export async function verifyBackends(
  tiles: Iterable<BandArrays> | AsyncIterable<BandArrays>,
  formulas: readonly StoredFormula[],
  names: readonly BackendName[],
  open: (name: BackendName) => Promise<Backend> = openBackend,
): Promise<Verification> {
  const backends: Backend[] = [];
  try {
    for (const name of names) backends.push(await open(name));
    const tallies = formulas.map((formula) => names.map((name) => newTally(formula, name)));
    for await (const tile of tiles) {
      for (const [f, formula] of formulas.entries()) {
        const expected = reference(formula.node, tile);
        for (const [b, backend] of backends.entries()) {
          const tally = tallies[f]![b]!;
          const actual = await backend.run(formula.node, tile, expected.length);
          tally.isCompared &&= backend.name === names[b];
          add(tally, expected, actual, formula);
        }
      }
    }
    return {
      backends: names.map((name, b) => stateOf(name, backends[b]!)),
      agreements: tallies.flat().map(finish),
    };
  } finally {
    for (const backend of backends) await backend.close();
  }
}

function reference(node: Node, bands: BandArrays): Float32Array {
  const program = lower(node);
  const length = Object.values(bands)[0]?.length ?? 0;
  const out = new Float32Array(length);
  runLoops(program, bandArrays(program, bands, length), out);
  return out;
}

function stateOf(wanted: BackendName, { name, device, fallbackReason, load }: Backend): BackendState {
  return { wanted, ran: name, device, fallbackReason, load };
}

type Tally = { -readonly [K in keyof Omit<Agreement, 'isWithin'>]: Agreement[K] };

function newTally({ id, tolerance }: StoredFormula, wanted: BackendName): Tally {
  return {
    formula: id,
    wanted,
    isCompared: true,
    pixels: 0,
    valid: 0,
    differingValues: 0,
    differingCounts: 0,
    largestDifference: 0,
    differingValidity: 0,
    tolerance: wanted === 'webgpu' ? Math.max(tolerance, GPU_TOLERANCE) : tolerance,
  };
}

function add(
  tally: Tally,
  expected: Float32Array,
  actual: Float32Array,
  { stored, nodata }: StoredFormula,
): void {
  const [counts, others] = [stored(expected), stored(actual)];
  tally.pixels += expected.length;
  for (let i = 0; i < expected.length; i++) {
    const [count, other] = [counts[i]!, others[i]!];
    if (count !== nodata) tally.valid += 1;
    if (Object.is(expected[i], actual[i])) continue;
    tally.differingValues += 1;
    if (count === other) continue;
    tally.differingCounts += 1;
    if (count === nodata || other === nodata) tally.differingValidity += 1;
    else tally.largestDifference = Math.max(tally.largestDifference, Math.abs(count - other));
  }
}

function finish(tally: Tally): Agreement {
  const isWithin = tally.differingValidity === 0 && tally.largestDifference <= tally.tolerance;
  return { ...tally, isWithin };
}
