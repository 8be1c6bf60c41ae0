import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { transformBbox } from '../core/crs.ts';
import { HeituError } from '../core/error.ts';
import { bounds, type Grid, latticeOffset } from '../core/grid.ts';
import type { Scene } from '../core/scene.ts';
import { NODATA_COUNT } from '../indices/compute.ts';
import { INDICES } from '../indices/table.ts';
import { gridOf, openRaster, type RasterFile } from '../ingest/geotiff.ts';
import { INDEX_PRODUCTS, SEASON_COLLECTION, type SEASON_PRODUCTS } from '../products/table.ts';
import { cutsOf } from '../season/grade.ts';
import { type Growth, type GrowthOptions, type GrowthRun, growthOf } from '../season/growth.ts';
import { type RegionGrowth, regionsOf } from '../season/regions.ts';
import { GRADE_RULES, GRADES, GROWTH_RULE } from '../season/rules.ts';
import { dateOf } from '../series/axis.ts';
import type { Store } from '../store/open.ts';
import { placesWithin } from '../store/place.ts';
import { type ObservationRow, publishSeason } from '../store/run.ts';
import type { Source } from '../store/season.ts';
import type { CogProfile } from '../write/cog-file.ts';
import { gridAround, type PaintTile, type ParcelShape, parcelShapes, writeParcelMap } from './parcel-map.ts';
import { dayOf, readSeason, type SeasonAsked, type SeasonData } from './season.ts';
import type { Workspace } from './workspace.ts';

/** What a growth run is told besides the season. */
export interface GrowthAsked extends SeasonAsked {
  readonly preset: GrowthOptions['preset'];
  readonly sameStage: GrowthOptions['sameStage'] | null;
  readonly seed: number;
  readonly version: string;
  readonly now: () => Date;
}

/** What a growth run published. */
export interface GrowthMade {
  readonly item: string;
  readonly run: string;
  /** The graded day. */
  readonly date: string;
  readonly path: string;
  readonly results: readonly Growth[];
  readonly regions: readonly RegionGrowth[];
  readonly data: SeasonData;
}

/**
 * Grades the growth of every parcel on the last day with imagery in a span, and publishes grades, map and reasons in one
 * transaction as an item of the season collection. Throws as `readSeason` does, and E_OUTSIDE_IMAGE where no parcel lies
 * on imagery.
 */
export async function makeGrowth(
  store: Store,
  workspace: Workspace,
  asked: GrowthAsked,
): Promise<GrowthMade> {
  const startedAt = asked.now();
  const data = await readSeason(store, asked, 'anomaly', true);
  const graded = growthOf(data.places, {
    year: data.year,
    day: data.day,
    preset: asked.preset,
    index: asked.product,
    ...(asked.sameStage == null ? {} : { sameStage: asked.sameStage }),
  });
  const { results } = graded;
  const regions = regionsOf(results, data.day, asked.seed);
  const date = dateOf(data.day);
  const id = itemId('growth', date, asked);
  const parameters = {
    ...plainAsked(asked),
    day: date,
    rules: [GROWTH_RULE, GRADE_RULES.A, GRADE_RULES.B],
    preset: asked.preset,
    stage: asked.sameStage === null ? 'calendar' : 'degree-days',
    years: data.years,
    lambdas: data.lambdas,
    sources: data.sources.map(({ scene, run }) => ({ scene: scene.id, run })),
  };
  const run = runName(asked.version, parameters, results, data.sources);
  const made = await seasonMap(store, workspace, data);
  const cogs = await openCogs(workspace.folder, data, made.grid);
  const path = join('cogs', SEASON_COLLECTION.id, id, `GROWTH-${run}.tif`);
  try {
    const asset = await writeParcelMap<Uint8Array>({
      folder: workspace.folder,
      path,
      sceneId: id,
      product: 'GROWTH',
      ...made,
      profile: classProfile(id, run, data, asked.version),
      newTile: (size) => new Uint8Array(size),
      paint: gradePixels(graded, cogs, INDICES[INDEX_PRODUCTS[asked.product].from.index].scale),
    });
    const item = seasonItem(id, made.grid, data);
    await publishSeason(store, {
      item,
      run: {
        id: run,
        sceneId: id,
        startedAt: startedAt.toISOString(),
        finishedAt: asked.now().toISOString(),
        version: asked.version,
        backend: 'cpu',
        parameters,
      },
      clearFraction: regions.at(-1)!.seenShare,
      assets: [asset],
      observations: results.flatMap((one) => observationsOf(one, item.datetime)),
    });
  } finally {
    for (const { file } of cogs) await file.close();
  }
  return { item: id, run, date, path, results, regions, data };
}

