import { z } from 'zod';
import { knownScene } from '../../pipeline/store/scene.ts';
import { health } from '../contract/common.ts';
import { bytesRoute, jsonRoute, type Route } from '../route.ts';

const NONE = z.object({});

export const HEALTH_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/healthz',
    operation: 'isAlive',
    summary: 'the process answers',
    parameters: NONE,
    query: NONE,
    cache: 'no-store',
    schema: health,
    answer: async (_, { version }) => ({ status: 'ok' as const, version }),
  }),
  jsonRoute({
    path: '/readyz',
    operation: 'isReady',
    summary: 'the database answers too; 503 while it does not',
    parameters: NONE,
    query: NONE,
    cache: 'no-store',
    schema: health,
    answer: async (_, { store, version }) => {
      // The cheapest question there is; its answer does not matter.
      await knownScene(store, '');
      return { status: 'ok' as const, version };
    },
  }),
  bytesRoute({
    path: '/metrics',
    operation: 'metrics',
    summary: 'measures as Prometheus text',
    parameters: NONE,
    query: NONE,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    cache: 'no-store',
    answer: async (_, { metrics }) => ({ etag: null, body: async () => Buffer.from(await metrics()) }),
  }),
];
