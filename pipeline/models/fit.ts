import { HeituError } from '../core/error.ts';
import { seeded } from '../core/random.ts';
import type { YieldCard } from './card.ts';
import { conformalWidth } from './conformal.ts';
import { type CropId, cropRow } from './crops.ts';
import { domainOf } from './domain.ts';
import { type Accuracy, accuracy, mean } from './metrics.ts';
import { type Hyper, type ModelId, modelRow } from './table.ts';
import {
  BASELINES,
  type BaselineId,
  baselines,
  crossValidate,
  estimatorOf,
  type FoldOf,
  foldsOf,
  type Sample,
  skill,
  type TargetKind,
  type Task,
  type Trained,
  train,
  tune,
  type Validation,
} from './validate.ts';

/** What a fit is asked for; `stamp` is what only its caller knows. */
export interface FitRequest {
  readonly crop: CropId;
  readonly model: ModelId;
  readonly target: TargetKind;
  readonly columns: readonly string[];
  /** Name of the column held out for the headline, and of the region's. */
  readonly group: string;
  readonly region: string | null;
  readonly blockKm: number;
  readonly seed: number;
  /** Fits to shuffled yields, as a control for leakage. */
  readonly shuffles: number;
  readonly stamp: Pick<YieldCard, 'heitu' | 'fittedAt' | 'truth' | 'features'>;
}

/** Folds of space, at most: each holds whole blocks or whole regions. */
const SPACE_FOLDS = 10;
const LEVELS = [0.8, 0.9] as const;

/**
 * Fits a model and everything its card says of it: the setting chosen by an inner round of validation, accuracy on years
 * held out whole, on blocks of space held out whole, baselines on the same rows, coverage of the intervals, a control
 * with shuffled yields, the domain. Throws E_TRUTH_SHORT where rows or groups are too few or do not determine the model.
 */
export function fitCard(samples: readonly Sample[], request: FitRequest): YieldCard {
  const { model, target, seed } = request;
  const task: Task = { model, target, seed };
  const groups = foldsOf(samples, ofGroup);
  refuseTooFew(samples, groups, request);
  const headline = crossValidate(task, samples, ofGroup);
  const residuals = residualsOf(samples, headline);
  const { hyper } = tune(task, samples, ofGroup);
  const trained = train(task, samples, hyper, false);
  if (trained === null || residuals.length === 0)
    throw new HeituError('E_TRUTH_SHORT', {
      where: request.stamp.truth.name,
      what: `its ${samples.length} rows do not determine ${model}${target === 'departure' ? ' of departures' : ''}`,
    });
  const measured = scored(samples, headline.predicted);
  const beside = baselineRows(samples, headline.predicted);
  return {
    kind: 'heitu-yield-card',
    format: 1,
    ...request.stamp,
    model,
    crop: request.crop,
    target,
    unit: 'kg/ha',
    moisture: cropRow(request.crop).moisture,
    columns: [...request.columns],
    group: request.group,
    region: request.region,
    seed,
    hyper: { ...hyper },
    fitted: trained.fitted,
    means: trained.means,
    training: trainingRows(samples),
    validation: {
      headline: splitOf(`leave one ${request.group} out`, groups.length, measured, null),
      space: spaceSplit(task, samples, request),
      byGroup: errorsBy(samples, headline.predicted, ofGroup).map(({ key, ...rest }) => ({
        group: key,
        ...rest,
      })),
      byRegion: errorsBy(samples, headline.predicted, ({ region }) => region).map(({ key, ...rest }) => ({
        region: key,
        ...rest,
      })),
      baselines: beside,
      coverage: coverageOf(samples, headline),
      control: control(task, samples, hyper, request.shuffles),
      rows: samples.map(({ id, group, region, y }, i) => ({
        id,
        group,
        region,
        y,
        predicted: finite(headline.predicted[i]!),
      })),
    },
    interval: {
      half80: finite(conformalWidth(residuals, 0.2)),
      half90: finite(conformalWidth(residuals, 0.1)),
      n: residuals.length,
      groups: groups.length,
    },
    domain: domainOf(
      samples.map(({ x }) => x),
      request.columns.length,
    ),
    gates: gatesOf(request, trained, measured, beside, groups.length),
    limits: limitsOf(request, groups),
  };
}

const ofGroup: FoldOf = ({ group }) => group;
const finite = (value: number) => (Number.isFinite(value) ? value : null);

function refuseTooFew(samples: readonly Sample[], groups: readonly string[], request: FitRequest): void {
  const { minimum, needs } = modelRow(request.model);
  const where = request.stamp.truth.name;
  if (samples.length < minimum)
    throw new HeituError('E_TRUTH_SHORT', {
      where,
      what: `${samples.length} usable rows, ${request.model} needs ${minimum}`,
    });
  if (groups.length < 2)
    throw new HeituError('E_TRUTH_SHORT', {
      where,
      what: `one ${request.group} only (${groups.join('')}): nothing can be held out`,
    });
  if (needs === 'lue' && request.columns.length !== 1)
    throw new HeituError('E_TRUTH_SHORT', { where, what: 'lue takes one column, its own estimate' });
}

