/** How the value of a target pixel follows from source pixels. */
export interface ResamplingRow {
  readonly title: { readonly zh: string; readonly en: string };
  /** `point` takes one pixel, `kernel` weighs pixels by distance, `area` weighs them by how much of them is covered. */
  readonly kind: 'point' | 'kernel' | 'area';
  /** Source pixels to either side that take part where pixels are equally large; kernels widen with larger targets. */
  readonly reach: number;
}

export const RESAMPLINGS = {
  nearest: { title: { zh: '最近邻', en: 'nearest pixel' }, kind: 'point', reach: 0 },
  bilinear: { title: { zh: '双线性', en: 'bilinear' }, kind: 'kernel', reach: 1 },
  cubic: { title: { zh: '三次卷积', en: 'cubic (Catmull-Rom)' }, kind: 'kernel', reach: 2 },
  average: { title: { zh: '面积平均', en: 'mean by area' }, kind: 'area', reach: 1 },
  mode: { title: { zh: '面积众数', en: 'most frequent by area' }, kind: 'area', reach: 1 },
} as const satisfies Record<string, ResamplingRow>;

export type ResamplingId = keyof typeof RESAMPLINGS;

/** Weight of a pixel by its distance in pixels: a triangle. `triangle(0.25)` is 0.75. */
export function triangle(distance: number): number {
  return Math.max(0, 1 - Math.abs(distance));
}

/**
 * Weight of a pixel by its distance in pixels: cubic convolution with a = −0.5, which keeps parabolas.
 * `catmullRom(0.5)` is 0.5625. Source: Keys 1981, doi 10.1109/TASSP.1981.1163711.
 */
export function catmullRom(distance: number): number {
  const d = Math.abs(distance);
  if (d >= 2) return 0;
  return d <= 1 ? (1.5 * d - 2.5) * d * d + 1 : ((-0.5 * d + 2.5) * d - 4) * d + 2;
}
