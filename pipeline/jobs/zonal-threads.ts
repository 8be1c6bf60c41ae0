import { openThreads } from '../engine/threads.ts';
import { type BandResult, locate, openStripWorker, type ZonalJob } from './zonal-strips.ts';

/** What a thread is asked to do: places `from` to `to` onto the grid, or the statistics of strips `from` to `to`. */
export interface ZonalTask {
  readonly kind: 'locate' | 'band';
  readonly job: ZonalJob;
  readonly from: number;
  readonly to: number;
}

/** What a band leaves behind; null for places that were located. */
export type ZonalAnswer = BandResult | null;

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
    locate: async (job, from, to) => locate(job, from, to),
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
  const script = new URL('./zonal-thread.ts', import.meta.url);
  const threads = openThreads<ZonalTask, ZonalAnswer>(script, count, null, LIMITS);
  const ask = (task: ZonalTask) => threads.ask(task, { where: task.job.raster });
  return {
    count,
    locate: async (job, from, to) => {
      await ask({ kind: 'locate', job, from, to });
    },
    band: async (job, from, to) => {
      const result = await ask({ kind: 'band', job, from, to });
      if (result === null) throw new TypeError('a band was asked for');
      return result;
    },
    close: threads.close,
  };
}
