import { describe, expect, it } from 'vitest';
import { beijingDate, beijingDay, dayOfYear, fromBeijing, isInstant } from '../../../pipeline/core/time.ts';

describe('time', () => {
  it('stores a Beijing wall clock time eight hours earlier in UTC', () => {
    expect(fromBeijing(2021, 5, 26, 11, 4, 38)).toBe('2021-05-26T03:04:38.000Z');
    expect(fromBeijing(2024, 1, 1, 3)).toBe('2023-12-31T19:00:00.000Z');
  });

  it('shows an evening in UTC as the next day in Beijing', () => {
    expect(beijingDate('2021-05-26T18:00:00Z')).toBe('2021-05-27');
    expect(beijingDate('2021-05-26T15:59:59Z')).toBe('2021-05-26');
  });

  it('bounds a Beijing day by two instants that belong to it and to the next', () => {
    const [from, to] = beijingDay('2024-07-14');
    expect(beijingDate(from)).toBe('2024-07-14');
    expect(beijingDate(to)).toBe('2024-07-15');
    expect(Date.parse(to) - Date.parse(from)).toBe(86_400_000);
  });

  it('counts days of leap years', () => {
    expect(dayOfYear('2024-12-31T00:00:00Z')).toBe(366);
    expect(dayOfYear('2023-08-15T02:30:00Z')).toBe(227);
  });

  it.each(['2024-02-30T00:00:00Z', '2024-07-14', '2024-07-14T02:30:00', 'yesterday', '2024-13-01T00:00:00Z'])(
    'does not take %s for an instant',
    (text) => expect(isInstant(text)).toBe(false),
  );

  it.each(['2024-02-29T00:00:00Z', '2024-07-14T10:30:00.5+08:00'])('takes %s for an instant', (text) =>
    expect(isInstant(text)).toBe(true),
  );
});
