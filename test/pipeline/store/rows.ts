import type { MultiPolygon } from 'geojson';
import type { Scene } from '../../../pipeline/core/scene.ts';
import type { PlaceInput } from '../../../pipeline/store/place.ts';
import type { ObservationRow, Publication } from '../../../pipeline/store/run.ts';
import { aScene } from '../../helpers/builders.ts';

/** A square parcel, `size` degrees wide, with its south-west corner at a longitude and latitude. */
export function square(west: number, south: number, size = 0.001): MultiPolygon {
  // Without the tail that binary fractions leave: 126.2 + 0.001 is 126.20100000000001.
  const [east, north] = [west + size, south + size].map((n) => Number(n.toFixed(12))) as [number, number];
  return {
    type: 'MultiPolygon',
    coordinates: [
      [
        [
          [west, south],
          [east, south],
          [east, north],
          [west, north],
          [west, south],
        ],
      ],
    ],
  };
}

export function aPlace(id: string, over: Partial<PlaceInput> = {}): PlaceInput {
  return {
    id,
    code: `C-${id}`,
    name: `地块 ${id}`,
    geometry: square(126.2, 44),
    areaM2: 8000,
    regionCode: '220102',
    properties: {},
    ...over,
  };
}

/** A scene on EPSG:4326 of 0.01 degrees with its south-west corner at 126.2 E 44 N. */
export function sceneAt(id: string, datetime: string, over: Partial<Scene> = {}): Scene {
  return aScene({
    id,
    datetime,
    grid: { width: 100, height: 100, transform: [126.2, 0.0001, 0, 44.01, 0, -0.0001], epsg: 4326 },
    bbox: [126.2, 44, 126.21, 44.01],
    ...over,
  });
}

export function anObservation(placeId: string, over: Partial<ObservationRow> = {}): ObservationRow {
  return {
    placeId,
    product: 'NDVI',
    datetime: '2024-07-14T02:32:05.000Z',
    statistic: 'mean',
    status: 'ok',
    value: 0.71,
    low: null,
    high: null,
    pixelCount: 880,
    clearFraction: 0.95,
    ...over,
  };
}

/** The publication of a scene with one COG a product and the observations given. */
export function aPublication(
  scene: Scene,
  run: string,
  products: readonly string[],
  observations: readonly ObservationRow[] = [],
): Publication {
  return {
    run: {
      id: run,
      sceneId: scene.id,
      startedAt: scene.datetime,
      finishedAt: scene.datetime,
      version: '0.1.0',
      backend: 'cpu',
      parameters: {},
    },
    clearFraction: 0.9,
    assets: products.map((product) => ({
      sceneId: scene.id,
      product,
      path: `cogs/${scene.id}/${product}-${run}.tif`,
      sha256: 'b'.repeat(64),
      bytes: 1234,
      epsg: 4326,
      bbox: scene.bbox,
    })),
    observations,
  };
}

export const FINGERPRINT = 'f'.repeat(64);
