import { basename } from 'node:path';
import { HeituError } from '../core/error.ts';
import { INDICES, type IndexId, indexNamed } from '../indices/table.ts';
import { openRaster } from '../ingest/geotiff.ts';
import { type BandSource, namedBands, parseBands } from '../jobs/index-file.ts';
import { type VerifyReport, verifyFile } from '../jobs/verify-file.ts';
import { verifyFiles } from '../jobs/verify-files.ts';
import { BACKENDS, type BackendName } from '../kernels/backend.ts';
import type { Agreement, BackendState } from '../kernels/verify.ts';
import type { BandCode } from '../sensors/bands.ts';
import {
  type Call,
  type CommandRow,
  errorLine,
  needFiles,
  numberOption,
  WORKSPACE_OPTIONS,
} from './command.ts';
import { startStage } from './progress.ts';
import { withSession } from './session.ts';

export const VERIFY: CommandRow = {
  operands: '[FILE]',
  summary: {
    zh: '逐像元核对各计算后端的存储值是否相同；--files 核对工作区中的文件是否完好',
    en: 'the same stored pixels on every back end? with --files: are all files of the workspace as they were?',
  },
  options: {
    files: {
      kind: 'flag',
      help: {
        zh: '重算工作区所有成果与交付文件的 sha256，列出损坏或缺失的',
        en: 'read every published and delivered file of the workspace and name those that are damaged or gone',
      },
    },
    ...WORKSPACE_OPTIONS,
    backends: {
      kind: 'value',
      value: 'LIST',
      help: { zh: '后端（默认 cpu,wasm,webgpu）', en: 'back ends (default cpu,wasm,webgpu)' },
    },
    index: {
      kind: 'value',
      value: 'ID[,ID]',
      help: { zh: '只核对这些指数（默认全部）', en: 'these indices only (default: all)' },
    },
    bands: {
      kind: 'value',
      value: 'LIST',
      help: {
        zh: '波段：B=1,G=2,R=3,N=4 或 N=nir.tif,R=red.tif',
        en: 'bands: B=1,G=2,R=3,N=4 or N=nir.tif,R=red.tif',
      },
    },
    scale: {
      kind: 'value',
      value: 'S',
      help: { zh: '反射率 = S × 存储值 + O', en: 'reflectance = S × stored + O' },
    },
    offset: { kind: 'value', value: 'O', help: { zh: '见 --scale', en: 'see --scale' } },
  },
  examples: [
    'heitu verify --backends cpu,wasm scene_MSS.tif --bands B=1,G=2,R=3,N=4',
    'heitu verify --backends cpu,wasm,webgpu scene_MSS.tif --index NDVI,kNDVI --json',
    'heitu verify --files --workspace county/',
  ],
  run,
};

/** Exit 1 when a file is not what it was; each is one line. */
function runFiles(call: Call): Promise<0 | 1> {
  if (call.files.length > 0)
    throw new HeituError('E_USAGE', { what: '--files takes no FILE, but a --workspace', where: 'verify' });
  const { terminal } = call;
  return withSession(call, async ({ store, workspace }) => {
    const stage = startStage(terminal, 'files', 1);
    const report = await verifyFiles(store, workspace.folder, (done, total) =>
      stage.update(total === 0 ? 1 : done / total),
    );
    stage.finish(`${report.files} files, ${(report.bytes / 1e6).toFixed(1)} MB`);
    const { files, bytes, bad } = report;
    if (call.flag('json')) {
      const damaged = bad.map(({ error, ...file }) => ({
        ...file,
        error: { code: error.code, message: error.in('en') },
      }));
      terminal.print(JSON.stringify({ ok: bad.length === 0, files, bytes, bad: damaged }));
    } else {
      const zh = terminal.config.language === 'zh';
      terminal.print(
        zh
          ? `检查 ${files} 个文件，损坏或缺失 ${bad.length} 个`
          : `${files} files checked, ${bad.length} damaged or missing`,
      );
    }
    for (const { scene, what, error } of bad)
      terminal.note(`${errorLine(error, terminal.config.language)} (${what}, ${scene})`);
    return bad.length === 0 ? 0 : 1;
  });
}

