import { HeituError } from '../core/error.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { makeYield, seasonFeatures, type YieldMade } from '../jobs/yield.ts';
import { loadYieldCard } from '../models/card.ts';
import type { CropId } from '../models/crops.ts';
import { columnIndex, invalid, numberOf, type Table } from '../models/csv.ts';
import { ESTIMATE_STATUS } from '../models/predict.ts';
import { kgPerHa, unitOf } from '../models/units.ts';
import { readWeather } from '../models/weather.ts';
import { SEASON_PRODUCTS } from '../products/table.ts';
import type { Plot, RegionYield, Statistic } from '../season/yield.ts';
import { regionNames } from '../store/season.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, numberOption } from './command.ts';
import { MU_M2, SEASON_OPTIONS, seasonAsked, tableText } from './season-options.ts';
import { withSession } from './session.ts';
import { csvText, readTableFile, readText } from './tabular.ts';

export const PRODUCT_YIELD: CommandRow = {
  operands: '',
  summary: {
    zh: '估产：逐地块与行政区的产量、区间、状态与原因；无本地模型卡时只给相对等级',
    en: 'yield: estimates with intervals, status and reason by parcel and region; relative classes only without a card',
  },
  options: {
    card: {
      kind: 'value',
      value: 'FILE',
      help: { zh: 'heitu yield fit 写出的模型卡', en: 'card that heitu yield fit wrote' },
    },
    weather: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '逐日气象，光能利用率模型用',
        en: 'daily weather, for the light-use chain',
      },
    },
    latitude: {
      kind: 'value',
      value: 'DEG',
      help: { zh: '气象站纬度（文件未写时）', en: 'latitude of the station where its file does not say' },
    },
    plots: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '测产点：列 parcel,yield,unit；据此修正并同时给出修正前',
        en: 'plots that were cut and weighed, columns parcel, yield, unit: they move the estimates, both are shown',
      },
    },
    statistics: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '行政区统计单产：列 region,yield,unit；按倍数校准并给出倍数',
        en: 'mean yields of regions, columns region, yield, unit: estimates are multiplied to meet them, factors are shown',
      },
    },
    'area-error': {
      kind: 'value',
      value: 'PERCENT',
      help: {
        zh: '面积相对标准误，百分数（默认 0：地块面积视为准确；见 heitu area）',
        en: 'relative standard error of the area in per cent (default 0: parcels as registered; see heitu area)',
      },
    },
    ...SEASON_OPTIONS,
  },
  examples: [
    'heitu product yield --from 2024-05-01 --to 2024-09-30 --card maize.json',
    'heitu product yield --from 2024-05-01 --to 2024-09-30 --card maize.json --plots plots.csv --csv yield.csv',
  ],
  run,
};

async function run(call: Call): Promise<0> {
  const { terminal } = call;
  const asked = seasonAsked(call, 'product yield');
  const cardFile = call.value('card');
  const cardText = cardFile === undefined ? null : await readText(cardFile);
  const card = cardText === null ? null : loadYieldCard(cardText.text, cardText.name);
  const [plots, statistics] = [call.value('plots'), call.value('statistics')];
  if (card === null && (plots !== undefined || statistics !== undefined))
    throw new HeituError('E_USAGE', {
      what: '--plots and --statistics move estimates in kg/ha, which need --card',
      where: 'product yield',
    });
  const weather = call.value('weather');
  const weatherFile = weather === undefined ? null : await readText(weather);
  const request = {
    ...asked,
    card,
    weather: weatherFile === null ? null : readWeather(weatherFile.text, weatherFile.name),
    latitude: numberOption(call, 'latitude', { min: -90, max: 90 }),
    plots: plots === undefined ? [] : plotsOf((await readTableFile(plots)).table, card!.crop), // refused above
    statistics:
      statistics === undefined ? [] : statisticsOf((await readTableFile(statistics)).table, card!.crop), // as above
    areaError: (numberOption(call, 'area-error', { min: 0, max: 100 }) ?? 0) / 100,
    version: VERSION,
    now: terminal.now,
  };
  return withSession(call, async ({ store, workspace }) => {
    const made = await makeYield(store, workspace, request);
    const names = await regionNames(store);
    const csv = call.value('csv');
    if (csv !== undefined) await writeWhole(csv, yieldCsv(made));
    for (const note of notesOf(made, terminal.config.language)) terminal.note(note);
    if (call.flag('json')) terminal.print(JSON.stringify(summaryOf(made, names)));
    else terminal.print(pageOf(made, names, terminal.config.language));
    return 0 as const;
  });
}

