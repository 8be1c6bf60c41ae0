import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCounty } from '../../fixtures/make/county.ts';
import { HeituError } from '../core/error.ts';
import { type Description, matchName, parseDescriptions } from '../ingest/describe.ts';
import { makeGrowth } from '../jobs/growth.ts';
import { type IngestRow, ingestPaths } from '../jobs/ingest.ts';
import { importPlaceFile } from '../jobs/places.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { INDEX_PRODUCTS, type IndexProductId } from '../products/table.ts';
import type { PlaceKind } from '../store/place.ts';
import { unprocessedScenes } from '../store/scene.ts';
import { regionNames } from '../store/season.ts';
import { workspaceSummary } from '../store/summary.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, errorLine, numberOption, WORKSPACE_OPTIONS } from './command.ts';
import { processScenes } from './process.ts';
import { growthPage } from './product-growth.ts';
import { startStage } from './progress.ts';
import { SERVE, serveUntilStopped } from './serve.ts';
import { type Session, withSession, workspaceFolder } from './session.ts';

export const DEMO: CommandRow = {
  operands: '',
  summary: {
    zh: '演示：生成模拟县（或用 --data 的真实影像），跑完全程并打开网页',
    en: 'the demonstration: a simulated county (or real imagery by --data) through the whole path, then served',
  },
  options: {
    once: { kind: 'flag', help: { zh: '处理完即结束，不提供服务', en: 'stop after the run, do not serve' } },
    data: {
      kind: 'value',
      value: 'DIR',
      help: { zh: '用该目录的真实影像', en: 'real imagery in this folder' },
    },
    describe: {
      kind: 'value',
      value: 'FILE',
      help: { zh: '影像说明文件（JSON）', en: 'description of the imagery (JSON)' },
    },
    size: {
      kind: 'value',
      value: 'PX',
      help: {
        zh: '模拟县边长，像元（默认 1536）',
        en: 'edge of the simulated county in pixels (default 1536)',
      },
    },
    port: SERVE.options.port!,
    host: SERVE.options.host!,
    ...WORKSPACE_OPTIONS,
  },
  examples: ['npm run demo', 'npm run demo -- --once', 'npm run demo -- --data ../imagery'],
  run,
};

/** Vector files of the simulated county, by what they hold. */
const COUNTY_LAYERS: readonly (readonly [file: string, kind: PlaceKind])[] = [
  ['regions.geojson', 'region'],
  ['parcels.geojson', 'parcel'],
  ['stands.geojson', 'stand'],
];

async function run(call: Call): Promise<0 | 1> {
  const started = call.terminal.now().getTime();
  const data = call.value('data');
  const folder = demoFolder(call, data);
  return withSession(
    call,
    async (session) => {
      const ingested =
        data === undefined
          ? await takeCounty(call, session, folder)
          : await takeFolder(call, session, resolve(data));
      const scenes = (await unprocessedScenes(session.store)).map((row) => row.scene);
      const report = await processScenes(call, {
        store: session.store,
        workspace: ingested.workspace,
        scenes,
        products: Object.keys(INDEX_PRODUCTS) as IndexProductId[],
      });
      const season =
        data === undefined && report.failed === 0 ? { ...session, workspace: ingested.workspace } : null;
      if (season !== null) await gradeFields(call, season);
      await printSummary(call, session, report.backend, (call.terminal.now().getTime() - started) / 1000);
      if (!call.flag('once')) await serveUntilStopped(call, { ...session, workspace: ingested.workspace });
      return ingested.failed + report.failed === 0 ? 0 : 1;
    },
    folder,
  );
}

/** The simulated county is graded on what was seen by the end of July, a few days after its hail. */
const GROWTH_SPAN = ['05-01', '07-31'] as const;

async function gradeFields(call: Call, { store, workspace }: Session): Promise<void> {
  const { terminal } = call;
  const { language } = terminal.config;
  const { collections } = await workspaceSummary(store);
  const year = collections[0]?.to.slice(0, 4);
  const stage = startStage(terminal, language === 'zh' ? '评定长势' : 'grade the growth', 1);
  const [from, to] = GROWTH_SPAN.map((day) => `${year}-${day}`);
  const made = await makeGrowth(store, workspace, {
    ...{ from: from!, to: to!, region: null, product: 'NDVI', collection: null },
    ...{ preset: 'auto', sameStage: null, seed: 1, version: VERSION, now: terminal.now },
  });
  stage.finish(`${made.results.length} parcels`);
  if (!call.flag('json')) terminal.print(`${growthPage(made, await regionNames(store), language)}\n`);
}

/** The demonstration has a workspace of its own, so that simulated and real imagery never mix. */
function demoFolder(call: Call, data: string | undefined): string {
  if (call.value('workspace') !== undefined) return workspaceFolder(call);
  return `${call.terminal.config.workspace}-${data === undefined ? 'demo' : basename(resolve(data))}`;
}

interface Taken {
  readonly workspace: Session['workspace'];
  readonly failed: number;
}

