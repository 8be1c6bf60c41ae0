/** Jilin-1 names and screens use China Standard Time, UTC+8 the year round. */
const BEIJING_OFFSET_MS = 8 * 3_600_000;

/** An instant as Heitu stores and sends it: ISO 8601 in UTC, `2023-08-15T02:30:00.000Z`. */
export type Instant = string;

/** UTC instant of a Beijing wall clock time. `fromBeijing(2021, 5, 26, 11, 4, 38)` is `2021-05-26T03:04:38.000Z`. */
export function fromBeijing(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
): Instant {
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second) - BEIJING_OFFSET_MS).toISOString();
}

/** Beijing calendar day of an instant. `beijingDate('2021-05-26T18:00:00Z')` is `2021-05-27`. */
export function beijingDate(instant: Instant): string {
  return new Date(Date.parse(instant) + BEIJING_OFFSET_MS).toISOString().slice(0, 10);
}

/** First and last instant of a Beijing calendar day (last exclusive). */
export function beijingDay(date: string): readonly [from: Instant, to: Instant] {
  const start = Date.parse(`${date}T00:00:00Z`) - BEIJING_OFFSET_MS;
  return [new Date(start).toISOString(), new Date(start + 86_400_000).toISOString()];
}

/** Day of the year in UTC, 1 to 366. `dayOfYear('2023-08-15T02:30:00Z')` is 227. */
export function dayOfYear(instant: Instant): number {
  const date = new Date(instant);
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1;
}

/** True for a real calendar date and time in ISO 8601 with a zone; `2023-02-30T00:00:00Z` is not one. */
export function isInstant(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/.exec(
    text,
  );
  if (match === null || Number.isNaN(Date.parse(text))) return false;
  return isCalendarDate(Number(match[1]), Number(match[2]), Number(match[3]));
}

/** True when the day exists. */
export function isCalendarDate(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}