/** Yields of named places in kg/ha. */
function plotsOf(table: Table, crop: CropId): Plot[] {
  const factor = kgPerHa(unitOf(table, undefined), crop);
  const at = columnIndex(table, 'parcel');
  return table.rows.map((cells, row) => ({ id: cells[at]!.trim(), yieldKgHa: factor * yieldIn(table, row) }));
}

function statisticsOf(table: Table, crop: CropId): Statistic[] {
  const factor = kgPerHa(unitOf(table, undefined), crop);
  const at = columnIndex(table, 'region');
  return table.rows.map((cells, row) => ({
    region: cells[at]!.trim(),
    yieldKgHa: factor * yieldIn(table, row),
  }));
}

function yieldIn(table: Table, row: number): number {
  const value = numberOf(table, row, columnIndex(table, 'yield'));
  if (!(value > 0)) throw invalid(table.where, `row ${row + 2} has no yield`);
  return value;
}

function notesOf({ shift, benchmark, data }: YieldMade, language: 'zh' | 'en'): string[] {
  const zh = language === 'zh';
  const unknown = (names: readonly string[], of: string) =>
    names.length === 0
      ? []
      : [zh ? `未用的${of}：${names.join('、')}` : `not used, no estimate: ${names.join(', ')}`];
  return [
    ...unknown(shift?.unused ?? [], '测产点'),
    ...unknown(benchmark?.unused ?? [], '统计'),
    ...(data.refused.length === 0
      ? []
      : [
          zh
            ? `未定标影像不用于估产：${data.refused.join('、')}`
            : `left out, uncalibrated imagery gives no yield: ${data.refused.join(', ')}`,
        ]),
  ];
}

/** A row a parcel. */
function yieldCsv({ results, date, model }: YieldMade): string {
  const header = [
    ...[
      'parcel',
      'region',
      'crop',
      'area_mu',
      'date',
      'status',
      'yield_kg_ha',
      'low80',
      'high80',
      'low90',
      'high90',
    ],
    ...[
      'unadjusted',
      'relative',
      'model',
      'clear_dates',
      'pixel_count',
      'clear_fraction',
      'reason_zh',
      'reason_en',
    ],
  ];
  const whole = (value: number | null) => (value === null ? null : Math.round(value));
  return csvText(
    header,
    results.map(({ estimate: one, ...place }) => [
      ...[
        place.id,
        place.region,
        place.crop,
        Math.round((place.areaM2 / MU_M2) * 100) / 100,
        date,
        one.status,
      ],
      ...[one.value, one.low80, one.high80, one.low90, one.high90, place.unadjusted].map(whole),
      place.relative === null ? null : SEASON_PRODUCTS.YIELD_CLASS.classes[place.relative - 1]!.zh,
      ...[model, place.clearDates, place.pixelCount, Math.round(place.clearFraction * 1e4) / 1e4],
      ...[one.reason.zh, one.reason.en],
    ]),
  );
}

function summaryOf(made: YieldMade, names: ReadonlyMap<string, string>) {
  const { item, run, date, path, model, shift, benchmark, regions } = made;
  return {
    item,
    run,
    date,
    map: path,
    model,
    plots: shift,
    factors: benchmark === null ? null : Object.fromEntries(benchmark.factors),
    regions: regions.map(({ areaM2, estimatedM2, ...row }) => ({
      ...row,
      name: row.region === null ? null : (names.get(row.region) ?? null),
      areaMu: Math.round((areaM2 / MU_M2) * 10) / 10,
      estimatedMu: Math.round((estimatedM2 / MU_M2) * 10) / 10,
    })),
  };
}

