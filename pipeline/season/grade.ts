import {
  type Indicators,
  indicatorsOf,
  medianOf,
  normalOfStudent,
  percentileOf,
  studentOfNormal,
} from './indicators.ts';
import { GROWTH_RULE, type Grade, type GradeRule } from './rules.ts';

/** What a value is compared with under a rule, in order of size. */
export interface Reference {
  readonly rule: GradeRule;
  readonly sorted: readonly number[];
}

export interface Graded {
  readonly grade: Grade;
  /** What the cuts were put to: a normal deviate or a percentile. */
  readonly score: number;
  /** True where the difference is too small to mean anything, whatever the score. */
  readonly isGuarded: boolean;
  /** Value minus the mean of its years, or the median of its peers. */
  readonly delta: number;
  readonly indicators: Indicators;
}

/** A reference of these values, or null where they are fewer than the rule needs or do not differ. */
export function referenceOf(rule: GradeRule, values: readonly number[]): Reference | null {
  const sorted = values.filter(Number.isFinite).sort((a, b) => a - b);
  if (sorted.length < rule.least || sorted[0] === sorted.at(-1)) return null;
  return { rule, sorted };
}

/** Grades a value: score by the rule, the rule's cuts, and level where the difference is noise. */
export function gradeOf(value: number, { rule, sorted }: Reference): Graded {
  const indicators = indicatorsOf(value, sorted)!; // a reference is never empty
  const delta = value - middleOf({ rule, sorted });
  const score = rule.by === 'z' ? deviateOf(indicators) : percentileOf(value, sorted);
  const isGuarded = Math.abs(delta) < GROWTH_RULE.guard;
  return { grade: isGuarded ? 3 : gradeByScore(score, rule), score, isGuarded, delta, indicators };
}

function gradeByScore(score: number, { cuts, isInclusive }: GradeRule): Grade {
  const [poor, below, above, good] = cuts;
  const under = (cut: number) => score < cut || (isInclusive && score === cut);
  const over = (cut: number) => score > cut || (isInclusive && score === cut);
  if (under(poor)) return 1;
  if (over(good)) return 5;
  if (under(below)) return 2;
  return over(above) ? 4 : 3;
}

/** Normal deviate of a value against its years: few years are less sure of themselves. */
function deviateOf({ n, z, tPred }: Indicators): number {
  if (z === null || tPred === null) return 0;
  return n < GROWTH_RULE.studentYears ? normalOfStudent(tPred, n - 1) : z;
}

/** What the difference is taken from. */
function middleOf({ rule, sorted }: Reference): number {
  return rule.by === 'z' ? sorted.reduce((sum, one) => sum + one, 0) / sorted.length : medianOf(sorted);
}

/** The four values between the five grades, guard included: a value's grade is 1 plus how many of them it is above. */
export function cutsOf(reference: Reference): readonly [number, number, number, number] {
  const { rule, sorted } = reference;
  const middle = middleOf(reference);
  const at = rule.cuts.map((cut) => (rule.by === 'z' ? valueAt(cut, sorted) : quantileAt(cut, sorted)));
  const { guard } = GROWTH_RULE;
  const [poor, below, above, good] = at as [number, number, number, number]; // four cuts make four values
  return [
    Math.min(poor, middle - guard),
    Math.min(below, middle - guard),
    Math.max(above, middle + guard),
    Math.max(good, middle + guard),
  ];
}

function valueAt(z: number, sorted: readonly number[]): number {
  const n = sorted.length;
  const mean = sorted.reduce((sum, one) => sum + one, 0) / n;
  const s = Math.sqrt(sorted.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (n - 1));
  const steps = n < GROWTH_RULE.studentYears ? studentOfNormal(z, n - 1) * Math.sqrt(1 + 1 / n) : z;
  return mean + steps * s;
}

/** Where the percentile of a value between those of the sample passes a cut. */
function quantileAt(percent: number, sorted: readonly number[]): number {
  const n = sorted.length;
  const rank = (percent * n) / 100;
  // Below 50 the lower grade holds while P < cut, above while P ≤ cut.
  const at = percent < 50 ? Math.ceil(rank - 1e-9) - 1 : Math.floor(rank + 1e-9);
  return sorted[Math.min(Math.max(at, 0), n - 1)]!;
}
