import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { loadYieldCard, type YieldCard } from '../models/card.ts';
import { CROP_IDS, type CropId } from '../models/crops.ts';
import { type LightUseResult, lightUseOf, readSeries, relativeClasses } from '../models/light-use-season.ts';
import { askedOf, type Estimate, type EstimateStatus, estimatesOf, without } from '../models/predict.ts';
import { readWeather } from '../models/weather.ts';
import { type Call, type CommandRow, choiceOption, numberOption } from './command.ts';
import { csvText, readTableFile, readText } from './tabular.ts';
import { LIGHT_USE_OPTIONS } from './yield-fit.ts';

export const YIELD_PREDICT: CommandRow = {
  operands: 'CARD FEATURES',
  summary: {
    zh: '按模型卡估产：值、区间、状态与原因；不可信的行不给数字',
    en: 'estimate yields by a card: value, low, high, status and reason; what is not known gets no number',
  },
  options: {
    id: { kind: 'value', value: 'COLUMN', help: { zh: '编号列', en: 'column that is the id' } },
    crop: {
      kind: 'value',
      value: 'CROP',
      help: {
        zh: '无模型卡时的作物：只给相对等级（uncalibrated）',
        en: 'crop where there is no card: relative classes only (uncalibrated)',
      },
    },
    ...LIGHT_USE_OPTIONS,
    out: { kind: 'value', value: 'FILE', help: { zh: '写入 CSV', en: 'write a CSV' } },
  },
  examples: [
    'heitu yield predict soybean.json counties-2022.csv --id county --out yield-2022.csv',
    'heitu yield predict ndvi.csv --crop maize --weather changchun.csv --latitude 43.88 --id parcel',
  ],
  run,
};

/** An estimate as it is printed; `relative` only where the model is not calibrated. */
interface Row extends Estimate {
  readonly relative: string | null;
}

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const rows = call.value('crop') === undefined ? await byCard(call) : await uncalibrated(call);
  const { language } = terminal.config;
  const plain = rows.map((row) => ({ ...row, reason: row.reason[language] }));
  const header = [
    'id',
    'value',
    'low80',
    'high80',
    'low90',
    'high90',
    'relative',
    'status',
    'reason',
  ] as const;
  const round = (value: unknown) => (typeof value === 'number' ? Math.round(value) : value);
  const text = csvText(
    header,
    plain.map((row) => header.map((name) => (name === 'id' ? row.id : round(row[name])))),
  );
  const out = call.value('out');
  if (out !== undefined) await writeWhole(out, text);
  if (call.flag('json')) for (const row of plain) terminal.print(JSON.stringify(row));
  else terminal.print(out ?? text.trimEnd());
  terminal.note(countOf(rows));
  return 0;
}

function countOf(rows: readonly Row[]): string {
  const counts = Map.groupBy(rows, ({ status }) => status);
  return [...counts].map(([status, own]) => `${status} ${own.length}`).join(', ');
}

async function byCard(call: Call): Promise<Row[]> {
  const [cardPath, path, ...others] = call.files;
  if (cardPath === undefined || path === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give a card and a table of features', where: 'yield predict' });
  const file = await readText(cardPath);
  const card = loadYieldCard(file.text, file.name);
  const estimate = estimatesOf(card);
  const { table } = await readTableFile(path);
  const id = call.value('id') ?? null;
  if (card.model !== 'lue')
    return askedOf(table, card, id).map((asked) => ({ ...estimate(asked), relative: null }));
  const results = await lightUse(call, path, card.crop);
  return results.map((one) => ({ ...scaled(one, card), relative: null }));
}

/** A light-use result through the local factor of its card. */
function scaled(one: LightUseResult, card: YieldCard): Estimate {
  const id = `${one.field.id} ${one.field.year}`;
  if (one.status !== 'ok') return without(id, one.status, one.reason.zh, one.reason.en);
  return estimatesOf(card)({ id, x: [one.result.grain] });
}

async function uncalibrated(call: Call): Promise<Row[]> {
  const [path, ...others] = call.files;
  if (path === undefined || others.length > 0)
    throw new HeituError('E_USAGE', { what: 'give one table of dated NDVI', where: 'yield predict' });
  // Present: run looked.
  const crop = choiceOption(call, 'crop', CROP_IDS)!;
  const results = await lightUse(call, path, crop);
  const known = results.flatMap((one) => (one.status === 'ok' ? [one.result.grain] : []));
  const classes = relativeClasses(known)[Symbol.iterator]();
  const { language } = call.terminal.config;
  return results.map((one) => {
    const id = `${one.field.id} ${one.field.year}`;
    if (one.status !== 'ok')
      return { ...without(id, one.status, one.reason.zh, one.reason.en), relative: null };
    const relative = classes.next().value?.[language] ?? null;
    const status: EstimateStatus = 'uncalibrated';
    const zh = '没有本地产量校准，等级仅在本次各地块之间比较';
    return {
      ...without(id, status, zh, 'no local yields: classes compare the fields asked about only'),
      relative,
    };
  });
}

async function lightUse(call: Call, path: string, crop: CropId): Promise<LightUseResult[]> {
  const weather = call.value('weather');
  const key = call.value('id');
  if (weather === undefined || key === undefined)
    throw new HeituError('E_USAGE', { what: 'lue needs --weather and --id', where: 'yield predict' });
  const { table } = await readTableFile(path);
  const file = await readText(weather);
  const latitude = numberOption(call, 'latitude', { min: -90, max: 90 });
  return lightUseOf(readSeries(table, key), readWeather(file.text, file.name), crop, latitude);
}
