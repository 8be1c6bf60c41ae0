import type { z } from 'zod';
import type { Deps } from './deps.ts';
import type { Links } from './links.ts';

/** A request as its route sees it: parameters parsed, addresses built by `links`. */
export interface Ask<P, Q> {
  readonly path: P;
  readonly query: Q;
  readonly links: Links;
}

/** An answer that is not JSON. `body` is only called when the asker has no valid copy. */
export interface BytesAnswer {
  /** Strong entity tag in quotes, which changes whenever the bytes do; null leaves it to a checksum of the body. */
  readonly etag: string | null;
  readonly body: () => Promise<Uint8Array>;
}

interface RouteRow {
  /** As in OpenAPI, with `{name}` for path parameters. */
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly parameters: z.ZodObject;
  readonly query: z.ZodObject;
  /** Media type of the answer. */
  readonly type: string;
  readonly cache: string;
}

export interface JsonRoute extends RouteRow {
  readonly kind: 'json';
  readonly schema: z.ZodType;
  readonly answer: (path: Raw, query: Raw, links: Links, deps: Deps) => Promise<unknown>;
}

export interface BytesRoute extends RouteRow {
  readonly kind: 'bytes';
  readonly answer: (path: Raw, query: Raw, links: Links, deps: Deps) => Promise<BytesAnswer>;
}

/** One address of the API. */
export type Route = JsonRoute | BytesRoute;

/** Parameters after `parse`, whose types only the row itself knows. */
type Raw = Readonly<Record<string, unknown>>;

interface Spec<P extends z.ZodObject, Q extends z.ZodObject> {
  readonly path: string;
  readonly operation: string;
  readonly summary: string;
  readonly parameters: P;
  readonly query: Q;
  readonly type?: string;
  readonly cache?: string;
}

/** Answers may be kept but are asked for again each time: what is published may change at any moment. */
const ASK_AGAIN = 'no-cache';

/** A route with a JSON answer whose type is that of its schema. */
export function jsonRoute<P extends z.ZodObject, Q extends z.ZodObject, A>(
  spec: Spec<P, Q> & {
    readonly schema: z.ZodType<unknown, A>;
    readonly answer: (ask: Ask<z.output<P>, z.output<Q>>, deps: Deps) => Promise<NoInfer<A>>;
  },
): JsonRoute {
  return {
    type: 'application/json',
    cache: ASK_AGAIN,
    ...spec,
    kind: 'json',
    // `parse` made these from the two schemas of this very row.
    answer: (path, query, links, deps) =>
      spec.answer({ path: path as z.output<P>, query: query as z.output<Q>, links }, deps),
  };
}

/** A route with an answer in bytes. */
export function bytesRoute<P extends z.ZodObject, Q extends z.ZodObject>(
  spec: Spec<P, Q> & {
    readonly type: string;
    readonly answer: (ask: Ask<z.output<P>, z.output<Q>>, deps: Deps) => Promise<BytesAnswer>;
  },
): BytesRoute {
  return {
    cache: ASK_AGAIN,
    ...spec,
    kind: 'bytes',
    // `parse` made these from the two schemas of this very row.
    answer: (path, query, links, deps) =>
      spec.answer({ path: path as z.output<P>, query: query as z.output<Q>, links }, deps),
  };
}
