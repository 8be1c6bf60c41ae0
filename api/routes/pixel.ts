import { join } from 'node:path';
import { z } from 'zod';
import { flagsOf, isClear, QUALITY, type QualityFlag } from '../../pipeline/core/quality.ts';
import type { ProductId } from '../../pipeline/products/table.ts';
import { pixelAt } from '../../pipeline/read/pixel.ts';
import type { AssetRow } from '../../pipeline/store/asset.ts';
import { sceneById } from '../../pipeline/store/scene.ts';
import { type Pixel, pixel } from '../contract/products.ts';
import { collectionId, date, format, latitude, longitude, productId } from '../params.ts';
import { jsonRoute, type Route } from '../route.ts';
import { countScale } from '../scale.ts';

export const PIXEL_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/v1/pixel',
    operation: 'pixel',
    summary: 'value under one point, or why there is none',
    parameters: z.object({}),
    query: z.object({
      lon: longitude,
      lat: latitude,
      product: productId,
      date,
      collection: collectionId,
      f: format(['json']).optional(),
    }),
    schema: pixel,
    answer: async ({ query }, { store, workspace, published }) => {
      const { lon, lat, product, date, collection } = query;
      const assets = await published.someFiles({ collection, product, date });
      const quality = await published.files({ collection, product: 'QUALITY', date });
      const masks = new Map(quality.map((asset) => [asset.sceneId, asset]));
      const look = (asset: AssetRow) => pixelAt({ ...asset, path: join(workspace, asset.path) }, lon, lat);
      const looks = await Promise.all(
        assets.map(async (asset) => {
          const { sceneId } = asset;
          const mask = masks.get(sceneId);
          const counts = await look(asset);
          const flags = mask === undefined ? null : await look(mask);
          return { sceneId, count: counts?.[0] ?? null, quality: flags?.[0] ?? null };
        }),
      );
      // The scene that has a value, else one that at least saw the place and knows why not.
      const found = looks.find((look) => look.count !== null) ?? looks.find((look) => look.quality !== null);
      if (found === undefined)
        return { value: null, flags: [presentFlag('NODATA')], scene: null, datetime: null };
      const scene = await sceneById(store, found.sceneId);
      return {
        value: found.count === null ? null : productValue(product, found.count),
        flags: reasons(found.count, found.quality ?? 0).map(presentFlag),
        scene: found.sceneId,
        datetime: scene?.scene.datetime ?? null,
      };
    },
  }),
];

/** The flags of a pixel. One without a value that nothing speaks against could not be computed: 0/0, or out of range. */
function reasons(count: number | null, quality: number): QualityFlag[] {
  const flags = flagsOf(quality);
  return count === null && isClear(quality) ? [...flags, 'UNDEFINED'] : flags;
}

/** Product value of a stored count, without the tail that binary fractions leave: NDVI 6841 is 0.6841. */
function productValue(product: ProductId, count: number): number {
  return Number((count * countScale(product)).toPrecision(10));
}

function presentFlag(id: QualityFlag): Pixel['flags'][number] {
  return { id, title: QUALITY[id].title };
}
