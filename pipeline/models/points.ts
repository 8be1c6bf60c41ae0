/** One reading of a yield monitor. */
export interface MonitorPoint {
  /** Row in the file it came from. */
  readonly row: number;
  /** Harvest or cutting: readings of different ones are never compared. */
  readonly harvest: string;
  /** Degrees. */
  readonly lon: number;
  readonly lat: number;
  /** kg/ha. */
  readonly y: number;
}

/** Why a reading is not used, in the order they are looked for. */
export const POINT_RULES = {
  empty: { zh: '缺少坐标或产量', en: 'no position or no yield' },
  range: { zh: '产量不可能', en: 'a yield no field of the crop has' },
  duplicate: { zh: '同一位置重复', en: 'same place as an earlier reading' },
  global: { zh: '偏离全田中位数', en: 'far from the median of the field' },
  local: { zh: '偏离邻近读数', en: 'far from its neighbours' },
} as const satisfies Record<string, { zh: string; en: string }>;

export type PointRule = keyof typeof POINT_RULES;

export interface CleaningOptions {
  /** kg/ha a reading may have. */
  readonly range: readonly [number, number];
  /** Robust standard deviations (1.4826 · MAD) from the median of the harvest. */
  readonly global: number;
  /** The same from the median of the neighbours. */
  readonly local: number;
  /** Neighbours lie within this many metres; with fewer than `fewest` of them nothing is said. */
  readonly radius: number;
  readonly fewest: number;
}

/** Widths as in Simbahan et al. 2004 (doi 10.2134/agronj2004.1091) and Sun et al. 2013, in robust deviations. */
export const CLEANING: Omit<CleaningOptions, 'range'> = { global: 3, local: 3, radius: 20, fewest: 5 };

export interface Cleaned {
  readonly kept: readonly MonitorPoint[];
  readonly dropped: readonly { readonly point: MonitorPoint; readonly rule: PointRule }[];
}

/** Takes out readings that are no yields, harvest by harvest, each with the rule that it broke first. */
export function cleanPoints(points: readonly MonitorPoint[], options: CleaningOptions): Cleaned {
  const kept: MonitorPoint[] = [];
  const dropped: { point: MonitorPoint; rule: PointRule }[] = [];
  for (const harvest of Map.groupBy(points, (point) => point.harvest).values()) {
    const seen = new Set<string>();
    const plausible = harvest.filter((point) => {
      const rule = alone(point, options, seen);
      if (rule !== null) dropped.push({ point, rule });
      return rule === null;
    });
    const level = spreadOf(plausible.map(({ y }) => y));
    const inField = plausible.filter((point) => {
      const isOut = Math.abs(point.y - level.median) > options.global * level.deviation;
      if (isOut) dropped.push({ point, rule: 'global' });
      return !isOut;
    });
    const neighboursOf = neighbours(inField, options.radius);
    for (const point of inField) {
      const around = neighboursOf(point);
      const here = spreadOf(around);
      const isOut =
        around.length >= options.fewest &&
        // Neighbours that agree by chance do not make everyone else wrong: the field's own spread is the least.
        Math.abs(point.y - here.median) > options.local * Math.max(here.deviation, level.deviation / 3);
      if (isOut) dropped.push({ point, rule: 'local' });
      else kept.push(point);
    }
  }
  const byRow = (a: MonitorPoint, b: MonitorPoint) => a.row - b.row;
  return {
    kept: kept.sort(byRow),
    dropped: dropped.sort((a, b) => byRow(a.point, b.point)),
  };
}

function alone(point: MonitorPoint, { range }: CleaningOptions, seen: Set<string>): PointRule | null {
  if (![point.lon, point.lat, point.y].every(Number.isFinite)) return 'empty';
  if (point.y < range[0] || point.y > range[1]) return 'range';
  const place = `${point.lon} ${point.lat}`;
  if (seen.has(place)) return 'duplicate';
  seen.add(place);
  return null;
}

