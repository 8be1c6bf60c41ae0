/** A thread that makes zonal statistics of bands of rows; see zonal-threads.ts. */
import { parentPort } from 'node:worker_threads';
import { asHeituError } from '../core/error.ts';
import { locate, openStripWorker, type StripWorker } from './zonal-strips.ts';
import type { ZonalAnswer, ZonalTask } from './zonal-threads.ts';

let worker: StripWorker | null = null;

parentPort?.on('message', async (task: ZonalTask) => {
  const say = (answer: ZonalAnswer) => parentPort?.postMessage(answer);
  try {
    if (task.kind === 'locate') {
      locate(task.job.places, task.job.grid, task.from, task.to);
      say({ kind: 'located' });
    } else {
      worker ??= await openStripWorker(task.job);
      say({ kind: 'band', result: await worker.band(task.from, task.to) });
    }
  } catch (thrown) {
    const { code, details } = asHeituError(thrown, 'E_INTERNAL', task.job.raster);
    // A cause may be anything, and not everything can be sent.
    say({ kind: 'failed', code, what: details.what, where: details.where });
  }
});
