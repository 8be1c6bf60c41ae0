import { strictText } from './text.ts';

/** Longest path and longest part of it that file systems keep, bytes. */
const LONGEST_PATH = 1024;
const LONGEST_PART = 255;

/** Folders inside folders inside an archive. */
const DEEPEST = 16;

/** Ends of names that are packed themselves; `.shz` and `.kmz` are zips by another name. */
const PACKED = /\.(zip|tar|tgz|gz|bz2|xz|zst|7z|rar|shz|kmz|iso|cab)$/i;

/** First bytes of what is packed whatever its name says. */
const PACKED_MAGIC: readonly (readonly [what: string, bytes: readonly number[]])[] = [
  ['zip', [0x50, 0x4b, 0x03, 0x04]],
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['7z', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['rar', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
];

/** Bytes of an entry that `packedContent` wants to see. */
export const MAGIC_BYTES = 8;

/** True for a name that ends like a packed file. */
export function isPackedName(name: string): boolean {
  return PACKED.test(name);
}

/** What a file is packed as by its first bytes; null for anything else. */
export function packedContent(head: Uint8Array): string | null {
  return PACKED_MAGIC.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0] ?? null;
}

/** The name of an entry as bytes: UTF-8 where it is that, else GBK, which Chinese zip tools write unmarked; null for neither. */
export function decodeEntryName(bytes: Uint8Array, isUtf8: boolean): string | null {
  return strictText('utf-8', bytes) ?? (isUtf8 ? null : strictText('gb18030', bytes));
}

export type Parts = { readonly parts: readonly string[] } | { readonly wrong: string };

/**
 * The folders and the name of an entry, or why it is refused: whatever could lead out of the folder it is unpacked into,
 * on any system. `checkEntryName('./scene/a.tif')` has parts `['scene', 'a.tif']`; `../a`, `/a`, `C:\a` are refused.
 */
export function checkEntryName(name: string): Parts {
  const shown = JSON.stringify(name.slice(0, 120));
  const wrong = (why: string): Parts => ({ wrong: `${shown} ${why}` });
  if (name.includes('\0')) return wrong('has a NUL');
  // Control characters forge lines; marks of direction make a name look like another one.
  if (/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(name)) return wrong('has a control character');
  if (name.includes('\\')) return wrong('has a backslash');
  if (name.startsWith('/')) return wrong('is absolute');
  if (/^[A-Za-z]:/.test(name)) return wrong('names a drive');
  if (Buffer.byteLength(name) > LONGEST_PATH) return wrong('is too long');
  const parts = name
    .split('/')
    .filter((part, i, all) => part !== '.' && !(part === '' && i === all.length - 1));
  if (parts.includes('..')) return wrong('climbs out with ..');
  if (parts.includes('')) return wrong('has an empty part');
  if (parts.length > DEEPEST) return wrong('is too deep');
  if (parts.some((part) => Buffer.byteLength(part) > LONGEST_PART)) return wrong('is too long');
  return { parts };
}

/** How two names are told apart on file systems that ignore case and accents' encoding. */
export function nameKey(parts: readonly string[]): string {
  return parts.join('/').normalize('NFKC').toLowerCase();
}
