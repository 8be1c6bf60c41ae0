import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asHeituError, HeituError } from '../core/error.ts';
import { isArchiveName, isForeignArchiveName } from './archive.ts';
import { type Description, matchName, parseDescriptions } from './describe.ts';
import { openRaster } from './geotiff.ts';
import { type DeliveryKind, type DeliveryKindId, KINDS } from './kinds.ts';
import { IMAGE, listFolder } from './listing.ts';
import { parseDeliveryName } from './name.ts';
import type { Delivery, Listing } from './told.ts';

export type { Delivery } from './told.ts';

/** One thing found under a path: a delivery, an archive still to be unpacked, or why a file is neither. */
export type Found =
  | { readonly delivery: Delivery }
  | { readonly archive: string }
  | { readonly error: HeituError; readonly file: string };

/**
 * Deliveries under a path (folder, archive, or one file of a delivery), in name order. `flags` describes files that nothing
 * beside them does. Throws E_FILE_MISSING for a path that is not there, E_FOLDER_EMPTY for a folder without imagery,
 * E_FOLDER_TOO_LARGE for one that is no delivery tree.
 */
export async function findDeliveries(path: string, flags: readonly Description[] = []): Promise<Found[]> {
  const info = await stat(path).catch(() => null);
  if (info === null) throw new HeituError('E_FILE_MISSING', { what: path });
  if (!info.isDirectory()) return findFile(dirname(path), basename(path), flags);
  const found = await findIn(await listFolder(path), flags);
  if (found.length === 0) throw new HeituError('E_FOLDER_EMPTY', { where: path });
  const isUnknown = (one: Found) => 'error' in one && one.error.code === 'E_NAME_GRAMMAR';
  // A folder of plain files may hold more than its description speaks of; only a file named directly must be known.
  const known = flags.length > 0 && found.length > 1 ? found.filter((one) => !isUnknown(one)) : found;
  if (known.length === 0) throw new HeituError('E_FOLDER_EMPTY', { where: path });
  return known;
}

/** One file: an archive, or the delivery of its folder that it belongs to. */
async function findFile(folder: string, name: string, flags: readonly Description[]): Promise<Found[]> {
  const file = join(folder, name);
  if (isArchiveName(name)) return [{ archive: file }];
  if (isForeignArchiveName(name)) return [foreign(file)];
  const listing = await listFolder(folder).catch(() => null);
  // Of a folder that is too large to look through, the file alone.
  const here = listing ?? { path: folder, files: [name], folders: [] };
  const found = await findIn({ ...here, folders: [] }, flags, name);
  const own = found.filter((one) => 'delivery' in one && one.delivery.files.includes(name));
  if (own.length > 0) return own;
  const wrong = found.filter((one) => 'error' in one && one.file === file);
  if (wrong.length > 0) return wrong;
  const error = new HeituError('E_NOT_TIFF', { where: file, what: 'its name does not end in .tif' });
  return [{ error, file }];
}

/** Folder by folder: what is described, then every kind in turn, then images that tell of themselves, then errors. */
async function findIn(listing: Listing, flags: readonly Description[], only?: string): Promise<Found[]> {
  const found: Found[] = [];
  const free = new Set(listing.files);
  for (const name of listing.files.filter((one) => IMAGE.test(one))) {
    const described = await describedImage(listing, name, flags);
    if (described === null) continue;
    if ('delivery' in described) for (const file of described.delivery.files) free.delete(file);
    free.delete(name);
    found.push(described);
  }
  for (const [id, kind] of Object.entries(KINDS) as [DeliveryKindId, DeliveryKind][]) {
    for (const group of kind.find?.(listing, free) ?? []) {
      for (const file of group.files) free.delete(file);
      const { metadata, expected, ...files } = group;
      const where = join(listing.path, group.image);
      if (metadata === null && kind.explained) {
        const error = new HeituError('E_META_MISSING', { where, what: expected });
        found.push({ error, file: where });
      } else
        found.push({ delivery: { ...files, kind: id, folder: listing.path, metadata, description: null } });
    }
  }
  for (const name of listing.files.filter((one) => free.has(one))) {
    const file = join(listing.path, name);
    if (isArchiveName(name)) found.push({ archive: file });
    else if (isForeignArchiveName(name)) found.push(foreign(file));
    else if (IMAGE.test(name) && (only === undefined || only === name))
      found.push(...(await tellsItself(listing, name)));
  }
  const isWhole = found.some(
    (one) => 'delivery' in one && one.delivery.files.some((file) => file.includes('/')),
  );
  if (!isWhole) for (const folder of listing.folders) found.push(...(await findIn(folder, flags)));
  return found.sort((a, b) => compare(nameOf(a), nameOf(b)));
}

function nameOf(found: Found): string {
  if ('delivery' in found) return join(found.delivery.folder, found.delivery.image);
  return 'archive' in found ? found.archive : found.file;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function foreign(file: string): Found {
  const what = `its name ends in .${file.split('.').at(-1)}`;
  return { error: new HeituError('E_ARCHIVE_PACKED', { where: file, what }), file };
}

/** An image that a description file beside it or the caller's flags speak for; null when none does. */
async function describedImage(
  listing: Listing,
  name: string,
  flags: readonly Description[],
): Promise<Found | null> {
  const flagged = flags.find((flag) => matchName(flag.files, name) !== null);
  const sidecars = [name.replace(IMAGE, '.heitu.json'), 'heitu.json'].filter((one) =>
    listing.files.includes(one),
  );
  try {
    let description = flagged ?? null;
    let sidecar: string | null = null;
    for (const file of description === null ? sidecars : []) {
      const path = join(listing.path, file);
      const isOwn = file !== 'heitu.json';
      const match = parseDescriptions(await readFile(path, 'utf8'), path).find(
        (one) => isOwn || matchName(one.files, name) !== null,
      );
      if (match === undefined) continue;
      description = match;
      sidecar = isOwn ? file : null;
      break;
    }
    if (description === null) return null;
    const files = [name, ...(sidecar === null ? [] : [sidecar])].sort(compare);
    return {
      delivery: {
        kind: 'described',
        folder: listing.path,
        image: name,
        images: [name],
        metadata: null,
        description,
        files,
      },
    };
  } catch (error) {
    return {
      error: asHeituError(error, 'E_META_INVALID', join(listing.path, name)),
      file: join(listing.path, name),
    };
  }
}

/** An image whose own tags say what it is; else E_NAME_GRAMMAR, or nothing for what is no imagery. */
async function tellsItself(listing: Listing, name: string): Promise<Found[]> {
  const file = join(listing.path, name);
  // Masks and thumbnails without their image.
  if (parseDeliveryName(name)?.role != null) return [];
  const info = await openRaster(file).then(
    async (raster) => {
      await raster.close();
      return raster.info;
    },
    () => null,
  );
  const kind = (Object.keys(KINDS) as DeliveryKindId[]).find((id) => {
    const row: DeliveryKind = KINDS[id];
    return info !== null && row.tells?.(info) === true;
  });
  if (kind === undefined) return [{ error: new HeituError('E_NAME_GRAMMAR', { where: file }), file }];
  const one = { folder: listing.path, image: name, images: [name], files: [name] };
  return [{ delivery: { ...one, kind, metadata: null, description: null } }];
}
