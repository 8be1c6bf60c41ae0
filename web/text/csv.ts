import type { Series } from '../client.ts';

/** The series as CSV (RFC 4180, with a BOM because Excel otherwise reads Chinese wrongly). */
export function csvOf(answer: Series): string {
  const head = [
    'place',
    'name',
    'product',
    'statistic',
    'date',
    'datetime',
    'scene',
    'status',
    'value',
    'low',
    'high',
    'pixel_count',
    'clear_fraction',
  ];
  const lines = answer.points.map((p) => [
    answer.place.id,
    answer.place.name ?? '',
    answer.product,
    answer.statistic,
    p.date,
    p.datetime,
    p.scene,
    p.status,
    p.value ?? '',
    p.low ?? '',
    p.high ?? '',
    p.pixelCount,
    p.clearFraction,
  ]);
  return `\ufeff${[head, ...lines].map((line) => line.map(csvCell).join(',')).join('\r\n')}\r\n`;
}

/** A text that a spreadsheet would run as a formula gets a leading apostrophe; numbers pass as they are. */
function csvCell(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
