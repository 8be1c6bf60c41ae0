import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from 'vitest';
import { migrations } from '../../../pipeline/store/migrate.ts';
import { openStore, type Store } from '../../../pipeline/store/open.ts';

/** A server with PostGIS to run the same tests on, e.g. `postgres://postgres@127.0.0.1:5432/heitu_test`. */
export const SERVER = process.env.HEITU_TEST_DATABASE_URL ?? null;

const TABLES = 'zone, observation, asset, product_run, place_season, place, delivery, scene';

export interface Fixture {
  readonly store: Store;
  /** Another store on the same data. */
  another(): Promise<Store>;
}

/** Runs the same tests on the embedded database and, where one is given, on a server: each test finds empty tables. */
export function onEachStore(title: string, tests: (fixture: () => Fixture) => void): void {
  describe(`${title} (embedded)`, () => {
    const opened: Store[] = [];
    let folder = '';
    const another = async () => {
      const store = await openStore({ workspace: folder, databaseUrl: null });
      opened.push(store);
      return store;
    };
    beforeAll(async () => {
      folder = await freshWorkspace();
      await another();
    });
    beforeEach(() => opened[0]!.query({ text: `TRUNCATE ${TABLES}`, values: [] }));
    afterEach(async () => {
      for (const store of opened.splice(1)) await store.close();
    });
    afterAll(async () => {
      for (const store of opened) await store.close();
      await rm(folder, { recursive: true });
    });
    tests(() => ({ store: opened[0]!, another }));
  });

  describe.skipIf(SERVER === null)(
    `${title} (server)${SERVER === null ? ': skipped, HEITU_TEST_DATABASE_URL is not set' : ''}`,
    () => {
      const opened: Store[] = [];
      let schema = '';
      const another = async () => {
        const store = await openStore({ workspace: 'unused', databaseUrl: urlOf(schema) });
        opened.push(store);
        return store;
      };
      beforeEach(async () => {
        const { currentTestName, testPath } = expect.getState();
        schema = `heitu_test_${createHash('sha256').update(`${testPath} ${currentTestName}`).digest('hex').slice(0, 16)}`;
        await asAdmin(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}`);
        await another();
      });
      afterEach(async () => {
        for (const store of opened.splice(0)) await store.close();
        await asAdmin(`DROP SCHEMA IF EXISTS ${schema} CASCADE`);
      });
      tests(() => ({ store: opened[0]!, another }));
    },
  );
}

/** The test server with everything of ours in one schema. */
export function urlOf(schema: string): string {
  const url = new URL(SERVER!);
  url.searchParams.set('options', `-c search_path=${schema},public`);
  return url.href;
}

export async function asAdmin(text: string): Promise<void> {
  const client = new pg.Client({ connectionString: SERVER! });
  await client.connect();
  try {
    await client.query(text);
  } finally {
    await client.end();
  }
}

/** A workspace with a migrated embedded database of its own: copied, because making one takes ten seconds. */
export async function freshWorkspace(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'heitu-store-'));
  await cp(await template(), folder, { recursive: true });
  return folder;
}

/** Made once per version under a private name and renamed, so that test files starting together see all of it or none. */
async function template(): Promise<string> {
  const program = await readFile(
    createRequire(import.meta.url).resolve('@electric-sql/pglite-postgis'),
    'utf8',
  );
  const key = createHash('sha256')
    .update(JSON.stringify([program, await migrations()]))
    .digest('hex')
    .slice(0, 12);
  const folder = join(tmpdir(), `heitu-store-template-${key}`);
  if (existsSync(folder)) return folder;
  const own = await mkdtemp(join(tmpdir(), 'heitu-store-new-'));
  await (await openStore({ workspace: own, databaseUrl: null })).close();
  await rename(own, folder).catch(() => rm(own, { recursive: true }));
  return folder;
}
