import { HeituError } from '../core/error.ts';

/** A table read from text: names of the columns and the cells of every row as they were written. */
export interface Table {
  /** What messages call it. */
  readonly where: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** More than any season's plots or points; a file beyond it is not a table of truth. */
const MOST_ROWS = 5_000_000;

/**
 * Reads CSV (RFC 4180; comma, semicolon or tab, whichever the header holds most of), with or without a byte order mark.
 * Throws E_TABLE_INVALID for no rows, two columns of one name, and rows of other length than the header, with the line.
 * `readTable('id,y\n1,7.5\n', 'plots.csv').rows` is `[['1', '7.5']]`.
 */
export function readTable(text: string, where: string): Table {
  const body = text.replace(/^\ufeff/, '');
  const first = /^[^\r\n]*/.exec(body)![0];
  const delimiter = [',', ';', '\t'].sort((a, b) => first.split(b).length - first.split(a).length)[0]!;
  const [header, ...rows] = splitRows(body, delimiter, where);
  if (header === undefined || rows.length === 0) throw invalid(where, 'no rows under a header');
  const names = header.map((name) => name.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(where, `two columns named ${twice}`);
  rows.forEach((row, i) => {
    if (row.length !== names.length)
      throw invalid(where, `row ${i + 2} has ${row.length} cells, the header ${names.length}`);
  });
  return { where, header: names, rows };
}

function splitRows(text: string, delimiter: string, where: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [cell, next] = readCell(text, at, delimiter, where, rows.length + 1);
    row.push(cell);
    at = next;
    if (text[at] === delimiter) {
      at++;
      if (at < text.length) continue;
      row.push('');
    }
    if (text[at] === '\r') at++;
    if (text[at] === '\n') at++;
    // Blank lines separate nothing.
    if (row.length > 1 || row[0] !== '') rows.push(row);
    if (rows.length > MOST_ROWS) throw invalid(where, `over ${MOST_ROWS} rows`);
    row = [];
  }
  return rows;
}

function readCell(
  text: string,
  at: number,
  delimiter: string,
  where: string,
  line: number,
): [string, number] {
  if (text[at] !== '"') {
    let end = at;
    while (end < text.length && text[end] !== delimiter && text[end] !== '\n' && text[end] !== '\r') end++;
    return [text.slice(at, end), end];
  }
  let cell = '';
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== '"') cell += text[i];
    else if (text[i + 1] === '"') {
      cell += '"';
      i++;
    } else return [cell, i + 1];
  }
  throw invalid(where, `row ${line}: a quote is not closed`);
}

/** Place of a column, or E_TABLE_INVALID naming it and what there is. */
export function columnIndex(table: Table, name: string): number {
  const index = table.header.indexOf(name);
  if (index < 0)
    throw invalid(table.where, `no column ${name} (there are: ${table.header.slice(0, 20).join(', ')})`);
  return index;
}

/** Names of the columns a list asks for; `NDVI*` stands for all that start so. Throws E_TABLE_INVALID for none. */
export function columnsLike(table: Table, patterns: readonly string[]): string[] {
  const found = patterns.flatMap((pattern) => {
    if (!pattern.endsWith('*')) return [table.header[columnIndex(table, pattern)]!];
    const matching = table.header.filter((name) => name.startsWith(pattern.slice(0, -1)));
    if (matching.length === 0) throw invalid(table.where, `no column matches ${pattern}`);
    return matching;
  });
  return [...new Set(found)];
}

/** A cell as a number; NaN for an empty one and for the usual words for none. Throws E_TABLE_INVALID for other text. */
export function numberOf(table: Table, row: number, column: number): number {
  const text = table.rows[row]![column]!.trim();
  if (text === '' || /^(na|nan|null|-)$/i.test(text)) return Number.NaN;
  const value = Number(text);
  if (!Number.isFinite(value))
    throw invalid(table.where, `row ${row + 2}, ${table.header[column]}: ${text} is not a number`);
  return value;
}

export function invalid(where: string, what: string): HeituError {
  return new HeituError('E_TABLE_INVALID', { where, what });
}
