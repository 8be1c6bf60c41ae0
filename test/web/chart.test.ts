import { describe, expect, it } from 'vitest';
import { radiusOf, runsOf } from '../../web/chart.tsx';
import type { SeriesPoint } from '../../web/client.ts';

function point(date: string, value: number | null, clearFraction = 1): SeriesPoint {
  const status = value === null ? 'insufficient' : 'ok';
  const rest = { collection: 'c', scene: 's', run: 'r', low: null, high: null, pixelCount: 10, reason: null };
  return { ...rest, date, datetime: `${date}T02:30:00Z`, status, value, clearFraction };
}

describe('the season curve', () => {
  it('breaks at a date that was too cloudy and joins nothing across it', () => {
    const points = [
      point('2024-06-01', 0.3),
      point('2024-06-11', 0.4),
      point('2024-06-21', null, 0.2),
      point('2024-07-01', 0.6),
      point('2024-07-11', null, 0.1),
      point('2024-07-21', null, 0.1),
      point('2024-08-01', 0.8),
    ];
    expect(runsOf(points).map((run) => run.map((one) => one.date))).toEqual([
      ['2024-06-01', '2024-06-11'],
      ['2024-07-01'],
      ['2024-08-01'],
    ]);
  });

  it('of nothing but cloud draws no line', () => {
    expect(runsOf([point('2024-06-01', null, 0.1)])).toEqual([]);
  });

  it('gives a point an area in proportion to its clear share', () => {
    expect(radiusOf(1) ** 2 / radiusOf(0.5) ** 2).toBeCloseTo(2, 10);
    expect(radiusOf(0)).toBeGreaterThan(1);
  });
});
