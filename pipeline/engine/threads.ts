import { type ResourceLimits, Worker } from 'node:worker_threads';
import { type ErrorCode, HeituError } from '../core/error.ts';

/** What a thread answers to a task; `engine/thread.ts` is the other end. */
export type Reply =
  | { readonly kind: 'note'; readonly note: unknown }
  | { readonly kind: 'done'; readonly answer: unknown }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly what: string | undefined;
      readonly where: string | undefined;
      readonly stack: string | undefined;
    };

export interface AskOptions {
  /** Goes before tasks that are not urgent. */
  readonly urgent?: boolean;
  /** Memory that moves to the thread instead of being copied. */
  readonly transfer?: readonly ArrayBuffer[];
  /** What messages call the work of this task. */
  readonly where?: string;
  /** Word from the thread while it works. */
  readonly onNote?: (note: never) => void;
}

/** Threads that run one script, a task each at a time. */
export interface Threads<Task, Answer> {
  readonly count: number;
  /** Runs a task in the next free thread. A thread that dies fails its task (E_INTERNAL) and is replaced. */
  ask(task: Task, options?: AskOptions): Promise<Answer>;
  close(): Promise<void>;
}

interface Waiting {
  readonly take: (thread: Worker) => void;
}

/**
 * Where every thread starts: its modules come from the cache of compiled code, which takes two thirds off what a thread
 * costs before it can work. It is text because a file of TypeScript would load the compiler to be read itself.
 */
const START = `require('node:module').enableCompileCache();
import(require('node:worker_threads').workerData.script);`;

/** Starts `count` threads of a script that calls `serve`; it finds `data` with `threadData`. */
export function openThreads<Task, Answer>(
  script: URL,
  count: number,
  data: unknown,
  limits: ResourceLimits = {},
): Threads<Task, Answer> {
  const start = () => {
    const workerData = { script: script.href, data };
    const thread = new Worker(START, { eval: true, workerData, resourceLimits: limits });
    // Until it is asked something, nobody listens to a thread; that it has ended is told when it is.
    return thread.on('error', () => undefined);
  };
  const idle: Worker[] = Array.from({ length: count }, start);
  const everyone = new Set(idle);
  let isClosed = false;
  const urgent: Waiting[] = [];
  const usual: Waiting[] = [];
  const nextFree = (isUrgent: boolean) =>
    new Promise<Worker>((take) => {
      const thread = idle.pop();
      if (thread !== undefined) take(thread);
      else (isUrgent ? urgent : usual).push({ take });
    });
  const giveBack = (thread: Worker) => {
    const next = urgent.shift() ?? usual.shift();
    if (next === undefined) idle.push(thread);
    else next.take(thread);
  };
  return {
    count,
    ask: async (task, options = {}) => {
      const thread = await nextFree(options.urgent === true);
      try {
        // The script at the other end is the one that these types were written for.
        const answer = (await askOne(thread, task, options)) as Answer;
        giveBack(thread);
        return answer;
      } catch (error) {
        if (error instanceof Error && error.cause === DIED) {
          everyone.delete(thread);
          if (!isClosed) {
            const other = start();
            everyone.add(other);
            giveBack(other);
          }
          throw new HeituError('E_INTERNAL', {
            what: `the thread working on it ended: ${error.message}`,
            where: options.where ?? '',
            cause: error,
          });
        }
        giveBack(thread);
        throw error;
      }
    },
    close: async () => {
      isClosed = true;
      await Promise.all([...everyone].map((thread) => thread.terminate()));
    },
  };
}

/** Marks the error of a thread that ended itself: it can be asked nothing more. */
const DIED = Symbol('thread died');

function askOne(
  thread: Worker,
  task: unknown,
  { transfer = [], where: asked, onNote }: AskOptions,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      thread.off('message', hear).off('error', fail).off('exit', exit);
      end();
    };
    const hear = (reply: Reply) => {
      // Whoever asks knows what its script says in between.
      if (reply.kind === 'note') onNote?.(reply.note as never);
      else if (reply.kind === 'done') settle(() => resolve(reply.answer));
      else settle(() => reject(failure(reply, asked)));
    };
    const fail = (error: Error) => settle(() => reject(new Error(error.message, { cause: DIED })));
    const exit = (code: number) => settle(() => reject(new Error(`exit ${code}`, { cause: DIED })));
    // A thread that has ended answers nothing, and says no more that it has.
    if (thread.threadId < 0) return exit(0);
    thread.on('message', hear).on('error', fail).on('exit', exit);
    thread.postMessage(task, [...transfer]);
  });
}

function failure(reply: Extract<Reply, { kind: 'failed' }>, asked: string | undefined): HeituError {
  const { code, what, stack, where = asked } = reply;
  const error = new HeituError(code, {
    ...(what === undefined ? {} : { what }),
    ...(where === undefined ? {} : { where }),
  });
  if (stack !== undefined) error.stack = stack;
  return error;
}
