import { availableParallelism } from 'node:os';
import type { Scene } from '../core/scene.ts';
import { openThreads } from '../engine/threads.ts';
import type { BackendName } from '../kernels/backend.ts';
import type { MadeScene, MakeOptions } from './process.ts';

/** What a thread is asked to do. */
export interface SceneTask {
  readonly scene: Scene;
  readonly options: MakeOptions;
}

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
  const script = new URL('./scene-thread.ts', import.meta.url);
  const threads = openThreads<SceneTask, MadeScene>(script, count, { wanted });
  return {
    count,
    make: (task, onProgress) => threads.ask(task, { where: task.scene.id, onNote: onProgress }),
    close: threads.close,
  };
}
