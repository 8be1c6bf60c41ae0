import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { type CropCard, cardText, loadCropCard } from '../models/card.ts';
import { cropAnswersOf, cropSamplesOf, fitCropCard, onePerPlace } from '../models/crop-type.ts';
import { columnIndex, numberOf } from '../models/csv.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, numberOption } from './command.ts';
import { csvText, pairOption, readTableFile, readText, short } from './tabular.ts';

const KEY = {
  kind: 'value',
  value: 'COLUMN',
  help: { zh: '地块编号列（默认 id）', en: 'column that is the id of a place (default id)' },
} as const;

export const CROP_FIT: CommandRow = {
  operands: '',
  summary: {
    zh: '由样本拟合作物分类随机森林并写出模型卡：按空间块检验',
    en: 'fit a crop-type forest to samples and write its card: accuracy by blocks of space held out',
  },
  options: {
    truth: {
      kind: 'value',
      value: 'FILE',
      help: { zh: '样本 CSV：编号、经纬度、类别', en: 'CSV of samples: id, longitude, latitude, label' },
    },
    features: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '指标 CSV：一行一个地块，或带 date 列的一行一期',
        en: 'CSV of features: a row a place, or with a column date a row a place and date',
      },
    },
    columns: {
      kind: 'value',
      value: 'LIST',
      help: { zh: '指标列，如 ndvi*', en: 'columns of features: ndvi*' },
    },
    label: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '类别列（默认 label）', en: 'column of the class (default label)' },
    },
    key: KEY,
    place: {
      kind: 'value',
      value: 'LON,LAT',
      help: { zh: '经度列,纬度列（默认 longitude,latitude）', en: 'columns (default longitude,latitude)' },
    },
    block: {
      kind: 'value',
      value: 'KM',
      help: { zh: '空间块边长 km（默认 10）', en: 'edge of a block in km (default 10)' },
    },
    trees: { kind: 'value', value: 'N', help: { zh: '树数（默认 100）', en: 'trees (default 100)' } },
    'min-leaf': {
      kind: 'value',
      value: 'N',
      help: { zh: '叶内最少样本（默认 1）', en: 'rows in a leaf, at least (default 1)' },
    },
    folds: {
      kind: 'value',
      value: 'N',
      help: { zh: '空间折数（默认 5）', en: 'folds of blocks (default 5)' },
    },
    seed: { kind: 'value', value: 'N', help: { zh: '随机种子（默认 1）', en: 'seed (default 1)' } },
    out: { kind: 'value', value: 'FILE', help: { zh: '模型卡 .json', en: 'card to write, .json' } },
  },
  examples: [
    'heitu crop fit --truth samples.csv --features series.csv --columns "ndvi*,evi*,nir*,mir*" --out crop.json',
  ],
  run: fit,
};

export const CROP_PREDICT: CommandRow = {
  operands: 'CARD FEATURES',
  summary: {
    zh: '按模型卡识别作物：类别与概率；存疑的不给类别',
    en: 'name crops by a card, with probability; a doubtful one gets no class',
  },
  options: { key: KEY, out: { kind: 'value', value: 'FILE', help: { zh: '写入 CSV', en: 'write a CSV' } } },
  examples: ['heitu crop predict crop.json series-2024.csv --out crops.csv'],
  run: predict,
};

async function fit(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const need = (name: string) => {
    const text = call.value(name);
    if (text === undefined)
      throw new HeituError('E_USAGE', { what: `--${name} is missing`, where: 'crop fit' });
    return text;
  };
  const whole = (name: string, min: number, max: number) =>
    numberOption(call, name, { min, max, whole: true });
  const [truth, features] = await Promise.all([
    readTableFile(need('truth')),
    readTableFile(need('features')),
  ]);
  const out = need('out');
  const blockKm = numberOption(call, 'block', { min: 0.1, max: 2000 }) ?? 10;
  const { samples, columns, refused } = cropSamplesOf(truth.table, features.table, {
    label: call.value('label') ?? 'label',
    key: call.value('key') ?? 'id',
    lonLat: pairOption(call.value('place'), 'place') ?? ['longitude', 'latitude'],
    blockKm,
    columns: need('columns').split(','),
  });
  for (const { row, status, reason } of refused.slice(0, 20))
    terminal.note(`row ${row}: ${status}, ${reason}`);
  const card = fitCropCard(samples, {
    columns,
    blockKm,
    trees: whole('trees', 1, 2000) ?? 100,
    minLeaf: whole('min-leaf', 1, 1000) ?? 1,
    folds: whole('folds', 2, 100) ?? 5,
    seed: whole('seed', 0, 2 ** 31) ?? 1,
    stamp: {
      heitu: VERSION,
      fittedAt: terminal.now().toISOString(),
      truth: {
        name: truth.file.name,
        sha256: truth.file.sha256,
        rows: truth.table.rows.length,
        refused: refused.map((one) => ({ ...one })),
      },
      features: { name: features.file.name, sha256: features.file.sha256 },
    },
  });
  await writeWhole(out, cardText(card));
  if (call.flag('json')) terminal.print(JSON.stringify({ out, ...card.validation }));
  else terminal.print(pageOf(card, out));
  return 0;
}

function pageOf(card: CropCard, out: string): string {
  const { by, folds, n, overall, macroF1, macroF1Testable, nearestNeighbour, outOfBagError, classes } =
    card.validation;
  return [
    `${out}: ${card.trees} trees, ${card.columns.length} features, ${card.classes.length} classes`,
    `  ${by}, ${folds} folds, ${n} samples: macro-F1 ${short(macroF1)}, overall ${short(overall)}; classes seen in two folds or more ${short(macroF1Testable)}`,
    `  nearest neighbour in the same folds: macro-F1 ${short(nearestNeighbour.macroF1)}, overall ${short(nearestNeighbour.overall)}`,
    `  out of bag error ${short(outOfBagError)} (not by space: too good)`,
    ...classes.map(
      (one) =>
        `  ${one.name}: n ${one.n} in ${one.blocks} block(s), user's ${short(one.users)}, producer's ${short(one.producers)}, F1 ${short(one.f1)}${one.folds < 2 ? ' (one fold: cannot be tested)' : ''}`,
    ),
  ].join('\n');
}

async function predict(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const [cardPath, path, ...others] = call.files;
  if (cardPath === undefined || path === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give a card and a table of features', where: 'crop predict' });
  const file = await readText(cardPath);
  const card = loadCropCard(file.text, file.name);
  const key = call.value('key') ?? 'id';
  const table = onePerPlace((await readTableFile(path)).table, key);
  const at = card.columns.map((name) => columnIndex(table, name));
  const keyAt = columnIndex(table, key);
  const answer = cropAnswersOf(card);
  const { language } = terminal.config;
  const rows = table.rows.map((cells, row) => {
    const found = answer(
      cells[keyAt]!.trim(),
      at.map((column) => numberOf(table, row, column)),
    );
    return { ...found, reason: found.reason[language] };
  });
  const header = ['id', 'crop', 'probability', 'entropy', 'status', 'reason'] as const;
  const round = (value: unknown) => (typeof value === 'number' ? Number(value.toFixed(3)) : value);
  const text = csvText(
    header,
    rows.map((row) => header.map((name) => round(row[name]))),
  );
  const out = call.value('out');
  if (out !== undefined) await writeWhole(out, text);
  if (call.flag('json')) for (const row of rows) terminal.print(JSON.stringify(row));
  else terminal.print(out ?? text.trimEnd());
  return 0;
}
