import type { Bbox } from '../pipeline/core/grid.ts';
import { isSensorId, SENSORS } from '../pipeline/sensors/table.ts';

/** A tile of the Web-Mercator pyramid; x counts from the west, y from the north. */
export interface Address {
  readonly z: number;
  readonly x: number;
  readonly y: number;
}

/** Metres of a pixel at zoom 0 on the equator, for tiles of 256 pixels. */
const EQUATOR_PIXEL = (2 * Math.PI * 6_378_137) / 256;
/** For an instrument nobody described. */
const USUAL_ZOOM = 14;

/** The first zoom whose pixels are no larger than the instrument's: `deepestZoom('jl1-gf02', [126, 43, 127, 45])` is 16. */
export function deepestZoom(sensor: string, [, south, , north]: Bbox): number {
  if (!isSensorId(sensor)) return USUAL_ZOOM;
  const latitude = ((south + north) / 2) * (Math.PI / 180);
  return Math.ceil(Math.log2((EQUATOR_PIXEL * Math.cos(latitude)) / SENSORS[sensor].gsd));
}

/** The box around boxes; at least one must be given. */
export function union(boxes: readonly Bbox[]): Bbox {
  return [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ];
}
