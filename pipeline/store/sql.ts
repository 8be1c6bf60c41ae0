/** One statement as the driver takes it: text with `$1 …`, and the values apart from it. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** A statement, or a part of one that can stand inside another. */
export interface Sql extends Statement {
  /** Text around the values: one piece more than there are values. */
  readonly pieces: readonly string[];
}

/** Runs one statement and gives its rows. */
export type Query = <T>(statement: Statement) => Promise<T[]>;

/** Only what `sql` itself made is spliced as text; an object from outside that looks alike stays a value. */
const MADE = new WeakSet<object>();

/**
 * SQL with its values as parameters; parts made by `sql` are spliced in.
 * ``sql`SELECT id FROM place WHERE code = ${code}` `` has the text `SELECT id FROM place WHERE code = $1`.
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  const pieces: string[] = [strings[0] ?? ''];
  const values: unknown[] = [];
  const append = (text: string) => {
    pieces[pieces.length - 1] += text;
  };
  for (const [i, part] of parts.entries()) {
    if (isSql(part)) {
      append(part.pieces[0]!);
      for (const [k, value] of part.values.entries()) {
        values.push(value);
        pieces.push(part.pieces[k + 1]!);
      }
    } else {
      values.push(part);
      pieces.push('');
    }
    append(strings[i + 1]!);
  }
  const text = pieces.reduce((all, piece, i) => (i === 0 ? piece : `${all}$${i}${piece}`), '');
  const made: Sql = { text, values, pieces };
  MADE.add(made);
  return made;
}

function isSql(part: unknown): part is Sql {
  return typeof part === 'object' && part !== null && MADE.has(part);
}

/** Conditions that must all hold; `true` when there are none. */
export function every(conditions: readonly (Sql | null)[]): Sql {
  return conditions.reduce<Sql>((all, one) => (one === null ? all : sql`${all} AND ${one}`), sql`true`);
}
