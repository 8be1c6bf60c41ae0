import { pipeline, Readable } from 'node:stream';
import { constants, createInflate, createZstdDecompress } from 'node:zlib';
import { HeituError } from '../core/error.ts';
import { reverseBits } from './geotiff-codec.ts';
import type { Layout } from './geotiff-layout.ts';
import type { Source } from './geotiff-source.ts';

/** The rows of a compressed block that is too large to be decoded at once. They are cheap to get from top to bottom only. */
export interface RowStream {
  /**
   * Bytes of rows `top` to `bottom` (exclusive), the caller's to change; rows from `kept` on can be asked for again without
   * decoding anew. One call at a time runs. Throws E_TIFF_DAMAGED.
   */
  read(top: number, bottom: number, kept: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Compressed bytes read at once, and about what comes out of the decoder at once. */
const PIECE = 2 ** 18;

/** Decoded rows that are kept anyway: windows may reach back a little. */
const KEPT_BYTES = 2 ** 25;

const ZSTD = 50000;

/** Starts to read a block; nothing is decoded before the first row is asked for. */
export function openRowStream(source: Source, layout: Layout, index: number, name: string): RowStream {
  const { rowBytes } = layout;
  let pieces: AsyncIterator<Uint8Array> | null = null;
  let memory = new Uint8Array(0);
  /** Row that the memory starts with, and its bytes in use. */
  let first = 0;
  let used = 0;

  const restart = async () => {
    await pieces?.return?.();
    pieces = decodedPieces(source, layout, index);
    [first, used] = [0, 0];
  };

  const put = (piece: Uint8Array, kept: number) => {
    if (used + piece.length > memory.length) {
      // Whole rows that nobody will ask for again make room.
      const gone = Math.max(0, Math.min(kept - first, Math.floor(used / rowBytes)));
      memory.copyWithin(0, gone * rowBytes, used);
      first += gone;
      used -= gone * rowBytes;
    }
    if (used + piece.length > memory.length) {
      const more = new Uint8Array(Math.max(KEPT_BYTES, used + piece.length, Math.min(2 * used, 2 ** 31)));
      more.set(memory.subarray(0, used));
      memory = more;
    }
    memory.set(piece, used);
    used += piece.length;
  };

  const readRows = async (top: number, bottom: number, kept: number): Promise<Uint8Array> => {
    if (pieces === null || top < first) await restart();
    while ((bottom - first) * rowBytes > used) {
      const next = await nextOf(pieces!, source.name, name);
      if (next === null) {
        const what = `${name}: it ends in row ${first + Math.floor(used / rowBytes)}`;
        throw new HeituError('E_TIFF_DAMAGED', { where: source.name, what });
      }
      put(next, kept);
    }
    return memory.slice((top - first) * rowBytes, (bottom - first) * rowBytes);
  };

  let queue: Promise<unknown> = Promise.resolve();
  return {
    read: (top, bottom, kept) => {
      const rows = queue.then(() => readRows(top, bottom, Math.min(kept, top)));
      queue = rows.catch(() => undefined);
      return rows;
    },
    close: async () => {
      await queue;
      await pieces?.return?.();
      pieces = null;
      memory = new Uint8Array(0);
    },
  };
}

async function nextOf(
  pieces: AsyncIterator<Uint8Array>,
  where: string,
  name: string,
): Promise<Uint8Array | null> {
  try {
    const { done, value } = await pieces.next();
    return done === true ? null : value;
  } catch (error) {
    if (error instanceof HeituError) throw error;
    const what = `${name}: ${error instanceof Error ? error.message : String(error)}`;
    throw new HeituError('E_TIFF_DAMAGED', { where, what, cause: error });
  }
}

async function* decodedPieces(source: Source, layout: Layout, index: number): AsyncGenerator<Uint8Array> {
  const decoder =
    layout.compression === ZSTD
      ? createZstdDecompress({ chunkSize: PIECE })
      : createInflate({ chunkSize: PIECE, finishFlush: constants.Z_SYNC_FLUSH });
  // What goes wrong while reading comes out where the decoder is read.
  pipeline(Readable.from(storedPieces(source, layout, index)), decoder, () => undefined);
  yield* decoder;
}

async function* storedPieces(source: Source, layout: Layout, index: number): AsyncGenerator<Uint8Array> {
  const [at, size] = [layout.offsets[index]!, layout.sizes[index]!];
  for (let done = 0; done < size; done += PIECE) {
    const piece = await source.read(at + done, Math.min(PIECE, size - done));
    yield layout.reversedBits ? reverseBits(piece) : piece;
  }
}
