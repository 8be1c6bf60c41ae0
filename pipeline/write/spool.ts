import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { asHeituError } from '../core/error.ts';
import { temporaryName } from './atomic.ts';

/** Where kept bytes are: in memory, or this many from this position of the spool's file. */
export type Kept = Uint8Array | { readonly at: number; readonly length: number };

/**
 * Keeps compressed blocks until their place in the file is known: in memory up to a limit, beyond it in a file beside
 * the result. The file has no name, so that nothing is left of it however the process ends.
 */
export interface Spool {
  /** Resolves once the bytes are safe from the limit; who waits for it cannot run ahead of the disk. */
  keep(bytes: Uint8Array): Promise<Kept>;
  /** The bytes again; memory they took counts as free from here on. */
  take(kept: Kept): Promise<Uint8Array>;
  /** Bytes in memory, now and at most so far. */
  readonly held: { readonly now: number; readonly most: number };
  close(): Promise<void>;
}

/** A spool whose file, if it comes to one, lies in the folder of `path`. Throws E_WRITE_FAILED when the disk is full. */
export function openSpool(path: string, memoryLimit: number): Spool {
  const held = { now: 0, most: 0 };
  let file: Promise<FileHandle> | null = null;
  let end = 0;
  const hold = (length: number) => {
    held.now += length;
    held.most = Math.max(held.most, held.now);
  };
  return {
    held,
    async keep(bytes) {
      hold(bytes.length);
      if (held.now <= memoryLimit) return bytes;
      try {
        file ??= openNameless(path);
        const at = end;
        end += bytes.length;
        await writeAt(await file, bytes, at);
        return { at, length: bytes.length };
      } catch (error) {
        throw asHeituError(error, 'E_WRITE_FAILED', path);
      } finally {
        held.now -= bytes.length;
      }
    },
    async take(kept) {
      if (kept instanceof Uint8Array) {
        held.now -= kept.length;
        return kept;
      }
      return await readAt((await file)!, kept.at, kept.length);
    },
    async close() {
      const opened = await file?.catch(() => null);
      await opened?.close();
    },
  };
}

async function openNameless(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  const name = join(dirname(path), temporaryName(path));
  const file = await open(name, 'wx+');
  await rm(name);
  return file;
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error('the spool ended early');
    done += bytesRead;
  }
  return bytes;
}
