/** A thread that says back what it is told, or does not. */
import { setTimeout as wait } from 'node:timers/promises';
import { threadId } from 'node:worker_threads';
import { HeituError } from '../../../pipeline/core/error.ts';
import { serve, threadData } from '../../../pipeline/engine/thread.ts';

export interface Task {
  readonly say: string;
  readonly ms?: number;
  readonly note?: string;
  readonly throws?: boolean;
  readonly dies?: boolean;
}

serve<Task, string>(async ({ say, ms = 0, note, throws, dies }, tell) => {
  await wait(ms);
  if (note !== undefined) tell(note);
  if (throws === true) throw new HeituError('E_BAND_MISSING', { what: 'N' });
  if (dies === true) process.exit(3);
  return { answer: `${threadData()} ${say} by ${threadId}` };
});
