import { clampWindow, crop, type Grid, TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import type { Rpc } from '../core/rpc.ts';
import {
  type HeldPiece,
  layOrtho,
  type OrthoPositions,
  openPiece,
  orthoPositions,
  type RawPiece,
} from '../geometry/ortho.ts';
import { gridPositions } from '../geometry/regrid.ts';
import { makeArray, openRaster, storedAs } from '../ingest/geotiff.ts';
import { type GroundSource, openGround } from '../ingest/ground.ts';
import { converterOf } from '../kernels/convert.ts';
import {
  type BlockPosition,
  type BlockRules,
  EMPTY_BLOCK,
  type EncodedBlock,
  encodePlanes,
} from '../write/block.ts';
import { arrayOf, type CogDtype } from '../write/pyramid.ts';
import type { WindowWorker } from './window-threads.ts';

/** Where an image's pixels lie: as a camera model says on some ground, or on a grid. */
export type Placement =
  | { readonly kind: 'rpc'; readonly rpc: Rpc; readonly ground: GroundSource }
  | { readonly kind: 'grid'; readonly grid: Placed };

type Placed = Grid & { readonly epsg: number };

/** Everything a worker needs to know; plain data, so that it can go to a thread. */
export interface OrthoPlan {
  readonly file: string;
  readonly place: Placement;
  /** The grid of the whole result. */
  readonly grid: Placed;
  readonly dtype: CogDtype;
  /** What the result holds where there is no value. */
  readonly empty: number;
  readonly rules: BlockRules;
}

export interface OrthoBlock extends EncodedBlock {
  readonly at: BlockPosition;
}

/** A worker in this thread, which it keeps busy: it reads, decodes, lays and encodes without letting go. */
export async function openOrthoWorker(plan: OrthoPlan): Promise<WindowWorker<readonly OrthoBlock[]>> {
  const raster = await openRaster(plan.file, { blocking: true });
  const { info } = raster;
  try {
    const { positionsOn, closeGround } = await openPlacement(plan.place);
    const raw: Grid = { width: info.width, height: info.height, transform: [0, 1, 0, 0, 0, 1], epsg: null };
    const bands = Array.from({ length: info.bandCount }, (_, i) => i + 1);
    const nodata = storedAs(info.dtype, info.nodata);
    // Numbers as they are, NaN for nodata.
    const toFloats = converterOf(makeArray(info.dtype, 0), {
      scale: 1,
      offset: 0,
      nodata,
      min: -Number.MAX_VALUE,
      max: Number.MAX_VALUE,
    });
    const laid = bands.map(() => arrayOf(plan.dtype, TILE_SIZE * TILE_SIZE));
    let memory = bands.map(() => new Float32Array(0));

    let words = new Uint16Array(0);
    const isUsual = info.dtype === 'uint16' && info.bandCount === 4 && info.planar === 1;

    /** Four interleaved bands of 16 bits need not come apart to be interpolated. */
    const readWords = async (window: Window) => {
      const piece = openPiece(window);
      await raster.eachRow(bands, window, (into, row, col, { samples, start, stride }, count) => {
        const at = row * window.width + col;
        if (samples instanceof Uint16Array && stride === 4) {
          // A row comes once a band; what is there for the first is there for all.
          if (into === 0) piece.take(samples, start, count, at, nodata);
          return;
        }
        // Blocks that nobody wrote come a band at a time.
        if (words.length < 4 * count) words = new Uint16Array(4 * count);
        for (let i = 0; i < count; i++) words[4 * i + into] = samples[start + i * stride]!;
        if (into === 3) piece.take(words, 0, count, at, nodata);
      });
      return piece;
    };

    /** Raw pixels of all bands, in memory that the next window uses again. */
    const readRaw = async (window: Window): Promise<RawPiece | HeldPiece> => {
      if (isUsual) return await readWords(window);
      const length = window.width * window.height;
      if (memory[0]!.length < length) memory = bands.map(() => new Float32Array(length));
      const planes = memory.map((plane) => plane.subarray(0, length));
      await raster.eachRow(bands, window, (into, row, col, run, count) => {
        toFloats(run, 0, planes[into]!, row * window.width + col, count);
      });
      return { window, planes };
    };

    const workOn = async (window: Window): Promise<OrthoBlock[]> => {
      const parts: { part: Window; positions: OrthoPositions; under: Window | null }[] = [];
      for (const { col, row, width, height } of tilesOf(window)) {
        const part = { col: window.col + col, row: window.row + row, width, height };
        const target = { ...crop(plan.grid, part), epsg: plan.grid.epsg };
        const positions = await positionsOn(target);
        const under = positions.window === null ? null : clampWindow(raw, positions.window);
        parts.push({ part, positions, under });
      }
      const union = around(parts.flatMap(({ under }) => (under === null ? [] : [under])));
      const piece = union === null ? null : await readRaw(union);
      return parts.map(({ part, positions, under }) => {
        const at = { across: part.col / TILE_SIZE, down: part.row / TILE_SIZE };
        if (piece === null || under === null) return { at, ...EMPTY_BLOCK };
        const { width, height } = part;
        const planes = laid.map((data) => ({ width, height, data: data.subarray(0, width * height) }));
        layOrtho(
          positions,
          piece,
          planes.map(({ data }) => data),
          plan.empty,
        );
        return { at, ...encodePlanes(planes, plan.rules) };
      });
    };

    // One window at a time: they share the scratch arrays.
    let queue: Promise<unknown> = Promise.resolve();
    return {
      work: (window) => {
        const done = queue.then(() => workOn(window));
        queue = done.catch(() => undefined);
        return done;
      },
      encode: async (planes) => encodePlanes(planes, { ...plan.rules, isTallied: false }),
      close: async () => {
        await raster.close();
        await closeGround();
      },
    };
  } catch (error) {
    await raster.close();
    throw error;
  }
}

/** What puts pixels of a target into the image, with the files open that it takes. */
async function openPlacement(place: Placement) {
  if (place.kind === 'grid') {
    return {
      positionsOn: async (target: Placed) => gridPositions(place.grid, target),
      closeGround: async () => undefined,
    };
  }
  const ground = await openGround(place.ground);
  return {
    positionsOn: async (target: Placed) => orthoPositions(place.rpc, target, await ground.under(target)),
    closeGround: () => ground.close(),
  };
}

/** The smallest window around all of some; null when there are none. */
function around(windows: readonly Window[]): Window | null {
  if (windows.length === 0) return null;
  const col = Math.min(...windows.map((one) => one.col));
  const row = Math.min(...windows.map((one) => one.row));
  const right = Math.max(...windows.map((one) => one.col + one.width));
  const bottom = Math.max(...windows.map((one) => one.row + one.height));
  return { col, row, width: right - col, height: bottom - row };
}