/** Id of an item: what it is, its day, and where it is of. */
export function itemId(kind: string, date: string, { region, product, collection }: SeasonAsked): string {
  return [kind, date, region, product === 'NDVI' ? null : product.toLowerCase(), collection]
    .filter((part) => part !== null)
    .join('-');
}

export function plainAsked({ from, to, region, product, collection }: SeasonAsked) {
  return { from, to, region, product, collection };
}

/** The same content and imagery give the same name. */
export function runName(
  version: string,
  parameters: unknown,
  content: unknown,
  sources: readonly Source[],
): string {
  const sums = sources.map(({ asset }) => asset.sha256);
  const text = JSON.stringify([version, parameters, content, sums]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/** The parcels of a season as shapes, and the grid around them. */
export async function seasonMap(
  store: Store,
  { lattice }: Workspace,
  data: SeasonData,
): Promise<{ readonly grid: Grid & { epsg: number }; readonly shapes: readonly ParcelShape[] }> {
  const scenes = data.sources.map(({ scene }) => scene);
  const ids = new Set(data.places.map(({ id }) => id));
  const bbox = [
    Math.min(...scenes.map((scene) => scene.bbox[0])),
    Math.min(...scenes.map((scene) => scene.bbox[1])),
    Math.max(...scenes.map((scene) => scene.bbox[2])),
    Math.max(...scenes.map((scene) => scene.bbox[3])),
  ] as const;
  const rows = await placesWithin(store, { kinds: ['parcel'], bbox });
  const own = rows.filter(({ id }) => ids.has(id));
  // Scenes are processed on a lattice, so that a workspace with results has one.
  const shapes = parcelShapes(own, lattice!);
  const imagery = scenes.map(({ grid }) => boxGrid(grid, lattice!.epsg));
  const grid = own.length === 0 ? null : gridAround(shapes, imagery, lattice!);
  if (grid === null)
    throw new HeituError('E_OUTSIDE_IMAGE', { what: `${data.places.length} parcels`, where: 'parcels' });
  return { grid, shapes };
}

/** A grid of one pixel over the box of another in some CRS. */
function boxGrid(grid: Grid & { epsg: number }, epsg: number): Grid {
  const [west, south, east, north] =
    grid.epsg === epsg ? bounds(grid) : transformBbox(bounds(grid), grid.epsg, epsg);
  return { width: 1, height: 1, transform: [west, east - west, 0, north, 0, south - north], epsg };
}

/** An item as a scene: where and when, of which instruments, and how far its numbers can be trusted. */
export function seasonItem(id: string, grid: Grid & { epsg: number }, { sources }: SeasonData): Scene {
  const last = sources.at(-1)!.scene;
  return {
    ...last,
    id,
    collection: SEASON_COLLECTION.id,
    level: 'season',
    bits: null,
    nodata: null,
    bands: [],
    grid,
    bbox: transformBbox(bounds(grid), grid.epsg, 4326),
    sunElevation: null,
    sunAzimuth: null,
    viewZenith: null,
    viewAzimuth: null,
    run: null,
    atmosphere: null,
    elevation: null,
    classification: null,
    cloudPercent: null,
    folder: '',
    files: [],
    simulated: sources.some(({ scene }) => scene.simulated),
  };
}

/** Metadata that every season map carries. */
export function seasonMetadata(
  id: string,
  run: string,
  { sources, day }: SeasonData,
  version: string,
): Record<string, string> {
  return {
    ACQUISITION_TIME: sources.at(-1)!.scene.datetime,
    DAY: dateOf(day),
    SOURCES: sources.map(({ scene }) => scene.id).join(' '),
    ITEM: id,
    RUN: run,
    SOFTWARE: `heitu ${version}`,
    ...(sources.some(({ scene }) => scene.simulated) ? { SIMULATED: 'true' } : {}),
  };
}

function classProfile(id: string, run: string, data: SeasonData, version: string): Omit<CogProfile, 'grid'> {
  return {
    dtype: 'uint8',
    nodata: 0,
    compress: 'zstd',
    resampling: 'mode',
    bands: [{ description: 'growth grade' }],
    metadata: {
      ...seasonMetadata(id, run, data, version),
      CLASSES: GRADES.map(({ zh, en }, i) => `${i + 1}=${zh} ${en}`).join('; '),
      RULE: `${GROWTH_RULE.version}, ${GRADE_RULES.A.version}, ${GRADE_RULES.B.version}`,
    },
  };
}

/** An index file of the last weeks. */
interface OpenIndex {
  readonly day: number;
  readonly grid: Grid;
  readonly file: RasterFile;
}

/** Index files that pixels are taken from: newest first, of a day the clearest. */
async function openCogs(folder: string, data: SeasonData, grid: Grid): Promise<OpenIndex[]> {
  const recent = data.sources
    .filter((source) => data.day - dayOf(source) <= GROWTH_RULE.lateDays)
    .sort((a, b) => dayOf(b) - dayOf(a) || (b.clearFraction ?? 0) - (a.clearFraction ?? 0));
  const open: OpenIndex[] = [];
  try {
    for (const source of recent) {
      const file = await openRaster(join(folder, source.asset.path));
      open.push({ day: dayOf(source), grid: gridOf(file.info), file });
    }
  } catch (error) {
    for (const { file } of open) await file.close();
    throw error;
  }
  const off = open.find((one) => latticeOffset(one.grid, grid) === null);
  if (off !== undefined) {
    for (const { file } of open) await file.close();
    throw new HeituError('E_GRID_MISMATCH', { what: 'an index map', where: 'the analysis grid' });
  }
  return open;
}

/** Grades pixels by their latest clear look against what their parcel is compared with on that day. */
function gradePixels(graded: GrowthRun, cogs: readonly OpenIndex[], scale: number): PaintTile<Uint8Array> {
  const cuts = new Map<string, readonly number[] | null>();
  const cutsFor = (id: string, day: number) => {
    const name = `${id}\u0000${day}`;
    let known = cuts.get(name);
    if (known === undefined) {
      const reference = graded.referenceOn(id, day);
      known = reference === null ? null : cutsOf(reference).map((value) => value / scale);
      cuts.set(name, known);
    }
    return known;
  };
  return async (tile, parcels, out) => {
    const left = parcels.map(({ id, pixels }) => ({ id, pixels: [...pixels] }));
    for (const cog of cogs) {
      const counts = await countsOn(cog, tile);
      if (counts === null) continue;
      for (const parcel of left) {
        const bounds = cutsFor(parcel.id, cog.day);
        if (bounds === null) continue;
        parcel.pixels = parcel.pixels.filter((at) => {
          const count = counts[at]!;
          if (count === NODATA_COUNT) return true;
          out[at] = 1 + bounds.filter((bound) => count > bound).length;
          return false;
        });
      }
    }
  };
}

/** Stored counts of a file on a tile, nodata outside; null where both do not meet. */
async function countsOn({ grid, file }: OpenIndex, tile: Grid): Promise<Int16Array | null> {
  const { col, row } = latticeOffset(grid, tile)!; // checked when it was opened
  const [left, top] = [Math.max(0, col), Math.max(0, row)];
  const width = Math.min(grid.width, col + tile.width) - left;
  const height = Math.min(grid.height, row + tile.height) - top;
  if (width <= 0 || height <= 0) return null;
  const [counts] = await file.read([1], { col: left, row: top, width, height });
  const out = new Int16Array(tile.width * tile.height).fill(NODATA_COUNT);
  for (let r = 0; r < height; r++)
    out.set(
      (counts as Int16Array).subarray(r * width, (r + 1) * width), // index maps are int16
      (top - row + r) * tile.width + left - col,
    );
  return out;
}

/** What is kept of one place: the grade with its reason, and the figures it rests on. */
function observationsOf(one: Growth, datetime: string): ObservationRow[] {
  const common = {
    placeId: one.id,
    product: 'GROWTH',
    datetime,
    low: null,
    high: null,
    pixelCount: one.pixelCount,
    clearFraction: one.clearFraction,
  };
  const figure = (
    statistic: (typeof SEASON_PRODUCTS)['GROWTH']['statistics'][number],
    value: number | null,
  ) =>
    value === null
      ? []
      : [{ ...common, statistic, status: 'ok' as const, value: Math.round(value * 1e6) / 1e6 }];
  return [
    {
      ...common,
      statistic: 'grade',
      status: one.grade === null ? 'insufficient' : 'ok',
      value: one.grade,
      reason: one.reason,
    },
    ...figure('index', one.index),
    ...figure('delta', one.delta),
    ...figure('z', one.z),
    ...figure('percentile', one.percentile),
    ...figure('gpi', one.gpi),
    ...figure('vci', one.vci),
  ];
}
