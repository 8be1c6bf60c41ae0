import { parentPort, workerData } from 'node:worker_threads';
import { asHeituError } from '../core/error.ts';
import type { Reply } from './threads.ts';

/** An answer and the memory that goes with it without being copied. */
export interface Served<Answer> {
  readonly answer: Answer;
  readonly transfer?: readonly ArrayBuffer[];
}

/** What `openThreads` was given for its threads; whoever starts a script knows what it needs. */
export function threadData(): unknown {
  return (workerData as { data: unknown }).data; // what openThreads hands over
}

/**
 * Makes this thread answer tasks, one at a time. What a task throws goes back as code, what and where: a cause may be
 * anything, and not everything can be sent.
 */
export function serve<Task, Answer>(
  work: (task: Task, note: (note: unknown) => void) => Promise<Served<Answer>>,
): void {
  const port = parentPort;
  if (port === null) throw new Error('this script runs as a thread only');
  const say = (reply: Reply, transfer: readonly ArrayBuffer[] = []) => port.postMessage(reply, [...transfer]);
  port.on('message', async (task: Task) => {
    try {
      const { answer, transfer } = await work(task, (note) => say({ kind: 'note', note }));
      say({ kind: 'done', answer }, transfer);
    } catch (thrown) {
      const { code, details } = asHeituError(thrown, 'E_INTERNAL');
      say({
        kind: 'failed',
        code,
        what: details.what,
        where: details.where,
        stack: thrown instanceof Error ? thrown.stack : undefined,
      });
    }
  });
}
