/** A thread that classifies stretches of pixels with a forest. */
import { serve, threadData } from '../engine/thread.ts';
import { type Classified, compileForest, type Forest } from '../kernels/forest.ts';
import type { ForestTask } from './forest-threads.ts';

const run = compileForest(threadData() as Forest); // what openForestPool hands over

serve<ForestTask, Classified>(async ({ planes }) => {
  const answer = run(planes);
  // Both were made for this answer.
  const transfer = [answer.classes.buffer, answer.probability.buffer] as ArrayBuffer[];
  return { answer, transfer };
});
