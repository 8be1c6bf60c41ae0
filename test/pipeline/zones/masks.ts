import { seeded } from '../../../pipeline/core/random.ts';
import { newPolygonizer, type PolygonizeOptions } from '../../../pipeline/zones/polygonize.ts';
import { signedArea, type TracedArea } from '../../../pipeline/zones/trace.ts';

/** A small class raster; 0 is nodata unless a test says otherwise. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Int16Array;
}

/** A mask from lines of digits. */
export function drawn(...lines: string[]): Mask {
  return {
    width: lines[0]!.length,
    height: lines.length,
    data: Int16Array.from(lines.join(''), (digit) => Number(digit)),
  };
}

/** Random classes 0 to `classes` − 1; `grain` pixels of one class at a time make larger areas. */
export function speckled(seed: number, width: number, height: number, classes: number, grain = 1): Mask {
  const random = seeded(seed);
  const across = Math.ceil(width / grain);
  const cells = Array.from({ length: across * Math.ceil(height / grain) }, () =>
    Math.floor(classes * random()),
  );
  const data = new Int16Array(width * height);
  for (let i = 0; i < data.length; i++) {
    const [col, row] = [i % width, Math.floor(i / width)];
    data[i] = cells[Math.floor(row / grain) * across + Math.floor(col / grain)]!;
    if (grain > 1 && random() < 0.08) data[i] = Math.floor(classes * random());
  }
  return { width, height, data };
}

/** All areas of a mask; `rows` at a time. */
export function areasOf(
  { width, height, data }: Mask,
  options: Partial<PolygonizeOptions> & { rows?: number } = {},
): TracedArea[] {
  const { rows = height, ...rest } = options;
  const areas: TracedArea[] = [];
  const polygonizer = newPolygonizer({
    width,
    nodata: 0,
    connectivity: 4,
    leastPixels: 0,
    small: 'drop',
    tolerance: 0,
    onArea: (area) => areas.push(area),
    ...rest,
  });
  for (let row = 0; row < height; row += rows) {
    const count = Math.min(rows, height - row);
    polygonizer.addRows(data.subarray(row * width, (row + count) * width), count);
  }
  polygonizer.finish();
  return areas;
}

/** Square pixels of an area by its rings. */
export function ringsArea(area: TracedArea): number {
  return area.parts.flat().reduce((sum, ring) => sum + signedArea(ring), 0);
}

/** The area as GeoJSON, in pixels. */
export function geometryOf({ parts }: TracedArea) {
  const coordinates = parts.map((rings) =>
    rings.map((ring) => Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i]!, ring[2 * i + 1]!])),
  );
  return coordinates.length === 1
    ? { type: 'Polygon', coordinates: coordinates[0]! }
    : { type: 'MultiPolygon', coordinates };
}