async function run(call: Call): Promise<0 | 1 | 2> {
  if (call.flag('files')) return runFiles(call);
  const [file, ...others] = needFiles(call, 'verify');
  if (others.length > 0) throw new HeituError('E_USAGE', { what: 'one file at a time', where: 'verify' });
  const backends = listOf(call, 'backends', BACKENDS) ?? ['cpu', 'wasm', 'webgpu'];
  const bands = await bandsOf(call, file!);
  const stage = startStage(call.terminal, basename(file!), 1);
  const report = await verifyFile({
    bands,
    indices: indicesOf(call),
    backends,
    scale: numberOption(call, 'scale', { min: -1e6, max: 1e6 }),
    offset: numberOption(call, 'offset', { min: -1e6, max: 1e6 }),
    onPixels: (done, total) => stage.update(done / total),
  });
  stage.finish(`${report.width} × ${report.height} pixels on ${backends.join(', ')}`);
  const isGood = report.agreements.every((one) => !one.isCompared || one.isWithin);
  if (call.flag('json')) call.terminal.print(JSON.stringify({ file, ok: isGood, ...report }));
  else for (const line of linesOf(report, backends)) call.terminal.print(line);
  return isGood ? 0 : 1;
}

function indicesOf(call: Call): readonly IndexId[] {
  const text = call.value('index');
  if (text === undefined) return Object.keys(INDICES) as IndexId[];
  return text.split(',').map((part) => indexNamed(part.trim()));
}

function listOf<T extends string>(call: Call, name: string, choices: readonly T[]): T[] | undefined {
  const text = call.value(name);
  if (text === undefined) return undefined;
  const list = text.split(',').map((part) => {
    const found = choices.find((choice) => choice === part.trim());
    if (found === undefined)
      throw new HeituError('E_PARAMETER_INVALID', {
        where: `--${name}`,
        what: `${part}, expected ${choices.join(', ')}`,
      });
    return found;
  });
  return [...new Set(list)];
}

async function bandsOf(call: Call, file: string): Promise<ReadonlyMap<BandCode, BandSource>> {
  const text = call.value('bands');
  if (text !== undefined) return parseBands(text, file);
  const raster = await openRaster(file);
  await raster.close();
  return namedBands(
    file,
    raster.info.bands.map((band) => band.description),
  );
}

function linesOf(report: VerifyReport, backends: readonly BackendName[]): string[] {
  const formulas = [...new Set(report.agreements.map((one) => one.formula))];
  const cells = formulas.map((formula) => {
    const own = report.agreements.filter((one) => one.formula === formula);
    return [formula, String(own[0]!.valid), ...own.map(cellOf)];
  });
  return [
    ...table([['index', 'valid pixels', ...backends], ...cells]),
    '',
    'Stored counts that differ from plain loops in float32, one operation at a time.',
    ...report.backends.map(stateLine),
    ...report.skipped.map(
      ({ formula, missing }) => `${formula}: not checked, there is no band ${missing.join(', ')}`,
    ),
  ];
}

/** `0`, `49 (max 1)`, `3 (max 2) TOO MANY`, or `–` where another back end ran. */
function cellOf(one: Agreement): string {
  if (!one.isCompared) return '–';
  if (one.differingCounts === 0) return '0';
  const validity = one.differingValidity > 0 ? `, ${one.differingValidity} valid on one side only` : '';
  const verdict = one.isWithin ? '' : ' TOO MUCH';
  return `${one.differingCounts} (largest ${one.largestDifference}${validity})${verdict}`;
}

function stateLine({ wanted, ran, device, fallbackReason, load }: BackendState): string {
  if (ran !== wanted) return `${wanted}: NOT COMPARED, ${ran} ran instead (${fallbackReason})`;
  if (load === null || load.pieces === 0) return `${wanted}: ${device}`;
  const limit = Number.isFinite(load.limitBytes) ? ` of ${sizeOf(load.limitBytes)} that it takes` : '';
  return `${wanted}: ${device}; longest piece ${load.longestMs.toFixed(0)} ms, largest array ${sizeOf(load.largestBytes)}${limit}`;
}

function sizeOf(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(1)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** Columns as wide as their widest cell, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join('  ')
      .trimEnd(),
  );
}
