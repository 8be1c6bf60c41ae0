import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readApiConfig } from '../../api/config.ts';
import { startServer } from '../../api/server.ts';
import { openStore } from '../../pipeline/store/open.ts';
import { heitu } from './terminal.ts';

/** A small simulated county, processed and served: what `heitu demo` makes, for tests of the page. */
export interface DemoServer {
  readonly url: string;
  /** The generator's truth file. */
  readonly truth: DemoTruth;
  readonly close: () => Promise<void>;
}

/** The part of the truth file that tests look at. */
export interface DemoTruth {
  readonly dates: readonly string[];
  readonly scenes: readonly {
    readonly id: string;
    readonly date: string;
    readonly datetime: string;
    readonly cloud: number;
    readonly shadow: number;
    readonly nodata: number;
    readonly mask: string;
  }[];
  readonly parcels: readonly {
    readonly code: string;
    readonly crop: string;
    readonly ndvi: readonly number[];
    readonly cloud: readonly number[];
    readonly shadow: readonly number[];
    readonly rim: readonly number[];
    readonly nodata: readonly number[];
  }[];
}

/** Builds the demonstration at `size` pixels in a temporary folder and serves it on a free port of 127.0.0.1. */
export async function demoServer(size = 512): Promise<DemoServer> {
  const folder = await mkdtemp(join(tmpdir(), 'heitu-demo-'));
  const ran = await heitu(['demo', '--once', '--size', String(size), '--workspace', folder]);
  if (ran.code !== 0) throw new Error(`the demonstration failed:\n${ran.err}`);
  const truth = JSON.parse(
    await readFile(join(folder, 'inbox', 'county', 'truth.json'), 'utf8'),
  ) as DemoTruth;
  const store = await openStore({ workspace: folder, databaseUrl: null });
  const server = await startServer({
    store,
    workspace: folder,
    host: '127.0.0.1',
    port: 0,
    version: 'test',
    webRoot: fileURLToPath(new URL('../../web/dist', import.meta.url)),
    now: () => new Date(),
    config: readApiConfig({}),
  });
  return {
    url: server.url,
    truth,
    close: async () => {
      await server.close();
      await store.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
