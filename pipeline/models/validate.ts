import { accuracy, mean } from './metrics.ts';
import { type Fitted, type Hyper, type ModelId, modelRow, predictorOf } from './table.ts';

/** One row of truth with its features. */
export interface Sample {
  readonly id: string;
  /** What is held out together for the headline: a year. */
  readonly group: string;
  /** Where it is: a county; baselines and departures are of one region. */
  readonly region: string;
  /** Block of space it lies in, for the spatial folds; null where nothing says. */
  readonly block: string | null;
  readonly x: Float64Array;
  /** kg/ha. */
  readonly y: number;
}

/** `level`: learns the yield; `departure`: learns how far it is from the mean of the region's other years. */
export type TargetKind = 'level' | 'departure';

export interface Task {
  readonly model: ModelId;
  readonly target: TargetKind;
  readonly seed: number;
}

/** A fitted model with what it adds in each region; null where levels are learnt. */
export interface Trained {
  readonly fitted: Fitted;
  readonly means: Readonly<Record<string, number>> | null;
}

/** Fits a model to samples; null where they do not determine it. */
export function train(task: Task, samples: readonly Sample[], hyper: Hyper, quick: boolean): Trained | null {
  const row = modelRow(task.model);
  if (task.target === 'level') {
    const fitted = row.fit(xOf(samples), yOf(samples), hyper, task.seed, quick);
    return fitted && { fitted, means: null };
  }
  const others = otherYears(samples);
  const usable = samples.flatMap((sample, i) =>
    Number.isNaN(others[i]!) ? [] : [{ sample, from: others[i]! }],
  );
  if (usable.length === 0) return null;
  const fitted = row.fit(
    usable.map(({ sample }) => sample.x),
    usable.map(({ sample, from }) => sample.y - from),
    hyper,
    task.seed,
    quick,
  );
  return fitted && { fitted, means: regionMeans(samples) };
}

/** A trained model as a function of a region and its features; NaN for a region without history it needs. */
export function estimatorOf(trained: Trained): (region: string, x: ArrayLike<number>) => number {
  const predict = predictorOf(trained.fitted);
  const { means } = trained;
  return (region, x) => {
    if (means === null) return predict(x);
    return Object.hasOwn(means, region) ? means[region]! + predict(x) : Number.NaN;
  };
}

export type FoldOf = (sample: Sample) => string;

/** What cross-validation found, sample by sample and fold by fold. */
export interface Validation {
  /** Prediction of every sample by a model that saw nothing of its fold; NaN where there is none. */
  readonly predicted: readonly number[];
  readonly folds: readonly {
    readonly fold: string;
    readonly hyper: Hyper;
    /** Residuals of the other folds, each held out from the inner fits: what an interval for this fold may know. */
    readonly innerResiduals: readonly number[];
  }[];
}

/** Holds out every fold in turn; the setting is chosen by an inner round of the same kind among the others. */
export function crossValidate(task: Task, samples: readonly Sample[], foldOf: FoldOf): Validation {
  const predicted = samples.map(() => Number.NaN);
  const folds = foldsOf(samples, foldOf).map((fold) => {
    const inside = samples.filter((sample) => foldOf(sample) !== fold);
    const { hyper, residuals } = tune(task, inside, foldOf);
    const trained = train(task, inside, hyper, false);
    if (trained !== null) {
      const estimate = estimatorOf(trained);
      samples.forEach((sample, i) => {
        if (foldOf(sample) === fold) predicted[i] = estimate(sample.region, sample.x);
      });
    }
    return { fold, hyper, innerResiduals: residuals };
  });
  return { predicted, folds };
}

