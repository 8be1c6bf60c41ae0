import { HeituError } from '../core/error.ts';
import { type GrowthMade, makeGrowth } from '../jobs/growth.ts';
import { writeWhole } from '../jobs/workspace.ts';
import { readWeather, type Station } from '../models/weather.ts';
import type { Growth } from '../season/growth.ts';
import type { RegionGrowth } from '../season/regions.ts';
import { GRADES, GROWTH_RULE } from '../season/rules.ts';
import { sameHeat } from '../season/stage.ts';
import { dateOf } from '../series/axis.ts';
import { regionNames } from '../store/season.ts';
import { VERSION } from '../version.ts';
import { type Call, type CommandRow, choiceOption, numberOption } from './command.ts';
import { MU_M2, SEASON_OPTIONS, seasonAsked, tableText } from './season-options.ts';
import { withSession } from './session.ts';
import { csvText, readText } from './tabular.ts';

export const PRODUCT_GROWTH: CommandRow = {
  operands: '',
  summary: {
    zh: '长势：逐地块五级评定、等级图、按乡镇统计（亩，带区间）',
    en: 'growth: five grades for every parcel with the reason, a map of grades, areas by township with intervals',
  },
  options: {
    preset: {
      kind: 'value',
      value: 'NAME',
      help: {
        zh: '比较方式：A 与本地块历年，B 与同格网同作物，auto 有历年则 A 否则 B（默认）',
        en: 'compare with: A own years, B fields of the crop in the cell, auto A where there are years, else B (default)',
      },
    },
    weather: {
      kind: 'value',
      value: 'FILE',
      help: {
        zh: '逐日气象（CSV 或 JSON），历年按同积温日期比较',
        en: 'daily weather (CSV or JSON): earlier years are taken at the same degree days instead of the same date',
      },
    },
    seed: {
      kind: 'value',
      value: 'N',
      help: { zh: '自助法随机种子（默认 1）', en: 'seed of the bootstrap (default 1)' },
    },
    ...SEASON_OPTIONS,
  },
  examples: [
    'heitu product growth --from 2024-05-01 --to 2024-08-20',
    'heitu product growth --from 2024-05-01 --to 2024-08-20 --region 220183 --csv growth.csv',
  ],
  run,
};

async function run(call: Call): Promise<0> {
  const { terminal } = call;
  const asked = seasonAsked(call, 'product growth');
  const preset = choiceOption(call, 'preset', ['auto', 'A', 'B']) ?? 'auto';
  const seed = numberOption(call, 'seed', { min: 0, max: 2 ** 31, whole: true }) ?? 1;
  const weather = call.value('weather');
  const sameStage = weather === undefined ? null : sameHeat(await oneStation(weather));
  return withSession(call, async ({ store, workspace }) => {
    const made = await makeGrowth(store, workspace, {
      ...asked,
      preset,
      sameStage,
      seed,
      version: VERSION,
      now: terminal.now,
    });
    const names = await regionNames(store);
    const csv = call.value('csv');
    if (csv !== undefined) await writeWhole(csv, growthCsv(made));
    if (made.data.refused.length > 0) terminal.note(refusedText(made, terminal.config.language));
    if (call.flag('json')) terminal.print(JSON.stringify(summaryOf(made, names)));
    else terminal.print(growthPage(made, names, terminal.config.language));
    return 0 as const;
  });
}

async function oneStation(path: string): Promise<Station> {
  const file = await readText(path);
  const [station, ...others] = readWeather(file.text, file.name);
  if (station === undefined || others.length > 0)
    throw new HeituError('E_WEATHER_INVALID', {
      where: file.name,
      what: `${others.length + 1} stations, one wanted`,
    });
  return station;
}

function refusedText({ data }: GrowthMade, language: 'zh' | 'en'): string {
  const names = data.refused.join(', ');
  return language === 'zh'
    ? `未定标影像不作时间比较，未使用：${names}`
    : `left out, because uncalibrated numbers are not compared over dates: ${names}`;
}

