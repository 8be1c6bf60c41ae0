import { z } from 'zod';
import { WIRE } from './contract/common.ts';
import type { OpenApiDocument } from './contract/openapi.ts';
import { describe } from './params.ts';
import type { Route } from './route.ts';

type Json = Record<string, unknown>;

const PROBLEM = { $ref: '#/components/responses/Problem' } as const;

/** The OpenAPI 3.0 document of the routes, made from the schemas they parse and answer with. */
export function describeApi(
  routes: readonly Route[],
  about: { readonly version: string; readonly url: string },
): OpenApiDocument {
  return {
    openapi: '3.0.3',
    info: {
      title: '黑土 Heitu',
      version: about.version,
      description:
        'Scenes, parcels, stands and what was computed for them. Dates in addresses are Beijing calendar days.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: about.url }],
    ...partsOf(routes),
  };
}

const PARTS = new WeakMap<readonly Route[], Pick<OpenApiDocument, 'paths' | 'components'>>();

/** What is the same for every asker, made once. */
function partsOf(routes: readonly Route[]): Pick<OpenApiDocument, 'paths' | 'components'> {
  const made = PARTS.get(routes) ?? {
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: describeRoute(route) }])),
    components: {
      schemas: namedSchemas(),
      responses: {
        Problem: {
          description: 'problem document, RFC 9457',
          content: { 'application/problem+json': { schema: reference('Problem') } },
        },
      },
    },
  };
  PARTS.set(routes, made);
  return made;
}

function describeRoute(route: Route): Json {
  return {
    operationId: route.operation,
    summary: route.summary,
    parameters: [
      ...describeParameters(route.parameters, 'path'),
      ...describeParameters(route.query, 'query'),
    ],
    responses: {
      200: { description: route.summary, content: { [route.type]: { schema: answerSchema(route) } } },
      '4XX': PROBLEM,
      '5XX': PROBLEM,
    },
  };
}

function describeParameters(object: z.ZodObject, where: 'path' | 'query'): Json[] {
  return Object.entries(object.shape).map(([name, field]) => {
    const row = describe(field);
    if (row === undefined) throw new RangeError(`parameter ${name} is not described`);
    const isRequired = where === 'path' || !z.safeParse(field, undefined).success;
    const list = row.schema.type === 'array' ? { style: 'form', explode: false } : {};
    return {
      name,
      in: where,
      required: isRequired,
      description: row.description,
      ...list,
      schema: row.schema,
    };
  });
}

function answerSchema(route: Route): Json {
  if (route.kind === 'bytes') return { type: 'string', format: 'binary' };
  const id = WIRE.get(route.schema)?.id;
  if (id === undefined) throw new RangeError(`the answer of ${route.path} has no name`);
  return reference(id);
}

function reference(id: string): Json {
  return { $ref: `#/components/schemas/${id}` };
}

function namedSchemas(): Json {
  const { schemas } = z.toJSONSchema(WIRE, {
    target: 'openapi-3.0',
    uri: (id) => `#/components/schemas/${id}`,
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => {
      // OpenAPI 3.0 schemas have no $id.
      const { $id: _, ...rest } = schema;
      return [id, rest];
    }),
  );
}
