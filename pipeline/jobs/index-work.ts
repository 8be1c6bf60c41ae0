import { TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import { blankCounts } from '../indices/counts.ts';
import { type StoredIndex, storeValues } from '../indices/stored.ts';
import { makeArray, openRaster, type RasterFile, type TakeRow } from '../ingest/geotiff.ts';
import { type BackendName, openBackend } from '../kernels/backend.ts';
import { type Conversion, type Converter, converterOf } from '../kernels/convert.ts';
import type { BandCode } from '../sensors/bands.ts';
import { type BlockPosition, type BlockRules, type EncodedBlock, encodePlanes } from '../write/block.ts';
import type { Plane } from '../write/pyramid.ts';
import type { WindowWorker } from './window-threads.ts';

/** One band that is read: where it is and what its numbers mean. */
export interface PlannedBand extends Conversion {
  readonly name: BandCode;
  /** Which of the plan's files it is in, and its 1-based number there. */
  readonly file: number;
  readonly number: number;
}

/** Everything a worker needs to know; plain data, so that it can go to a thread. */
export interface IndexPlan {
  readonly files: readonly string[];
  readonly bands: readonly PlannedBand[];
  readonly indices: readonly StoredIndex[];
  /** One an index. */
  readonly rules: readonly BlockRules[];
  readonly backend: BackendName;
  /** Cells whose pixels have no value; null where every pixel counts. */
  readonly hidden: HiddenCells | null;
}

/** Which cells of whole pixels are not used, and where the image's first pixel lies in them. */
export interface HiddenCells {
  readonly cells: Uint8Array;
  /** Cells in a row, and pixels along the edge of a cell. */
  readonly width: number;
  readonly pixels: number;
  readonly col: number;
  readonly row: number;
}

/** A block of one of the plan's indices, encoded. */
export interface IndexBlock extends EncodedBlock {
  readonly index: number;
  readonly at: BlockPosition;
  /** Pixels of it that have a value. */
  readonly valid: number;
}

/** What came of a window of the image. */
export interface WindowDone {
  readonly blocks: readonly IndexBlock[];
  /** The back end that really ran. */
  readonly backend: BackendName;
}

/** A worker in this thread, which it keeps busy: it reads, decodes, computes and encodes without letting go. */
export async function openIndexWorker(plan: IndexPlan): Promise<WindowWorker<WindowDone>> {
  const files: RasterFile[] = [];
  const close = async () => {
    for (const file of files) await file.close();
  };
  try {
    for (const path of plan.files) files.push(await openRaster(path, { blocking: true }));
    const backend = await openBackend(plan.backend);
    const converters = plan.bands.map((band) =>
      converterOf(makeArray(files[band.file]!.info.dtype, 0), band),
    );
    const memory = makeMemory();

    const workOn = async (window: Window): Promise<WindowDone> => {
      const { parts, take, missing } = layBlocks(plan, converters, window, memory);
      for (const [number, file] of files.entries()) {
        const own = [...plan.bands.keys()].filter((i) => plan.bands[i]!.file === number);
        const numbers = own.map((i) => plan.bands[i]!.number);
        await file.eachRow(numbers, window, (into, ...row) => take(own[into]!, ...row));
        const isThere = file.info.validity === null ? null : await file.readValidity(numbers, window);
        if (isThere === null) continue;
        const names = own.map((i) => plan.bands[i]!.name);
        for (const [i, part] of parts.entries()) {
          if (blankMasked(part, names, isThere, window.width))
            for (const name of names) missing[i]!.add(name);
        }
      }
      if (plan.hidden !== null) {
        const names = plan.bands.map(({ name }) => name);
        for (const [i, part] of parts.entries()) {
          if (blankHidden(part, names, plan.hidden, window)) for (const name of names) missing[i]!.add(name);
        }
      }
      const blocks: IndexBlock[] = [];
      for (const [part, { at, width, height, bands }] of parts.entries()) {
        const length = width * height;
        for (const [index, row] of plan.indices.entries()) {
          const values = await backend.run(row.node, bands, length, memory.floats(' values', length));
          const data =
            row.dtype === 'int16' ? memory.counts.subarray(0, length) : memory.floats(' stored', length);
          let valid = storeValues(values, row, data);
          // A formula may have a value all the same, by its other branch or on a device that does not know NaN.
          for (const name of row.bands) {
            if (missing[part]!.has(name)) valid -= blankCounts(bands[name]!, data, row.nodata);
          }
          blocks.push({ index, at, valid, ...encodePlanes([{ width, height, data }], plan.rules[index]!) });
        }
      }
      return { blocks, backend: backend.name };
    };

    // One window at a time: they share the scratch arrays.
    let queue: Promise<unknown> = Promise.resolve();
    return {
      work: (window) => {
        const done = queue.then(() => workOn(window));
        queue = done.catch(() => undefined);
        return done;
      },
      encode: async (planes) => encodePlanes(planes, { ...rulesFor(plan, planes), isTallied: false }),
      close: async () => {
        await close();
        await backend.close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** How a block is encoded depends on what its numbers are, and on nothing else. */
function rulesFor({ indices, rules }: IndexPlan, [plane]: readonly Plane[]): BlockRules {
  const dtype = plane!.data instanceof Float32Array ? 'float32' : 'int16';
  return rules[indices.findIndex((row) => row.dtype === dtype)]!;
}

/** Arrays that are used again for every window. */
interface Memory {
  floats(name: string, length: number): Float32Array;
  readonly counts: Int16Array;
}

function makeMemory(): Memory {
  const arrays = new Map<string, Float32Array>();
  return {
    floats: (name, length) => {
      let array = arrays.get(name);
      if (array === undefined || array.length < length) {
        array = new Float32Array(length);
        arrays.set(name, array);
      }
      return array.subarray(0, length);
    },
    counts: new Int16Array(TILE_SIZE * TILE_SIZE),
  };
}

/** Takes the values of pixels that a mask or an alpha band hides out of the bands; true when there is any. */
function blankMasked(
  part: Part,
  names: readonly string[],
  isThere: Uint8Array,
  windowWidth: number,
): boolean {
  let isAny = false;
  for (let row = 0; row < part.height; row++) {
    const from = (part.row + row) * windowWidth + part.col;
    for (let col = 0; col < part.width; col++) {
      if (isThere[from + col] === 1) continue;
      isAny = true;
      for (const name of names) part.bands[name]![row * part.width + col] = Number.NaN;
    }
  }
  return isAny;
}

/** The same for the cells of a mask: a run of pixels of one cell at a time. */
function blankHidden(part: Part, names: readonly string[], hidden: HiddenCells, window: Window): boolean {
  const { cells, width, pixels: k } = hidden;
  const left = hidden.col + window.col + part.col;
  let isAny = false;
  for (let row = 0; row < part.height; row++) {
    const line = Math.floor((hidden.row + window.row + part.row + row) / k) * width;
    for (let col = 0; col < part.width; ) {
      const cell = Math.floor((left + col) / k);
      const end = Math.min(part.width, (cell + 1) * k - left);
      if (cells[line + cell] === 1) {
        isAny = true;
        for (const name of names)
          part.bands[name]!.fill(Number.NaN, row * part.width + col, row * part.width + end);
      }
      col = end;
    }
  }
  return isAny;
}

/** One block of a window: where it belongs, where it lies in the window, and its reflectance. */
interface Part {
  readonly at: BlockPosition;
  readonly col: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
  readonly bands: Readonly<Record<string, Float32Array>>;
}

/** Room for the reflectance of a window, block by block, and what fills it from rows of stored numbers. */
function layBlocks(
  plan: IndexPlan,
  converters: readonly Converter[],
  window: Window,
  memory: Memory,
): { parts: Part[]; missing: Set<string>[]; take: TakeRow } {
  const planes = plan.bands.map(({ name }) => memory.floats(name, window.width * window.height));
  const parts = tilesOf(window).map(({ col, row, width, height }): Part => {
    // Blocks lie one behind the other, each row by row.
    const start = row * window.width + col * height;
    return {
      at: { across: (window.col + col) / TILE_SIZE, down: (window.row + row) / TILE_SIZE },
      col,
      row,
      width,
      height,
      bands: Object.fromEntries(
        plan.bands.map(({ name }, i) => [name, planes[i]!.subarray(start, start + width * height)]),
      ),
    };
  });
  const missing = parts.map(() => new Set<string>());
  const across = Math.ceil(window.width / TILE_SIZE);
  const take: TakeRow = (band, row, col, run, count) => {
    const { name } = plan.bands[band]!;
    for (let done = 0; done < count; ) {
      const left = (col + done) % TILE_SIZE;
      const i = Math.floor(row / TILE_SIZE) * across + Math.floor((col + done) / TILE_SIZE);
      const part = parts[i]!;
      const n = Math.min(count - done, part.width - left);
      const at = (row % TILE_SIZE) * part.width + left;
      if (converters[band]!(run, done, part.bands[name]!, at, n) > 0) missing[i]!.add(name);
      done += n;
    }
  };
  return { parts, missing, take };
}
