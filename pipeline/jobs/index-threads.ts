import type { Window } from '../core/grid.ts';
import { openThreads } from '../engine/threads.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { Plane } from '../write/pyramid.ts';
import type { IndexPlan, IndexWorker, WindowDone } from './index-work.ts';

/** What a thread is asked to do. */
export type IndexTask =
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'block'; readonly planes: readonly Plane[] };

export type IndexAnswer =
  | { readonly kind: 'window'; readonly done: WindowDone }
  | { readonly kind: 'block'; readonly block: EncodedBlock };

/** Workers in threads of their own, one task a thread at a time. Overview blocks go first, so that few wait in memory. */
export function openIndexThreads(plan: IndexPlan, count: number): IndexWorker {
  const script = new URL('./index-thread.ts', import.meta.url);
  const threads = openThreads<IndexTask, IndexAnswer>(script, count, plan);
  const [where = ''] = plan.files;
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
