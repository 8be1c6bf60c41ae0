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
  close(): Promise<void>;
}

/** A file on disk; throws E_FILE_MISSING when it cannot be opened, E_NOT_TIFF for a folder. */
export async function fileSource(path: string): Promise<Source> {
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new HeituError('E_NOT_TIFF', { where: path, what: 'it is not a file' });
    return {
      name: path,
      size: stat.size,
      read: (offset, length) => readFully(handle, path, stat.size, offset, length),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Bytes in memory, as they come out of an archive. */
export function memorySource(name: string, bytes: Uint8Array): Source {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      checkRange(name, bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
    close: async () => undefined,
  };
}

async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
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
    if (bytesRead === 0) {
      throw new HeituError('E_TIFF_DAMAGED', {
        where: name,
        what: 'the file became shorter while it was read',
      });
    }
    done += bytesRead;
  }
  return bytes;
}

/** Sizes in a file are claims: they are checked before memory is taken for them. */
function checkRange(name: string, size: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= size) return;
  throw new HeituError('E_TIFF_DAMAGED', {
    where: name,
    what: `${length} bytes at ${offset} lie beyond its end at ${size}`,
  });
}
