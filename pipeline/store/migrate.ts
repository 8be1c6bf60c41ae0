import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { HeituError } from '../core/error.ts';
import type { Session } from './session.ts';
import { sql } from './sql.ts';

/** One numbered step of the schema. */
export interface Migration {
  readonly name: string;
  readonly text: string;
}

const FOLDER = new URL('./migrations/', import.meta.url);

/** Any fixed number: two processes that migrate one server take turns. */
const LOCK_KEY = 4_864_973;

/** The steps, in order. */
export async function migrations(): Promise<Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => /^\d{4}-[a-z-]+\.sql$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => ({ name, text: await readFile(new URL(name, FOLDER), 'utf8') })),
  );
}

/**
 * Brings the schema up to date in one transaction and gives the names of the steps that were run; safe to run twice
 * and at once. Throws E_STORE_UNAVAILABLE when the database was made by a newer Heitu or by a changed step.
 */
export async function migrate(session: Session): Promise<string[]> {
  const steps = await migrations();
  return session.transaction(async (query) => {
    await query(sql`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
    await query(sql`CREATE TABLE IF NOT EXISTS migration (
      name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`);
    const done = await query<{ name: string; checksum: string }>(sql`SELECT name, checksum FROM migration`);
    const checksums = new Map(done.map((row) => [row.name, row.checksum]));
    for (const { name } of done) {
      if (!steps.some((step) => step.name === name))
        throw stranger(`it has step ${name}, which this version does not know`);
    }
    const ran: string[] = [];
    for (const { name, text } of steps) {
      const checksum = createHash('sha256').update(text).digest('hex');
      const known = checksums.get(name);
      if (known === checksum) continue;
      if (known !== undefined) throw stranger(`step ${name} was another one when it was run`);
      // No values: the driver then sends the whole file, which holds several statements.
      await query({ text, values: [] });
      await query(sql`INSERT INTO migration (name, checksum) VALUES (${name}, ${checksum})`);
      ran.push(name);
    }
    return ran;
  });
}

function stranger(what: string): HeituError {
  return new HeituError('E_STORE_UNAVAILABLE', { what, where: 'the version of Heitu' });
}
