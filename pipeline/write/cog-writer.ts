import { TILE_SIZE } from '../core/grid.ts';
import { writeAtomically } from './atomic.ts';
import { type BlockPosition, type BlockRules, type EncodedBlock, encodePlanesLater } from './block.ts';
import {
  blockRules,
  type CogOptions,
  type CogProfile,
  framedBlock,
  layOut,
  levelShapes,
} from './cog-file.ts';
import type { BandMeaning } from './metadata.ts';
import { arrayOf, type CogArray, type Plane } from './pyramid.ts';
import { type Kept, openSpool, type Spool } from './spool.ts';
import { bandStatistics, type Tally } from './statistics.ts';

/** Encodes a block wherever there is a free core. */
export type BlockEncoder = (planes: readonly Plane[], rules: BlockRules) => Promise<EncodedBlock>;

export interface FinishOptions {
  /** Items that are known only now. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Sees the file go by, from its first byte to the last. */
  readonly watch?: (piece: Uint8Array) => void;
}

/** A COG that is written while its pixels are computed: blocks come in any order, each once. */
export interface CogWriter {
  /** A full-size block by its pixels, one array a band. */
  put(at: BlockPosition, bands: readonly CogArray[]): Promise<void>;
  /**
   * A full-size block that was encoded elsewhere. Resolves when it is kept and the overview blocks it completed are
   * encoded: who waits for it before making more is held back by a slow disk.
   */
  putEncoded(at: BlockPosition, block: EncodedBlock): Promise<void>;
  /** Puts the file together and under its name; RangeError when blocks are missing. Throws E_WRITE_FAILED. */
  finish(more?: FinishOptions): Promise<{ readonly bytes: number }>;
  /** Lets go of what is kept, finished or not. */
  close(): Promise<void>;
}

export interface CogWriterOptions extends CogOptions {
  readonly encode?: BlockEncoder;
  /** Where compressed blocks wait; several writers may share one. Left out, one of its own. */
  readonly spool?: Spool;
}

/** Compressed bytes that a writer of its own keeps in memory before it takes to the disk. */
const MEMORY_LIMIT = 256 * 2 ** 20;

/** An overview block that waits for the blocks it is made of. */
interface Pending {
  readonly planes: readonly Plane[];
  missing: number;
}

/**
 * Starts a COG at `path`; nothing is seen there before `finish`. What it takes besides the spool is overviews in the
 * making: about the width of the raster times one block, whatever its height.
 */
