import type { Random } from '../../pipeline/core/random.ts';

/** One kind of damage, done to the bytes in place or to a shorter view of them. */
type Damage = (bytes: Uint8Array, random: Random, entries: readonly number[]) => Uint8Array;

/** The 12-byte entries of a classic TIFF's directories are what structured damage aims at. */
const ENTRY = 12;

const below = (random: Random, n: number) => Math.floor(random() * n);

/** Values that sit at the edges of what sizes, counts and offsets can be. */
const EDGES = [0, 1, 2, 3, 255, 256, 65535, 65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

function put32(bytes: Uint8Array, at: number, value: number): void {
  if (at + 4 <= bytes.length) view(bytes).setUint32(at, value >>> 0, isLittle(bytes));
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function isLittle(bytes: Uint8Array): boolean {
  return bytes[0] === 0x49;
}

function flipBits(bytes: Uint8Array, random: Random, from: number, length: number): void {
  if (length <= 0) return;
  for (let flips = 1 + below(random, 16); flips > 0; flips--)
    bytes[from + below(random, length)]! ^= 1 << below(random, 8);
}

/** Every kind of damage by name; each is as likely as any other. */
export const DAMAGES: Readonly<Record<string, Damage>> = {
  'flip bits': (bytes, random) => {
    flipBits(bytes, random, 0, bytes.length);
    return bytes;
  },
  'flip bits of the header and first directory': (bytes, random) => {
    flipBits(bytes, random, 0, Math.min(bytes.length, 256));
    return bytes;
  },
  'flip bits of an entry': (bytes, random, entries) => {
    if (entries.length > 0) flipBits(bytes, random, entries[below(random, entries.length)]!, ENTRY);
    return bytes;
  },
  truncate: (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
  'swap the values of two tags': (bytes, random, entries) => {
    if (entries.length < 2) return bytes;
    const a = entries[below(random, entries.length)]!;
    const b = entries[below(random, entries.length)]!;
    const kept = bytes.slice(a + 2, a + ENTRY);
    bytes.copyWithin(a + 2, b + 2, b + ENTRY);
    bytes.set(kept, b + 2);
    return bytes;
  },
  'huge count': (bytes, random, entries) => {
    const at = entries[below(random, entries.length)];
    if (at !== undefined) put32(bytes, at + 4, 2 ** below(random, 32) - below(random, 2));
    return bytes;
  },
  'a value at an edge': (bytes, random, entries) => {
    const at = entries[below(random, entries.length)];
    if (at !== undefined)
      put32(bytes, at + 8, [...EDGES, bytes.length, at][below(random, EDGES.length + 2)]!);
    return bytes;
  },
  'another type': (bytes, random, entries) => {
    const at = entries[below(random, entries.length)];
    if (at !== undefined) view(bytes).setUint16(at + 2, below(random, 20), isLittle(bytes));
    return bytes;
  },
  'a size of its own': (bytes, random, entries) => {
    // Width, height, samples, strip and tile sizes: what memory is taken by.
    const sizes = entries.filter((at) =>
      [256, 257, 277, 278, 322, 323].includes(view(bytes).getUint16(at, isLittle(bytes))),
    );
    const at = sizes[below(random, sizes.length)];
    if (at === undefined) return bytes;
    view(bytes).setUint16(at + 2, 4, isLittle(bytes));
    put32(bytes, at + 8, 2 ** below(random, 32) - below(random, 2));
    return bytes;
  },
  'directories in a loop': (bytes, random, entries) => {
    // The pointer behind a directory's last entry.
    const ends = entries.filter((at) => !entries.includes(at + ENTRY)).map((at) => at + ENTRY);
    const at = ends[below(random, ends.length)];
    if (at === undefined) return bytes;
    const targets = [
      view(bytes).getUint32(4, isLittle(bytes)),
      at,
      entries[0]! - 2,
      below(random, bytes.length),
    ];
    put32(bytes, at, targets[below(random, targets.length)]!);
    return bytes;
  },
  'a page of zeros': (bytes, random) => {
    const from = below(random, bytes.length);
    return bytes.fill(0, from, from + below(random, 4096));
  },
  'a piece moved': (bytes, random) => {
    const from = below(random, bytes.length);
    return bytes.copyWithin(below(random, bytes.length), from, from + below(random, 1024));
  },
};

/** Positions of all directory entries of a classic TIFF; none for BigTIFF and what is no TIFF. */
export function entriesOf(bytes: Uint8Array): number[] {
  const entries: number[] = [];
  if (bytes.length < 8) return entries;
  const data = view(bytes);
  const le = isLittle(bytes);
  if (data.getUint16(2, le) !== 42) return entries;
  const seen = new Set<number>();
  for (let at = data.getUint32(4, le); at !== 0 && at + 2 <= bytes.length && !seen.has(at); ) {
    seen.add(at);
    const count = data.getUint16(at, le);
    const end = at + 2 + count * ENTRY;
    if (end + 4 > bytes.length || seen.size > 16) break;
    for (let i = 0; i < count; i++) entries.push(at + 2 + i * ENTRY);
    at = data.getUint32(end, le);
  }
  return entries;
}

/** A damaged copy: one to three kinds of damage, drawn from the stream. `mutate(bytes, seeded(7))` is always the same. */
export function mutate(original: Uint8Array, random: Random): { bytes: Uint8Array; done: string[] } {
  const names = Object.keys(DAMAGES);
  const done: string[] = [];
  // A Buffer's own slice would share its memory.
  let bytes: Uint8Array = new Uint8Array(original);
  for (let times = 1 + below(random, 3); times > 0 && bytes.length > 0; times--) {
    const name = names[below(random, names.length)]!;
    // Damage before this one may have cut directories off.
    bytes = DAMAGES[name]!(bytes, random, entriesOf(bytes));
    done.push(name);
  }
  return { bytes, done };
}
