import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isGeographic, transformBbox } from '../core/crs.ts';
import { bounds, crop, type Grid, latticeOffset, tilesOf, type Window } from '../core/grid.ts';
import { isClear, QUALITY } from '../core/quality.ts';
import type { Scene } from '../core/scene.ts';
import { HALO_M, observeTile } from '../flow.ts';
import { quantise } from '../indices/compute.ts';
import { INDICES } from '../indices/table.ts';
import { openScene } from '../ingest/tile.ts';
import type { Backend } from '../kernels/backend.ts';
import { PRODUCTS, type ProductId } from '../products/table.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import type { AssetRow } from '../store/asset.ts';
import type { Store } from '../store/open.ts';
import { type ObservationRow, publishScene } from '../store/run.ts';
import { gridOn, type Lattice } from '../warp/lattice.ts';
import { sourceWindow } from '../warp/resample.ts';
import { sweepTemporaries } from '../write/atomic.ts';
import { writeCog } from '../write/cog.ts';
import { observePlaces, type PlaceShape } from './observe.ts';

/** Everything a scene becomes, in memory, before it is written. */
interface Rasters {
  readonly grid: Grid & { epsg: number };
  readonly counts: ReadonlyMap<ProductId, Int16Array>;
  readonly quality: Uint16Array;
  /** True colour, one plane each of red, green and blue; null when the scene has not all three. */
  readonly colour: readonly [Uint8Array, Uint8Array, Uint8Array] | null;
}

/** What turning a scene into products needs to know; plain data but for the back end, so that it can go to a thread. */
export interface MakeOptions {
  /** Workspace folder that the COGs go into. */
  readonly folder: string;
  readonly lattice: Lattice;
  readonly products: readonly ProductId[];
  readonly version: string;
  readonly compress: 'deflate' | 'zstd';
  readonly places: readonly PlaceShape[];
}

/** A scene made into products: files written and observations taken, but nothing of it published yet. */
export interface MadeScene {
  readonly run: string;
  readonly products: readonly ProductId[];
  readonly clearFraction: number;
  readonly assets: readonly AssetRow[];
  readonly observations: readonly ObservationRow[];
  readonly pixels: number;
  /** Which back end really ran, and on what. */
  readonly backend: string;
}

/** Makes a scene into reflectance, flags, index COGs and observations. Same input, same bytes. */
export async function makeScene(
  scene: Scene,
  options: MakeOptions,
  backend: Backend,
  onTile?: (done: number, total: number) => void,
): Promise<MadeScene> {
  const products = options.products.filter((id) => {
    const { bands } = INDICES[PRODUCTS[id].from.index];
    return bands.every((name) => scene.bands.some((band) => band.name === name));
  });
  const rasters = await computeRasters(scene, products, options.lattice, backend, onTile);
  const run = runId(scene, products, options);
  const assets = await writeAssets(scene, rasters, run, options);
  const { grid, counts, quality } = rasters;
  return {
    run,
    products,
    clearFraction: clearShare(quality),
    assets,
    observations: observePlaces(options.places, { grid, counts, quality, datetime: scene.datetime }),
    pixels: quality.length,
    backend: `${backend.name} (${backend.device})`,
  };
}

/** Registers a made scene: catalogue, files and observations switch together or not at all. */
export async function publishMade(
  store: Store,
  scene: Scene,
  made: MadeScene,
  told: { startedAt: Date; finishedAt: Date; options: MakeOptions },
): Promise<void> {
  const { products, compress, lattice } = { ...told.options, products: made.products };
  await publishScene(store, {
    run: {
      id: made.run,
      sceneId: scene.id,
      startedAt: told.startedAt.toISOString(),
      finishedAt: told.finishedAt.toISOString(),
      version: told.options.version,
      backend: made.backend,
      parameters: { products, compress, lattice },
    },
    clearFraction: made.clearFraction,
    assets: made.assets,
    observations: made.observations,
  });
}

/** Name of a run: the same inputs, software and parameters give the same name, and so the same bytes. */
function runId(scene: Scene, products: readonly ProductId[], options: MakeOptions): string {
  const inputs = [
    scene.files.map((file) => file.sha256),
    options.version,
    products,
    options.compress,
    options.lattice,
  ];
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12);
}

async function computeRasters(
  scene: Scene,
  products: readonly ProductId[],
  lattice: Lattice,
  backend: Backend,
  onTile?: (done: number, total: number) => void,
): Promise<Rasters> {
  const grid = gridOn(lattice, scene.grid);
  const n = grid.width * grid.height;
  const counts = new Map(products.map((id) => [id, new Int16Array(n)]));
  const quality = new Uint16Array(n);
  const hasColour = ['R', 'G', 'B'].every((name) => scene.bands.some((band) => band.name === name));
  const colour = hasColour ? ([new Uint8Array(n), new Uint8Array(n), new Uint8Array(n)] as const) : null;
  const sensor: SensorRow = SENSORS[scene.sensor as SensorId];
  const indices = products.map((id) => PRODUCTS[id].from.index);
  const source = await openScene(scene, bandsNeeded(scene, products));
  try {
    const tiles = tilesOf(grid);
    for (const [done, window] of tiles.entries()) {
      const target = { ...crop(grid, window), epsg: grid.epsg };
      const raw = await source.read(withHalo(scene, target));
      const seen = await observeTile(raw, scene, { sensor, target, indices, backend });
      place(seen.reflectance.quality, quality, window, grid.width);
      for (const id of products) {
        const index = PRODUCTS[id].from.index;
        const tile = seen.indices[index];
        if (tile !== undefined)
          place(quantise(tile, INDICES[index].scale), counts.get(id)!, window, grid.width);
      }
      if (colour !== null) {
        for (const [i, name] of (['R', 'G', 'B'] as const).entries()) {
          place(
            stretch(seen.reflectance.bands[name]!, seen.reflectance.quality, scene),
            colour[i]!,
            window,
            grid.width,
          );
        }
      }
      onTile?.(done + 1, tiles.length);
    }
  } finally {
    await source.close();
  }
  return { grid, counts, quality, colour };
}

