import { z } from 'zod';
import type { Bbox } from '../../pipeline/core/grid.ts';
import { mvtTile } from '../../pipeline/store/mvt.ts';
import { workspaceSummary } from '../../pipeline/store/summary.ts';
import { COLLECTIONS, type TiledCollection } from '../collections.ts';
import { type TileJson, tileJson } from '../contract/tiles.ts';
import { type Links, MEDIA } from '../links.ts';
import { checkTile, column, format, row, zoom } from '../params.ts';
import { plainBox } from '../present.ts';
import { bytesRoute, jsonRoute, type Route } from '../route.ts';

/** Outlines are drawn from this zoom's tiles at any deeper one. */
const DEEPEST = 15;
/** What the world is bounded by when nothing is known yet: the square of Web Mercator. */
const WORLD: Bbox = [-180, -85.0511, 180, 85.0511];

export const VECTOR_TILE_ROUTES: readonly Route[] = Object.values(COLLECTIONS).flatMap((one) =>
  one.kind === null ? [] : [tileJsonRoute(one), tileRoute(one)],
);

function tileRoute({ id, kind }: TiledCollection): Route {
  return bytesRoute({
    path: `/collections/${id}/tiles/WebMercatorQuad/{z}/{row}/{col}`,
    operation: `${id}Tile`,
    summary: `${id} as a Mapbox vector tile, layer ${id}; row before column as OGC has it`,
    parameters: z.object({ z: zoom, row, col: column }),
    query: z.object({ f: format(['mvt']).optional() }),
    type: MEDIA.mvt,
    answer: async ({ path }, { store }) => {
      const { z, row: y, col: x } = path;
      checkTile({ z, x, y });
      return { etag: null, body: () => mvtTile(store, { kind, z, x, y }) };
    },
  });
}

function tileJsonRoute({ id }: TiledCollection): Route {
  return jsonRoute({
    path: `/collections/${id}/tiles/WebMercatorQuad/tilejson.json`,
    operation: `${id}TileJson`,
    summary: `address template, bounds and fields of the vector tiles of ${id}`,
    parameters: z.object({}),
    query: z.object({ f: format(['json']).optional() }),
    schema: tileJson,
    answer: async ({ links }, { store }) =>
      presentTileJson(id, (await workspaceSummary(store)).bbox ?? WORLD, links),
  });
}

function presentTileJson(id: string, bounds: Bbox, links: Links): TileJson {
  return {
    tilejson: '3.0.0',
    name: id,
    tiles: [links.to(`/collections/${id}/tiles/WebMercatorQuad/{z}/{y}/{x}?f=mvt`)],
    scheme: 'xyz',
    bounds: plainBox(bounds),
    minzoom: 0,
    maxzoom: DEEPEST,
    vector_layers: [
      {
        id,
        fields: {
          id: 'String',
          code: 'String',
          name: 'String',
          crop: 'String',
          kind: 'String',
          areaMu: 'Number',
        },
      },
    ],
  };
}
