import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { COVERAGE_RULES, type CoverageRule, type ZonalRow, zonalOfFile } from '../jobs/zonal.ts';
import { isStatisticId, STATISTICS, type StatisticId } from '../zones/statistics.ts';
import {
  type Call,
  type CommandRow,
  choiceOption,
  EPSG_OPTION,
  epsgOption,
  errorLine,
  numberOption,
} from './command.ts';
import { csvCell } from './csv.ts';
import { startStage } from './progress.ts';

const DEFAULT_STATISTICS: readonly StatisticId[] = ['mean', 'stdev', 'min', 'max', 'median'];

export const STATS: CommandRow = {
  operands: 'RASTER PARCELS',
  summary: {
    zh: '栅格在多边形内的统计（精确覆盖面积），不用数据库',
    en: 'exact-coverage statistics of a raster in polygons, without a database',
  },
  options: {
    statistics: {
      kind: 'value',
      value: 'LIST',
      help: {
        zh: `统计量：${Object.keys(STATISTICS).join(' ')}`,
        en: `any of ${Object.keys(STATISTICS).join(' ')}`,
      },
    },
    rule: {
      kind: 'value',
      value: 'RULE',
      help: {
        zh: 'exact 按覆盖比例，center 按像元中心',
        en: 'exact (share covered) or center (pixel centre inside)',
      },
    },
    band: { kind: 'value', value: 'N', help: { zh: '波段号（默认 1）', en: 'band number (default 1)' } },
    id: { kind: 'value', value: 'FIELD', help: { zh: '作为编号的字段', en: 'property that is the id' } },
    ...EPSG_OPTION,
    out: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '写入 .csv 或 .geojson（默认打印 CSV）',
        en: 'write .csv or .geojson (default: print CSV)',
      },
    },
  },
  examples: [
    'heitu stats ndvi.tif parcels.geojson --out ndvi.csv',
    'heitu stats ndvi.tif parcels.geojson --rule center --band 2 --json',
  ],
  run,
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [raster, vector, ...others] = call.files;
  if (raster === undefined || vector === undefined || others.length > 0) {
    throw new HeituError('E_USAGE', { what: 'give one raster and one vector file', where: 'stats' });
  }
  const statistics = (call.value('statistics')?.split(',') ?? DEFAULT_STATISTICS).map((id) => {
    if (!isStatisticId(id))
      throw new HeituError('E_PARAMETER_INVALID', {
        where: '--statistics',
        what: `${id}, expected ${Object.keys(STATISTICS).join(', ')}`,
      });
    return id;
  });
  const out = call.value('out');
  if (out !== undefined && !/\.(csv|geojson|json)$/i.test(out)) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--out',
      what: `${out}, expected a .csv or .geojson name`,
    });
  }
  const stage = startStage(terminal, 'stats', 1);
  const { rows, refused } = await zonalOfFile(raster, vector, {
    statistics,
    rule: choiceOption(call, 'rule', Object.keys(COVERAGE_RULES) as CoverageRule[]) ?? 'exact',
    band: numberOption(call, 'band', { min: 1, max: 65_535, whole: true }) ?? 1,
    id: call.value('id'),
    epsg: epsgOption(call),
    onPlace: (done, total) => stage.update(done / total),
  });
  for (const error of refused) terminal.note(errorLine(error, terminal.config.language));
  stage.finish(`${rows.length} place(s), ${refused.length} refused`);
  if (out !== undefined) {
    await writeWhole(out, /\.csv$/i.test(out) ? csvOf(rows, statistics) : geojsonOf(rows, statistics));
    if (!call.flag('json')) terminal.print(out);
  }
  if (call.flag('json')) for (const row of rows) terminal.print(JSON.stringify(flat(row)));
  else if (out === undefined) terminal.print(csvOf(rows, statistics).trimEnd());
  return refused.length > 0 ? 1 : 0;
}

function flat(row: ZonalRow) {
  return {
    id: row.feature.id,
    name: row.feature.name,
    pixel_count: row.pixelCount,
    clear_fraction: row.clearFraction,
    ...row.values,
  };
}

function csvOf(rows: readonly ZonalRow[], statistics: readonly StatisticId[]): string {
  const header = ['id', 'name', 'pixel_count', 'clear_fraction', ...statistics];
  const lines = rows.map((row) => {
    const facts: Record<string, unknown> = flat(row);
    return header.map((name) => csvCell(facts[name])).join(',');
  });
  return `${[header.join(','), ...lines].join('\n')}\n`;
}

function geojsonOf(rows: readonly ZonalRow[], statistics: readonly StatisticId[]): string {
  const features = rows.map((row) => ({
    type: 'Feature',
    id: row.feature.id,
    properties: {
      ...row.feature.properties,
      pixel_count: row.pixelCount,
      clear_fraction: row.clearFraction,
      ...Object.fromEntries(statistics.map((id) => [id, row.values[id] ?? null])),
    },
    geometry: { type: 'MultiPolygon', coordinates: row.feature.polygon },
  }));
  return `${JSON.stringify({ type: 'FeatureCollection', features })}\n`;
}
