import { forestMean, leafOf } from '../kernels/forest.ts';
import { growBoosted, growForest } from './ensemble.ts';
import { type ForestText, forestFromText, forestText } from './forest-text.ts';
import { type Rows, solveSymmetric, standardise, standardOf } from './linear.ts';

/** What a fit leaves behind: plain data, as it lies in the card. */
export type Fitted =
  | {
      readonly kind: 'line';
      readonly form: LineForm;
      readonly feature: number;
      readonly coefficients: readonly number[];
    }
  | { readonly kind: 'factor'; readonly factor: number }
  | {
      readonly kind: 'ridge';
      readonly mean: readonly number[];
      readonly scale: readonly number[];
      readonly weights: readonly number[];
      readonly intercept: number;
    }
  | { readonly kind: 'forest'; readonly trees: ForestText }
  | { readonly kind: 'boost'; readonly trees: ForestText; readonly start: number; readonly rate: number };

export type LineForm = 'linear' | 'quadratic' | 'log' | 'exponential';

/** Numbers a model is tuned by. */
export type Hyper = Readonly<Record<string, number>>;

export interface ModelRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** `one`: the tuning picks one column; `any`: uses all; `lue`: the one column is a light-use yield. */
  readonly needs: 'one' | 'any' | 'lue';
  /** Fewest rows it is fitted to. */
  readonly minimum: number;
  /** Settings the inner validation chooses from, for a number of features. */
  readonly grid: (features: number) => readonly Hyper[];
  /** `quick` fits are for choosing a setting only. Null where the rows do not determine the model. */
  readonly fit: (
    rows: Rows,
    y: ArrayLike<number>,
    hyper: Hyper,
    seed: number,
    quick: boolean,
  ) => Fitted | null;
  readonly source: string;
}

const TREES = 300;
const TREES_TO_CHOOSE = 60;

/** Regression models for yields, one row each. */
export const MODELS = {
  'index-linear': lineRow('linear', '指数线性回归 Y = a + bX', 'index regression Y = a + bX'),
  'index-quadratic': lineRow('quadratic', '指数二次回归', 'index regression Y = a + bX + cX²'),
  'index-log': lineRow('log', '指数对数回归 Y = a + b ln X', 'index regression Y = a + b ln X'),
  'index-exponential': lineRow('exponential', '指数曲线回归 ln Y = a + bX', 'index regression ln Y = a + bX'),
  lue: {
    title: {
      zh: '光能利用率模型（按产地比例校准）',
      en: 'light-use efficiency chain, scaled to local yields',
    },
    needs: 'lue',
    minimum: 10,
    grid: () => [{}],
    fit: (rows, y) => {
      let [modelled, observed] = [0, 0];
      for (let i = 0; i < rows.length; i++) {
        modelled += rows[i]![0]!;
        observed += y[i]!;
      }
      return modelled > 0 ? { kind: 'factor', factor: observed / modelled } : null;
    },
    source: 'Monteith 1972; Xiao 2004; FAO-56; one factor per crop',
  },
  ridge: {
    title: { zh: '岭回归', en: 'ridge regression on standardised features' },
    needs: 'any',
    minimum: 12,
    grid: () => [1, 10, 30, 100, 300, 1000, 3000].map((lambda) => ({ lambda })),
    fit: fitRidge,
    source: 'Hoerl and Kennard 1970, doi 10.1080/00401706.1970.10488634',
  },
  forest: {
    title: { zh: '随机森林回归', en: 'random forest regression' },
    needs: 'any',
    minimum: 30,
    grid: () => [{ minLeaf: 5 }, { minLeaf: 3 }, { minLeaf: 10 }],
    fit: (rows, y, { minLeaf = 5 }, seed, quick) => ({
      kind: 'forest',
      trees: forestText(growForest(rows, y, { trees: quick ? TREES_TO_CHOOSE : TREES, minLeaf, seed })),
    }),
    source: 'Breiman 2001, doi 10.1023/A:1010933404324',
  },
  boost: {
    title: { zh: '梯度提升树回归', en: 'gradient-boosted trees' },
    needs: 'any',
    minimum: 30,
    grid: () => [
      { depth: 2, rounds: 100 },
      { depth: 2, rounds: 250 },
      { depth: 3, rounds: 100 },
    ],
    fit: (rows, y, { depth = 2, rounds = 100 }, seed) => {
      const { forest, start, rate } = growBoosted(rows, y, { depth, rounds, rate: 0.05, seed });
      return { kind: 'boost', trees: forestText(forest), start, rate };
    },
    source: 'Friedman 2002, doi 10.1016/S0167-9473(01)00065-2',
  },
} as const satisfies Record<string, ModelRow>;

export type ModelId = keyof typeof MODELS;

export const MODEL_IDS = Object.keys(MODELS) as readonly ModelId[]; // keys of the table above

/** The row of a model, as the type that all rows share. */
export function modelRow(id: ModelId): ModelRow {
  return MODELS[id];
}

