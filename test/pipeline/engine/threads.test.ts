import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { openThreads, type Threads } from '../../../pipeline/engine/threads.ts';
import type { Task } from './echo-thread.ts';

const SCRIPT = new URL('./echo-thread.ts', import.meta.url);
let threads: Threads<Task, string>;
afterEach(() => threads.close());

describe('threads', () => {
  test('answer every task, no more at a time than there are threads', async () => {
    threads = openThreads(SCRIPT, 2, 'hello');
    const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => threads.ask({ say: `${n}`, ms: 5 })));
    expect(answers.map((answer) => answer.split(' by ')[0])).toEqual([
      'hello 1',
      'hello 2',
      'hello 3',
      'hello 4',
      'hello 5',
    ]);
    expect(new Set(answers.map((answer) => answer.split(' by ')[1])).size).toBeLessThanOrEqual(2);
  });

  test('take urgent tasks before those that wait', async () => {
    threads = openThreads(SCRIPT, 1, '');
    const order: string[] = [];
    const ask = (say: string, urgent: boolean) =>
      threads.ask({ say, ms: 5 }, { urgent }).then(() => order.push(say));
    await Promise.all([ask('first', false), ask('second', false), ask('third', false), ask('urgent', true)]);
    expect(order).toEqual(['first', 'urgent', 'second', 'third']);
  });

  test('report what a task threw by its code, and go on', async () => {
    threads = openThreads(SCRIPT, 1, '');
    await expect(threads.ask({ say: 'x', throws: true }, { where: 'task 7' })).rejects.toMatchObject({
      code: 'E_BAND_MISSING',
      details: { what: 'N', where: 'task 7' },
    });
    expect(await threads.ask({ say: 'y' })).toMatch(/^ y/);
  });

  test('pass on what a task says while it works', async () => {
    threads = openThreads(SCRIPT, 1, '');
    const notes: string[] = [];
    await threads.ask({ say: 'x', note: 'half way' }, { onNote: (note: string) => notes.push(note) });
    expect(notes).toEqual(['half way']);
  });

  test('replace one that dies: its task fails, the next is done by another', async () => {
    threads = openThreads(SCRIPT, 1, '');
    await expect(threads.ask({ say: 'x', dies: true }, { where: 'task 8' })).rejects.toMatchObject({
      code: 'E_INTERNAL',
      details: { where: 'task 8' },
    });
    expect(await threads.ask({ say: 'y' })).toMatch(/^ y/);
  });

  test('fail a task that is given to one that could not start', async () => {
    threads = openThreads(new URL('./no-such-thread.ts', import.meta.url), 1, '');
    await wait(200);
    await expect(threads.ask({ say: 'x' }, { where: 'task 9' })).rejects.toMatchObject({
      code: 'E_INTERNAL',
      details: { where: 'task 9' },
    });
  });

  test('fail a task that is in the works when they are closed', async () => {
    threads = openThreads(SCRIPT, 1, '');
    const asked = threads.ask({ say: 'x', ms: 10_000 });
    await Promise.all([expect(asked).rejects.toMatchObject({ code: 'E_INTERNAL' }), threads.close()]);
  });
});
