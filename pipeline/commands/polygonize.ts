import { HeituError } from '../core/error.ts';
import { polygonizeFile } from '../jobs/polygonize.ts';
import { SMALL_RULES } from '../zones/polygonize.ts';
import {
  type Call,
  type CommandRow,
  choiceOption,
  EPSG_OPTION,
  epsgOption,
  numberOption,
} from './command.ts';
import { startStage } from './progress.ts';

export const POLYGONIZE: CommandRow = {
  operands: 'RASTER',
  summary: {
    zh: '把分类栅格转成多边形（GeoJSON，经纬度，含面积）',
    en: 'polygons of a class raster as GeoJSON, with geodesic areas',
  },
  options: {
    out: { kind: 'value', value: 'FILE', help: { zh: '写入 .geojson', en: 'write .geojson' } },
    connectivity: {
      kind: 'value',
      value: 'N',
      help: { zh: '4（默认）按边，8 也按角相连', en: '4 (default) joins by edges, 8 by corners too' },
    },
    'min-area': {
      kind: 'value',
      value: 'M2',
      help: { zh: '小于此面积（m²）的算小图斑', en: 'areas under this many m² are small' },
    },
    small: {
      kind: 'value',
      value: 'RULE',
      help: {
        zh: '小图斑：drop 去掉（默认），merge 并入最大的相邻图斑',
        en: 'small areas: drop (default) them, or merge them into the largest neighbour',
      },
    },
    simplify: {
      kind: 'value',
      value: 'M',
      help: {
        zh: '边界最多移动 M 米以取直；相邻图斑仍共用边界',
        en: 'straighten borders by up to M metres; neighbours keep a common border',
      },
    },
    band: { kind: 'value', value: 'N', help: { zh: '波段号（默认 1）', en: 'band number (default 1)' } },
    ...EPSG_OPTION,
  },
  examples: [
    'heitu polygonize classes.tif --out classes.geojson',
    'heitu polygonize mask.tif --out mask.geojson --connectivity 8 --min-area 200 --small merge --simplify 3',
  ],
  run,
};

async function run(call: Call): Promise<0> {
  const { terminal } = call;
  const [raster, ...others] = call.files;
  if (raster === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give one raster', where: 'polygonize' });
  const out = call.value('out');
  if (out === undefined) throw new HeituError('E_USAGE', { what: '--out is missing', where: 'polygonize' });
  if (!/\.(geojson|json)$/i.test(out)) {
    throw new HeituError('E_PARAMETER_INVALID', { where: '--out', what: `${out}, expected a .geojson name` });
  }
  const connectivity = choiceOption(call, 'connectivity', ['4', '8']) ?? '4';
  const stage = startStage(terminal, 'polygonize', 1);
  const result = await polygonizeFile(raster, {
    out,
    connectivity: connectivity === '8' ? 8 : 4,
    minArea: numberOption(call, 'min-area', { min: 0, max: 1e12 }) ?? 0,
    small: choiceOption(call, 'small', SMALL_RULES) ?? 'drop',
    simplify: numberOption(call, 'simplify', { min: 0, max: 1e6 }) ?? 0,
    band: numberOption(call, 'band', { min: 1, max: 65_535, whole: true }) ?? 1,
    epsg: epsgOption(call),
    onRows: (done, total) => stage.update(done / total),
  });
  stage.finish(`${result.polygons} polygon(s), ${result.dropped} dropped`);
  terminal.print(call.flag('json') ? JSON.stringify(result) : out);
  return 0;
}
