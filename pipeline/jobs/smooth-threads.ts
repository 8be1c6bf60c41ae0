import type { Window } from '../core/grid.ts';
import { openThreads } from '../engine/threads.ts';
import type { EncodedBlock } from '../write/block.ts';
import type { Plane } from '../write/pyramid.ts';
import type { SmoothBlock, SmoothPlan, SmoothWorker } from './smooth-work.ts';

/** What a thread is asked to do. */
export type SmoothTask =
  | { readonly kind: 'window'; readonly window: Window }
  | { readonly kind: 'block'; readonly planes: readonly Plane[] };

export type SmoothAnswer =
  | { readonly kind: 'window'; readonly block: SmoothBlock }
  | { readonly kind: 'block'; readonly block: EncodedBlock };

/** Workers in threads of their own, one task a thread at a time. Overview blocks go first, so that few wait in memory. */
export function openSmoothThreads(plan: SmoothPlan, count: number): SmoothWorker {
  const script = new URL('./smooth-thread.ts', import.meta.url);
  const threads = openThreads<SmoothTask, SmoothAnswer>(script, count, plan);
  const where = plan.file;
  return {
    work: async (window) => {
      const answer = await threads.ask({ kind: 'window', window }, { where });
      if (answer.kind !== 'window') throw new TypeError('a window was asked for');
      return answer.block;
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
