/** A thread that turns blocks of a stack into encoded blocks of the regular series. */
import { serve, threadData } from '../engine/thread.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { SmoothAnswer, SmoothTask } from './smooth-threads.ts';
import { openSmoothWorker, type SmoothPlan } from './smooth-work.ts';

const worker = openSmoothWorker(threadData() as SmoothPlan); // what openSmoothThreads hands over
// Whoever asks first is told.
worker.catch(() => undefined);

serve<SmoothTask, SmoothAnswer>(async (task) => {
  const { work, encode } = await worker;
  if (task.kind === 'window') {
    const block = await work(task.window);
    return { answer: { kind: 'window', block }, transfer: memoryOf(block) };
  }
  const block = await encode(task.planes);
  return { answer: { kind: 'block', block }, transfer: memoryOf(block) };
});

/** What moves to the main thread: a block's bytes and its half, each in memory of its own. */
function memoryOf({ bytes, half }: EncodedBlock): ArrayBuffer[] {
  return [bytes, ...(half ?? [])].flatMap((array) => (array === null ? [] : [array.buffer as ArrayBuffer]));
}
