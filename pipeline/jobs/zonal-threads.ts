import { Worker } from 'node:worker_threads';
import { type ErrorCode, HeituError } from '../core/error.ts';
import { type BandResult, locate, openStripWorker, type ZonalJob } from './zonal-strips.ts';

/** What a thread is asked to do: places `from` to `to` onto the grid, or the statistics of strips `from` to `to`. */
export interface ZonalTask {
  readonly kind: 'locate' | 'band';
  readonly job: ZonalJob;
  readonly from: number;
  readonly to: number;
}

export type ZonalAnswer =
  | { readonly kind: 'located' }
  | { readonly kind: 'band'; readonly result: BandResult }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly what: string | undefined;
      readonly where: string | undefined;
    };

/** Hands that work on ranges of places and of strips, as many at a time as there are threads. */
export interface ZonalThreads {
  readonly count: number;
  readonly locate: (job: ZonalJob, from: number, to: number) => Promise<void>;
  readonly band: (job: ZonalJob, from: number, to: number) => Promise<BandResult>;
  readonly close: () => Promise<void>;
}

/** Starts `count` threads; one is none but the caller's own. */
export function openZonalThreads(count: number): ZonalThreads {
  return count <= 1 ? ownThread() : otherThreads(count);
}

function ownThread(): ZonalThreads {
  return {
    count: 1,
    locate: async (job, from, to) => locate(job.places, job.grid, from, to),
    band: async (job, from, to) => {
      const worker = await openStripWorker(job);
      try {
        return await worker.band(from, to);
      } finally {
        await worker.close();
      }
    },
    close: async () => undefined,
  };
}

/** A thread makes little that lasts: with more room for what is new, less of it is looked through. */
const LIMITS = { maxYoungGenerationSizeMb: 64 };

function otherThreads(count: number): ZonalThreads {
  const everyone = Array.from(
    { length: count },
    () => new Worker(new URL('./zonal-thread.ts', import.meta.url), { resourceLimits: LIMITS }),
  );
  // Until it is asked something, nobody listens to a thread; that it cannot start is told when it is.
  for (const thread of everyone) thread.on('error', () => undefined);
  const idle = [...everyone];
  const waiting: ((thread: Worker) => void)[] = [];
  const ask = async (task: ZonalTask): Promise<ZonalAnswer> => {
    const thread = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
    try {
      return await answerOf(thread, task);
    } finally {
      const next = waiting.shift();
      if (next === undefined) idle.push(thread);
      else next(thread);
    }
  };
  return {
    count,
    locate: async (job, from, to) => {
      await ask({ kind: 'locate', job, from, to });
    },
    band: async (job, from, to) => {
      const answer = await ask({ kind: 'band', job, from, to });
      if (answer.kind !== 'band') throw new HeituError('E_INTERNAL', { what: `answer ${answer.kind}` });
      return answer.result;
    },
    close: async () => {
      await Promise.all(everyone.map((thread) => thread.terminate()));
    },
  };
}

function answerOf(thread: Worker, task: ZonalTask): Promise<ZonalAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      thread.off('message', hear).off('error', fail).off('exit', exit);
      end();
    };
    const died = (what: string) =>
      settle(() => reject(new HeituError('E_INTERNAL', { what, where: task.job.raster })));
    const hear = (answer: ZonalAnswer) => {
      if (answer.kind !== 'failed') return settle(() => resolve(answer));
      const { code, what, where } = answer;
      settle(() =>
        reject(
          new HeituError(code, {
            ...(what === undefined ? {} : { what }),
            ...(where === undefined ? {} : { where }),
          }),
        ),
      );
    };
    const fail = (error: Error) => died(`a thread ended: ${error.message}`);
    const exit = (code: number) => died(`a thread ended with ${code}`);
    // A thread that has ended answers nothing, and says no more that it has.
    if (thread.threadId < 0) return died('a thread ended before it began');
    thread.on('message', hear).on('error', fail).on('exit', exit);
    thread.postMessage(task);
  });
}
