import { describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { cutsOf, gradeOf, referenceOf } from '../../../pipeline/season/grade.ts';
import { GRADE_RULES } from '../../../pipeline/season/rules.ts';

/** Twelve years with a mean of 0.5 and a standard deviation of 0.1. */
const TWELVE = [-1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1].map(
  (sign) => 0.5 + sign * 0.1 * Math.sqrt(11 / 12),
);
const ten = [0.5, 0.52, 0.54, 0.56, 0.58, 0.6, 0.62, 0.64, 0.66, 0.68];

describe('grades against own years', () => {
  const reference = referenceOf(GRADE_RULES.A, TWELVE)!;

  it.each([
    [-1.51, 1],
    [-1.49, 2],
    [-0.51, 2],
    [-0.49, 3],
    [0.49, 3],
    [0.51, 4],
    [1.49, 4],
    [1.51, 5],
  ])('cut z %f to grade %i', (z, grade) => {
    const graded = gradeOf(0.5 + z * 0.1, reference);
    expect(graded.score).toBeCloseTo(z, 6);
    expect(graded.grade).toBe(grade);
  });

  it('asks more of a difference the fewer years there are', () => {
    const few = referenceOf(GRADE_RULES.A, TWELVE.slice(0, 2))!;
    const two = gradeOf(0.5 - 0.2, few);
    const many = gradeOf(0.5 - 0.2, reference);
    expect(many.grade).toBe(1);
    expect(Math.abs(two.score)).toBeLessThan(Math.abs(many.score));
    expect(two.grade).toBeGreaterThan(1);
  });

  it('is level where the difference is noise, whatever the score', () => {
    const still = referenceOf(GRADE_RULES.A, [0.7, 0.701, 0.699, 0.7, 0.7])!;
    const graded = gradeOf(0.675, still);
    expect(graded.score).toBeLessThan(-3);
    expect(graded).toMatchObject({ grade: 3, isGuarded: true });
    expect(gradeOf(0.665, still)).toMatchObject({ grade: 1, isGuarded: false });
  });

  it('needs two years that differ', () => {
    expect(referenceOf(GRADE_RULES.A, [0.7])).toBeNull();
    expect(referenceOf(GRADE_RULES.A, [0.7, 0.7, 0.7])).toBeNull();
    expect(referenceOf(GRADE_RULES.A, [0.7, Number.NaN])).toBeNull();
  });
});

describe('grades among fields of a crop', () => {
  it('are a tenth, two tenths, four tenths, two tenths, a tenth of them where all differ by more than noise', () => {
    const values = Array.from({ length: 100 }, (_, i) => i / 100);
    const reference = referenceOf(GRADE_RULES.B, values)!;
    const counts = [0, 0, 0, 0, 0];
    for (const value of values) counts[gradeOf(value, reference).grade - 1]! += 1;
    expect(counts).toEqual([10, 20, 40, 20, 10]);
  });

  it('need ten of them', () => {
    expect(referenceOf(GRADE_RULES.B, ten.slice(1))).toBeNull();
    expect(referenceOf(GRADE_RULES.B, ten)).not.toBeNull();
  });
});

describe('the values between grades', () => {
  it.each([
    ['own years', GRADE_RULES.A, 4],
    ['many own years', GRADE_RULES.A, 14],
    ['peers', GRADE_RULES.B, 10],
    ['peers in an odd number', GRADE_RULES.B, 37],
  ] as const)('of %s give the grade of any value', (_, rule, count) => {
    const random = seeded(5);
    for (let round = 0; round < 20; round++) {
      const spread = 0.02 + 0.3 * random();
      const reference = referenceOf(
        rule,
        Array.from({ length: count }, () => 0.6 + spread * (random() - 0.5)),
      )!;
      const cuts = cutsOf(reference);
      for (let i = 0; i < 200; i++) {
        const value = 0.3 + 0.6 * random();
        expect(1 + cuts.filter((cut) => value > cut).length, `${value} of ${reference.sorted}`).toBe(
          gradeOf(value, reference).grade,
        );
      }
    }
  });
});
