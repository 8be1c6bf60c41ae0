import type { Window } from '../core/grid.ts';
import { addCover, type Cover, clearCover, UNIT } from './coverage.ts';
import type { Groups } from './statistics.ts';

/** Stored whole numbers that are counted one by one. */
export type Countable = Uint8Array | Int8Array | Uint16Array | Int16Array;

/** Pixels of a band under a window: `data` holds rows of `width`, the first of them at grid position (col, row). */
export interface Patch<T> {
  readonly data: T;
  readonly col: number;
  readonly row: number;
  readonly width: number;
}

const CELLS = 65_536;

/** Marks a value that some pixel has in part, in the count of those wholly covered: one look tells both. */
const HAS_PARTS = 2 ** 30;

/** Values are 32 to a word of `present`. */
const WORDS = CELLS >> 5;

/**
 * How often every stored value occurs in a polygon, wholly and in part. All sums are whole numbers, so that neither
 * tiles nor threads nor their order change a bit of what follows from them.
 */
export interface Tally {
  /** Pixels of each value that are wholly covered (marked HAS_PARTS), and those that are in part. */
  readonly whole: Int32Array;
  readonly parts: Int32Array;
  /** Σw of the latter, in units. */
  readonly units: Float64Array;
  /** Weight of the first and the last of the latter, and how many wholly covered ones came before them (marked too). */
  readonly firstPart: Float64Array;
  readonly lastPart: Float64Array;
  readonly beforeFirst: Int32Array;
  readonly beforeLast: Int32Array;
  /** A bit for every value of which there is one: most polygons have a few hundred of them, far apart. */
  readonly present: Int32Array;
  readonly cover: Cover;
  /** Room for what is taken out. */
  readonly groups: { -readonly [K in keyof Groups]: Groups[K] };
}

/** A tally of one polygon over some rows, as it is kept until the other rows are there. */
export interface TallyPiece {
  readonly keys: Uint16Array;
  readonly whole: Int32Array;
  /** The few of them that some pixel has in part, and what is known of those. */
  readonly partKeys: Uint16Array;
  readonly parts: Int32Array;
  readonly units: Float64Array;
  readonly firstPart: Float64Array;
  readonly lastPart: Float64Array;
  readonly beforeFirst: Int32Array;
  readonly beforeLast: Int32Array;
  readonly cover: Readonly<Cover>;
}

/** An empty tally; it is cleared as it is taken, so that one serves any number of polygons. */
export function newTally(): Tally {
  const doubles = () => new Float64Array(CELLS);
  const ints = () => new Int32Array(CELLS);
  return {
    whole: ints(),
    parts: ints(),
    units: doubles(),
    firstPart: doubles(),
    lastPart: doubles(),
    beforeFirst: ints(),
    beforeLast: ints(),
    present: new Int32Array(WORDS),
    cover: { whole: 0, parts: 0, units: 0 },
    groups: {
      size: 0,
      values: doubles(),
      counts: doubles(),
      weights: doubles(),
      firsts: doubles(),
      lasts: doubles(),
    },
  };
}

/**
 * Counts the pixels of a window: `sums` as addCoverage left them, which are zero again afterwards. `nodata` is NaN
 * when every number is a value.
 */
export function tallyWindow(
  tally: Tally,
  sums: Float64Array,
  window: Window,
  patch: Patch<Countable>,
  nodata: number,
): void {
  const { whole, parts, units, firstPart, lastPart, beforeFirst, beforeLast, present, cover } = tally;
  const { data } = patch;
  // Compared as a whole number: what is none cannot be stored.
  const nothing = Number.isInteger(nodata) && Math.abs(nodata) < NOT_STORED ? nodata | 0 : NOT_STORED;
  let [coverWhole, coverParts, coverUnits] = [0, 0, 0];
  for (let row = 0; row < window.height; row++) {
    const from = row * window.width;
    const to = from + window.width;
    const shift = (window.row + row - patch.row) * patch.width + window.col - patch.col - from;
    // w = Σ sums; whole[v] += 1 where w is 1, else units[v] += w.
    for (let i = from, running = 0; i < to; ) {
      running += sums[i]!;
      sums[i] = 0;
      // Until the next edge all pixels are covered alike: outside, or inside.
      let end = i + 1;
      while (end < to && sums[end] === 0) end++;
      if (running >= UNIT) {
        coverWhole += end - i;
        for (; i < end; i++) {
          const value = data[i + shift]!;
          if (value === nothing) continue;
          const key = value & 0xffff;
          // Marking is cheaper than asking whether it was marked.
          present[key >> 5]! |= 1 << (key & 31);
          whole[key]! += 1;
        }
      } else if (running > 0) {
        coverParts += end - i;
        coverUnits += running * (end - i);
        const w = running / UNIT;
        for (; i < end; i++) {
          const value = data[i + shift]!;
          if (value === nothing) continue;
          const key = value & 0xffff;
          const n = parts[key]!;
          if (n === 0) {
            present[key >> 5]! |= 1 << (key & 31);
            firstPart[key] = w;
            whole[key]! |= HAS_PARTS;
            beforeFirst[key] = whole[key]!;
          }
          parts[key] = n + 1;
          units[key]! += running;
          lastPart[key] = w;
          beforeLast[key] = whole[key]!;
        }
      }
      i = end;
    }
  }
  cover.whole += coverWhole;
  cover.parts += coverParts;
  cover.units += coverUnits;
}

