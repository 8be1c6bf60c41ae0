import { HeituError } from '../core/error.ts';
import { isCalendarDate } from '../core/time.ts';
import type { SeasonAsked } from '../jobs/season.ts';
import { INDEX_PRODUCTS, type IndexProductId, isIndexProductId } from '../products/table.ts';
import { type Call, type OptionRow, WORKSPACE_OPTIONS } from './command.ts';

/** Options of every season product. */
export const SEASON_OPTIONS = {
  from: {
    kind: 'value',
    value: 'DATE',
    help: { zh: '起始日期（北京时间）', en: 'first day, Beijing calendar' },
  },
  to: { kind: 'value', value: 'DATE', help: { zh: '截止日期（同一年）', en: 'last day, of the same year' } },
  region: {
    kind: 'value',
    value: 'CODE',
    help: {
      zh: '只算该行政区（代码或其前几位）',
      en: 'parcels of this region only: its code, or the beginning of one',
    },
  },
  product: {
    kind: 'value',
    value: 'ID',
    help: { zh: '所用指数产品（默认 NDVI）', en: 'index product that is looked at (default NDVI)' },
  },
  collection: {
    kind: 'value',
    value: 'ID',
    help: { zh: '只用该影像集（默认全部）', en: 'imagery of this collection only (default: all)' },
  },
  csv: {
    kind: 'value',
    value: 'FILE',
    help: { zh: '逐地块结果写入 CSV', en: 'write a row a parcel as CSV' },
  },
  ...WORKSPACE_OPTIONS,
} as const satisfies Record<string, OptionRow>;

/** What the options ask for. Throws E_USAGE without a span, E_PARAMETER_INVALID and E_PRODUCT_UNKNOWN for what is none. */
export function seasonAsked(call: Call, verb: string): SeasonAsked {
  return {
    from: dateOption(call, 'from', verb),
    to: dateOption(call, 'to', verb),
    region: call.value('region') ?? null,
    product: productOption(call),
    collection: call.value('collection') ?? null,
  };
}

function dateOption(call: Call, name: 'from' | 'to', verb: string): string {
  const text = call.value(name);
  if (text === undefined) throw new HeituError('E_USAGE', { what: `--${name} is missing`, where: verb });
  const [year, month, day] = text.split('-').map(Number);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text) || !isCalendarDate(year!, month!, day!))
    // the pattern has three parts
    throw new HeituError('E_PARAMETER_INVALID', { where: `--${name}`, what: `${text}, expected 2024-08-15` });
  return text;
}

function productOption(call: Call): IndexProductId {
  const id = call.value('product') ?? 'NDVI';
  if (!isIndexProductId(id))
    throw new HeituError('E_PRODUCT_UNKNOWN', { what: id, where: Object.keys(INDEX_PRODUCTS).join(', ') });
  return id;
}

/** Square metres of one 亩. */
export const MU_M2 = 2000 / 3;

/** Columns of a table for people, padded so that they stand under each other; Han characters are two wide. */
export function tableText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [header, ...rows];
  // Names and sentences begin on the left, figures end on the right.
  const isText = header.map((_, i) => rows.every((row) => !/^[−–-]?\d|^–$/.test(row[i] ?? '')));
  const widths = header.map((_, i) => Math.max(...all.map((row) => widthOf(row[i] ?? ''))));
  return all
    .map((row) =>
      row
        .map((cell, i) => {
          const pad = ' '.repeat(widths[i]! - widthOf(cell));
          return isText[i] ? cell + pad : pad + cell;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function widthOf(text: string): number {
  return [...text].reduce((sum, letter) => sum + (/[\u2e80-\u9fff\uff00-\uffef]/.test(letter) ? 2 : 1), 0);
}
