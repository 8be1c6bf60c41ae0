import type { Request } from 'express';
import type { Link } from './contract/common.ts';

export const MEDIA = {
  json: 'application/json',
  geojson: 'application/geo+json',
  openapi: 'application/vnd.oai.openapi+json;version=3.0',
  mvt: 'application/vnd.mapbox-vector-tile',
  png: 'image/png',
} as const;

/** Absolute addresses of this API as the asker reaches it. */
export interface Links {
  /** Address of a path: `to('/api')` is `http://127.0.0.1:8080/api`. */
  readonly to: (path: string) => string;
  readonly self: (type: string) => Link;
  /** `next` and `prev` of a page, which keep every other parameter. */
  readonly pages: (page: Page, type: string) => Link[];
}

export interface Page {
  readonly offset: number;
  readonly limit: number;
  readonly matched: number;
}

/** Link builder of a request; `publicUrl` replaces what the request says of its host. */
export function linksOf(request: Request, publicUrl: string | null): Links {
  const base = publicUrl ?? `${request.protocol}://${hostOf(request)}`;
  // Not parsed as a URL: a request line may hold anything.
  const { path } = request;
  const given = new URLSearchParams(request.originalUrl.split('?', 2)[1] ?? '');
  const at = (search: URLSearchParams) => {
    const query = search.toString();
    return `${base}${path}${query === '' ? '' : `?${query}`}`;
  };
  const page = (rel: string, offset: number, type: string): Link => {
    const search = new URLSearchParams(given);
    search.set('offset', String(offset));
    return { href: at(search), rel, type };
  };
  return {
    to: (path) => `${base}${path}`,
    self: (type) => ({ href: at(given), rel: 'self', type }),
    pages: ({ offset, limit, matched }, type) => {
      const links: Link[] = [];
      if (offset + limit < matched) links.push(page('next', offset + limit, type));
      if (offset > 0) links.push(page('prev', Math.max(0, offset - limit), type));
      return links;
    },
  };
}

/** The Host header when it looks like one, else the address the request came in at. */
function hostOf(request: Request): string {
  const host = request.get('host') ?? '';
  if (/^[A-Za-z0-9._-]{1,253}(:\d{1,5})?$|^\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?$/.test(host)) return host;
  return `127.0.0.1:${request.socket.localPort ?? 80}`;
}
