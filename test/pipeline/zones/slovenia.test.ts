import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { transformer } from '../../../pipeline/core/crs.ts';
import { gridOf, openRaster } from '../../../pipeline/ingest/geotiff.ts';
import {
  type Coverage,
  centerMask,
  coverage,
  type MultiPolygonCoords,
} from '../../../pipeline/zones/coverage.ts';
import { summarise } from '../../../pipeline/zones/summarise.ts';
import { areaOf, readVectorFile } from '../../../pipeline/zones/vector.ts';
import { realData } from '../../helpers/real-data.ts';

const folder = realData('01-s2-timeseries-slovenia');

interface ExpectedRow {
  readonly index: string;
  readonly pixels: number;
  readonly share: number;
  readonly values: Readonly<Record<'mean' | 'min' | 'max' | 'stdev', number>>;
}

/** Statistics that GDAL made of NDVI on 2015-07-11 with the centre rule, one row a parcel. */
async function expectedRows(path: string): Promise<ExpectedRow[]> {
  const [, ...lines] = (await readFile(path, 'utf8')).trim().split(/\r?\n/);
  return lines.map((line) => {
    const [, index, , pixels, share, mean, min, max, sd] = line.split(',');
    return {
      index: index!,
      pixels: Number(pixels),
      share: Number(share),
      values: { mean: Number(mean), min: Number(min), max: Number(max), stdev: Number(sd) },
    };
  });
}

async function load(data: string) {
  const file = await openRaster(join(data, 'ndvi_68dates_float32.tif'));
  const grid = gridOf(file.info);
  const [ndvi] = await file.read([1], { col: 0, row: 0, width: grid.width, height: grid.height });
  await file.close();
  const { features, findings } = await readVectorFile(join(data, 'lulc_parcels.geojson'));
  const toGrid = transformer(4326, grid.epsg!);
  const places = features.map((feature) => ({
    ...feature,
    onGrid: feature.polygon.map((rings) =>
      rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!))),
    ) as MultiPolygonCoords,
  }));
  const under = (cover: Coverage) => {
    const { col, row, width, height } = cover.window;
    return Float64Array.from({ length: width * height }, (_, i) =>
      Number(ndvi![(row + Math.floor(i / width)) * grid.width + col + (i % width)]),
    );
  };
  return { grid, places, findings, under };
}

describe.skipIf(folder === null)('88 parcels on Sentinel-2 NDVI', () => {
  test('the centre rule gives what GDAL gives: pixels exactly, statistics within 1e-6, share on the raster', async () => {
    const { grid, places, under } = await load(folder!);
    const rows = await expectedRows(join(folder!, 'expected_zonal_ndvi_2015-07-11.csv'));
    expect(rows).toHaveLength(88);
    let largest = 0;
    for (const [i, row] of rows.entries()) {
      const cover = centerMask(places[i]!.onGrid, grid)!;
      const summary = summarise(under(cover), new Uint8Array(cover.fraction.length).fill(1), cover, [
        'mean',
        'min',
        'max',
        'stdev',
      ]);
      expect(places[i]!.id).toBe(row.index);
      expect(summary.pixelCount).toBe(row.pixels);
      expect(cover.inside).toBeCloseTo(row.share, 4);
      if (row.pixels === 0) continue;
      expect(summary.clearFraction).toBeCloseTo(row.share, 4);
      for (const [id, value] of Object.entries(row.values)) {
        largest = Math.max(largest, Math.abs(summary.values[id as keyof typeof row.values]! - value));
      }
    }
    console.log(
      `largest difference to GDAL over 88 parcels and four statistics: ${largest.toExponential(2)}`,
    );
    expect(largest).toBeLessThan(1e-6);
  });

  test('exact coverage adds up to the parcel’s area on the grid, and that to its geodesic area', async () => {
    const { grid, places } = await load(folder!);
    const pixel = Math.abs(grid.transform[1] * grid.transform[5]);
    for (const place of places) {
      const cover = coverage(place.onGrid, grid)!;
      const covered = cover.fraction.reduce((sum, x) => sum + x, 0) * pixel;
      // UTM at 14.56° E is 0.04 % small in length; turf takes the Earth as a sphere, half a per cent off here.
      expect(covered / cover.inside / areaOf(place.polygon)).toBeGreaterThan(0.99);
      expect(covered / cover.inside / areaOf(place.polygon)).toBeLessThan(1.01);
    }
  });

  test('all 88 are read, with their own field as id', async () => {
    const { places, findings } = await load(folder!);
    expect(findings).toEqual([]);
    expect(places[0]).toMatchObject({ id: '37649', properties: { LULC_NAME: 'grassland' } });
  });
});
