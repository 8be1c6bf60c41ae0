import { describe, expect, it } from 'vitest';
import { csvCell } from '../../../pipeline/commands/csv.ts';

describe('CSV cells', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-cmd', "'-cmd"],
    ['+86 431', "'+86 431"],
    ['-0.5', '-0.5'],
    ['三合村, "12组"', '"三合村, ""12组"""'],
    ['two\nlines', '"two\nlines"'],
    ['', ''],
  ])('write %s as %s, so that a spreadsheet runs nothing', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it('leave numbers as they are and nothing as nothing', () => {
    expect(csvCell(-0.25)).toBe('-0.25');
    expect(csvCell(null)).toBe('');
    expect(csvCell(undefined)).toBe('');
  });
});