export function openCog(path: string, profile: CogProfile, options: CogWriterOptions = {}): CogWriter {
  const rules = blockRules(profile);
  const shapes = levelShapes(profile.grid);
  const encode = options.encode ?? encodePlanesLater;
  const spool = options.spool ?? openSpool(path, MEMORY_LIMIT);
  const sizes = shapes.map(({ across, down }) => new Array<number>(across * down).fill(0));
  const kept = shapes.map(({ across, down }) => new Array<Kept | null>(across * down).fill(null));
  const isThere = shapes.map(({ across, down }) => new Uint8Array(across * down));
  const tallies = sizes[0]!.map((): readonly Tally[] | null => null);
  const pending = shapes.map(() => new Map<number, Pending>());

  const keep = async (level: number, at: BlockPosition, block: EncodedBlock): Promise<void> => {
    const shape = shapes[level]!;
    const i = at.down * shape.across + at.across;
    if (!(at.across < shape.across && i < isThere[level]!.length)) {
      throw new RangeError(`there is no block ${at.across}, ${at.down}`);
    }
    if (isThere[level]![i] === 1) throw new RangeError(`block ${at.across}, ${at.down} came twice`);
    isThere[level]![i] = 1;
    if (level === 0) tallies[i] = block.tallies;
    // The overview first: it is asked for in order of arrival, while writing to the spool may take its time.
    const above = level + 1 < shapes.length ? merge(level + 1, at, block.half) : null;
    if (block.bytes !== null) {
      sizes[level]![i] = block.bytes.length;
      kept[level]![i] = await spool.keep(block.bytes);
    }
    if (above !== null) {
      await keep(level + 1, half(at), await encode(above, { ...rules, isTallied: false }));
    }
  };

  /** Puts a block's half into the overview block above it; that block's planes when it was the last of its parts. */
  const merge = (
    level: number,
    at: BlockPosition,
    part: readonly CogArray[] | null,
  ): readonly Plane[] | null => {
    const to = half(at);
    const i = to.down * shapes[level]!.across + to.across;
    let target = pending[level]!.get(i);
    if (target === undefined) {
      target = startBlock(profile, shapes, level, to);
      pending[level]!.set(i, target);
    }
    if (part !== null) paste(target.planes, part, at);
    target.missing -= 1;
    if (target.missing > 0) return null;
    pending[level]!.delete(i);
    return target.planes;
  };

  /** The blocks in the order of the file. */
  async function* blocks(): AsyncGenerator<Uint8Array> {
    for (const level of kept.toReversed()) {
      for (const [i, one] of level.entries()) {
        if (one === null) continue;
        level[i] = null;
        yield* framedBlock(await spool.take(one));
      }
    }
  }

  return {
    put: async (at, bands) => {
      const [width, height] = sizeOf(shapes[0]!, at);
      const planes = bands.map((data) => ({ width, height, data }));
      await keep(0, at, await encode(planes, rules));
    },
    putEncoded: (at, block) => keep(0, at, block),
    finish: async ({ metadata = {}, watch } = {}) => {
      const missing = isThere.reduce((sum, level) => sum + level.filter((there) => there === 0).length, 0);
      if (missing > 0) throw new RangeError(`${missing} blocks of ${path} are missing`);
      const complete = {
        ...profile,
        metadata: { ...profile.metadata, ...metadata },
        bands: profile.bands.map((band, i) => withStatistics(band, i, profile, tallies)),
      };
      const { head, bytes } = layOut(complete, sizes, options);
      async function* pieces() {
        yield* head;
        yield* blocks();
      }
      await writeAtomically(path, watch === undefined ? pieces() : watched(pieces(), watch));
      return { bytes };
    },
    close: async () => {
      if (options.spool === undefined) await spool.close();
    },
  };
}

/** A band with what its blocks say about its values. */
function withStatistics(
  band: BandMeaning,
  i: number,
  { grid, dtype }: CogProfile,
  tallies: readonly (readonly Tally[] | null)[],
): BandMeaning {
  const own = tallies.flatMap((bands) => (bands === null ? [] : [bands[i]!]));
  const items = bandStatistics(own, grid.width * grid.height, dtype === 'float32');
  return items === null ? band : { ...band, items: { ...band.items, ...items } };
}

async function* watched(
  pieces: AsyncIterable<Uint8Array>,
  watch: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    watch(piece);
    yield piece;
  }
}

/** Position of the overview block that a block is a part of. */
function half({ across, down }: BlockPosition): BlockPosition {
  return { across: across >> 1, down: down >> 1 };
}

/** Pixels of a block that lie in the image. */
function sizeOf(shape: { width: number; height: number }, at: BlockPosition): [number, number] {
  return [
    Math.min(TILE_SIZE, shape.width - at.across * TILE_SIZE),
    Math.min(TILE_SIZE, shape.height - at.down * TILE_SIZE),
  ];
}

/** An overview block without a valid pixel so far. */
function startBlock(
  { dtype, nodata, bands }: CogProfile,
  shapes: ReturnType<typeof levelShapes>,
  level: number,
  at: BlockPosition,
): Pending {
  const [width, height] = sizeOf(shapes[level]!, at);
  const below = shapes[level - 1]!;
  const missing = Math.min(2, below.across - 2 * at.across) * Math.min(2, below.down - 2 * at.down);
  const planes = bands.map(() => {
    const data = arrayOf(dtype, width * height);
    if (nodata !== null) data.fill(nodata);
    return { width, height, data };
  });
  return { planes, missing };
}

const HALF = TILE_SIZE / 2;

/** Copies the half of block `at` into its quarter of the overview block. */
function paste(planes: readonly Plane[], part: readonly CogArray[], at: BlockPosition): void {
  const left = (at.across & 1) * HALF;
  const top = (at.down & 1) * HALF;
  for (const [band, { width, height, data }] of planes.entries()) {
    const from = part[band]!;
    const columns = Math.min(HALF, width - left);
    const rows = Math.min(HALF, height - top);
    for (let row = 0; row < rows; row++) {
      data.set(from.subarray(row * columns, (row + 1) * columns), (top + row) * width + left);
    }
  }
}
