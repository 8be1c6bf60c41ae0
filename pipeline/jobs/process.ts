import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { transformBbox } from '../core/crs.ts';
import { bounds, crop, type Grid, TILE_SIZE, tilesOf, type Window } from '../core/grid.ts';
import { isClear, QUALITY } from '../core/quality.ts';
import type { Scene } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { type Outlook, type Overview, observeTile, overlookScene } from '../flow.ts';
import { NODATA_COUNT, quantise } from '../indices/compute.ts';
import { INDICES } from '../indices/table.ts';
import type { GroundSource } from '../ingest/ground.ts';
import { type OpenScene, openScene } from '../ingest/tile.ts';
import type { Backend } from '../kernels/backend.ts';
import { INDEX_PRODUCTS, type IndexProductId } from '../products/table.ts';
import type { SensorRow } from '../sensors/row.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import type { AssetRow } from '../store/asset.ts';
import type { Store } from '../store/open.ts';
import { type ObservationRow, publishScene } from '../store/run.ts';
import { gridOn, type Lattice } from '../warp/lattice.ts';
import { sweepTemporaries } from '../write/atomic.ts';
import type { BlockPosition } from '../write/block.ts';
import type { CogProfile } from '../write/cog-file.ts';
import { openCog } from '../write/cog-writer.ts';
import type { CogArray } from '../write/pyramid.ts';
import { openSpool } from '../write/spool.ts';
import { type Observer, observePlaces, type PlaceShape, type SceneRows } from './observe.ts';
import { cellMetres, pixelsPerCell, readClasses, readOverview, readRelief } from './overview.ts';
import { sceneWindow } from './scene-window.ts';

/** What turning a scene into products needs to know; plain data but for the back end, so that it can go to a thread. */
export interface MakeOptions {
  /** Workspace folder that the COGs go into. */
  readonly folder: string;
  readonly lattice: Lattice;
  readonly products: readonly IndexProductId[];
  readonly version: string;
  readonly compress: 'deflate' | 'zstd';
  readonly places: readonly PlaceShape[];
  /** Dates before over the same ground, newest first: what a cloud is told from a harvest by. */
  readonly earlier: readonly Scene[];
  /** What raw images with a camera model are laid on; null is the height that each model gives as its own. */
  readonly ground: GroundSource | null;
}

/** A scene made into products: files written and observations taken, but nothing of it published yet. */
export interface MadeScene {
  readonly run: string;
  readonly products: readonly IndexProductId[];
  readonly clearFraction: number;
  readonly assets: readonly AssetRow[];
  readonly observations: readonly ObservationRow[];
  readonly pixels: number;
  /** Which back end really ran, and on what. */
  readonly backend: string;
  /** Aerosol that was taken out of the scene, and where its figure is from; null where none was. */
  readonly aerosol: Outlook['aerosol'];
  readonly doubts: Outlook['doubts'];
}

/** Makes a scene into reflectance, flags, index COGs and observations. Same input, same bytes. */
export async function makeScene(
  scene: Scene,
  options: MakeOptions,
  backend: Backend,
  onTile?: (done: number, total: number) => void,
): Promise<MadeScene> {
  const products = options.products.filter((id) => {
    const { bands } = INDICES[INDEX_PRODUCTS[id].from.index];
    return bands.every((name) => scene.bands.some((band) => band.name === name));
  });
  const run = runId(scene, products, options);
  const grid = gridOn(options.lattice, scene.grid);
  const outlook = await overlook(scene, options);
  const outputs = await openOutputs(scene, outlook, grid, products, run, options);
  const observer = observePlaces(options.places, { grid, products, datetime: scene.datetime });
  try {
    const source = await openScene(scene, bandsNeeded(scene, products), options.ground);
    const work = { source, outlook, grid, products, outputs, observer, backend };
    const clear = await streamScene(scene, work, onTile).finally(source.close);
    return {
      run,
      products,
      clearFraction: clear / (grid.width * grid.height),
      assets: await outputs.finish(),
      observations: observer.finish(),
      pixels: grid.width * grid.height,
      backend: `${backend.name} (${backend.device})`,
      aerosol: outlook.aerosol,
      doubts: outlook.doubts,
    };
  } finally {
    await outputs.close();
  }
}