/** A fitted model as a function of a row of features. Answers NaN where a form is not defined (log of 0). */
export function predictorOf(fitted: Fitted): (row: ArrayLike<number>) => number {
  switch (fitted.kind) {
    case 'line':
      return (row) => lineAt(fitted.form, fitted.coefficients, row[fitted.feature]!);
    case 'factor':
      return (row) => fitted.factor * row[0]!;
    case 'ridge':
      return (row) => {
        let sum = fitted.intercept;
        for (let f = 0; f < fitted.weights.length; f++)
          sum += (fitted.weights[f]! * (row[f]! - fitted.mean[f]!)) / fitted.scale[f]!;
        return sum;
      };
    case 'forest': {
      const forest = forestFromText(fitted.trees);
      return (row) => forestMean(forest, row)[0]!;
    }
    case 'boost': {
      const forest = forestFromText(fitted.trees);
      return (row) => {
        let sum = fitted.start;
        for (let tree = 0; tree < forest.roots.length; tree++)
          sum += fitted.rate * forest.values[leafOf(forest, tree, row)]!;
        return sum;
      };
    }
  }
}

/** `Y` of a line. `lineAt('linear', [-9620.55, 24458.22], 0.7)` is 7500.20 (METHODS 7.1). */
export function lineAt(form: LineForm, coefficients: readonly number[], x: number): number {
  const terms = termsOf(form, x);
  const sum = coefficients.reduce((total, coefficient, i) => total + coefficient * terms[i]!, 0);
  return form === 'exponential' ? Math.exp(sum) : sum;
}

function termsOf(form: LineForm, x: number): number[] {
  if (form === 'quadratic') return [1, x, x * x];
  return [1, form === 'log' ? Math.log(x) : x];
}

function lineRow(form: LineForm, zh: string, en: string): ModelRow {
  return {
    title: { zh, en },
    needs: 'one',
    minimum: 10,
    grid: (features) => Array.from({ length: features }, (_, feature) => ({ feature })),
    fit: (rows, y, { feature = 0 }) => fitLine(form, feature, rows, y),
    source: 'ordinary least squares',
  };
}

function fitLine(form: LineForm, feature: number, rows: Rows, y: ArrayLike<number>): Fitted | null {
  const terms = rows.map((row) => termsOf(form, row[feature]!));
  const target = Array.from(y, (value) => (form === 'exponential' ? Math.log(value) : value));
  if (terms.flat().some((term) => !Number.isFinite(term)) || target.some((t) => !Number.isFinite(t)))
    return null;
  const size = terms[0]!.length;
  const at = (of: (term: readonly number[], i: number) => number) =>
    terms.reduce((sum, t, i) => sum + of(t, i), 0);
  const normal = Array.from({ length: size }, (_, r) =>
    Array.from({ length: size }, (_, c) => at((t) => t[r]! * t[c]!)),
  );
  const right = Array.from({ length: size }, (_, r) => at((t, i) => t[r]! * target[i]!));
  const solved = solveSymmetric(normal, right);
  return solved === null ? null : { kind: 'line', form, feature, coefficients: [...solved] };
}

/** Ridge by the normal equations of standardised features, or of the rows where those are fewer. */
function fitRidge(rows: Rows, y: ArrayLike<number>, { lambda = 100 }: Hyper): Fitted | null {
  const features = rows[0]!.length;
  const { mean, scale } = standardOf(rows, features);
  const x = standardise(rows, mean, scale);
  let intercept = 0;
  for (let i = 0; i < x.length; i++) intercept += y[i]! / x.length;
  const target = Float64Array.from(y, (value) => value - intercept);
  const weights = features <= x.length ? primal(x, target, lambda) : dual(x, target, lambda);
  return weights && { kind: 'ridge', mean: [...mean], scale: [...scale], weights: [...weights], intercept };
}

function primal(x: readonly Float64Array[], y: Float64Array, lambda: number): Float64Array | null {
  const p = x[0]!.length;
  const normal = Array.from({ length: p }, () => new Float64Array(p));
  const right = new Float64Array(p);
  for (let i = 0; i < x.length; i++) {
    const row = x[i]!;
    for (let a = 0; a < p; a++) {
      right[a]! += row[a]! * y[i]!;
      const sums = normal[a]!;
      // The solver reads the lower triangle only.
      for (let b = 0; b <= a; b++) sums[b]! += row[a]! * row[b]!;
    }
  }
  for (let a = 0; a < p; a++) normal[a]![a]! += lambda;
  return solveSymmetric(normal, right);
}

function dual(x: readonly Float64Array[], y: Float64Array, lambda: number): Float64Array | null {
  const gram = x.map((a, i) => x.map((b, j) => (j > i ? 0 : dot(a, b) + (i === j ? lambda : 0))));
  const solved = solveSymmetric(gram, y);
  if (solved === null) return null;
  return Float64Array.from(x[0]!, (_, f) => x.reduce((sum, row, i) => sum + row[f]! * solved[i]!, 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
