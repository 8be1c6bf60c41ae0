import { basename, extname, join } from 'node:path';
import { doubtText } from '../calibrate/validity.ts';
import { asHeituError, HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import { formulaOf } from '../indices/compute.ts';
import { parseExpressions } from '../indices/expression.ts';
import { indexNamed } from '../indices/table.ts';
import { openRaster } from '../ingest/geotiff.ts';
import { CALIBRATIONS, type CalibratedImage, calibrateImage, maskImage } from '../jobs/calibrate.ts';
import { type BandSource, type IndexFile, indexFile, namedBands, parseBands } from '../jobs/index-file.ts';
import { BACKENDS, openBackend } from '../kernels/backend.ts';
import type { CellMask } from '../mask/apply.ts';
import { type BandCode, isBandCode } from '../sensors/bands.ts';
import { VERSION } from '../version.ts';
import {
  type Call,
  type CommandRow,
  choiceOption,
  EPSG_OPTION,
  epsgOption,
  errorLine,
  exitCode,
  numberOption,
} from './command.ts';
import { startStage } from './progress.ts';

export const INDEX: CommandRow = {
  operands: 'FILE…',
  summary: {
    zh: '不用数据库，直接从影像计算植被指数（COG）',
    en: 'vegetation indices of images as COGs, without a database',
  },
  options: {
    index: {
      kind: 'value',
      value: 'ID[,ID]',
      help: { zh: '指数，如 NDVI,EVI2', en: 'indices, e.g. NDVI,EVI2' },
    },
    expression: {
      kind: 'value',
      value: 'NAME=FORMULA',
      help: {
        zh: '自写公式，多个用 ; 分隔；末尾 @比例 或 @float32 指定存储（默认 @0.0001）',
        en: 'formulas of your own, separated by ;, each with @SCALE or @float32 for how it is stored (@0.0001)',
      },
    },
    out: { kind: 'value', value: 'DIR', help: { zh: '输出目录', en: 'output folder' } },
    bands: {
      kind: 'value',
      value: 'LIST',
      help: {
        zh: '波段：B=1,G=2,R=3,N=4 或 N=nir.tif,R=red.tif',
        en: 'bands: B=1,G=2,R=3,N=4 or N=nir.tif,R=red.tif',
      },
    },
    name: {
      kind: 'value',
      value: 'STEM',
      help: {
        zh: '输出文件名前缀（波段分文件时）',
        en: 'stem of the output names, for bands in files of their own',
      },
    },
    scale: {
      kind: 'value',
      value: 'S',
      help: { zh: '反射率 = S × 存储值 + O', en: 'reflectance = S × stored + O' },
    },
    offset: { kind: 'value', value: 'O', help: { zh: '见 --scale', en: 'see --scale' } },
    calibrate: {
      kind: 'value',
      value: 'NAME',
      help: {
        zh: '交付影像先定标：toa 大气顶、boa 地表（ATM-A）、dos1 暗目标',
        en: 'calibrate the image of a delivery: toa (top of atmosphere), boa (surface, ATM-A) or dos1 (dark object)',
      },
    },
    aot: {
      kind: 'value',
      value: 'X',
      help: {
        zh: '550 nm 气溶胶光学厚度（默认取交付值，否则由浓密植被反演）',
        en: 'aerosol optical thickness at 550 nm (default: as delivered, else from dense vegetation)',
      },
    },
    mask: {
      kind: 'flag',
      help: {
        zh: '与 --calibrate 同用：云、影、雪下的像元记为无数据（单日期判断）',
        en: 'with --calibrate: pixels under cloud, shadow or snow become nodata (seen from this one date)',
      },
    },
    ...EPSG_OPTION,
    gcps: {
      kind: 'flag',
      help: {
        zh: '影像只有地面控制点时，用最小二乘仿射定位',
        en: 'place imagery that has only ground control points by the affine transform that fits them best',
      },
    },
    backend: {
      kind: 'value',
      value: 'NAME',
      help: { zh: '计算后端：auto webgpu wasm cpu', en: 'kernel back end: auto webgpu wasm cpu' },
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
    'heitu index scene_MSS.tif --index NDVI,EVI2 --bands B=1,G=2,R=3,N=4 --scale 0.0001 --out out/',
    "heitu index scene_MSS.tif --expression 'RGRI=R/G@0.001' --bands B=1,G=2,R=3,N=4 --out out/",
    'heitu index delivery/JL1GF02B_…_MSS.tif --calibrate boa --aot 0.3 --index NDVI --out out/',
    'heitu index --bands N=nir.tif,R=red.tif --name field --index NDVI --out out/',
  ],
  run,
};

async function run(call: Call): Promise<0 | 1 | 2> {
  const { terminal } = call;
  const written = call.value('expression');
  const expressions = written === undefined ? [] : parseExpressions(written);
  const named = call.value('index') ?? (written === undefined ? 'NDVI' : null);
  const indices = named === null ? [] : named.split(',').map((id) => indexNamed(id.trim()));
  const out = call.value('out');
  if (out === undefined) throw new HeituError('E_USAGE', { what: '--out is missing', where: 'index' });
  const settings = {
    indices,
    expressions,
    out,
    scale: numberOption(call, 'scale', { min: -1e6, max: 1e6 }),
    offset: numberOption(call, 'offset', { min: -1e6, max: 1e6 }),
    epsg: epsgOption(call),
    gcps: call.flag('gcps'),
    compress: choiceOption(call, 'compress', ['deflate', 'zstd']) ?? 'deflate',
    threads: numberOption(call, 'threads', { min: 1, max: 1024, whole: true }),
    version: VERSION,
  } as const;
  const formulas = [...indices.map(formulaOf), ...expressions.map((row) => row.node)];
  const backend = await openBackend(choiceOption(call, 'backend', ['auto', ...BACKENDS]) ?? 'auto', formulas);
  let worst: 0 | 1 | 2 = 0;
  try {
    for (const image of imagesOf(call)) {
      try {
        const calibrated = await calibratedOf(call, image.file);
        const bands =
          calibrated === undefined ? await bandsOf(call, image.file) : sceneBands(calibrated.scene);
        const mask = await maskOf(call, calibrated);
        const stage = startStage(terminal, image.stem, 1);
        const started = terminal.now().getTime();
        const rate = (pixels: number) => {
          const seconds = (terminal.now().getTime() - started) / 1000;
          return `${(pixels / 1e6 / Math.max(seconds, 1e-3)).toFixed(1)} Mpx/s`;
        };
        let pixels = 0;
        const files = await indexFile({
          ...settings,
          ...(calibrated === undefined ? {} : { calibrated }),
          ...(mask === undefined ? {} : { mask }),
          bands,
          stem: image.stem,
          backend: backend.name,
          onPixels: (done, total) => {
            pixels = total;
            stage.update(done / total, rate(done));
          },
        });
        stage.finish(`${files.length} file(s), ${backend.name}, ${rate(pixels)}`);
        for (const file of files) report(call, file, backend.name);
      } catch (thrown) {
        const error = asHeituError(thrown, 'E_INTERNAL', image.file ?? image.stem);
        terminal.note(errorLine(error, terminal.config.language));
        if (call.flag('json'))
          terminal.print(
            JSON.stringify({
              file: image.file,
              ok: false,
              error: { code: error.code, message: error.message },
            }),
          );
        worst = worst === 1 ? 1 : exitCode(error);
      }
    }
  } finally {
    await backend.close();
  }
  return worst;
}

function report(call: Call, file: IndexFile, backend: string): void {
  if (call.flag('json')) call.terminal.print(JSON.stringify({ ok: true, ...file, backend }));
  else
    call.terminal.print(
      `${file.file}  ${file.index}  ${(100 * file.validFraction).toFixed(1)} % valid  ${file.bytes} bytes`,
    );
}

/** Images to work on: the files given, or one made of the files that --bands names. */
function imagesOf(call: Call): { file: string | null; stem: string }[] {
  if (call.files.length > 0) {
    const name = call.value('name');
    return call.files.map((file) => ({
      file,
      stem: call.files.length === 1 && name !== undefined ? safeStem(name) : basename(file, extname(file)),
    }));
  }
  const name = call.value('name');
  if (call.value('bands') === undefined || name === undefined) {
    throw new HeituError('E_USAGE', {
      what: 'give a file, or --bands with files and --name',
      where: 'index',
    });
  }
  return [{ file: null, stem: safeStem(name) }];
}

/** A stem is a file name, not a way out of the output folder. */
function safeStem(name: string): string {
  if (name === '' || name !== basename(name) || name.startsWith('.')) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--name',
      what: `${name}, expected a plain file name`,
    });
  }
  return name;
}

