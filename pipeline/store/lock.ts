import { DatabaseSync } from 'node:sqlite';

/** An exclusive lock held by this process. */
export interface Lock {
  release(): void;
}

/**
 * Takes the lock of a file, or gives null when another process (or another store of this one) has it.
 *
 * The lock is SQLite's exclusive one: a POSIX record lock that the kernel drops when the process ends, however it
 * ends. Node has no `flock`, and a file with a pid in it cannot be taken over without a race. POSIX drops the lock
 * also when the process closes *any* descriptor of the file, so nothing else may ever open it; facts about the owner
 * are kept in another file.
 */
export function takeLock(file: string): Lock | null {
  const handle = new DatabaseSync(file);
  try {
    handle.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    handle.close();
    if (isBusy(error)) return null;
    throw error;
  }
  return { release: () => handle.close() };
}

/** SQLITE_BUSY is 5 (sqlite.org/rescode.html). */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5;
}
