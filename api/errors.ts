import { STATUS_CODES } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import type { Logger } from 'pino';
import { asHeituError, type ErrorCode, HeituError } from '../pipeline/core/error.ts';
import type { Problem } from './contract/common.ts';

/**
 * HTTP status of every error code. What is wrong with a file (`input`) is not the asker's doing: the files behind
 * the API are our own.
 */
export const STATUS = {
  E_FILE_MISSING: 500,
  // Also what is seen for a moment while a scene is published anew.
  E_FILE_CHANGED: 503,
  E_FOLDER_EMPTY: 500,
  E_FOLDER_TOO_LARGE: 500,
  E_NOT_TIFF: 500,
  E_TIFF_DAMAGED: 500,
  E_TIFF_UNSUPPORTED: 500,
  E_TIFF_TOO_LARGE: 500,
  E_CRS_UNKNOWN: 500,
  E_GRID_MISMATCH: 500,
  E_BAND_MISSING: 500,
  E_NAME_GRAMMAR: 500,
  E_ARCHIVE_PACKED: 500,
  E_ARCHIVE_UNSAFE: 500,
  E_ARCHIVE_TOO_LARGE: 500,
  E_ARCHIVE_NESTED: 500,
  E_ARCHIVE_DAMAGED: 500,
  E_DELIVERY_UNSETTLED: 500,
  E_DELIVERY_INCOMPLETE: 500,
  E_FILE_UNUSED: 500,
  E_RUN_OLDER: 500,
  E_RUN_LATER: 500,
  E_META_MISSING: 500,
  E_META_INVALID: 500,
  E_RPC_INVALID: 500,
  E_META_ASSUMED: 500,
  E_META_ENCODING: 500,
  E_XML_UNSAFE: 500,
  E_CALIBRATION_INVALID: 500,
  E_TIME_CONFLICT: 500,
  E_FOOTPRINT_CONFLICT: 500,
  E_SUN_CONFLICT: 500,
  E_NOT_RADIOMETRIC: 500,
  E_JP2_UNREAD: 500,
  E_NO_DARK_OBJECT: 500,
  E_NORMALISE_REFUSED: 500,
  E_VECTOR_INVALID: 500,
  E_OUTSIDE_IMAGE: 500,
  E_SCENE_CONFLICT: 500,
  E_TABLE_INVALID: 500,
  E_UNIT_INVALID: 500,
  E_TRUTH_SHORT: 500,
  E_WEATHER_INVALID: 500,
  E_CARD_INVALID: 500,
  E_USAGE: 400,
  E_PARAMETER_INVALID: 400,
  E_PARAMETER_UNKNOWN: 400,
  E_METHOD_INVALID: 405,
  E_INDEX_UNKNOWN: 404,
  E_PRODUCT_UNKNOWN: 404,
  E_FORMULA_SYNTAX: 400,
  E_NOT_FOUND: 404,
  E_TIMEOUT: 503,
  E_STORE_UNAVAILABLE: 503,
  E_STORE_LOCKED: 503,
  E_WRITE_FAILED: 500,
  E_INTERNAL: 500,
  E_KERNEL_FAILED: 500,
} as const satisfies Record<ErrorCode, number>;

/** What is said of our own troubles: their sentences name files and hosts of this machine, which are for the log. */
const OUR_FAULT = {
  en: (request: string) => `the server could not answer; its log has the reason under ${request}`,
  zh: (request: string) => `服务器无法回答；原因见日志 ${request}`,
} as const;

/**
 * The problem document (RFC 9457) of an error. `request` is the id under which it is logged:
 * E_NOT_FOUND gives `{status: 404, code: 'E_NOT_FOUND', instance: 'urn:uuid:…', …}`.
 */
export function problemOf(error: HeituError, request: string): Problem {
  const status = STATUS[error.code];
  const isOurs = status >= 500;
  return {
    type: `urn:heitu:problem:${error.code}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    detail: isOurs ? OUR_FAULT.en(request) : error.in('en'),
    detailZh: isOurs ? OUR_FAULT.zh(request) : error.in('zh'),
    code: error.code,
    instance: `urn:uuid:${request}`,
    ...(isOurs || error.details.column === undefined ? {} : { column: error.details.column }),
  };
}

/** The one error handler: any thrown value becomes a problem document, and what is our fault is logged. */
export function errorHandler(log: Logger) {
  // Express tells an error handler by its four parameters.
  return (thrown: unknown, _request: Request, response: Response, _next: NextFunction): void => {
    const error = fromExpress(thrown) ?? asHeituError(thrown, 'E_INTERNAL');
    const request = String(response.locals.request);
    const body = problemOf(error, request);
    if (body.status >= 500)
      log.error({ event: 'Http:Request:Failed', request, code: error.code, err: thrown });
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (body.status === 503) response.set('Retry-After', '5');
    response.removeHeader('ETag');
    response.set('Cache-Control', 'no-store');
    // Not `send`, which would tag the problem as something to keep.
    response.status(body.status).type('application/problem+json').end(JSON.stringify(body));
  };
}

/** What express and its router refuse by themselves, such as a malformed escape in the path. */
function fromExpress(thrown: unknown): HeituError | null {
  if (thrown instanceof HeituError || typeof thrown !== 'object' || thrown === null || !('status' in thrown))
    return null;
  const isAskers = typeof thrown.status === 'number' && thrown.status >= 400 && thrown.status < 500;
  return isAskers ? new HeituError('E_PARAMETER_INVALID', { where: 'path', what: 'UTF-8, %XX' }) : null;
}

/** Answers for an address nobody serves. */
export function notFound(request: Request): never {
  const where = request.path.startsWith('/collections') ? '/collections' : '/api';
  throw new HeituError('E_NOT_FOUND', { what: request.path, where });
}

/** Answers for a known address and a method it does not have; OPTIONS is told what there is. */
export function refuseMethod(request: Request, response: Response): void {
  response.set('Allow', 'GET, HEAD, OPTIONS');
  if (request.method !== 'OPTIONS')
    throw new HeituError('E_METHOD_INVALID', { what: request.method, where: 'GET, HEAD' });
  response.status(204).end();
}