async function bandsOf(call: Call, file: string | null): Promise<ReadonlyMap<BandCode, BandSource>> {
  const text = call.value('bands');
  if (text !== undefined) return parseBands(text, file);
  const raster = await openRaster(file!);
  await raster.close();
  raster.checkWhole();
  return namedBands(
    file!,
    raster.info.bands.map((band) => band.description),
  );
}

/** The image's delivery, calibrated as --calibrate says; what speaks against the result is noted. */
async function calibratedOf(call: Call, file: string | null): Promise<CalibratedImage | undefined> {
  const name = choiceOption(call, 'calibrate', CALIBRATIONS);
  const aot = numberOption(call, 'aot', { min: 0.001, max: 2 });
  if (aot !== undefined && name !== 'boa') {
    throw new HeituError('E_USAGE', { what: '--aot is for --calibrate boa', where: 'index' });
  }
  if (name === undefined) return undefined;
  const clash = ['bands', 'scale', 'offset'].find((option) => call.value(option) !== undefined);
  if (clash !== undefined || file === null) {
    const what = file === null ? 'give a file of the delivery' : `--${clash} is what the delivery says`;
    throw new HeituError('E_USAGE', { what: `--calibrate: ${what}`, where: 'index' });
  }
  const calibrated = await calibrateImage(file, name, aot);
  const { language } = call.terminal.config;
  for (const doubt of calibrated.doubts)
    call.terminal.note(`${basename(file)}: ${doubtText(doubt, language)}`);
  return calibrated;
}

/** What hides the ground in the image, where --mask asks for it. */
async function maskOf(call: Call, calibrated: CalibratedImage | undefined): Promise<CellMask | undefined> {
  if (!call.flag('mask')) return undefined;
  if (calibrated === undefined) {
    throw new HeituError('E_USAGE', { what: '--mask needs --calibrate toa, boa or dos1', where: 'index' });
  }
  const mask = await maskImage(calibrated);
  if (mask !== null) return mask;
  throw new HeituError('E_USAGE', {
    what: `--mask: ${calibrated.scene.id} is turned against its CRS; heitu ingest and process place it first`,
    where: 'index',
  });
}

/** Where a scene's bands are; those without an ASI code take part in no index. */
function sceneBands({ folder, bands }: Scene): ReadonlyMap<BandCode, BandSource> {
  const sources = new Map<BandCode, BandSource>();
  for (const { name, file, number } of bands) {
    if (isBandCode(name)) sources.set(name, { file: join(folder, file), number });
  }
  return sources;
}
