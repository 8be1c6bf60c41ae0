import { HeituError } from '../pipeline/core/error.ts';
import { type AssetRow, assetsOn } from '../pipeline/store/asset.ts';
import type { Store } from '../pipeline/store/open.ts';

/** One product (or QUALITY, TRUE_COLOR) of one collection on one Beijing day. */
export interface Sheet {
  readonly collection: string;
  readonly product: string;
  readonly date: string;
}

/** Knows the published files of sheets. */
export interface Published {
  /** Files of a sheet, first the one that wins where they overlap; none when nothing was published. */
  readonly files: (sheet: Sheet) => Promise<readonly AssetRow[]>;
  /** The same; throws E_NOT_FOUND when nothing was published. */
  readonly someFiles: (sheet: Sheet) => Promise<readonly AssetRow[]>;
}

/** A map in motion asks for a dozen tiles of one sheet within a second; what is published may be seen this much later. */
const KEEP_MS = 2_000;
const MOST_KEPT = 500;

/** Looks sheets up in the store and remembers each for two seconds. */
export function createPublished(store: Store, now: () => Date): Published {
  const kept = new Map<string, { readonly since: number; readonly files: Promise<readonly AssetRow[]> }>();

  const files = (sheet: Sheet) => {
    const key = JSON.stringify([sheet.collection, sheet.product, sheet.date]);
    const time = now().getTime();
    const known = kept.get(key);
    if (known !== undefined && Math.abs(time - known.since) < KEEP_MS) return known.files;
    if (kept.size >= MOST_KEPT) kept.clear();
    const asked = assetsOn(store, sheet);
    kept.set(key, { since: time, files: asked });
    // A failed question must not be remembered as the answer.
    asked.catch(() => kept.delete(key));
    return asked;
  };

  return {
    files,
    async someFiles(sheet) {
      const found = await files(sheet);
      if (found.length > 0) return found;
      const { collection, product, date } = sheet;
      throw new HeituError('E_NOT_FOUND', {
        what: `${product} ${collection} ${date}`,
        where: `/v1/dates?collection=${encodeURIComponent(collection)}`,
      });
    },
  };
}
