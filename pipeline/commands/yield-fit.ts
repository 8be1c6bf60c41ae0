import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { cardText, type YieldCard } from '../models/card.ts';
import { CROP_IDS, type CropId } from '../models/crops.ts';
import type { Table } from '../models/csv.ts';
import { type FitRequest, fitCard } from '../models/fit.ts';
import { lightUseOf, readSeries } from '../models/light-use-season.ts';
import { MODEL_IDS, modelRow } from '../models/table.ts';
import { type Samples, samplesOf } from '../models/truth.ts';
import { BASELINES, type BaselineId } from '../models/validate.ts';
import { readWeather } from '../models/weather.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, numberOption, type OptionRow } from './command.ts';
import { readTableFile, readText, short, type TextFile } from './tabular.ts';

const TARGETS = ['level', 'departure'] as const;

/** Options that the light-use model needs wherever it runs. */
export const LIGHT_USE_OPTIONS = {
  weather: {
    kind: 'value',
    value: 'FILE',
    help: {
      zh: 'lue：逐日气象 CSV 或 JSON（tmax、tmin、radiation 或 sunshine、rain）',
      en: 'lue: daily weather, CSV or JSON (tmax, tmin, radiation or sunshine, rain)',
    },
  },
  latitude: {
    kind: 'value',
    value: 'DEG',
    help: { zh: 'lue：气象表未给出时的纬度', en: 'lue: latitude where the weather does not say' },
  },
} as const satisfies Record<string, OptionRow>;

export const YIELD_FIT: CommandRow = {
  operands: '',
  summary: {
    zh: '由实测产量拟合估产模型并写出模型卡：留一年检验、基线、区间、适用范围',
    en: 'fit a yield model to truth and write its card: leave-one-year-out, baselines, intervals, domain',
  },
  options: {
    truth: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '实测产量 CSV，一行一个地块或县与年份',
        en: 'CSV of yields, a row a parcel or county and year',
      },
    },
    yield: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '产量列（默认 yield）', en: 'column of the yield (default yield)' },
    },
    unit: {
      kind: 'value',
      value: 'UNIT',
      help: {
        zh: '产量单位：kg/ha、t/ha、斤/亩、kg/亩、bu/ac（或表中 unit 列）',
        en: 'unit of the yields: kg/ha, t/ha, 斤/亩, kg/亩, bu/ac (or a column unit)',
      },
    },
    crop: {
      kind: 'value',
      value: 'CROP',
      help: { zh: `作物：${CROP_IDS.join(' ')}`, en: CROP_IDS.join(', ') },
    },
    model: {
      kind: 'value',
      value: 'MODEL',
      help: { zh: `模型：${MODEL_IDS.join(' ')}`, en: MODEL_IDS.join(', ') },
    },
    target: {
      kind: 'value',
      value: 'WHAT',
      help: {
        zh: 'level 直接学产量（默认）；departure 学与本地其余年份均值之差',
        en: 'level (default) learns yields; departure learns the difference to the region’s other years',
      },
    },
    features: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '指标 CSV；lue 为长表 date,ndvi（默认与产量同表）',
        en: 'CSV of features, for lue a row a date with ndvi (default: columns of the truth)',
      },
    },
    columns: {
      kind: 'value',
      value: 'LIST',
      help: { zh: '指标列，如 NDVI*,EVI10', en: 'columns of features: NDVI*,EVI10' },
    },
    key: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '两表共有的地块或地区编号列', en: 'column that joins truth and features' },
    },
    group: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '整组留出的列（默认 year）', en: 'column held out whole (default year)' },
    },
    space: {
      kind: 'value',
      value: 'COLUMN',
      help: {
        zh: '地区列，或经纬度两列 lon,lat（按块留出）',
        en: 'column of the region, or two of lon,lat for blocks of space',
      },
    },
    region: {
      kind: 'value',
      value: 'COLUMN',
      help: { zh: '--space 为经纬度时的地区列', en: 'column of the region where --space is lon,lat' },
    },
    block: {
      kind: 'value',
      value: 'KM',
      help: { zh: '空间块边长 km（默认 50）', en: 'edge of a block of space in km (default 50)' },
    },
    shuffles: {
      kind: 'value',
      value: 'N',
      help: { zh: '打乱产量的对照次数（默认 50）', en: 'controls with shuffled yields (default 50)' },
    },
    seed: { kind: 'value', value: 'N', help: { zh: '随机种子（默认 1）', en: 'seed (default 1)' } },
    ...LIGHT_USE_OPTIONS,
    out: { kind: 'value', value: 'FILE', help: { zh: '模型卡 .json', en: 'card to write, .json' } },
  },
  examples: [
    'heitu yield fit --truth counties.csv --yield yield_bu_per_acre --unit bu/ac --crop soybean --model forest --target departure --columns "NDVI*" --space county --out soybean.json',
    'heitu yield fit --truth plots.csv --unit t/ha --crop maize --model lue --features ndvi.csv --key parcel --weather changchun.csv --latitude 43.88 --out maize.json',
  ],
  run,
};