function spreadOf(values: readonly number[]): { median: number; deviation: number } {
  const middle = medianOf(values);
  return { median: middle, deviation: 1.4826 * medianOf(values.map((value) => Math.abs(value - middle))) };
}

function medianOf(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Yields of the other readings within a radius, found by buckets of its size. */
function neighbours(points: readonly MonitorPoint[], radius: number): (point: MonitorPoint) => number[] {
  const plane = planeOf(points);
  const places = new Map(points.map((point) => [point, plane(point.lon, point.lat)]));
  const bucketOf = ([x, y]: readonly [number, number]) =>
    [Math.floor(x / radius), Math.floor(y / radius)] as const;
  const buckets = Map.groupBy(points, (point) => bucketOf(places.get(point)!).join(' '));
  return (point) => {
    const [x, y] = places.get(point)!;
    const [column, row] = bucketOf([x, y]);
    const found: number[] = [];
    for (const dc of [-1, 0, 1]) {
      for (const dr of [-1, 0, 1]) {
        for (const other of buckets.get(`${column + dc} ${row + dr}`) ?? []) {
          const [ox, oy] = places.get(other)!;
          if (other !== point && Math.hypot(ox - x, oy - y) <= radius) found.push(other.y);
        }
      }
    }
    return found;
  };
}

const METRES_PER_DEGREE = 111_195;

/** Metres east and north of the points' south-west corner: flat, which a field is. */
function planeOf(points: readonly MonitorPoint[]): (lon: number, lat: number) => readonly [number, number] {
  let [west, south] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { lon, lat } of points) {
    west = Math.min(west, lon);
    south = Math.min(south, lat);
  }
  const shrink = Math.cos((south * Math.PI) / 180);
  return (lon, lat) => [(lon - west) * METRES_PER_DEGREE * shrink, (lat - south) * METRES_PER_DEGREE];
}

/** Means of readings in square cells, rows from the south. */
export interface PointGrid {
  /** Edge of a cell, m. */
  readonly cell: number;
  readonly width: number;
  readonly height: number;
  /** Degrees of the south-west corner, and per cell. */
  readonly origin: readonly [number, number];
  readonly step: readonly [number, number];
  /** NaN where no reading lies. */
  readonly mean: Float64Array;
  readonly count: Uint32Array;
}

/**
 * Puts readings into cells of `cell` metres: the mean and the number of each. Nothing is made up between them. Throws a
 * RangeError for no points and for a grid of more than 100 million cells.
 */
export function gridPoints(points: readonly MonitorPoint[], cell: number): PointGrid {
  if (points.length === 0) throw new RangeError('no points');
  const plane = planeOf(points);
  const places = points.map(({ lon, lat }) => plane(lon, lat));
  const [columns, rows] = [0, 1].map((axis) => places.map((place) => Math.floor(place[axis]! / cell))) as [
    number[],
    number[],
  ]; // two axes
  const largest = (values: readonly number[]) => values.reduce((most, value) => Math.max(most, value), 0);
  const [width, height] = [largest(columns) + 1, largest(rows) + 1];
  if (width * height > 1e8) throw new RangeError(`${width} × ${height} cells`);
  const mean = new Float64Array(width * height);
  const count = new Uint32Array(width * height);
  points.forEach((point, i) => {
    const at = rows[i]! * width + columns[i]!;
    mean[at]! += point.y;
    count[at]!++;
  });
  for (let at = 0; at < mean.length; at++) mean[at]! /= count[at]!;
  const west = points.reduce((least, { lon }) => Math.min(least, lon), Number.POSITIVE_INFINITY);
  const south = points.reduce((least, { lat }) => Math.min(least, lat), Number.POSITIVE_INFINITY);
  const shrink = Math.cos((south * Math.PI) / 180);
  return {
    cell,
    width,
    height,
    origin: [west, south],
    step: [cell / METRES_PER_DEGREE / shrink, cell / METRES_PER_DEGREE],
    mean,
    count,
  };
}