/** No number of 16 bits. */
const NOT_STORED = 2 ** 30;

/** Takes what was counted out of the tally, which is empty again. */
export function takePiece(tally: Tally): TallyPiece {
  const { present, whole, parts, units, cover } = tally;
  let [n, m] = [0, 0];
  for (let word = 0; word < WORDS; word++) {
    for (let bits = present[word]!; bits !== 0; bits &= bits - 1) {
      const key = (word << 5) | (31 - Math.clz32(bits & -bits));
      KEYS[n++] = key;
      if (whole[key]! >= HAS_PARTS) PART_KEYS[m++] = key;
    }
    present[word] = 0;
  }
  const keys = KEYS.slice(0, n);
  const partKeys = PART_KEYS.slice(0, m);
  const piece = {
    keys,
    whole: picked(whole, keys, new Int32Array(n)),
    partKeys,
    parts: picked(parts, partKeys, new Int32Array(m)),
    units: picked(units, partKeys, new Float64Array(m)),
    firstPart: picked(tally.firstPart, partKeys, new Float64Array(m)),
    lastPart: picked(tally.lastPart, partKeys, new Float64Array(m)),
    beforeFirst: picked(tally.beforeFirst, partKeys, new Int32Array(m)),
    beforeLast: picked(tally.beforeLast, partKeys, new Int32Array(m)),
    cover: { ...cover },
  };
  for (let i = 0; i < n; i++) whole[keys[i]!] = 0;
  for (let i = 0; i < m; i++) {
    parts[partKeys[i]!] = 0;
    units[partKeys[i]!] = 0;
  }
  clearCover(cover);
  return piece;
}

const KEYS = new Uint16Array(CELLS);
const PART_KEYS = new Uint16Array(CELLS);

function picked<T extends Int32Array | Float64Array>(from: T, keys: Uint16Array, into: T): T {
  for (let i = 0; i < keys.length; i++) into[i] = from[keys[i]!]!;
  return into;
}

/** Adds a piece to what is above it. */
export function addPiece(tally: Tally, piece: TallyPiece): void {
  const { whole, parts, units, firstPart, lastPart, beforeFirst, beforeLast, present } = tally;
  for (let i = 0; i < piece.partKeys.length; i++) {
    const key = piece.partKeys[i]!;
    const above = whole[key]! & ~HAS_PARTS;
    if (parts[key] === 0) {
      firstPart[key] = piece.firstPart[i]!;
      beforeFirst[key] = above + piece.beforeFirst[i]!;
    }
    lastPart[key] = piece.lastPart[i]!;
    beforeLast[key] = above + piece.beforeLast[i]!;
    parts[key]! += piece.parts[i]!;
    units[key]! += piece.units[i]!;
  }
  for (let i = 0; i < piece.keys.length; i++) {
    const key = piece.keys[i]!;
    const [above, below] = [whole[key]!, piece.whole[i]!];
    present[key >> 5]! |= 1 << (key & 31);
    whole[key] = ((above & ~HAS_PARTS) + (below & ~HAS_PARTS)) | ((above | below) & HAS_PARTS);
  }
  addCover(tally.cover, piece.cover);
}

/**
 * Takes the groups of values out of the tally, in physical units (`value = stored * scale + offset`); it is empty
 * again. They are good until the next ones are taken.
 */
export function takeGroups(tally: Tally, signed: boolean, scale: number, offset: number): Groups {
  const { whole, parts, units, firstPart, lastPart, beforeFirst, beforeLast, present, groups } = tally;
  const { values, counts, weights, firsts, lasts } = groups;
  let g = 0;
  // Negative numbers have the higher keys; a negative scale turns the order round.
  const start = signed ? WORDS / 2 : 0;
  const falls = scale < 0;
  for (let k = 0; k < WORDS; k++) {
    const word = (start + (falls ? WORDS - 1 - k : k)) % WORDS;
    let bits = present[word]!;
    if (bits === 0) continue;
    present[word] = 0;
    const origin = signed && word >= WORDS / 2 ? CELLS : 0;
    while (bits !== 0) {
      const bit = 31 - Math.clz32(falls ? bits : bits & -bits);
      bits ^= 1 << bit;
      const key = (word << 5) | bit;
      const n = whole[key]!;
      values[g] = (key - origin) * scale + offset;
      whole[key] = 0;
      if (n < HAS_PARTS) {
        counts[g] = n;
        weights[g] = n;
      } else {
        const count = n - HAS_PARTS;
        counts[g] = count + parts[key]!;
        weights[g] = count + units[key]! / UNIT;
        firsts[g] = beforeFirst[key] === HAS_PARTS ? firstPart[key]! : 1;
        lasts[g] = beforeLast[key] === n ? lastPart[key]! : 1;
        parts[key] = 0;
        units[key] = 0;
      }
      g += 1;
    }
  }
  clearCover(tally.cover);
  groups.size = g;
  return groups;
}
