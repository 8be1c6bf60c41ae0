import { HeituError } from '../core/error.ts';
import { seeded } from '../core/random.ts';
import { type Forest, forestMean } from '../kernels/forest.ts';
import type { CropCard } from './card.ts';
import { columnIndex, columnsLike, invalid, numberOf, type Table } from './csv.ts';
import { distanceFrom, domainOf } from './domain.ts';
import { growClassForest } from './ensemble.ts';
import { forestFromText, forestText } from './forest-text.ts';
import { standardise, standardOf } from './linear.ts';
import { type ClassAccuracy, classAccuracy, mean } from './metrics.ts';
import { blockOf, type Refused } from './truth.ts';

/** One place of known crop with its season features. */
export interface CropSample {
  readonly id: string;
  readonly label: string;
  /** Block of space it lies in: held out together. */
  readonly block: string;
  readonly x: Float64Array;
}

/** Most dates a place may have in a season. */
const MOST_DATES = 400;

/**
 * A table with a row a place from one with a row a place and date (columns key and `date`): `ndvi` of the first date
 * becomes `ndvi_1`. A table without dates comes back as it is. Throws E_TABLE_INVALID where places have different numbers
 * of dates, for then columns would not mean the same.
 */
export function onePerPlace(table: Table, key: string): Table {
  const dateAt = table.header.indexOf('date');
  if (dateAt < 0) return table;
  const keyAt = columnIndex(table, key);
  const values = table.header.map((_, i) => i).filter((i) => i !== dateAt && i !== keyAt);
  const places = Map.groupBy(table.rows, (row) => row[keyAt]!.trim());
  const dates = places.values().next().value?.length ?? 0;
  if (dates > MOST_DATES) throw invalid(table.where, `${dates} dates of one place`);
  const rows = [...places].map(([id, own]) => {
    if (own.length !== dates)
      throw invalid(
        table.where,
        `${id} has ${own.length} dates, the first place ${dates}; put all on one grid of days`,
      );
    const inOrder = own.toSorted((a, b) => (a[dateAt]! < b[dateAt]! ? -1 : 1));
    return [id, ...values.flatMap((column) => inOrder.map((row) => row[column]!))];
  });
  const header = values.flatMap((column) =>
    Array.from({ length: dates }, (_, i) => `${table.header[column]}_${i + 1}`),
  );
  return { where: table.where, header: [key, ...header], rows };
}

/** Which columns of the tables say what. */
export interface CropColumns {
  readonly label: string;
  readonly key: string;
  readonly lonLat: readonly [string, string];
  readonly blockKm: number;
  readonly columns: readonly string[];
}

/** Joins labels and features; rows without features are named and left out. */
export function cropSamplesOf(
  truth: Table,
  features: Table,
  as: CropColumns,
): { samples: readonly CropSample[]; columns: readonly string[]; refused: readonly Refused[] } {
  const wide = onePerPlace(features, as.key);
  const columns = columnsLike(wide, as.columns);
  const at = columns.map((name) => columnIndex(wide, name));
  const keyAt = columnIndex(wide, as.key);
  const rowOf = new Map(wide.rows.map((row, i) => [row[keyAt]!.trim(), i]));
  const [idAt, labelAt, lonAt, latAt] = [as.key, as.label, ...as.lonLat].map((name) =>
    columnIndex(truth, name),
  ) as [number, number, number, number]; // four names, four places
  const samples: CropSample[] = [];
  const refused: Refused[] = [];
  truth.rows.forEach((cells, row) => {
    const id = cells[idAt]!.trim();
    const place = rowOf.get(id);
    const label = cells[labelAt]!.trim();
    const [lon, lat] = [numberOf(truth, row, lonAt), numberOf(truth, row, latAt)];
    const x = place === undefined ? null : Float64Array.from(at, (column) => numberOf(wide, place, column));
    if (x === null)
      refused.push({ row: row + 2, id, status: 'unknown-parcel', reason: `no features of ${id}` });
    else if (label === '') refused.push({ row: row + 2, id, status: 'other-crop', reason: 'no label' });
    else if (Number.isNaN(lon + lat)) throw invalid(truth.where, `row ${row + 2} has no place`);
    else if (x.some(Number.isNaN))
      refused.push({
        row: row + 2,
        id,
        status: 'missing-feature',
        reason: `no ${columns[x.findIndex(Number.isNaN)]}`,
      });
    else samples.push({ id, label, block: blockOf(lon, lat, as.blockKm), x });
  });
  return { samples, columns, refused };
}

