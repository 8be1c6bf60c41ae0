import { GAS_ROWS } from '../../pipeline/calibrate/atmosphere.ts';
import { DOUBTS } from '../../pipeline/calibrate/validity.ts';
import { commandsPage } from '../../pipeline/commands/help.ts';
import { allCommands } from '../../pipeline/commands/table.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/core/error.ts';
import { QUALITY, type QualityFlag } from '../../pipeline/core/quality.ts';
import { mayUse, PURPOSES, type Purpose } from '../../pipeline/core/radiometry.ts';
import type { Radiometry } from '../../pipeline/core/scene.ts';
import { INDICES, type IndexId, type IndexRow, OTHER_NAMES } from '../../pipeline/indices/table.ts';
import { PRODUCTS, type ProductId, type ProductRow } from '../../pipeline/products/table.ts';
import type { SensorRow } from '../../pipeline/sensors/row.ts';
import { SENSORS } from '../../pipeline/sensors/table.ts';
import { CLASS_STATISTICS, STATISTICS } from '../../pipeline/zones/statistics.ts';
import { deliveriesPage } from './deliveries-page.ts';

const COMMANDS = await allCommands();

/** From what can be trusted most to what can be trusted least. */
const RADIOMETRIES = ['absolute', 's2_anchored', 'relative', 'none'] as const satisfies Radiometry[];

/** Pages of docs/ by file name, each made from its tables. */
export const GENERATED: Readonly<Record<string, () => string>> = {
  'commands.md': () => commandsPage(COMMANDS),
  'deliveries.md': () => deliveriesPage(table),
  'tables.md': tablesPage,
};

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `G ≥ 0.005`, `B ≤ 0.2, else EVI2`. */
function conditionsOf({ requires = [], otherwise }: IndexRow): string {
  const bounds = requires.flatMap(({ formula, min, max }) => [
    ...(min === undefined ? [] : [`${formula} ≥ ${min}`]),
    ...(max === undefined ? [] : [`${formula} ≤ ${max}`]),
  ]);
  return [...bounds, ...(otherwise === undefined ? [] : [`else ${otherwise}`])].join(', ');
}

function tablesPage(): string {
  const indices = (Object.keys(INDICES) as IndexId[]).map((id) => {
    const row: IndexRow = INDICES[id];
    return [
      id,
      row.title.zh,
      row.title.en,
      `\`${row.formula}\``,
      row.range.join(' … '),
      conditionsOf(row),
      String(row.scale),
      row.source,
    ];
  });
  const products = (Object.keys(PRODUCTS) as ProductId[]).map((id) => {
    const row: ProductRow = PRODUCTS[id];
    return [
      id,
      row.title.zh,
      row.title.en,
      row.unit,
      row.statistics.join(', '),
      `${row.minimumClear * 100} %`,
    ];
  });
  const sensors = Object.entries(SENSORS).map(([id, row]: [string, SensorRow]) => [
    id,
    row.title.zh,
    row.title.en,
    `${row.gsd} m`,
    row.bands.map((band) => `${band.name} ${band.centre}`).join(', '),
    row.source,
  ]);
  const flags = (Object.keys(QUALITY) as QualityFlag[]).map((id) => [
    id,
    String(QUALITY[id].bit),
    QUALITY[id].title.zh,
    QUALITY[id].title.en,
    QUALITY[id].excludes ? 'yes' : 'no',
  ]);
  const statistics = [
    ...Object.entries(STATISTICS).map(([id, { title }]) => [id, title.zh, title.en]),
    ['p1 … p99', '百分位', 'any whole percentile'],
    ...Object.entries(CLASS_STATISTICS).map(([id, { title }]) => [`${id}_CLASS`, title.zh, title.en]),
  ];
  const purposes = (Object.keys(PURPOSES) as Purpose[]).map((id) => [
    id,
    PURPOSES[id].title.zh,
    PURPOSES[id].title.en,
    ...RADIOMETRIES.map((one) => (mayUse(one, id) ? 'yes' : 'no')),
  ]);
  const gases = Object.entries(GAS_ROWS).map(([band, { centre, ozone, water, other }]) => [
    band,
    `${centre} nm`,
    String(ozone),
    water.join(', '),
    other.join(', '),
  ]);
  const doubts = Object.entries(DOUBTS).map(([code, { zh, en }]) => [code, zh, en]);
  const errors = (Object.keys(ERRORS) as ErrorCode[]).map((code) => [
    code,
    ERRORS[code].zh,
    ERRORS[code].en,
    ERRORS[code].remedy.en,
  ]);
  return `# Tables

Generated from the source by \`npm run docs\`; do not edit.

## Indices

${table(['index', '名称', 'title', 'formula', 'range', 'conditions', 'stored scale', 'source'], indices)}

A pixel outside the range, or where a condition fails, is undefined; so is one with a divisor under 0.000001 or the root of a
negative number. Other names of the same formulas: ${Object.entries(OTHER_NAMES)
    .map(([other, id]) => `${other} is ${id}`)
    .join(', ')}.

## Products

${table(['product', '名称', 'title', 'unit', 'statistics per place', 'least clear share'], products)}

## Sensors

Bands in file order with their centre in nm.

${table(['sensor', '名称', 'title', 'pixel', 'bands', 'source'], sensors)}

## Radiometry

What later steps may do with numbers, by how far they can be trusted; methods and figures: [radiometry](radiometry.md).

${table(['purpose', '名称', 'title', ...RADIOMETRIES], purposes)}

Gas absorption of the atmospheric model ATM-A by band (ozone k; water vapour and others k, n). A band without a row borrows that of
the nearest centre; scattering is computed at the band's own centre.

${table(['band', 'centre', 'ozone', 'water vapour', 'others'], gases)}

What is said when a corrected scene should not be taken at its word:

${table(['code', '说明', 'message'], doubts)}

## Statistics

Weighted by the share of every pixel that a polygon covers. Beside them every row has \`pixel_count\` (pixels with a
value) and \`clear_fraction\` (share of the polygon over pixels with a value).

${table(['statistic', '名称', 'title'], statistics)}

## Quality flags

${table(['flag', 'bit', '名称', 'title', 'excludes the pixel'], flags)}

## Errors

${table(['code', '说明', 'message', 'what to do'], errors)}
`;
}
