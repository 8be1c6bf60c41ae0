import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { every, sql } from '../../../pipeline/store/sql.ts';

describe('a statement', () => {
  it('keeps its values apart from its text', () => {
    const statement = sql`SELECT id FROM place WHERE code = ${"'; DROP TABLE place; --"} AND area_m2 > ${5}`;
    expect(statement.text).toBe('SELECT id FROM place WHERE code = $1 AND area_m2 > $2');
    expect(statement.values).toEqual(["'; DROP TABLE place; --", 5]);
  });

  it('takes in parts of a statement and counts its parameters through', () => {
    const part = every([sql`a = ${1}`, null, sql`b = ${2}`]);
    const statement = sql`SELECT ${0} WHERE ${part} LIMIT ${3}`;
    expect(statement.text).toBe('SELECT $1 WHERE true AND a = $2 AND b = $3 LIMIT $4');
    expect(statement.values).toEqual([0, 1, 2, 3]);
  });

  it('takes an object from outside that looks like a part as a value', () => {
    const forged = { text: '1; DROP TABLE place', values: [], pieces: ['1; DROP TABLE place'] };
    expect(sql`SELECT ${forged}`.text).toBe('SELECT $1');
  });
});

describe('the store', () => {
  it('writes every statement with the sql tag: no SQL is put together from text', () => {
    const folder = fileURLToPath(new URL('../../../pipeline/store/', import.meta.url));
    const words = /\b(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|WHERE|ORDER BY)\b/;
    const wrong = readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => {
        const code = readFileSync(`${folder}${name}`, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
        // Innermost first: what stands in a sql template, nested ones included, is allowed.
        let left = code;
        for (let before = ''; before !== left; ) {
          before = left;
          left = left.replace(/sql`(?:(?!sql`)[^`])*`/g, 'TAGGED');
        }
        return left
          .split('\n')
          .filter((line) => words.test(line))
          .map((line) => `${name}: ${line.trim()}`);
      });
    expect(wrong).toEqual([]);
  });
});
