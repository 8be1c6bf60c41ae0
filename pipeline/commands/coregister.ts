import { HeituError } from '../core/error.ts';
import { type CoregisterFile, coregisterFile } from '../jobs/coregister-file.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, numberOption } from './command.ts';
import { startStage } from './progress.ts';

export const COREGISTER: CommandRow = {
  operands: 'MOVING REFERENCE',
  summary: {
    zh: '把影像配准到参考影像：连接点、稳健仿射、独立检查点残差',
    en: 'align an image with a reference: tie points, a robust affine fit, residuals of independent check points',
  },
  options: {
    out: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '配准通过时写入的 .tif（网格同原影像）',
        en: 'write the aligned image, on its own grid, when the fit is accepted',
      },
    },
    gradient: {
      kind: 'flag',
      help: {
        zh: '匹配边缘而非灰度（季节相差很大时）',
        en: 'match edges instead of values, for seasons that look unlike',
      },
    },
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
    'heitu coregister scene_2024.tif reference.tif --out aligned.tif',
    'heitu coregister scene_2024.tif reference.tif --json',
  ],
  run,
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [moving, reference, ...others] = call.files;
  if (moving === undefined || reference === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give the image and the reference', where: 'coregister' });
  const stage = startStage(terminal, 'coregister', 1);
  const found = await coregisterFile(moving, reference, {
    gradient: call.flag('gradient'),
    out: call.value('out'),
    compress: choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate',
    threads: numberOption(call, 'threads', { min: 1, max: 1024, whole: true }),
    version: VERSION,
  });
  const zh = terminal.config.language === 'zh';
  stage.finish(
    zh ? `${found.windows} 个窗口中 ${found.ties} 个匹配` : `${found.ties} of ${found.windows} windows match`,
  );
  if (call.flag('json')) terminal.print(JSON.stringify(found));
  else for (const line of linesOf(found, zh)) terminal.print(line);
  return found.status === 'ok' ? 0 : 1;
}

function linesOf(found: CoregisterFile, zh: boolean): string[] {
  const [dx, dy] = found.shift.map((value) => value.toFixed(2));
  const residuals = ({ rmse, median, ce68, max }: CoregisterFile['before']) =>
    `RMSE ${rmse.toFixed(2)}  median ${median.toFixed(2)}  CE68 ${ce68.toFixed(2)}  max ${max.toFixed(2)}`;
  return [
    `${zh ? '配准' : 'coreg'}: ${found.status}${found.reason === null ? '' : ` (${found.reason})`}`,
    zh
      ? `${found.model}: 中心处向右 ${dx}、向下 ${dy} 像元（像元 ${found.pixelSize}）`
      : `${found.model}: ${dx} right, ${dy} down in the middle, pixels of ${found.pixelSize}`,
    zh
      ? `内点 ${found.inliers} 个，检查点 ${found.checks} 个；残差单位为像元`
      : `${found.inliers} inliers, ${found.checks} check points; residuals in pixels`,
    `${zh ? '配准前' : 'before'}  ${residuals(found.before)}`,
    `${zh ? '配准后' : 'after '}  ${residuals(found.after)}`,
    ...(found.file === null ? [] : [found.file]),
  ];
}
