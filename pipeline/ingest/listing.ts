import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { HeituError } from '../core/error.ts';
import type { Listing } from './told.ts';

/** A delivery tree is shallow, and a wrong path must not walk a disk. */
const MAX_DEPTH = 9;
const MAX_ENTRIES = 20_000;

export const IMAGE = /\.tiff?$/i;

/** Everything below a folder, in name order. Throws E_FOLDER_TOO_LARGE beyond 20,000 entries or nine folders deep. */
export async function listFolder(root: string): Promise<Listing> {
  let seen = 0;
  const walk = async (path: string, depth: number): Promise<Listing> => {
    const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    seen += entries.length;
    if (seen > MAX_ENTRIES) throw tooLarge(root, `over ${MAX_ENTRIES} entries`);
    if (depth > MAX_DEPTH) throw tooLarge(root, `deeper than ${MAX_DEPTH} folders`);
    const folders: Listing[] = [];
    // Links are not followed: a delivery must not reach out of its folder.
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(await walk(join(path, entry.name), depth + 1));
    }
    return { path, folders, files: entries.filter((entry) => entry.isFile()).map((entry) => entry.name) };
  };
  return walk(root, 0);
}

/** Every file below a folder, relative to it. */
export function filesBelow({ files, folders }: Listing, prefix = ''): string[] {
  return [
    ...files.map((name) => `${prefix}${name}`),
    ...folders.flatMap((folder) => filesBelow(folder, `${prefix}${basename(folder.path)}/`)),
  ];
}

/** The text camera model of an image among the names of its folder: `X_rpc.txt`, `X_RPC.TXT` or `X.rpb`; null for none. */
export function rpcBeside(image: string, names: readonly string[]): string | null {
  const stem = image.replace(IMAGE, '').toLowerCase();
  const wanted = [`${stem}_rpc.txt`, `${stem}.rpb`, `${stem}_rpc.rpb`];
  return names.find((name) => wanted.includes(name.toLowerCase())) ?? null;
}

function tooLarge(where: string, what: string): HeituError {
  return new HeituError('E_FOLDER_TOO_LARGE', { where, what });
}
