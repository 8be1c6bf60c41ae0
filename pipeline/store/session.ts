import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { HeituError } from '../core/error.ts';
import type { Query, Statement } from './sql.ts';

/** A place to connect to. */
export interface Source {
  readonly kind: 'embedded' | 'server';
  /** Workspace or host, for messages. */
  readonly where: string;
  /** How long to try again after a connection was lost. */
  readonly patienceMs: number;
  /** Connection settings; asked again after a loss, because the database may have moved to another process. */
  locate(): Promise<pg.PoolConfig>;
  close(): Promise<void>;
}

/** Connections to one database, made anew when they are lost. */
export interface Session {
  readonly query: Query;
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** How often work is run again after losing its connection halfway: more than that and the work is the reason. */
const MOST_RERUNS = 3;

/**
 * A session over a source. Work that loses its connection is run again on a new one, so every statement of the store
 * must be safe to run twice (they are: reads, and writes that state the outcome).
 */
export function openSession(source: Source): Session {
  let pool: Promise<pg.Pool> | null = null;
  let isClosed = false;

  function currentPool(): Promise<pg.Pool> {
    pool ??= source.locate().then((config) => {
      const made = new pg.Pool({ ...config, types: TYPES, allowExitOnIdle: true });
      // An idle connection that ends is replaced by the pool; without a listener it would end the process.
      made.on('error', () => {});
      made.on('connect', (client) => client.on('error', () => {}));
      return made;
    });
    // A failed attempt must not be remembered as the answer.
    pool.catch(() => {
      pool = null;
    });
    return pool;
  }

  async function connected<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let deadline = performance.now() + source.patienceMs;
    let reruns = 0;
    for (;;) {
      if (isClosed)
        throw new HeituError('E_STORE_UNAVAILABLE', { what: 'it was closed', where: source.where });
      const mine = currentPool();
      let client: pg.PoolClient | null = null;
      try {
        client = await (await mine).connect();
        const result = await use(client);
        client.release();
        return result;
      } catch (error) {
        const lost = isLost(error);
        client?.release(lost);
        if (client !== null && lost) {
          deadline = performance.now() + source.patienceMs;
          reruns += 1;
        }
        if (!lost || reruns > MOST_RERUNS || performance.now() > deadline) throw storeError(error, source);
        if (pool === mine) {
          pool = null;
          mine.then((old) => old.end()).catch(() => {});
        }
        await pause(50);
      }
    }
  }

  return {
    query: (statement) => connected((client) => run(client, statement)),
    transaction: (work) =>
      connected(async (client) => {
        await client.query('BEGIN');
        // Reads give up after the server's limit; a publish or an import takes the time it takes.
        if (source.kind === 'server') await client.query('SET LOCAL statement_timeout = 0');
        try {
          const result = await work((statement) => run(client, statement));
          await client.query('COMMIT');
          return result;
        } catch (error) {
          if (!isLost(error)) await client.query('ROLLBACK');
          throw error;
        }
      }),
    close: async () => {
      isClosed = true;
      const last = pool;
      pool = null;
      await last?.then((old) => old.end()).catch(() => {});
      await source.close();
    },
  };
}

async function run<T>(client: pg.PoolClient, statement: Statement): Promise<T[]> {
  for (const value of statement.values) refuseNul(value);
  const { rows } = await client.query({ text: statement.text, values: [...statement.values] });
  // Rows are what the statement's SELECT list says; whoever wrote the statement states that as T.
  return rows as T[];
}

/** PostgreSQL cannot store U+0000 in text. */
function refuseNul(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) refuseNul(item);
  if (typeof value !== 'string' || !value.includes('\0')) return;
  throw new HeituError('E_PARAMETER_INVALID', {
    where: JSON.stringify(value.slice(0, 40)),
    what: 'it holds a NUL character',
  });
}

const TYPES: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    // Instants leave the store in ISO 8601, calendar dates and 64-bit counts as they are written.
    if (oid === pg.types.builtins.TIMESTAMPTZ) return (text: string) => new Date(text).toISOString();
    if (oid === pg.types.builtins.DATE) return (text: string) => text;
    if (oid === pg.types.builtins.INT8) return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

/** SQLSTATEs and system errors that mean "the other side is gone", not "the statement is wrong". */
const LOST = /^(ECONNREFUSED|ECONNRESET|ENOENT|EPIPE|57P0[123]|08...)$/;

function isLost(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof HeituError) return false;
  if ('code' in error && typeof error.code === 'string') return LOST.test(error.code);
  return /^Connection terminated|not queryable|Client was closed|after calling end on the pool/.test(
    error.message,
  );
}

function storeError(error: unknown, source: Source): Error {
  if (error instanceof HeituError) return error;
  const what =
    error instanceof Error
      ? error.message || String('code' in error ? error.code : error.name)
      : String(error);
  const state = error instanceof Error && 'code' in error ? error.code : undefined;
  if (state === '57014')
    return new HeituError('E_STORE_UNAVAILABLE', {
      what: 'the question took too long',
      where: source.where,
      cause: error,
    });
  if (isLost(error) || state === undefined || state === '3D000' || /^(28|53)/.test(String(state))) {
    return new HeituError('E_STORE_UNAVAILABLE', { what, where: source.where, cause: error });
  }
  return new HeituError('E_INTERNAL', { what, cause: error });
}
