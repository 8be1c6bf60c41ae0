import type { CommandRow } from './command.ts';
import { DEMO } from './demo.ts';
import { INDEX } from './index-command.ts';
import { INGEST } from './ingest.ts';
import { INSPECT } from './inspect.ts';
import { MIGRATE } from './migrate.ts';
import { PARCELS_IMPORT } from './parcels.ts';
import { POLYGONIZE } from './polygonize.ts';
import { PROCESS } from './process.ts';
import { SCENE_LIST, SCENE_RETIRE, SCENE_SHOW } from './scene.ts';
import { SERVE } from './serve.ts';
import { STATS } from './stats.ts';
import { VERIFY } from './verify.ts';

/** Every verb of `heitu`, in the order of the help. */
export const COMMANDS: Readonly<Record<string, CommandRow>> = {
  demo: DEMO,
  inspect: INSPECT,
  index: INDEX,
  stats: STATS,
  polygonize: POLYGONIZE,
  ingest: INGEST,
  'parcels import': PARCELS_IMPORT,
  process: PROCESS,
  serve: SERVE,
  verify: VERIFY,
  'scene list': SCENE_LIST,
  'scene show': SCENE_SHOW,
  'scene retire': SCENE_RETIRE,
  migrate: MIGRATE,
};
