import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { NextFunction, Request, Response } from 'express';
import { sendBody } from './send.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
  '.txt': 'text/plain; charset=utf-8',
};

/** No segment may start with a dot, so none leads out of the folder. */
const SAFE_PATH = /^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

/** Serves the built viewer. Files under /assets/ carry a hash in their name and may be kept for ever. */
export function serveViewer(webRoot: string) {
  return async (request: Request, response: Response, next: NextFunction): Promise<void> => {
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (
      !isRead ||
      !SAFE_PATH.test(request.path) ||
      !(await sendFile(request, response, webRoot, request.path))
    )
      next();
  };
}

/** Sends the page itself; false when the viewer has not been built. */
export function sendPage(request: Request, response: Response, webRoot: string): Promise<boolean> {
  return sendFile(request, response, webRoot, '/index.html');
}

async function sendFile(
  request: Request,
  response: Response,
  webRoot: string,
  path: string,
): Promise<boolean> {
  const type = TYPES[extname(path)];
  if (type === undefined) return false;
  const body = await readFile(join(webRoot, path)).catch(() => null);
  if (body === null) return false;
  response.locals.route = path.startsWith('/assets/') ? '/assets/{file}' : path;
  response.set(
    'Cache-Control',
    path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
  );
  await sendBody(request, response, type, body);
  return true;
}
