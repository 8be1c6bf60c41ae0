import { HELPERS } from './helpers.ts';
import { JILIN1 } from './jilin1.ts';
import type { SensorRow } from './row.ts';

/** Every instrument Heitu knows. To add one, add a row to its family's file. */
export const SENSORS = { ...JILIN1, ...HELPERS } as const satisfies Record<string, SensorRow>;

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
