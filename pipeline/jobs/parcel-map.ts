import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { transformBbox, transformer } from '../core/crs.ts';
import { type Bbox, bounds, crop, type Grid, TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import type { AssetRow } from '../store/asset.ts';
import type { PlaceRow } from '../store/place.ts';
import { gridOn, type Lattice } from '../warp/lattice.ts';
import type { CogProfile } from '../write/cog-file.ts';
import { openCog } from '../write/cog-writer.ts';
import { coverage, type MultiPolygonCoords } from '../zones/coverage.ts';

/** A parcel on the analysis grid. */
export interface ParcelShape {
  readonly id: string;
  readonly polygon: MultiPolygonCoords;
  /** In the grid's CRS. */
  readonly box: Bbox;
}

/** Parcels as shapes in a lattice's CRS. */
export function parcelShapes(places: readonly PlaceRow[], lattice: Lattice): ParcelShape[] {
  const toGrid = transformer(4326, lattice.epsg);
  return places.map(({ id, geometry }) => {
    const polygon = geometry.coordinates.map(
      (rings) => rings.map((ring) => ring.map(([x, y]) => toGrid(x!, y!))), // positions have both
    );
    return { id, polygon, box: boxOf(polygon) };
  });
}

function boxOf(polygon: MultiPolygonCoords): Bbox {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const rings of polygon)
    for (const ring of rings)
      for (const position of ring) {
        const [x, y] = [position[0]!, position[1]!];
        [west, east] = [Math.min(west, x), Math.max(east, x)];
        [south, north] = [Math.min(south, y), Math.max(north, y)];
      }
  return [west, south, east, north];
}

/** The grid around some parcels on the lattice, no larger than the imagery; null when both do not meet. */
export function gridAround(
  shapes: readonly ParcelShape[],
  imagery: readonly Grid[],
  lattice: Lattice,
): (Grid & { epsg: number }) | null {
  const around = (boxes: readonly Bbox[]): Bbox => [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ];
  let own: Bbox = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { box } of shapes) own = around([own, box]);
  const seen = around(imagery.map(bounds));
  const [west, south, east, north] = [
    Math.max(own[0], seen[0]),
    Math.max(own[1], seen[1]),
    Math.min(own[2], seen[2]),
    Math.min(own[3], seen[3]),
  ];
  if (!(east > west && north > south)) return null;
  const whole = { width: 1, height: 1, epsg: lattice.epsg } as const;
  return gridOn(lattice, { ...whole, transform: [west, east - west, 0, north, 0, south - north] });
}

/** Pixels of one parcel inside a tile, by their place in the tile. */
export interface ParcelPixels {
  readonly id: string;
  readonly pixels: readonly number[];
}

/** Fills the pixels of a tile's parcels; what it leaves alone stays nodata. */
export type PaintTile<A> = (
  tile: Grid & { epsg: number },
  parcels: readonly ParcelPixels[],
  out: A,
) => Promise<void> | void;

/** A pixel belongs to the parcel that covers at least so much of it. */
const LEAST_COVER = 0.5;

/**
 * Writes a map of parcels as a COG, tile by tile: each tile's parcels with the pixels they cover by half or more are painted
 * by `paint`. Gives the file as an asset of `sceneId`. Throws E_WRITE_FAILED.
 */
export async function writeParcelMap<A extends Uint8Array | Int16Array>(options: {
  readonly folder: string;
  /** Relative to the folder. */
  readonly path: string;
  readonly sceneId: string;
  readonly product: string;
  readonly profile: Omit<CogProfile, 'grid'>;
  readonly grid: Grid & { epsg: number };
  readonly shapes: readonly ParcelShape[];
  readonly newTile: (size: number) => A;
  readonly paint: PaintTile<A>;
}): Promise<AssetRow> {
  const { folder, path, grid, shapes, profile, sceneId, product } = options;
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true });
  const writer = openCog(target, { ...profile, grid });
  try {
    for (const window of tilesOf(grid)) {
      const tile = { ...crop(grid, window), epsg: grid.epsg };
      const out = options.newTile(window.width * window.height);
      const parcels = parcelsOn(tile, shapes);
      if (parcels.length > 0) await options.paint(tile, parcels, out);
      await writer.put(blockOf(window), [out]);
    }
    const hash = createHash('sha256');
    const { bytes } = await writer.finish({ watch: (piece) => hash.update(piece) });
    const bbox = transformBbox(bounds(grid), grid.epsg, 4326);
    return { sceneId, product, path, sha256: hash.digest('hex'), bytes, epsg: grid.epsg, bbox };
  } finally {
    await writer.close();
  }
}

function blockOf(window: Window) {
  return { across: window.col / TILE_SIZE, down: window.row / TILE_SIZE };
}

function parcelsOn(tile: Grid & { epsg: number }, shapes: readonly ParcelShape[]): ParcelPixels[] {
  const [west, south, east, north] = bounds(tile);
  return shapes.flatMap(({ id, polygon, box }) => {
    if (box[0] >= east || box[2] <= west || box[1] >= north || box[3] <= south) return [];
    const cover = coverage(polygon, tile);
    if (cover === null) return [];
    const { window, fraction } = cover;
    const pixels: number[] = [];
    for (let i = 0; i < fraction.length; i++) {
      if (fraction[i]! < LEAST_COVER) continue;
      const row = window.row + Math.floor(i / window.width);
      pixels.push(row * tile.width + window.col + (i % window.width));
    }
    return [{ id, pixels }];
  });
}
