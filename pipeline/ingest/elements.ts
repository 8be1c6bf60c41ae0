import { XMLParser } from 'fast-xml-parser';
import { HeituError } from '../core/error.ts';

/** Largest metadata file read; real ones are a few kilobytes to a megabyte (SAFETY.md section 4). */
export const MAX_XML_BYTES = 5 * 1024 * 1024;

/** Deepest element nesting accepted. */
const MAX_DEPTH = 64;

/** One element that holds text. */
export interface Leaf {
  /** Local names from the root down, lower case, its own last. */
  readonly path: readonly string[];
  readonly text: string;
  /** By local name, lower case. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** The elements of a metadata file in order. */
export interface Elements {
  readonly where: string;
  /** Local name of the root, lower case. */
  readonly root: string;
  readonly leaves: readonly Leaf[];
}

const PARSER = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  parseTagValue: false,
  parseAttributeValue: false,
  removeNSPrefix: true,
  processEntities: false,
  trimValues: true,
} as const;

/** What XML 1.0 forbids in a document, and what opens something that no vendor's file needs. */
const REFUSED: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/<!(?!--|\[CDATA\[)/, 'a DTD or entity declaration'],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
  [/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/, 'a control character'],
  [/&(?!(?:amp|lt|gt|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});)/, 'an entity that XML does not have itself'],
];

/**
 * Reads the elements of an XML text without resolving anything. Throws E_XML_UNSAFE for a DTD, an entity or a control
 * character, E_META_INVALID for what is not well-formed, too large, too deep or without elements.
 */
export function readElements(xml: string, where: string): Elements {
  const invalid = (what: string, cause?: unknown) => new HeituError('E_META_INVALID', { where, what, cause });
  if (Buffer.byteLength(xml) > MAX_XML_BYTES) throw invalid(`larger than ${MAX_XML_BYTES} bytes`);
  const refused = REFUSED.find(([pattern]) => pattern.test(xml));
  if (refused !== undefined) throw new HeituError('E_XML_UNSAFE', { where, what: refused[1] });
  let tree: unknown;
  try {
    tree = new XMLParser(PARSER).parse(xml, true);
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : 'not XML', cause);
  }
  const leaves: Leaf[] = [];
  const walk = (nodes: unknown, path: readonly string[], attributes: Leaf['attributes']) => {
    if (path.length > MAX_DEPTH) throw invalid(`nested deeper than ${MAX_DEPTH}`);
    const children = Array.isArray(nodes) ? nodes : [];
    const texts: string[] = [];
    let elements = 0;
    for (const child of children) {
      const name = nameOf(child);
      if (name === null) continue;
      const inside: unknown = Reflect.get(child, name);
      if (name === '#text') texts.push(String(inside));
      else {
        elements += 1;
        walk(inside, [...path, name.toLowerCase()], attributesOf(child));
      }
    }
    if (elements === 0 && path.length > 0) leaves.push({ path, text: texts.join('').trim(), attributes });
  };
  const roots = Array.isArray(tree)
    ? tree.map(nameOf).filter((name) => name !== null && !/^[?#]/.test(name))
    : [];
  if (roots.length !== 1) throw invalid(roots.length === 0 ? 'no elements' : 'more than one root');
  walk(tree, [], {});
  return {
    where,
    root: roots[0]!.toLowerCase(),
    leaves: leaves.filter((leaf) => !leaf.path[0]!.startsWith('?')),
  };
}

function nameOf(node: unknown): string | null {
  if (typeof node !== 'object' || node === null) return null;
  return Object.keys(node).find((key) => key !== ':@') ?? null;
}

function attributesOf(node: unknown): Leaf['attributes'] {
  const raw: unknown = typeof node === 'object' && node !== null ? Reflect.get(node, ':@') : undefined;
  if (typeof raw !== 'object' || raw === null) return {};
  return Object.fromEntries(Object.entries(raw).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Ways vendors write that they do not know. */
const BLANK = /^(θ|-+|n\/?a|null|none|nan|无|unknown)?$/i;

/** True for a text that says that nothing is known. */
export function isBlank(text: string): boolean {
  return BLANK.test(text);
}

/** Leaves of a local name, anywhere, in order. */
export function leavesOf({ leaves }: Elements, name: string): Leaf[] {
  const wanted = name.toLowerCase();
  return leaves.filter((leaf) => leaf.path.at(-1) === wanted);
}

/** The text of the first of the names that has one; null for `θ`, blanks and what is not there. */
export function textOf(elements: Elements, ...names: string[]): string | null {
  for (const name of names) {
    const found = leavesOf(elements, name).find((leaf) => !BLANK.test(leaf.text));
    if (found !== undefined) return found.text;
  }
  return null;
}

/**
 * The same for an element that products depend on: two that differ are no answer. Throws E_CALIBRATION_INVALID.
 */
export function singleText(elements: Elements, ...names: string[]): string | null {
  for (const name of names) {
    const texts = new Set(
      leavesOf(elements, name).flatMap(({ text }) => (BLANK.test(text) ? [] : [text.replace(/\s+/g, '')])),
    );
    if (texts.size > 1) {
      const what = `${name} comes ${texts.size} times with different values`;
      throw new HeituError('E_CALIBRATION_INVALID', { where: elements.where, what, element: name });
    }
    const [text] = texts;
    if (text !== undefined) return text;
  }
  return null;
}

/** The elements below every element of a local name: `BAND_B3`. */
export function within(elements: Elements, name: string): Elements {
  const wanted = name.toLowerCase();
  return { ...elements, leaves: elements.leaves.filter((leaf) => leaf.path.slice(0, -1).includes(wanted)) };
}

/** The elements that are not below any whose local name fits. */
export function outside(elements: Elements, name: RegExp): Elements {
  return {
    ...elements,
    leaves: elements.leaves.filter((leaf) => !leaf.path.slice(0, -1).some((one) => name.test(one))),
  };
}

const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i;

/** A decimal number as vendors print it; null for anything else (hexadecimal, infinity, two numbers). */
export function decimal(text: string): number | null {
  const trimmed = text.trim();
  const value = DECIMAL.test(trimmed) ? Number(trimmed) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

/** The number of the first of the names that has one. Throws E_META_INVALID for what is no number or out of bounds. */
export function numberOf(
  elements: Elements,
  names: readonly string[],
  min: number,
  max: number,
): number | null {
  for (const name of names) {
    const text = textOf(elements, name);
    if (text === null) continue;
    const value = decimal(text);
    if (value === null || value < min || value > max) {
      const what = `${name} = ${text.slice(0, 40)}, expected ${min} to ${max}`;
      throw new HeituError('E_META_INVALID', { where: elements.where, what, element: name });
    }
    return value;
  }
  return null;
}

/** A list of numbers, one a band, between commas or blanks. Throws E_CALIBRATION_INVALID for anything else in it. */
export function listOf(elements: Elements, name: string): number[] | null {
  const raw = singleText(elements, name);
  // `singleText` takes blanks out to compare; they may part the numbers.
  const text = raw === null ? null : (textOf(elements, name) ?? raw);
  if (text === null) return null;
  const items = text.includes(',') ? text.split(',') : text.split(/\s+/);
  const values = items.map(decimal);
  if (values.length > 64 || values.some((value) => value === null)) {
    const what = `${name} = ${text.slice(0, 80)}`;
    throw new HeituError('E_CALIBRATION_INVALID', { where: elements.where, what, element: name });
  }
  // The check above has sorted out null.
  return values as number[];
}
