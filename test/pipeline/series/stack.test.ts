import { describe, expect, it } from 'vitest';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { axisOver, type DayAxis } from '../../../pipeline/series/axis.ts';
import { SMOOTHERS, type SmootherId, smoothSeries } from '../../../pipeline/series/smooth.ts';
import { openStackSmoother, type PixelStack, smoothStack } from '../../../pipeline/series/stack.ts';

/** Not a whole number of blocks, nor of vectors. */
const PIXELS = 523;

function made(days: readonly number[], seed: number): Required<PixelStack> {
  const random = seeded(seed);
  const season = (day: number) => 0.15 + 0.7 * Math.exp(-(((day - 200) / 50) ** 2));
  const values = days.map((day) =>
    Float32Array.from({ length: PIXELS }, () => {
      const value = season(day) + 0.03 * normal(random) - (random() < 0.2 ? 0.3 : 0);
      return random() < 0.05 ? Number.NaN : value;
    }),
  );
  const weights = days.map(() =>
    Float32Array.from({ length: PIXELS }, () => [0, 0.2, 0.5, 1, 1, 1][Math.floor(random() * 6)]!),
  );
  // A pixel that nobody saw, and one with impossible entries.
  for (const plane of weights) plane[7] = 0;
  values[2]![11] = Number.POSITIVE_INFINITY;
  weights[3]![11] = -1;
  weights[4]![11] = Number.NaN;
  return { days: [...days], values, weights };
}

const usable = (weight: number) => (Number.isNaN(weight) ? 0 : Math.max(weight, 0));

/** Largest difference to `smoothSeries`, pixel by pixel; Infinity where one has a number and the other none. */
function worst(
  lines: readonly Float32Array[],
  { days, values, weights }: Required<PixelStack>,
  axis: DayAxis,
  options: Parameters<typeof smoothSeries<'whittaker'>>[3],
  method: SmootherId = 'whittaker',
): number {
  let most = 0;
  for (let i = 0; i < PIXELS; i++) {
    const own = { days, values: values.map((v) => v[i]!), weights: weights.map((w) => usable(w[i]!)) };
    const line = smoothSeries(method, own, axis, options).values;
    for (const [node, value] of line.entries()) {
      const other = lines[node]![i]!;
      if (Number.isNaN(other) !== Number.isNaN(value)) return Number.POSITIVE_INFINITY;
      if (!Number.isNaN(value)) most = Math.max(most, Math.abs(other - value));
    }
  }
  return most;
}

const REGULAR = Array.from({ length: 36 }, (_, i) => 100 + 10 * i);
const IRREGULAR = Array.from({ length: 36 }, (_, i) => 103 + 9 * i + ((i * 7) % 5));
const TWICE = [222, 110, 110, 120, 131, 147, 160, 170, 147, 182, 199, 210, 236, 250];
const CASES = [
  ['a date on every node', REGULAR, axisOver(100, 450, 10)],
  ['dates between nodes', IRREGULAR, axisOver(100, 440, 5)],
  ['dates in no order, some twice', TWICE, axisOver(100, 260, 10)],
  ['dates outside the axis', REGULAR, axisOver(195, 335, 10)],
] as const;

describe.each(CASES)('a stack with %s', (_what, days, axis) => {
  it.each([
    [1, 0.5, 30],
    [100, 0.5, Number.POSITIVE_INFINITY],
    [10, 0.8, 45],
    [1e4, 0.9, Number.POSITIVE_INFINITY],
  ])('has the lines of single series: λ %d, envelope %d, gap %d', (lambda, envelope, maxGap) => {
    const stack = made(days, 3);
    const options = { parameters: { lambda, envelope }, maxGap };
    expect(openStackSmoother('whittaker', stack.days, axis, options).engine).toBe('float64');
    const lines = smoothStack('whittaker', stack, axis, options);
    expect(worst(lines, stack, axis, options)).toBeLessThan(5e-7);
  });
});

describe('float32', () => {
  it('is within 5e-5 for λ up to 100 where nodes are observed', () => {
    const axis = axisOver(100, 450, 10);
    const stack = made(REGULAR, 5);
    for (const weights of stack.weights) weights.fill(1);
    for (const lambda of [1, 10, 100]) {
      const options = { parameters: { lambda, envelope: 0.5 }, maxGap: Number.POSITIVE_INFINITY };
      const smoother = openStackSmoother('whittaker', REGULAR, axis, { ...options, precision: 'float32' });
      expect(smoother.engine).toBe('float32');
      const lines = Array.from({ length: axis.count }, () => new Float32Array(PIXELS));
      smoother.smooth(stack, 0, PIXELS, lines, 0);
      const off = worst(lines, stack, axis, options);
      expect(off).toBeGreaterThan(0);
      expect(off).toBeLessThan(5e-5);
    }
  });

  it('is not used beyond λ = 100, asked for or not', () => {
    const axis = axisOver(100, 450, 10);
    const options = { parameters: { lambda: 101 }, precision: 'float32' } as const;
    expect(openStackSmoother('whittaker', REGULAR, axis, options).engine).toBe('float64');
  });
});

describe('any method over a stack', () => {
  it.each(Object.keys(SMOOTHERS) as SmootherId[])('gives the lines of single series: %s', (method) => {
    const axis = axisOver(100, 440, 10);
    const stack = made(IRREGULAR, 8);
    expect(worst(smoothStack(method, stack, axis), stack, axis, {}, method)).toBeLessThan(5e-7);
  });

  it('runs first differences pixel by pixel, which the kernel has not', () => {
    const axis = axisOver(100, 440, 10);
    const stack = made(IRREGULAR, 8);
    const options = { parameters: { order: 1 } } as const;
    expect(openStackSmoother('whittaker', stack.days, axis, options).engine).toBe('loops');
    expect(worst(smoothStack('whittaker', stack, axis, options), stack, axis, options)).toBeLessThan(5e-7);
  });

  it('smooths a part of the planes to a part of the result', () => {
    const axis = axisOver(100, 450, 10);
    const stack = made(REGULAR, 2);
    const whole = smoothStack('whittaker', stack, axis);
    const part = Array.from({ length: axis.count }, () => new Float32Array(400).fill(-1));
    openStackSmoother('whittaker', REGULAR, axis).smooth(stack, 100, 300, part, 50);
    for (const [node, plane] of part.entries()) {
      expect(plane.subarray(50, 350)).toEqual(whole[node]!.subarray(100, 400));
      expect([plane[49], plane[350]]).toEqual([-1, -1]);
    }
  });
});
