import { z } from 'zod';

/** Schemas that have a name in the OpenAPI document. */
export const WIRE = z.registry<{ id: string }>();

/** Gives a schema its name on the wire. */
export function named<T extends z.ZodType>(id: string, schema: T): T {
  WIRE.add(schema, { id });
  return schema;
}

export const bilingual = named('Bilingual', z.strictObject({ zh: z.string(), en: z.string() }));

/** West, south, east, north in degrees. */
export const bboxValue = z.tuple([z.number(), z.number(), z.number(), z.number()]);

/** Beijing calendar day. */
export const day = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);

/** Instant in UTC. */
export const instant = z.iso.datetime();

export const share = z.number().min(0).max(1);

export const link = named(
  'Link',
  z.strictObject({
    href: z.string(),
    rel: z.string(),
    type: z.string().optional(),
    title: z.string().optional(),
    templated: z.boolean().optional(),
  }),
);
export type Link = z.infer<typeof link>;

/** Problem document, RFC 9457, with the error's code and its sentence in both languages. */
export const problem = named(
  'Problem',
  z.strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    detailZh: z.string(),
    code: z.string(),
    instance: z.string(),
    /** Where in a formula the error is, from 1. */
    column: z.number().int().optional(),
  }),
);
export type Problem = z.infer<typeof problem>;

export const health = named('Health', z.strictObject({ status: z.literal('ok'), version: z.string() }));
