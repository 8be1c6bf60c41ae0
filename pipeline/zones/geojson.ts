import { determinant } from '../core/affine.ts';
import type { Grid } from '../core/grid.ts';
import { type CornerPlacer, cornerPlacer } from './place-pixels.ts';
import type { TracedArea } from './trace.ts';
import { areaOf, flatRingArea } from './vector.ts';

/** Writes areas as GeoJSON features, longitude and latitude, into pieces of text. */
export interface AreaWriter {
  /** Geodesic m² of an area that was added; null when it is smaller than what is wanted, and left out. */
  readonly add: (area: TracedArea) => number | null;
  /** What was written since the last time; empty when that is little, unless all is asked for. */
  readonly take: (all: boolean) => Uint8Array;
}

const PIECE = 1 << 20;

/** A coordinate of 8 decimals (1 mm) with its comma, or what is said about an area, is shorter than this. */
const MOST_BYTES = 256;

/** m² of a pixel in the middle of a grid. */
export function pixelAreaOf(grid: Grid): number {
  const placer = cornerPlacer(grid, 1e9);
  const [col, row] = [Math.floor(grid.width / 2), Math.floor(grid.height / 2)];
  const corners = new Float64Array(8);
  placer.place([col, row, col + 1, row, col + 1, row + 1, col, row + 1], corners);
  const ring = [0, 2, 4, 6].map((i) => [corners[i]!, corners[i + 1]!]);
  return areaOf([[ring]]);
}

/** Starts writing the areas of a raster on `grid`; those under `leastArea` m² are left out. */
export function newAreaWriter(grid: Grid, leastArea: number): AreaWriter {
  const placer = cornerPlacer(grid, Math.sqrt(pixelAreaOf(grid)));
  // RFC 7946 wants outer rings counter-clockwise; ours run clockwise on the image.
  const turned = determinant(grid.transform) < 0;
  let bytes = new Uint8Array(2 * PIECE);
  let at = 0;
  let isFirst = true;
  const reserve = (more: number) => {
    if (at + more <= bytes.length) return;
    const larger = new Uint8Array(2 * (at + more));
    larger.set(bytes.subarray(0, at));
    bytes = larger;
  };
  const text = (value: string) => {
    for (let i = 0; i < value.length; i++) bytes[at++] = value.charCodeAt(i);
  };
  /** All rings of an area one behind the other, and where each ends. */
  const room = { places: new Float64Array(1 << 12) };
  const ends: number[] = [];
  const ring = (from: number, to: number) => {
    const { places } = room;
    const n = (to - from) / 2;
    reserve(n * 32 + MOST_BYTES);
    bytes[at++] = OPEN;
    for (let k = 0; k < n; k++) {
      const i = from + 2 * (turned ? n - 1 - k : k);
      if (k > 0) bytes[at++] = COMMA;
      bytes[at++] = OPEN;
      at = writeDegrees(bytes, at, places[i]!);
      bytes[at++] = COMMA;
      at = writeDegrees(bytes, at, places[i + 1]!);
      bytes[at++] = CLOSE;
    }
    bytes[at++] = CLOSE;
  };
  const add = ({ value, pixels, parts }: TracedArea): number | null => {
    let area = 0;
    let end = 0;
    ends.length = 0;
    for (const rings of parts) {
      for (let i = 0; i < rings.length; i++) {
        const from = end;
        end += placeRing(placer, rings[i]!, room, from);
        ends.push(end);
        area += (i === 0 ? 1 : -1) * Math.abs(flatRingArea(room.places, from, end));
      }
    }
    if (area < leastArea) return null;
    reserve(MOST_BYTES);
    const isMulti = parts.length > 1;
    text(isFirst ? '\n' : ',\n');
    isFirst = false;
    text(
      `{"type":"Feature","properties":{"class":${value},"pixels":${pixels},"area_m2":${area.toFixed(2)}},`,
    );
    text(`"geometry":{"type":"${isMulti ? 'MultiPolygon' : 'Polygon'}","coordinates":${isMulti ? '[' : ''}`);
    let [from, r] = [0, 0];
    for (let p = 0; p < parts.length; p++) {
      reserve(MOST_BYTES);
      text(p > 0 ? ',[' : '[');
      for (let i = 0; i < parts[p]!.length; i++) {
        if (i > 0) bytes[at++] = COMMA;
        ring(from, ends[r]!);
        from = ends[r++]!;
      }
      bytes[at++] = CLOSE;
    }
    reserve(MOST_BYTES);
    text(isMulti ? ']}}' : '}}');
    return area;
  };
  return {
    add,
    take: (all) => {
      if (at < PIECE && !all) return new Uint8Array(0);
      const piece = bytes.slice(0, at);
      at = 0;
      return piece;
    },
  };
}

