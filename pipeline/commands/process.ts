import { doubtText } from '../calibrate/validity.ts';
import { asHeituError, HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import { beijingDate } from '../core/time.ts';
import { placesOnGrid } from '../jobs/places.ts';
import { publishMade } from '../jobs/process.ts';
import { openSceneThreads, threadsFor } from '../jobs/scene-threads.ts';
import type { Workspace } from '../jobs/workspace.ts';
import { BACKENDS } from '../kernels/backend.ts';
import { INDEX_PRODUCTS, type IndexProductId, isIndexProductId } from '../products/table.ts';
import type { Store } from '../store/open.ts';
import { sceneById, scenesBefore, scenesIn, unprocessedScenes } from '../store/scene.ts';
import { VERSION } from '../version.ts';
import {
  type Call,
  type CommandRow,
  choiceOption,
  errorLine,
  numberOption,
  WORKSPACE_OPTIONS,
} from './command.ts';
import { GROUND_OPTIONS, groundOption } from './ground.ts';
import { startStage } from './progress.ts';
import { withSession } from './session.ts';

export const PROCESS: CommandRow = {
  operands: '',
  summary: {
    zh: '将已登记影像计算为反射率、掩膜、指数图与地块观测',
    en: 'registered scenes to reflectance, masks, index COGs and observations',
  },
  options: {
    scene: {
      kind: 'value',
      value: 'ID',
      help: { zh: '只处理该影像（可重做）', en: 'this scene only, again if need be' },
    },
    all: { kind: 'flag', help: { zh: '全部重做，包括已处理的', en: 'all scenes, processed ones too' } },
    product: {
      kind: 'value',
      value: 'ID[,ID]',
      help: { zh: '产品，如 NDVI,EVI2（默认全部）', en: 'products, e.g. NDVI,EVI2 (default all)' },
    },
    backend: {
      kind: 'value',
      value: 'NAME',
      help: { zh: '计算后端：auto webgpu wasm cpu', en: 'kernel back end: auto webgpu wasm cpu' },
    },
    compress: {
      kind: 'value',
      value: 'NAME',
      help: {
        zh: '压缩：zstd（默认），或供老软件读取的 deflate',
        en: 'compression: zstd (default), or deflate for readers that know nothing else',
      },
    },
    threads: {
      kind: 'value',
      value: 'N',
      help: { zh: '线程数（默认全部核心）', en: 'threads (default: all cores)' },
    },
    ...GROUND_OPTIONS,
    ...WORKSPACE_OPTIONS,
  },
  examples: [
    'heitu process',
    'heitu process --scene JL1GF02B_PMS1_20240714103205_200240714_101_0001 --product NDVI',
  ],
  run: (call) =>
    withSession(call, async ({ store, workspace }) => {
      const scenes = await wantedScenes(call, store);
      const report = await processScenes(call, { store, workspace, scenes, products: wantedProducts(call) });
      for (const row of report.done) {
        if (call.flag('json')) call.terminal.print(JSON.stringify({ ok: true, ...row }));
        else
          call.terminal.print(
            `${row.scene}  ${row.products.join(' ')}  ${(100 * row.clearFraction).toFixed(1)} % clear  ${row.observations} observations`,
          );
      }
      if (scenes.length === 0)
        call.terminal.note(
          call.terminal.config.language === 'zh' ? '没有待处理的影像' : 'nothing to process',
        );
      return report.failed === 0 ? 0 : 1;
    }),
};

async function wantedScenes(call: Call, store: Store): Promise<Scene[]> {
  const id = call.value('scene');
  if (id !== undefined) {
    const row = await sceneById(store, id);
    if (row === null || row.derived)
      throw new HeituError('E_NOT_FOUND', { what: `scene ${id}`, where: 'heitu scene list' });
    return [row.scene];
  }
  if (!call.flag('all')) return (await unprocessedScenes(store)).map((row) => row.scene);
  const { items } = await scenesIn(store, { limit: 10_000, offset: 0 });
  return items.filter((row) => row.status !== 'retired').map((row) => row.scene);
}

function wantedProducts(call: Call): IndexProductId[] {
  const text = call.value('product');
  if (text === undefined) return Object.keys(INDEX_PRODUCTS) as IndexProductId[];
  return text.split(',').map((id) => {
    if (!isIndexProductId(id))
      throw new HeituError('E_PRODUCT_UNKNOWN', { what: id, where: Object.keys(INDEX_PRODUCTS).join(', ') });
    return id;
  });
}

/** Dates before that a scene is compared with: enough to find three clear ones in most places. */
const LOOKS_BACK = 6;

export interface Processed {
  readonly scene: string;
  readonly products: readonly IndexProductId[];
  readonly clearFraction: number;
  readonly observations: number;
  readonly pixels: number;
}

export interface ProcessReport {
  readonly done: readonly Processed[];
  readonly failed: number;
  readonly backend: string;
}

/** Processes scenes, as many at a time as there are threads, with a bar; a scene that fails says why and the rest goes on. */
export async function processScenes(
  call: Call,
  work: { store: Store; workspace: Workspace; scenes: readonly Scene[]; products: readonly IndexProductId[] },
): Promise<ProcessReport> {
  const { terminal } = call;
  const { lattice, folder } = work.workspace;
  if (work.scenes.length === 0 || lattice === null) return { done: [], failed: 0, backend: 'none' };
  const wanted = choiceOption(call, 'backend', ['auto', ...BACKENDS]) ?? 'auto';
  const compress = choiceOption(call, 'compress', ['zstd', 'deflate']) ?? 'zstd';
  const ground = groundOption(call, 'process');
  const count = threadsFor(
    work.scenes.length,
    numberOption(call, 'threads', { min: 1, max: 64, whole: true }),
  );
  const threads = openSceneThreads(count, wanted);
  const stage = startStage(
    terminal,
    terminal.config.language === 'zh' ? '处理影像' : 'process scenes',
    work.scenes.length,
  );
  const shares = new Map<string, number>();
  const done: Processed[] = [];
  let backend = 'none';
  let failed = 0;
  const processOne = async (scene: Scene) => {
    const draw = (share: number) => {
      shares.set(scene.id, share);
      stage.update(
        [...shares.values()].reduce((sum, one) => sum + one, 0),
        beijingDate(scene.datetime),
      );
    };
    try {
      const startedAt = terminal.now();
      const places = await placesOnGrid(work.store, scene, lattice);
      const earlier = await scenesBefore(work.store, scene, LOOKS_BACK);
      const options = {
        folder,
        lattice,
        products: work.products,
        version: VERSION,
        compress,
        places,
        earlier,
        ground,
      };
      const made = await threads.make({ scene, options }, (share) => draw(0.8 * share));
      await publishMade(work.store, scene, made, { startedAt, finishedAt: terminal.now(), options });
      backend = made.backend;
      for (const doubt of made.doubts)
        terminal.note(`${scene.id}: ${doubtText(doubt, terminal.config.language)}`);
      done.push({
        scene: scene.id,
        products: made.products,
        clearFraction: made.clearFraction,
        observations: made.observations.length,
        pixels: made.pixels,
      });
    } catch (thrown) {
      const error = asHeituError(thrown, 'E_INTERNAL', scene.id);
      if (error.code === 'E_STORE_UNAVAILABLE') throw error;
      terminal.note(errorLine(error, terminal.config.language));
      if (call.flag('debug') && thrown instanceof Error) terminal.note(String(thrown.stack));
      failed += 1;
    }
    draw(1);
  };
  try {
    const queue = [...work.scenes];
    const runner = async () => {
      for (let scene = queue.shift(); scene !== undefined; scene = queue.shift()) await processOne(scene);
    };
    await Promise.all(Array.from({ length: count }, runner));
  } finally {
    await threads.close();
  }
  const pixels = done.reduce((sum, row) => sum + row.pixels, 0);
  stage.finish(`${done.length} scene(s), ${(pixels / 1e6).toFixed(1)} Mpx, ${backend}, ${count} thread(s)`);
  return { done, failed, backend };
}
