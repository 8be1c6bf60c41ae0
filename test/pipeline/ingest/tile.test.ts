import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import type { Grid } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import type { Scene, SceneBand } from '../../../pipeline/core/scene.ts';
import { heightAt } from '../../../pipeline/geometry/ground.ts';
import { project } from '../../../pipeline/geometry/rpc.ts';
import { openScene } from '../../../pipeline/ingest/tile.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { aScene } from '../../helpers/builders.ts';
import { goldenGround, MODELS, modelOf } from '../geometry/models.ts';

const GRID = { width: 60, height: 40, transform: [300_000, 10, 0, 4_870_000, 0, -10], epsg: 32652 } as const;
const COARSE = {
  width: 30,
  height: 20,
  transform: [300_000, 20, 0, 4_870_000, 0, -20],
  epsg: 32652,
} as const;
/** An eighth as large as the model's image, its pixels eight times as large. */
const RAW = { width: 1000, height: 1000 };

let folder: string;

async function write(name: string, grid: Grid, value: (col: number, row: number) => number): Promise<void> {
  const data = Uint16Array.from({ length: grid.width * grid.height }, (_, i) =>
    value(i % grid.width, Math.floor(i / grid.width)),
  );
  await writeCog(join(folder, name), {
    grid,
    bands: [{ data, description: 'band' }],
    nodata: 0,
    compress: 'deflate',
    resampling: 'average',
    metadata: {},
  });
}

const coarseNumber = (col: number, row: number) => (col === 7 && row === 5 ? 0 : 1000 + 40 * col + 10 * row);
const rawNumber = (col: number, row: number) => 500 + ((col * 3 + row * 5) % 2000);
/** The first golden model for an image of fewer, larger pixels. */
const RPC = { ...modelOf(MODELS[0]!), lineOffset: 500, lineScale: 500, sampleOffset: 500, sampleScale: 500 };