/** Registers a made scene: catalogue, files and observations switch together or not at all. */
export async function publishMade(
  store: Store,
  scene: Scene,
  made: MadeScene,
  told: { startedAt: Date; finishedAt: Date; options: MakeOptions },
): Promise<void> {
  const { compress, lattice, earlier } = told.options;
  const { products } = made;
  await publishScene(store, {
    run: {
      id: made.run,
      sceneId: scene.id,
      startedAt: told.startedAt.toISOString(),
      finishedAt: told.finishedAt.toISOString(),
      version: told.options.version,
      backend: made.backend,
      parameters: {
        products,
        compress,
        lattice,
        aerosol: made.aerosol,
        earlier: earlier.map(({ id }) => id),
      },
    },
    madeFrom: scene.files,
    clearFraction: made.clearFraction,
    assets: made.assets,
    observations: made.observations,
  });
}

/** Name of a run: the same inputs, software and parameters give the same name, and so the same bytes. */
function runId(scene: Scene, products: readonly IndexProductId[], options: MakeOptions): string {
  const inputs = [
    scene.files.map((file) => file.sha256),
    options.version,
    products,
    options.compress,
    options.lattice,
    options.earlier.map((scene) => scene.files.map((file) => file.sha256)),
    options.ground,
  ];
  return createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 12);
}

/** The first look at a scene, beside those at the dates before. */
async function overlook(scene: Scene, options: MakeOptions): Promise<Outlook> {
  const overview = await overviewOf(scene, options);
  const earlier: Overview[] = [];
  for (const one of options.earlier) earlier.push(await overviewOf(one, options));
  return overlookScene(overview, earlier);
}

async function overviewOf(scene: Scene, { lattice, folder, ground }: MakeOptions): Promise<Overview> {
  const sensor: SensorRow = SENSORS[scene.sensor as SensorId]; // the door admits known instruments only
  return {
    scene,
    sensor,
    tile: await readOverview(scene, lattice, folder, ground),
    pixels: pixelsPerCell(lattice, gridOn(lattice, scene.grid)),
    metres: cellMetres(lattice, gridOn(lattice, scene.grid)),
    classes: await readClasses(scene, lattice),
    relief: await readRelief(scene, lattice, ground),
  };
}

/** Everything that a scene's tiles go through, open. */
interface SceneWork {
  readonly source: OpenScene;
  readonly outlook: Outlook;
  readonly grid: Grid & { epsg: number };
  readonly products: readonly IndexProductId[];
  readonly outputs: Outputs;
  readonly observer: Observer;
  readonly backend: Backend;
}

/**
 * Computes a scene a row of tiles at a time and hands every tile to the files and every row to the observer: in memory
 * are the rows at hand, whatever the height of the scene. Returns how many pixels are clear.
 */
async function streamScene(
  scene: Scene,
  { source, outlook, grid, products, outputs, observer, backend }: SceneWork,
  onTile?: (done: number, total: number) => void,
): Promise<number> {
  const indices = products.map((id) => INDEX_PRODUCTS[id].from.index);
  const tiles = tilesOf(grid);
  let rows = newRows(grid, 0, products);
  let clear = 0;
  for (const [done, window] of tiles.entries()) {
    if (window.row !== rows.top) {
      observer.add(rows);
      rows = newRows(grid, window.row, products);
    }
    const target = { ...crop(grid, window), epsg: grid.epsg };
    const raw = await source.read(sceneWindow(scene.grid, target));
    const { reflectance, indices: tilesByIndex } = await observeTile(raw, outlook, {
      target,
      indices,
      backend,
    });
    const { quality } = reflectance;
    clear += countClear(quality);
    const blocks = new Map<string, readonly CogArray[]>([['QUALITY', [quality]]]);
    for (const id of products) {
      const index = INDEX_PRODUCTS[id].from.index;
      const counts = quantise(tilesByIndex[index]!, INDICES[index].scale);
      blocks.set(id, [counts]);
      place(counts, rows.counts.get(id)!, window, rows.top, grid.width);
    }
    place(quality, rows.quality, window, rows.top, grid.width);
    blocks.set('REFLECTANCE', reflectanceCounts(reflectance));
    if (hasColour(scene))
      blocks.set(
        'TRUE_COLOR',
        COLOUR.map((name) => stretch(reflectance.bands[name]!, quality, scene)),
      );
    await outputs.put({ across: window.col / TILE_SIZE, down: window.row / TILE_SIZE }, blocks);
    onTile?.(done + 1, tiles.length);
  }
  observer.add(rows);
  return clear;
}

