import { openThreads } from '../engine/threads.ts';
import type { Classified, Forest } from '../kernels/forest.ts';

/** A stretch of pixels to classify: a plane a feature. */
export interface ForestTask {
  readonly planes: readonly Float32Array[];
}

/** A forest made ready in threads of their own. */
export interface ForestPool {
  /** Classes of planes of any length; the answer does not depend on the number of threads. */
  classify(planes: readonly Float32Array[]): Promise<Classified>;
  close(): Promise<void>;
}

/** Pixels of one task: large enough that sending them costs nothing beside the work. */
const STRETCH = 1 << 18;

/** Classifies with `count` threads, each with its own copy of the forest. */
export function openForestPool(forest: Forest, count: number): ForestPool {
  const script = new URL('./forest-thread.ts', import.meta.url);
  const threads = openThreads<ForestTask, Classified>(script, count, forest);
  return {
    classify: async (planes) => {
      const length = planes[0]?.length ?? 0;
      const classes = new Uint8Array(length);
      const probability = new Float32Array(length);
      const starts = Array.from({ length: Math.ceil(length / STRETCH) }, (_, i) => i * STRETCH);
      await Promise.all(
        starts.map(async (start) => {
          // Copies that move to the thread: the caller keeps its planes.
          const own = planes.map((plane) => plane.slice(start, start + STRETCH));
          const transfer = own.map(({ buffer }) => buffer);
          const found = await threads.ask({ planes: own }, { transfer, where: 'crop' });
          classes.set(found.classes, start);
          probability.set(found.probability, start);
        }),
      );
      return { classes, probability };
    },
    close: threads.close,
  };
}
