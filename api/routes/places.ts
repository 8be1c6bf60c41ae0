import { z } from 'zod';
import { HeituError } from '../../pipeline/core/error.ts';
import { PRODUCTS } from '../../pipeline/products/table.ts';
import { type PlaceValue, seriesOf, valuesOn } from '../../pipeline/store/observation.ts';
import { placeById } from '../../pipeline/store/place.ts';
import { workspaceSummary } from '../../pipeline/store/summary.ts';
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
      const place = await placeById(store, KIND[of], path.id);
      if (place === null)
        throw new HeituError('E_NOT_FOUND', {
          what: `${KIND[of]} ${path.id}`,
          where: `/collections/${of}/items`,
        });
      const points = await seriesOf(store, {
        placeId: path.id,
        product,
        statistic,
        ...(collection === undefined ? {} : { collection }),
      });
      const { collections } = await workspaceSummary(store);
      const used = new Set(points.map((point) => point.collection));
      const sensors = new Set(collections.filter((row) => used.has(row.id)).map((row) => row.sensor));
      return {
        place: presentPlace(place),
        product,
        statistic,
        unit: PRODUCTS[product].unit,
        minimumClear: PRODUCTS[product].minimumClear,
        points,
        source: { sensor: [...sensors].join(', ') || null, version },
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