function pageOf(made: YieldMade, names: ReadonlyMap<string, string>, language: 'zh' | 'en'): string {
  const zh = language === 'zh';
  const mu = (areaM2: number) => String(Math.round(areaM2 / MU_M2));
  const whole = (value: number | null) => (value === null ? '–' : value.toFixed(0));
  const header = zh
    ? ['行政区', '地块', '已估', '面积/亩', '单产 kg/ha (90 %)', '修正前', '总产/吨', '状态']
    : ['region', 'parcels', 'estimated', 'area/mu', 'kg/ha (90 %)', 'before', 'tonnes', 'status'];
  const rows = made.regions.map((row: RegionYield) => [
    row.region === null ? (zh ? '合计' : 'all') : (names.get(row.region) ?? row.region),
    String(row.parcels),
    String(row.estimated),
    mu(row.estimatedM2),
    row.yieldKgHa === null ? '–' : `${whole(row.yieldKgHa)} (${whole(row.low)}–${whole(row.high)})`,
    whole(row.unadjusted),
    row.tonnes === null ? '–' : `${whole(row.tonnes)} (${whole(row.tonnesLow)}–${whole(row.tonnesHigh)})`,
    Object.entries(row.statuses)
      // Keys of the record are statuses.
      .map(([status, n]) => `${ESTIMATE_STATUS[status as keyof typeof ESTIMATE_STATUS][language]} ${n}`)
      .join(zh ? '、' : ', '),
  ]);
  return [tableText(header, rows), ...basis(made, zh), `${made.item}  ${made.path}`].join('\n');
}

/** What the numbers rest on, in sentences. */
function basis({ model, date, shift, benchmark, results }: YieldMade, zh: boolean): string[] {
  if (model === null) {
    const ranked = results.filter(({ relative }) => relative !== null).length;
    return [
      zh
        ? `${date}：没有本地模型卡（uncalibrated），${ranked} 块只有同作物间的相对等级，不给产量`
        : `${date}: no local card (uncalibrated): ${ranked} parcels have a class among fields of their crop, and no yield`,
    ];
  }
  return [
    zh
      ? `${date}：模型 ${model}，区间为 90 %，区域区间不因地块数而收窄（同一季节的误差共有）`
      : `${date}: model ${model}, intervals of 90 %; that of a region is not narrowed by its number of parcels, since a season errs for all alike`,
    ...(shift === null
      ? []
      : [
          zh
            ? `测产 ${shift.plots} 点，平均相差 ${shift.meanDifference.toFixed(0)}，取 ${(100 * shift.weight).toFixed(0)} %，估产整体移动 ${shift.shift.toFixed(0)} kg/ha`
            : `${shift.plots} plots differ by ${shift.meanDifference.toFixed(0)} on the mean; ${(100 * shift.weight).toFixed(0)} % of it moves every estimate by ${shift.shift.toFixed(0)} kg/ha`,
        ]),
    ...[...(benchmark?.factors ?? [])].map(([region, factor]) =>
      zh ? `统计校准 ${region}：× ${factor.toFixed(3)}` : `benchmark ${region}: × ${factor.toFixed(3)}`,
    ),
  ];
}

export const PRODUCT_FEATURES: CommandRow = {
  operands: '',
  summary: {
    zh: '逐地块生长季特征表，供 heitu yield fit 与 crop fit 训练',
    en: 'season features of every parcel as a table to train heitu yield fit and crop fit on',
  },
  options: SEASON_OPTIONS,
  examples: ['heitu product features --from 2024-04-20 --to 2024-10-10 --csv features-2024.csv'],
  run: (call) => {
    const asked = seasonAsked(call, 'product features');
    const { terminal } = call;
    return withSession(call, async ({ store }) => {
      const { header, rows, data } = await seasonFeatures(store, asked);
      const text = csvText(header, rows);
      const csv = call.value('csv');
      if (csv !== undefined) await writeWhole(csv, text);
      if (call.flag('json'))
        terminal.print(JSON.stringify({ csv: csv ?? null, parcels: rows.length, columns: header }));
      else terminal.print(csv ?? text.trimEnd());
      terminal.note(`${rows.length} parcels, ${data.sources.length} scenes`);
      return 0 as const;
    });
  },
};
