import { TILE_SIZE, type Window } from '../core/grid.ts';
import { makeArray, openRaster, type RasterFile, storedAs } from '../ingest/geotiff.ts';
import { converterOf } from '../kernels/convert.ts';
import type { DayAxis } from '../series/axis.ts';
import type { SmootherId, SmootherParameters } from '../series/smooth.ts';
import { openStackSmoother } from '../series/stack.ts';
import { type BlockPosition, type BlockRules, type EncodedBlock, encodePlanes } from '../write/block.ts';
import type { WindowWorker } from './window-threads.ts';

/** Everything a worker needs to know; plain data, so that it can go to a thread. */
export interface SmoothPlan {
  readonly file: string;
  /** Cloud mask with a band a date, not 0 where it is cloudy. */
  readonly clouds: string | null;
  /** Day of every band. */
  readonly days: readonly number[];
  readonly axis: DayAxis;
  readonly method: SmootherId;
  readonly parameters: SmootherParameters[SmootherId];
  readonly maxGap: number;
  /** Rows of a block that are smoothed at a time. */
  readonly rows: number;
  readonly rules: BlockRules;
}

export interface SmoothBlock extends EncodedBlock {
  readonly at: BlockPosition;
  readonly valid: number;
}

/** Planes of a stack as float32 numbers, in memory that is used again. */
interface PlaneReader {
  readonly read: (window: Window) => Promise<readonly Float32Array[]>;
  readonly close: () => Promise<void>;
}

/** A worker in this thread, which it keeps busy: it reads, decodes, smooths and encodes without letting go. */
export async function openSmoothWorker(plan: SmoothPlan): Promise<WindowWorker<SmoothBlock>> {
  const { days, axis, method, parameters, maxGap, rows, rules } = plan;
  const values = await openPlanes(plan.file, 'values');
  const clouds = plan.clouds === null ? null : await openPlanes(plan.clouds, 'clear');
  const smoother = openStackSmoother(method, days, axis, { parameters, maxGap });
  const memory = Array.from({ length: axis.count }, () => new Float32Array(TILE_SIZE * TILE_SIZE));

  const workOn = async (window: Window): Promise<SmoothBlock> => {
    const { width, height } = window;
    const planes = memory.map((data) => ({ width, height, data: data.subarray(0, width * height) }));
    const out = planes.map(({ data }) => data);
    for (let row = 0; row < height; row += rows) {
      const part = { col: window.col, row: window.row + row, width, height: Math.min(rows, height - row) };
      const stack = { values: await values.read(part), ...(clouds && { weights: await clouds.read(part) }) };
      smoother.smooth(stack, 0, width * part.height, out, row * width);
    }
    const valid = out.reduce((sum, plane) => sum + countValues(plane), 0);
    const at = { across: window.col / TILE_SIZE, down: window.row / TILE_SIZE };
    return { at, valid, ...encodePlanes(planes, rules) };
  };

  // One window at a time: they share the scratch arrays.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    work: (window) => {
      const done = queue.then(() => workOn(window));
      queue = done.catch(() => undefined);
      return done;
    },
    encode: async (planes) => encodePlanes(planes, { ...rules, isTallied: false }),
    close: async () => {
      await values.close();
      await clouds?.close();
    },
  };
}

/** 1 where a mask holds 0, which is clear; 0 where it holds anything else, be that its nodata. */
function toClear(mask: Float32Array): void {
  for (const [i, value] of mask.entries()) mask[i] = value === 0 ? 1 : 0;
}

function countValues(plane: Float32Array): number {
  let count = 0;
  for (const value of plane) if (!Number.isNaN(value)) count++;
  return count;
}

async function openPlanes(path: string, as: 'values' | 'clear'): Promise<PlaneReader> {
  const file: RasterFile = await openRaster(path, { blocking: true });
  const { info } = file;
  const bands = info.bands.map((_, i) => i + 1);
  const converters = info.bands.map((band) =>
    converterOf(makeArray(info.dtype, 0), {
      scale: band.scale ?? 1,
      offset: band.offset ?? 0,
      nodata: as === 'clear' ? null : storedAs(info.dtype, info.nodata),
      min: -Number.MAX_VALUE,
      max: Number.MAX_VALUE,
    }),
  );
  let memory = bands.map(() => new Float32Array(0));
  return {
    read: async (window) => {
      const length = window.width * window.height;
      if (memory[0]!.length < length) memory = bands.map(() => new Float32Array(length));
      const planes = memory.map((plane) => plane.subarray(0, length));
      await file.eachRow(bands, window, (into, row, col, run, count) => {
        converters[into]!(run, 0, planes[into]!, row * window.width + col, count);
      });
      if (as === 'clear') for (const plane of planes) toClear(plane);
      return planes;
    },
    close: () => file.close(),
  };
}
