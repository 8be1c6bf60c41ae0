import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HeituError } from '../core/error.ts';
import type { Delivery } from './told.ts';

/** What is waited for: a delivery, or an archive as its only file. */
type Settling = Pick<Delivery, 'folder' | 'image' | 'files'>;

/** How long files must lie still before they are read, and how long that is waited for. */
export interface Patience {
  readonly stillMs: number;
  readonly mostMs: number;
  readonly now: () => Date;
}

/** Names that copying programs use until a file is whole. */
const UNFINISHED = /\.(part|partial|filepart|crdownload|aria2|tmp)$/i;

/**
 * Returns when size and time of every file of a delivery have not changed for `stillMs`; at once when all of them are older
 * than that. Throws E_DELIVERY_UNSETTLED after `mostMs`, or when a file bears the name of an unfinished copy.
 */
export async function settle(delivery: Settling, { stillMs, mostMs, now }: Patience): Promise<void> {
  const { folder, image, files } = delivery;
  const where = join(folder, image);
  const unfinished = files.find((file) => UNFINISHED.test(file));
  if (unfinished !== undefined)
    throw new HeituError('E_DELIVERY_UNSETTLED', { where, what: `${unfinished} is an unfinished copy` });
  if (stillMs <= 0) return;
  const started = now().getTime();
  let before = await stampsOf(delivery);
  // A clock that is behind the file server's says nothing of age: then it is waited for.
  const isOld = before.every(({ mtimeMs }) => started - mtimeMs >= stillMs);
  if (isOld) return;
  for (;;) {
    await sleep(stillMs);
    const after = await stampsOf(delivery);
    const changed = after.find(
      (one, i) => one.size !== before[i]!.size || one.mtimeMs !== before[i]!.mtimeMs,
    );
    if (changed === undefined) return;
    if (now().getTime() - started >= mostMs) {
      const what = `${changed.file} was ${changed.size} bytes and growing after ${Math.round(mostMs / 1000)} s`;
      throw new HeituError('E_DELIVERY_UNSETTLED', { where, what });
    }
    before = after;
  }
}

interface Stamp {
  readonly file: string;
  readonly size: number;
  readonly mtimeMs: number;
}

function stampsOf({ folder, files }: Settling): Promise<Stamp[]> {
  return Promise.all(
    files.map(async (file) => {
      const info = await stat(join(folder, file)).catch(() => null);
      return { file, size: info?.size ?? -1, mtimeMs: info?.mtimeMs ?? 0 };
    }),
  );
}
