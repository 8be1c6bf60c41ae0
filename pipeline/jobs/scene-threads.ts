import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { BackendName } from '../kernels/backend.ts';
import type { MadeScene, MakeOptions } from './process.ts';

/** What a thread is asked to do. */
export interface SceneTask {
  readonly scene: Scene;
  readonly options: MakeOptions;
}

/** What it answers. */
export type SceneAnswer =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'made'; readonly made: MadeScene }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly what: string | undefined;
      readonly where: string | undefined;
      readonly stack: string | undefined;
    };

/** Threads that make scenes, one scene each at a time. */
export interface SceneThreads {
  readonly count: number;
  /** Makes a scene in the next free thread. A thread that dies fails its scene and is replaced. */
  make(task: SceneTask, onProgress: (share: number) => void): Promise<MadeScene>;
  close(): Promise<void>;
}

/** As many threads as the machine has cores, but no more than there are scenes. */
export function threadsFor(scenes: number, wanted?: number): number {
  return Math.max(1, Math.min(wanted ?? availableParallelism(), scenes));
}

/** Starts threads that make scenes with the wanted back end. */
export function openSceneThreads(count: number, wanted: 'auto' | BackendName): SceneThreads {
  const start = () => new Worker(new URL('./scene-thread.ts', import.meta.url), { workerData: { wanted } });
  const idle: Worker[] = Array.from({ length: count }, start);
  const waiting: ((thread: Worker) => void)[] = [];
  const everyone = new Set(idle);
  const take = () =>
    new Promise<Worker>((resolve) => (idle.length > 0 ? resolve(idle.pop()!) : waiting.push(resolve)));
  const giveBack = (thread: Worker) => {
    const next = waiting.shift();
    if (next === undefined) idle.push(thread);
    else next(thread);
  };
  return {
    count,
    make: async (task, onProgress) => {
      const thread = await take();
      try {
        const made = await ask(thread, task, onProgress);
        giveBack(thread);
        return made;
      } catch (error) {
        if (error instanceof Error && error.cause === DIED) {
          everyone.delete(thread);
          const other = start();
          everyone.add(other);
          giveBack(other);
          throw new HeituError('E_INTERNAL', {
            what: `the thread working on it ended: ${error.message}`,
            where: task.scene.id,
            cause: error,
          });
        }
        giveBack(thread);
        throw error;
      }
    },
    close: async () => {
      await Promise.all([...everyone].map((thread) => thread.terminate()));
    },
  };
}

/** Marks the error of a thread that ended itself: it can be asked nothing more. */
const DIED = Symbol('thread died');

function ask(thread: Worker, task: SceneTask, onProgress: (share: number) => void): Promise<MadeScene> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void) => {
      thread.off('message', hear).off('error', fail).off('exit', exit);
      end();
    };
    const hear = (answer: SceneAnswer) => {
      if (answer.kind === 'progress') onProgress(answer.done / answer.total);
      else if (answer.kind === 'made') settle(() => resolve(answer.made));
      else {
        const { code, what, where, stack } = answer;
        const error = new HeituError(code, {
          ...(what === undefined ? {} : { what }),
          ...(where === undefined ? {} : { where }),
        });
        if (stack !== undefined) error.stack = stack;
        settle(() => reject(error));
      }
    };
    const fail = (error: Error) => settle(() => reject(new Error(error.message, { cause: DIED })));
    const exit = (code: number) => settle(() => reject(new Error(`exit ${code}`, { cause: DIED })));
    thread.on('message', hear).on('error', fail).on('exit', exit);
    thread.postMessage(task);
  });
}
