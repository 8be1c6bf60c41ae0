import { mkdir } from 'node:fs/promises';
import { HeituError } from '../core/error.ts';
import { embeddedSource } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openSession, type Session, type Source } from './session.ts';
import { sql } from './sql.ts';

export interface StoreConfig {
  /** The workspace folder; the embedded database lies in its `db/`. */
  readonly workspace: string;
  /** A PostgreSQL with PostGIS to use instead, e.g. `postgres://heitu@127.0.0.1/heitu`; null for the embedded one. */
  readonly databaseUrl: string | null;
}

/** The database of a workspace, migrated and ready. */
export interface Store extends Session {
  readonly kind: Source['kind'];
  /** True when the database makes vector tiles itself. */
  readonly hasMvt: boolean;
}

/** Reads on a server give up after this long; the embedded database cannot interrupt a statement. */
const READ_TIMEOUT_MS = 5_000;

/**
 * Opens the store: the server at `databaseUrl`, else the embedded database. Migrates it first; safe to call from many
 * processes at once. Throws E_STORE_UNAVAILABLE or E_STORE_LOCKED.
 */
export async function openStore(config: StoreConfig): Promise<Store> {
  const source =
    config.databaseUrl === null ? await embedded(config.workspace) : serverSource(config.databaseUrl);
  const session = openSession(source);
  try {
    await migrate(session);
    return { ...session, kind: source.kind, hasMvt: await makesTiles(session) };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function embedded(workspace: string): Promise<Source> {
  await mkdir(workspace, { recursive: true });
  return embeddedSource(workspace);
}

function serverSource(databaseUrl: string): Source {
  if (!URL.canParse(databaseUrl)) {
    throw new HeituError('E_STORE_UNAVAILABLE', {
      what: 'DATABASE_URL is no address',
      where: 'DATABASE_URL',
    });
  }
  // Messages name the place, never the user or password in the address.
  const { hostname, port, pathname } = new URL(databaseUrl);
  return {
    kind: 'server',
    where: `${hostname}:${port || 5432}${pathname}`,
    patienceMs: 1_000,
    locate: async () => ({
      connectionString: databaseUrl,
      statement_timeout: READ_TIMEOUT_MS,
      connectionTimeoutMillis: 10_000,
      max: 10,
    }),
    close: async () => {},
  };
}

/** PostGIS can be built without protobuf; then the function is there and says so when it is called. */
async function makesTiles(session: Session): Promise<boolean> {
  return session.query(sql`SELECT ST_AsMVT(probe) FROM (SELECT ST_MakePoint(0, 0) AS geom) AS probe`).then(
    () => true,
    () => false,
  );
}
