import { GAOFEN } from './gaofen.ts';
import { HELPERS } from './helpers.ts';
import { JILIN1 } from './jilin1.ts';
import type { SensorRow } from './row.ts';

/** Every instrument Heitu knows. To add one, add a row to its family's file. */
export const SENSORS = { ...JILIN1, ...GAOFEN, ...HELPERS } as const satisfies Record<string, SensorRow>;

export type SensorId = keyof typeof SENSORS;

/** True for the id of a known instrument. */
export function isSensorId(text: string): text is SensorId {
  return Object.hasOwn(SENSORS, text);
}

/** The instrument behind a vendor satellite code. `sensorOfSatellite('JL1GF03B03')` is `jl1-gf03`; null when unknown. */
export function sensorOfSatellite(satellite: string): SensorId | null {
  const found = (Object.keys(SENSORS) as SensorId[]).find((id) =>
    (SENSORS[id] as SensorRow).satellites.some((prefix) => satellite.startsWith(prefix)),
  );
  return found ?? null;
}

/**
 * Pixel of a satellite's raw multispectral imagery on a day, m: by the row's changes, else its nominal one.
 * `gsdOf('jl1-kf', 'JL1KF01A', '2021-12-05T00:00:00Z')` is 2.2, a day earlier 1.98.
 */
export function gsdOf(id: SensorId, satellite: string, datetime: string): number {
  const row: SensorRow = SENSORS[id];
  const change = row.gsdChanges?.find(
    (one) => satellite.startsWith(one.satellite) && one.from <= datetime.slice(0, 10),
  );
  return change?.gsd ?? row.gsd;
}
