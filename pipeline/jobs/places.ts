import { transformer } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import type { Store } from '../store/open.ts';
import { importPlaces, type PlaceInput, type PlaceKind, placesWithin } from '../store/place.ts';
import type { Lattice } from '../warp/lattice.ts';
import { areaOf, type PlaceFeature, readVectorFile } from '../zones/vector.ts';
import type { PlaceShape } from './observe.ts';

/** Parcels and stands that touch a scene, as shapes in the analysis grid's CRS, in id order. */
export async function placesOnGrid(store: Store, scene: Scene, lattice: Lattice): Promise<PlaceShape[]> {
  const rows = await placesWithin(store, { kinds: ['parcel', 'stand'], bbox: scene.bbox });
  const toGrid = transformer(4326, lattice.epsg);
  return rows.map((row) => ({
    id: row.id,
    polygon: row.geometry.coordinates.map((rings) =>
      rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!))),
    ),
  }));
}

export interface ImportOptions {
  readonly kind: PlaceKind;
  /** Property that holds the id and the name; left out, the usual ones are looked for. */
  readonly id?: string | undefined;
  readonly name?: string | undefined;
}

export interface Imported {
  readonly added: number;
  readonly updated: number;
  readonly unchanged: number;
  /** Shapes that were left out, each with its reason. */
  readonly refused: readonly HeituError[];
}

/** Reads a vector file and keeps its shapes as places; a broken shape is named and the rest goes on. */
export async function importPlaceFile(store: Store, file: string, options: ImportOptions): Promise<Imported> {
  const { features, findings } = await readVectorFile(file, { id: options.id, name: options.name });
  if (features.length === 0 && findings.length === 0)
    throw new HeituError('E_VECTOR_INVALID', { where: file, what: 'no polygons in it' });
  if (features.length === 0) return { added: 0, updated: 0, unchanged: 0, refused: findings };
  const counts = await importPlaces(
    store,
    options.kind,
    features.map((feature) => placeOf(feature)),
    file,
  );
  return { ...counts, refused: findings };
}

function placeOf(feature: PlaceFeature): PlaceInput {
  const { properties } = feature;
  const text = (...names: string[]) => {
    for (const name of names) {
      const value = properties[name];
      if ((typeof value === 'string' && value.trim() !== '') || typeof value === 'number')
        return String(value);
    }
    return null;
  };
  const crop = text('crop', '作物');
  const year = Number(text('year', '年份') ?? Number.NaN);
  return {
    id: feature.id,
    code: text('code', '编码', '小班号') ?? feature.id,
    name: feature.name ?? text('code', '小班号') ?? feature.id,
    geometry: { type: 'MultiPolygon', coordinates: feature.polygon },
    areaM2: areaOf(feature.polygon),
    regionCode: text('regionCode', 'region', '行政区代码'),
    properties,
    ...(crop === null || !Number.isInteger(year)
      ? {}
      : {
          season: {
            year,
            crop,
            sowingDate: text('sowingDate', '播种日期'),
            variety: text('variety', '品种'),
          },
        }),
  };
}
