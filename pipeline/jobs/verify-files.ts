import { join } from 'node:path';
import { asHeituError, type HeituError } from '../core/error.ts';
import { checkFile, type RecordedFile } from '../read/recorded-file.ts';
import { allAssets } from '../store/asset.ts';
import type { Store } from '../store/open.ts';
import { scenesIn } from '../store/scene.ts';

/** A file of the catalogue that is not there, or not what it was. */
export interface BadFile {
  readonly scene: string;
  /** A product's id, or `delivery` for a file as it was delivered. */
  readonly what: string;
  readonly path: string;
  readonly error: HeituError;
}

export interface FilesReport {
  readonly files: number;
  readonly bytes: number;
  readonly bad: readonly BadFile[];
}

/** A file that the catalogue knows. */
interface KnownFile extends RecordedFile {
  readonly scene: string;
  readonly what: string;
}

/** How many are read at a time: more make a disk seek. */
const CONCURRENCY = 2;

/** Scenes asked for at once. */
const PAGE = 500;

/**
 * Reads every published COG and every delivered file of the scenes in use, and compares it with the length and SHA-256 that
 * were recorded. Takes the time of reading all of them once; memory does not depend on their size.
 */
export async function verifyFiles(
  store: Store,
  folder: string,
  onBytes?: (done: number, total: number) => void,
): Promise<FilesReport> {
  const known = [...(await publishedFiles(store, folder)), ...(await deliveredFiles(store))];
  const total = known.reduce((sum, file) => sum + file.bytes, 0);
  const bad: BadFile[] = [];
  let next = 0;
  let done = 0;
  const work = async () => {
    while (next < known.length) {
      const { scene, what, ...file } = known[next++]!;
      try {
        await checkFile(file);
      } catch (error) {
        bad.push({ scene, what, path: file.path, error: asHeituError(error, 'E_INTERNAL', file.path) });
      }
      done += file.bytes;
      onBytes?.(done, total);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  return { files: known.length, bytes: total, bad: bad.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

async function publishedFiles(store: Store, folder: string): Promise<KnownFile[]> {
  return (await allAssets(store)).map(({ sceneId, product, path, bytes, sha256 }) => ({
    ...{ scene: sceneId, what: product, bytes, sha256 },
    path: join(folder, path),
  }));
}

async function deliveredFiles(store: Store): Promise<KnownFile[]> {
  const known: KnownFile[] = [];
  for (let offset = 0; ; offset += PAGE) {
    const { items } = await scenesIn(store, { limit: PAGE, offset });
    for (const { scene, status } of items) {
      if (status === 'retired') continue;
      for (const { name, bytes, sha256 } of scene.files)
        known.push({ scene: scene.id, what: 'delivery', path: join(scene.folder, name), bytes, sha256 });
    }
    if (items.length < PAGE) return known;
  }
}
