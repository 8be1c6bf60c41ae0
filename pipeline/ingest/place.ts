import { isGeographic, isKnownCrs, transformBbox } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { type Bbox, bounds } from '../core/grid.ts';
import type { Rpc } from '../core/rpc.ts';
import type { Scene, SceneBand } from '../core/scene.ts';
import { orthoGrid } from '../geometry/ortho.ts';
import { footprint, parseRpc } from '../geometry/rpc.ts';
import { gsdOf, SENSORS } from '../sensors/table.ts';
import { type Finding, remark } from './finding.ts';
import { placedGrid, type RasterInfo } from './geotiff.ts';
import { decodeLoosely } from './text.ts';
import type { Bag, Told, ToldBand } from './told.ts';

/** Where a scene lies and each of its bands. */
export interface Placed {
  readonly grid: Scene['grid'];
  readonly bbox: Bbox;
  readonly bands: readonly SceneBand[];
  /** Files with camera models that were used. */
  readonly rpcFiles: readonly string[];
  readonly findings: readonly Finding[];
}

/** Degrees of longitude to each side of its middle in which a sensor's own analysis CRS is taken for raw imagery. */
const REACH_DEGREES = 6;

const METRES_PER_DEGREE = 111_320;

/** How far a stated pixel may be from the one the camera model gives. */
const MOST_PIXEL_RATIO = 1.5;

/**
 * The grid of the scene: that of its finest raster where rasters have a place (then camera models are left aside), else the
 * grid that the raw image will be laid on. Throws E_CRS_UNKNOWN, E_DELIVERY_INCOMPLETE for a raw image without a camera
 * model, E_GRID_MISMATCH for bands in two coordinate systems or at two places, E_RPC_INVALID.
 */
export async function placeBands(
  told: Told,
  rasters: ReadonlyMap<string, RasterInfo>,
  bag: Bag,
  rpc: boolean,
): Promise<Placed> {
  const isPlaced = (info: RasterInfo) => info.transform !== null && isKnownCrs(told.epsg ?? info.epsg);
  const first = rasters.get(told.bands[0]!.file)!;
  if (isPlaced(first) || !rpc) return placeOnGrids(told, rasters);
  return placeByModels(told, rasters, bag);
}

function placeOnGrids(told: Told, rasters: ReadonlyMap<string, RasterInfo>): Placed {
  const grids = told.bands.map((band) => {
    const grid = placedGrid(rasters.get(band.file)!, band.file, told.epsg ?? undefined);
    return { band, grid };
  });
  const size = (grid: Scene['grid']) => Math.abs(grid.transform[1] * grid.transform[5]);
  const finest = grids.reduce((best, one) => (size(one.grid) < size(best.grid) ? one : best));
  const { grid } = finest;
  for (const one of grids) {
    if (one.grid.epsg !== grid.epsg) {
      const what = `EPSG:${one.grid.epsg} and EPSG:${grid.epsg}`;
      throw new HeituError('E_GRID_MISMATCH', { where: `${one.band.file}, ${finest.band.file}`, what });
    }
    if (!overlap(bounds(one.grid), bounds(grid))) {
      const what = 'they lie apart';
      throw new HeituError('E_GRID_MISMATCH', { where: `${one.band.file}, ${finest.band.file}`, what });
    }
  }
  const isOwn = (other: Scene['grid']) =>
    other.width !== grid.width ||
    other.height !== grid.height ||
    other.transform.some((value, i) => value !== grid.transform[i]);
  return {
    grid,
    bbox: boxOf(grid),
    bands: grids.map(({ band, grid: own }) => toBand(band, isOwn(own) ? own : null, null)),
    rpcFiles: [],
    findings: [],
  };
}

