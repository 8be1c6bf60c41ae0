/**
 * Makes the inputs of the zonal benchmark from a seed: an int16 index COG and parcels over all of it, about one a field.
 *
 *     node test/bench/make-parcels.ts FOLDER [SIZE] [PARCELS]
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transformer } from '../../pipeline/core/crs.ts';
import type { Grid } from '../../pipeline/core/grid.ts';
import { seeded } from '../../pipeline/core/random.ts';
import { writeCog } from '../../pipeline/write/cog.ts';

const SEED = 20_240_714;
const NODATA = -32_768;

/** Where the pieces lie and how large they are. */
export interface ParcelBench {
  readonly raster: string;
  readonly parcels: string;
  readonly grid: Grid;
  readonly count: number;
}

/** Writes `index.tif` (size × size, 3 m, EPSG:32651) and `parcels.geojson` (longitude and latitude) into a folder. */
export async function makeParcelBench(folder: string, size = 8192, count = 20_000): Promise<ParcelBench> {
  await mkdir(folder, { recursive: true });
  const grid: Grid = { width: size, height: size, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 };
  const raster = join(folder, 'index.tif');
  const parcels = join(folder, 'parcels.geojson');
  await writeCog(raster, {
    grid,
    bands: [{ data: indexPixels(size, Math.ceil(Math.sqrt(count))), description: 'NDVI', scale: 0.0001 }],
    nodata: NODATA,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
  await writeFile(parcels, parcelsGeoJson(grid, count));
  return { raster, parcels, grid, count };
}

/** NDVI in counts of 0.0001: `fields` × `fields` fields with their own level, a gradient, noise, and clouds without a value. */
export function indexPixels(size: number, fields: number): Int16Array<ArrayBuffer> {
  const random = seeded(SEED);
  const step = size / fields;
  const levels = Float64Array.from({ length: fields * fields }, () => 2000 + 6000 * random());
  const clouds = Array.from({ length: Math.ceil((size / 1024) ** 2) * 2 }, () => ({
    col: size * random(),
    row: size * random(),
    radius: 30 + 80 * random(),
  }));
  const out = new Int16Array(size * size);
  for (let row = 0; row < size; row++) {
    for (let col = 0; col < size; col++) {
      const level = levels[Math.floor(row / step) * fields + Math.floor(col / step)]!;
      out[row * size + col] = level + 3 * (row % step) + 400 * (random() + random() - 1);
    }
  }
  for (const { col, row, radius } of clouds) {
    for (let r = Math.max(0, Math.ceil(row - radius)); r < Math.min(size, row + radius); r++) {
      const half = Math.sqrt(radius ** 2 - (r - row) ** 2);
      const [from, to] = [Math.max(0, Math.ceil(col - half)), Math.min(size, Math.floor(col + half))];
      if (to > from) out.fill(NODATA, r * size + from, r * size + to);
    }
  }
  return out;
}

/** Parcels side by side that share crooked borders of 12 vertices; every twentieth has a pond. */
export function parcelsGeoJson(grid: Grid, count: number): string {
  const random = seeded(SEED + 1);
  const across = Math.ceil(Math.sqrt(count));
  const down = Math.ceil(count / across);
  const toLonLat = transformer(grid.epsg!, 4326);
  const [x0, pixel, , y0] = grid.transform;
  const [stepX, stepY] = [(grid.width * pixel) / (3 * across), (grid.height * pixel) / (3 * down)];
  // A lattice of thirds of a parcel, each knot moved by up to a quarter of a third.
  const [columns, rows] = [3 * across + 1, 3 * down + 1];
  const knots = Array.from({ length: columns * rows }, (_, i) => {
    const [c, r] = [i % columns, Math.floor(i / columns)];
    const move = () => (random() - 0.5) / 2;
    const [dx, dy] = [move(), move()];
    const isRimX = c === 0 || c === columns - 1;
    const isRimY = r === 0 || r === rows - 1;
    return [x0 + (c + (isRimX ? 0 : dx)) * stepX, y0 - (r + (isRimY ? 0 : dy)) * stepY] as const;
  });
  const position = (x: number, y: number) => toLonLat(x, y).map((value) => Number(value.toFixed(9)));
  const features = Array.from({ length: count }, (_, i) => {
    const [col, row] = [3 * (i % across), 3 * Math.floor(i / across)];
    const at = (c: number, r: number) => knots[(row + r) * columns + col + c]!;
    const ring = [at(0, 0), at(1, 0), at(2, 0), at(3, 0), at(3, 1), at(3, 2), at(3, 3), at(2, 3)];
    ring.push(at(1, 3), at(0, 3), at(0, 2), at(0, 1), at(0, 0));
    const pond = [at(1, 1), at(1, 2), at(2, 2), at(2, 1), at(1, 1)];
    const rings = i % 20 === 0 ? [ring, pond] : [ring];
    return JSON.stringify({
      type: 'Feature',
      id: i + 1,
      properties: { code: `P${i + 1}` },
      geometry: { type: 'Polygon', coordinates: rings.map((one) => one.map(([x, y]) => position(x, y))) },
    });
  });
  return `{"type":"FeatureCollection","features":[\n${features.join(',\n')}\n]}\n`;
}

if (import.meta.main) {
  const [folder, size, count] = process.argv.slice(2);
  if (folder === undefined) throw new Error('give a folder');
  console.log(await makeParcelBench(folder, Number(size ?? 8192), Number(count ?? 20_000)));
}
