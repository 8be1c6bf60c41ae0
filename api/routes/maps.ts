import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import type { Bbox } from '../../pipeline/core/grid.ts';
import { PRODUCTS, type ProductId } from '../../pipeline/products/table.ts';
import { mapTile, recycleTile } from '../../pipeline/read/map-tile.ts';
import { sceneById } from '../../pipeline/store/scene.ts';
import { type TileJson, tileJson } from '../contract/tiles.ts';
import type { Deps } from '../deps.ts';
import { type Links, MEDIA } from '../links.ts';
import { type Counts, colorTable, encodePng, packCounts, paintBands, TILE_EDGE } from '../paint.ts';
import { indexCounts, paletteOf } from '../palette.ts';
import {
  checkTile,
  collectionId,
  column,
  date,
  format,
  pictureId,
  productId,
  row,
  TRUE_COLOR,
  zoom,
} from '../params.ts';
import { indexedPng } from '../png.ts';
import { plainBox } from '../present.ts';
import type { Sheet } from '../published.ts';
import { type BytesAnswer, bytesRoute, jsonRoute, type Route } from '../route.ts';
import { countScale } from '../scale.ts';
import { type Address, deepestZoom, union } from '../tile-grid.ts';

/** How a tile is drawn from stored counts. The name is part of the tag: another way of drawing makes other tiles. */
interface Painter {
  readonly name: string;
  /** Bands of the files, counted from 1. */
  readonly bands: readonly number[];
  /** Of the picture of no value at all. */
  readonly channels: 3 | 4;
  readonly png: (bands: readonly Counts[]) => Promise<Uint8Array>;
}

/** Five minutes without asking again: what is published changes only when a scene is processed anew. */
const TILE_AGE = 'public, max-age=300';

const PICTURE = z.object({ collection: collectionId, product: pictureId, date });
const COUNTS = z.object({ collection: collectionId, product: productId, date });
const TILE = { z: zoom, x: column, y: row };

export const MAP_ROUTES: readonly Route[] = [
  bytesRoute({
    path: '/v1/maps/{collection}/{product}/{date}/{z}/{x}/{y}.png',
    operation: 'mapTile',
    summary:
      'map tile in the colours of the product (palette PNG, 256 × 256), transparent where there is no value',
    parameters: PICTURE.extend(TILE),
    query: z.object({}),
    type: MEDIA.png,
    cache: TILE_AGE,
    answer: ({ path }, deps) => drawTile(path, path, painterOf(path.product), deps),
  }),
  bytesRoute({
    path: '/v1/raw/{collection}/{product}/{date}/{z}/{x}/{y}.png',
    operation: 'rawTile',
    summary: 'stored counts as RGB (256 × 256): count = 256 R + G − 32768; −32768 is nodata',
    parameters: COUNTS.extend(TILE),
    query: z.object({}),
    type: MEDIA.png,
    cache: TILE_AGE,
    answer: ({ path }, deps) => drawTile(path, path, RAW, deps),
  }),
  tileJsonRoute('maps', PICTURE),
  tileJsonRoute('raw', COUNTS),
];

const RAW: Painter = {
  name: 'raw',
  bands: [1],
  channels: 3,
  png: ([counts]) => encodePng(packCounts(counts!), 3),
};
const PICTURES = new Map<string, Painter>([
  [
    TRUE_COLOR,
    { name: TRUE_COLOR, bands: [1, 2, 3], channels: 4, png: (bands) => encodePng(paintBands(bands), 4) },
  ],
]);

/** The painter of a picture; that of a product is made when first asked for and kept. */
function painterOf(picture: ProductId | typeof TRUE_COLOR): Painter {
  const known = PICTURES.get(picture);
  if (known !== undefined || picture === TRUE_COLOR) return known ?? RAW;
  const { legend } = PRODUCTS[picture];
  const palette = paletteOf(colorTable(legend, countScale(picture)));
  const painter: Painter = {
    name: JSON.stringify(legend),
    bands: [1],
    channels: 4,
    png: ([counts]) => {
      const { indices, palette: colours } = indexCounts(counts!, palette);
      return indexedPng(indices, TILE_EDGE, TILE_EDGE, colours);
    },
  };
  PICTURES.set(picture, painter);
  return painter;
}

async function drawTile(sheet: Sheet, address: Address, painter: Painter, deps: Deps): Promise<BytesAnswer> {
  checkTile(address);
  const { z, x, y } = address;
  const assets = await deps.published.someFiles(sheet);
  const inputs = JSON.stringify([painter.name, z, x, y, assets.map((asset) => asset.sha256)]);
  const etag = `"${createHash('sha256').update(inputs).digest('hex').slice(0, 32)}"`;
  const files = assets.map((asset) => ({ ...asset, path: join(deps.workspace, asset.path) }));
  return {
    etag,
    body: () =>
      deps.tiles.get(etag, async () => {
        const tile = await mapTile(files, z, x, y, painter.bands, TILE_EDGE);
        if (tile === null) return empty(painter.channels);
        try {
          return await painter.png(tile.values);
        } finally {
          recycleTile(tile);
        }
      }),
  };
}

const EMPTY = new Map<number, Promise<Uint8Array>>();

/** The tile beside all imagery: transparent, or nodata in every pixel. */
function empty(channels: 3 | 4): Promise<Uint8Array> {
  const kept = EMPTY.get(channels) ?? encodePng(new Uint8Array(TILE_EDGE * TILE_EDGE * channels), channels);
  EMPTY.set(channels, kept);
  return kept;
}

function tileJsonRoute(style: 'maps' | 'raw', parameters: typeof PICTURE | typeof COUNTS): Route {
  return jsonRoute({
    path: `/v1/${style}/{collection}/{product}/{date}/tilejson.json`,
    operation: `${style}TileJson`,
    summary: 'address template, bounds and zoom levels of the tiles',
    parameters,
    query: z.object({ f: format(['json']).optional() }),
    schema: tileJson,
    answer: async ({ path, links }, deps) => {
      const assets = await deps.published.someFiles(path);
      const first = await sceneById(deps.store, assets[0]!.sceneId);
      const sensor = first?.scene.sensor ?? '';
      return presentTileJson(style, path, union(assets.map((asset) => asset.bbox)), sensor, links);
    },
  });
}

function presentTileJson(style: string, sheet: Sheet, bounds: Bbox, sensor: string, links: Links): TileJson {
  const path = [sheet.collection, sheet.product, sheet.date].map(encodeURIComponent).join('/');
  return {
    tilejson: '3.0.0',
    name: `${sheet.product} ${sheet.date}`,
    tiles: [links.to(`/v1/${style}/${path}/{z}/{x}/{y}.png`)],
    scheme: 'xyz',
    bounds: plainBox(bounds),
    minzoom: 0,
    maxzoom: deepestZoom(sensor, bounds),
  };
}
