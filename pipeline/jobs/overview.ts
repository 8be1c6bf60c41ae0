import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { isGeographic } from '../core/crs.ts';
import { clampWindow, crop, finer, type Grid, latticeOffset, TILE_SIZE, tilesOf } from '../core/grid.ts';
import { QUALITY } from '../core/quality.ts';
import { type Scene, saturationOf } from '../core/scene.ts';
import type { LooseTile } from '../core/tile.ts';
import { groundUnder } from '../geometry/ground.ts';
import { openRaster } from '../ingest/geotiff.ts';
import { type GroundSource, openGround } from '../ingest/ground.ts';
import { openScene } from '../ingest/tile.ts';
import { coarsen } from '../mask/coarsen.ts';
import type { Relief } from '../mask/terrain.ts';
import { MASK } from '../mask/thresholds.ts';
import { gridOn, type Lattice } from '../warp/lattice.ts';
import { placeTile } from '../warp/resample.ts';
import { writeAtomically } from '../write/atomic.ts';
import { sceneWindow } from './scene-window.ts';

/** Bands that the tests of sky and air look at. */
const BANDS = ['B', 'G', 'R', 'N'] as const;

/** Counted up when the same scene would give other overviews: older files in the cache are then not found. */
const VERSION = 1;

/** Cells of an overview at most: what the tests of sky and air hold of a scene has to fit in memory several times. */
const MOST_CELLS = 2 ** 22;

/**
 * Analysis pixels along the edge of a scene's overview cells: about ten metres of them, or one where pixels are larger, or as
 * many as it takes for the cells not to be too many. 13 pixels of 0.75 m; 3 of 3 m, and 4 from 6 144 × 6 144 of them on.
 */
export function pixelsPerCell(lattice: Lattice, { width, height }: Pick<Grid, 'width' | 'height'>): number {
  const usual = Math.floor(MASK.cell / pixelMetres(lattice));
  return Math.max(1, usual, Math.ceil(Math.sqrt((width * height) / MOST_CELLS)));
}

/** Metres along the edge of a scene's overview cells. */
export function cellMetres(lattice: Lattice, size: Pick<Grid, 'width' | 'height'>): number {
  return pixelsPerCell(lattice, size) * pixelMetres(lattice);
}

function pixelMetres({ pixelWidth, epsg }: Lattice): number {
  return pixelWidth * (isGeographic(epsg) ? 111_000 : 1);
}

/** The overview's grid: cells of whole analysis pixels, in the same places for every scene of the workspace of that cell size. */
export function overviewGrid(lattice: Lattice, grid: Grid & { epsg: number }): Grid & { epsg: number } {
  const k = pixelsPerCell(lattice, gridOn(lattice, grid));
  const { pixelWidth, pixelHeight } = lattice;
  return gridOn({ ...lattice, pixelWidth: k * pixelWidth, pixelHeight: k * pixelHeight }, grid);
}

/**
 * A whole scene in cells of some ten metres, as stored numbers (means of the pixels that were imaged): small enough to be
 * looked at as a whole, for clouds and their shadows, the air, and as the earlier look of later scenes. Read once and kept in the
 * workspace's `cache`; what is there may be deleted at any time.
 */
export async function readOverview(
  scene: Scene,
  lattice: Lattice,
  workspace: string,
  ground: GroundSource | null = null,
): Promise<LooseTile<'dn'>> {
  const file = join(workspace, 'cache', 'overviews', `${scene.id}-${keyOf(scene, lattice, ground)}.cells`);
  const kept = await keptOverview(file);
  if (kept !== null) return kept;
  const made = await makeOverview(scene, lattice, ground);
  await keepOverview(file, made);
  return made;
}

/**
 * Makes the overview of a scene: straight from the stored rows where its pixels lie on the lattice, else a tile at a time
 * through placing. Both give the same bits where both can be had: sums of whole numbers are exact.
 */
export async function makeOverview(
  scene: Scene,
  lattice: Lattice,
  ground: GroundSource | null = null,
): Promise<LooseTile<'dn'>> {
  return (await sumRows(scene, lattice)) ?? (await averageTiles(scene, lattice, ground));
}

async function averageTiles(
  scene: Scene,
  lattice: Lattice,
  ground: GroundSource | null,
): Promise<LooseTile<'dn'>> {
  const { grid, bands, quality } = blankOverview(scene, lattice);
  const k = pixelsPerCell(lattice, gridOn(lattice, scene.grid));
  const source = await openScene(scene, Object.keys(bands), ground);
  try {
    for (const window of tilesOf(grid, Math.max(1, Math.floor(TILE_SIZE / k)))) {
      const fine = { ...finer(crop(grid, window), k), epsg: grid.epsg };
      const raw = await source.read(sceneWindow(scene.grid, fine));
      const tile = coarsen(placeTile(raw, fine), k);
      for (let row = 0; row < window.height; row++) {
        const from = [row * window.width, (row + 1) * window.width] as const;
        const at = (window.row + row) * grid.width + window.col;
        for (const [name, values] of Object.entries(bands))
          values.set(tile.bands[name]!.subarray(...from), at);
        quality.set(tile.quality.subarray(...from), at);
      }
    }
  } finally {
    await source.close();
  }
  return { unit: 'dn', grid, bands, quality };
}

