import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { HeituError } from '../core/error.ts';

/** A file and what was recorded of it when it was registered or published. */
export interface RecordedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Bytes read at once. */
const PIECE = 2 ** 20;

/**
 * Reads a file from its first byte to its last and compares it with what was recorded. Throws E_FILE_MISSING when it cannot
 * be read, E_FILE_CHANGED when its length or its SHA-256 is another.
 */
export async function checkFile({ path, bytes, sha256 }: RecordedFile): Promise<void> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw changed(path, 'it is no file');
    // Of another length, it need not be read.
    if (found.size !== bytes) throw changed(path, `${found.size} bytes instead of ${bytes}`);
    const hash = createHash('sha256');
    for await (const piece of createReadStream(path, { highWaterMark: PIECE })) hash.update(piece);
    const sum = hash.digest('hex');
    if (sum !== sha256) throw changed(path, `sha256 ${sum.slice(0, 12)}… instead of ${sha256.slice(0, 12)}…`);
  } catch (error) {
    if (error instanceof HeituError) throw error;
    throw new HeituError('E_FILE_MISSING', { what: path, cause: error });
  }
}

function changed(where: string, what: string): HeituError {
  return new HeituError('E_FILE_CHANGED', { where, what });
}
