import { seeded } from '../core/random.ts';
import type { Growth } from './growth.ts';
import { GROWTH_RULE } from './rules.ts';

/** Area in m² of one grade in a region, with what it would be had other parcels been drawn. */
export interface GradeArea {
  readonly areaM2: number;
  readonly low: number;
  readonly high: number;
}

/** What a region looks like on the day. */
export interface RegionGrowth {
  readonly region: string | null;
  readonly parcels: number;
  readonly areaM2: number;
  /** Area of parcels of known crop, and the share of it seen clear near the day. */
  readonly cropM2: number;
  readonly seenShare: number;
  /** False where too little was seen: areas are then of what was seen, and stand for nothing else. */
  readonly isPublished: boolean;
  readonly graded: number;
  readonly gradedM2: number;
  readonly insufficient: number;
  readonly insufficientM2: number;
  /** Poor to good. */
  readonly grades: readonly GradeArea[];
  /** Area-weighted mean of the differences of graded parcels; null where none is graded. */
  readonly delta: number | null;
}

/** Resamples and the share of them that lies inside the bounds. */
export const BOOTSTRAP = { resamples: 500, level: 0.95 } as const;

/**
 * Area by grade, region by region and in all (region null, last), with percentile bootstrap over parcels: 500 resamples of
 * the graded parcels of a region, seeded. Areas are those of the parcels, never counts of pixels.
 */
export function regionsOf(results: readonly Growth[], day: number, seed: number): RegionGrowth[] {
  const groups = [...Map.groupBy(results, ({ region }) => region ?? '')].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = groups.map(([region, own], i) => regionOf(region === '' ? '?' : region, own, day, seed + i));
  return [...rows, regionOf(null, results, day, seed + groups.length)];
}

function regionOf(region: string | null, own: readonly Growth[], day: number, seed: number): RegionGrowth {
  const graded = own.filter(({ grade }) => grade !== null);
  const crop = own.filter((one) => one.crop !== null);
  const cropM2 = areaOf(crop);
  const seenM2 = areaOf(crop.filter(({ seen }) => seen !== null && day - seen <= GROWTH_RULE.nearDays));
  const seenShare = cropM2 === 0 ? 0 : seenM2 / cropM2;
  const gradedM2 = areaOf(graded);
  return {
    region,
    parcels: own.length,
    areaM2: areaOf(own),
    cropM2,
    seenShare,
    isPublished: seenShare >= GROWTH_RULE.leastSeen,
    graded: graded.length,
    gradedM2,
    insufficient: own.length - graded.length,
    insufficientM2: areaOf(own) - gradedM2,
    grades: gradeAreas(graded, seed),
    delta: gradedM2 === 0 ? null : graded.reduce((sum, one) => sum + one.areaM2 * one.delta!, 0) / gradedM2,
  };
}

function areaOf(some: readonly Growth[]): number {
  return some.reduce((sum, { areaM2 }) => sum + areaM2, 0);
}

function gradeAreas(graded: readonly Growth[], seed: number): GradeArea[] {
  const totals = (pick: (i: number) => number) => {
    const sums = [0, 0, 0, 0, 0];
    for (let i = 0; i < graded.length; i++) {
      const { grade, areaM2 } = graded[pick(i)]!;
      sums[grade! - 1]! += areaM2;
    }
    return sums;
  };
  const own = totals((i) => i);
  const whole = own.reduce((sum, area) => sum + area, 0);
  const random = seeded(seed);
  const draws = Array.from({ length: BOOTSTRAP.resamples }, () => {
    const sums = totals(() => Math.floor(random() * graded.length));
    const all = sums.reduce((sum, area) => sum + area, 0);
    // Shares of the resample, on the area that there is.
    return sums.map((area) => (all === 0 ? 0 : (area / all) * whole));
  });
  const tail = (1 - BOOTSTRAP.level) / 2;
  return own.map((areaM2, grade) => {
    const sorted = draws.map((sums) => sums[grade]!).sort((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
    return { areaM2, low: at(tail), high: at(1 - tail) };
  });
}
