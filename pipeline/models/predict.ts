import type { YieldCard } from './card.ts';
import { CLEAR_DATES, cropRow } from './crops.ts';
import { columnIndex, numberOf, type Table } from './csv.ts';
import { distanceFrom } from './domain.ts';
import { estimatorOf } from './validate.ts';

/** What an estimate may be. Only the first three carry a number. */
export const ESTIMATE_STATUS = {
  ok: { zh: '可用', en: 'usable' },
  early: { zh: '预估', en: 'forecast before the key window is over' },
  unreleased: { zh: '模型未达发布标准', en: 'the model misses a gate of its card' },
  uncalibrated: { zh: '未校准，仅相对等级', en: 'not calibrated: relative class only' },
  insufficient: { zh: '晴空观测不足', en: 'too few clear dates in the key window' },
  'missing-feature': { zh: '缺少指标', en: 'a feature is missing' },
  'outside-domain': { zh: '超出适用范围', en: 'outside the domain of the training rows' },
  'unknown-region': { zh: '该地区无历史产量', en: 'a region without history in the card' },
  'no-model': { zh: '该作物无模型', en: 'no model of this crop' },
  'weather-gap': { zh: '气象数据缺测', en: 'weather has gaps too long to fill' },
  implausible: { zh: '结果不合理', en: 'the result is no yield a field can have' },
} as const satisfies Record<string, { zh: string; en: string }>;

export type EstimateStatus = keyof typeof ESTIMATE_STATUS;

/** A yield with how sure it is, or why there is none. kg/ha at storage moisture. */
export interface Estimate {
  readonly id: string;
  readonly status: EstimateStatus;
  readonly value: number | null;
  /** Bounds that hold 80 and 90 % of new years; null where the card knows too few of them. */
  readonly low80: number | null;
  readonly high80: number | null;
  readonly low90: number | null;
  readonly high90: number | null;
  readonly reason: { readonly zh: string; readonly en: string };
}

/** What is known of a place besides its features. */
export interface Asked {
  readonly id: string;
  /** Crop that grows there; undefined: the card's. */
  readonly crop?: string | undefined;
  readonly region?: string | undefined;
  /** Clear dates in the key window; undefined where nobody counted. */
  readonly clearDates?: number | undefined;
  /** Day of the year of the last look; undefined: the season is over. */
  readonly lastDay?: number | undefined;
  readonly x: ArrayLike<number>;
}

/** How much wider an interval is before the key window is over (house). */
const EARLY_WIDER = 1.5;

/** A card as a function that estimates; what it cannot say has a status and a reason instead of a number. */
export function estimatesOf(card: YieldCard): (asked: Asked) => Estimate {
  const estimate = estimatorOf({ fitted: card.fitted, means: card.means });
  const crop = cropRow(card.crop);
  const failed = card.gates.filter(({ passed }) => !passed);
  return (asked) => {
    const { id, x } = asked;
    const no = (status: EstimateStatus, zh: string, en: string) => without(id, status, zh, en);
    if (asked.crop !== undefined && asked.crop !== card.crop) {
      const name = asked.crop === '' ? '?' : asked.crop;
      return no('no-model', `作物 ${name}，模型为 ${card.crop}`, `crop ${name}, the card is of ${card.crop}`);
    }
    if (asked.clearDates !== undefined && !(asked.clearDates >= CLEAR_DATES)) {
      const n = asked.clearDates;
      return no(
        'insufficient',
        `关键期晴空 ${n} 次，少于 ${CLEAR_DATES}`,
        `${n} clear dates, ${CLEAR_DATES} needed`,
      );
    }
    const missing = card.columns.findIndex((_, f) => !Number.isFinite(x[f]!));
    if (missing >= 0)
      return no('missing-feature', `缺少 ${card.columns[missing]}`, `no ${card.columns[missing]}`);
    const distance = distanceFrom(card.domain, x);
    if (!(distance <= card.domain.limit)) {
      const text = `${distance.toFixed(1)} > ${card.domain.limit.toFixed(1)}`;
      return no('outside-domain', `马氏距离² ${text}`, `Mahalanobis distance² ${text}`);
    }
    const value = estimate(asked.region ?? 'all', x);
    if (Number.isNaN(value) && card.means !== null)
      return no('unknown-region', `地区 ${asked.region ?? '?'}`, `region ${asked.region ?? '?'}`);
    const [least, most] = crop.sane;
    if (!(value >= least / 2 && value <= most * 1.25))
      return no('implausible', `${value.toFixed(0)} kg/ha`, `${value.toFixed(0)} kg/ha`);
    const isEarly = asked.lastDay !== undefined && asked.lastDay < crop.early;
    const wider = isEarly ? EARLY_WIDER : 1;
    const bound = (half: number | null, sign: number) =>
      half === null ? null : Math.max(0, value + sign * half * wider);
    const { half80, half90 } = card.interval;
    return {
      id,
      ...statusOf(failed, isEarly, asked.lastDay),
      value,
      low80: bound(half80, -1),
      high80: bound(half80, 1),
      low90: bound(half90, -1),
      high90: bound(half90, 1),
    };
  };
}

function statusOf(
  failed: YieldCard['gates'],
  isEarly: boolean,
  lastDay: number | undefined,
): Pick<Estimate, 'status' | 'reason'> {
  if (failed.length > 0)
    return {
      status: 'unreleased',
      reason: {
        zh: failed.map(({ what }) => what.zh).join('；'),
        en: failed.map(({ what }) => what.en).join('; '),
      },
    };
  if (isEarly)
    return {
      status: 'early',
      reason: { zh: `截至第 ${lastDay} 天`, en: `seen up to day ${lastDay} only: interval × ${EARLY_WIDER}` },
    };
  return { status: 'ok', reason: { zh: '', en: '' } };
}

/** An estimate without a number. */
export function without(id: string, status: EstimateStatus, zh: string, en: string): Estimate {
  const none = { value: null, low80: null, high80: null, low90: null, high90: null };
  return { id, status, ...none, reason: { zh, en } };
}

/**
 * What a table of features asks of a card: its columns by name, and where they are there `crop`, `clear_dates`,
 * `last_day` and the card's region column. Throws E_TABLE_INVALID for a table without the card's columns.
 */
export function askedOf(table: Table, card: YieldCard, idColumn: string | null): Asked[] {
  const at = card.columns.map((name) => columnIndex(table, name));
  const optional = (name: string | null) => (name === null ? -1 : table.header.indexOf(name));
  const [idAt, cropAt, clearAt, dayAt] = [idColumn, 'crop', 'clear_dates', 'last_day'].map(optional) as [
    number,
    number,
    number,
    number,
  ]; // four names, four places
  if (idColumn !== null) columnIndex(table, idColumn);
  const regionAt =
    card.region === null ? -1 : card.means === null ? optional(card.region) : columnIndex(table, card.region);
  const word = (cells: readonly string[], column: number) => (column < 0 ? undefined : cells[column]!.trim());
  const count = (row: number, column: number) => {
    const value = column < 0 ? Number.NaN : numberOf(table, row, column);
    return Number.isNaN(value) ? undefined : value;
  };
  return table.rows.map((cells, row) => ({
    id: word(cells, idAt) ?? String(row + 1),
    crop: word(cells, cropAt),
    region: word(cells, regionAt),
    // A column that counts and a cell that does not say: nobody looked, so none was clear.
    clearDates: clearAt < 0 ? undefined : (count(row, clearAt) ?? 0),
    lastDay: count(row, dayAt),
    x: Float64Array.from(at, (column) => numberOf(table, row, column)),
  }));
}