/** Draws the simulated county (once), and takes its deliveries and vector files in. */
async function takeCounty(call: Call, session: Session, folder: string): Promise<Taken> {
  const county = join(folder, 'inbox', 'county');
  const size = numberOption(call, 'size', { min: 64, max: 8192, whole: true });
  const zh = call.terminal.config.language === 'zh';
  const draw = startStage(call.terminal, zh ? '生成模拟县' : 'draw the simulated county', 1);
  // The same options draw the same bytes, so a county that was finished once is not drawn again.
  const stamp = JSON.stringify({ size: size ?? null, version: VERSION });
  const stampFile = join(county, 'complete.json');
  if ((await readFile(stampFile, 'utf8').catch(() => '')) === stamp)
    draw.finish(zh ? '已有，直接使用' : 'already there');
  else {
    const made = await makeCounty(county, {
      ...(size === undefined ? {} : { width: size, height: size }),
      progress: (step, done, total) => draw.update(step === 'scene' ? done / total : 0),
    });
    await writeWhole(stampFile, stamp);
    draw.finish(
      `${made.scenes.length} × ${made.width} × ${made.height} px, ${(made.bytes / 1e6).toFixed(0)} MB`,
    );
  }
  const taken = await takeDeliveries(call, session, [join(county, 'deliveries')], []);
  let failed = taken.failed;
  for (const [file, kind] of COUNTY_LAYERS)
    failed += await takePlaces(call, session, join(county, file), { kind });
  return { ...taken, failed };
}

/** Takes a folder of real imagery in, with the description beside it, given, or known for its file names. */
async function takeFolder(call: Call, session: Session, data: string): Promise<Taken> {
  const isFolder = await stat(data).then(
    (info) => info.isDirectory(),
    () => false,
  );
  if (!isFolder) throw new HeituError('E_FILE_MISSING', { what: data });
  const descriptions = await describe(call, data);
  const taken = await takeDeliveries(call, session, [data], descriptions);
  let failed = taken.failed;
  for (const { parcels } of descriptions) {
    if (parcels === undefined) continue;
    failed += await takePlaces(call, session, join(data, parcels.file), {
      kind: parcels.layer,
      id: parcels.id,
      name: parcels.name,
    });
  }
  return { ...taken, failed };
}

async function takeDeliveries(
  call: Call,
  session: Session,
  paths: string[],
  descriptions: readonly Description[],
): Promise<Taken> {
  const zh = call.terminal.config.language === 'zh';
  const stage = startStage(call.terminal, zh ? '检查交付' : 'check deliveries', 1);
  const { rows, workspace } = await ingestPaths(paths, {
    ...session,
    descriptions,
    now: call.terminal.now,
    onRow: (row) => stage.update(0.5, basename(row.file)),
  });
  const count = (verdict: IngestRow['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  stage.finish(
    `${count('accepted')} accepted, ${count('duplicate')} duplicate, ${count('quarantined')} quarantined`,
  );
  for (const row of rows)
    if (row.error !== null) call.terminal.note(errorLine(row.error, call.terminal.config.language));
  return { workspace, failed: count('quarantined') };
}

async function takePlaces(
  call: Call,
  session: Session,
  file: string,
  options: { kind: PlaceKind; id?: string | undefined; name?: string | undefined },
): Promise<number> {
  const stage = startStage(
    call.terminal,
    `${call.terminal.config.language === 'zh' ? '导入' : 'import'} ${basename(file)}`,
    1,
  );
  const imported = await importPlaceFile(session.store, file, options);
  for (const error of imported.refused) call.terminal.note(errorLine(error, call.terminal.config.language));
  stage.finish(`${imported.added} added, ${imported.updated} updated, ${imported.unchanged} unchanged`);
  return imported.refused.length;
}

/** Descriptions for a folder: `--describe`, its own heitu.json, or one of ours whose pattern fits its file names. */
async function describe(call: Call, data: string): Promise<Description[]> {
  const given = call.value('describe');
  for (const file of given === undefined ? [join(data, 'heitu.json')] : [given]) {
    const text = await readFile(file, 'utf8').catch(() => null);
    if (text !== null) return parseDescriptions(text, file);
    if (given !== undefined) throw new HeituError('E_FILE_MISSING', { what: given });
  }
  const names = (await readdir(data, { recursive: true })).map((name) => basename(name));
  const ours = fileURLToPath(new URL('../../fixtures/describe/', import.meta.url));
  for (const file of (await readdir(ours)).sort()) {
    const descriptions = parseDescriptions(await readFile(join(ours, file), 'utf8'), file);
    if (descriptions.every((one) => names.some((name) => matchName(one.files, name) !== null))) {
      call.terminal.note(
        `${call.terminal.config.language === 'zh' ? '影像说明' : 'described by'} fixtures/describe/${file}`,
      );
      return descriptions;
    }
  }
  return [];
}

/** What stands in the workspace now, as a short table. */
async function printSummary(call: Call, session: Session, backend: string, seconds: number): Promise<void> {
  const { terminal } = call;
  const { counts, simulated, collections } = await workspaceSummary(session.store);
  if (call.flag('json')) {
    terminal.print(
      JSON.stringify({ ...counts, products: Object.keys(INDEX_PRODUCTS), simulated, backend, seconds }),
    );
    return;
  }
  const zh = terminal.config.language === 'zh';
  const rows: [string, string][] = [
    [
      zh ? '影像' : 'scenes',
      `${counts.scenes}${simulated ? (zh ? '（模拟数据）' : ' (simulated data)') : ''}`,
    ],
    [
      zh ? '影像集' : 'collections',
      collections.map((one) => `${one.id} ${one.from.slice(0, 10)} – ${one.to.slice(0, 10)}`).join('; '),
    ],
    [zh ? '产品' : 'products', [...new Set(collections.flatMap((one) => one.products))].join(' ')],
    [zh ? '地块' : 'parcels', String(counts.parcels)],
    [zh ? '小班' : 'stands', String(counts.stands)],
    [zh ? '观测' : 'observations', String(counts.observations)],
    [zh ? '计算后端' : 'kernel back end', backend],
    [zh ? '用时' : 'seconds', seconds.toFixed(1)],
  ];
  for (const [name, value] of rows) terminal.print(`${name.padEnd(16)} ${value}`);
}
