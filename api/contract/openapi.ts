import { z } from 'zod';
import { named } from './common.ts';

const anything = z.record(z.string(), z.unknown());

/** The outer shape of an OpenAPI 3.0 document. */
export const openApiDocument = named(
  'OpenApi',
  z.strictObject({
    openapi: z.literal('3.0.3'),
    info: z.strictObject({
      title: z.string(),
      version: z.string(),
      description: z.string(),
      license: anything,
    }),
    servers: z.array(z.strictObject({ url: z.string() })),
    paths: z.record(z.string(), anything),
    components: z.strictObject({ schemas: anything, responses: anything }),
  }),
);
export type OpenApiDocument = z.infer<typeof openApiDocument>;
