import { compileStack, type Precision, type StackDate, type StackKernel } from '../kernels/stack.ts';
import { type DayAxis, daysOf, placeOn } from './axis.ts';
import { CLEAR_WEIGHT } from './observations.ts';
import { MAX_GAP_DAYS, SMOOTHERS, type SmootherId, type SmootherParameters, smoothSeries } from './smooth.ts';
import { penaltyOf } from './whittaker.ts';

/** Pixels of many dates: a plane a date, in any order. */
export interface PixelStack {
  /** Day of every plane, days since 1970-01-01. */
  readonly days: readonly number[];
  readonly values: readonly Float32Array[];
  /** 0 not used … 1 clear, a plane a date; left out, all that is a number is clear. */
  readonly weights?: readonly Float32Array[];
}

export interface StackOptions<Id extends SmootherId> {
  readonly parameters?: Partial<SmootherParameters[Id]>;
  readonly maxGap?: number;
  /**
   * float64 where nothing is said. float32 takes two thirds of the time, up to λ = 100; it is within 5e-5 where almost every
   * node is observed and no envelope leaves small weights, and not in general (docs/season.md).
   */
  readonly precision?: Precision;
}

/** Makes stacks regular, one after the other, always in the same way. */
export interface StackSmoother {
  readonly method: SmootherId;
  /** What runs: WebAssembly, or the loops of `smoothSeries` pixel by pixel. */
  readonly engine: Precision | 'loops';
  /** Smooths `count` pixels of all planes from `from` on into one plane a node, which lie at `to` of `out`. */
  smooth(
    stack: Omit<PixelStack, 'days'>,
    from: number,
    count: number,
    out: readonly Float32Array[],
    to: number,
  ): void;
}

/** Beyond this λ float32 loses more than 5e-5 even where all is observed (METHODS, trap 7). */
const FLOAT32_LAMBDA = 100;

/**
 * Prepares the smoothing of pixel stacks whose planes show these days. Whittaker's method with second differences runs as
 * WebAssembly made for the days; other methods go pixel by pixel. In float64 the line of a pixel is that of `smoothSeries`, rounded to float32.
 */
export function openStackSmoother<Id extends SmootherId>(
  method: Id,
  days: readonly number[],
  axis: DayAxis,
  options: StackOptions<Id> = {},
): StackSmoother {
  const { maxGap = MAX_GAP_DAYS } = options;
  const parameters = { ...SMOOTHERS[method].defaults(axis.step), ...options.parameters };
  if (isWhittaker(method, parameters)) {
    const smoother = compiled(days, axis, parameters, maxGap, options.precision);
    if (smoother !== null) return smoother;
  }
  return {
    method,
    engine: 'loops',
    smooth: ({ values, weights }, from, count, out, to) => {
      const own = {
        days,
        values: new Float64Array(days.length),
        weights: new Float64Array(days.length).fill(1),
      };
      for (let i = 0; i < count; i++) {
        for (const date of days.keys()) {
          own.values[date] = values[date]![from + i]!;
          if (weights !== undefined) own.weights[date] = usable(weights[date]![from + i]!);
        }
        const line = smoothSeries(method, own, axis, { parameters, maxGap }).values;
        for (const [node, value] of line.entries()) out[node]![to + i] = value;
      }
    },
  };
}

/** A weight that is no number or below 0 is none. */
function usable(weight: number): number {
  return Number.isFinite(weight) ? Math.max(weight, 0) : 0;
}

function isWhittaker(
  method: SmootherId,
  parameters: SmootherParameters[SmootherId],
): parameters is SmootherParameters['whittaker'] {
  return method === 'whittaker' && 'order' in parameters && parameters.order === 2;
}

/** One day of the stack, and the planes that show it. */
interface Day extends StackDate {
  readonly planes: readonly number[];
}

function compiled(
  days: readonly number[],
  axis: DayAxis,
  parameters: SmootherParameters['whittaker'],
  maxGap: number,
  wanted: Precision | undefined,
): StackSmoother | null {
  const dates = datesOf(days, axis);
  const { lambda, envelope, rounds } = parameters;
  const precision = wanted === 'float32' && lambda <= FLOAT32_LAMBDA ? 'float32' : 'float64';
  const kernel = compileStack(
    {
      dates,
      nodes: [...daysOf(axis)],
      penalty: penaltyOf(axis.count, 2, lambda),
      envelope,
      rounds,
      clearWeight: CLEAR_WEIGHT,
      needs: SMOOTHERS.whittaker.needs(parameters),
      maxGap,
    },
    precision,
  );
  if (kernel === null) return null;
  return {
    method: 'whittaker',
    engine: precision,
    smooth: (stack, from, count, out, to) => {
      for (let done = 0; done < count; done += kernel.pixels) {
        const n = Math.min(kernel.pixels, count - done);
        fill(kernel, dates, stack, from + done, n);
        kernel.run(n);
        for (const [node, plane] of out.entries()) {
          const start = node * kernel.pixels;
          plane.set(kernel.line.subarray(start, start + n), to + done);
        }
      }
    },
  };
}

/** The days of a stack that lie on the axis, in order, each once. */
function datesOf(days: readonly number[], axis: DayAxis): Day[] {
  const unique = [...new Set(days)].sort((a, b) => a - b);
  return unique.flatMap((day) => {
    const place = placeOn(axis, day);
    const planes = [...days.keys()].filter((plane) => days[plane] === day);
    return place === null ? [] : [{ day, ...place, planes }];
  });
}

/** Copies a block of pixels to the kernel; planes of the same day become their weighted mean, as in `sortObservations`. */
function fill(
  kernel: StackKernel,
  dates: readonly Day[],
  { values, weights }: Omit<PixelStack, 'days'>,
  from: number,
  count: number,
): void {
  for (const [date, { planes }] of dates.entries()) {
    const at = date * kernel.pixels;
    if (planes.length > 1) {
      merge(kernel, at, planes, { values, weights }, from, count);
      continue;
    }
    const [plane] = planes;
    kernel.values.set(values[plane!]!.subarray(from, from + count), at);
    if (weights === undefined) kernel.weights.fill(1, at, at + count);
    else kernel.weights.set(weights[plane!]!.subarray(from, from + count), at);
  }
}

function merge(
  kernel: StackKernel,
  at: number,
  planes: readonly number[],
  { values, weights }: { values: readonly Float32Array[]; weights: readonly Float32Array[] | undefined },
  from: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    let [sum, weight] = [0, 0];
    for (const plane of planes) {
      const value = values[plane]![from + i]!;
      const own = weights === undefined ? 1 : usable(weights[plane]![from + i]!);
      if (own === 0 || !Number.isFinite(value)) continue;
      sum += own * value;
      weight += own;
    }
    kernel.values[at + i] = sum / weight;
    kernel.weights[at + i] = weight;
  }
}

/**
 * Smooths all pixels of a stack: one plane a node of the axis, NaN where too little was seen. For 36 dates of 1024² pixels
 * see docs/season.md. `smoothStack('whittaker', { days, values }, axisOver(100, 450, 10))[0]` is the line on day 100.
 */
export function smoothStack<Id extends SmootherId>(
  method: Id,
  stack: PixelStack,
  axis: DayAxis,
  options: StackOptions<Id> = {},
): Float32Array[] {
  const pixels = stack.values[0]?.length ?? 0;
  const out = Array.from({ length: axis.count }, () => new Float32Array(pixels));
  openStackSmoother(method, stack.days, axis, options).smooth(stack, 0, pixels, out, 0);
  return out;
}
