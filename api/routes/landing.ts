import { z } from 'zod';
import { CONFORMS_TO } from '../conformance.ts';
import { conformance, landing } from '../contract/features.ts';
import { openApiDocument } from '../contract/openapi.ts';
import { MEDIA } from '../links.ts';
import { describeApi } from '../openapi.ts';
import { format } from '../params.ts';
import { jsonRoute, type Route } from '../route.ts';

const NONE = z.object({});

/** The front door; `routes` gives all addresses, this one's own included. */
export function landingRoutes(routes: () => readonly Route[]): readonly Route[] {
  return [
    jsonRoute({
      path: '/',
      operation: 'landingPage',
      summary: 'links to everything; a browser gets the viewer',
      parameters: NONE,
      query: z.object({ f: format(['json', 'html']).optional() }),
      schema: landing,
      answer: async ({ links }, { version }) => ({
        title: '黑土 Heitu',
        description: '从卫星影像到作物长势图 · from satellite deliveries to crop-health maps',
        version,
        links: [
          links.self(MEDIA.json),
          { href: links.to('/'), rel: 'alternate', type: 'text/html', title: 'viewer' },
          { href: links.to('/api'), rel: 'service-desc', type: MEDIA.openapi, title: 'OpenAPI' },
          { href: links.to('/conformance'), rel: 'conformance', type: MEDIA.json },
          { href: links.to('/collections'), rel: 'data', type: MEDIA.json },
          { href: links.to('/v1/products'), rel: 'related', type: MEDIA.json, title: 'products' },
          { href: links.to('/v1/workspace'), rel: 'related', type: MEDIA.json, title: 'workspace' },
        ],
      }),
    }),
    jsonRoute({
      path: '/conformance',
      operation: 'conformance',
      summary: 'standards this API keeps',
      parameters: NONE,
      query: z.object({ f: format(['json']).optional() }),
      schema: conformance,
      answer: async () => ({ conformsTo: [...CONFORMS_TO] }),
    }),
    jsonRoute({
      path: '/api',
      operation: 'apiDefinition',
      summary: 'this API as OpenAPI 3.0',
      parameters: NONE,
      query: z.object({ f: format(['json']).optional() }),
      type: MEDIA.openapi,
      schema: openApiDocument,
      answer: async ({ links }, { version }) => describeApi(routes(), { version, url: links.to('') }),
    }),
  ];
}
