import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, rename, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HeituError } from '../core/error.ts';
import type { WorkerInput, WorkerMessage } from './embedded-worker.ts';
import { type Lock, takeLock } from './lock.ts';
import type { Source } from './session.ts';

/** The name under which libpq and `pg` look for port 5432 in a folder. */
const SOCKET = '.s.PGSQL.5432';

/** Longest path of a Unix socket in bytes: 108 with the closing NUL (unix(7)). */
const LONGEST_SOCKET = 107;

/** A first start takes about 10 s, and the starter may be behind other work. */
const PATIENCE_MS = 90_000;

/** Who has the database open, for messages and for finding a socket that lies elsewhere. */
interface Owner {
  readonly pid: number;
  readonly socketFolder: string;
}

/**
 * The embedded database of a workspace. The first process opens it under the lock and serves it on a socket; all
 * others connect to that. When the owner ends, however it ends, the next one that needs the database takes over.
 */
export async function embeddedSource(workspace: string, patienceMs = PATIENCE_MS): Promise<Source> {
  await mkdir(join(workspace, 'db'), { recursive: true, mode: 0o700 });
  const folder = await realpath(join(workspace, 'db'));
  await chmod(folder, 0o700);
  const lockFile = join(folder, 'lock');
  const ownerFile = join(folder, 'owner.json');
  let served: Served | null = null;

  /** Where the socket is, once it answers; opens the database here when nobody has it. */
  async function locate(): Promise<{ host: string }> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const owner = await readOwner(ownerFile);
      const host = owner?.socketFolder ?? folder;
      if (await answers(join(host, SOCKET))) return { host };
      const lock = takeLock(lockFile);
      if (lock !== null) {
        served = await open(lock);
        return { host: served.socketFolder };
      }
      if (performance.now() > deadline) {
        throw new HeituError('E_STORE_LOCKED', { where: workspace, what: String(owner?.pid ?? '?') });
      }
      await pause(100);
    }
  }

  async function open(lock: Lock): Promise<Served> {
    try {
      const socketFolder = await socketFolderOf(folder);
      await writeOwner(ownerFile, { pid: process.pid, socketFolder });
      const thread = await startThread({
        dataFolder: join(folder, 'data'),
        socket: join(socketFolder, SOCKET),
      });
      thread.ended.then(() => lock.release());
      return { socketFolder, stop: thread.stop };
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  return {
    kind: 'embedded',
    where: workspace,
    patienceMs,
    locate: async () => ({ ...(await locate()), port: 5432, user: 'postgres', database: 'postgres', max: 8 }),
    close: async () => served?.stop(),
  };
}

interface Served {
  readonly socketFolder: string;
  stop(): Promise<void>;
}

interface Thread {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Starts the thread and waits until it listens; when it does not, it has ended before this throws. */
async function startThread(input: WorkerInput): Promise<Thread> {
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: input });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  let reason = 'its thread ended';
  worker.once('error', (error) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  const listens = new Promise<WorkerMessage>((resolve) => worker.once('message', resolve));
  const said = await Promise.race([listens, ended]);
  if (said !== 'listening')
    throw new HeituError('E_STORE_UNAVAILABLE', { what: reason, where: input.dataFolder });
  // A command that is done must end even when it forgot to close; the next process then takes over.
  worker.unref();
  const stop = async () => {
    worker.ref();
    worker.postMessage('stop');
    await ended;
  };
  return { ended, stop };
}

/** True when someone accepts connections there. */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(socket);
    const say = (yes: boolean) => {
      probe.destroy();
      resolve(yes);
    };
    probe.once('connect', () => say(true));
    probe.once('error', () => say(false));
  });
}

/** The database folder itself, or a short folder of this user's own when the path is too long for a socket. */
async function socketFolderOf(folder: string): Promise<string> {
  if (Buffer.byteLength(join(folder, SOCKET)) <= LONGEST_SOCKET) return folder;
  const name = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  const short = join(tmpdir(), `heitu-${name}`);
  await mkdir(short, { recursive: true, mode: 0o700 });
  // The temporary folder belongs to everyone: someone else could have made this one before us.
  const { uid, mode } = await lstat(short);
  const isOurs = uid === process.getuid?.() && (mode & 0o170_777) === 0o040_700;
  if (!isOurs)
    throw new HeituError('E_STORE_UNAVAILABLE', { what: `${short} belongs to someone else`, where: short });
  return short;
}

async function writeOwner(file: string, owner: Owner): Promise<void> {
  await writeFile(`${file}.new`, JSON.stringify(owner), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function readOwner(file: string): Promise<Owner | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  try {
    const owner: unknown = JSON.parse(text);
    const isOwner =
      typeof owner === 'object' &&
      owner !== null &&
      'pid' in owner &&
      'socketFolder' in owner &&
      typeof owner.pid === 'number' &&
      typeof owner.socketFolder === 'string';
    // The check above is what the type says.
    return isOwner ? (owner as Owner) : null;
  } catch {
    return null;
  }
}
