import { HeituError } from '../core/error.ts';
import { smoothFile } from '../jobs/smooth-file.ts';
import { MAX_GAP_DAYS, SMOOTHERS, type SmootherId } from '../series/smooth.ts';
import { VERSION } from '../version.ts';
import {
  type Call,
  type CommandRow,
  choiceOption,
  EPSG_OPTION,
  epsgOption,
  numberOption,
} from './command.ts';
import { startStage } from './progress.ts';

/** The table's keys, which the compiler knows. */
const METHODS = Object.keys(SMOOTHERS) as SmootherId[];

export const SMOOTH: CommandRow = {
  operands: 'STACK',
  summary: {
    zh: '把多时相栅格（每个波段一个日期）平滑成等间隔序列（COG）',
    en: 'smooth a raster whose bands are dates onto a regular grid of days, as a COG',
  },
  options: {
    dates: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '各波段的日期：JSON 列表，或每行一个日期（CSV 亦可）',
        en: 'dates of the bands: a JSON list, or a date a line (CSV too)',
      },
    },
    clouds: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '同样波段数的云掩膜，非 0 为云',
        en: 'mask with as many bands, not 0 where it is cloudy',
      },
    },
    method: {
      kind: 'value',
      value: 'NAME',
      help: {
        zh: `方法：${METHODS.join(' ')}（默认 whittaker）`,
        en: `method: ${METHODS.join(' ')} (default whittaker)`,
      },
    },
    lambda: {
      kind: 'value',
      value: 'N',
      help: { zh: 'Whittaker 的 λ（默认随步长）', en: "Whittaker's λ (default: by the step)" },
    },
    envelope: {
      kind: 'value',
      value: 'P',
      help: {
        zh: '上包络强度，0.5 为无（默认 0.65）',
        en: 'upper envelope, 0.5 for none (default 0.65)',
      },
    },
    step: { kind: 'value', value: 'DAYS', help: { zh: '步长（默认 10 天）', en: 'step (default 10 days)' } },
    from: {
      kind: 'value',
      value: 'DATE',
      help: { zh: '起始日期（默认首个日期）', en: 'first day (default: of the first date)' },
    },
    to: {
      kind: 'value',
      value: 'DATE',
      help: { zh: '结束日期（默认最后日期）', en: 'last day (default: of the last date)' },
    },
    'max-gap': {
      kind: 'value',
      value: 'DAYS',
      help: {
        zh: `相隔更久的空缺不补（默认 ${MAX_GAP_DAYS} 天）`,
        en: `longer gaps are left open (default ${MAX_GAP_DAYS} days)`,
      },
    },
    out: { kind: 'value', value: 'FILE', help: { zh: '写入 .tif', en: 'write .tif' } },
    ...EPSG_OPTION,
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
    'heitu smooth ndvi.tif --dates dates.csv --out smooth.tif',
    'heitu smooth ndvi.tif --dates dates.json --clouds clm.tif --lambda 10 --step 10 --max-gap 60 --out smooth.tif',
  ],
  run,
};

async function run(call: Call): Promise<0> {
  const { terminal } = call;
  const [file, ...others] = call.files;
  if (file === undefined || others.length > 0) throw usage('give one raster');
  const need = (name: string): string => {
    const value = call.value(name);
    if (value === undefined) throw usage(`--${name} is missing`);
    return value;
  };
  const stage = startStage(terminal, 'smooth', 1);
  const done = await smoothFile(file, {
    dates: need('dates'),
    clouds: call.value('clouds'),
    method: choiceOption(call, 'method', METHODS) ?? 'whittaker',
    lambda: numberOption(call, 'lambda', { min: 1e-6, max: 1e9 }),
    envelope: numberOption(call, 'envelope', { min: 0.01, max: 0.99 }),
    step: numberOption(call, 'step', { min: 1, max: 366, whole: true }) ?? 10,
    from: call.value('from'),
    to: call.value('to'),
    maxGap: numberOption(call, 'max-gap', { min: 1, max: 100_000 }) ?? MAX_GAP_DAYS,
    out: need('out'),
    epsg: epsgOption(call),
    compress: choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate',
    threads: numberOption(call, 'threads', { min: 1, max: 1024, whole: true }),
    version: VERSION,
    onPixels: (pixels, total) => stage.update(pixels / total),
  });
  const share = `${(100 * done.validFraction).toFixed(1)} %`;
  stage.finish(`${done.dates.length} day(s), ${share} of the values are there`);
  if (call.flag('json')) terminal.print(JSON.stringify({ ok: true, ...done }));
  else terminal.print(`${done.file}  ${done.method} ${JSON.stringify(done.parameters)}  ${share} valid`);
  return 0;
}

function usage(what: string): HeituError {
  return new HeituError('E_USAGE', { what, where: 'smooth' });
}
