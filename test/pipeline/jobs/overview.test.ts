import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import type { Scene } from '../../../pipeline/core/scene.ts';
import { findDeliveries } from '../../../pipeline/ingest/delivery.ts';
import { admit } from '../../../pipeline/ingest/door.ts';
import { makeOverview, overviewGrid, pixelsPerCell, readOverview } from '../../../pipeline/jobs/overview.ts';
import { latticeFor } from '../../../pipeline/warp/lattice.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

async function countyScene(folder: string): Promise<Scene> {
  await makeCounty(folder, { width: 131, height: 117, dates: 4 });
  const found = await findDeliveries(join(folder, 'deliveries'));
  const last = found.at(-1)!;
  if (!('delivery' in last)) throw new Error('the county has a delivery');
  return (await admit(last.delivery)).scene;
}

describe('the overview of a scene', () => {
  it('has cells of whole analysis pixels of about ten metres, in the same places for every scene', async () => {
    const folder = await temporaryFolder();
    const scene = await countyScene(folder);
    const lattice = latticeFor(scene.grid, 4551);
    expect(pixelsPerCell(lattice, scene.grid)).toBe(3);
    expect(pixelsPerCell({ ...lattice, pixelWidth: 0.75 }, scene.grid)).toBe(13);
    expect(pixelsPerCell({ ...lattice, pixelWidth: 64 }, scene.grid)).toBe(1);
    // A large scene gets larger cells, so that what is held of it does not grow.
    expect(pixelsPerCell(lattice, { width: 8192, height: 8192 })).toBe(4);
    expect(pixelsPerCell(lattice, { width: 20_000, height: 30_000 })).toBe(12);
    const grid = overviewGrid(lattice, scene.grid);
    const [x, width, , y] = grid.transform;
    expect([x % 9, width, y % 9]).toEqual([0, 9, 0]);
    const other = overviewGrid(lattice, { ...scene.grid, width: 70 });
    expect((other.transform[0] - x) % 9).toBe(0);
  });

  it('is the same bit for bit from stored rows and from placed tiles', async () => {
    const folder = await temporaryFolder();
    const scene = await countyScene(folder);
    const lattice = latticeFor(scene.grid, 4551);
    const quick = await makeOverview(scene, lattice);
    // A band in a file of its own goes the long way round.
    const { file } = scene.bands[3]!;
    await copyFile(join(scene.folder, file), join(scene.folder, 'nir.tif'));
    const bands = scene.bands.map((band) => (band.name === 'N' ? { ...band, file: 'nir.tif' } : band));
    const slow = await makeOverview({ ...scene, bands }, lattice);
    expect(quick.grid).toEqual(slow.grid);
    expect(quick.bands).toEqual(slow.bands);
    expect(quick.quality).toEqual(slow.quality);
    // Fill at the swath's edge is there, and ground.
    expect(new Set(quick.quality)).toContain(0);
  });

  it('is read once and then found in the cache, and made again when that is damaged', async () => {
    const folder = await temporaryFolder();
    const scene = await countyScene(folder);
    const lattice = latticeFor(scene.grid, 4551);
    const workspace = join(folder, 'workspace');
    await mkdir(workspace);
    const made = await readOverview(scene, lattice, workspace);
    const gone = { ...scene, folder: join(folder, 'nowhere') };
    expect((await readOverview(gone, lattice, workspace)).bands).toEqual(made.bands);
    expect((await readOverview(gone, lattice, workspace)).quality).toEqual(made.quality);
    const [cached] = await readdir(join(workspace, 'cache', 'overviews'));
    const file = join(workspace, 'cache', 'overviews', cached!);
    const bytes = await readFile(file);
    bytes[bytes.length - 9]! ^= 4;
    await writeFile(file, bytes);
    expect((await readOverview(scene, lattice, workspace)).bands).toEqual(made.bands);
    await expect(readOverview({ ...gone, nodata: 7 }, lattice, workspace)).rejects.toMatchObject({
      code: 'E_FILE_MISSING',
    });
  });
});
