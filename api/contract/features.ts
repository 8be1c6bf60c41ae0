import { z } from 'zod';
import { bboxValue, bilingual, instant, link, named, share } from './common.ts';

/** What OGC API Features calls the landing page. */
export const landing = named(
  'Landing',
  z.strictObject({ title: z.string(), description: z.string(), version: z.string(), links: z.array(link) }),
);

export const conformance = named('Conformance', z.strictObject({ conformsTo: z.array(z.string()) }));

export const collection = named(
  'Collection',
  z.strictObject({
    id: z.string(),
    title: z.string(),
    description: z.string(),
    extent: z.strictObject({
      spatial: z.strictObject({ bbox: z.array(bboxValue), crs: z.string() }),
      temporal: z.strictObject({
        interval: z.array(z.tuple([instant.nullable(), instant.nullable()])),
        trs: z.string(),
      }),
    }),
    itemType: z.literal('feature'),
    crs: z.array(z.string()),
    links: z.array(link),
  }),
);
export type Collection = z.infer<typeof collection>;

export const collections = named(
  'Collections',
  z.strictObject({ collections: z.array(collection), links: z.array(link) }),
);

const position = z.array(z.number()).min(2).max(3);
const ring = z.array(position).min(4);

export const geometry = named(
  'Geometry',
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('Polygon'), coordinates: z.array(ring) }),
    z.strictObject({ type: z.literal('MultiPolygon'), coordinates: z.array(z.array(ring)) }),
  ]),
);

/** A parcel, stand or region; whatever else the imported file said of it is carried along. */
export const placeProperties = named(
  'PlaceProperties',
  z.looseObject({
    id: z.string(),
    kind: z.enum(['parcel', 'stand', 'region']),
    code: z.string().nullable(),
    name: z.string().nullable(),
    crop: z.string().nullable(),
    /** Geodesic, m². */
    areaM2: z.number(),
    /** The same in 亩 (2000/3 m²). */
    areaMu: z.number(),
    region: z.string().nullable(),
  }),
);

export const sceneProperties = named(
  'SceneProperties',
  z.strictObject({
    datetime: instant,
    date: z.string(),
    collection: z.string(),
    sensor: z.string(),
    level: z.string(),
    encoding: z.string(),
    radiometry: z.string(),
    status: z.string(),
    clearFraction: share.nullable(),
    cloudPercent: z.number().nullable(),
    sunElevation: z.number().nullable(),
    sunAzimuth: z.number().nullable(),
    viewZenith: z.number().nullable(),
    viewAzimuth: z.number().nullable(),
    epsg: z.number().int(),
    bands: z.array(z.string()),
    simulated: z.boolean(),
  }),
);

/** A polygon derived from imagery. */
export const zoneProperties = named(
  'ZoneProperties',
  z.looseObject({
    id: z.string(),
    kind: z.literal('zone'),
    product: z.string(),
    datetime: instant,
    scene: z.string().nullable(),
    code: z.string(),
    name: z.string(),
    severity: z.number().nullable(),
    areaM2: z.number(),
    areaMu: z.number(),
    region: z.string().nullable(),
  }),
);

export const deliveryFinding = named(
  'Finding',
  z.strictObject({
    code: z.string(),
    severity: z.enum(['note', 'warning', 'error']),
    file: z.string(),
    /** Element of a metadata file, by its own name. */
    element: z.string().nullable(),
    message: bilingual,
    remedy: bilingual,
  }),
);

/** What the door said of a delivery. `datetime` is when it was received. */
export const deliveryProperties = named(
  'DeliveryProperties',
  z.strictObject({
    datetime: instant,
    /** When the same delivery was brought last, with the same outcome, and how often in all. */
    checked: instant,
    times: z.number().int(),
    name: z.string(),
    kind: z.string().nullable(),
    verdict: z.enum(['accepted', 'duplicate', 'quarantined']),
    scene: z.string().nullable(),
    /** Imaging time. */
    acquired: instant.nullable(),
    findings: z.array(deliveryFinding),
    files: z.array(z.strictObject({ name: z.string(), bytes: z.number(), sha256: z.string() })),
  }),
);

export const placeFeature = featureOf('Place', placeProperties);
export const sceneFeature = featureOf('Scene', sceneProperties);
export const zoneFeature = featureOf('Zone', zoneProperties);
export const deliveryFeature = featureOf('Delivery', deliveryProperties);

export const placePage = pageOf('Places', placeFeature);
export const scenePage = pageOf('Scenes', sceneFeature);
export const zonePage = pageOf('Zones', zoneFeature);
export const deliveryPage = pageOf('Deliveries', deliveryFeature);

function featureOf<P extends z.ZodType>(id: string, properties: P) {
  return named(
    id,
    z.strictObject({
      type: z.literal('Feature'),
      id: z.string(),
      geometry: geometry.nullable(),
      bbox: bboxValue.optional(),
      properties,
      links: z.array(link).optional(),
    }),
  );
}

function pageOf<F extends z.ZodType>(id: string, feature: F) {
  return named(
    id,
    z.strictObject({
      type: z.literal('FeatureCollection'),
      features: z.array(feature),
      numberMatched: z.number().int(),
      numberReturned: z.number().int(),
      timeStamp: instant,
      links: z.array(link),
    }),
  );
}
