import { createRequire } from 'node:module';
import type proj4 from 'proj4';
import type { Bbox } from './grid.ts';

/**
 * The coordinate systems Heitu speaks, by EPSG code, as PROJ strings (checked against PROJ 9.1.1 `projinfo EPSG:n -o PROJ`).
 * Axis order is always x (east), y (north), whatever the authority says. CGCS2000 is taken as equal to WGS 84
 * (they differ by centimetres to decimetres).
 */
const DEFINITIONS: ReadonlyMap<number, string> = new Map([
  [4326, '+proj=longlat +datum=WGS84 +no_defs'],
  [4490, '+proj=longlat +ellps=GRS80 +towgs84=0,0,0 +no_defs'],
  [
    3857,
    '+proj=merc +a=6378137 +b=6378137 +lat_ts=0 +lon_0=0 +x_0=0 +y_0=0 +k=1 +units=m +nadgrids=@null +no_defs',
  ],
  ...gaussKrugerRows(),
  ...utmRows(),
]);

/** CGCS2000 3-degree Gauss-Kruger: 4547–4554 without and 4526–4533 with the zone number in front of the easting. */
function gaussKrugerRows(): [number, string][] {
  const rows: [number, string][] = [];
  for (let zone = 38; zone <= 45; zone++) {
    const meridian = zone * 3;
    const tail = '+y_0=0 +k=1 +ellps=GRS80 +towgs84=0,0,0 +units=m +no_defs';
    rows.push([4509 + zone, `+proj=tmerc +lat_0=0 +lon_0=${meridian} +x_0=500000 ${tail}`]);
    rows.push([4488 + zone, `+proj=tmerc +lat_0=0 +lon_0=${meridian} +x_0=${zone}500000 ${tail}`]);
  }
  return rows;
}

/** WGS 84 / UTM north and south, and NAD83 / UTM north (26901–26923), which North American imagery comes in. */
function utmRows(): [number, string][] {
  const rows: [number, string][] = [];
  for (let zone = 1; zone <= 60; zone++) {
    rows.push([32600 + zone, `+proj=utm +zone=${zone} +datum=WGS84 +units=m +no_defs`]);
    rows.push([32700 + zone, `+proj=utm +zone=${zone} +south +datum=WGS84 +units=m +no_defs`]);
    if (zone <= 23)
      rows.push([26900 + zone, `+proj=utm +zone=${zone} +ellps=GRS80 +towgs84=0,0,0 +units=m +no_defs`]);
  }
  return rows;
}

/** True when positions in this CRS can be transformed. */
export function isKnownCrs(epsg: number | null): epsg is number {
  return epsg !== null && DEFINITIONS.has(epsg);
}

/** True when coordinates are longitude and latitude in degrees. */
export function isGeographic(epsg: number): boolean {
  return epsg === 4326 || epsg === 4490;
}

/** Loaded with the first transform: many commands and threads need none, and it costs each of them 12 ms. */
let library: typeof proj4 | null = null;

export type Transform = (x: number, y: number) => [x: number, y: number];

/**
 * The transform between two known CRSs; throws a RangeError for an unknown code (ask isKnownCrs first).
 * `transformer(4326, 4551)(126.2, 44)` is `[516041.24, 4873841.82]` to a centimetre.
 */
export function transformer(from: number, to: number): Transform {
  const a = DEFINITIONS.get(from);
  const b = DEFINITIONS.get(to);
  if (a === undefined || b === undefined)
    throw new RangeError(`EPSG:${a === undefined ? from : to} is not in the table`);
  if (from === to) return (x, y) => [x, y];
  library ??= createRequire(import.meta.url)('proj4') as typeof proj4; // what the package's types say it is
  const converter = library(a, b);
  return (x, y) => converter.forward([x, y]) as [number, number];
}

/** The box around a transformed box; the edges are walked in 20 steps because they turn into curves. */
export function transformBbox(bbox: Bbox, from: number, to: number): Bbox {
  const transform = transformer(from, to);
  const [w, s, e, n] = bbox;
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const steps = 20;
  for (let i = 0; i <= steps; i++) {
    const x = w + ((e - w) * i) / steps;
    const y = s + ((n - s) * i) / steps;
    for (const [px, py] of [transform(x, s), transform(x, n), transform(w, y), transform(e, y)]) {
      box[0] = Math.min(box[0], px);
      box[1] = Math.min(box[1], py);
      box[2] = Math.max(box[2], px);
      box[3] = Math.max(box[3], py);
    }
  }
  return box;
}
