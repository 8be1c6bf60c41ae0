import type { Grid } from '../../pipeline/core/grid.ts';
import type { Scene } from '../../pipeline/core/scene.ts';
import type { Tile, Unit } from '../../pipeline/core/tile.ts';

/** A scene with plausible defaults; a test states what matters to it. */
export function aScene(over: Partial<Scene> = {}): Scene {
  return {
    id: 'JL1GF02B_PMS1_20240714103205_200240714_101_0001',
    collection: 'jl1-l1',
    sensor: 'jl1-gf02',
    datetime: '2024-07-14T02:32:05.000Z',
    level: 'L1',
    encoding: 'boa',
    radiometry: 'absolute',
    bits: 12,
    nodata: 0,
    bands: ['B', 'G', 'R', 'N'].map((name, i) => ({
      name,
      file: 'scene.tif',
      number: i + 1,
      gain: 0.0002,
      bias: 0,
      grid: null,
      rpc: null,
    })),
    grid: { width: 64, height: 48, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 4551 },
    bbox: [126.1995, 43.9983, 126.2019, 43.9996],
    folder: '.',
    files: [{ name: 'scene.tif', bytes: 1, sha256: 'a'.repeat(64) }],
    sunElevation: 62,
    sunAzimuth: 140,
    viewZenith: 3,
    viewAzimuth: 100,
    run: null,
    atmosphere: null,
    elevation: null,
    classification: null,
    cloudPercent: 3,
    simulated: true,
    ...over,
  };
}

/** A tile with zeroed bands and clear quality, ready to be written into. */
export function makeTile<U extends Unit, B extends string>(
  unit: U,
  grid: Grid,
  names: readonly B[],
): Tile<U, B> {
  const n = grid.width * grid.height;
  const bands = Object.fromEntries(names.map((name) => [name, new Float32Array(n)])) as Record<
    B,
    Float32Array
  >;
  return { unit, grid, bands, quality: new Uint16Array(n) };
}