function blankOverview(scene: Scene, lattice: Lattice) {
  const grid = overviewGrid(lattice, scene.grid);
  const names = BANDS.filter((name) => scene.bands.some((band) => band.name === name));
  const floats = () => new Float32Array(grid.width * grid.height);
  const bands: Record<string, Float32Array> = Object.fromEntries(names.map((name) => [name, floats()]));
  return { grid, bands, quality: new Uint16Array(grid.width * grid.height) };
}

/** Rows of cells that are read at a time. */
const CELL_ROWS = 32;

/** The overview of a scene of whole numbers in one file whose pixels lie on the lattice; null for others. */
async function sumRows(scene: Scene, lattice: Lattice): Promise<LooseTile<'dn'> | null> {
  const { grid, bands, quality } = blankOverview(scene, lattice);
  const k = pixelsPerCell(lattice, gridOn(lattice, scene.grid));
  const own = Object.keys(bands).map((name) => scene.bands.find((band) => band.name === name)!);
  const offset = latticeOffset(finer(grid, k), scene.grid);
  const [first] = own;
  if (offset === null || first === undefined || own.length !== BANDS.length) return null;
  if (own.some((band) => band.file !== first.file || band.grid !== null || band.rpc !== null)) return null;
  const file = await openRaster(join(scene.folder, first.file));
  try {
    if (!/^u?int(8|16)$/.test(file.info.dtype) || file.info.validity !== null) return null;
    const { width, height } = scene.grid;
    const saturated = saturationOf(scene) ?? Number.POSITIVE_INFINITY;
    const numbers = own.map((band) => band.number);
    for (let cellRow = 0; cellRow < grid.height; cellRow += CELL_ROWS) {
      const cellRows = Math.min(CELL_ROWS, grid.height - cellRow);
      const top = Math.max(0, cellRow * k - offset.row);
      const bottom = Math.min(height, (cellRow + cellRows) * k - offset.row);
      if (bottom <= top) continue;
      const planes = await file.read(numbers, { col: 0, row: top, width, height: bottom - top });
      const sums = newCellSums(cellRows * grid.width);
      for (let row = top; row < bottom; row++) {
        const line = (Math.floor((offset.row + row) / k) - cellRow) * grid.width;
        const run = { line, first: offset.col, pixels: k, width };
        addRow(planes, (row - top) * width, run, { nodata: scene.nodata, saturated }, sums);
      }
      finishCells(sums, bands, quality, cellRow * grid.width, k * k);
    }
  } finally {
    await file.close();
  }
  return { unit: 'dn', grid, bands, quality };
}

interface CellSums {
  readonly valid: Uint32Array;
  readonly saturated: Uint32Array;
  readonly sums: readonly [Float64Array, Float64Array, Float64Array, Float64Array];
}

function newCellSums(cells: number): CellSums {
  const doubles = () => new Float64Array(cells);
  return {
    valid: new Uint32Array(cells),
    saturated: new Uint32Array(cells),
    sums: [doubles(), doubles(), doubles(), doubles()],
  };
}

/** Adds a row of pixels to its cells, a cell at a time: a pixel counts when no band of it is nodata. */
function addRow(
  [p0, p1, p2, p3]: readonly ArrayLike<number>[],
  from: number,
  { line, first, pixels, width }: { line: number; first: number; pixels: number; width: number },
  limits: { nodata: number | null; saturated: number },
  { valid, saturated, sums: [s0, s1, s2, s3] }: CellSums,
): void {
  // NaN equals nothing, so that it stands for "every number is a value".
  const nodata = limits.nodata ?? Number.NaN;
  const most = limits.saturated;
  for (let col = 0, cell = line + Math.floor(first / pixels); col < width; cell++) {
    const end = Math.min(width, col + pixels - ((first + col) % pixels));
    let [n, full, t0, t1, t2, t3] = [0, 0, 0, 0, 0, 0];
    for (; col < end; col++) {
      const a = p0![from + col]!;
      const b = p1![from + col]!;
      const c = p2![from + col]!;
      const d = p3![from + col]!;
      if (a === nodata || b === nodata || c === nodata || d === nodata) continue;
      n += 1;
      t0 += a;
      t1 += b;
      t2 += c;
      t3 += d;
      if (a >= most || b >= most || c >= most || d >= most) full += 1;
    }
    valid[cell]! += n;
    saturated[cell]! += full;
    s0[cell]! += t0;
    s1[cell]! += t1;
    s2[cell]! += t2;
    s3[cell]! += t3;
  }
}

