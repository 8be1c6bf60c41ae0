import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';

const pack = promisify(gzip);

/** Below this a packed answer saves no packet. */
const WORTH_PACKING = 1024;
/** PNG, WOFF2 and the like are packed already. */
const PACKABLE = /json|vector-tile|^text\/|javascript|svg/;

/**
 * Sends a whole body: packed with gzip where the asker takes it and it is worth it, and not at all (304) to who has a
 * valid copy. A body without an entity tag gets its checksum as one.
 */
export async function sendBody(
  request: Request,
  response: Response,
  type: string,
  body: Uint8Array,
): Promise<void> {
  const isPackable = PACKABLE.test(type);
  response.set('Content-Type', type);
  if (isPackable) response.vary('Accept-Encoding');
  const tag =
    response.get('ETag') ?? `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`;
  // A strong tag promises equal bytes, and packed ones differ.
  response.set('ETag', isPackable ? `W/${tag}` : tag);
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const isPacked =
    isPackable && body.byteLength >= WORTH_PACKING && request.acceptsEncodings('gzip') === 'gzip';
  if (isPacked) response.set('Content-Encoding', 'gzip');
  const sent = isPacked ? await pack(body) : body;
  response.set('Content-Length', String(sent.byteLength)).end(sent);
}
