import { HeituError } from '../core/error.ts';
import { bandsOf, MAX_LENGTH, parseFormula } from '../kernels/formula.ts';
import { lower } from '../kernels/program.ts';
import { isBandCode } from '../sensors/bands.ts';
import { NODATA_COUNT } from './compute.ts';
import type { StoredIndex } from './stored.ts';
import { isIndexId } from './table.ts';

/** Most expressions of one call, so that its cost is bounded by what a person can type. */
export const MAX_EXPRESSIONS = 16;

/** How values are stored where nothing is said. */
const DEFAULT_SCALE = 0.0001;

/** Scales of int16 counts that make sense of reflectance arithmetic: from a millionth to a thousand. */
const SCALES = { min: 1e-6, max: 1000 };

/** Becomes part of a file name and a band description. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,31}$/;

const MAX_FLOAT = 3.4028234663852886e38;

/**
 * Reads indices that a person wrote down instead of naming one of the table: `NAME=FORMULA` or `NAME=FORMULA@STORAGE`, several separated by `;`. STORAGE is `float32`, or the scale of int16
 * counts (0.0001 when left out). The formula passes the same door as those of the table, and its bands are band codes.
 * Throws E_FORMULA_SYNTAX for what is wrong with a formula and E_PARAMETER_INVALID for the rest.
 * `parseExpressions('RGRI=R/G@0.001')` is one row over R and G, within ±32.767.
 */
export function parseExpressions(text: string): StoredIndex[] {
  if (text.length > MAX_EXPRESSIONS * (MAX_LENGTH + 64))
    throw refusal(`${text.length} characters are too many`);
  const parts = text.split(';', MAX_EXPRESSIONS + 1);
  if (parts.length > MAX_EXPRESSIONS) throw refusal(`more than ${MAX_EXPRESSIONS} expressions`);
  const rows = parts.map((part) => parseExpression(part));
  const names = rows.map((row) => row.id.toLowerCase());
  // Files of both names would be one file on some systems.
  const twice = rows.find((_, i) => names.indexOf(names[i]!) !== i);
  if (twice !== undefined) throw refusal(`${twice.id} is given twice`);
  return rows;
}

function parseExpression(text: string): StoredIndex {
  const equals = text.indexOf('=');
  if (equals < 0) throw refusal(`${excerpt(text)}: write it as NAME=(N-R)/(N+R)`);
  const name = text.slice(0, equals).trim();
  if (!NAME.test(name))
    throw refusal(`${excerpt(name)} is no name: a letter, then up to 31 letters, digits or _`);
  if (isIndexId(name))
    throw refusal(`${name} is an index of the table; ask for it by --index, or choose another name`);
  const [formula = '', storage, ...rest] = text
    .slice(equals + 1)
    .split('@', 3)
    .map((part) => part.trim());
  if (rest.length > 0) throw refusal(`${name} has more than one @`);
  const node = parseFormula(formula);
  // Refuses constants without a value now, and not in a worker at the first pixel.
  lower(node);
  const bands = bandsOf(node);
  const unknown = bands.find((band) => !isBandCode(band));
  if (unknown !== undefined) throw syntax(name, `there is no band ${unknown}`);
  if (bands.length === 0) throw syntax(name, 'it uses no band');
  return { id: name, formula, node, bands: bands.filter(isBandCode), ...storageOf(name, storage) };
}

function storageOf(
  name: string,
  text: string | undefined,
): Pick<StoredIndex, 'range' | 'scale' | 'dtype' | 'nodata'> {
  if (text === 'float32')
    return { dtype: 'float32', scale: 1, range: [-MAX_FLOAT, MAX_FLOAT], nodata: Number.NaN };
  const scale =
    text === undefined ? DEFAULT_SCALE : /^[\d.eE+-]{1,24}$/.test(text) ? Number(text) : Number.NaN;
  if (!(scale >= SCALES.min && scale <= SCALES.max))
    throw refusal(
      `${name} is stored as ${excerpt(text ?? '')}, expected float32 or a scale from ${SCALES.min} to ${SCALES.max}`,
    );
  return { dtype: 'int16', scale, range: [-32_767 * scale, 32_767 * scale], nodata: NODATA_COUNT };
}

function excerpt(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text || '(nothing)';
}

function refusal(what: string): HeituError {
  return new HeituError('E_PARAMETER_INVALID', { where: '--expression', what });
}

function syntax(where: string, what: string): HeituError {
  return new HeituError('E_FORMULA_SYNTAX', { where, what });
}
