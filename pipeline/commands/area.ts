import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { type AreaEstimate, estimateAreas } from '../models/area.ts';
import { columnIndex, invalid, numberOf, type Table } from '../models/csv.ts';
import { type Call, type CommandRow, choiceOption } from './command.ts';
import { csvText, readTableFile, short } from './tabular.ts';

const UNITS = ['ha', '亩', 'km2', 'm2'] as const;

export const AREA: CommandRow = {
  operands: 'TABLE',
  summary: {
    zh: '由混淆矩阵与制图面积估计各类面积及 95 % 置信区间（Olofsson 2014）',
    en: 'areas of classes with 95 % intervals from a confusion table and mapped areas (Olofsson 2014)',
  },
  options: {
    unit: {
      kind: 'value',
      value: 'UNIT',
      help: {
        zh: `面积单位（默认 ha）：${UNITS.join(' ')}`,
        en: `unit of the areas (default ha): ${UNITS.join(', ')}`,
      },
    },
    area: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '制图面积列（默认 area）', en: 'column of the mapped area (default area)' },
    },
    out: { kind: 'value', value: 'FILE', help: { zh: '写入 CSV', en: 'write a CSV' } },
  },
  examples: ['heitu area confusion.csv', 'heitu area confusion.csv --unit 亩 --out areas.csv'],
  run,
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [path, ...others] = call.files;
  if (path === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give one confusion table', where: 'area' });
  const { table } = await readTableFile(path);
  const unit = choiceOption(call, 'unit', UNITS) ?? 'ha';
  const estimate = estimateOf(table, call.value('area') ?? 'area');
  const text = csvText(
    [
      ...['class', `area_${unit}`, 'area_low', 'area_high', 'area_half', 'mapped', 'users', 'users_half'],
      ...['producers', 'producers_half', 'points'],
    ],
    estimate.classes.map((one) => [
      ...[one.name, one.area, Math.max(0, one.area - one.areaHalf), one.area + one.areaHalf, one.areaHalf],
      ...[one.mapped, one.users, one.usersHalf, one.producers, one.producersHalf, one.n].map((value) =>
        Number.isNaN(value) ? null : value,
      ),
    ]),
  );
  const out = call.value('out');
  if (out !== undefined) await writeWhole(out, text);
  if (call.flag('json')) terminal.print(JSON.stringify({ unit, ...estimate }));
  else terminal.print(pageOf(estimate, unit, terminal.config.language === 'zh'));
  return 0;
}

/** Rows are map classes, columns reference classes of the same names in any order, and one column the mapped area. */
function estimateOf(table: Table, areaColumn: string): AreaEstimate {
  const areaAt = columnIndex(table, areaColumn);
  const names = table.rows.map((row) => row[0]!.trim());
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw invalid(table.where, `two rows of map class ${twice}`);
  const reference = table.header.filter((_, i) => i !== 0 && i !== areaAt);
  const stray = reference.find((name) => !names.includes(name));
  if (stray !== undefined)
    throw invalid(table.where, `reference class ${stray} is no map class; strata must be the map's classes`);
  const at = names.map((name) => columnIndex(table, name));
  return estimateAreas(
    names,
    table.rows.map((_, row) => at.map((column) => numberOf(table, row, column))),
    table.rows.map((_, row) => numberOf(table, row, areaAt)),
    table.where,
  );
}

function pageOf({ overall, overallHalf, classes }: AreaEstimate, unit: string, zh: boolean): string {
  const lines = classes.map((one) => {
    const area = `${short(one.area, 1)} ± ${short(one.areaHalf, 1)} ${unit}`;
    const users = `${short(one.users)} ± ${short(one.usersHalf)}`;
    const producers = `${short(one.producers)} ± ${short(one.producersHalf)}`;
    return zh
      ? `${one.name}: ${area}（图上 ${short(one.mapped, 1)}，样点 ${one.n}）；用户精度 ${users}，生产者精度 ${producers}`
      : `${one.name}: ${area} (mapped ${short(one.mapped, 1)}, ${one.n} points); user's ${users}, producer's ${producers}`;
  });
  const accuracy = `${short(overall, 4)} ± ${short(overallHalf, 4)}`;
  return [zh ? `总体精度 ${accuracy}（95 %）` : `overall accuracy ${accuracy} (95 %)`, ...lines].join('\n');
}
