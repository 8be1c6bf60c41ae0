import { HeituError } from '../core/error.ts';
import type { GroundSource } from '../ingest/ground.ts';
import { type Call, type CommandRow, numberOption } from './command.ts';

/** Options of verbs that lay imagery on the ground. */
export const GROUND_OPTIONS = {
  dem: {
    kind: 'value',
    value: 'FILE',
    help: { zh: '高程 GeoTIFF（海拔，米）', en: 'GeoTIFF of heights above sea level in metres' },
  },
  geoid: {
    kind: 'value',
    value: 'M|FILE',
    help: {
      zh: '大地水准面高：米数或 GeoTIFF；高程已是椭球高时为 0（默认 0）',
      en: 'height of the geoid above the ellipsoid: metres or a GeoTIFF; 0 (default) for ellipsoidal heights',
    },
  },
  height: {
    kind: 'value',
    value: 'M',
    help: {
      zh: '没有高程数据时的平均椭球高（米）',
      en: 'one height above the ellipsoid in metres, where there is no terrain model',
    },
  },
} as const satisfies CommandRow['options'];

/** The ground that --dem or --height names; null when neither is given. Throws E_USAGE when both are. */
export function groundOption(call: Call, verb: string): GroundSource | null {
  const metres = numberOption(call, 'height', { min: -1000, max: 10_000 });
  const file = call.value('dem');
  if (metres !== undefined && file !== undefined)
    throw new HeituError('E_USAGE', { what: 'give either --dem or --height', where: verb });
  if (metres !== undefined) return { kind: 'height', metres };
  if (file === undefined) return null;
  const geoid = call.value('geoid') ?? '0';
  const isNumber = /^[+-]?\d+(\.\d+)?$/.test(geoid);
  return { kind: 'dem', file, geoid: isNumber ? Number(geoid) : geoid };
}
