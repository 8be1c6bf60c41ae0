/** A thread that makes zonal statistics of bands of rows; see zonal-threads.ts. */
import { serve } from '../engine/thread.ts';
import { locate, openStripWorker, type StripWorker } from './zonal-strips.ts';
import type { ZonalAnswer, ZonalTask } from './zonal-threads.ts';

let worker: StripWorker | null = null;

serve<ZonalTask, ZonalAnswer>(async (task) => {
  if (task.kind === 'locate') {
    locate(task.job, task.from, task.to);
    return { answer: null };
  }
  worker ??= await openStripWorker(task.job, { blocking: true });
  return { answer: await worker.band(task.from, task.to) };
});
