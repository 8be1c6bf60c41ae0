import { type Backend, type BackendName, openBackend } from './backend.ts';
import type { BandArrays } from './cpu.ts';
import type { Node } from './formula.ts';

/** A formula with what its values are stored as. */
export interface StoredFormula {
  readonly id: string;
  readonly node: Node;
  /** The int16 counts that are stored for these values. */
  readonly stored: (values: Float32Array) => Int16Array;
}

/** How one back end agrees with the CPU on one formula. */
export interface Agreement {
  readonly formula: string;
  readonly wanted: BackendName;
  /** What really ran: the CPU when the back end is not there, and then nothing was compared. */
  readonly ran: BackendName;
  readonly device: string;
  readonly fallbackReason: string | null;
  readonly pixels: number;
  /** Pixels with another float32 value, NaN equal to NaN. */
  readonly differingValues: number;
  /** Pixels that would be stored as another int16 count, and the largest difference in counts. */
  readonly differingCounts: number;
  readonly largestDifference: number;
}

/**
 * Runs every formula on every named back end and counts the pixels that differ from the CPU evaluator.
 * All bands have one length; `open` is how a back end comes about.
 */
export async function verifyBackends(
  bands: BandArrays,
  formulas: readonly StoredFormula[],
  names: readonly BackendName[],
  open: (name: BackendName) => Promise<Backend> = openBackend,
): Promise<Agreement[]> {
  const length = Object.values(bands)[0]?.length ?? 0;
  const cpu = await openBackend('cpu');
  const rows: Agreement[] = [];
  for (const wanted of names) {
    const backend = await open(wanted);
    try {
      for (const formula of formulas) {
        const expected = await cpu.run(formula.node, bands, length);
        const actual = await backend.run(formula.node, bands, length);
        const { name: ran, device, fallbackReason } = backend;
        rows.push({
          formula: formula.id,
          wanted,
          ran,
          device,
          fallbackReason,
          pixels: length,
          ...compare(expected, actual, formula),
        });
      }
    } finally {
      await backend.close();
    }
  }
  return rows;
}

type Differences = Pick<Agreement, 'differingValues' | 'differingCounts' | 'largestDifference'>;

function compare(expected: Float32Array, actual: Float32Array, { stored }: StoredFormula): Differences {
  const [counts, others] = [stored(expected), stored(actual)];
  let [differingValues, differingCounts, largestDifference] = [0, 0, 0];
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(expected[i], actual[i])) continue;
    differingValues += 1;
    const difference = Math.abs(counts[i]! - others[i]!);
    if (difference > 0) differingCounts += 1;
    largestDifference = Math.max(largestDifference, difference);
  }
  return { differingValues, differingCounts, largestDifference };
}
