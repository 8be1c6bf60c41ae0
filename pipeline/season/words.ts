import { CROPS, isCropId } from '../models/crops.ts';

/** A sentence in both languages. */
export interface Words {
  readonly zh: string;
  readonly en: string;
}

/** Name of a crop in both languages; one that no table knows keeps the word it came with. */
export function cropName(crop: string): Words {
  return isCropId(crop) ? CROPS[crop].title : { zh: crop, en: crop };
}

interface Facts {
  /** Name of the index: NDVI. */
  readonly index: string;
  readonly value: number;
  readonly n: number;
  readonly crop: Words;
  readonly grade: Words;
  readonly score: number;
}

/** Why a place has the grade it has, or none. */
export const words = {
  history: ({ index, value, n, crop, grade, score, mean }: Facts & { readonly mean: number }): Words => ({
    zh: `${index} ${two(value)}，比本地块 ${n} 年同期（均为${crop.zh}）均值${moreZh(value - mean)} ${two(Math.abs(value - mean))}，z ${signed(score)}：${grade.zh}`,
    en: `${index} ${two(value)}, ${two(Math.abs(value - mean))} ${moreEn(value - mean)} the mean of ${n} years of ${crop.en} here, z ${signed(score)}: ${grade.en}`,
  }),
  peers: ({
    index,
    value,
    n,
    crop,
    grade,
    score,
    median,
    rotated,
  }: Facts & { readonly median: number; readonly rotated: Words | null }): Words => ({
    zh: `${index} ${two(value)}，比同格网 ${n} 块${crop.zh}中位数${moreZh(value - median)} ${two(Math.abs(value - median))}，第 ${Math.round(score)} 百分位：${grade.zh}${rotated === null ? '' : `；上年为${rotated.zh}，不与上年比较`}`,
    en: `${index} ${two(value)}, ${two(Math.abs(value - median))} ${moreEn(value - median)} the median of ${n} fields of ${crop.en} in its cell, percentile ${Math.round(score)}: ${grade.en}${rotated === null ? '' : `; ${rotated.en} the year before, so not compared with it`}`,
  }),
  small: (text: Words, by: number, guard: number): Words => ({
    zh: `${text.zh}（相差 ${two(by)}，小于噪声 ${guard}，按持平计）`,
    en: `${text.en} (a difference of ${two(by)} is within the noise of ${guard}: level)`,
  }),
  noCrop: (year: number): Words => ({ zh: `${year} 年作物不明`, en: `crop of ${year} not known` }),
  fewDates: (dates: number, looked: number, needed: number): Words => ({
    zh: `${looked} 期影像中晴空 ${dates} 期，少于 ${needed} 期（或地块过窄，没有完整像元）`,
    en: `clear on ${dates} of ${looked} dates, ${needed} needed (or too narrow for a whole pixel)`,
  }),
  notSeen: (day: string, last: string | null): Words => ({
    zh: `${day} 前后没有晴空观测${last === null ? '' : `，最近一次 ${last}`}`,
    en: `not seen clear around ${day}${last === null ? '' : `, last on ${last}`}`,
  }),
  fewToCompare: (crop: string, peers: number, needed: number): Words => ({
    zh: `没有可比较的对象：本地块历年不足，同格网同作物 ${peers} 块，少于 ${needed} 块`,
    en: `nothing to compare with: too few own years, and ${peers} fields of ${cropName(crop).en} in its cell, ${needed} needed`,
  }),
};

function two(value: number): string {
  return value.toFixed(2).replace('-', '−');
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function moreZh(difference: number): string {
  return difference < 0 ? '低' : '高';
}

function moreEn(difference: number): string {
  return difference < 0 ? 'below' : 'above';
}