/** Chooses the setting with the smallest RMSE over held-out folds, and gives those residuals. */
export function tune(
  task: Task,
  samples: readonly Sample[],
  foldOf: FoldOf,
): { hyper: Hyper; residuals: readonly number[] } {
  const grid = modelRow(task.model).grid(samples[0]?.x.length ?? 0);
  const folds = foldsOf(samples, foldOf);
  if (folds.length < 2) return { hyper: grid[0]!, residuals: [] };
  let best: { hyper: Hyper; residuals: readonly number[]; error: number } | null = null;
  for (const hyper of grid) {
    const residuals: number[] = [];
    for (const fold of folds) {
      const trained = train(
        task,
        samples.filter((sample) => foldOf(sample) !== fold),
        hyper,
        true,
      );
      if (trained === null) continue;
      const estimate = estimatorOf(trained);
      for (const sample of samples)
        if (foldOf(sample) === fold) residuals.push(sample.y - estimate(sample.region, sample.x));
    }
    const known = residuals.filter(Number.isFinite);
    const error =
      known.length === 0 ? Number.POSITIVE_INFINITY : mean(known.map((residual) => residual ** 2));
    if (best === null || error < best.error) best = { hyper, residuals: known, error };
  }
  return best ?? { hyper: grid[0]!, residuals: [] };
}

export function foldsOf(samples: readonly Sample[], foldOf: FoldOf): string[] {
  return [...new Set(samples.map(foldOf))].sort();
}

/** What anyone could have said without an image. */
export const BASELINES = {
  mean: { zh: '本县其余年份均值', en: 'mean of the region’s other years' },
  trend: { zh: '本县线性趋势', en: 'linear trend of the region’s other years' },
  last: { zh: '本县上一年', en: 'the region’s year before' },
} as const satisfies Record<string, { zh: string; en: string }>;

export type BaselineId = keyof typeof BASELINES;

/** Every sample's baselines, from its region's other groups; NaN where there are too few, or groups are not years. */
export function baselines(samples: readonly Sample[]): Readonly<Record<BaselineId, readonly number[]>> {
  const years = samples.map(({ group }) => (/^\d{4}$/.test(group) ? Number(group) : Number.NaN));
  const byRegion = Map.groupBy(samples.keys(), (i) => samples[i]!.region);
  const of = (from: (others: readonly { year: number; y: number }[], year: number) => number) =>
    samples.map(({ group, region }, i) => {
      const others = byRegion
        .get(region)!
        .filter((j) => samples[j]!.group !== group)
        .map((j) => ({ year: years[j]!, y: samples[j]!.y }));
      return others.length === 0 ? Number.NaN : from(others, years[i]!);
    });
  return {
    mean: of((others) => mean(others.map(({ y }) => y))),
    trend: of(trendAt),
    last: of((others, year) => mean(others.filter((other) => other.year === year - 1).map(({ y }) => y))),
  };
}

/** A straight line through at least three years, at a year. */
function trendAt(others: readonly { year: number; y: number }[], year: number): number {
  if (new Set(others.map((other) => other.year)).size < 3) return Number.NaN;
  const [meanYear, meanY] = [mean(others.map((o) => o.year)), mean(others.map((o) => o.y))];
  const [cov, spread] = others.reduce(
    ([c, s], o) => [c + (o.year - meanYear) * (o.y - meanY), s + (o.year - meanYear) ** 2],
    [0, 0],
  );
  return meanY + (cov / spread) * (year - meanYear);
}

/** 1 − MSE of the model over MSE of another, on the rows both have; null where they share none. */
export function skill(
  observed: readonly number[],
  predicted: readonly number[],
  other: readonly number[],
): { n: number; skill: number; rmse: number; nse: number } | null {
  const rows = observed.flatMap((o, i) =>
    Number.isFinite(predicted[i]!) && Number.isFinite(other[i]!)
      ? [[o, predicted[i]!, other[i]!] as const]
      : [],
  );
  if (rows.length === 0) return null;
  const ours = accuracy(
    rows.map(([o]) => o),
    rows.map(([, p]) => p),
  );
  const theirs = accuracy(
    rows.map(([o]) => o),
    rows.map(([, , q]) => q),
  );
  return { n: rows.length, skill: 1 - (ours.rmse / theirs.rmse) ** 2, rmse: theirs.rmse, nse: theirs.nse };
}

const xOf = (samples: readonly Sample[]) => samples.map(({ x }) => x);
const yOf = (samples: readonly Sample[]) => samples.map(({ y }) => y);

/** Mean of the region over the groups other than each sample's own. */
function otherYears(samples: readonly Sample[]): readonly number[] {
  return baselines(samples).mean;
}

function regionMeans(samples: readonly Sample[]): Record<string, number> {
  return Object.fromEntries(
    [...Map.groupBy(samples, ({ region }) => region)].map(([region, own]) => [region, mean(yOf(own))]),
  );
}