async function placeByModels(
  told: Told,
  rasters: ReadonlyMap<string, RasterInfo>,
  { bytes, delivery }: Bag,
): Promise<Placed> {
  const models: { readonly band: ToldBand; readonly rpc: Rpc; readonly info: RasterInfo }[] = [];
  for (const band of told.bands) {
    const info = rasters.get(band.file)!;
    // The text beside an image is what the vendor made last.
    const rpc =
      band.rpcFile === null
        ? info.rpc
        : parseRpc(decodeLoosely(await bytes(band.rpcFile), band.rpcFile), band.rpcFile);
    if (rpc === null) {
      const what = band.file.replace(/\.tiff?$/i, '_rpc.txt');
      throw new HeituError('E_DELIVERY_INCOMPLETE', { where: band.file, what });
    }
    models.push({ band, rpc, info });
  }
  const { rpc, info } = models[0]!;
  const { size } = told;
  if (size !== null && (size.width !== info.width || size.height !== info.height)) {
    const what = `${size.width} × ${size.height} pixels, but ${info.file.split('/').at(-1)} has ${info.width} × ${info.height}`;
    throw new HeituError('E_META_INVALID', {
      where: delivery.metadata ?? '',
      what,
      element: 'WidthInPixels',
    });
  }
  const bbox = footprint(rpc, info.width, info.height);
  for (const one of models.slice(1)) {
    if (overlap(footprint(one.rpc, one.info.width, one.info.height), bbox)) continue;
    throw new HeituError('E_GRID_MISMATCH', {
      where: `${one.band.file}, ${models[0]!.band.file}`,
      what: 'they lie apart',
    });
  }
  const { gsd, findings } = pixelOf(told, bbox, info, delivery.metadata ?? delivery.image);
  const grid = orthoGrid(rpc, info, gsd, orthoEpsg(told, bbox));
  const rpcFiles = told.bands.flatMap((band) => (band.rpcFile === null ? [] : [band.rpcFile]));
  return {
    grid,
    bbox,
    bands: models.map(({ band, rpc: own }) => toBand(band, null, own)),
    rpcFiles: [...new Set(rpcFiles)],
    findings,
  };
}

/**
 * Pixel of the laid image, m: the one stated unless the camera model gives quite another (some production chains change the
 * one and forget the other), else that of the sensor on the day.
 */
function pixelOf(told: Told, bbox: Bbox, info: RasterInfo, where: string) {
  const [west, south, east, north] = bbox;
  const cosine = Math.cos((((south + north) / 2) * Math.PI) / 180);
  // A turned image fills its box by half at least.
  const area = (east - west) * (north - south) * METRES_PER_DEGREE ** 2 * cosine;
  const most = Math.sqrt(area / (info.width * info.height));
  const wanted = told.gsd ?? gsdOf(told.sensor, told.satellite, told.datetime);
  if (wanted <= most * MOST_PIXEL_RATIO && wanted >= most / Math.SQRT2 / MOST_PIXEL_RATIO)
    return { gsd: wanted, findings: [] };
  const gsd = Number(most.toPrecision(2));
  const what = `a pixel of ${wanted} m; by the camera model it is ${most.toFixed(2)} m at most, ${gsd} m are taken`;
  return {
    gsd,
    findings: [remark('E_META_ASSUMED', 'warning', { file: where, what, element: 'ImageRowGSD' })],
  };
}

/** The CRS that a raw image is laid on: the sensor's own near its middle, else the UTM zone. */
function orthoEpsg(told: Told, [west, south, east, north]: Bbox): number {
  const longitude = (west + east) / 2;
  const preferred = SENSORS[told.sensor].analysisEpsg;
  if (preferred !== null) {
    const [middle] = transformBbox([500_000, 4_870_000, 500_000, 4_870_000], preferred, 4326);
    if (Math.abs(longitude - middle) <= REACH_DEGREES) return preferred;
  }
  const zone = Math.min(60, Math.floor((longitude + 180) / 6) + 1);
  return ((south + north) / 2 < 0 ? 32_700 : 32_600) + zone;
}

function toBand(band: ToldBand, grid: Scene['grid'] | null, rpc: Rpc | null): SceneBand {
  const { name, file, number, gain, bias } = band;
  return { name, file, number, gain, bias, grid, rpc };
}

function boxOf(grid: Scene['grid']): Bbox {
  return isGeographic(grid.epsg) ? bounds(grid) : transformBbox(bounds(grid), grid.epsg, 4326);
}

function overlap(a: Bbox, b: Bbox): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}
