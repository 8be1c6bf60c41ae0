import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { type Description, descriptionSchema, parseDescriptions } from '../ingest/describe.ts';
import { parseBands } from '../jobs/index-file.ts';
import { type IngestRow, ingestPaths } from '../jobs/ingest.ts';
import {
  type Call,
  type CommandRow,
  EPSG_OPTION,
  epsgOption,
  errorLine,
  needFiles,
  numberOption,
  WORKSPACE_OPTIONS,
} from './command.ts';
import { reportJson, reportTable } from './ingest-report.ts';
import { withSession } from './session.ts';

export const INGEST: CommandRow = {
  operands: 'PATH…',
  summary: {
    zh: '检查并登记交付影像（目录、.zip、.tar、.tar.gz 或 GeoTIFF）；有问题的隔离并说明原因',
    en: 'check and register deliveries (folders, .zip, .tar, .tar.gz or GeoTIFFs), or quarantine them with a reason',
  },
  options: {
    describe: {
      kind: 'value',
      value: 'FILE',
      help: { zh: '普通 GeoTIFF 的说明文件（JSON）', en: 'description of plain GeoTIFFs (JSON)' },
    },
    datetime: {
      kind: 'value',
      value: 'TIME',
      help: { zh: '成像时间，如 2024-07-14T02:30:00Z', en: 'acquisition time, e.g. 2024-07-14T02:30:00Z' },
    },
    pattern: {
      kind: 'value',
      value: 'NAME',
      help: {
        zh: '文件名样式，如 S2_*_{YYYY}-{MM}-{DD}_*.tif',
        en: 'file name pattern, e.g. S2_*_{YYYY}-{MM}-{DD}_*.tif',
      },
    },
    'time-of-day': {
      kind: 'value',
      value: 'HH:MM',
      help: { zh: '名称只有日期时的 UTC 时刻', en: 'UTC time for names that carry a date only' },
    },
    sensor: { kind: 'value', value: 'ID', help: { zh: '传感器', en: 'instrument' } },
    collection: {
      kind: 'value',
      value: 'ID',
      help: { zh: '影像集名称', en: 'collection the scenes belong to' },
    },
    bands: {
      kind: 'value',
      value: 'LIST',
      help: { zh: '波段，如 B=1,G=2,R=3,N=4', en: 'bands, e.g. B=1,G=2,R=3,N=4' },
    },
    encoding: {
      kind: 'value',
      value: 'WHAT',
      help: {
        zh: '存储值含义：boa toa radiance relative',
        en: 'what stored values are: boa toa radiance relative',
      },
    },
    scale: { kind: 'value', value: 'S', help: { zh: '值 = S × 存储值 + O', en: 'value = S × stored + O' } },
    offset: { kind: 'value', value: 'O', help: { zh: '见 --scale', en: 'see --scale' } },
    nodata: { kind: 'value', value: 'N', help: { zh: '无数据值', en: 'stored value that means no data' } },
    report: {
      kind: 'flag',
      help: { zh: '以表格列出每个交付的结论、问题与对策', en: 'verdicts, findings and remedies as a table' },
    },
    settle: {
      kind: 'value',
      value: 'S',
      help: {
        zh: '文件静止多少秒后才读取（默认 1；0 为不等）',
        en: 'seconds a file must not have changed before it is read (default 1; 0 does not wait)',
      },
    },
    ...EPSG_OPTION,
    ...WORKSPACE_OPTIONS,
  },
  examples: [
    'heitu ingest --report inbox/',
    'heitu ingest inbox/JL1GF02B_PMS1_20240714103205_200240714_101_0001_001_L1',
    'heitu ingest scene.tif --datetime 2024-07-14T02:30:00Z --sensor sentinel2-msi --collection s2 --bands B=1,G=2,R=3,N=4 --encoding boa --scale 0.0001',
  ],
  run: async (call) => {
    const paths = needFiles(call, 'ingest');
    const descriptions = await describedBy(call);
    const settle = numberOption(call, 'settle', { min: 0, max: 3600 }) ?? 1;
    const isTable = call.flag('report') && !call.flag('json');
    return withSession(call, async ({ store, workspace }) => {
      const { rows } = await ingestPaths(paths, {
        store,
        workspace,
        descriptions,
        stillMs: 1000 * settle,
        now: call.terminal.now,
        ...(isTable ? {} : { onRow: (row) => reportRow(call, row) }),
      });
      if (isTable)
        for (const line of reportTable(rows, call.terminal.config.language)) call.terminal.print(line);
      return rows.some((row) => row.verdict === 'quarantined') ? 1 : 0;
    });
  },
};

/** One line a delivery: accepted, duplicate, or the reason it was quarantined. */
export function reportRow(call: Call, row: IngestRow): void {
  const { terminal } = call;
  if (call.flag('json')) {
    terminal.print(JSON.stringify(reportJson(row)));
    if (row.error === null) return;
  }
  if (row.error !== null) terminal.note(errorLine(row.error, terminal.config.language));
  else {
    const word =
      terminal.config.language === 'zh'
        ? { accepted: '入库', duplicate: '重复，未改动', quarantined: '隔离' }
        : { accepted: 'accepted', duplicate: 'duplicate, nothing changed', quarantined: 'quarantined' };
    const warnings = row.findings.filter((finding) => finding.severity === 'warning').length;
    const more = { zh: `  注意 ${warnings} 项，见 --report`, en: `  ${warnings} warnings, see --report` };
    terminal.print(
      `${word[row.verdict]}  ${row.scene?.id ?? basename(row.file)}  ${row.scene?.datetime ?? ''}${
        warnings === 0 ? '' : more[terminal.config.language]
      }`,
    );
  }
}

/** Descriptions from --describe, or one put together from the flags; none when no flag of the kind is given. */
async function describedBy(call: Call): Promise<Description[]> {
  const file = call.value('describe');
  if (file !== undefined) {
    const text = await readFile(file, 'utf8').catch(() => {
      throw new HeituError('E_FILE_MISSING', { what: file });
    });
    return parseDescriptions(text, file);
  }
  const names = [
    'datetime',
    'pattern',
    'time-of-day',
    'sensor',
    'collection',
    'bands',
    'encoding',
    'scale',
    'offset',
    'nodata',
    'epsg',
  ];
  if (names.every((name) => call.value(name) === undefined)) return [];
  const numbers = { min: -1e9, max: 1e9 };
  const bands = call.value('bands');
  const draft = {
    collection: call.value('collection'),
    sensor: call.value('sensor'),
    files: call.value('pattern') ?? '*',
    datetime: call.value('datetime'),
    timeOfDay: call.value('time-of-day'),
    bands:
      bands === undefined
        ? undefined
        : Object.fromEntries([...parseBands(bands, '')].map(([name, source]) => [name, source.number])),
    encoding: call.value('encoding'),
    scale: numberOption(call, 'scale', numbers) ?? 1,
    offset: numberOption(call, 'offset', numbers),
    nodata: numberOption(call, 'nodata', numbers),
    epsg: epsgOption(call),
  };
  const parsed = descriptionSchema.safeParse(JSON.parse(JSON.stringify(draft)));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new HeituError('E_PARAMETER_INVALID', {
      where: `--${String(issue?.path[0] ?? '')}`,
      what: issue?.message ?? '',
    });
  }
  return [parsed.data];
}