const OPEN = 91;
const CLOSE = 93;
const COMMA = 44;

/** Room that grows. */
interface Room {
  places: Float64Array;
}

/** Writes a ring of corners as longitude and latitude, long sides with vertices on the way; returns how many numbers. */
function placeRing({ step, place }: CornerPlacer, corners: Int32Array, room: Room, at: number): number {
  let isShort = true;
  for (let i = 0; i + 3 < corners.length; i += 2) {
    const [dx, dy] = [corners[i + 2]! - corners[i]!, corners[i + 3]! - corners[i + 1]!];
    if (dx > step || dx < -step || dy > step || dy < -step) isShort = false;
  }
  const ring = isShort ? corners : withStops(corners, step);
  if (at + ring.length > room.places.length) {
    const larger = new Float64Array(2 * (at + ring.length));
    larger.set(room.places);
    room.places = larger;
  }
  return place(ring, room.places, at);
}

/** A ring with vertices at every step of its long sides; a side has the same ones from both of its ends. */
function withStops(corners: Int32Array, step: number): number[] {
  const out: number[] = [corners[0]!, corners[1]!];
  for (let i = 0; i + 3 < corners.length; i += 2) {
    const [ax, ay, bx, by] = [corners[i]!, corners[i + 1]!, corners[i + 2]!, corners[i + 3]!];
    const stops = Math.ceil(Math.max(Math.abs(bx - ax), Math.abs(by - ay)) / step);
    const forward = ax < bx || (ax === bx && ay < by);
    const [x0, y0, dx, dy] = forward ? [ax, ay, bx - ax, by - ay] : [bx, by, ax - bx, ay - by];
    for (let k = 1; k < stops; k++) {
      const share = (forward ? k : stops - k) / stops;
      out.push(x0 + dx * share, y0 + dy * share);
    }
    out.push(bx, by);
  }
  return out;
}

/** Four digits for every number below 10 000. */
const DIGITS = Uint8Array.from({ length: 40_000 }, (_, i) => {
  return 48 + (Math.floor((i >> 2) / 10 ** (3 - (i & 3))) % 10);
});

/** Writes degrees with 8 decimals at a place and returns the place after them. */
function writeDegrees(bytes: Uint8Array, start: number, degrees: number): number {
  let at = start;
  if (degrees < 0) bytes[at++] = 45;
  const hundredMillionths = Math.round(Math.abs(degrees) * 1e8);
  const whole = Math.floor(hundredMillionths / 1e8);
  const rest = hundredMillionths - whole * 1e8;
  if (whole >= 100) bytes[at++] = DIGITS[4 * whole + 1]!;
  if (whole >= 10) bytes[at++] = DIGITS[4 * whole + 2]!;
  bytes[at++] = DIGITS[4 * whole + 3]!;
  bytes[at++] = 46;
  const high = (rest / 10_000) | 0;
  const low = rest - high * 10_000;
  for (let i = 0; i < 4; i++) bytes[at++] = DIGITS[4 * high + i]!;
  for (let i = 0; i < 4; i++) bytes[at++] = DIGITS[4 * low + i]!;
  return at;
}
