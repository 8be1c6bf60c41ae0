import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { HeituError } from '../core/error.ts';
import { type Description, matchName, parseDescriptions } from './describe.ts';
import { parseDeliveryName } from './name.ts';

/** Files of one acquisition, found on disk but not yet opened. */
export interface Delivery {
  /** Folder and image file names in it. */
  readonly folder: string;
  readonly image: string;
  /** `_meta.xml` beside a Jilin-1 image; null where a description stands for it. */
  readonly metadata: string | null;
  readonly description: Description | null;
}

/** One thing found in a folder: a delivery, or why a file is none. */
export type Found = { readonly delivery: Delivery } | { readonly error: HeituError; readonly file: string };

/** Folder listing bounds: a delivery tree is shallow, and a wrong path must not walk a disk. */
const MAX_DEPTH = 6;
const MAX_ENTRIES = 10_000;

const IMAGE = /\.tiff?$/i;
const ARCHIVE = /\.(tar|tar\.gz|tgz|zip)$/i;

/**
 * Deliveries under a path (folder or single GeoTIFF), in name order. `flags` describes files that nothing beside them
 * does. Throws E_FILE_MISSING for a path that is not there and E_FOLDER_EMPTY for a folder without imagery.
 */
export async function findDeliveries(path: string, flags: readonly Description[] = []): Promise<Found[]> {
  const info = await stat(path).catch(() => null);
  if (info === null) throw new HeituError('E_FILE_MISSING', { what: path });
  if (!info.isDirectory()) return [await describeFile(dirname(path), basename(path), flags)];
  const files = await listImages(path);
  if (files.length === 0) throw new HeituError('E_FOLDER_EMPTY', { where: path });
  const found: Found[] = [];
  for (const { folder, name } of files) {
    const parts = parseDeliveryName(name);
    // Panchromatic and pan-sharpened companions belong to the multispectral image; masks and thumbnails are no imagery.
    if (parts !== null && (parts.role === 'cloud' || parts.role === 'mask' || parts.role === 'thumb'))
      continue;
    if (parts !== null && (parts.product === 'PAN' || parts.product === 'PSH')) continue;
    const one = await describeFile(folder, name, flags);
    // A folder of plain files may hold more than its description speaks of; only a file named directly must be known.
    if ('error' in one && one.error.code === 'E_NAME_GRAMMAR' && files.length > 1 && flags.length > 0)
      continue;
    found.push(one);
  }
  if (found.length === 0) throw new HeituError('E_FOLDER_EMPTY', { where: path });
  return found;
}

/** Image files below a folder, folder by folder, in name order. */
async function listImages(root: string): Promise<{ folder: string; name: string }[]> {
  const images: { folder: string; name: string }[] = [];
  let seen = 0;
  const walk = async (folder: string, depth: number) => {
    const entries = (await readdir(folder, { withFileTypes: true })).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    );
    for (const entry of entries) {
      seen += 1;
      if (seen > MAX_ENTRIES || depth > MAX_DEPTH) return;
      // Links are not followed: a delivery must not reach out of its folder.
      if (entry.isDirectory()) await walk(join(folder, entry.name), depth + 1);
      else if (entry.isFile() && (IMAGE.test(entry.name) || ARCHIVE.test(entry.name)))
        images.push({ folder, name: entry.name });
    }
  };
  await walk(root, 0);
  return images;
}

/** What stands beside an image and explains it: its own `_meta.xml`, a description file, or the caller's flags. */
async function describeFile(folder: string, name: string, flags: readonly Description[]): Promise<Found> {
  const where = join(folder, name);
  try {
    if (ARCHIVE.test(name)) throw new HeituError('E_ARCHIVE_PACKED', { where });
    if (!IMAGE.test(name))
      throw new HeituError('E_NOT_TIFF', { where, what: 'its name does not end in .tif' });
    const flagged = flags.find((flag) => matchName(flag.files, name) !== null);
    if (flagged !== undefined)
      return { delivery: { folder, image: name, metadata: null, description: flagged } };
    const described = await sidecar(folder, name);
    if (described !== null)
      return { delivery: { folder, image: name, metadata: null, description: described } };
    if (parseDeliveryName(name) === null) throw new HeituError('E_NAME_GRAMMAR', { where });
    const metadata = name.replace(IMAGE, '_meta.xml');
    const hasMetadata = await stat(join(folder, metadata)).then(
      (s) => s.isFile(),
      () => false,
    );
    if (!hasMetadata) throw new HeituError('E_META_MISSING', { where, what: metadata });
    return { delivery: { folder, image: name, metadata, description: null } };
  } catch (error) {
    if (error instanceof HeituError) return { error, file: where };
    throw error;
  }
}

async function sidecar(folder: string, name: string): Promise<Description | null> {
  for (const file of [name.replace(IMAGE, '.heitu.json'), 'heitu.json']) {
    const text = await readFile(join(folder, file), 'utf8').catch(() => null);
    if (text === null) continue;
    const own = file !== 'heitu.json';
    const match = parseDescriptions(text, join(folder, file)).find(
      (one) => own || matchName(one.files, name) !== null,
    );
    if (match !== undefined) return match;
  }
  return null;
}