async function run(call: Call): Promise<0 | 1> {
  const { terminal } = call;
  const need = (name: string) => {
    const text = call.value(name);
    if (text === undefined)
      throw new HeituError('E_USAGE', { what: `--${name} is missing`, where: 'yield fit' });
    return text;
  };
  const truthPath = need('truth');
  const crop = chosen(call, 'crop', CROP_IDS);
  const model = chosen(call, 'model', MODEL_IDS);
  const out = need('out');
  const truth = await readTableFile(truthPath);
  const features = call.value('features') === undefined ? null : await readTableFile(need('features'));
  const space = spaceOf(call);
  const blockKm = numberOption(call, 'block', { min: 0.1, max: 2000 }) ?? 50;
  const isLue = modelRow(model).needs === 'lue';
  const key = call.value('key') ?? null;
  const lue = isLue ? await lightUseTable(call, features?.table ?? null, key, crop) : null;
  const found = samplesOf(truth.table, lue?.table ?? features?.table ?? null, {
    crop,
    unit: call.value('unit'),
    yieldColumn: call.value('yield') ?? 'yield',
    group: call.value('group') ?? 'year',
    ...space,
    blockKm,
    key,
    columns: isLue ? ['lue'] : need('columns').split(','),
  });
  for (const one of [...(lue?.notes ?? []), ...refusals(found)]) terminal.note(one);
  const card = fitCard(found.samples, {
    crop,
    model,
    target: choiceOption(call, 'target', TARGETS) ?? 'level',
    columns: found.columns,
    group: call.value('group') ?? 'year',
    region: space.region,
    blockKm,
    seed: numberOption(call, 'seed', { min: 0, max: 2 ** 31, whole: true }) ?? 1,
    shuffles: numberOption(call, 'shuffles', { min: 0, max: 1000, whole: true }) ?? 50,
    stamp: stampOf(call, truth.file, truth.table, features?.file ?? null, found),
  });
  await writeWhole(out, cardText(card));
  if (call.flag('json')) terminal.print(JSON.stringify(summaryOf(card)));
  else terminal.print(pageOf(card, out, terminal.config.language));
  return 0;
}

/** One of a list that must be given. */
function chosen<T extends string>(call: Call, name: string, choices: readonly T[]): T {
  const choice = choiceOption(call, name, choices);
  if (choice === undefined)
    throw new HeituError('E_USAGE', { what: `--${name} is missing`, where: 'yield fit' });
  return choice;
}

/** `--space county`, or `--space lon,lat` with `--region county` beside it. */
function spaceOf(call: Call): { region: string | null; lonLat: readonly [string, string] | null } {
  const space = call.value('space');
  const region = call.value('region') ?? null;
  if (space === undefined || !space.includes(',')) return { region: region ?? space ?? null, lonLat: null };
  const [lon, lat, ...others] = space.split(',').map((part) => part.trim());
  if (!lon || !lat || others.length > 0)
    throw new HeituError('E_PARAMETER_INVALID', {
      where: '--space',
      what: `${space}, expected COLUMN or lon,lat`,
    });
  return { region, lonLat: [lon, lat] };
}

