import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { asHeituError } from '../core/error.ts';

/** Bytes of a file, piece by piece, made as they are asked for. */
export type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Writes a file so that readers see either the old one or the whole new one, even after a power cut: a temporary name
 * in the same folder (made if missing), fsync, rename, fsync of the folder. Throws E_WRITE_FAILED and leaves nothing behind.
 */
export async function writeAtomically(path: string, chunks: Chunks): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, temporaryName(path));
  try {
    await mkdir(folder, { recursive: true });
    const file = await open(temporary, 'wx');
    try {
      // Small pieces are gathered: a COG is thousands of blocks with 4-byte sizes between them.
      for await (const pieces of gathered(chunks, 1 << 22)) await writePieces(file, pieces);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw asHeituError(error, 'E_WRITE_FAILED', path);
  }
}

/** This machine's name, fit for a file name: pids mean something on one machine only. */
const HOST = hostname().replace(/[^A-Za-z0-9]/g, '');

/** A hidden name beside the final one that says whose it is: `.ndvi.tif.host-4711-0123456789ab.tmp`. */
export function temporaryName(path: string): string {
  return `.${basename(path)}.${HOST}-${process.pid}-${randomBytes(6).toString('hex')}.tmp`;
}

/** Removes temporary files that a process of this machine left when it was killed; those of running ones stay. */
export async function sweepTemporaries(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const [, host, pid] = /^\..+\.([A-Za-z0-9]*)-(\d+)-[0-9a-f]{12}\.tmp$/.exec(name) ?? [];
    if (host === HOST && !isRunning(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

/** Signal 0 asks whether a process is there; one of another user answers with EPERM, and is. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

type Writable = Awaited<ReturnType<typeof open>>;

async function writePieces(file: Writable, pieces: Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  let missing = bytesWritten;
  for (const piece of pieces) {
    if (missing < piece.length) await writeFully(file, piece.subarray(missing));
    missing = Math.max(0, missing - piece.length);
  }
}

async function writeFully(file: Writable, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done);
    done += bytesWritten;
  }
}

/** The most buffers one call may write (IOV_MAX on Linux). */
const MOST_PIECES = 1000;

async function* gathered(chunks: Chunks, size: number): AsyncGenerator<Uint8Array[]> {
  let waiting: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    waiting.push(chunk);
    length += chunk.length;
    if (length < size && waiting.length < MOST_PIECES) continue;
    yield waiting;
    waiting = [];
    length = 0;
  }
  if (waiting.length > 0) yield waiting;
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
