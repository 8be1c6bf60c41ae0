import type { Atmosphere, Scene } from '../core/scene.ts';
import type { SensorRow } from '../sensors/row.ts';
import { GAS_ROWS, sightOf } from './atmosphere.ts';

/** Where an aerosol thickness comes from, best first. */
export type AerosolSource = 'stated' | 'estimated' | 'default';

/** What a person should know about an atmospheric correction; `{value}` is filled in. */
export const DOUBTS = {
  AOT_DEFAULT: {
    zh: '没有气溶胶数据，也没有浓密植被可供反演；用默认 AOT {value}（±0.15）',
    en: 'aerosol neither stated nor found in dense vegetation; the usual AOT {value} (± 0.15) is used',
  },
  AOT_HIGH: {
    zh: 'AOT {value} 超出模型范围（≤ 0.5）',
    en: 'AOT {value} is beyond the model (up to 0.5)',
  },
  SUN: {
    zh: '太阳天顶角 {value}° 超出模型范围（20–65°）',
    en: 'sun zenith {value}° is beyond the model (20–65°)',
  },
  VIEW: {
    zh: '观测天顶角 {value}° 超出模型范围（≤ 30°）',
    en: 'view zenith {value}° is beyond the model (up to 30°)',
  },
  VIEW_UNKNOWN: {
    zh: '未给出观测角，按天底观测处理',
    en: 'no view angle is stated; taken as looking straight down',
  },
  AZIMUTH_UNKNOWN: {
    zh: '未给出方位角，按太阳与卫星相差 90° 处理',
    en: 'an azimuth is not stated; sun and satellite are taken as 90° apart',
  },
  ELEVATION: {
    zh: '地面高程 {value} m 超出模型范围（≤ 1000 m）',
    en: 'ground at {value} m is beyond the model (up to 1000 m)',
  },
  GAS: {
    zh: '波段 {value} 没有气体吸收参数，借用最近波段的',
    en: 'no gas absorption is known for band {value}; that of the nearest band is used',
  },
} as const satisfies Record<string, { readonly zh: string; readonly en: string }>;

export type DoubtCode = keyof typeof DOUBTS;

export interface Doubt {
  readonly code: DoubtCode;
  readonly value: string;
}

/** A doubt in words. */
export function doubtText({ code, value }: Doubt, language: 'zh' | 'en'): string {
  return DOUBTS[code][language].replace('{value}', value);
}

/** Everything that speaks against taking a corrected scene at its word (METHODS 1.2, "Valid"); empty when nothing does. */
export function doubtsOf(
  scene: Scene,
  sensor: SensorRow,
  atmosphere: Atmosphere,
  source: AerosolSource,
): Doubt[] {
  const doubts: Doubt[] = [];
  const say = (code: DoubtCode, holds: boolean, value = '') => {
    if (holds) doubts.push({ code, value });
  };
  const sight = sightOf(scene);
  say('AOT_DEFAULT', source === 'default', String(atmosphere.aot550));
  say('AOT_HIGH', atmosphere.aot550 > 0.5, atmosphere.aot550.toFixed(2));
  if (sight !== null) {
    say('SUN', !(sight.sunZenith >= 20 && sight.sunZenith <= 65), sight.sunZenith.toFixed(1));
    say('VIEW', sight.viewZenith > 30, sight.viewZenith.toFixed(1));
  }
  say('VIEW_UNKNOWN', scene.viewZenith === null);
  say(
    'AZIMUTH_UNKNOWN',
    scene.viewZenith !== null && (scene.sunAzimuth === null || scene.viewAzimuth === null),
  );
  say('ELEVATION', (scene.elevation ?? 0) > 1000, String(scene.elevation));
  const borrowed = scene.bands
    .map((band) => band.name)
    .filter((name) => !Object.hasOwn(GAS_ROWS, name) && sensor.bands.some((row) => row.name === name));
  say('GAS', borrowed.length > 0, borrowed.join(', '));
  return doubts;
}
