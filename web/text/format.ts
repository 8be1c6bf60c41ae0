import type { Language } from './say.ts';

const MINUS = '−';

/** Decimals that a product needs: two for a legend narrower than 2, one up to 20, none above. */
export function decimalsFor(range: number): number {
  if (range <= 2) return 2;
  return range <= 20 ? 1 : 0;
}

/** A value with a real minus sign. `number(-0.05, 2)` is `−0.05`; a rounded-away sign is dropped. */
export function number(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

/** Axis labels with no more decimals than they need among them. `tickTexts([0, 0.2, 0.4])` is `['0', '0.2', '0.4']`. */
export function tickTexts(values: readonly number[]): string[] {
  const decimals =
    [0, 1, 2, 3].find((n) => values.every((value) => Math.abs(Number(value.toFixed(n)) - value) < 1e-9)) ?? 4;
  return values.map((value) => (value === 0 ? '0' : number(value, decimals)));
}

/** Facts of one line, joined by a middle dot; the page's font draws the dot a full character wide, so no spaces. */
export function joinFacts(facts: readonly (string | null | undefined)[]): string {
  return facts.filter(Boolean).join('·');
}

/** A share as whole percent, never rounded up to 100 or down to 0. `percent(0.998)` is `99`. */
export function percent(share: number): string {
  const whole = Math.round(share * 100);
  if (whole === 100 && share < 1) return '99';
  if (whole === 0 && share > 0) return '1';
  return String(whole);
}

/** A count with thin groups. `count(12345)` is `12 345` with narrow no-break spaces. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f');
}

/** An area: three significant figures below 100, whole numbers above. `area(12.345)` is `12.3`. */
export function area(value: number): string {
  if (value >= 100) return count(value);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A calendar day in full. `day('zh', '2024-08-10')` is `2024年8月10日`, in English `10 Aug 2024`. */
export function day(language: Language, date: string): string {
  const [year, month, dom] = parts(date);
  return language === 'zh' ? `${year}年${month}月${dom}日` : `${dom} ${MONTHS[month - 1]} ${year}`;
}

/** A calendar day without its year. `shortDay('zh', '2024-08-10')` is `8月10日`, in English `10 Aug`. */
export function shortDay(language: Language, date: string): string {
  const [, month, dom] = parts(date);
  return language === 'zh' ? `${month}月${dom}日` : `${dom} ${MONTHS[month - 1]}`;
}

/** A month as an axis label: `8月` or `Aug`. Months count from 1. */
export function monthName(language: Language, month: number): string {
  return language === 'zh' ? `${month}月` : MONTHS[month - 1]!;
}

function parts(date: string): [year: number, month: number, day: number] {
  const [year, month, dom] = date.split('-').map(Number);
  return [year ?? 0, month ?? 1, dom ?? 1];
}
