import { type DayAxis, daysOf } from './axis.ts';
import { CLEAR_WEIGHT, type Sorted } from './observations.ts';

/**
 * Straight lines from one clear observation to the next, level outside the first and the last: what every smoother is measured
 * against. Null without a clear observation.
 */
export function linear(observed: Sorted, axis: DayAxis): Float64Array | null {
  const clear = [...observed.days.keys()].filter((i) => observed.weights[i]! >= CLEAR_WEIGHT);
  if (clear.length === 0) return null;
  let after = 0;
  return daysOf(axis).map((day) => {
    while (after < clear.length && observed.days[clear[after]!]! < day) after++;
    const [left, right] = [clear[Math.max(0, after - 1)]!, clear[Math.min(after, clear.length - 1)]!];
    const span = observed.days[right]! - observed.days[left]!;
    const share = span === 0 ? 0 : Math.max(0, (day - observed.days[left]!) / span);
    return (1 - share) * observed.values[left]! + share * observed.values[right]!;
  });
}
