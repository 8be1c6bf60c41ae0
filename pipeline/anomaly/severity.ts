import type { Words } from './words.ts';

export type Severity = 'none' | 'light' | 'medium' | 'heavy';

export const SEVERITIES: Readonly<Record<Severity, Words>> = {
  none: { zh: '未达轻度', en: 'below light' },
  light: { zh: '轻', en: 'light' },
  medium: { zh: '中', en: 'medium' },
  heavy: { zh: '重', en: 'heavy' },
};

/** One table of severity: what is measured, the cuts, and whose they are. Another number is another version. */
export interface SeverityRule {
  readonly id: string;
  readonly version: string;
  readonly kind: 'crop' | 'forest';
  /** Standard and clause as shown to the user. */
  readonly standard: string;
  /** True where the cuts are ours because the table of the standard could not be read. */
  readonly isHouse: boolean;
  /** Share of leaves lost from which on it is light, medium, heavy. */
  readonly cuts: readonly [light: number, medium: number, heavy: number];
  /** Share of leaves lost from which on it is 成灾; null where no standard says so of leaf loss alone. */
  readonly disaster: { readonly leafLoss: number; readonly standard: string } | null;
}

/** Severity by leaf loss. A standard that somebody holds is added as a row, not edited in. */
export const SEVERITY_RULES = {
  crop: {
    id: 'crop-leaf-loss',
    version: 'severity-2026.1',
    kind: 'crop',
    standard: 'METHODS 8.3 (house cuts; NY/T 2738.3-2015 could not be read)',
    isHouse: true,
    cuts: [0.1, 0.3, 0.6],
    disaster: null,
  },
  forest: {
    id: 'forest-needle-loss',
    version: 'severity-2026.1',
    kind: 'forest',
    standard: 'METHODS 8.3 (house cuts; LY/T 1663-2006 appendix B and LY/T 1681-2006 could not be read)',
    isHouse: true,
    cuts: [0.2, 0.3, 0.6],
    disaster: { leafLoss: 0.6, standard: 'LY/T 1663-2006: mean needle loss ≥ 60 % (caterpillars)' },
  },
} as const satisfies Record<string, SeverityRule>;

/** When a visit has confirmed what it is: the national criteria of 成灾, one row a group of agents. */
export interface DisasterRule {
  readonly agents: Words;
  /** Least share of leaves lost, of plants affected, or of trees dead; null where the criterion does not ask for it. */
  readonly leafLoss: number | null;
  readonly affected: number | null;
  readonly dead: number | null;
  /** True where one infected tree is enough. */
  readonly anyTree: boolean;
}

export const DISASTER_STANDARD = '林造发〔2012〕26号 主要林业有害生物成灾标准';

export const DISASTER_RULES = {
  'pine-wilt': row('松材线虫病', 'pine wilt', null, null, null, true),
  'fall-webworm': row('美国白蛾', 'fall webworm', 0.2, 0.02, null),
  'quarantine-leaf': row('检疫性叶部害虫', 'quarantine leaf pests', 0.4, null, 0.05),
  'quarantine-borer': row('检疫性蛀干害虫', 'quarantine borers', null, 0.15, 0.05),
  leaf: row('非检疫性叶部害虫', 'other leaf pests', 0.6, null, 0.1),
  borer: row('非检疫性蛀干害虫', 'other borers', null, 0.2, 0.1),
} as const satisfies Record<string, DisasterRule>;

export type AgentGroup = keyof typeof DISASTER_RULES;

function row(
  zh: string,
  en: string,
  leafLoss: number | null,
  affected: number | null,
  dead: number | null,
  anyTree = false,
): DisasterRule {
  return { agents: { zh, en }, leafLoss, affected, dead, anyTree };
}

/** What a visit found, shares 0–1; null where it was not looked at. */
export interface Visit {
  readonly leafLoss: number | null;
  readonly affected: number | null;
  readonly dead: number | null;
}

/**
 * Whether what a visit confirmed is 成灾; null where the visit did not look at what decides it and nothing else does. Dead
 * trees 0.12 of borers are.
 */
export function isDisaster(group: AgentGroup, visit: Visit): boolean | null {
  const rule: DisasterRule = DISASTER_RULES[group];
  const asked = (['leafLoss', 'affected', 'dead'] as const).filter((measure) => rule[measure] !== null);
  if (rule.anyTree) {
    const found = [visit.affected, visit.dead].filter((share) => share !== null);
    return found.length === 0 ? null : found.some((share) => share > 0);
  }
  if (asked.some((measure) => (visit[measure] ?? -1) >= rule[measure]!)) return true;
  return asked.some((measure) => visit[measure] === null) ? null : false;
}

export interface Graded {
  readonly severity: Severity;
  readonly leafLoss: number;
  /** Null: no standard lets an image say so for this host. */
  readonly isDisaster: boolean | null;
  readonly rule: SeverityRule;
}

/**
 * Leaf area index of MTVI2: 0.2227 · exp(3.6566 · MTVI2). Source: Haboudane et al. 2004, doi 10.1016/j.rse.2003.12.013, as
 * recalled in METHODS 8.3.
 */
export function leafAreaOf(mtvi2: number): number {
  return 0.2227 * Math.exp(3.6566 * mtvi2);
}

/** Share of leaves lost, by MTVI2 seen and expected, 0 where more is seen than expected. `leafLossOf(0.3, 0.5)` is 0.5187. */
export function leafLossOf(seen: number, expected: number): number {
  return Math.max(0, 1 - leafAreaOf(seen) / leafAreaOf(expected));
}

/** Grades a share of lost leaves by the table of a crop or a forest. `severityOf(0.35, 'crop').severity` is medium. */
export function severityOf(leafLoss: number, kind: 'crop' | 'forest'): Graded {
  const rule: SeverityRule = SEVERITY_RULES[kind];
  const passed = rule.cuts.filter((cut) => leafLoss >= cut).length;
  const severity = (['none', 'light', 'medium', 'heavy'] as const)[passed]!; // three cuts part four grades
  const disaster = rule.disaster === null ? null : leafLoss >= rule.disaster.leafLoss;
  return { severity, leafLoss, isDisaster: disaster, rule };
}
