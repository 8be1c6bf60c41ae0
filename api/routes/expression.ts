import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { isProductId } from '../../pipeline/products/table.ts';
import {
  expressionAt,
  expressionTile,
  type Variable,
  type Variables,
} from '../../pipeline/read/expression.ts';
import type { AssetRow } from '../../pipeline/store/asset.ts';
import { sceneById } from '../../pipeline/store/scene.ts';
import { expressionPixel } from '../contract/products.ts';
import type { Deps } from '../deps.ts';
import { MEDIA } from '../links.ts';
import { TILE_EDGE } from '../paint.ts';
import {
  type Asked,
  checkTile,
  collectionId,
  colorEnd,
  colorEnds,
  column,
  date,
  expression,
  format,
  latitude,
  longitude,
  rampName,
  row,
  zoom,
} from '../params.ts';
import { indexedPng } from '../png.ts';
import { rampIndices, rampPalette } from '../ramps.ts';
import { bytesRoute, jsonRoute, type Route } from '../route.ts';
import { countScale } from '../scale.ts';

/** As of the map tiles of products. */
const TILE_AGE = 'public, max-age=300';

export const EXPRESSION_ROUTES: readonly Route[] = [
  jsonRoute({
    path: '/v1/expression/pixel',
    operation: 'expressionPixel',
    summary: 'value of an expression over products under one point, and the values it is made of',
    parameters: z.object({}),
    query: z.object({
      lon: longitude,
      lat: latitude,
      expression,
      date,
      collection: collectionId,
      f: format(['json']).optional(),
    }),
    schema: expressionPixel,
    answer: async ({ query }, deps) => {
      const { lon, lat, collection } = query;
      const scenes = await scenesOf(query.expression, { collection, date: query.date }, deps);
      const found = await expressionAt(
        query.expression.expression,
        scenes.map((scene) => scene.variables),
        lon,
        lat,
      );
      if (found === null) return { value: null, variables: {}, scene: null, datetime: null };
      const { id } = scenes[found.scene]!;
      const scene = await sceneById(deps.store, id);
      const { value, variables } = found;
      return { value, variables, scene: id, datetime: scene?.scene.datetime ?? null };
    },
  }),
  bytesRoute({
    path: '/v1/expression/{collection}/{date}/{z}/{x}/{y}.png',
    operation: 'expressionTile',
    summary:
      'map tile of an expression over products (palette PNG, 256 × 256), transparent where it has no value',
    parameters: z.object({ collection: collectionId, date, z: zoom, x: column, y: row }),
    query: z.object({
      expression,
      min: colorEnd.optional(),
      max: colorEnd.optional(),
      palette: rampName.optional(),
    }),
    type: MEDIA.png,
    cache: TILE_AGE,
    answer: async ({ path, query }, deps) => {
      checkTile(path);
      const [min, max] = colorEnds(query.min, query.max);
      const palette = query.palette ?? 'vegetation';
      const scenes = await scenesOf(query.expression, path, deps);
      const { z, x, y } = path;
      const { text } = query.expression;
      const sums = scenes.map((scene) => scene.sums);
      const inputs = JSON.stringify(['expression', text, min, max, palette, z, x, y, sums]);
      const etag = `"${createHash('sha256').update(inputs).digest('hex').slice(0, 32)}"`;
      return {
        etag,
        body: () =>
          deps.tiles.get(etag, async () => {
            const variables = scenes.map((scene) => scene.variables);
            const values = await expressionTile(query.expression.expression, variables, z, x, y, TILE_EDGE);
            const indices =
              values === null ? new Uint8Array(TILE_EDGE * TILE_EDGE) : rampIndices(values, min, max);
            return await indexedPng(indices, TILE_EDGE, TILE_EDGE, rampPalette(palette));
          }),
      };
    },
  }),
];

/** A scene in which all products of an expression were published. */
interface AskedScene {
  readonly id: string;
  readonly variables: Variables;
  /** Checksums of its files, in the order of the expression's names. */
  readonly sums: readonly string[];
}

/** The scenes of a day that have every product of an expression, the preferred first; E_NOT_FOUND when a product has none. */
async function scenesOf(
  { expression: { names } }: Asked,
  { collection, date }: { readonly collection: string; readonly date: string },
  { published, workspace }: Deps,
): Promise<AskedScene[]> {
  const byName = await Promise.all(
    names.map((product) => published.someFiles({ collection, product, date })),
  );
  return byName[0]!.flatMap(({ sceneId }) => {
    const own = byName.map((assets) => assets.find((asset) => asset.sceneId === sceneId));
    const files = own.filter((asset) => asset !== undefined);
    if (files.length < names.length) return [];
    const variables = new Map(files.map((asset, i) => [names[i]!, variableOf(asset, workspace)]));
    return [{ id: sceneId, variables, sums: files.map((asset) => asset.sha256) }];
  });
}

function variableOf(asset: AssetRow, workspace: string): Variable {
  const { product } = asset;
  // Names of an expression are ids of products, and an asset was looked up by one of them.
  if (!isProductId(product)) throw new RangeError(`${product} is no product`);
  const source = { ...asset, path: join(workspace, asset.path) };
  return { source, scale: countScale(product) };
}
