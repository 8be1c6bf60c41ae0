import type { Window } from '../core/grid.ts';
import { openThreads } from '../engine/threads.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { Plane } from '../write/pyramid.ts';

/** Turns windows of a raster into encoded blocks of others: in this thread, or in threads of its own. */
export interface WindowWorker<Done> {
  /** Everything over one window whose corners lie on block corners. */
  work(window: Window): Promise<Done>;
  /** Encodes an overview block; the planes are used up. */
  encode(planes: readonly Plane[]): Promise<EncodedBlock>;
  close(): Promise<void>;
}

/** What a thread is asked to do. */
export type WindowTask =
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'block'; readonly planes: readonly Plane[] };

export type WindowAnswer<Done> =
  | { readonly kind: 'window'; readonly done: Done }
  | { readonly kind: 'block'; readonly block: EncodedBlock };

/**
 * Workers in threads of their own, one task a thread at a time, each with its own copy of the plan. Overview blocks go first, so
 * that few wait in memory. `where` is named in errors.
 */
export function openWindowThreads<Done>(
  script: URL,
  plan: unknown,
  count: number,
  where: string,
): WindowWorker<Done> {
  const threads = openThreads<WindowTask, WindowAnswer<Done>>(script, count, plan);
  return {
    work: async (window) => {
      const answer = await threads.ask({ kind: 'window', window }, { where });
      if (answer.kind !== 'window') throw new TypeError('a window was asked for');
      return answer.done;
    },
    encode: async (planes) => {
      const transfer = planes.map(({ data }) => data.buffer as ArrayBuffer); // made for one block, not shared
      const answer = await threads.ask({ kind: 'block', planes }, { urgent: true, transfer, where });
      if (answer.kind !== 'block') throw new TypeError('a block was asked for');
      return answer.block;
    },
    close: threads.close,
  };
}

/**
 * Puts every window through a worker of `count` threads and what came of it through `take`. Who waits for `take` starts no new
 * window: threads cannot run ahead of the disk.
 */
export async function eachWindow<Done>(
  windows: readonly Window[],
  worker: WindowWorker<Done>,
  count: number,
  take: (done: Done, window: Window) => Promise<void>,
): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < windows.length) {
      const window = windows[next++]!;
      await take(await worker.work(window), window);
    }
  };
  // One more than there are threads, so that none waits while blocks are put away.
  await Promise.all(Array.from({ length: Math.min(windows.length, count + 1) }, run));
}
