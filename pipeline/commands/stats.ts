import { HeituError } from '../core/error.ts';
import { COVERAGE_RULES, type ZonalRow, zonalOfFile } from '../jobs/zonal.ts';
import { writeAtomically } from '../write/atomic.ts';
import {
  CLASS_STATISTICS,
  type ClassStatisticId,
  isClassStatisticId,
  isStatisticId,
  STATISTICS,
  type StatisticId,
} from '../zones/statistics.ts';
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

const DEFAULT_STATISTICS = 'mean,stdev,min,max,median';

/** What --statistics takes, for help and messages. */
const KNOWN = [...Object.keys(STATISTICS), 'p1…p99', ...Object.keys(CLASS_STATISTICS)].join(' ');

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
        zh: `统计量：${KNOWN}`,
        en: `any of ${KNOWN}`,
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
    threads: {
      kind: 'value',
      value: 'N',
      help: {
        zh: '线程数（默认全部核心；结果与此无关）',
        en: 'threads (default all cores; results are the same)',
      },
    },
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
  const { statistics, classes } = askedStatistics(call.value('statistics') ?? DEFAULT_STATISTICS);
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
    classes,
    rule: choiceOption(call, 'rule', COVERAGE_RULES) ?? 'exact',
    band: numberOption(call, 'band', { min: 1, max: 65_535, whole: true }) ?? 1,
    id: call.value('id'),
    epsg: epsgOption(call),
    threads: numberOption(call, 'threads', { min: 1, max: 256, whole: true }),
    onPart: (done, total) => stage.update(done / total),
  });
  for (const error of refused) terminal.note(errorLine(error, terminal.config.language));
  stage.finish(`${rows.length} place(s), ${refused.length} refused`);
  const columns = [...statistics, ...classColumns(rows, classes)];
  if (out !== undefined) {
    const text = /\.csv$/i.test(out) ? csvOf(rows, columns) : geojsonOf(rows, columns);
    await writeAtomically(out, [Buffer.from(text)]);
    if (!call.flag('json')) terminal.print(out);
  }
  if (call.flag('json')) for (const row of rows) terminal.print(JSON.stringify(flat(row)));
  else if (out === undefined) terminal.print(csvOf(rows, columns).trimEnd());
  return refused.length > 0 ? 1 : 0;
}

function askedStatistics(text: string): { statistics: StatisticId[]; classes: ClassStatisticId[] } {
  const statistics: StatisticId[] = [];
  const classes: ClassStatisticId[] = [];
  for (const id of text.split(',')) {
    if (isStatisticId(id)) statistics.push(id);
    else if (isClassStatisticId(id)) classes.push(id);
    else
      throw new HeituError('E_PARAMETER_INVALID', {
        where: '--statistics',
        what: `${id}, expected ${KNOWN.replaceAll(' ', ', ')}`,
      });
  }
  return { statistics, classes };
}

/** `frac_1`, `frac_3`, `area_1` …: a column for every class that lies under some place, in order. */
function classColumns(rows: readonly ZonalRow[], classes: readonly ClassStatisticId[]): string[] {
  return classes.flatMap((id) => {
    const found = new Set(rows.flatMap((row) => Object.keys(row.classes[id] ?? {})));
    return [...found].sort((a, b) => Number(a) - Number(b)).map((value) => `${id}_${value}`);
  });
}

function flat(row: ZonalRow): Record<string, unknown> {
  const classes = Object.entries(row.classes).flatMap(([id, numbers]) =>
    Object.entries(numbers).map(([value, number]) => [`${id}_${value}`, number] as const),
  );
  return {
    id: row.feature.id,
    name: row.feature.name,
    pixel_count: row.pixelCount,
    clear_fraction: row.clearFraction,
    ...row.values,
    ...Object.fromEntries(classes),
  };
}

function csvOf(rows: readonly ZonalRow[], columns: readonly string[]): string {
  const hasClasses = rows.some((row) => Object.keys(row.classes).length > 0);
  let text = `${['id', 'name', 'pixel_count', 'clear_fraction', ...columns].join(',')}\n`;
  for (const row of rows) {
    text += `${csvCell(row.feature.id)},${csvCell(row.feature.name)},${row.pixelCount},${row.clearFraction}`;
    // Of every row and column one: what needs no object of its own gets none.
    const facts: Readonly<Record<string, unknown>> = hasClasses ? flat(row) : row.values;
    for (const name of columns) text += `,${csvCell(facts[name])}`;
    text += '\n';
  }
  return text;
}

function geojsonOf(rows: readonly ZonalRow[], columns: readonly string[]): string {
  const features = rows.map((row) => {
    const facts = flat(row);
    const numbers = ['pixel_count', 'clear_fraction', ...columns].map((name) => [name, facts[name] ?? null]);
    return {
      type: 'Feature',
      id: row.feature.id,
      properties: { ...row.feature.properties, ...Object.fromEntries(numbers) },
      geometry: { type: 'MultiPolygon', coordinates: row.feature.polygon },
    };
  });
  return `${JSON.stringify({ type: 'FeatureCollection', features })}\n`;
}
