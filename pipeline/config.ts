import { isAbsolute, resolve } from 'node:path';

/** What the environment says; the only reader of process.env in pipeline/. */
export interface Config {
  /** Absolute path of the workspace folder. */
  readonly workspace: string;
  /** Connection string of a PostgreSQL with PostGIS; null means the embedded database in the workspace. */
  readonly databaseUrl: string | null;
  readonly language: 'zh' | 'en';
}

/** Reads HEITU_WORKSPACE, DATABASE_URL and the language (HEITU_LANG, else LC_ALL or LANG). */
export function readConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const workspace = environment.HEITU_WORKSPACE || 'workspace';
  const locale = environment.HEITU_LANG ?? environment.LC_ALL ?? environment.LANG ?? '';
  return {
    workspace: isAbsolute(workspace) ? workspace : resolve(workspace),
    databaseUrl: environment.DATABASE_URL || null,
    language: locale.toLowerCase().startsWith('zh') ? 'zh' : 'en',
  };
}
