import { z } from 'zod';
import { HeituError } from '../../pipeline/core/error.ts';
import { deliveriesIn, deliveryById } from '../../pipeline/store/delivery.ts';
import { placeById, placesIn } from '../../pipeline/store/place.ts';
import { sceneById, scenesIn } from '../../pipeline/store/scene.ts';
import { workspaceSummary } from '../../pipeline/store/summary.ts';
import { zoneById, zonesIn } from '../../pipeline/store/zone.ts';
import { COLLECTIONS, type CollectionRow } from '../collections.ts';
import {
  type Collection,
  collection,
  collections,
  deliveryFeature,
  deliveryPage,
  placeFeature,
  placePage,
  sceneFeature,
  scenePage,
  zoneFeature,
  zonePage,
} from '../contract/features.ts';
import type { Deps } from '../deps.ts';
import { type Links, MEDIA } from '../links.ts';
import { bbox, datetime, format, id, LIMIT, limit, offset, verdict } from '../params.ts';
import {
  plainBox,
  presentDeliveryFeature,
  presentPlaceFeature,
  presentSceneFeature,
  presentZoneFeature,
} from '../present.ts';
import { jsonRoute, type Route } from '../route.ts';

const NONE = z.object({});
const JSON_ONLY = z.object({ f: format(['json']).optional() });
const ITEMS = z.object({
  bbox: bbox.optional(),
  datetime: datetime.optional(),
  limit: limit.optional(),
  offset: offset.optional(),
  f: format(['json']).optional(),
});
type ItemsQuery = z.output<typeof ITEMS>;

const CRS84 = 'http://www.opengis.net/def/crs/OGC/1.3/CRS84';
const GREGORIAN = 'http://www.opengis.net/def/uom/ISO-8601/0/Gregorian';

const { deliveries, scenes, zones } = COLLECTIONS;
const PLACES = [COLLECTIONS.parcels, COLLECTIONS.stands, COLLECTIONS.regions] as const;

export const FEATURE_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/collections',
    operation: 'collections',
    summary: 'collections of features',
    parameters: NONE,
    query: JSON_ONLY,
    schema: collections,
    answer: async ({ links }, deps) => {
      const extent = await extentOf(deps);
      return {
        collections: Object.values(COLLECTIONS).map((row) => presentCollection(row, extent, links)),
        links: [links.self(MEDIA.json), { href: links.to('/'), rel: 'root', type: MEDIA.json }],
      };
    },
  }),
  ...Object.values(COLLECTIONS).map(collectionRoute),
  jsonRoute({
    ...itemsRoute(scenes),
    schema: scenePage,
    answer: async ({ query, links }, { store, now }) => {
      const { matched, items } = await scenesIn(store, {
        ...within(query),
        ...during(query),
        ...pageOf(query),
      });
      return pageOfFeatures(items.map(presentSceneFeature), { ...pageOf(query), matched }, links, now());
    },
  }),
  jsonRoute({
    ...itemRoute(scenes),
    schema: sceneFeature,
    answer: async ({ path, links }, { store }) => {
      const scene = await sceneById(store, path.id);
      if (scene === null) throw missing(scenes, path.id);
      return { ...presentSceneFeature(scene), links: itemLinks(scenes, links) };
    },
  }),
  ...PLACES.flatMap((row) => [
    jsonRoute({
      ...itemsRoute(row),
      schema: placePage,
      answer: async ({ query, links }, { store, now }) => {
        // Places have no time of their own, and such features match every datetime (OGC 17-069r4, 7.15.4).
        const { matched, items } = await placesIn(store, {
          kind: row.kind,
          ...within(query),
          ...pageOf(query),
        });
        return pageOfFeatures(items.map(presentPlaceFeature), { ...pageOf(query), matched }, links, now());
      },
    }),
    jsonRoute({
      ...itemRoute(row),
      schema: placeFeature,
      answer: async ({ path, links }, { store }) => {
        const place = await placeById(store, row.kind, path.id);
        if (place === null) throw missing(row, path.id);
        return { ...presentPlaceFeature(place), links: itemLinks(row, links) };
      },
    }),
  ]),
  jsonRoute({
    ...itemsRoute(zones),
    schema: zonePage,
    answer: async ({ query, links }, { store, now }) => {
      const { matched, items } = await zonesIn(store, {
        ...within(query),
        ...during(query),
        ...pageOf(query),
      });
      return pageOfFeatures(items.map(presentZoneFeature), { ...pageOf(query), matched }, links, now());
    },
  }),
  jsonRoute({
    ...itemRoute(zones),
    schema: zoneFeature,
    answer: async ({ path, links }, { store }) => {
      const zone = await zoneById(store, path.id);
      if (zone === null) throw missing(zones, path.id);
      return { ...presentZoneFeature(zone), links: itemLinks(zones, links) };
    },
  }),
  jsonRoute({
    ...itemsRoute(deliveries),
    query: ITEMS.extend({ verdict: verdict.optional() }),
    schema: deliveryPage,
    answer: async ({ query, links }, { store, now }) => {
      const { matched, items } = await deliveriesIn(store, {
        ...(query.verdict === undefined ? {} : { verdict: query.verdict }),
        ...within(query),
        ...during(query),
        ...pageOf(query),
      });
      return pageOfFeatures(items.map(presentDeliveryFeature), { ...pageOf(query), matched }, links, now());
    },
  }),
  jsonRoute({
    ...itemRoute(deliveries),
    schema: deliveryFeature,
    answer: async ({ path, links }, { store }) => {
      const delivery = await deliveryById(store, path.id);
      if (delivery === null) throw missing(deliveries, path.id);
      return { ...presentDeliveryFeature(delivery), links: itemLinks(deliveries, links) };
    },
  }),
];

