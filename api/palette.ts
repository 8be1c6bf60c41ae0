import type { ColorTable, Counts } from './paint.ts';

/** Distance from an int16 count to its place in an unsigned table. */
const SHIFT = 32768;

/** Colours a palette image can have beside transparent. */
const MOST = 255;

/** The colours of a product made ready for palette images. */
export interface Palette {
  /** Number of the colour of every int16 count, in the order of the legend; 0 is transparent. */
  readonly ids: Uint16Array;
  /** RGBA words by that number. */
  readonly words: Uint32Array;
  /** For tiles of too many colours: the nearest of 255 steps by colour number, and the colour number of each step. */
  readonly steps: Uint8Array;
  readonly idOfStep: Uint16Array;
}

/** A picture as one palette index a pixel and RGBA colours, the first of them transparent. */
export interface Indexed {
  /** Overwritten by the next picture: to be used before anything is waited for, as `indexedPng` does. */
  readonly indices: Uint8Array;
  readonly palette: Uint8Array;
}

/** Numbers the distinct colours of a table. NDVI's legend has some 500 over its 65,536 counts. */
export function paletteOf(table: ColorTable): Palette {
  const ids = new Uint16Array(table.length);
  const words = [0];
  const known = new Map<number, number>([[0, 0]]);
  table.forEach((word, i) => {
    let id = known.get(word);
    if (id === undefined) {
      id = words.length;
      known.set(word, id);
      words.push(word);
    }
    ids[i] = id;
  });
  // Colours follow each other by one step of one channel, so equal steps among them are near one another in colour.
  const most = words.length - 1;
  const count = Math.min(MOST, most);
  const idOfStep = Uint16Array.from({ length: count }, (_, step) =>
    count === 1 ? 1 : 1 + Math.round((step * (most - 1)) / (count - 1)),
  );
  const steps = Uint8Array.from(words, (_, id) =>
    id === 0 ? 0 : 1 + (most === 1 ? 0 : Math.round(((id - 1) * (count - 1)) / (most - 1))),
  );
  return { ids, words: Uint32Array.from(words), steps, idOfStep };
}

/** Kept from tile to tile: what is made anew for each has to be collected for each. */
let keptIds = new Uint16Array(0);
let keptIndices = new Uint8Array(0);

/**
 * Counts (NaN is nodata) as palette indices. Exact for a tile of up to 255 colours; of more, each is shown by the nearest of
 * 255 steps through the legend, which differs by at most two of 255 levels a channel.
 */
export function indexCounts(counts: Counts, { ids, words, steps, idOfStep }: Palette): Indexed {
  if (keptIds.length !== counts.length) {
    keptIds = new Uint16Array(counts.length);
    keptIndices = new Uint8Array(counts.length);
  }
  const own = keptIds;
  const indices = keptIndices;
  const isSeen = new Uint8Array(words.length);
  for (let i = 0; i < counts.length; i++) {
    const count = counts[i]!;
    // A count that is not a number is nodata, which has number 0.
    const id = Number.isNaN(count) ? 0 : ids[count + SHIFT]!;
    own[i] = id;
    isSeen[id] = 1;
  }
  const seen: number[] = [];
  for (let id = 1; id < isSeen.length; id++) if (isSeen[id] === 1) seen.push(id);
  const isExact = seen.length <= MOST;
  const shown = isExact ? Uint16Array.from(seen) : idOfStep;
  const indexOf = isExact ? new Uint8Array(words.length) : steps;
  // In the order of the legend, so that neighbours in value are neighbours in number, which compresses better.
  if (isExact) for (const [i, id] of seen.entries()) indexOf[id] = i + 1;
  for (let i = 0; i < indices.length; i++) indices[i] = indexOf[own[i]!]!;
  const palette = new Uint32Array(shown.length + 1);
  shown.forEach((id, i) => {
    palette[i + 1] = words[id]!;
  });
  return { indices, palette: new Uint8Array(palette.buffer) };
}