export interface CropFitRequest {
  readonly columns: readonly string[];
  readonly blockKm: number;
  readonly trees: number;
  readonly minLeaf: number;
  readonly folds: number;
  readonly seed: number;
  readonly stamp: Pick<CropCard, 'heitu' | 'fittedAt' | 'truth' | 'features'>;
}

/**
 * Fits the crop-type forest and its card: accuracy by whole blocks of space held out, beside the nearest neighbour in the
 * same folds. Throws E_TRUTH_SHORT for fewer than two classes, twenty rows or two blocks.
 */
export function fitCropCard(samples: readonly CropSample[], request: CropFitRequest): CropCard {
  const classes = [...new Set(samples.map(({ label }) => label))].sort();
  const blocks = [...new Set(samples.map(({ block }) => block))].sort();
  if (classes.length < 2 || samples.length < 20 || blocks.length < 2 || classes.length > 255)
    throw new HeituError('E_TRUTH_SHORT', {
      where: request.stamp.truth.name,
      what: `${samples.length} rows of ${classes.length} class(es) in ${blocks.length} block(s)`,
    });
  const y = Uint8Array.from(samples, ({ label }) => classes.indexOf(label));
  const folds = spatialFolds(samples, blocks, request.folds, request.seed);
  const grow = (rows: readonly number[]) =>
    growClassForest(
      rows.map((i) => samples[i]!.x),
      Uint8Array.from(rows, (i) => y[i]!),
      classes.length,
      { trees: request.trees, minLeaf: request.minLeaf, balanced: true, seed: request.seed },
    );
  const byForest = heldOut(samples, folds, (training) => {
    const { forest } = grow(training);
    return (x) => mostLikely(forest, x);
  });
  const byNeighbour = heldOut(samples, folds, (training) => nearest(samples, training, y));
  const truth = [...y];
  const accuracy = classAccuracy(truth, byForest, classes);
  const { overall, macroF1 } = classAccuracy(truth, byNeighbour, classes);
  const all = grow(samples.map((_, i) => i));
  return {
    kind: 'heitu-crop-card',
    format: 1,
    ...request.stamp,
    columns: [...request.columns],
    classes,
    seed: request.seed,
    trees: request.trees,
    forest: forestText(all.forest),
    training: accuracy.classes.map(({ name, n }) => ({ name, n })),
    validation: {
      by: `blocks of ${request.blockKm} km`,
      folds: new Set(folds).size,
      ...plain(accuracy, samples, folds),
      nearestNeighbour: { overall, macroF1 },
      outOfBagError: Number.isFinite(all.outOfBagError) ? all.outOfBagError : null,
    },
    domain: domainOf(
      samples.map(({ x }) => x),
      request.columns.length,
    ),
    limits: [
      {
        zh: '仅识别训练样本中的类别；其他作物会被归入其中之一或判为存疑',
        en: 'knows the classes of its samples only; any other crop is taken for one of them or found doubtful',
      },
      {
        zh: '精度按空间分块检验，未按面积加权；面积用 heitu area 估计',
        en: 'accuracy is of held-out blocks, not weighted by area; estimate areas with heitu area',
      },
    ],
  };
}

function plain(accuracy: ClassAccuracy, samples: readonly CropSample[], folds: readonly number[]) {
  const classes = accuracy.classes.map((one) => {
    const own = [...samples.keys()].filter((i) => samples[i]!.label === one.name);
    return {
      ...one,
      users: Number.isNaN(one.users) ? null : one.users,
      blocks: new Set(own.map((i) => samples[i]!.block)).size,
      folds: new Set(own.map((i) => folds[i])).size,
    };
  });
  const testable = classes.filter((one) => one.folds > 1).map(({ f1 }) => f1);
  return {
    n: accuracy.n,
    overall: accuracy.overall,
    macroF1: accuracy.macroF1,
    macroF1Testable: testable.length === 0 ? null : mean(testable),
    classes,
    confusion: accuracy.confusion,
  };
}