function sceneOf(bands: readonly Partial<SceneBand>[], over: Partial<Scene> = {}): Scene {
  const plain = { number: 1, gain: 1, bias: 0, grid: null, rpc: null };
  return aScene({
    folder,
    grid: GRID,
    bits: 12,
    nodata: 0,
    bands: bands.map((band, i) => ({ name: ['B', 'G', 'R', 'N'][i]!, file: 'fine.tif', ...plain, ...band })),
    ...over,
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heitu-tile-'));
  await write('fine.tif', GRID, (col, row) => 100 + col + 60 * row);
  await write('coarse.tif', COARSE, coarseNumber);
  await write('bright.tif', COARSE, (col, row) => (col === 20 && row === 10 ? 4095 : 2000));
  // Its grid is not what the scene is told of it: a raw image has none that means anything.
  await write('raw.tif', { ...RAW, transform: [0, 1, 0, 0, 0, -1], epsg: 32652 }, rawNumber);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('tiles of a scene whose bands lie apart', () => {
  it('hold a coarser band by the four pixels around each centre, and the finer one as it is stored', async () => {
    const open = await openScene(sceneOf([{}, { file: 'coarse.tif', grid: COARSE }]));
    const tile = await open.read({ col: 10, row: 6, width: 20, height: 12 });
    await open.close();
    for (const [col, row] of [
      [0, 0],
      [19, 11],
      [13, 9],
    ] as const) {
      const i = row * 20 + col;
      expect(tile.bands.B![i]).toBe(100 + col + 10 + 60 * (row + 6));
      // A plane is what bilinear interpolation keeps: half a coarse pixel is one fine pixel.
      const [x, y] = [(col + 10 + 0.5) / 2 - 0.5, (row + 6 + 0.5) / 2 - 0.5];
      expect(tile.bands.G![i]).toBeCloseTo(1000 + 40 * x + 10 * y, 3);
      expect(tile.quality[i]).toBe(0);
    }
    // The coarse pixel without a value is under four by four fine ones.
    const missing = [...tile.quality].filter((flags) => flags === QUALITY.NODATA.bit).length;
    expect(missing).toBe(16);
  });

  it('reach to the edge of the scene, where a coarser pixel has no neighbour', async () => {
    const open = await openScene(sceneOf([{ file: 'coarse.tif', grid: COARSE }]));
    const tile = await open.read({ col: -1, row: 0, width: 62, height: 40 });
    await open.close();
    expect(tile.quality[0]).toBe(QUALITY.NODATA.bit);
    expect(tile.quality[1]).toBe(0);
    expect(tile.bands.B![1]).toBe(1000);
    expect(tile.bands.B![39 * 62 + 60]).toBe(1000 + 40 * 29 + 10 * 19);
  });

  it('are saturated wherever a saturated number takes part', async () => {
    const open = await openScene(sceneOf([{ file: 'bright.tif', grid: COARSE }]));
    const tile = await open.read({ col: 0, row: 0, width: 60, height: 40 });
    await open.close();
    const saturated = [...tile.quality.keys()].filter((i) => tile.quality[i] === QUALITY.SATURATED.bit);
    expect(saturated).toHaveLength(16);
    expect(saturated[0]).toBe(19 * 60 + 39);
  });

  it('are a copy when the band’s own grid is the scene’s', async () => {
    const [open, plain] = [await openScene(sceneOf([{ grid: GRID }])), await openScene(sceneOf([{}]))];
    const window = { col: -2, row: 3, width: 30, height: 20 };
    expect(await open.read(window)).toEqual(await plain.read(window));
    await open.close();
    await plain.close();
  });
});

describe('tiles of a scene that is not georeferenced', () => {
  const { LONG_OFF, LAT_OFF } = MODELS[0]!.rpc;
  const [x, y] = transformer(4326, 32652)(LONG_OFF, LAT_OFF);
  const grid = { width: 50, height: 50, epsg: 32652, transform: [x, 40, 0, y, 0, -40] } as const;
  const scene = () => sceneOf([{ file: 'raw.tif', rpc: RPC }], { grid, bits: null });

  /** What a pixel of the scene must hold, on ground of some height. */
  function expected(col: number, row: number, heightOf: (lon: number, lat: number) => number): number {
    const [lon, lat] = transformer(32652, 4326)(...apply(grid.transform, col + 0.5, row + 0.5));
    const [u, v] = project(RPC, lon, lat, heightOf(lon, lat));
    const [left, top] = [Math.floor(u - 0.5), Math.floor(v - 0.5)];
    const [fx, fy] = [u - 0.5 - left, v - 0.5 - top];
    const line = (r: number) => rawNumber(left, r) * (1 - fx) + rawNumber(left + 1, r) * fx;
    return line(top) * (1 - fy) + line(top + 1) * fy;
  }

  it('are orthorectified on the height the camera model gives, when told no other', async () => {
    const open = await openScene(scene());
    const tile = await open.read({ col: 5, row: 7, width: 40, height: 30 });
    await open.close();
    for (const [col, row] of [
      [0, 0],
      [39, 29],
      [17, 11],
    ] as const) {
      const should = expected(col + 5, row + 7, () => RPC.heightOffset);
      expect(Math.abs(tile.bands.B![row * 40 + col]! - should)).toBeLessThan(1);
      expect(tile.quality[row * 40 + col]).toBe(0);
    }
  });

  it('are orthorectified on a terrain model, and NODATA beyond it', async () => {
    const ground = goldenGround();
    const dem = join(folder, 'dem.tif');
    const data = ground.values.map((value) => value - 12.5);
    await writeCog(dem, {
      grid: ground.grid,
      bands: [{ data, description: 'height' }],
      nodata: null,
      compress: 'deflate',
      resampling: 'average',
      metadata: {},
    });
    const open = await openScene(scene(), undefined, { kind: 'dem', file: dem, geoid: 12.5 });
    const tile = await open.read({ col: 0, row: 0, width: 50, height: 50 });
    await open.close();
    const heightOf = heightAt(ground);
    for (const i of [0, 711, 2499]) {
      const should = expected(i % 50, Math.floor(i / 50), heightOf);
      expect(Math.abs(tile.bands.B![i]! - should)).toBeLessThan(1);
    }
    const elsewhere = { ...grid, transform: [x - 200_000, 40, 0, y, 0, -40] as const };
    const far = await openScene({ ...scene(), grid: elsewhere }, undefined, {
      kind: 'dem',
      file: dem,
      geoid: 0,
    });
    const empty = await far.read({ col: 0, row: 0, width: 8, height: 8 });
    await far.close();
    expect(new Set(empty.quality)).toEqual(new Set([QUALITY.NODATA.bit]));
  });
});
