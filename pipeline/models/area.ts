import { HeituError } from '../core/error.ts';

/** A class's area with its accuracy; every ± is a 95 % half-width. */
export interface ClassArea {
  readonly name: string;
  /** What the map counts, in the unit of the areas given. */
  readonly mapped: number;
  /** Estimated from the reference sample. */
  readonly area: number;
  readonly areaHalf: number;
  readonly users: number;
  readonly usersHalf: number;
  readonly producers: number;
  readonly producersHalf: number;
  /** Reference points in the map class. */
  readonly n: number;
}

export interface AreaEstimate {
  readonly overall: number;
  readonly overallHalf: number;
  readonly classes: readonly ClassArea[];
}

const Z95 = 1.959963984540054;

/**
 * Unbiased area of every class from a stratified reference sample: `counts[i][j]` points mapped as i and found to be j,
 * `mapped[i]` the area mapped as i. A class the reference never shows has area 0 and no producer's accuracy (NaN).
 * The example of Olofsson et al. 2014, table 8, gives class 1 as 21,158 ± 6,158 ha.
 * Throws E_TABLE_INVALID for counts that are none, a map class with fewer than two points, and no area.
 * Source: Olofsson et al. 2014, doi 10.1016/j.rse.2014.02.015, eq. 1 to 12.
 */
export function estimateAreas(
  names: readonly string[],
  counts: readonly (readonly number[])[],
  mapped: readonly number[],
  where: string,
): AreaEstimate {
  refuse(names, counts, mapped, where);
  const k = names.length;
  const total = mapped.reduce((sum, area) => sum + area, 0);
  const weight = mapped.map((area) => area / total);
  const n = counts.map((row) => row.reduce((sum, count) => sum + count, 0));
  // Share of the area that is mapped as i and is j.
  const p = counts.map((row, i) => row.map((count) => (weight[i]! * count) / n[i]!));
  const column = (j: number) => p.reduce((sum, row) => sum + row[j]!, 0);
  const users = counts.map((row, i) => row[i]! / n[i]!);
  const varianceOf = (share: number, i: number) => (share * (1 - share)) / (n[i]! - 1);
  const overall = p.reduce((sum, row, i) => sum + row[i]!, 0);
  const overallVariance = users.reduce((sum, user, i) => sum + weight[i]! ** 2 * varianceOf(user, i), 0);
  const classes = Array.from({ length: k }, (_, j): ClassArea => {
    const share = column(j);
    const shareVariance = counts.reduce(
      (sum, row, i) => sum + weight[i]! ** 2 * varianceOf(row[j]! / n[i]!, i),
      0,
    );
    const producers = p[j]![j]! / share;
    return {
      name: names[j]!,
      mapped: mapped[j]!,
      area: total * share,
      areaHalf: Z95 * total * Math.sqrt(shareVariance),
      users: users[j]!,
      usersHalf: Z95 * Math.sqrt(varianceOf(users[j]!, j)),
      producers,
      producersHalf:
        Z95 * Math.sqrt(producersVariance(j, counts, mapped, n, users, producers, total * share)),
      n: n[j]!,
    };
  });
  return { overall, overallHalf: Z95 * Math.sqrt(overallVariance), classes };
}

/** Variance of a producer's accuracy (eq. 7). */
function producersVariance(
  j: number,
  counts: readonly (readonly number[])[],
  mapped: readonly number[],
  n: readonly number[],
  users: readonly number[],
  producers: number,
  area: number,
): number {
  const own = mapped[j]! ** 2 * (1 - producers) ** 2 * ((users[j]! * (1 - users[j]!)) / (n[j]! - 1));
  const others = counts.reduce((sum, row, i) => {
    if (i === j) return sum;
    const share = row[j]! / n[i]!;
    return sum + mapped[i]! ** 2 * ((share * (1 - share)) / (n[i]! - 1));
  }, 0);
  return (own + producers ** 2 * others) / area ** 2;
}

function refuse(
  names: readonly string[],
  counts: readonly (readonly number[])[],
  mapped: readonly number[],
  where: string,
): void {
  const fault = (what: string) => new HeituError('E_TABLE_INVALID', { where, what });
  if (names.length < 2 || counts.length !== names.length || mapped.length !== names.length)
    throw fault('as many map classes as reference classes are needed, two at least');
  counts.forEach((row, i) => {
    if (row.length !== names.length || row.some((count) => !(count >= 0 && Number.isInteger(count))))
      throw fault(`the counts of ${names[i]} are not whole numbers`);
    if (row.reduce((sum, count) => sum + count, 0) < 2)
      throw fault(`map class ${names[i]} has fewer than two reference points`);
    if (!(mapped[i]! >= 0)) throw fault(`the mapped area of ${names[i]} is not a number of 0 or more`);
  });
  if (!(mapped.reduce((sum, area) => sum + area, 0) > 0)) throw fault('no mapped area');
}

/**
 * Reference points a map needs for a standard error of its overall accuracy: (Σ W S / SE)². Shares .02, .015, .32, .645
 * of user's accuracies .7, .6, .9, .95 need 641 for 0.01. Source: Cochran 1977, eq. 5.25.
 */
export function pointsNeeded(weights: readonly number[], users: readonly number[], error: number): number {
  const sum = weights.reduce(
    (total, weight, i) => total + weight * Math.sqrt(users[i]! * (1 - users[i]!)),
    0,
  );
  return Math.ceil((sum / error) ** 2);
}

/**
 * Production of an area and a yield with independent standard errors: 100 ± 3 kha of 7.2 ± 0.4 t/ha are 720 ± 45.475 kt.
 * Source: Goodman 1960, doi 10.1080/01621459.1960.10483369.
 */
export function production(
  area: number,
  areaError: number,
  yieldPerArea: number,
  yieldError: number,
): { amount: number; error: number } {
  const variance =
    area ** 2 * yieldError ** 2 + yieldPerArea ** 2 * areaError ** 2 + areaError ** 2 * yieldError ** 2;
  return { amount: area * yieldPerArea, error: Math.sqrt(variance) };
}