/** Means and flags of some rows of cells, by the rules of coarsen. */
function finishCells(
  { valid, saturated, sums }: CellSums,
  bands: Readonly<Record<string, Float32Array>>,
  quality: Uint16Array,
  start: number,
  pixels: number,
): void {
  for (let i = 0; i < valid.length; i++) {
    const n = valid[i]!;
    if (2 * n < pixels) quality[start + i] = QUALITY.NODATA.bit;
    else if (2 * saturated[i]! >= n) quality[start + i] = QUALITY.SATURATED.bit;
  }
  for (const [at, values] of Object.values(bands).entries()) {
    const own = sums[at]!;
    for (let i = 0; i < valid.length; i++) if (valid[i]! > 0) values[start + i] = own[i]! / valid[i]!;
  }
}

/** The vendor's own class of every overview cell, that of its middle; null where the delivery has no classes. */
export async function readClasses(scene: Scene, lattice: Lattice): Promise<Uint16Array | null> {
  const { classification } = scene;
  if (classification === null) return null;
  const target = overviewGrid(lattice, scene.grid);
  const file = await openRaster(join(scene.folder, classification.file));
  try {
    const own = { ...classification.grid, epsg: scene.grid.epsg };
    const window = clampWindow(own, sceneWindow(own, target));
    if (window === null) return new Uint16Array(target.width * target.height);
    const [plane] = await file.read([classification.number], window);
    const classes = Float32Array.from(plane as Uint16Array); // class codes are small whole numbers
    const quality = new Uint16Array(classes.length);
    const tile = { unit: 'dn', grid: crop(own, window), bands: { classes }, quality } as const;
    return Uint16Array.from(placeTile<'dn'>(tile, target, 'nearest').bands.classes!);
  } finally {
    await file.close();
  }
}

/** Heights of the land under every overview cell; null without a terrain model. */
export async function readRelief(
  scene: Scene,
  lattice: Lattice,
  source: GroundSource | null,
): Promise<Relief | null> {
  if (source === null || source.kind === 'height') return null;
  const target = overviewGrid(lattice, scene.grid);
  const terrain = await openGround(source);
  try {
    const ground = await terrain.under(target);
    if (typeof ground === 'number') return null;
    const rows = groundUnder(ground, target);
    const heights = new Float32Array(target.width * target.height);
    const line = new Float64Array(target.width);
    for (let row = 0; row < target.height; row++) {
      rows.row(row, line);
      heights.set(line, row * target.width);
    }
    const { width, height } = target;
    return { heights, width, height, size: cellMetres(lattice, gridOn(lattice, scene.grid)) };
  } finally {
    await terrain.close();
  }
}

function keyOf(scene: Scene, lattice: Lattice, ground: GroundSource | null): string {
  const { bands, bits, nodata, grid } = scene;
  const sums = scene.files.map((file) => file.sha256);
  return createHash('sha256')
    .update(JSON.stringify([VERSION, sums, bands, bits, nodata, grid, lattice, MASK.cell, ground]))
    .digest('hex')
    .slice(0, 16);
}

/** First line of a cached overview; the numbers follow as they lie in memory: flags, then band after band. */
interface CacheHead {
  readonly version: number;
  readonly grid: Grid;
  readonly names: readonly string[];
  /** Of the numbers: a cache must not be able to change a result. */
  readonly crc32: number;
}

async function keptOverview(file: string): Promise<LooseTile<'dn'> | null> {
  const bytes = await readFile(file).catch(() => null);
  const end = bytes?.indexOf(10) ?? -1;
  if (bytes === null || end < 0) return null;
  try {
    const head = JSON.parse(bytes.toString('utf8', 0, end)) as CacheHead; // written by keepOverview; checked below
    const cells = head.grid.width * head.grid.height;
    // What is not whole, or of another make, is made again.
    if (head.version !== VERSION || bytes.length !== end + 1 + cells * (2 + 4 * head.names.length))
      return null;
    if (crc32(bytes.subarray(end + 1)) !== head.crc32) return null;
    const body = Uint8Array.from(bytes.subarray(end + 1)).buffer;
    const quality = new Uint16Array(body.slice(0, 2 * cells));
    const bands = Object.fromEntries(
      head.names.map((name, i) => {
        const from = 2 * cells + 4 * cells * i;
        return [name, new Float32Array(body.slice(from, from + 4 * cells))];
      }),
    );
    return { unit: 'dn', grid: head.grid, bands, quality };
  } catch {
    return null;
  }
}

async function keepOverview(file: string, { grid, bands, quality }: LooseTile<'dn'>): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const planes = [quality, ...Object.values(bands)].map(
    (plane) => new Uint8Array(plane.buffer, plane.byteOffset, plane.byteLength),
  );
  const sum = planes.reduce((crc, plane) => crc32(plane, crc), 0);
  const head: CacheHead = { version: VERSION, grid, names: Object.keys(bands), crc32: sum };
  await writeAtomically(file, [Buffer.from(`${JSON.stringify(head)}\n`), ...planes]);
}
