import { HeituError } from '../pipeline/core/error.ts';
import { type AssetRow, assetsOn } from '../pipeline/store/asset.ts';
import type { Deps } from './deps.ts';

/** One product of one collection on one Beijing day. */
export interface Sheet {
  readonly collection: string;
  readonly product: string;
  readonly date: string;
}

/** The published files of a sheet, first the one that wins where they overlap; E_NOT_FOUND when there are none. */
export async function publishedOn(
  { collection, product, date }: Sheet,
  deps: Pick<Deps, 'store'>,
): Promise<AssetRow[]> {
  const assets = await assetsOn(deps.store, { collection, product, date });
  if (assets.length > 0) return assets;
  throw new HeituError('E_NOT_FOUND', {
    what: `${product} ${collection} ${date}`,
    where: `/v1/dates?collection=${encodeURIComponent(collection)}`,
  });
}
