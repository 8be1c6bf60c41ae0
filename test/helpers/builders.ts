import type { Scene } from '../../pipeline/core/scene.ts';

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
    })),
    grid: { width: 64, height: 48, transform: [516_000, 3, 0, 4_873_800, 0, -3], epsg: 4551 },
    bbox: [126.1995, 43.9983, 126.2019, 43.9996],
    folder: '.',
    files: [{ name: 'scene.tif', bytes: 1, sha256: 'a'.repeat(64) }],
    sunElevation: 62,
    sunAzimuth: 140,
    viewZenith: 3,
    viewAzimuth: 100,
    cloudPercent: 3,
    simulated: true,
    ...over,
  };
}
