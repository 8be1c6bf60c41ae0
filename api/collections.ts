/** A collection of features. `kind` is what the store calls its members; null means they are not drawn as vector tiles. */
export interface CollectionRow {
  readonly id: string;
  readonly kind: 'parcel' | 'stand' | 'region' | 'zone' | null;
  readonly title: string;
  readonly description: string;
}

/** What /collections lists, in this order. */
export const COLLECTIONS = {
  scenes: {
    id: 'scenes',
    kind: null,
    title: '影像 scenes',
    description: 'acquisitions: footprint, time, geometry of sun and view, how clear',
  },
  parcels: {
    id: 'parcels',
    kind: 'parcel',
    title: '地块 parcels',
    description: 'field polygons with crop and area',
  },
  stands: {
    id: 'stands',
    kind: 'stand',
    title: '小班 stands',
    description: 'forest polygons with species and area',
  },
  regions: {
    id: 'regions',
    kind: 'region',
    title: '行政区 regions',
    description: 'administrative areas with their codes',
  },
  zones: {
    id: 'zones',
    kind: 'zone',
    title: '分区 zones',
    description: 'polygons derived from imagery, such as suspected damage',
  },
  deliveries: {
    id: 'deliveries',
    kind: null,
    title: '交付 deliveries',
    description: 'what was brought to the door: verdict, findings with remedies, files with checksums',
  },
} as const satisfies Record<string, CollectionRow>;

export type CollectionId = keyof typeof COLLECTIONS;
export type Kind = NonNullable<(typeof COLLECTIONS)[CollectionId]['kind']>;
export type TiledCollection = Extract<(typeof COLLECTIONS)[CollectionId], { kind: Kind }>;
export type PlaceCollection = Exclude<TiledCollection, { kind: 'zone' }>;