/** Room for a row of tiles. */
function newRows(grid: Grid, top: number, products: readonly IndexProductId[]): SceneRows {
  const height = Math.min(TILE_SIZE, grid.height - top);
  const counts = new Map(products.map((id) => [id, new Int16Array(grid.width * height)]));
  return { top, height, counts, quality: new Uint16Array(grid.width * height) };
}

/** Bands to read: what the products need, and what masks and true colour look at. */
function bandsNeeded(scene: Scene, products: readonly IndexProductId[]): string[] {
  const wanted = new Set<string>([
    'B',
    'G',
    'R',
    'N',
    ...products.flatMap((id) => INDICES[INDEX_PRODUCTS[id].from.index].bands),
  ]);
  return scene.bands.map((band) => band.name).filter((name) => wanted.has(name));
}

/** Copies a tile into its place in a row of tiles. */
function place<A extends Int16Array | Uint16Array>(
  tile: A,
  rows: A,
  window: Window,
  top: number,
  width: number,
): void {
  for (let row = 0; row < window.height; row++) {
    rows.set(
      tile.subarray(row * window.width, (row + 1) * window.width),
      (window.row - top + row) * width + window.col,
    );
  }
}

/** Reflectance is stored × 10000; a pixel that was not imaged, or whose number does not fit, has none. */
const REFLECTANCE_SCALE = 0.0001;

