import { createHash } from 'node:crypto';
import { z } from 'zod';
import { HeituError } from '../core/error.ts';
import { CROP_IDS } from './crops.ts';
import { forestFromText } from './forest-text.ts';
import { MODEL_IDS } from './table.ts';

const number = z.number();
/** Numbers that may not be there: an interval of too few rows, a correlation of a constant. */
const maybe = z.number().nullable();
const numbers = z.array(number).readonly();

const forest = z.object({
  features: number,
  outputs: number,
  roots: z.string(),
  depths: z.string(),
  feature: z.string(),
  threshold: z.string(),
  child: z.string(),
  values: z.string(),
});

const fitted = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('line'),
    form: z.enum(['linear', 'quadratic', 'log', 'exponential']),
    feature: number,
    coefficients: numbers,
  }),
  z.object({ kind: z.literal('factor'), factor: number }),
  z.object({
    kind: z.literal('ridge'),
    mean: numbers,
    scale: numbers,
    weights: numbers,
    intercept: number,
  }),
  z.object({ kind: z.literal('forest'), trees: forest }),
  z.object({ kind: z.literal('boost'), trees: forest, start: number, rate: number }),
]);

const accuracy = z.object({
  n: number,
  rmse: number,
  rrmse: number,
  mae: number,
  mape: maybe,
  bias: number,
  biasShare: number,
  nse: maybe,
  pearson2: maybe,
  ccc: maybe,
});

const split = z.object({
  by: z.string(),
  folds: number,
  accuracy: accuracy.nullable(),
  /** Why there is none. */
  reason: z.string().nullable(),
});

const domain = z.object({
  mean: numbers,
  scale: numbers,
  directions: z.array(z.object({ variance: number, vector: numbers })).readonly(),
  rest: z.object({ scale: number, freedom: number }).nullable(),
  chi: number,
  limit: number,
});

const truth = z.object({
  name: z.string(),
  /** Of the file as it was read. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  rows: number,
  refused: z.array(z.object({ row: number, id: z.string(), status: z.string(), reason: z.string() })),
});

const words = z.object({ zh: z.string(), en: z.string() });

const yieldBody = z.object({
  kind: z.literal('heitu-yield-card'),
  format: z.literal(1),
  heitu: z.string(),
  fittedAt: z.string(),
  model: z.enum(MODEL_IDS),
  crop: z.enum(CROP_IDS),
  target: z.enum(['level', 'departure']),
  unit: z.literal('kg/ha'),
  moisture: maybe,
  columns: z.array(z.string()).min(1),
  group: z.string(),
  region: z.string().nullable(),
  seed: number,
  hyper: z.record(z.string(), number),
  fitted,
  /** Mean yield of every region, added to a departure. */
  means: z.record(z.string(), number).nullable(),
  training: z.array(z.object({ group: z.string(), region: z.string(), n: number })),
  validation: z.object({
    headline: split,
    space: split,
    byGroup: z.array(z.object({ group: z.string(), n: number, rmse: number, bias: number })),
    byRegion: z.array(z.object({ region: z.string(), n: number, rmse: number, bias: number })),
    baselines: z.array(z.object({ id: z.string(), n: number, rmse: number, nse: maybe, skill: number })),
    coverage: z.array(z.object({ level: number, pooled: maybe, n: number })),
    control: z.object({ shuffles: number, meanR2: maybe }),
    /** Observed and held-out predicted yield of every row, for a scatter. */
    rows: z.array(
      z.object({ id: z.string(), group: z.string(), region: z.string(), y: number, predicted: maybe }),
    ),
  }),
  /** Half-widths in kg/ha; null where rows are too few to say. */
  interval: z.object({ half80: maybe, half90: maybe, n: number, groups: number }),
  domain,
  gates: z.array(z.object({ id: z.string(), passed: z.boolean(), what: words })),
  limits: z.array(words),
  truth,
  features: z.object({ name: z.string(), sha256: z.string() }).nullable(),
});

