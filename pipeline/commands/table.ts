import type { CommandRow } from './command.ts';

/**
 * Every verb of `heitu`, in the order of the help, with what loads its row: a command line runs one verb and does not wait
 * for the code of the others.
 */
export const VERBS: Readonly<Record<string, () => Promise<CommandRow>>> = {
  demo: async () => (await import('./demo.ts')).DEMO,
  inspect: async () => (await import('./inspect.ts')).INSPECT,
  index: async () => (await import('./index-command.ts')).INDEX,
  ortho: async () => (await import('./ortho.ts')).ORTHO,
  coregister: async () => (await import('./coregister.ts')).COREGISTER,
  normalise: async () => (await import('./normalise.ts')).NORMALISE,
  smooth: async () => (await import('./smooth.ts')).SMOOTH,
  stats: async () => (await import('./stats.ts')).STATS,
  polygonize: async () => (await import('./polygonize.ts')).POLYGONIZE,
  ingest: async () => (await import('./ingest.ts')).INGEST,
  'parcels import': async () => (await import('./parcels.ts')).PARCELS_IMPORT,
  process: async () => (await import('./process.ts')).PROCESS,
  'product growth': async () => (await import('./product-growth.ts')).PRODUCT_GROWTH,
  'product yield': async () => (await import('./product-yield.ts')).PRODUCT_YIELD,
  'product features': async () => (await import('./product-yield.ts')).PRODUCT_FEATURES,
  'yield fit': async () => (await import('./yield-fit.ts')).YIELD_FIT,
  'yield predict': async () => (await import('./yield-predict.ts')).YIELD_PREDICT,
  'yield clean': async () => (await import('./yield-clean.ts')).YIELD_CLEAN,
  'crop fit': async () => (await import('./crop-fit.ts')).CROP_FIT,
  'crop predict': async () => (await import('./crop-fit.ts')).CROP_PREDICT,
  area: async () => (await import('./area.ts')).AREA,
  serve: async () => (await import('./serve.ts')).SERVE,
  verify: async () => (await import('./verify.ts')).VERIFY,
  'scene list': async () => (await import('./scene.ts')).SCENE_LIST,
  'scene show': async () => (await import('./scene.ts')).SCENE_SHOW,
  'scene retire': async () => (await import('./scene.ts')).SCENE_RETIRE,
  migrate: async () => (await import('./migrate.ts')).MIGRATE,
};

/** The rows of all verbs, in the same order. */
export async function allCommands(): Promise<Readonly<Record<string, CommandRow>>> {
  const rows: Record<string, CommandRow> = {};
  for (const [verb, load] of Object.entries(VERBS)) rows[verb] = await load();
  return rows;
}
