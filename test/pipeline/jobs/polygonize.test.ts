import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { areaOf, readGeoJson } from '../../../pipeline/zones/vector.ts';
import { maskPixels } from '../../bench/make-mask.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';

const folder = await temporaryFolder();
const SIZE = 600;
const GRID: Grid = { width: SIZE, height: SIZE, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 32651 };
const pixels = maskPixels(SIZE, 200);
const [mask, full, floats] = ['mask.tif', 'full.tif', 'floats.tif'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];

beforeAll(async () => {
  const common = { grid: GRID, compress: 'deflate', resampling: 'mode', metadata: {} } as const;
  await writeCog(mask, { ...common, bands: [{ data: pixels, description: 'class' }], nodata: 0 });
  await writeCog(full, { ...common, bands: [{ data: pixels, description: 'class' }], nodata: null });
  await writeCog(floats, {
    ...common,
    bands: [{ data: Float32Array.from(pixels), description: 'x' }],
    nodata: null,
  });
});

interface Feature {
  readonly properties: { readonly class: number; readonly pixels: number; readonly area_m2: number };
  readonly geometry: { readonly type: string; readonly coordinates: number[][][] };
}

async function polygonsOf(raster: string, ...options: string[]) {
  const out = join(folder, `out-${options.join('')}.geojson`);
  const ran = await heitu(['polygonize', raster, '--out', out, '--json', ...options]);
  expect(ran.err).not.toMatch(/^E_/);
  expect(ran.code).toBe(0);
  const text = await readFile(out, 'utf8');
  const { features } = JSON.parse(text) as { features: Feature[] };
  return { features, text, told: ran.json()[0]! };
}

describe('heitu polygonize', () => {
  test('writes every area with its class, pixels and geodesic area', async () => {
    const { features, text, told } = await polygonsOf(mask);
    expect(features.length).toBeGreaterThan(190);
    expect(told).toMatchObject({ polygons: features.length, dropped: 0 });
    const total = features.reduce((sum, { properties }) => sum + properties.pixels, 0);
    expect(total).toBe(pixels.filter((value) => value !== 0).length);
    // What our own reader makes of the file: every shape sound, every area as stated.
    const read = readGeoJson(text, 'out.geojson');
    expect(read.findings).toEqual([]);
    for (const [i, { polygon }] of read.features.entries()) {
      expect(areaOf(polygon)).toBeCloseTo(features[i]!.properties.area_m2, 1);
      // UTM at 0.42° off its meridian: a square of 9 m² on the map is within 0.1 % of that on the ground.
      expect(features[i]!.properties.area_m2 / features[i]!.properties.pixels / 9).toBeCloseTo(1, 2);
    }
  });

  test('turns outer rings counter-clockwise and holes clockwise, as RFC 7946 wants', async () => {
    const { features } = await polygonsOf(full);
    const background = features.find(({ properties }) => properties.class === 0)!;
    expect(background.geometry.coordinates.length).toBeGreaterThan(150);
    for (const { geometry } of features) {
      for (const [i, ring] of geometry.coordinates.entries())
        expect(Math.sign(turn(ring))).toBe(i === 0 ? 1 : -1);
    }
  });

  test('gives long sides vertices on the way, so that they stay where they are', async () => {
    const { features } = await polygonsOf(full);
    const [outer] = features.find(({ properties }) => properties.class === 0)!.geometry.coordinates;
    // A side of 1800 m without stops would leave the rim of the raster by centimetres.
    expect(outer!.length).toBeGreaterThanOrEqual(4 * Math.ceil(600 / 64) + 1);
  });

  test('leaves small areas out, or gives them to a neighbour', async () => {
    const all = await polygonsOf(full);
    const least = all.features.map(({ properties }) => properties.area_m2).sort((a, b) => a - b)[50]!;
    const dropped = await polygonsOf(full, '--min-area', String(least));
    expect(dropped.told.dropped).toBe(50);
    expect(dropped.features.every(({ properties }) => properties.area_m2 >= least)).toBe(true);
    const merged = await polygonsOf(full, '--min-area', String(least), '--small', 'merge');
    const total = merged.features.reduce((sum, { properties }) => sum + properties.pixels, 0);
    expect(total).toBe(SIZE * SIZE);
    expect(merged.features.length).toBeLessThan(all.features.length - 40);
  });

  test('straightens borders without moving them far, and stays sound', async () => {
    const before = await polygonsOf(mask);
    const { features, text } = await polygonsOf(mask, '--simplify', '3');
    expect(text.length).toBeLessThan(0.5 * before.text.length);
    expect(readGeoJson(text, 'out.geojson').findings).toEqual([]);
    expect(features.map(({ properties }) => properties.pixels)).toHaveLength(before.features.length);
  });

  test('refuses numbers that are no classes', async () => {
    const ran = await heitu(['polygonize', floats, '--out', join(folder, 'x.geojson')]);
    expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('float32')]);
  });

  test('wants one raster and a name to write to', async () => {
    expect((await heitu(['polygonize', mask])).err).toContain('--out');
    expect((await heitu(['polygonize', mask, '--out', 'x.shp'])).err).toContain('.geojson');
    expect((await heitu(['polygonize', mask, '--out', 'x.json', '--connectivity', '6'])).err).toContain(
      '4, 8',
    );
  });
});

/** Twice the signed area; positive when the ring runs counter-clockwise. */
function turn(ring: readonly number[][]): number {
  const [x0, y0] = ring[0]! as [number, number];
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; i++) {
    sum += (ring[i]![0]! - x0) * (ring[i + 1]![1]! - y0) - (ring[i + 1]![0]! - x0) * (ring[i]![1]! - y0);
  }
  return sum;
}
