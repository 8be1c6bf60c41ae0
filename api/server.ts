import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { HeituError } from '../pipeline/core/error.ts';
import { closeRasters } from '../pipeline/read/raster-cache.ts';
import type { Store } from '../pipeline/store/open.ts';
import { createApp } from './app.ts';
import type { ApiConfig } from './config.ts';

export interface ServerOptions {
  readonly store: Store;
  /** Workspace folder. */
  readonly workspace: string;
  /** 127.0.0.1 when not given: this machine only. */
  readonly host?: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly version: string;
  /** Folder of the built viewer. */
  readonly webRoot: string;
  readonly now?: () => Date;
  readonly config: ApiConfig;
}

export interface RunningServer {
  /** Address without a slash at the end: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no new requests, lets running ones end (for at most 10 s), and resolves when the port is free. */
  readonly close: () => Promise<void>;
}

/** SAFETY.md section 4: an idle half request is closed after 15 s, a slow one after 30. */
const TIMEOUTS = {
  requestTimeout: 30_000,
  headersTimeout: 15_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 5_000,
} as const;
const MAX_HEADER_BYTES = 16 * 1024;
const GRACE_MS = 10_000;
const SWEEP_MS = 20;

/** Starts API and viewer; rejects with E_USAGE where it cannot listen. The store stays the caller's to close. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1';
  const log = pino({ level: options.config.logLevel, base: null }, pino.destination({ fd: 2, sync: true }));
  const app = createApp({
    store: options.store,
    workspace: options.workspace,
    version: options.version,
    now: options.now ?? (() => new Date()),
    log,
    webRoot: options.webRoot,
    basemap: options.config.basemap,
    publicUrl: options.config.publicUrl,
  });
  const server = createServer({ ...TIMEOUTS, maxHeaderSize: MAX_HEADER_BYTES }, app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const what = `cannot listen on ${host} port ${options.port} (${cause.code ?? cause.message})`;
      reject(new HeituError('E_USAGE', { what, where: 'serve', cause }));
    });
    server.listen(options.port, host, () => resolve());
  });
  // A TCP server's address is never a pipe's name.
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  log.info({ event: 'Http:Server:Listening', url });
  return {
    url,
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      // A connection falls idle when its answer is out; waiting for its keep-alive to run out would take seconds more.
      const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MS);
      const timer = setTimeout(() => server.closeAllConnections(), GRACE_MS);
      await ended;
      clearInterval(sweep);
      clearTimeout(timer);
      await closeRasters();
      log.info({ event: 'Http:Server:Closed' });
    },
  };
}
