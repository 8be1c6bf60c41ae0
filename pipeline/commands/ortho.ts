import { HeituError } from '../core/error.ts';
import { orthoFile } from '../jobs/ortho-file.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, numberOption } from './command.ts';
import { GROUND_OPTIONS, groundOption } from './ground.ts';
import { startStage } from './progress.ts';

export const ORTHO: CommandRow = {
  operands: 'FILE',
  summary: {
    zh: '按 RPC 模型和高程正射校正影像（COG）',
    en: 'orthorectify an image by its camera model (RPC) on terrain, as a COG',
  },
  options: {
    rpc: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: 'RPC 文件：_rpc.txt 或 .rpb（默认取影像内的标签）',
        en: 'camera model: _rpc.txt or .rpb (default: the tag inside the image)',
      },
    },
    ...GROUND_OPTIONS,
    epsg: {
      kind: 'value',
      value: 'N',
      help: { zh: '成果坐标系的 EPSG 代码', en: 'EPSG code of the result' },
    },
    gsd: { kind: 'value', value: 'M', help: { zh: '像元大小（米）', en: 'pixel size in metres' } },
    'pixel-centre': {
      kind: 'value',
      value: 'N',
      help: {
        zh: 'RPC 中首像元中心的坐标：0（默认）或 0.5',
        en: "where the model counts the first pixel's centre: 0 (default) or 0.5",
      },
    },
    out: { kind: 'value', value: 'FILE', help: { zh: '写入 .tif', en: 'write .tif' } },
    threads: {
      kind: 'value',
      value: 'N',
      help: { zh: '线程数（默认全部核心）', en: 'threads to work in (default: all cores)' },
    },
    compress: {
      kind: 'value',
      value: 'NAME',
      help: { zh: '压缩：deflate 或 zstd', en: 'compression: deflate or zstd' },
    },
  },
  examples: [
    'heitu ortho scene_MSS.tif --rpc scene_MSS_rpc.txt --dem dem.tif --geoid 18 --epsg 32652 --gsd 3 --out ortho.tif',
    'heitu ortho scene_MSS.tif --rpc scene_MSS_rpc.txt --height 210 --epsg 4551 --gsd 3 --out ortho.tif',
  ],
  run,
};

async function run(call: Call): Promise<0> {
  const { terminal } = call;
  const [file, ...others] = call.files;
  if (file === undefined || others.length > 0) throw usage('give one image');
  const need = <T>(value: T | undefined, name: string): T => {
    if (value === undefined) throw usage(`--${name} is missing`);
    return value;
  };
  const options = {
    rpc: call.value('rpc'),
    pixelCentre: choiceOption(call, 'pixel-centre', ['0', '0.5']) === '0.5' ? 0.5 : 0,
    ground: need(groundOption(call, 'ortho') ?? undefined, 'dem or --height'),
    epsg: need(numberOption(call, 'epsg', { min: 1024, max: 32_767, whole: true }), 'epsg'),
    gsd: need(numberOption(call, 'gsd', { min: 0.01, max: 10_000 }), 'gsd'),
    out: need(call.value('out'), 'out'),
    compress: choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate',
    threads: numberOption(call, 'threads', { min: 1, max: 1024, whole: true }),
    version: VERSION,
  } as const;
  const stage = startStage(terminal, 'ortho', 1);
  const done = await orthoFile(file, {
    ...options,
    onPixels: (pixels, total) => stage.update(pixels / total),
  });
  stage.finish(`${done.width} × ${done.height} px`);
  terminal.print(call.flag('json') ? JSON.stringify({ ok: true, ...done }) : done.file);
  return 0;
}

function usage(what: string): HeituError {
  return new HeituError('E_USAGE', { what, where: 'ortho' });
}
