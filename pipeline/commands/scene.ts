import { HeituError } from '../core/error.ts';
import { retireScene, type SceneRow, sceneById, scenesIn } from '../store/scene.ts';
import { type CommandRow, needFiles, WORKSPACE_OPTIONS } from './command.ts';
import { withSession } from './session.ts';

export const SCENE_LIST: CommandRow = {
  operands: '',
  summary: { zh: '列出已登记的影像', en: 'list the registered scenes' },
  options: { ...WORKSPACE_OPTIONS },
  examples: ['heitu scene list', 'heitu scene list --json'],
  run: (call) =>
    withSession(call, async ({ store }) => {
      const { items } = await scenesIn(store, { limit: 10_000, offset: 0 });
      for (const row of items) {
        const clear = row.clearFraction === null ? '–' : `${(100 * row.clearFraction).toFixed(1)} %`;
        if (call.flag('json')) call.terminal.print(JSON.stringify(facts(row)));
        else
          call.terminal.print(
            `${row.scene.datetime}  ${row.scene.id}  ${row.scene.collection}  ${row.status}  ${clear} clear`,
          );
      }
      return 0 as const;
    }),
};

export const SCENE_SHOW: CommandRow = {
  operands: 'ID',
  summary: { zh: '查看一景影像的全部信息', en: 'everything known of one scene' },
  options: { ...WORKSPACE_OPTIONS },
  examples: ['heitu scene show JL1GF02B_PMS1_20240714103205_200240714_101_0001'],
  run: (call) =>
    withSession(call, async ({ store }) => {
      for (const id of needFiles(call, 'scene show')) {
        const row = await sceneById(store, id);
        if (row === null)
          throw new HeituError('E_NOT_FOUND', { what: `scene ${id}`, where: 'heitu scene list' });
        call.terminal.print(
          JSON.stringify({ ...facts(row), scene: row.scene }, null, call.flag('json') ? 0 : 2),
        );
      }
      return 0 as const;
    }),
};

export const SCENE_RETIRE: CommandRow = {
  operands: 'ID',
  summary: {
    zh: '停用一景影像（保留记录与原因）',
    en: 'take a scene out of use, keeping its record and the reason',
  },
  options: {
    reason: { kind: 'value', value: 'TEXT', help: { zh: '原因（必填）', en: 'why (required)' } },
    ...WORKSPACE_OPTIONS,
  },
  examples: [
    'heitu scene retire JL1GF02B_PMS1_20240714103205_200240714_101_0001 --reason "re-delivered with corrected gains"',
  ],
  run: (call) => {
    const reason = call.value('reason');
    if (reason === undefined || reason.trim() === '')
      throw new HeituError('E_USAGE', { what: '--reason is missing', where: 'scene retire' });
    return withSession(call, async ({ store }) => {
      for (const id of needFiles(call, 'scene retire')) {
        const known = await retireScene(store, id, reason);
        if (!known) throw new HeituError('E_NOT_FOUND', { what: `scene ${id}`, where: 'heitu scene list' });
        call.terminal.print(`${id}: retired`);
      }
      return 0 as const;
    });
  },
};

function facts(row: SceneRow) {
  const { id, collection, sensor, datetime } = row.scene;
  return { id, collection, sensor, datetime, status: row.status, clearFraction: row.clearFraction };
}
