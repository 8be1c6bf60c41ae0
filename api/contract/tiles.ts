import { z } from 'zod';
import { bboxValue, named } from './common.ts';

/** TileJSON 3.0.0, github.com/mapbox/tilejson-spec. */
export const tileJson = named(
  'TileJson',
  z.strictObject({
    tilejson: z.literal('3.0.0'),
    name: z.string(),
    tiles: z.array(z.string()).min(1),
    scheme: z.literal('xyz'),
    bounds: bboxValue,
    minzoom: z.number().int().min(0).max(30),
    maxzoom: z.number().int().min(0).max(30),
    attribution: z.string().optional(),
    vector_layers: z
      .array(z.strictObject({ id: z.string(), fields: z.record(z.string(), z.string()) }))
      .optional(),
  }),
);
export type TileJson = z.infer<typeof tileJson>;
