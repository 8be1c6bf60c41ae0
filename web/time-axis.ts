import { monthName } from './text/format.ts';
import type { Language } from './text/say.ts';

/** One label of a time axis: where it stands and what it says. */
export interface TimeTick {
  /** UTC milliseconds. */
  readonly at: number;
  readonly label: string;
}

/** Room a label needs, with a gap to the next one. */
const LABEL_PX = 40;

/** Steps of a time axis in months, finest first. */
const STEPS = [1, 2, 3, 6, 12, 24, 60, 120] as const;

/**
 * Labels at first days of months, as fine as `width` pixels have room for: months, and the year at each January when the
 * axis spans more than one; years alone when months would not fit.
 */
export function timeTicks(from: number, to: number, width: number, language: Language): TimeTick[] {
  const start = new Date(from);
  const [firstYear, lastYear] = [start.getUTCFullYear(), new Date(to).getUTCFullYear()];
  const months = (to - from) / (30.44 * 86_400_000);
  const step = STEPS.find((one) => (width / months) * one >= LABEL_PX) ?? STEPS.at(-1)!;
  const ticks: TimeTick[] = [];
  // Counted from January of year 0, so that steps fall on the same months whatever the axis starts with.
  const first = Math.ceil((firstYear * 12 + start.getUTCMonth()) / step) * step;
  for (let month = first; ; month += step) {
    const [year, inYear] = [Math.floor(month / 12), month % 12];
    const at = Date.UTC(year, inYear, 1);
    if (at > to) return ticks;
    if (at < from) continue;
    const isYear = step >= 12 || (inYear === 0 && firstYear !== lastYear);
    ticks.push({ at, label: isYear ? String(year) : monthName(language, inYear + 1) });
  }
}
