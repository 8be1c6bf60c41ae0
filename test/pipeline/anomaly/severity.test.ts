import { describe, expect, it } from 'vitest';
import { CAUSES, type PatchFacts, rankCauses, verdictOf } from '../../../pipeline/anomaly/causes.ts';
import {
  DISASTER_RULES,
  isDisaster,
  leafLossOf,
  SEVERITY_RULES,
  severityOf,
} from '../../../pipeline/anomaly/severity.ts';
import { VISIT } from '../../../pipeline/anomaly/words.ts';

/** A patch within a maize field in August that fell where its neighbours did not. */
const PATCH: PatchFacts = {
  host: 'maize',
  kind: 'crop',
  dayOfYear: 225,
  ndvi: 0.55,
  ndwi: -0.5,
  nir: 0.3,
  drop: -0.2,
  groupDrop: -0.01,
  ngrdiDrop: -0.15,
  change: { blue: 0.1, green: 0.05, red: 0.4, nir: -0.2 },
  core: 0.6,
  elongation: 1.2,
  edgeShare: 0.2,
  fieldShare: 0.3,
  othersBeside: null,
  cloudShare: 0,
  hostProbability: null,
  sightings: 1,
  growth: null,
  weather: { rain: null, hailOrFrost: null },
};

const top = (change: Partial<PatchFacts>) => {
  const ranked = rankCauses({ ...PATCH, ...change });
  return [ranked[0]!.cause, verdictOf(ranked)];
};

describe('severity', () => {
  it.each([
    ['crop', 0.05, 'none'],
    ['crop', 0.1, 'light'],
    ['crop', 0.299, 'light'],
    ['crop', 0.3, 'medium'],
    ['crop', 0.6, 'heavy'],
    ['forest', 0.19, 'none'],
    ['forest', 0.25, 'light'],
    ['forest', 0.59, 'medium'],
    ['forest', 0.6, 'heavy'],
  ] as const)('of %s with leaf loss %f is %s', (kind, loss, severity) => {
    expect(severityOf(loss, kind).severity).toBe(severity);
  });

  it('names its standard and version, and says where the cuts are of this house', () => {
    for (const rule of Object.values(SEVERITY_RULES)) {
      expect(rule.standard.length).toBeGreaterThan(10);
      expect(rule.version).toMatch(/^severity-\d{4}\.\d+$/);
      expect(rule.isHouse).toBe(true);
    }
    expect(SEVERITY_RULES.forest.disaster.standard).toContain('LY/T 1663-2006');
  });

  it('tells 成灾 of forest from LY/T 1663-2006, and never of a crop from an image', () => {
    expect(severityOf(0.61, 'forest').isDisaster).toBe(true);
    expect(severityOf(0.59, 'forest').isDisaster).toBe(false);
    expect(severityOf(0.9, 'crop').isDisaster).toBeNull();
  });

  it('takes leaf loss from the leaf areas that MTVI2 stands for', () => {
    // Python: f = lambda m: .2227 * math.exp(3.6566 * m); 1 - f(.3) / f(.5).
    expect(leafLossOf(0.3, 0.5)).toBeCloseTo(0.5187267101222728, 12);
    expect(leafLossOf(0.6, 0.5)).toBe(0);
  });

  it('applies the criteria of 2012 to what a visit found', () => {
    const nothing = { leafLoss: null, affected: null, dead: null };
    expect(isDisaster('pine-wilt', { ...nothing, affected: 0.001 })).toBe(true);
    expect(isDisaster('pine-wilt', { ...nothing, affected: 0 })).toBe(false);
    expect(isDisaster('pine-wilt', nothing)).toBeNull();
    expect(isDisaster('leaf', { leafLoss: 0.6, affected: null, dead: null })).toBe(true);
    expect(isDisaster('leaf', { leafLoss: 0.5, affected: null, dead: null })).toBeNull();
    expect(isDisaster('leaf', { leafLoss: 0.5, affected: null, dead: 0.02 })).toBe(false);
    expect(isDisaster('borer', { ...nothing, dead: 0.12 })).toBe(true);
    expect(isDisaster('fall-webworm', { ...nothing, affected: 0.02 })).toBe(true);
    expect(Object.keys(DISASTER_RULES)).toHaveLength(6);
  });
});

describe('causes of a fallen index', () => {
  it.each([
    ['a patch within a field', {}, 'pest-disease', 'suspected'],
    ['bare maize after day 255', { ndvi: 0.25, dayOfYear: 262 }, 'harvest', 'explained'],
    ['bare maize in August, of no field shape', { ndvi: 0.25 }, 'pest-disease', 'suspected'],
    ['a whole field at once', { drop: -0.5, ndvi: 0.3, fieldShare: 0.95 }, 'harvest', 'explained'],
    ['water', { ndwi: 0.1, nir: 0.08 }, 'flood', 'explained'],
    [
      'bright leaves over an unchanged near infrared',
      { change: { blue: 0.1, green: 0.3, red: 0.5, nir: 0.01 } },
      'lodging',
      'explained',
    ],
    ['a strip over two crops', { othersBeside: 0.8, elongation: 6 }, 'hail-frost', 'explained'],
    ['hail on record', { weather: { rain: null, hailOrFrost: true } }, 'hail-frost', 'explained'],
    ['a field that grows more slowly', { drop: 0.15, groupDrop: 0.3 }, 'slow-growth', 'explained'],
    ['ripening of all', { groupDrop: -0.16 }, 'senescence', 'rejected'],
    [
      'all bands brighter',
      { change: { blue: 0.8, green: 0.3, red: 0.4, nir: 0.1 } },
      'cloud-edge',
      'rejected',
    ],
    ['the rim of a cloud', { cloudShare: 0.7 }, 'cloud-edge', 'rejected'],
    ['a thin line along field edges', { core: 0, edgeShare: 0.9 }, 'misregistration', 'rejected'],
    ['a doubtful crop map', { hostProbability: 0.5 }, 'wrong-host', 'suspected'],
  ] as const)('%s', (_name, change, cause, verdict) => {
    expect(top(change)).toEqual([cause, verdict]);
  });

  it('give evidence on both sides', () => {
    const [first, ...others] = rankCauses(PATCH);
    expect(first!.for.map(({ zh }) => zh)).toContain('为地块的一部分，不成细条');
    const harvest = others.find(({ cause }) => cause === 'harvest')!;
    expect(harvest.against.map(({ zh }) => zh)).toContain('未见：形状与地块一致');
  });

  it('are ranked otherwise after dismissals for a reason', () => {
    expect(rankCauses(PATCH, { management: 9 })[0]!.cause).toBe('management');
  });

  it('never name a pest', () => {
    const words = JSON.stringify([
      Object.values(CAUSES).map(({ title, signs }) => [title, signs.map((sign) => sign.words)]),
      VISIT,
    ]);
    for (const name of [
      '黏虫',
      '玉米螟',
      '稻瘟',
      '蚜',
      '松材线虫',
      '松毛虫',
      '大斑',
      'armyworm',
      'borer',
      'blast',
      'aphid',
      'beetle',
      'wilt',
    ])
      expect(words).not.toContain(name);
  });
});