const cropBody = z.object({
  kind: z.literal('heitu-crop-card'),
  format: z.literal(1),
  heitu: z.string(),
  fittedAt: z.string(),
  columns: z.array(z.string()).min(1),
  classes: z.array(z.string()).min(2).max(255),
  seed: number,
  trees: number,
  forest,
  training: z.array(z.object({ name: z.string(), n: number })),
  validation: z.object({
    by: z.string(),
    folds: number,
    n: number,
    overall: number,
    macroF1: number,
    /** The same over classes whose samples lie in two folds or more: others can never be found again. */
    macroF1Testable: maybe,
    classes: z.array(
      z.object({
        name: z.string(),
        n: number,
        blocks: number,
        folds: number,
        users: maybe,
        producers: number,
        f1: number,
      }),
    ),
    confusion: z.array(numbers).readonly(),
    nearestNeighbour: z.object({ overall: number, macroF1: number }),
    outOfBagError: maybe,
  }),
  domain,
  limits: z.array(words),
  truth,
  features: z.object({ name: z.string(), sha256: z.string() }).nullable(),
});

/** What a yield model is, from what it was fitted and how well it did where it had not looked. */
export type YieldCard = Readonly<z.infer<typeof yieldBody>>;
/** The same of a crop-type classifier. */
export type CropCard = Readonly<z.infer<typeof cropBody>>;

/** SHA-256 of bytes or text, in hexadecimal. */
export function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** A card as the text of its file: its content and a seal over it, so that a card changed by hand does not load. */
export function cardText(card: YieldCard | CropCard): string {
  // What is not a number is null in JSON; the seal is over what will be read.
  const content: unknown = JSON.parse(JSON.stringify(card));
  return `${JSON.stringify({ card: content, seal: sha256(JSON.stringify(content)) }, null, 1)}\n`;
}

/**
 * Loads the card of a yield model. Throws E_CARD_INVALID for text that is no card, one of another kind or format, a broken
 * seal, trees that lead nowhere, and a card without validation figures or training rows.
 */
export function loadYieldCard(text: string, where: string): YieldCard {
  const card = open(text, where, yieldBody);
  const widths = card.fitted.kind === 'ridge' ? card.fitted.weights.length : card.columns.length;
  if (widths !== card.columns.length || card.domain.mean.length !== card.columns.length)
    throw fault(where, 'columns and coefficients are of different number');
  if (card.training.length === 0) throw fault(where, 'no training rows');
  if (card.validation.headline.accuracy === null) throw fault(where, 'it was never validated');
  if (card.fitted.kind === 'forest' || card.fitted.kind === 'boost')
    checkForest(card.fitted.trees, card.columns.length, 1, where);
  if (card.target === 'departure' && card.means === null) throw fault(where, 'no regional means');
  return card;
}

/** Loads the card of a crop-type classifier; throws as `loadYieldCard`. */
export function loadCropCard(text: string, where: string): CropCard {
  const card = open(text, where, cropBody);
  if (card.domain.mean.length !== card.columns.length) throw fault(where, 'columns and domain differ');
  checkForest(card.forest, card.columns.length, card.classes.length, where);
  return card;
}

function checkForest(trees: z.infer<typeof forest>, features: number, outputs: number, where: string): void {
  if (trees.features !== features || trees.outputs !== outputs) throw fault(where, 'trees of other columns');
  try {
    forestFromText(trees);
  } catch (cause) {
    throw fault(where, cause instanceof Error ? cause.message : 'damaged trees');
  }
}

function open<T>(text: string, where: string, schema: z.ZodType<T>): T {
  let sealed: unknown;
  try {
    sealed = JSON.parse(text);
  } catch {
    throw fault(where, 'it is not JSON');
  }
  const outer = z.object({ card: z.unknown(), seal: z.string() }).safeParse(sealed);
  if (!outer.success) throw fault(where, 'it has no seal');
  if (sha256(JSON.stringify(outer.data.card)) !== outer.data.seal) throw fault(where, 'its seal is broken');
  const card = schema.safeParse(outer.data.card);
  if (!card.success) {
    const issue = card.error.issues[0];
    throw fault(where, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not a card'}`);
  }
  return card.data;
}

function fault(where: string, what: string): HeituError {
  return new HeituError('E_CARD_INVALID', { where, what });
}
