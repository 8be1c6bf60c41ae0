import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { CROP_IDS, cropRow } from '../models/crops.ts';
import { columnIndex, numberOf } from '../models/csv.ts';
import {
  CLEANING,
  cleanPoints,
  gridPoints,
  type MonitorPoint,
  POINT_RULES,
  type PointRule,
} from '../models/points.ts';
import { kgPerHa, unitOf } from '../models/units.ts';
import { type Call, type CommandRow, choiceOption, numberOption } from './command.ts';
import { csvText, pairOption, readTableFile } from './tabular.ts';

export const YIELD_CLEAN: CommandRow = {
  operands: 'POINTS',
  summary: {
    zh: '清洗测产仪点（逐条给出原因）并按格网取均值',
    en: 'clean yield-monitor points, with the reason for each one dropped, and average them in cells',
  },
  options: {
    yield: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '产量列（默认 yield）', en: 'yield column (default yield)' },
    },
    unit: { kind: 'value', value: 'UNIT', help: { zh: '产量单位', en: 'unit of the yields' } },
    crop: {
      kind: 'value',
      value: 'CROP',
      help: { zh: `作物：${CROP_IDS.join(' ')}`, en: CROP_IDS.join(', ') },
    },
    place: {
      kind: 'value',
      value: 'LON,LAT',
      help: {
        zh: '经度列,纬度列（默认 lon,lat）',
        en: 'columns of longitude and latitude (default lon,lat)',
      },
    },
    harvest: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '收获批次列：各批分开处理', en: 'column of the harvest: each is cleaned by itself' },
    },
    cell: {
      kind: 'value',
      value: 'M',
      help: { zh: '格网边长，米（默认 10）', en: 'edge of a cell in metres (default 10)' },
    },
    out: {
      kind: 'value',
      value: 'FILE',
      help: { zh: '每点及其去留原因的 CSV', en: 'CSV of every point and its verdict' },
    },
    grid: {
      kind: 'value',
      value: 'FILE',
      help: { zh: '格网均值与点数的 CSV', en: 'CSV of cell means and counts' },
    },
  },
  examples: [
    'heitu yield clean monitor.csv --crop alfalfa --unit t/ha --place long,lat --harvest harvest --cell 10 --out points.csv --grid cells.csv',
  ],
  run,
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [path, ...others] = call.files;
  const crop = choiceOption(call, 'crop', CROP_IDS);
  if (path === undefined || others.length > 0 || crop === undefined)
    throw new HeituError('E_USAGE', { what: 'give one file of points and --crop', where: 'yield clean' });
  const { table } = await readTableFile(path);
  const factor = kgPerHa(unitOf(table, call.value('unit')), crop);
  const place = pairOption(call.value('place'), 'place') ?? ['lon', 'lat'];
  const [yieldAt, lonAt, latAt] = [call.value('yield') ?? 'yield', ...place].map((name) =>
    columnIndex(table, name),
  ) as [number, number, number]; // three names, three places
  const harvest = call.value('harvest');
  const harvestAt = harvest === undefined ? -1 : columnIndex(table, harvest);
  const points = table.rows.map(
    (cells, row): MonitorPoint => ({
      row: row + 2,
      harvest: harvestAt < 0 ? '' : cells[harvestAt]!.trim(),
      lon: numberOf(table, row, lonAt),
      lat: numberOf(table, row, latAt),
      y: numberOf(table, row, yieldAt) * factor,
    }),
  );
  const cleaned = cleanPoints(points, { ...CLEANING, range: cropRow(crop).sane });
  const cell = numberOption(call, 'cell', { min: 0.5, max: 10_000 }) ?? 10;
  const harvests = [...Map.groupBy(cleaned.kept, (point) => point.harvest)].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const cells = harvests.flatMap(([name, own]) => cellRows(name, own, cell));
  const [out, grid] = [call.value('out'), call.value('grid')];
  if (out !== undefined) {
    const rule = new Map(cleaned.dropped.map((one) => [one.point, one.rule]));
    const rows = points.map((point) => [
      ...[point.row, point.harvest, point.lon, point.lat, Math.round(point.y)],
      rule.has(point) ? 'dropped' : 'kept',
      rule.get(point) ?? '',
    ]);
    await writeWhole(out, csvText(['row', 'harvest', 'lon', 'lat', 'kg_ha', 'status', 'rule'], rows));
  }
  if (grid !== undefined)
    await writeWhole(grid, csvText(['harvest', 'column', 'row', 'lon', 'lat', 'mean_kg_ha', 'count'], cells));
  const counts = Object.fromEntries(
    (Object.keys(POINT_RULES) as PointRule[]).map((rule) => [
      rule,
      cleaned.dropped.filter((one) => one.rule === rule).length,
    ]),
  );
  const summary = { points: points.length, kept: cleaned.kept.length, dropped: counts, cells: cells.length };
  if (call.flag('json')) terminal.print(JSON.stringify(summary));
  else terminal.print(pageOf(summary, harvests, points, terminal.config.language));
  return 0;
}

function cellRows(harvest: string, points: readonly MonitorPoint[], cell: number): (string | number)[][] {
  const grid = gridPoints(points, cell);
  return [...grid.count.keys()]
    .filter((at) => grid.count[at]! > 0)
    .map((at) => {
      const [column, row] = [at % grid.width, Math.floor(at / grid.width)];
      return [
        harvest,
        column,
        row,
        Number((grid.origin[0] + (column + 0.5) * grid.step[0]).toFixed(7)),
        Number((grid.origin[1] + (row + 0.5) * grid.step[1]).toFixed(7)),
        Math.round(grid.mean[at]!),
        grid.count[at]!,
      ];
    });
}

function pageOf(
  summary: { points: number; kept: number; dropped: Record<string, number>; cells: number },
  harvests: readonly [string, readonly MonitorPoint[]][],
  points: readonly MonitorPoint[],
  language: 'zh' | 'en',
): string {
  const meanOf = (own: readonly MonitorPoint[]) => own.reduce((sum, { y }) => sum + y, 0) / own.length;
  return [
    `${summary.points} points, ${summary.kept} kept, ${summary.cells} cells`,
    ...Object.entries(POINT_RULES).map(
      ([rule, words]) => `  ${rule} ${summary.dropped[rule]}: ${words[language]}`,
    ),
    ...harvests.map(([name, own]) => {
      const raw = points.filter(({ harvest, y }) => harvest === name && Number.isFinite(y));
      return `  ${name || '–'}: mean ${meanOf(raw).toFixed(0)} kg/ha of ${raw.length} before, ${meanOf(own).toFixed(0)} of ${own.length} after`;
    }),
  ].join('\n');
}