function scored(samples: readonly Sample[], predicted: readonly number[]): Accuracy | null {
  const rows = samples.flatMap(({ y }, i) =>
    Number.isFinite(predicted[i]!) ? [[y, predicted[i]!] as const] : [],
  );
  if (rows.length === 0) return null;
  return accuracy(
    rows.map(([y]) => y),
    rows.map(([, p]) => p),
  );
}

function splitOf(
  by: string,
  folds: number,
  measured: Accuracy | null,
  reason: string | null,
): YieldCard['validation']['space'] {
  const plain = measured && {
    ...measured,
    mape: finite(measured.mape),
    nse: finite(measured.nse),
    pearson2: finite(measured.pearson2),
    ccc: finite(measured.ccc),
  };
  return { by, folds, accuracy: plain, reason };
}

function residualsOf(samples: readonly Sample[], { predicted }: Validation): number[] {
  return samples.map(({ y }, i) => y - predicted[i]!).filter(Number.isFinite);
}

/** Blocks of space where coordinates say them, else whole regions, dealt to at most ten folds. */
function spaceSplit(
  task: Task,
  samples: readonly Sample[],
  request: FitRequest,
): YieldCard['validation']['space'] {
  const hasBlocks = samples.every(({ block }) => block !== null);
  const by = hasBlocks ? `blocks of ${request.blockKm} km` : `folds of whole ${request.region ?? 'region'}`;
  const areaOf = (sample: Sample) => sample.block ?? sample.region;
  const areas = foldsOf(samples, areaOf);
  const none = (reason: string) => splitOf(by, 0, null, reason);
  if (task.target === 'departure') return none('departures need the years of the same region');
  if (areas.length < 2) return none('all rows are of one place; give --space');
  const fold = new Map(shuffled(areas, request.seed).map((area, i) => [area, String(i % SPACE_FOLDS)]));
  const { predicted, folds } = crossValidate(task, samples, (sample) => fold.get(areaOf(sample))!);
  return splitOf(by, folds.length, scored(samples, predicted), null);
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const random = seeded(seed);
  const copy = [...items];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [copy[i], copy[j]] = [copy[j]!, copy[i]!];
  }
  return copy;
}

function baselineRows(samples: readonly Sample[], predicted: readonly number[]) {
  const observed = samples.map(({ y }) => y);
  const all = baselines(samples);
  return (Object.keys(BASELINES) as BaselineId[]).flatMap((id) => {
    const against = skill(observed, predicted, all[id]);
    return against === null ? [] : [{ id, ...against, nse: finite(against.nse) }];
  });
}

function errorsBy(samples: readonly Sample[], predicted: readonly number[], keyOf: FoldOf) {
  return foldsOf(samples, keyOf).flatMap((key) => {
    const errors = samples.flatMap((sample, i) =>
      keyOf(sample) === key && Number.isFinite(predicted[i]!) ? [predicted[i]! - sample.y] : [],
    );
    if (errors.length === 0) return [];
    return [{ key, n: errors.length, rmse: Math.sqrt(mean(errors.map((e) => e * e))), bias: mean(errors) }];
  });
}

/**
 * Share of held-out rows inside their intervals, each interval from what its own training years say of each other: the
 * year it is for has no part in it.
 */
export function coverageOf(
  samples: readonly Sample[],
  validation: Validation,
): YieldCard['validation']['coverage'] {
  return LEVELS.map((level) => {
    let [inside, n] = [0, 0];
    for (const { fold, innerResiduals } of validation.folds) {
      const half = conformalWidth(innerResiduals, 1 - level);
      if (!Number.isFinite(half)) continue;
      samples.forEach((sample, i) => {
        const predicted = validation.predicted[i]!;
        if (sample.group !== fold || !Number.isFinite(predicted)) return;
        n++;
        if (Math.abs(sample.y - predicted) <= half) inside++;
      });
    }
    return { level, pooled: n === 0 ? null : inside / n, n };
  });
}

/** Mean R² of held-out groups after yields were shuffled over all rows: what the folds let leak shows as more than 0. */
function control(
  task: Task,
  samples: readonly Sample[],
  hyper: Hyper,
  shuffles: number,
): YieldCard['validation']['control'] {
  const scores = Array.from({ length: shuffles }, (_, round) => {
    const yields = shuffled(
      samples.map(({ y }) => y),
      task.seed + 1 + round,
    );
    const mixed = samples.map((sample, i) => ({ ...sample, y: yields[i]! }));
    const predicted = heldOut(task, mixed, hyper);
    return scored(mixed, predicted)?.nse ?? Number.NaN;
  }).filter(Number.isFinite);
  return { shuffles: scores.length, meanR2: scores.length === 0 ? null : mean(scores) };
}

