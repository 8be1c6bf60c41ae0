import type { Logger } from 'pino';
import type { Store } from '../pipeline/store/open.ts';
import type { Workspace } from './contract/products.ts';
import type { Published } from './published.ts';
import type { TileCache } from './tile-cache.ts';

/** What the API is built from; nothing here is looked up in the environment. */
export interface AppParts {
  readonly store: Store;
  /** Workspace folder that the paths of published files start from. */
  readonly workspace: string;
  readonly version: string;
  readonly now: () => Date;
  readonly log: Logger;
  /** Folder of the built viewer; what is not there is not served. */
  readonly webRoot: string;
  readonly basemap: Workspace['basemap'];
  /** Address that links start with, without a slash at the end; null takes the request's own. */
  readonly publicUrl?: string | null;
  /** The longest an answer may take, ms; 30 s when not given. The database has shorter limits of its own. */
  readonly answerLimitMs?: number;
}

/** What routes are given. */
export interface Deps extends AppParts {
  readonly tiles: TileCache;
  readonly published: Published;
  /** Prometheus text of all measures. */
  readonly metrics: () => Promise<string>;
}
