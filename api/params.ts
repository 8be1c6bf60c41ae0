import { z } from 'zod';
import { HeituError } from '../pipeline/core/error.ts';
import type { Bbox } from '../pipeline/core/grid.ts';
import { beijingDay, type Instant, isCalendarDate, isInstant } from '../pipeline/core/time.ts';
import { isProductId, PRODUCTS, type ProductId } from '../pipeline/products/table.ts';
import { type Expression, MAX_OPERATIONS, parseExpression } from '../pipeline/read/expression.ts';
import { VERDICTS } from '../pipeline/store/delivery.ts';
import { RAMPS, type RampName } from './ramps.ts';

/** A parameter on the wire: its OpenAPI schema, and its form in a few signs that need no translation. */
export interface Parameter {
  readonly form: string;
  readonly description: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export const PARAMETERS = z.registry<Parameter>();

function parameter<T extends z.ZodType>(row: Parameter, schema: T): T {
  PARAMETERS.add(schema, row);
  return schema;
}

/** A schema that reads a text of at most 300 characters; null from `read` means that it is not of the form. */
function reading<T>(read: (text: string) => T | null) {
  return z
    .string()
    .max(300)
    .transform((text, context): T => {
      const value = read(text);
      if (value !== null) return value;
      context.issues.push({ code: 'custom', input: text });
      return z.NEVER;
    });
}

/** A whole number written with digits only; `1e3`, `0x10`, ` 5` and the empty text are refused. */
function wholeOf(text: string): number | null {
  return /^-?\d{1,9}$/.test(text) ? Number(text) : null;
}

/** A decimal number as C and JavaScript print it. */
function decimalOf(text: string): number | null {
  const value =
    text.length <= 40 && /^-?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : null;
}

function within<T extends number>(value: T | null, min: number, max: number): T | null {
  return value !== null && value >= min && value <= max ? value : null;
}

function dayOf(text: string): string | null {
  const match = /^([12]\d{3})-(\d{2})-(\d{2})$/.exec(text);
  return match !== null && isCalendarDate(Number(match[1]), Number(match[2]), Number(match[3])) ? text : null;
}

/** Ids come from other people's files: any printable text of bounded length. */
const idText = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => !/\p{Cc}|\p{Cs}/u.test(text));

export const id = parameter(
  {
    form: '1…200 characters',
    description: 'id as the collection lists it',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  },
  idText,
);

export const collectionId = parameter(
  {
    form: '1…200 characters',
    description: 'image collection, as /v1/workspace lists it',
    schema: { type: 'string', minLength: 1, maxLength: 200 },
  },
  idText,
);

export const date = parameter(
  { form: 'YYYY-MM-DD', description: 'Beijing calendar day', schema: { type: 'string', format: 'date' } },
  reading(dayOf),
);

/** The id of a product; E_PRODUCT_UNKNOWN with the known ones for anything else. */
export const productId = parameter(
  {
    form: Object.keys(PRODUCTS).join(' | '),
    description: 'product, as /v1/products lists it',
    schema: { type: 'string', enum: Object.keys(PRODUCTS) },
  },
  z.string().transform((text): ProductId => {
    if (isProductId(text)) return text;
    throw new HeituError('E_PRODUCT_UNKNOWN', { what: text, where: Object.keys(PRODUCTS).join(', ') });
  }),
);

/** Name of the picture in natural colours beside the products. */
export const TRUE_COLOR = 'TRUE_COLOR';
const PICTURES = [...Object.keys(PRODUCTS), TRUE_COLOR];

/** What a map can show: a product, or the true colour picture. */
export const pictureId = parameter(
  {
    form: PICTURES.join(' | '),
    description: 'product, or TRUE_COLOR',
    schema: { type: 'string', enum: PICTURES },
  },
  z.string().transform((text): ProductId | typeof TRUE_COLOR => {
    if (text === TRUE_COLOR || isProductId(text)) return text;
    throw new HeituError('E_PRODUCT_UNKNOWN', { what: text, where: PICTURES.join(', ') });
  }),
);

/** Longest expression; longer ones are no arithmetic over a handful of products. */
const LONGEST_EXPRESSION = 1000;

/** An expression that was read, and its text, by which pictures of it are told apart. */
export interface Asked {
  readonly text: string;
  readonly expression: Expression;
}

