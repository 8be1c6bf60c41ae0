import { describe, expect, it } from 'vitest';
import { timeTicks } from '../../web/time-axis.ts';

const between = (from: string, to: string, width: number, language: 'zh' | 'en' = 'en') =>
  timeTicks(Date.parse(from), Date.parse(to), width, language);

describe('a time axis', () => {
  it('names every month of a season', () => {
    expect(between('2024-05-02', '2024-09-27', 900, 'zh').map((tick) => tick.label)).toEqual([
      '6月',
      '7月',
      '8月',
      '9月',
    ]);
  });

  it('names the year at January when it spans more than one', () => {
    expect(between('2023-11-20', '2024-02-01', 600).map((tick) => tick.label)).toEqual([
      'Dec',
      '2024',
      'Feb',
    ]);
  });

  it.each([200, 400, 900, 2000])('leaves every label its room over eight years on %d pixels', (width) => {
    const [from, to] = [Date.parse('2010-06-25'), Date.parse('2018-07-20')];
    const ticks = between('2010-06-25', '2018-07-20', width);
    expect(ticks.length).toBeGreaterThan(1);
    for (let i = 1; i < ticks.length; i++) {
      expect(((ticks[i]!.at - ticks[i - 1]!.at) / (to - from)) * width).toBeGreaterThan(36);
    }
  });
});
