import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import helmet from 'helmet';
import { HeituError } from '../pipeline/core/error.ts';
import type { AppParts, Deps } from './deps.ts';
import { errorHandler, notFound, refuseMethod } from './errors.ts';
import { linksOf } from './links.ts';
import { createObserver } from './observe.ts';
import { parse } from './params.ts';
import { createPublished } from './published.ts';
import type { Route } from './route.ts';
import { ROUTES } from './routes/table.ts';
import { sendBody } from './send.ts';
import { sendPage, serveViewer } from './static.ts';
import { createTileCache } from './tile-cache.ts';

const TILE_CACHE_BYTES = 64 * 1024 * 1024;
const ANSWER_LIMIT_MS = 30_000;

/** The API and the viewer as an express application that does not listen yet. */
export function createApp(parts: AppParts): Express {
  const observer = createObserver(parts.log);
  const deps: Deps = {
    ...parts,
    tiles: createTileCache(TILE_CACHE_BYTES),
    metrics: observer.metrics,
    published: createPublished(parts.store, parts.now),
  };
  const app = express();
  app.disable('x-powered-by');
  // Plain text pairs: no objects and lists out of brackets.
  app.set('query parser', 'simple');
  app.set('case sensitive routing', true);
  app.use(observer.middleware);
  app.use(securityHeaders(originOf(deps.basemap?.tiles ?? '')));
  app.get('/', pageForBrowsers(deps.webRoot));
  for (const route of ROUTES) mount(app, route, deps);
  app.use(serveViewer(deps.webRoot));
  app.use(notFound);
  app.use(errorHandler(deps.log));
  return app;
}

/** Express's spelling of an OpenAPI path: `/collections/{c}` is `/collections/:c`. */
export function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

function mount(app: Express, route: Route, deps: Deps): void {
  const path = expressPath(route.path);
  app.get(path, async (request, response) => {
    response.locals.route = route.path;
    await answer(route, request, response, deps);
  });
  app.all(path, refuseMethod);
}

async function answer(route: Route, request: Request, response: Response, deps: Deps): Promise<void> {
  const path = parse(route.parameters, request.params);
  const query = parse(route.query, request.query);
  const links = linksOf(request, deps.publicUrl ?? null);
  const limit = { ms: deps.answerLimitMs ?? ANSWER_LIMIT_MS, where: route.path };
  response.set('Cache-Control', route.cache);
  if (route.kind === 'json') {
    const body = await inTime(route.answer(path, query, links, deps), limit);
    await sendBody(request, response, route.type, Buffer.from(JSON.stringify(body)));
    return;
  }
  const { etag, body } = await inTime(route.answer(path, query, links, deps), limit);
  if (etag !== null) response.set('ETag', etag);
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  await sendBody(request, response, route.type, await inTime(body(), limit));
}

/** The value of a promise, or E_TIMEOUT when it takes longer than an asker should wait. */
async function inTime<T>(work: Promise<T>, { ms, where }: { ms: number; where: string }): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new HeituError('E_TIMEOUT', { where, what: `${ms} ms` })), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Gives a browser the viewer at `/`; its query belongs to the page and is not looked at. */
function pageForBrowsers(webRoot: string) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    response.vary('Accept');
    const wanted = request.query.f ?? (request.accepts(['json', 'html']) === 'html' ? 'html' : 'json');
    if (wanted !== 'html' || !(await sendPage(request, response, webRoot))) next();
  };
}

/**
 * Headers that keep a browser to what this server gives it. MapLibre starts its worker from a blob: when not given an
 * address, draws images from blob: and data:, and sets styles through the DOM, so nothing inline is allowed.
 */
function securityHeaders(basemapOrigin: string | null) {
  const basemap = basemapOrigin === null ? [] : [basemapOrigin];
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'blob:', 'data:', ...basemap],
        connectSrc: ["'self'", ...basemap],
        workerSrc: ["'self'", 'blob:'],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    // Whether the way here is encrypted is the business of the proxy in front.
    strictTransportSecurity: false,
  });
}

/** Scheme and host of an address template; null when it is relative or none. */
function originOf(template: string): string | null {
  // `{s}` stands for one of several hosts.
  const match = /^https?:\/\/[^/\s;,'"]+/.exec(template.replace('{s}', '*'));
  return match?.[0] ?? null;
}
