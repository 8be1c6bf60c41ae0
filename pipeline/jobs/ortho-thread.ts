/** A thread that turns windows of an orthorectified image into encoded blocks. */
import { serve, threadData } from '../engine/thread.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { OrthoAnswer, OrthoTask } from './ortho-threads.ts';
import { type OrthoPlan, openOrthoWorker } from './ortho-work.ts';

const worker = openOrthoWorker(threadData() as OrthoPlan); // what openOrthoThreads hands over
// Whoever asks first is told.
worker.catch(() => undefined);

serve<OrthoTask, OrthoAnswer>(async (task) => {
  const { work, encode } = await worker;
  if (task.kind === 'window') {
    const blocks = await work(task.window);
    return { answer: { kind: 'window', blocks }, transfer: blocks.flatMap(memoryOf) };
  }
  const block = await encode(task.planes);
  return { answer: { kind: 'block', block }, transfer: memoryOf(block) };
});

/** What moves to the main thread: a block's bytes and its half, each in memory of its own. */
function memoryOf({ bytes, half }: EncodedBlock): ArrayBuffer[] {
  return [bytes, ...(half ?? [])].flatMap((array) => (array === null ? [] : [array.buffer as ArrayBuffer]));
}
