/** A thread that turns windows of an image into encoded blocks of index files. */
import { serve, threadData } from '../engine/thread.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { IndexAnswer, IndexTask } from './index-threads.ts';
import { type IndexPlan, openIndexWorker } from './index-work.ts';

const worker = openIndexWorker(threadData() as IndexPlan); // what openIndexThreads hands over
// Whoever asks first is told.
worker.catch(() => undefined);

serve<IndexTask, IndexAnswer>(async (task) => {
  const { work, encode } = await worker;
  if (task.kind === 'window') {
    const done = await work(task.window);
    return { answer: { kind: 'window', done }, transfer: done.blocks.flatMap(memoryOf) };
  }
  const block = await encode(task.planes);
  return { answer: { kind: 'block', block }, transfer: memoryOf(block) };
});

/** What moves to the main thread: a block's bytes and its half, each in memory of its own. */
function memoryOf({ bytes, half }: EncodedBlock): ArrayBuffer[] {
  return [bytes, ...(half ?? [])].flatMap((array) => (array === null ? [] : [array.buffer as ArrayBuffer]));
}
