import { en } from './en.ts';
import { type Key, zh } from './zh.ts';

export type { Key };
export type Language = 'zh' | 'en';

/** The words for `key` with `{name}` filled in. `say('en', 'list.clearShare', { percent: 96 })` is `96 % clear`. */
export function say(
  language: Language,
  key: Key,
  fill: Readonly<Record<string, string | number>> = {},
): string {
  const text: string = (language === 'zh' ? zh : en)[key];
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(fill[name] ?? whole));
}

/** A crop or host species in words; what the tables do not know is shown as it was delivered. */
export function cropName(language: Language, crop: string | null | undefined): string {
  if (!crop) return say(language, 'crop.none');
  const key = `crop.${crop}`;
  // A key of the table once `hasOwn` said so; the compiler cannot follow that.
  return Object.hasOwn(zh, key) ? say(language, key as Key) : crop;
}
