import { existsSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { postgis } from '@electric-sql/pglite-postgis';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';
import { answerTo } from './wire.ts';

/** What the thread is told. */
export interface WorkerInput {
  readonly dataFolder: string;
  readonly socket: string;
}

/** What the thread says, once, when connections are welcome; when it cannot go on, it ends with an error. */
export type WorkerMessage = 'listening';

/**
 * The thread that has the embedded database open and serves it: a long statement keeps this thread busy, not the
 * event loop of the process. Whoever starts it holds the lock.
 */
async function serve({ dataFolder, socket }: WorkerInput): Promise<void> {
  // A first start that was killed halfway leaves files no database can be opened from, and that nobody has used yet.
  const ready = join(dataFolder, 'heitu.ready');
  if (existsSync(dataFolder) && !existsSync(ready)) await rm(dataFolder, { recursive: true });
  const database = new PGlite({ dataDir: dataFolder, extensions: { postgis } });
  await database.waitReady;
  await writeFile(ready, '');

  const run = database.execProtocolRawStream.bind(database);
  database.execProtocolRawStream = async (message, options) => {
    const answer = answerTo(message, (data) => options?.onRawData?.(data));
    // The socket server goes on waiting for ever after a throw; a database that throws instead of answering is broken.
    await run(message, { ...options, onRawData: answer.push }).catch(fail);
    answer.end();
  };

  await rm(socket, { force: true });
  const server = new PGLiteSocketServer({ db: database, path: socket, maxConnections: 64 });
  await server.start();
  await chmod(socket, 0o600);
  parentPort?.on('message', async () => {
    await server.stop();
    await database.close();
    parentPort?.close();
  });
  parentPort?.postMessage('listening' satisfies WorkerMessage);
}

/** Ends the thread with an error its starter sees, whoever may catch it on the way. */
function fail(error: unknown): never {
  queueMicrotask(() => {
    throw error;
  });
  throw error;
}

// The one cast at this door: the only starter is embedded.ts, with data of this type.
await serve(workerData as WorkerInput);