/** Held-out predictions with a setting that is given. */
function heldOut(task: Task, samples: readonly Sample[], hyper: Hyper): number[] {
  const predicted = samples.map(() => Number.NaN);
  for (const group of foldsOf(samples, ofGroup)) {
    const trained = train(
      task,
      samples.filter((sample) => sample.group !== group),
      hyper,
      true,
    );
    if (trained === null) continue;
    const estimate = estimatorOf(trained);
    samples.forEach((sample, i) => {
      if (sample.group === group) predicted[i] = estimate(sample.region, sample.x);
    });
  }
  return predicted;
}

function trainingRows(samples: readonly Sample[]): YieldCard['training'] {
  const counts = Map.groupBy(samples, ({ group, region }) => JSON.stringify([group, region]));
  return [...counts.values()].map((own) => ({ group: own[0]!.group, region: own[0]!.region, n: own.length }));
}

/** Error and bias beyond which no yields are published without a warning (house). */
const MOST_RRMSE = 20;
const MOST_BIAS = 3;

/** % by which a coverage is uncertain with one group; ten years leave ± 15 %. */
const COVERAGE_DOUBT = 47;

function gatesOf(
  request: FitRequest,
  { fitted }: Trained,
  measured: Accuracy | null,
  beside: YieldCard['validation']['baselines'],
  groups: number,
): YieldCard['gates'] {
  const { slope, lightUse } = cropRow(request.crop);
  // The baseline that is hardest to beat, which is not the same everywhere.
  const against = beside.toSorted((a, b) => a.skill - b.skill)[0];
  const gates: YieldCard['gates'] = [];
  const gate = (id: string, passed: boolean, zh: string, en: string) =>
    gates.push({ id, passed, what: { zh, en } });
  if (against !== undefined) {
    const text = `${against.skill.toFixed(3)} (${against.id})`;
    gate(
      'skill',
      against.skill > 0,
      `相对基线的技巧 ${text}，须大于 0`,
      `skill over the baseline ${text}, above 0 wanted`,
    );
  }
  if (measured !== null) {
    const { rrmse, bias, rmse } = measured;
    const share = (100 * bias * rrmse) / (100 * rmse);
    gate(
      'rrmse',
      rrmse <= MOST_RRMSE,
      `相对误差 ${rrmse.toFixed(1)} %`,
      `rRMSE ${rrmse.toFixed(1)} %, at most ${MOST_RRMSE}`,
    );
    gate(
      'bias',
      Math.abs(share) <= MOST_BIAS,
      `偏差 ${share.toFixed(1)} %`,
      `bias ${share.toFixed(1)} %, at most ${MOST_BIAS}`,
    );
  }
  gate('groups', groups >= 3, `${groups} 组留出`, `${groups} groups held out, 3 wanted`);
  if (
    fitted.kind === 'line' &&
    fitted.form === 'linear' &&
    slope !== null &&
    /ndvi/i.test(request.columns[fitted.feature]!)
  ) {
    const t = fitted.coefficients[1]! / 1000;
    const passed = t >= slope[0] && t <= slope[1];
    gate(
      'slope',
      passed,
      `斜率 ${t.toFixed(1)} t/ha`,
      `slope ${t.toFixed(1)} t/ha per NDVI, ${slope.join(' to ')} is plausible`,
    );
  }
  if (fitted.kind === 'factor' && lightUse !== null) {
    const [low, high] = lightUse.factor;
    const passed = fitted.factor >= low && fitted.factor <= high;
    gate(
      'factor',
      passed,
      `比例 ${fitted.factor.toFixed(2)}`,
      `factor ${fitted.factor.toFixed(2)}, ${low} to ${high} is plausible`,
    );
  }
  return gates;
}

function limitsOf(request: FitRequest, groups: readonly string[]): YieldCard['limits'] {
  const { title, moisture } = cropRow(request.crop);
  const held = `${groups.length} ${request.group}`;
  return [
    {
      zh: `仅适用于${title.zh}，训练样本的地区与指标范围内`,
      en: `holds for ${title.en} only, within the regions and features it was trained on`,
    },
    {
      zh: `产量为 kg/ha${moisture === null ? '' : `，含水率 ${(100 * moisture).toFixed(1)} %`}`,
      en: `yields are kg/ha${moisture === null ? '' : ` at ${(100 * moisture).toFixed(1)} % moisture`}`,
    },
    {
      zh: `区间来自 ${held} 的留出误差；组数少时覆盖率本身不确定`,
      en: `intervals come from ${held} held out; with so few, coverage itself is uncertain by ± ${Math.round(COVERAGE_DOUBT / Math.sqrt(groups.length))} %`,
    },
    ...(request.columns.length > 10 && request.model === 'ridge'
      ? [
          {
            zh: '岭回归用了 10 个以上指标',
            en: 'ridge regression on more than ten features',
          },
        ]
      : []),
  ];
}
