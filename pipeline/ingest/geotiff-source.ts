import { constants, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { HeituError } from '../core/error.ts';

/** Where the bytes of a raster come from. */
export interface Source {
  /** What messages call it: the file's path. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Exactly `length` bytes from `offset`; throws E_TIFF_DAMAGED when they reach beyond the end. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * The same for bytes that are used up before the next call, so that the memory may serve again. They are the caller's to
   * change.
   */
  readBriefly(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/**
 * A file on disk; throws E_FILE_MISSING when it cannot be opened, E_NOT_TIFF for a folder. `blocking` reads in the thread
 * that asks, which costs less than handing every read to another one; for threads that have nothing else to do.
 */
export async function fileSource(path: string, { blocking = false } = {}): Promise<Source> {
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new HeituError('E_NOT_TIFF', { where: path, what: 'it is not a file' });
    const { size } = stat;
    const read = (offset: number, length: number) => readFully(handle, path, size, offset, length);
    const readBriefly = blocking ? blockingReader(handle, path, size) : read;
    return { name: path, size, read, readBriefly, close: () => handle.close() };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes in memory, as they come out of an archive. */
export function memorySource(name: string, bytes: Uint8Array): Source {
  const read = async (offset: number, length: number) => {
    checkRange(name, bytes.length, offset, length);
    return bytes.slice(offset, offset + length);
  };
  return {
    name,
    size: bytes.length,
    read,
    readBriefly: read,
    close: async () => undefined,
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    // Opening a pipe named like a picture would wait for somebody to write into it.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    throw new HeituError('E_FILE_MISSING', { what: path, cause: error });
  }
}

async function readFully(
  handle: FileHandle,
  name: string,
  size: number,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  checkRange(name, size, offset, length);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await handle.read(bytes, done, length - done, offset + done);
    if (bytesRead === 0) throw shortened(name);
    done += bytesRead;
  }
  return bytes;
}

/** Bytes that are read at once when blocks lie one behind the other. */
const AHEAD = 2 ** 20;

/** Reads in this thread into memory that is used again; small blocks in a row are read together. */
function blockingReader(handle: FileHandle, name: string, size: number) {
  let memory = new Uint8Array(0);
  /** What of the file is in memory and was not handed out yet: those bytes may be anything by now. */
  let start = 0;
  let from = 0;
  let to = 0;
  return async (offset: number, length: number): Promise<Uint8Array> => {
    checkRange(name, size, offset, length);
    const follows = offset === start + from;
    if (!follows || length > to - from) {
      const wanted = follows ? Math.max(length, Math.min(AHEAD, size - offset)) : length;
      if (memory.length < wanted) memory = new Uint8Array(wanted);
      for (let done = 0; done < wanted; ) {
        const bytesRead = readSync(handle.fd, memory, done, wanted - done, offset + done);
        if (bytesRead === 0) throw shortened(name);
        done += bytesRead;
      }
      [start, from, to] = [offset, 0, wanted];
    }
    from += length;
    return memory.subarray(from - length, from);
  };
}

function shortened(name: string): HeituError {
  return new HeituError('E_TIFF_DAMAGED', { where: name, what: 'the file became shorter while it was read' });
}

/** Sizes in a file are claims: they are checked before memory is taken for them. */
function checkRange(name: string, size: number, offset: number, length: number): void {
  // A tag of fractions may say that a block is half a byte long.
  const isWhole = Number.isInteger(offset) && Number.isInteger(length);
  if (isWhole && offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new HeituError('E_TIFF_DAMAGED', {
    where: name,
    what: `${length} bytes at ${offset} ${isWhole ? `lie beyond its end at ${size}` : 'are no place in a file'}`,
  });
}
