import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { decodeLoosely } from '../ingest/text.ts';
import { sha256 } from '../models/card.ts';
import { readTable, type Table } from '../models/csv.ts';
import { csvCell } from './csv.ts';

/** A text file with the checksum of its bytes. */
export interface TextFile {
  readonly name: string;
  readonly text: string;
  readonly sha256: string;
}

/** Reads a text file: UTF-8, else GBK, which Chinese spreadsheets save. Throws E_FILE_MISSING. */
export async function readText(path: string): Promise<TextFile> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new HeituError('E_FILE_MISSING', { what: path, cause });
  });
  return { name: basename(path), text: decodeLoosely(bytes, path), sha256: sha256(bytes) };
}

/** Reads a CSV file as a table. */
export async function readTableFile(path: string): Promise<{ table: Table; file: TextFile }> {
  const file = await readText(path);
  return { table: readTable(file.text, file.name), file };
}

/** Rows of cells under a header as CSV. */
export function csvText(header: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return `${[header, ...rows].map((row) => row.map(csvCell).join(',')).join('\n')}\n`;
}

/** `a,b` as [a, b], or null; E_PARAMETER_INVALID for anything else. */
export function pairOption(text: string | undefined, name: string): readonly [string, string] | null {
  if (text === undefined) return null;
  const [first, second, ...others] = text.split(',').map((part) => part.trim());
  if (!first || !second || others.length > 0)
    throw new HeituError('E_PARAMETER_INVALID', {
      where: `--${name}`,
      what: `${text}, expected two names: lon,lat`,
    });
  return [first, second];
}

/** A number in a table for people: four digits that count. */
export function short(value: number | null | undefined, digits = 3): string {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits);
}