/** Every band of a tile as stored numbers. What lies under a cloud keeps its value: the quality file says what it is worth. */
function reflectanceCounts({ bands, quality }: LooseTile<'toa' | 'boa'>): Int16Array[] {
  return Object.values(bands).map((values) => {
    const counts = new Int16Array(values.length).fill(NODATA_COUNT);
    for (let i = 0; i < counts.length; i++) {
      if ((quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
      const scaled = values[i]! * 10_000;
      // Storing cuts off towards zero, so that half more on the way out rounds half away from zero; NaN fails both tests.
      if (scaled > NODATA_COUNT && scaled < -NODATA_COUNT - 1)
        counts[i] = scaled < 0 ? scaled - 0.5 : scaled + 0.5;
    }
    return counts;
  });
}

/** Bands of true colour, as they are shown. */
const COLOUR = ['R', 'G', 'B'] as const;

function hasColour(scene: Scene): boolean {
  return COLOUR.every((name) => scene.bands.some((band) => band.name === name));
}

/** Reflectance that true colour shows as white; fields stay well below, cloud saturates. */
const WHITE = 0.28;

/** Brightness of every 1/8192 of white: 1–255 with gamma 1.8 for the eye. A power a pixel took a fifth of the whole run. */
const STEPS = 8192;
const BRIGHTNESS = Uint8Array.from(
  { length: STEPS + 1 },
  (_, i) => 1 + Math.round(254 * (i / STEPS) ** (1 / 1.8)),
);

/** Reflectance as it is shown; 0 is kept for "no data". */
function stretch(band: Float32Array, quality: Uint16Array, scene: Scene): Uint8Array {
  const perStep = STEPS / (scene.encoding === 'relative' ? 1 : WHITE);
  const out = new Uint8Array(band.length);
  for (let i = 0; i < out.length; i++) {
    if ((quality[i]! & QUALITY.NODATA.bit) !== 0) continue;
    out[i] = BRIGHTNESS[Math.min(STEPS, Math.max(0, Math.round(band[i]! * perStep)))]!;
  }
  return out;
}

function countClear(quality: Uint16Array): number {
  let clear = 0;
  for (let i = 0; i < quality.length; i++) if (isClear(quality[i]!)) clear += 1;
  return clear;
}

/** The files of a run while they are written. */
interface Outputs {
  /** The blocks of one tile, by product. */
  put(at: BlockPosition, blocks: ReadonlyMap<string, readonly CogArray[]>): Promise<void>;
  /** Puts every file together and under its name; paths are relative to the workspace. */
  finish(): Promise<AssetRow[]>;
  close(): Promise<void>;
}

/** Compressed blocks of all files of a scene kept in memory; more goes to the disk. */
const SPOOL_LIMIT = 192 * 2 ** 20;

async function openOutputs(
  scene: Scene,
  outlook: Outlook,
  grid: Grid & { epsg: number },
  products: readonly IndexProductId[],
  run: string,
  options: MakeOptions,
): Promise<Outputs> {
  const folder = join('cogs', scene.collection, scene.id);
  await mkdir(join(options.folder, folder), { recursive: true });
  // What a killed run of this scene left behind.
  await sweepTemporaries(join(options.folder, folder));
  const spool = openSpool(join(options.folder, folder, run), SPOOL_LIMIT);
  const profiles = profilesOf(scene, outlook, grid, products, run, options);
  const files = [...profiles].map(([product, profile]) => {
    const path = join(folder, `${product}-${run}.tif`);
    return { product, path, writer: openCog(join(options.folder, path), profile, { spool }) };
  });
  const bbox = transformBbox(bounds(grid), grid.epsg, 4326);
  return {
    put: async (at, blocks) => {
      await Promise.all(files.map(({ product, writer }) => writer.put(at, blocks.get(product)!)));
    },
    finish: async () => {
      const assets: AssetRow[] = [];
      for (const { product, path, writer } of files) {
        const hash = createHash('sha256');
        const { bytes } = await writer.finish({ watch: (piece) => hash.update(piece) });
        const sha256 = hash.digest('hex');
        assets.push({ sceneId: scene.id, product, path, sha256, bytes, epsg: grid.epsg, bbox });
      }
      return assets;
    },
    close: () => spool.close(),
  };
}

/** What the numbers are, as the files say it. */
const REFLECTANCE_OF = { boa: 'surface', toa: 'top of atmosphere' } as const;

/** What each file of a run says about itself, by product. */
function profilesOf(
  scene: Scene,
  outlook: Outlook,
  grid: Grid & { epsg: number },
  products: readonly IndexProductId[],
  run: string,
  { compress, version }: MakeOptions,
): Map<string, CogProfile> {
  const metadata = {
    ACQUISITION_TIME: scene.datetime,
    SENSOR: scene.sensor,
    SCENE: scene.id,
    RADIOMETRY: scene.radiometry,
    REFLECTANCE: REFLECTANCE_OF[outlook.calibration.unit],
    ...(outlook.aerosol === null
      ? {}
      : { AOT550: outlook.aerosol.aot550.toFixed(3), AOT550_SOURCE: outlook.aerosol.source }),
    RUN: run,
    SOFTWARE: `heitu ${version}`,
    ...(scene.simulated ? { SIMULATED: 'true' } : {}),
  };
  const common = { grid, compress, metadata };
  const profiles = new Map<string, CogProfile>();
  for (const id of products) {
    const { index } = INDEX_PRODUCTS[id].from;
    const band = {
      description: index,
      unit: INDEX_PRODUCTS[id].unit,
      scale: INDICES[index].scale,
      offset: 0,
    };
    profiles.set(id, {
      ...common,
      dtype: 'int16',
      bands: [band],
      nodata: NODATA_COUNT,
      resampling: 'average',
    });
  }
  const quality = [{ description: 'quality flags' }];
  profiles.set('QUALITY', {
    ...common,
    dtype: 'uint16',
    bands: quality,
    nodata: null,
    resampling: 'mode',
  });
  profiles.set('REFLECTANCE', {
    ...common,
    dtype: 'int16',
    bands: bandsNeeded(scene, products).map((description) => ({
      description,
      unit: '1',
      scale: REFLECTANCE_SCALE,
      offset: 0,
    })),
    nodata: NODATA_COUNT,
    resampling: 'average',
  });
  if (hasColour(scene)) {
    const bands = ['red', 'green', 'blue'].map((description) => ({ description }));
    const look = { dtype: 'uint8', nodata: 0, resampling: 'average', photometric: 'rgb' } as const;
    profiles.set('TRUE_COLOR', { ...common, ...look, bands });
  }
  return profiles;
}
