import { serve } from '../engine/thread.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { WindowAnswer, WindowTask, WindowWorker } from './window-threads.ts';

/** The thread's side of openWindowThreads: answers with what `worker` makes, and hands its blocks over without copying. */
export function serveWindows<Done>(
  worker: Promise<WindowWorker<Done>>,
  blocksOf: (done: Done) => readonly EncodedBlock[],
): void {
  // Whoever asks first is told.
  worker.catch(() => undefined);
  serve<WindowTask, WindowAnswer<Done>>(async (task) => {
    const { work, encode } = await worker;
    if (task.kind === 'window') {
      const done = await work(task.window);
      return { answer: { kind: 'window', done }, transfer: blocksOf(done).flatMap(memoryOf) };
    }
    const block = await encode(task.planes);
    return { answer: { kind: 'block', block }, transfer: memoryOf(block) };
  });
}

/** What moves to the main thread: a block's bytes and its half, each in memory of its own. */
function memoryOf({ bytes, half }: EncodedBlock): ArrayBuffer[] {
  return [bytes, ...(half ?? [])].flatMap((array) => (array === null ? [] : [array.buffer as ArrayBuffer]));
}
