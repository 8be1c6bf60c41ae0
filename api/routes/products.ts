import { basename } from 'node:path';
import { z } from 'zod';
import { PRODUCTS, type ProductId, SEASON_COLLECTION } from '../../pipeline/products/table.ts';
import { isSensorId, SENSORS } from '../../pipeline/sensors/table.ts';
import { datesOf } from '../../pipeline/store/scene.ts';
import { workspaceSummary } from '../../pipeline/store/summary.ts';
import { dates, type Product, products, workspace } from '../contract/products.ts';
import { bbox, collectionId, format, id, productId } from '../params.ts';
import { plainBox } from '../present.ts';
import { jsonRoute, type Route } from '../route.ts';
import { classesOf, countScale, productRow } from '../scale.ts';

const NONE = z.object({});
const JSON_ONLY = z.object({ f: format(['json']).optional() });

export const PRODUCT_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/v1/products',
    operation: 'products',
    summary: 'what is published, with legends and units',
    parameters: NONE,
    query: JSON_ONLY,
    schema: products,
    // The table's keys are the ids.
    answer: async () => ({ products: (Object.keys(PRODUCTS) as ProductId[]).map(presentProduct) }),
  }),
  jsonRoute({
    path: '/v1/workspace',
    operation: 'workspace',
    summary: 'what this server holds',
    parameters: NONE,
    query: JSON_ONLY,
    schema: workspace,
    answer: async (_, { store, workspace: folder, basemap, version }) => {
      const summary = await workspaceSummary(store);
      return {
        name: basename(folder),
        simulated: summary.simulated,
        bbox: summary.bbox === null ? null : plainBox(summary.bbox),
        basemap,
        collections: summary.collections.map((row) => ({
          id: row.id,
          title: collectionTitle(row),
          sensor: { id: row.sensor, title: sensorTitle(row.sensor) },
          from: row.from,
          to: row.to,
          sceneCount: row.sceneCount,
          products: [...row.products],
        })),
        counts: summary.counts,
        version,
      };
    },
  }),
  jsonRoute({
    path: '/v1/dates',
    operation: 'dates',
    summary: 'days with imagery, and how clear each was: of the place when one is given, else of the scenes',
    parameters: NONE,
    query: z.object({
      collection: collectionId.optional(),
      product: productId.optional(),
      place: id.optional(),
      bbox: bbox.optional(),
      f: format(['json']).optional(),
    }),
    schema: dates,
    answer: async ({ query }, { store }) => {
      const rows = await datesOf(store, {
        ...(query.collection === undefined ? {} : { collection: query.collection }),
        ...(query.product === undefined ? {} : { product: query.product }),
        ...(query.place === undefined ? {} : { placeId: query.place }),
        ...(query.bbox === undefined ? {} : { bbox: query.bbox }),
      });
      return { dates: rows.map((row) => ({ ...row, scenes: [...row.scenes] })) };
    },
  }),
];

/** A row of the product table as it goes over the wire. */
export function presentProduct(id: ProductId): Product {
  const row = productRow(id);
  return {
    id,
    title: row.title,
    ends: { zh: [...row.ends.zh], en: [...row.ends.en] },
    unit: row.unit,
    scale: countScale(id),
    nodata: -32768,
    legend: row.legend.map((stop) => ({ ...stop })),
    classes: classesOf(id)?.map((title) => ({ ...title })) ?? null,
    statistics: [...row.statistics],
    minimumClear: row.minimumClear,
  };
}

/** A collection of scenes is called by its instruments; season products have a name of their own. */
function collectionTitle({ id, sensor }: { id: string; sensor: string }): { zh: string; en: string } {
  if (id === SEASON_COLLECTION.id) return SEASON_COLLECTION.title;
  const title = sensorTitle(sensor);
  return { zh: `${title.zh}（${id}）`, en: `${title.en} (${id})` };
}

/** Title of the instruments of a collection, which the store joins by commas; an id the table lacks stands for itself. */
function sensorTitle(ids: string): { zh: string; en: string } {
  const titles = ids.split(', ').map((id) => (isSensorId(id) ? SENSORS[id].title : { zh: id, en: id }));
  return { zh: titles.map((title) => title.zh).join('、'), en: titles.map((title) => title.en).join(', ') };
}
