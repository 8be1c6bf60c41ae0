/** How well numbers were predicted. Units of the observations unless said otherwise. */
export interface Accuracy {
  readonly n: number;
  readonly rmse: number;
  /** RMSE over the mean of the observations, %. */
  readonly rrmse: number;
  readonly mae: number;
  /** %; over observations other than 0. */
  readonly mape: number;
  /** Mean of predicted minus observed. */
  readonly bias: number;
  /** Share of the mean squared error that is the square of the bias. */
  readonly biasShare: number;
  /** 1 − SSE/SST (Nash and Sutcliffe): what we call R². NaN where observations are all equal. */
  readonly nse: number;
  /** Square of Pearson's correlation: says nothing of level or scale. */
  readonly pearson2: number;
  /** Concordance correlation (Lin 1989, doi 10.2307/2532051). */
  readonly ccc: number;
}

/**
 * Accuracy of predictions. `accuracy([7.1, 8.3, 6.4, 9, 7.7, 5.2], [7.4, 7.9, 6.9, 8.4, 7.6, 6.1]).nse` is 0.8195.
 * Throws a RangeError for lists of different length or of none.
 */
export function accuracy(observed: readonly number[], predicted: readonly number[]): Accuracy {
  const n = observed.length;
  if (n === 0 || n !== predicted.length)
    throw new RangeError(`${n} observations, ${predicted.length} predictions`);
  const meanO = mean(observed);
  const meanP = mean(predicted);
  let [sse, sae, ape, nonzero, varO, varP, cov] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [o, p] = [observed[i]!, predicted[i]!];
    sse += (p - o) ** 2;
    sae += Math.abs(p - o);
    if (o !== 0) {
      ape += Math.abs((p - o) / o);
      nonzero++;
    }
    varO += (o - meanO) ** 2;
    varP += (p - meanP) ** 2;
    cov += (o - meanO) * (p - meanP);
  }
  const rmse = Math.sqrt(sse / n);
  const bias = meanP - meanO;
  return {
    n,
    rmse,
    rrmse: (100 * rmse) / meanO,
    mae: sae / n,
    mape: (100 * ape) / nonzero,
    bias,
    biasShare: sse === 0 ? 0 : (n * bias * bias) / sse,
    nse: varO === 0 ? Number.NaN : 1 - sse / varO,
    pearson2: cov ** 2 / (varO * varP),
    ccc: (2 * cov) / (varO + varP + n * bias * bias),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Counts of mapped (rows) against reference classes (columns), and what follows from them. */
export interface ClassAccuracy {
  readonly n: number;
  readonly overall: number;
  /** Mean of the classes' F1 over those that the reference holds. */
  readonly macroF1: number;
  readonly classes: readonly {
    readonly name: string;
    readonly n: number;
    /** Share of what is mapped as the class that is it; NaN where nothing is. */
    readonly users: number;
    /** Share of the class that is mapped as it. */
    readonly producers: number;
    readonly f1: number;
  }[];
  readonly confusion: readonly (readonly number[])[];
}

/** Accuracy of classes given as indices into `names`. A class never mapped has an F1 of 0. */
export function classAccuracy(
  reference: readonly number[],
  mapped: readonly number[],
  names: readonly string[],
): ClassAccuracy {
  const confusion = names.map(() => names.map(() => 0));
  reference.forEach((truth, i) => {
    confusion[mapped[i]!]![truth]!++;
  });
  const classes = names.map((name, k) => {
    const hit = confusion[k]![k]!;
    const asMapped = confusion[k]!.reduce((sum, count) => sum + count, 0);
    const n = confusion.reduce((sum, row) => sum + row[k]!, 0);
    return { name, n, users: hit / asMapped, producers: hit / n, f1: (2 * hit) / (asMapped + n) };
  });
  const present = classes.filter(({ n }) => n > 0);
  const hits = names.reduce((sum, _, k) => sum + confusion[k]![k]!, 0);
  return {
    n: reference.length,
    overall: hits / reference.length,
    macroF1: mean(present.map(({ f1 }) => f1)),
    classes,
    confusion,
  };
}