/** Bands to read: what the products need, and what masks and true colour look at. */
function bandsNeeded(scene: Scene, products: readonly ProductId[]): string[] {
  const wanted = new Set<string>([
    'B',
    'G',
    'R',
    'N',
    ...products.flatMap((id) => INDICES[PRODUCTS[id].from.index].bands),
  ]);
  return scene.bands.map((band) => band.name).filter((name) => wanted.has(name));
}

/** The source window that fills a target tile, with the halo the stages look at. */
function withHalo(scene: Scene, target: Grid & { epsg: number }): Window {
  const offset = latticeOffset(scene.grid, target);
  const halo = Math.ceil(HALO_M / pixelMetres(scene.grid));
  const window =
    offset === null
      ? sourceWindow(scene.grid, target)
      : { ...offset, width: target.width, height: target.height };
  return {
    col: window.col - halo,
    row: window.row - halo,
    width: window.width + 2 * halo,
    height: window.height + 2 * halo,
  };
}

/** Pixel width in metres; a degree is taken as 111 km, which is enough to size a halo. */
function pixelMetres(grid: Scene['grid']): number {
  return Math.abs(grid.transform[1]) * (isGeographic(grid.epsg) ? 111_000 : 1);
}

/** Copies a tile into its place in a whole raster. */
function place<A extends Int16Array | Uint16Array | Uint8Array>(
  tile: A,
  whole: A,
  window: Window,
  width: number,
): void {
  for (let row = 0; row < window.height; row++) {
    whole.set(
      tile.subarray(row * window.width, (row + 1) * window.width),
      (window.row + row) * width + window.col,
    );
  }
}

/** Reflectance that true colour shows as white; fields stay well below, cloud saturates. */
const WHITE = 0.28;

/** Reflectance to 1–255 with gamma 1.8 for the eye; 0 is kept for "no data". */
function stretch(band: Float32Array, quality: Uint16Array, scene: Scene): Uint8Array {
  const white = scene.encoding === 'relative' ? 1 : WHITE;
  const out = new Uint8Array(band.length);
  for (let i = 0; i < out.length; i++) {
    if ((quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
    const share = Math.min(1, Math.max(0, band[i]! / white));
    out[i] = 1 + Math.round(254 * share ** (1 / 1.8));
  }
  return out;
}

function clearShare(quality: Uint16Array): number {
  let clear = 0;
  for (let i = 0; i < quality.length; i++) if (isClear(quality[i]!)) clear += 1;
  return quality.length === 0 ? 0 : clear / quality.length;
}

/** Writes every COG of the run beside its final name and moves it there; paths are relative to the workspace. */
async function writeAssets(
  scene: Scene,
  rasters: Rasters,
  run: string,
  options: MakeOptions,
): Promise<AssetRow[]> {
  const { grid } = rasters;
  const bbox = transformBbox(bounds(grid), grid.epsg, 4326);
  const metadata = {
    ACQUISITION_TIME: scene.datetime,
    SENSOR: scene.sensor,
    SCENE: scene.id,
    RADIOMETRY: scene.radiometry,
    RUN: run,
    SOFTWARE: `heitu ${options.version}`,
    ...(scene.simulated ? { SIMULATED: 'true' } : {}),
  };
  const write = async (
    product: string,
    cog: Pick<Parameters<typeof writeCog>[1], 'bands' | 'nodata' | 'resampling' | 'photometric'>,
  ) => {
    const path = join('cogs', scene.collection, scene.id, `${product}-${run}.tif`);
    const file = join(options.folder, path);
    await mkdir(dirname(file), { recursive: true });
    const { bytes, sha256 } = await writeCog(file, { grid, compress: options.compress, metadata, ...cog });
    return { sceneId: scene.id, product, path, sha256, bytes, epsg: grid.epsg, bbox };
  };
  // What a killed run of this scene left behind.
  await sweepTemporaries(join(options.folder, 'cogs', scene.collection, scene.id));
  const assets: AssetRow[] = [];
  for (const [id, data] of rasters.counts) {
    const { index } = PRODUCTS[id].from;
    const band = {
      data,
      description: index,
      unit: PRODUCTS[id].unit,
      scale: INDICES[index].scale,
      offset: 0,
    };
    assets.push(await write(id, { bands: [band], nodata: -32768, resampling: 'average' }));
  }
  const qualityBand = { data: rasters.quality, description: 'quality flags' };
  assets.push(await write('QUALITY', { bands: [qualityBand], nodata: null, resampling: 'mode' }));
  if (rasters.colour !== null) {
    const bands = rasters.colour.map((data, i) => ({ data, description: ['red', 'green', 'blue'][i]! }));
    assets.push(await write('TRUE_COLOR', { bands, nodata: 0, resampling: 'average', photometric: 'rgb' }));
  }
  return assets;
}
