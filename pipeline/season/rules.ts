/** One way to make five grades of a comparison, and what must be there for it. Plain data, kept with every result. */
export interface GradeRule {
  readonly id: string;
  /** Another number or cut is another version. */
  readonly version: string;
  readonly title: { readonly zh: string; readonly en: string };
  /** `z`: normal deviate of the place against its own years. `percentile`: rank among places of its crop near by. */
  readonly by: 'z' | 'percentile';
  /** Bounds between the five grades, low to high. */
  readonly cuts: readonly [number, number, number, number];
  /** True where a score on an outer cut already takes the outer grade: z ≤ −1.5 is poor, P < 10 is. */
  readonly isInclusive: boolean;
  /** Values to compare with that are needed: years, or places. */
  readonly least: number;
  readonly source: string;
}

/** Grade rules by preset. Cuts of regional standards are added as rows, not edited in. */
export const GRADE_RULES = {
  A: {
    id: 'A',
    version: 'A-2025.1',
    title: { zh: '与本地块历年同期比较', en: 'against its own years' },
    by: 'z',
    cuts: [-1.5, -0.5, 0.5, 1.5],
    isInclusive: true,
    least: 2,
    source:
      'house preset of METHODS 6.2, symmetric; Gaussian shares 6.7, 24.2, 38.3, 24.2, 6.7 %. No standard with fixed thresholds could be read (DB41/T 1783-2019, DB37/T 3796-2019, QX/T 284-2015)',
  },
  B: {
    id: 'B',
    version: 'B-2025.1',
    title: { zh: '与同格网同作物地块比较', en: 'among fields of the same crop in the same cell' },
    by: 'percentile',
    cuts: [10, 30, 70, 90],
    isInclusive: false,
    least: 10,
    source:
      'house preset of METHODS 6.2 for places without history; shares 10, 20, 40, 20, 10 % by construction',
  },
} as const satisfies Record<string, GradeRule>;

export type PresetId = keyof typeof GRADE_RULES;

/** What holds for every preset. */
export const GROWTH_RULE = {
  version: 'growth-2025.1',
  /** Smaller differences of NDVI are noise, whatever the score says (METHODS 1.2, 13.3). */
  guard: 0.03,
  /** Clear dates a place must have in the span (METHODS 13.12). */
  leastDates: 3,
  /** A look counts as of the day when it is so near (METHODS 6.3). */
  nearDays: 5,
  /** A place is graded on its latest clear look, which may be so many days before: half of the longest gap that a line bridges. */
  lateDays: 15,
  /** Edge of the cell that places are compared in, km. */
  cellKm: 10,
  /** Grid of the smooth line, days. */
  step: 5,
  /** Years that VCI needs (METHODS 6.1). */
  vciYears: 8,
  /** With fewer years a deviate comes from Student's t (METHODS 6.1). */
  studentYears: 10,
  /** A region is reported when so much of its crop area was seen near the day (METHODS 6.3). */
  leastSeen: 0.6,
  source: 'METHODS 6.1 to 6.3, 13; nearDays, cellKm and leastSeen as written there; lateDays and step house',
} as const;

/** The grades, poor to good; 0 on maps is "not graded". */
export const GRADES = [
  { zh: '差', en: 'poor' },
  { zh: '偏差', en: 'below' },
  { zh: '持平', en: 'level' },
  { zh: '偏好', en: 'above' },
  { zh: '好', en: 'good' },
] as const;

export type Grade = 1 | 2 | 3 | 4 | 5;
