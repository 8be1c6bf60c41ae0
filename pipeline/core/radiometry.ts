import type { Radiometry } from './scene.ts';

/**
 * What later steps may do with numbers, by how far they can be trusted (METHODS 13, item 1, and 1.1): uncalibrated numbers
 * allow comparisons inside one image and nothing that sets one date or sensor against another.
 */
export const PURPOSES = {
  within_scene_rank: {
    allowed: ['absolute', 's2_anchored', 'relative', 'none'],
    title: { zh: '同一影像内的排序与分割', en: 'ranks, texture and segments inside one image' },
  },
  index_map: {
    allowed: ['absolute', 's2_anchored', 'relative'],
    title: {
      zh: '单日期指数图（相对影像须注明）',
      en: 'an index map of one date (marked as such when relative)',
    },
  },
  classification: {
    allowed: ['absolute', 's2_anchored', 'relative'],
    title: { zh: '用本影像样本训练的分类', en: 'classes trained on samples of the same image' },
  },
  threshold: {
    allowed: ['absolute', 's2_anchored'],
    title: { zh: '固定阈值（云、水、雪）', en: 'tests against fixed reflectance: cloud, water, snow' },
  },
  time_series: {
    allowed: ['absolute', 's2_anchored'],
    title: { zh: '时间序列、合成与物候', en: 'series, composites and phenology over dates' },
  },
  anomaly: {
    allowed: ['absolute', 's2_anchored'],
    title: { zh: '长势与异常（与往期比较）', en: 'growth and anomalies against other dates' },
  },
  change: {
    allowed: ['absolute', 's2_anchored'],
    title: { zh: '变化检测', en: 'change between dates' },
  },
  yield: {
    allowed: ['absolute', 's2_anchored'],
    title: { zh: '光能利用与产量', en: 'absorbed light, growth and yield' },
  },
} as const satisfies Record<string, PurposeRow>;

interface PurposeRow {
  readonly allowed: readonly Radiometry[];
  readonly title: { readonly zh: string; readonly en: string };
}

export type Purpose = keyof typeof PURPOSES;

/** True when numbers of this radiometry may serve the purpose. `mayUse('relative', 'yield')` is false. */
export function mayUse(radiometry: Radiometry, purpose: Purpose): boolean {
  const row: PurposeRow = PURPOSES[purpose];
  return row.allowed.includes(radiometry);
}
