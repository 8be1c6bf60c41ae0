import { z } from 'zod';
import { bboxValue, bilingual, day, instant, named, share } from './common.ts';

const ends = z.tuple([z.string(), z.string()]);

export const product = named(
  'Product',
  z.strictObject({
    id: z.string(),
    title: bilingual,
    /** What the low and the high end of the legend mean. */
    ends: z.strictObject({ zh: ends, en: ends }),
    /** `1` is dimensionless. */
    unit: z.string(),
    /** Value of one stored count. */
    scale: z.number(),
    nodata: z.number().int(),
    legend: z.array(z.strictObject({ value: z.number(), color: z.string() })),
    /** Names of the classes in the order of the legend; null where values are numbers. */
    classes: z.array(bilingual).nullable(),
    statistics: z.array(z.string()),
    /** Under this clear share a value is `insufficient`. */
    minimumClear: share,
  }),
);
export type Product = z.infer<typeof product>;

export const products = named('Products', z.strictObject({ products: z.array(product) }));

export const workspace = named(
  'Workspace',
  z.strictObject({
    name: z.string(),
    simulated: z.boolean(),
    bbox: bboxValue.nullable(),
    basemap: z.strictObject({ tiles: z.string(), attribution: z.string() }).nullable(),
    collections: z.array(
      z.strictObject({
        id: z.string(),
        title: bilingual,
        sensor: z.strictObject({ id: z.string(), title: bilingual }),
        from: instant.nullable(),
        to: instant.nullable(),
        sceneCount: z.number().int(),
        /** What was published of it: ids of products, and QUALITY, TRUE_COLOR … */
        products: z.array(z.string()),
      }),
    ),
    counts: z.strictObject({
      scenes: z.number().int(),
      parcels: z.number().int(),
      stands: z.number().int(),
      zones: z.number().int(),
      observations: z.number().int(),
    }),
    version: z.string(),
  }),
);
export type Workspace = z.infer<typeof workspace>;

export const dates = named(
  'Dates',
  z.strictObject({
    dates: z.array(
      z.strictObject({
        date: day,
        datetime: instant,
        collection: z.string(),
        scenes: z.array(z.string()),
        clearFraction: share.nullable(),
      }),
    ),
  }),
);

export const values = named(
  'Values',
  z.strictObject({
    product: z.string(),
    date: day,
    statistic: z.string(),
    unit: z.string(),
    /** By place id: value (null when too little was clear), clear share, clear pixels. */
    values: z.record(z.string(), z.tuple([z.number().nullable(), share, z.number().int()])),
  }),
);

export const series = named(
  'Series',
  z.strictObject({
    place: z.strictObject({
      id: z.string(),
      kind: z.string(),
      code: z.string().nullable(),
      name: z.string().nullable(),
      crop: z.string().nullable(),
      areaM2: z.number(),
      areaMu: z.number(),
      region: z.string().nullable(),
    }),
    product: z.string(),
    statistic: z.string(),
    unit: z.string(),
    minimumClear: share,
    points: z.array(
      z.strictObject({
        datetime: instant,
        date: day,
        collection: z.string(),
        scene: z.string(),
        run: z.string(),
        status: z.enum(['ok', 'insufficient']),
        value: z.number().nullable(),
        low: z.number().nullable(),
        high: z.number().nullable(),
        pixelCount: z.number().int(),
        clearFraction: share,
        /** Why it is so, or why there is no value; null where the numbers say it all. */
        reason: z.strictObject({ code: z.string(), zh: z.string(), en: z.string() }).nullable(),
      }),
    ),
    source: z.strictObject({ sensor: z.string().nullable(), version: z.string() }),
  }),
);
export type Series = z.infer<typeof series>;

export const pixel = named(
  'Pixel',
  z.strictObject({
    /** In the product's unit; null when there is none, and then the flags say why. */
    value: z.number().nullable(),
    flags: z.array(z.strictObject({ id: z.string(), title: bilingual })),
    scene: z.string().nullable(),
    datetime: instant.nullable(),
  }),
);
export type Pixel = z.infer<typeof pixel>;

export const expressionPixel = named(
  'ExpressionPixel',
  z.strictObject({
    /** Null where the expression has no value. */
    value: z.number().nullable(),
    /** Values of the products it uses, by their ids. */
    variables: z.record(z.string(), z.number().nullable()),
    scene: z.string().nullable(),
    datetime: instant.nullable(),
  }),
);