/** A row a parcel. */
function growthCsv({ results, date }: GrowthMade): string {
  const header = [
    ...['parcel', 'region', 'crop', 'area_mu', 'date', 'status', 'grade', 'grade_zh', 'index'],
    ...['delta', 'z', 'percentile', 'gpi', 'vci', 'preset', 'clear_dates', 'last_clear', 'pixel_count'],
    ...['clear_fraction', 'rule', 'code', 'reason_zh', 'reason_en'],
  ];
  const number = (value: number | null) => (value === null ? null : Math.round(value * 1e4) / 1e4);
  return csvText(
    header,
    results.map((one: Growth) => [
      ...[one.id, one.region, one.crop, Math.round((one.areaM2 / MU_M2) * 100) / 100, date],
      ...[
        one.grade === null ? 'insufficient' : 'ok',
        one.grade,
        one.grade === null ? null : GRADES[one.grade - 1]!.zh,
      ],
      ...[number(one.index), number(one.delta), number(one.z), number(one.percentile)],
      ...[number(one.gpi), number(one.vci), one.preset, one.clearDates],
      ...[one.seen === null ? null : dateOf(one.seen), one.pixelCount, number(one.clearFraction)],
      ...[GROWTH_RULE.version, one.reason.code, one.reason.zh, one.reason.en],
    ]),
  );
}

function summaryOf(made: GrowthMade, names: ReadonlyMap<string, string>) {
  const mu = (areaM2: number) => Math.round((areaM2 / MU_M2) * 10) / 10;
  return {
    item: made.item,
    run: made.run,
    date: made.date,
    map: made.path,
    rule: GROWTH_RULE.version,
    years: made.data.years,
    scenes: made.data.sources.length,
    regions: made.regions.map((row) => ({
      region: row.region,
      name: row.region === null ? null : (names.get(row.region) ?? null),
      parcels: row.parcels,
      graded: row.graded,
      insufficient: row.insufficient,
      areaMu: mu(row.areaM2),
      cropMu: mu(row.cropM2),
      gradedMu: mu(row.gradedM2),
      insufficientMu: mu(row.insufficientM2),
      seenShare: row.seenShare,
      published: row.isPublished,
      delta: row.delta,
      grades: row.grades.map(({ areaM2, low, high }, i) => ({
        grade: i + 1,
        title: GRADES[i]!,
        areaMu: mu(areaM2),
        lowMu: mu(low),
        highMu: mu(high),
      })),
    })),
  };
}

/** The table of a run, as people read it. */
export function growthPage(
  made: GrowthMade,
  names: ReadonlyMap<string, string>,
  language: 'zh' | 'en',
): string {
  const zh = language === 'zh';
  const mu = (areaM2: number) => String(Math.round(areaM2 / MU_M2));
  const header = [
    zh ? '行政区' : 'region',
    zh ? '地块' : 'parcels',
    zh ? '面积/亩' : 'area/mu',
    ...GRADES.map((grade) => grade[language]),
    zh ? '不足' : 'untold',
    zh ? '近日晴空' : 'seen',
    'Δ',
  ];
  const rows = made.regions.map((row: RegionGrowth) => [
    row.region === null ? (zh ? '合计' : 'all') : (names.get(row.region) ?? row.region),
    String(row.parcels),
    mu(row.areaM2),
    ...row.grades.map(({ areaM2, low, high }) =>
      row.isPublished ? `${mu(areaM2)} (${mu(low)}–${mu(high)})` : '–',
    ),
    mu(row.insufficientM2),
    `${Math.round(100 * row.seenShare)} %`,
    row.delta === null || !row.isPublished ? '–' : row.delta.toFixed(3).replace('-', '−'),
  ]);
  const note = zh
    ? `${made.date} 长势，规则 ${GROWTH_RULE.version}；面积为地块面积（亩），括号内为 95 % 自助区间（500 次）；近日晴空不足 60 % 的不发布`
    : `growth on ${made.date}, rules ${GROWTH_RULE.version}; areas are of parcels in mu, in brackets 95 % of 500 bootstrap draws; nothing is said of a region seen clear by less than 60 %`;
  return [tableText(header, rows), note, `${made.item}  ${made.path}`].join('\n');
}
