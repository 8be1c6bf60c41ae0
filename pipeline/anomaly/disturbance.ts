import type { Monitoring } from './monitor.ts';
import { VISIT, type Words } from './words.ts';

/** What a break of a forest's series looks like. Null is unknown: too short a series, or a band that was not there. */
export interface DisturbanceFacts {
  /** Lasting change of the index, and over what was expected. */
  readonly magnitude: number;
  readonly share: number;
  /** Periods from the break until eight tenths of the deepest loss of the following period are reached. */
  readonly fall: number;
  /** Share of the deepest loss that is regained a period after the break. */
  readonly regained: number | null;
  /** Periods until nine tenths of the deepest loss are regained. */
  readonly recovery: number | null;
  /** Fall of (NIR − SWIR2)/(NIR + SWIR2) over the break. */
  readonly nbrFall: number | null;
  /** Relative change of red and near infrared over the break. */
  readonly red: number | null;
  readonly nir: number | null;
}

/** Bands of a break, from medians of looks before and after it; null where the sensor has none. */
export type BreakBands = Pick<DisturbanceFacts, 'nbrFall' | 'red' | 'nir'>;

export const NO_BANDS: BreakBands = { nbrFall: null, red: null, nir: null };

/** What follows from a monitored series and its break; null where there is none. */
export function disturbanceFacts(
  { break: found, monitored }: Monitoring,
  period: number,
  bands: BreakBands,
): DisturbanceFacts | null {
  if (found === null) return null;
  const after = monitored.filter(({ day }) => day >= found.day);
  const year = after.filter(({ day }) => day < found.day + period);
  const loss = (one: (typeof after)[number]) => one.expected - one.value;
  const deepest = year.reduce((most, one) => (loss(one) > loss(most) ? one : most));
  const low = year.find((one) => loss(one) >= 0.8 * loss(deepest)) ?? deepest;
  const expected = year.reduce((sum, one) => sum + one.expected, 0) / year.length;
  const later = after.find(({ day }) => day >= found.day + period);
  const back = after.find((one) => one.day > deepest.day && loss(one) <= 0.1 * loss(deepest));
  return {
    magnitude: found.magnitude,
    share: found.magnitude / expected,
    fall: (low.day - found.day) / period,
    regained: later === undefined ? null : 1 - loss(later) / loss(deepest),
    recovery: back === undefined ? null : (back.day - found.day) / period,
    ...bands,
  };
}

interface Sign {
  readonly holds: (facts: DisturbanceFacts) => boolean | null;
  readonly for: number;
  readonly against: number;
  readonly words: Words;
}

const known = (value: number | null, holds: (value: number) => boolean) =>
  value === null ? null : holds(value);
const isAbrupt: Sign = {
  holds: ({ fall }) => fall <= 0.5,
  for: 1,
  against: 2,
  words: { zh: '半年内降到谷底', en: 'as low as it gets within half a year' },
};
const isDeep: Sign = {
  holds: ({ share }) => share <= -0.3,
  for: 2,
  against: 2,
  words: { zh: '持续损失三成以上', en: 'three tenths or more are lost for a year' },
};
const staysLow: Sign = {
  holds: ({ regained }) => known(regained, (value) => value < 0.6),
  for: 2,
  against: 2,
  words: { zh: '一年后恢复不足六成', en: 'less than six tenths are back after a year' },
};