function collectionRoute(row: CollectionRow): Route {
  return jsonRoute({
    path: `/collections/${row.id}`,
    operation: `${row.id}Collection`,
    summary: row.title,
    parameters: NONE,
    query: JSON_ONLY,
    schema: collection,
    answer: async ({ links }, deps) => presentCollection(row, await extentOf(deps), links),
  });
}

function itemsRoute(row: CollectionRow) {
  return {
    path: `/collections/${row.id}/items`,
    operation: `${row.id}Items`,
    summary: `${row.title}: page of features`,
    parameters: NONE,
    query: ITEMS,
    type: MEDIA.geojson,
  } as const;
}

function itemRoute(row: CollectionRow) {
  return {
    path: `/collections/${row.id}/items/{id}`,
    operation: `${row.id}Item`,
    summary: `${row.title}: one feature`,
    parameters: z.object({ id }),
    query: JSON_ONLY,
    type: MEDIA.geojson,
  } as const;
}

function within({ bbox }: ItemsQuery) {
  return bbox === undefined ? {} : { bbox };
}

function during({ datetime }: ItemsQuery) {
  return {
    ...(datetime?.from ? { from: datetime.from } : {}),
    ...(datetime?.to ? { to: datetime.to } : {}),
  };
}

function pageOf({ limit, offset }: ItemsQuery) {
  return { limit: limit ?? LIMIT.default, offset: offset ?? 0 };
}

function pageOfFeatures<F>(
  features: F[],
  page: { limit: number; offset: number; matched: number },
  links: Links,
  now: Date,
) {
  return {
    type: 'FeatureCollection' as const,
    features,
    numberMatched: page.matched,
    numberReturned: features.length,
    timeStamp: now.toISOString(),
    links: [links.self(MEDIA.geojson), ...links.pages(page, MEDIA.geojson)],
  };
}

function missing(row: CollectionRow, id: string): HeituError {
  return new HeituError('E_NOT_FOUND', { what: `${row.id}/${id}`, where: `/collections/${row.id}/items` });
}

function itemLinks(row: CollectionRow, links: Links) {
  return [
    links.self(MEDIA.geojson),
    { href: links.to(`/collections/${row.id}`), rel: 'collection', type: MEDIA.json },
  ];
}

type Extent = Collection['extent'];

/** Box and time span of everything in the workspace; the world and open ends while it is empty. */
async function extentOf({ store }: Pick<Deps, 'store'>): Promise<Extent> {
  const { bbox, collections } = await workspaceSummary(store);
  const times = collections
    .flatMap((row) => [row.from, row.to])
    .filter((time) => time !== null)
    .sort();
  return {
    spatial: { bbox: [plainBox(bbox ?? [-180, -90, 180, 90])], crs: CRS84 },
    temporal: { interval: [[times[0] ?? null, times.at(-1) ?? null]], trs: GREGORIAN },
  };
}

function presentCollection(row: CollectionRow, extent: Extent, links: Links): Collection {
  const own = links.to(`/collections/${row.id}`);
  const tiles =
    row.kind === null
      ? []
      : [{ href: `${own}/tiles/WebMercatorQuad/tilejson.json`, rel: 'tilejson', type: MEDIA.json }];
  return {
    id: row.id,
    title: row.title,
    description: row.description,
    extent,
    itemType: 'feature',
    crs: [CRS84],
    links: [
      { href: own, rel: 'self', type: MEDIA.json },
      { href: `${own}/items`, rel: 'items', type: MEDIA.geojson, title: row.title },
      ...tiles,
    ],
  };
}