/** Fold of every sample: blocks in random order, each to the fold that holds fewest samples so far. */
function spatialFolds(
  samples: readonly CropSample[],
  blocks: readonly string[],
  count: number,
  seed: number,
): number[] {
  const random = seeded(seed);
  const size = Map.groupBy(samples, ({ block }) => block);
  const order = blocks
    .map((block) => ({ block, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ block }) => block);
  const sums = Array.from({ length: Math.min(count, blocks.length) }, () => 0);
  const fold = new Map(
    order.map((block) => {
      const to = sums.indexOf(Math.min(...sums));
      sums[to]! += size.get(block)!.length;
      return [block, to];
    }),
  );
  return samples.map(({ block }) => fold.get(block)!);
}

function heldOut(
  samples: readonly CropSample[],
  folds: readonly number[],
  learn: (training: readonly number[]) => (x: Float64Array) => number,
): number[] {
  const found = samples.map(() => 0);
  for (const fold of new Set(folds)) {
    const classify = learn([...folds.keys()].filter((i) => folds[i] !== fold));
    folds.forEach((own, i) => {
      if (own === fold) found[i] = classify(samples[i]!.x);
    });
  }
  return found;
}

function mostLikely(forest: Forest, x: ArrayLike<number>): number {
  const shares = forestMean(forest, x);
  return shares.indexOf(Math.max(...shares));
}

/** The class of the nearest training row in standardised features: what any model must beat. */
function nearest(
  samples: readonly CropSample[],
  training: readonly number[],
  y: Uint8Array,
): (x: Float64Array) => number {
  const rows = training.map((i) => samples[i]!.x);
  const usual = standardOf(rows, rows[0]!.length);
  const standard = standardise(rows, usual.mean, usual.scale);
  return (x) => {
    const [asked] = standardise([x], usual.mean, usual.scale);
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    standard.forEach((row, i) => {
      let distance = 0;
      for (let f = 0; f < row.length && distance < least; f++) distance += (row[f]! - asked![f]!) ** 2;
      if (distance < least) [best, least] = [y[training[i]!]!, distance];
    });
    return best;
  };
}

/** The crop of a place with its probability, or why it is not said. */
export interface CropAnswer {
  readonly id: string;
  readonly status: 'ok' | 'insufficient' | 'missing-feature' | 'outside-domain';
  /** Null unless the status is ok: a doubtful crop is not a crop. */
  readonly crop: string | null;
  /** Of the most likely class. */
  readonly probability: number | null;
  /** Shannon entropy of the class probabilities over its largest, 0 sure to 1 no idea. */
  readonly entropy: number | null;
  readonly reason: { readonly zh: string; readonly en: string };
}

/** Below this probability a crop is doubtful (house). */
export const LEAST_PROBABILITY = 0.5;

/** A card as a function that names the crop of a row of features, or says why not. */
export function cropAnswersOf(card: CropCard): (id: string, x: ArrayLike<number>) => CropAnswer {
  const forest = forestFromText(card.forest);
  return (id, x) => {
    const none = { id, crop: null, probability: null, entropy: null };
    const missing = card.columns.findIndex((_, f) => !Number.isFinite(x[f]!));
    if (missing >= 0) {
      const name = card.columns[missing];
      return { ...none, status: 'missing-feature', reason: { zh: `缺少 ${name}`, en: `no ${name}` } };
    }
    const distance = distanceFrom(card.domain, x);
    if (!(distance <= card.domain.limit)) {
      const text = `${distance.toFixed(1)} > ${card.domain.limit.toFixed(1)}`;
      const reason = { zh: `超出适用范围：${text}`, en: `Mahalanobis distance² ${text}` };
      return { ...none, status: 'outside-domain', reason };
    }
    const shares = forestMean(forest, x);
    const probability = Math.max(...shares);
    const entropy =
      shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0) /
      Math.log(shares.length);
    const name = card.classes[shares.indexOf(probability)]!;
    if (probability < LEAST_PROBABILITY) {
      const text = `${name} ${probability.toFixed(2)} < ${LEAST_PROBABILITY}`;
      const reason = { zh: `存疑：${text}`, en: `doubtful: ${text}` };
      return { id, status: 'insufficient', crop: null, probability, entropy, reason };
    }
    return { id, status: 'ok', crop: name, probability, entropy, reason: { zh: '', en: '' } };
  };
}
