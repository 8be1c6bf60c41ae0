import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openStore } from '../../../pipeline/store/open.ts';
import { asAdmin, SERVER, urlOf } from './stores.ts';

describe('a server that is not there', () => {
  it('is named by its place, without the password of the address', async () => {
    const opening = openStore({
      workspace: 'unused',
      databaseUrl: 'postgres://heitu:secret@127.0.0.1:1/heitu',
    });
    const error: unknown = await opening.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1/heitu'),
    });
    expect(String(error)).not.toContain('secret');
  });

  it('is said to be away when it hangs up at once', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const opening = openStore({
      workspace: 'unused',
      databaseUrl: `postgres://heitu@127.0.0.1:${port}/heitu`,
    });
    await expect(opening).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    await new Promise((resolve) => server.close(resolve));
  });

  it('is said to be no address when it is none', async () => {
    const opening = openStore({ workspace: 'unused', databaseUrl: 'heitu' });
    await expect(opening).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
  });
});

const why = SERVER === null ? ': skipped, HEITU_TEST_DATABASE_URL is not set' : '';
describe.skipIf(SERVER === null)(`a server${why}`, () => {
  it('gives up a question after five seconds, lets a transaction take its time, and goes on when cut off', async () => {
    const schema = 'heitu_test_server';
    await asAdmin(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
    const store = await openStore({ workspace: 'unused', databaseUrl: urlOf(schema) });
    try {
      const started = performance.now();
      const [question, work] = await Promise.allSettled([
        store.query({ text: 'SELECT pg_sleep(8)', values: [] }),
        store.transaction((query) => query({ text: 'SELECT 1 AS n FROM pg_sleep(6)', values: [] })),
      ]);
      expect(question).toMatchObject({ status: 'rejected', reason: { code: 'E_STORE_UNAVAILABLE' } });
      expect(work).toMatchObject({ status: 'fulfilled', value: [{ n: 1 }] });
      expect(performance.now() - started).toBeLessThan(8_000);
      await asAdmin(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()`,
      );
      expect(await store.query({ text: 'SELECT 2 AS n', values: [] })).toEqual([{ n: 2 }]);
    } finally {
      await store.close();
      await asAdmin(`DROP SCHEMA ${schema} CASCADE`);
    }
  });
});
