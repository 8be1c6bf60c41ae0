import { ACCEPTED, type Normalisation, type Refusal } from '../calibrate/normalise.ts';
import { HeituError } from '../core/error.ts';
import { openRaster } from '../ingest/geotiff.ts';
import { namedBands, parseBands } from '../jobs/index-file.ts';
import { normaliseFile, type ReflectanceImage } from '../jobs/normalise.ts';
import type { BandCode } from '../sensors/bands.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, errorLine, numberOption } from './command.ts';
import { startStage } from './progress.ts';

export const NORMALISE: CommandRow = {
  operands: 'TARGET REFERENCE',
  summary: {
    zh: '把影像的反射率归一化到哨兵二号地表反射率（IR-MAD，正交回归）',
    en: 'bring an image to the reflectance of a Sentinel-2 L2A reference (IR-MAD, orthogonal regression)',
  },
  options: {
    out: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '写入 .tif（int16，反射率 × 10000）；未通过检验则不写',
        en: 'write .tif (int16, reflectance × 10000); nothing is written when it is not accepted',
      },
    },
    bands: {
      kind: 'value',
      value: 'LIST',
      help: { zh: '目标影像波段：B=1,G=2,R=3,N=4', en: 'bands of the target: B=1,G=2,R=3,N=4' },
    },
    'reference-bands': {
      kind: 'value',
      value: 'LIST',
      help: { zh: '参考影像波段（默认同 --bands）', en: 'bands of the reference (default: as --bands)' },
    },
    scale: {
      kind: 'value',
      value: 'S',
      help: { zh: '目标反射率 = S × 存储值 + O', en: 'reflectance of the target = S × stored + O' },
    },
    offset: { kind: 'value', value: 'O', help: { zh: '见 --scale', en: 'see --scale' } },
    'reference-scale': {
      kind: 'value',
      value: 'S',
      help: { zh: '参考反射率 = S × 存储值 + O', en: 'reflectance of the reference = S × stored + O' },
    },
    'reference-offset': {
      kind: 'value',
      value: 'O',
      help: { zh: '见 --reference-scale', en: 'see --reference-scale' },
    },
    compress: {
      kind: 'value',
      value: 'NAME',
      help: { zh: '压缩：deflate 或 zstd', en: 'compression: deflate or zstd' },
    },
  },
  examples: [
    'heitu normalise jl1_toa.tif s2_l2a.tif --bands B=1,G=2,R=3,N=4 --reference-bands B=2,G=3,R=4,N=8 --out jl1_boa.tif',
  ],
  run,
};

/** What each reason not to accept means, with its limit. */
const REFUSALS: Readonly<Record<Refusal, { readonly zh: string; readonly en: string }>> = {
  singular: {
    zh: '没有共同像元，或某波段无变化、与其他波段线性相关',
    en: 'no common cells, or a band is constant or follows from the others',
  },
  pixels: {
    zh: `不变像元少于 ${ACCEPTED.fewestPixels}`,
    en: `fewer than ${ACCEPTED.fewestPixels} invariant cells`,
  },
  covers: {
    zh: `不变像元的地物少于 ${ACCEPTED.fewestCovers} 类`,
    en: `fewer than ${ACCEPTED.fewestCovers} kinds of cover among them`,
  },
  r2: { zh: `有波段 R² < ${ACCEPTED.r2}`, en: `R² below ${ACCEPTED.r2} in a band` },
  rmse: { zh: `有波段检验 RMSE > ${ACCEPTED.rmse}`, en: `test RMSE above ${ACCEPTED.rmse} in a band` },
  slope: {
    zh: `有波段斜率超出 ${ACCEPTED.slope.join('–')}`,
    en: `slope outside ${ACCEPTED.slope.join('–')} in a band`,
  },
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [target, reference, ...others] = call.files;
  if (target === undefined || reference === undefined || others.length > 0) {
    throw new HeituError('E_USAGE', { what: 'give a target and a reference', where: 'normalise' });
  }
  const out = call.value('out');
  if (out === undefined) throw new HeituError('E_USAGE', { what: '--out is missing', where: 'normalise' });
  const bands = await bandsOf(call.value('bands'), target, '--bands');
  const theirs = await bandsOf(
    call.value('reference-bands') ?? call.value('bands'),
    reference,
    '--reference-bands',
  );
  const names = [...bands.keys()].filter((name) => theirs.has(name));
  if (names.length === 0) {
    throw new HeituError('E_BAND_MISSING', {
      what: [...bands.keys()].join(', ') || 'any',
      where: [...theirs.keys()].join(', ') || 'no band of the reference is named',
    });
  }
  const image = (file: string, own: ReadonlyMap<BandCode, number>, prefix: string): ReflectanceImage => ({
    file,
    bands: new Map(names.map((name) => [name, own.get(name)!])),
    scale: numberOption(call, `${prefix}scale`, { min: -1e6, max: 1e6 }),
    offset: numberOption(call, `${prefix}offset`, { min: -1e6, max: 1e6 }),
  });
  const stage = startStage(terminal, 'normalise', 1);
  const result = await normaliseFile({
    target: image(target, bands, ''),
    reference: image(reference, theirs, 'reference-'),
    out,
    compress: choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate',
    version: VERSION,
    onStage: (kind, done, total) => stage.update((kind === 'compare' ? 0 : 0.5) + done / total / 2),
  });
  const { language } = terminal.config;
  const zh = language === 'zh';
  stage.finish(
    zh
      ? `共同格网 ${result.cells} 个，不变 ${result.pifCount} 个`
      : `${result.cells} common cells, ${result.pifCount} invariant`,
  );
  if (call.flag('json')) terminal.print(JSON.stringify(result));
  else for (const line of linesOf(result, zh)) terminal.print(line);
  if (result.normalised) {
    if (!call.flag('json')) terminal.print(out);
    return 0;
  }
  const what = result.refusals.map((refusal) => REFUSALS[refusal][language]).join('; ');
  terminal.note(errorLine(new HeituError('E_NORMALISE_REFUSED', { where: target, what }), language));
  return 1;
}

/** `B  0.0012 + 1.0340 × ρ  R² 0.931  RMSE 0.0112`, one a band, and what they rest on. */
function linesOf({ bands, pifCount, covers, correlations }: Normalisation, zh: boolean): string[] {
  const all = correlations.map((rho) => rho.toFixed(3)).join(' ');
  return [
    ...bands.map(
      ({ name, offset, slope, r2, rmse }) =>
        `${name}  ${offset.toFixed(4)} + ${slope.toFixed(4)} × ρ  R² ${r2.toFixed(3)}  RMSE ${rmse.toFixed(4)}`,
    ),
    zh
      ? `不变格网 ${pifCount} 个，地类 ${covers} 种，典型相关 ${all}`
      : `${pifCount} invariant cells, ${covers} kinds of cover, correlations ${all}`,
  ];
}

/** Band numbers within one file, as written or as the file names its bands itself. */
async function bandsOf(
  text: string | undefined,
  file: string,
  option: string,
): Promise<ReadonlyMap<BandCode, number>> {
  if (text !== undefined) {
    const bands = parseBands(text, file);
    if ([...bands.values()].some((source) => source.file !== file)) {
      throw new HeituError('E_PARAMETER_INVALID', { where: option, what: `${text}, expected band numbers` });
    }
    return new Map([...bands].map(([name, { number }]) => [name, number]));
  }
  const raster = await openRaster(file);
  await raster.close();
  raster.checkWhole();
  const named = namedBands(
    file,
    raster.info.bands.map((band) => band.description),
  );
  return new Map([...named].map(([name, { number }]) => [name, number]));
}