/** What may have happened to a stand, a row each. The cause needs a person (METHODS 10). */
export const DISTURBANCES = {
  felling: {
    title: { zh: '采伐', en: 'felling' },
    signs: [
      isDeep,
      isAbrupt,
      staysLow,
      sign(
        ({ red }) => known(red, (value) => value > 0.3),
        1,
        1,
        '红光升高（裸地）',
        'red rose, as over bare soil',
      ),
      sign(
        ({ nbrFall }) => known(nbrFall, (value) => value < 0.44),
        0.5,
        1,
        '归一化燃烧指数降幅不大',
        'NBR fell little',
      ),
    ],
  },
  fire: {
    title: { zh: '火灾', en: 'fire' },
    signs: [
      isDeep,
      { ...staysLow, for: 1, against: 1 },
      sign(({ fall }) => fall <= 0.15, 1, 2, '两月内降到谷底', 'as low as it gets within two months'),
      sign(
        ({ nbrFall }) => known(nbrFall, (value) => value >= 0.44),
        3,
        3,
        '归一化燃烧指数骤降',
        'NBR fell by 0.44 or more',
      ),
      sign(
        ({ red, nir }) => known(nir, (value) => value < -0.3 && (red ?? 0) < 0.1),
        2,
        1.5,
        '近红外下降而红光不升（炭黑）',
        'near infrared fell and red did not rise, as over char',
      ),
    ],
  },
  defoliation: {
    title: { zh: '失叶', en: 'defoliation' },
    signs: [
      sign(({ share }) => share > -0.3 && share < -0.03, 2, 2, '部分损失', 'a part is lost'),
      sign(
        ({ regained }) => known(regained, (value) => value >= 0.6),
        2,
        1,
        '一年后恢复六成以上',
        'six tenths or more are back after a year',
      ),
    ],
  },
  decline: {
    title: { zh: '逐渐衰退', en: 'slow decline' },
    signs: [
      sign(({ fall }) => fall > 0.5, 2, 2, '半年以上持续下降', 'falls for more than half a year'),
      sign(({ share }) => share < -0.03, 1, 1, '损失', 'a loss'),
      staysLow,
    ],
  },
  growth: {
    title: { zh: '更新或恢复生长', en: 'regrowth' },
    signs: [sign(({ magnitude }) => magnitude > 0, 5, 5, '高于预期', 'above what was expected')],
  },
} as const satisfies Record<string, { readonly title: Words; readonly signs: readonly Sign[] }>;

export type DisturbanceId = keyof typeof DISTURBANCES;

function sign(
  holds: (facts: DisturbanceFacts) => boolean | null,
  points: number,
  against: number,
  zh: string,
  en: string,
): Sign {
  return { holds, for: points, against, words: { zh, en } };
}

export interface RankedDisturbance {
  readonly kind: DisturbanceId;
  readonly title: Words;
  readonly points: number;
  readonly for: readonly Words[];
  readonly against: readonly Words[];
}

export interface Disturbance {
  readonly ranked: readonly RankedDisturbance[];
  /** Kinds that the bands at hand do not tell apart from the first; empty where it stands alone. */
  readonly undecided: readonly DisturbanceId[];
  /** A label needs a person. */
  readonly note: Words;
}

/** Kinds whose points lie this near are not told apart. */
const MARGIN = 1.5;

/**
 * Kinds of disturbance, likeliest first, with what speaks for and against each, and those that cannot be told from the first:
 * of one index alone, felling and fire of a stand that stays bare are one and the same.
 */
export function disturbanceOf(facts: DisturbanceFacts): Disturbance {
  const ids = Object.keys(DISTURBANCES) as DisturbanceId[]; // keys of a constant table
  const ranked = ids
    .map((kind): RankedDisturbance => {
      const { title, signs } = DISTURBANCES[kind];
      const told = signs.map((one: Sign) => ({ ...one, is: one.holds(facts) }));
      const points = told.reduce(
        (sum, one) => sum + (one.is === null ? 0 : one.is ? one.for : -one.against),
        0,
      );
      const words = (is: boolean) => told.filter((one) => one.is === is).map((one) => one.words);
      return { kind, title, points, for: words(true), against: words(false) };
    })
    .sort((a, b) => b.points - a.points);
  const near = ranked.slice(1).filter(({ points }) => ranked[0]!.points - points < MARGIN);
  return { ranked, undecided: near.map(({ kind }) => kind), note: VISIT };
}