/** The light-use estimate of every field and year as a table of features with the column `lue`. */
async function lightUseTable(
  call: Call,
  series: Table | null,
  key: string | null,
  crop: CropId,
): Promise<{ table: Table; notes: string[] }> {
  const weather = call.value('weather');
  if (series === null || weather === undefined || key === null)
    throw new HeituError('E_USAGE', {
      what: 'lue needs --features, --key and --weather',
      where: 'yield fit',
    });
  const file = await readText(weather);
  const results = lightUseOf(
    readSeries(series, key),
    readWeather(file.text, file.name),
    crop,
    numberOption(call, 'latitude', { min: -90, max: 90 }),
  );
  const notes = results.flatMap((one) =>
    one.status === 'ok'
      ? []
      : [`${one.field.id} ${one.field.year}: ${one.status}, ${one.reason[call.terminal.config.language]}`],
  );
  const rows = results.map(({ field, ...one }) => [
    field.id,
    String(field.year),
    one.status === 'ok' ? String(one.result.grain) : '',
  ]);
  return { table: { where: series.where, header: [key, 'year', 'lue'], rows }, notes };
}

function refusals({ refused }: Samples): string[] {
  const shown = refused.slice(0, 20).map(({ row, status, reason }) => `row ${row}: ${status}, ${reason}`);
  return refused.length > 20 ? [...shown, `… ${refused.length - 20} more rows left out`] : shown;
}

function stampOf(
  call: Call,
  truth: TextFile,
  table: Table,
  features: TextFile | null,
  { refused }: Samples,
): FitRequest['stamp'] {
  return {
    heitu: VERSION,
    fittedAt: call.terminal.now().toISOString(),
    truth: {
      name: truth.name,
      sha256: truth.sha256,
      rows: table.rows.length,
      refused: refused.map((one) => ({ ...one })),
    },
    features: features === null ? null : { name: features.name, sha256: features.sha256 },
  };
}

function summaryOf({ fitted, domain, validation, ...card }: YieldCard) {
  const { rows, ...figures } = validation;
  return {
    ...card,
    fitted: fitted.kind,
    domainLimit: domain.limit,
    validation: { ...figures, n: rows.length },
  };
}

/** The card on one screen. */
function pageOf(card: YieldCard, out: string, language: 'zh' | 'en'): string {
  const { headline, space, baselines, coverage, control, byGroup } = card.validation;
  const accuracy = (split: YieldCard['validation']['space']) => {
    const a = split.accuracy;
    if (a === null) return `${split.by}: ${split.reason}`;
    return `${split.by} (${split.folds} folds, ${a.n} rows): RMSE ${short(a.rmse, 0)} kg/ha, rRMSE ${short(a.rrmse, 1)} %, MAE ${short(a.mae, 0)}, MAPE ${short(a.mape, 1)} %, bias ${short(a.bias, 0)}, R² (NSE) ${short(a.nse)}, CCC ${short(a.ccc)}`;
  };
  return [
    `${out}: ${card.model} (${card.target}) of ${card.crop}, ${card.columns.length} feature(s), ${JSON.stringify(card.hyper)}`,
    `  ${accuracy(headline)}`,
    ...byGroup.map(
      ({ group, n, rmse, bias }) => `    ${group}: n ${n}, RMSE ${short(rmse, 0)}, bias ${short(bias, 0)}`,
    ),
    `  ${accuracy(space)}`,
    ...baselines.map(
      // The id is a key of the table: the fit wrote it from there.
      ({ id, n, rmse, nse, skill }) =>
        `  baseline ${BASELINES[id as BaselineId][language]}: RMSE ${short(rmse, 0)} kg/ha, R² (NSE) ${short(nse)}, n ${n}; skill of the model over it ${short(skill)}`,
    ),
    ...coverage.map(
      ({ level, pooled, n }) =>
        `  ${100 * level} % interval holds ${short(pooled === null ? null : 100 * pooled, 1)} % of ${n} held-out rows`,
    ),
    `  control, ${control.shuffles} shuffles: mean R² ${short(control.meanR2)}`,
    `  interval ± ${short(card.interval.half80, 0)} (80 %), ± ${short(card.interval.half90, 0)} kg/ha (90 %), from ${card.interval.n} rows of ${card.interval.groups} ${card.group}(s)`,
    ...card.gates.map(
      ({ id, passed, what }) => `  gate ${id}: ${passed ? 'passed' : 'MISSED'}, ${what[language]}`,
    ),
    ...card.limits.map((limit) => `  limit: ${limit[language]}`),
    `  truth ${card.truth.name}: ${card.truth.rows} rows, ${card.truth.refused.length} left out, sha256 ${card.truth.sha256.slice(0, 16)}…`,
  ].join('\n');
}