/** Arithmetic over products; E_FORMULA_SYNTAX with the column for anything else. */
export const expression = parameter(
  {
    form: '(NDVI - EVI2)/(NDVI + EVI2)',
    description: `arithmetic over products of /v1/products: numbers, + - * / **, brackets, sqrt, tanh, exp, log, abs, min, max; at most ${LONGEST_EXPRESSION} characters and ${MAX_OPERATIONS} operations. Write + as %2B in an address`,
    schema: { type: 'string', minLength: 1, maxLength: LONGEST_EXPRESSION },
  },
  z
    .string()
    .max(LONGEST_EXPRESSION)
    .transform((text): Asked => ({ text, expression: parseExpression(text, Object.keys(PRODUCTS)) })),
);

export const rampName = parameter(
  {
    form: Object.keys(RAMPS).join(' | '),
    description: 'colours from the low end to the high one; vegetation when not given',
    schema: { type: 'string', enum: Object.keys(RAMPS), default: 'vegetation' },
  },
  // The table's keys are the names.
  z.enum(Object.keys(RAMPS) as [RampName, ...RampName[]]),
);

/** Values of colours: any number that a float32 can tell from others. */
export const colorEnd = parameter(
  { form: 'a number', description: 'value of the first or last colour', schema: { type: 'number' } },
  reading((text) => within(decimalOf(text), -1e6, 1e6)),
);

/** The two ends of the colours; E_PARAMETER_INVALID unless the second is the larger one. */
export function colorEnds(min: number | undefined, max: number | undefined): readonly [number, number] {
  const [low, high] = [min ?? -1, max ?? 1];
  if (high - low >= 1e-6) return [low, high];
  throw invalid('max', high, `> min (${low})`);
}

export const statistic = parameter(
  {
    form: 'mean | …',
    description: 'one of the statistics the product keeps; its first when not given',
    schema: { type: 'string' },
  },
  z.string().max(40),
);

/** The statistic asked for, or the product's first; E_PARAMETER_INVALID when the product does not keep it. */
export function statisticOf(product: ProductId, asked: string | undefined): string {
  const kept: readonly string[] = PRODUCTS[product].statistics;
  const name = asked ?? kept[0]!;
  if (kept.includes(name)) return name;
  throw invalid('statistic', name, kept.join(' | '));
}

export const layer = parameter(
  {
    form: 'parcels | stands',
    description: 'parcels when not given',
    schema: { type: 'string', enum: ['parcels', 'stands'], default: 'parcels' },
  },
  z.enum(['parcels', 'stands']),
);

export const longitude = parameter(
  { form: '-180…180', description: 'degrees east', schema: { type: 'number', minimum: -180, maximum: 180 } },
  reading((text) => within(decimalOf(text), -180, 180)),
);

export const latitude = parameter(
  { form: '-90…90', description: 'degrees north', schema: { type: 'number', minimum: -90, maximum: 90 } },
  reading((text) => within(decimalOf(text), -90, 90)),
);

/** Most features of one page. */
export const LIMIT = { default: 100, max: 10_000 } as const;

/** Page size. More than the maximum means the maximum (OGC 17-069r4, /req/core/fc-limit-response-1). */
export const limit = parameter(
  {
    form: `1…${LIMIT.max}`,
    description: 'most features in the answer',
    schema: { type: 'integer', minimum: 1, maximum: LIMIT.max, default: LIMIT.default },
  },
  reading((text) => within(wholeOf(text), 1, Number.MAX_SAFE_INTEGER)).transform((value) =>
    Math.min(value, LIMIT.max),
  ),
);

export const offset = parameter(
  {
    form: '0…1000000',
    description: 'features to leave out first',
    schema: { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 },
  },
  reading((text) => within(wholeOf(text), 0, 1_000_000)),
);

/**
 * Box of 4 numbers, or 6 with heights, which are left aside. `170,40,-170,50` crosses the antimeridian (RFC 7946,
 * 5.2).
 */
export const bbox = parameter(
  {
    form: 'west,south,east,north',
    description: 'degrees, 4 numbers or 6 with heights; west > east crosses the antimeridian',
    schema: {
      type: 'array',
      oneOf: [
        { minItems: 4, maxItems: 4 },
        { minItems: 6, maxItems: 6 },
      ],
      items: { type: 'number' },
    },
  },
  reading(bboxOf),
);

function bboxOf(text: string): Bbox | null {
  const parts = text.split(',');
  const corners =
    parts.length === 4 ? parts : parts.length === 6 ? [parts[0]!, parts[1]!, parts[3]!, parts[4]!] : [];
  const [west, south, east, north] = corners.map(decimalOf);
  if (
    west == null ||
    south == null ||
    east == null ||
    north == null ||
    parts.some((part) => decimalOf(part) === null)
  )
    return null;
  const isInside =
    Math.abs(west) <= 180 && Math.abs(east) <= 180 && south >= -90 && north <= 90 && south <= north;
  return isInside ? [west, south, east, north] : null;
}

