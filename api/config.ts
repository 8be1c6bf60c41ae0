import type { Workspace } from './contract/products.ts';

export type LogLevel = 'silent' | 'error' | 'warn' | 'info' | 'debug';

/** What the environment says of the API. */
export interface ApiConfig {
  readonly logLevel: LogLevel;
  readonly basemap: Workspace['basemap'];
  readonly publicUrl: string | null;
}

const LEVELS: readonly string[] = ['silent', 'error', 'warn', 'info', 'debug'] satisfies LogLevel[];

/**
 * Reads HEITU_LOG (silent, error, warn, info, debug), HEITU_BASEMAP (XYZ template with {z}/{x}/{y}) with
 * HEITU_BASEMAP_ATTRIBUTION, and HEITU_PUBLIC_URL (what links start with behind a proxy). The only reader of
 * process.env in api/.
 */
export function readApiConfig(environment: NodeJS.ProcessEnv = process.env): ApiConfig {
  const level = environment.HEITU_LOG ?? '';
  const tiles = environment.HEITU_BASEMAP || null;
  return {
    logLevel: isLevel(level) ? level : 'warn',
    basemap: tiles === null ? null : { tiles, attribution: environment.HEITU_BASEMAP_ATTRIBUTION ?? '' },
    publicUrl: environment.HEITU_PUBLIC_URL?.replace(/\/+$/, '') || null,
  };
}

function isLevel(text: string): text is LogLevel {
  return LEVELS.includes(text);
}
