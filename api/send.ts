import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Request, Response } from 'express';

const compress = promisify(gzip);

/** Below this a packed answer saves no packet. */
const WORTH_PACKING = 1024;
/** PNG, WOFF2 and the like are packed already. */
const PACKABLE = /json|vector-tile|^text\/|javascript|svg/;

/** Sends a whole body, packed with gzip where the asker takes it and it is worth it. */
export async function sendBody(
  request: Request,
  response: Response,
  type: string,
  body: Uint8Array,
): Promise<void> {
  response.set('Content-Type', type);
  if (!PACKABLE.test(type)) {
    response.send(Buffer.from(body.buffer, body.byteOffset, body.byteLength));
    return;
  }
  response.vary('Accept-Encoding');
  const isPacked = body.byteLength >= WORTH_PACKING && request.acceptsEncodings('gzip') === 'gzip';
  if (isPacked) {
    response.set('Content-Encoding', 'gzip');
    // A strong tag promises equal bytes, and packed ones differ.
    const tag = response.get('ETag');
    if (tag?.startsWith('"')) response.set('ETag', `W/${tag}`);
  }
  response.send(isPacked ? await compress(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength));
}