/** A span of time, both ends inside; null is open. */
export interface Interval {
  readonly from: Instant | null;
  readonly to: Instant | null;
}

/**
 * Instant or interval as in OGC API Features: `2024-07-01T02:30:00Z`, `2024-07-01/2024-07-31`, `../2024-07-31`,
 * `2024-07-01/`. A day without time is a Beijing day, from its first to its last millisecond.
 */
export const datetime = parameter(
  {
    form: 'T | T/T | ../T | T/..',
    description: 'RFC 3339 instant or interval with open ends; a date without time is a Beijing day',
    schema: { type: 'string' },
  },
  reading(intervalOf),
);

function intervalOf(text: string): Interval | null {
  const parts = text.split('/');
  if (parts.length === 1) return momentOf(parts[0]!);
  const [start, end] = parts.map((part) => (part === '..' || part === '' ? OPEN : momentOf(part)));
  if (parts.length !== 2 || !start || !end || (start === OPEN && end === OPEN)) return null;
  const isOrdered = start.from === null || end.to === null || start.from <= end.to;
  return isOrdered ? { from: start.from, to: end.to } : null;
}

const OPEN: Interval = { from: null, to: null };

function momentOf(text: string): Interval | null {
  if (dayOf(text) !== null) {
    const [from, next] = beijingDay(text);
    return { from, to: new Date(Date.parse(next) - 1).toISOString() };
  }
  if (!/^[12]\d{3}-/.test(text) || !isInstant(text)) return null;
  const exact = new Date(text).toISOString();
  return { from: exact, to: exact };
}

/** What became of a delivery. */
export const verdict = parameter(
  {
    form: VERDICTS.join(' | '),
    description: 'only deliveries with this verdict',
    schema: { type: 'string', enum: [...VERDICTS] },
  },
  z.enum(VERDICTS),
);

/** Deepest zoom there are tiles for: pixels of 3.7 cm at the equator. */
const MAX_ZOOM = 22;

function tileNumber(description: string) {
  return parameter({ form: '0…', description, schema: { type: 'integer', minimum: 0 } }, reading(wholeOf));
}

export const zoom = tileNumber(`zoom level, 0 to ${MAX_ZOOM}`);
export const column = tileNumber('column, from the west');
export const row = tileNumber('row, from the north');

/** Throws E_NOT_FOUND unless the tile is one of the Web-Mercator pyramid. */
export function checkTile({ z, x, y }: { readonly z: number; readonly x: number; readonly y: number }): void {
  const isThere = z >= 0 && z <= MAX_ZOOM && x >= 0 && y >= 0 && x < 2 ** z && y < 2 ** z;
  if (!isThere)
    throw new HeituError('E_NOT_FOUND', {
      what: `${z}/${x}/${y}`,
      where: `0/0/0 … ${MAX_ZOOM}/${2 ** MAX_ZOOM - 1}/${2 ** MAX_ZOOM - 1}`,
    });
}

/** The formats an address has; `f` wins over the Accept header. */
export function format<const F extends readonly [string, ...string[]]>(formats: F) {
  return parameter(
    {
      form: formats.join(' | '),
      description: 'format of the answer',
      schema: { type: 'string', enum: [...formats] },
    },
    z.enum(formats),
  );
}

/** Reads raw text parameters; throws E_PARAMETER_UNKNOWN or E_PARAMETER_INVALID naming the first bad one. */
export function parse<T extends z.ZodObject>(schema: T, raw: Readonly<Record<string, unknown>>): z.output<T> {
  const known = Object.keys(schema.shape);
  const unknown = Object.keys(raw).find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new HeituError('E_PARAMETER_UNKNOWN', { what: unknown, where: known.join(', ') || '∅' });
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const name = String(result.error.issues[0]?.path[0] ?? '');
  throw invalid(name, raw[name], formOf(schema, name));
}

function invalid(name: string, given: unknown, form: string): HeituError {
  // A repeated parameter comes as a list.
  const shown = Array.isArray(given) ? `${given.length}×` : JSON.stringify(String(given ?? '').slice(0, 80));
  return new HeituError('E_PARAMETER_INVALID', { where: name, what: `${shown} (${form})` });
}

function formOf(schema: z.ZodObject, name: string): string {
  const field = schema.shape[name];
  return field === undefined ? '' : (describe(field)?.form ?? '');
}

/** The description of a parameter, also under `.optional()` and `.default()`. */
export function describe(field: z.core.$ZodType): Parameter | undefined {
  if (field instanceof z.ZodOptional || field instanceof z.ZodDefault) return describe(field.def.innerType);
  return PARAMETERS.get(field);
}
