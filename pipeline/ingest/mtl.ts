import { HeituError } from '../core/error.ts';
import { decimal } from './elements.ts';

/** Longest MTL read; real ones are some kilobytes, padded to 64 by old producers. */
const MAX_MTL_BYTES = 1_000_000;

/** A Landsat metadata file: values by key, within their group. */
export interface Mtl {
  readonly where: string;
  /** The text of a key in a group, or in any group where none is named; null for what is not there. */
  readonly text: (key: string, group?: string) => string | null;
  /** The same as a number; throws E_META_INVALID for what is none. */
  readonly number: (key: string, group?: string) => number | null;
}

const LINE = /^\s*([A-Z][A-Z0-9_]{0,63})\s*=\s*(.{0,400}?)\s*$/;

/**
 * Reads a Landsat MTL (ODL: `GROUP = …`, `KEY = value`). Old files are padded with NUL bytes to a fixed length, which end
 * the text. Throws E_META_INVALID for a line that is none, an unclosed group, or a file without an end.
 */
export function parseMtl(bytes: Uint8Array, where: string): Mtl {
  const invalid = (what: string) => new HeituError('E_META_INVALID', { where, what });
  if (bytes.length > MAX_MTL_BYTES) throw invalid(`larger than ${MAX_MTL_BYTES} bytes`);
  const end = bytes.indexOf(0);
  if (end >= 0 && bytes.subarray(end).some((byte) => byte !== 0)) throw invalid('NUL bytes inside the text');
  const text = Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
  const groups: string[] = [];
  const values = new Map<string, Map<string, string>>();
  let isEnded = false;
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '') continue;
    if (isEnded) throw invalid('text after END');
    if (line.trim() === 'END') {
      isEnded = true;
      continue;
    }
    const [, key = '', value = ''] = LINE.exec(line) ?? [];
    if (key === '') throw invalid(`line ${JSON.stringify(line.slice(0, 60))}`);
    if (key === 'GROUP') groups.push(value);
    else if (key === 'END_GROUP') {
      if (groups.pop() !== value) throw invalid(`group ${value.slice(0, 60)} ends where it did not begin`);
    } else {
      const group = groups.at(-1) ?? '';
      const own = values.get(group) ?? new Map<string, string>();
      if (own.has(key)) throw invalid(`${key} comes twice in ${group}`);
      own.set(key, value.replace(/^"(.*)"$/, '$1'));
      values.set(group, own);
    }
  }
  if (!isEnded || groups.length > 0) throw invalid('it has no end: it was cut off');
  const textOf = (key: string, group?: string) => {
    if (group !== undefined) return values.get(group)?.get(key) ?? null;
    for (const own of values.values()) if (own.has(key)) return own.get(key)!;
    return null;
  };
  const numberOf = (key: string, group?: string) => {
    const value = textOf(key, group);
    if (value === null) return null;
    const parsed = decimal(value);
    if (parsed === null)
      throw new HeituError('E_META_INVALID', { where, what: `${key} = ${value.slice(0, 40)}`, element: key });
    return parsed;
  };
  return { where, text: textOf, number: numberOf };
}
