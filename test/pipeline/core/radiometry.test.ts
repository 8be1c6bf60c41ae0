import { describe, expect, it } from 'vitest';
import { mayUse, PURPOSES, type Purpose } from '../../../pipeline/core/radiometry.ts';

const ALL = Object.keys(PURPOSES) as Purpose[];

describe('what numbers may be used for', () => {
  it('is everything when they are calibrated, or brought to Sentinel-2', () => {
    for (const purpose of ALL) {
      expect(mayUse('absolute', purpose), purpose).toBe(true);
      expect(mayUse('s2_anchored', purpose), purpose).toBe(true);
    }
  });

  it('is ranks, one map and its own classes when they are relative (METHODS 13.1), never another date', () => {
    expect(ALL.filter((purpose) => mayUse('relative', purpose))).toEqual([
      'within_scene_rank',
      'index_map',
      'classification',
    ]);
  });

  it('is ranks inside one image when nothing is known of them', () => {
    expect(ALL.filter((purpose) => mayUse('none', purpose))).toEqual(['within_scene_rank']);
  });

  it('has words in both languages', () => {
    for (const { title } of Object.values(PURPOSES)) expect([title.zh, title.en].every(Boolean)).toBe(true);
  });
});
