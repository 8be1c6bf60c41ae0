import { z } from 'zod';
import { HeituError } from '../../pipeline/core/error.ts';
import { PRODUCTS } from '../../pipeline/products/table.ts';
import { type PlaceValue, type SeriesPoint, seriesOf, valuesOn } from '../../pipeline/store/observation.ts';
import type { Store } from '../../pipeline/store/open.ts';
import { placeById } from '../../pipeline/store/place.ts';
import { sceneById } from '../../pipeline/store/scene.ts';
import { series, values } from '../contract/products.ts';
import { collectionId, date, format, id, layer, productId, statistic, statisticOf } from '../params.ts';
import { presentPlace } from '../present.ts';
import { jsonRoute, type Route } from '../route.ts';

/** Kind of place behind each layer of the viewer. */
const KIND = { parcels: 'parcel', stands: 'stand' } as const;
type Layer = keyof typeof KIND;

export const PLACE_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/v1/values',
    operation: 'values',
    summary: 'one statistic of a product for every place of a layer on one day',
    parameters: z.object({}),
    query: z.object({
      product: productId,
      date,
      collection: collectionId,
      layer: layer.optional(),
      statistic: statistic.optional(),
      f: format(['json']).optional(),
    }),
    schema: values,
    answer: async ({ query }, { store }) => {
      const { product, date, collection } = query;
      const statistic = statisticOf(product, query.statistic);
      const rows = await valuesOn(store, {
        kind: KIND[query.layer ?? 'parcels'],
        product,
        statistic,
        date,
        collection,
      });
      return {
        product,
        date,
        statistic,
        unit: PRODUCTS[product].unit,
        values: Object.fromEntries(rows.map(presentValue)),
      };
    },
  }),
  seriesRoute('parcels'),
  seriesRoute('stands'),
];

function seriesRoute(of: Layer): Route {
  return jsonRoute({
    path: `/v1/${of}/{id}/series`,
    operation: `${KIND[of]}Series`,
    summary: `season curve of one ${KIND[of]}: value with pixel count and clear share for every image`,
    parameters: z.object({ id }),
    query: z.object({
      product: productId,
      statistic: statistic.optional(),
      collection: collectionId.optional(),
      f: format(['json']).optional(),
    }),
    schema: series,
    answer: async ({ path, query }, { store, version }) => {
      const { product, collection } = query;
      const statistic = statisticOf(product, query.statistic);
      const filter = {
        placeId: path.id,
        product,
        statistic,
        ...(collection === undefined ? {} : { collection }),
      };
      const [place, points] = await Promise.all([
        placeById(store, KIND[of], path.id),
        seriesOf(store, filter),
      ]);
      if (place === null)
        throw new HeituError('E_NOT_FOUND', {
          what: `${KIND[of]} ${path.id}`,
          where: `/collections/${of}/items`,
        });
      return {
        place: presentPlace(place),
        product,
        statistic,
        unit: PRODUCTS[product].unit,
        minimumClear: PRODUCTS[product].minimumClear,
        points,
        source: { sensor: await sensorsOf(points, store), version },
      };
    },
  });
}

function presentValue({
  placeId,
  value,
  clearFraction,
  pixelCount,
}: PlaceValue): [string, [number | null, number, number]] {
  return [placeId, [value, clearFraction, pixelCount]];
}

/** Instruments of the points' collections, taken from the first scene of each; null without points. */
async function sensorsOf(points: readonly SeriesPoint[], store: Store): Promise<string | null> {
  const firsts = new Map(points.toReversed().map((point) => [point.collection, point.scene]));
  const scenes = await Promise.all([...firsts.values()].map((id) => sceneById(store, id)));
  return [...new Set(scenes.flatMap((row) => row?.scene.sensor ?? []))].join(', ') || null;
}
