import { randomUUID } from 'node:crypto';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

/** Counts and logs requests. */
export interface Observer {
  readonly middleware: (request: Request, response: Response, next: NextFunction) => void;
  /** Prometheus text of all measures. */
  readonly metrics: () => Promise<string>;
}

/** Seconds: a tile from memory takes 1 ms, an uncached one some 20, a page of 10,000 features a second. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** An observer with its own measures. `response.locals.route` is the address template that a route leaves behind. */
export function createObserver(log: Logger): Observer {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'heitu_' });
  const seconds = new Histogram({
    name: 'heitu_http_request_seconds',
    help: 'time from request to the end of the answer',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [registry],
  });
  return {
    middleware(request, response, next) {
      const started = performance.now();
      const id = randomUUID();
      response.locals.request = id;
      response.set('X-Request-Id', id);
      response.once('close', () => {
        const elapsed = performance.now() - started;
        // Addresses nobody serves share one label, or a scanner fills the memory with labels.
        const route = String(response.locals.route ?? 'none');
        const method = ['GET', 'HEAD', 'OPTIONS'].includes(request.method) ? request.method : 'other';
        seconds.observe({ method, route, status: response.statusCode }, elapsed / 1000);
        log.info({
          event: 'Http:Request:Done',
          request: id,
          method: request.method,
          route,
          url: request.originalUrl.slice(0, 500),
          status: response.statusCode,
          complete: response.writableFinished,
          ms: Math.round(elapsed * 10) / 10,
        });
      });
      next();
    },
    metrics: () => registry.metrics(),
  };
}
