import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { seeded } from '../../pipeline/core/random.ts';
import { readCatalog } from '../corpus/catalog.ts';
import { type Outcome, runBounded } from '../corpus/pool.ts';
import type { FuzzJob } from './child.ts';
import type { Probe } from './probe.ts';

const CORPUS = new URL('../../../shared/data/13-geotiff-corpus/', import.meta.url);

/** What a run of mutations came to, and the seed of every one that must not be. */
export interface FuzzReport {
  readonly counts: Readonly<Record<'read' | 'refused' | 'unclear' | 'crash' | 'slow' | 'memory', number>>;
  readonly failures: readonly { readonly path: string; readonly seed: number; readonly how: string }[];
  /** Longest time of one file in ms and highest mark of resident memory in MiB. */
  readonly slowest: number;
  readonly peak: number;
}

/** The files of the corpus as paths; each is a start for mutations. */
export function corpusFiles(): string[] {
  return readCatalog(fileURLToPath(CORPUS)).map(({ file }) =>
    fileURLToPath(new URL(encodeURI(file), CORPUS)),
  );
}

/** Reads `count` damaged copies of the files, one child a core; the same seed makes the same copies. */
export async function fuzz(
  files: readonly string[],
  options: { seed: number; count: number; onDone?: (done: number) => void },
): Promise<FuzzReport> {
  const random = seeded(options.seed);
  const jobs = Array.from({ length: options.count }, (): FuzzJob => {
    const path = files[Math.floor(random() * files.length)]!;
    return { path, seed: Math.floor(random() * 2 ** 32) };
  });
  const outcomes = await runBounded<FuzzJob, Probe>(new URL('child.ts', import.meta.url), jobs, {
    children: Math.min(4, availableParallelism()),
    ...(options.onDone === undefined ? {} : { onDone: options.onDone }),
  });
  return summarise(jobs, outcomes);
}

function summarise(jobs: readonly FuzzJob[], outcomes: readonly Outcome<Probe>[]): FuzzReport {
  const counts = { read: 0, refused: 0, unclear: 0, crash: 0, slow: 0, memory: 0 };
  const failures: { path: string; seed: number; how: string }[] = [];
  let slowest = 0;
  let peak = 0;
  outcomes.forEach((outcome, i) => {
    const kind = outcome.kind === 'answer' ? outcome.answer.kind : outcome.kind;
    counts[kind] += 1;
    if (outcome.kind === 'answer') {
      slowest = Math.max(slowest, outcome.milliseconds);
      peak = Math.max(peak, outcome.peak);
    }
    if (kind === 'read' || kind === 'refused') return;
    const detail =
      outcome.kind === 'crash'
        ? outcome.how
        : outcome.kind === 'answer' && outcome.answer.kind === 'unclear'
          ? outcome.answer.how
          : '';
    failures.push({ ...jobs[i]!, how: `${kind} ${detail}`.trim() });
  });
  return { counts, failures, slowest, peak };
}
