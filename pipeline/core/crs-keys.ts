/**
 * A coordinate system by its GeoTIFF keys (OGC 19-008r4), for those that have no EPSG code: what a file says of it is carried
 * over as it is. Plain data, in order of keys.
 */
export interface CrsKeys {
  readonly shorts: readonly (readonly [key: number, value: number])[];
  readonly doubles: readonly (readonly [key: number, values: readonly number[]])[];
  readonly texts: readonly (readonly [key: number, text: string])[];
}

/** True when two systems are described by the same keys and values. */
export function sameCrsKeys(a: CrsKeys | null, b: CrsKeys | null): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
