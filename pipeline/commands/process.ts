import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import { asHeituError } from '../core/error.ts';
import { type Processed, processScene } from '../jobs/process.ts';
import { placesOnGrid } from '../jobs/places.ts';
import type { Workspace } from '../jobs/workspace.ts';
import { BACKENDS, openBackend } from '../kernels/backend.ts';
import { isProductId, PRODUCTS, type ProductId } from '../products/table.ts';
import type { Store } from '../store/open.ts';
import { sceneById, scenesIn, unprocessedScenes } from '../store/scene.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, errorLine, WORKSPACE_OPTIONS } from './command.ts';
import { startStage } from './progress.ts';
import { withSession } from './session.ts';

export const PROCESS: CommandRow = {
  operands: '',
  summary: { zh: '将已登记影像计算为反射率、掩膜、指数图与地块观测', en: 'registered scenes to reflectance, masks, index COGs and observations' },
  options: {
    scene: { kind: 'value', value: 'ID', help: { zh: '只处理该影像（可重做）', en: 'this scene only, again if need be' } },
    all: { kind: 'flag', help: { zh: '全部重做，包括已处理的', en: 'all scenes, processed ones too' } },
    product: { kind: 'value', value: 'ID[,ID]', help: { zh: '产品，如 NDVI,EVI2（默认全部）', en: 'products, e.g. NDVI,EVI2 (default all)' } },
    backend: { kind: 'value', value: 'NAME', help: { zh: '计算后端：auto webgpu wasm cpu', en: 'kernel back end: auto webgpu wasm cpu' } },
    compress: { kind: 'value', value: 'NAME', help: { zh: '压缩：deflate 或 zstd', en: 'compression: deflate or zstd' } },
    ...WORKSPACE_OPTIONS,
  },
  examples: ['heitu process', 'heitu process --scene JL1GF02B_PMS1_20240714103205_200240714_101_0001 --product NDVI'],
  run: (call) =>
    withSession(call, async ({ store, workspace }) => {
      const scenes = await wantedScenes(call, store);
      const report = await processScenes(call, { store, workspace, scenes, products: wantedProducts(call) });
      for (const row of report.done) {
        if (call.flag('json')) call.terminal.print(JSON.stringify({ ok: true, ...row }));
        else call.terminal.print(`${row.scene}  ${row.products.join(' ')}  ${(100 * row.clearFraction).toFixed(1)} % clear  ${row.observations} observations`);
      }
      if (scenes.length === 0) call.terminal.note(call.terminal.config.language === 'zh' ? '没有待处理的影像' : 'nothing to process');
      return report.failed === 0 ? 0 : 1;
    }),
};

async function wantedScenes(call: Call, store: Store): Promise<Scene[]> {
  const id = call.value('scene');
  if (id !== undefined) {
    const row = await sceneById(store, id);
    if (row === null) throw new HeituError('E_NOT_FOUND', { what: `scene ${id}`, where: 'heitu scene list' });
    return [row.scene];
  }
  if (!call.flag('all')) return (await unprocessedScenes(store)).map((row) => row.scene);
  const { items } = await scenesIn(store, { limit: 10_000, offset: 0 });
  return items.filter((row) => row.status !== 'retired').map((row) => row.scene);
}

function wantedProducts(call: Call): ProductId[] {
  const text = call.value('product');
  if (text === undefined) return Object.keys(PRODUCTS) as ProductId[];
  return text.split(',').map((id) => {
    if (!isProductId(id)) throw new HeituError('E_PRODUCT_UNKNOWN', { what: id, where: Object.keys(PRODUCTS).join(', ') });
    return id;
  });
}

export interface ProcessReport {
  readonly done: readonly Processed[];
  readonly failed: number;
  readonly backend: string;
}

/** Processes scenes one after the other with a bar; a scene that fails says why and the rest goes on. */
export async function processScenes(
  call: Call,
  work: { store: Store; workspace: Workspace; scenes: readonly Scene[]; products: readonly ProductId[] },
): Promise<ProcessReport> {
  const { terminal } = call;
  const { lattice, folder } = work.workspace;
  if (work.scenes.length === 0 || lattice === null) return { done: [], failed: 0, backend: 'none' };
  const backend = await openBackend(choiceOption(call, 'backend', ['auto', ...BACKENDS]) ?? 'auto');
  const compress = choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate';
  const stage = startStage(terminal, terminal.config.language === 'zh' ? '处理影像' : 'process scenes', work.scenes.length);
  const done: Processed[] = [];
  let failed = 0;
  try {
    for (const [i, scene] of work.scenes.entries()) {
      try {
        const places = await placesOnGrid(work.store, scene, lattice);
        done.push(
          await processScene(scene, {
            store: work.store,
            folder,
            lattice,
            products: work.products,
            backend,
            version: VERSION,
            compress,
            places,
            now: terminal.now,
            onTile: (tile, total) => stage.update(i + (0.9 * tile) / total, scene.datetime.slice(0, 10)),
          }),
        );
      } catch (thrown) {
        const error = asHeituError(thrown, 'E_INTERNAL', scene.id);
        if (error.code === 'E_STORE_UNAVAILABLE') throw error;
        terminal.note(errorLine(error, terminal.config.language));
        if (call.flag('debug') && thrown instanceof Error) terminal.note(String(thrown.stack));
        failed += 1;
      }
      stage.update(i + 1, scene.datetime.slice(0, 10));
    }
  } finally {
    await backend.close();
  }
  const pixels = done.reduce((sum, row) => sum + row.pixels, 0);
  stage.finish(`${done.length} scene(s), ${(pixels / 1e6).toFixed(1)} Mpx, ${backend.name}`);
  return { done, failed, backend: backend.name };
}
