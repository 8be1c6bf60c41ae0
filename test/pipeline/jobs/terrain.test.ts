import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import { crop } from '../../../pipeline/core/grid.ts';
import { QUALITY } from '../../../pipeline/core/quality.ts';
import { overlookScene } from '../../../pipeline/flow.ts';
import { findDeliveries } from '../../../pipeline/ingest/delivery.ts';
import { admit } from '../../../pipeline/ingest/door.ts';
import { cellMetres, makeOverview, pixelsPerCell, readRelief } from '../../../pipeline/jobs/overview.ts';
import { SENSORS } from '../../../pipeline/sensors/table.ts';
import { latticeFor } from '../../../pipeline/warp/lattice.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

it('a ridge of a terrain model shades what lies behind it from the sun, for as far as its height says, and nothing else', async () => {
  const folder = await temporaryFolder();
  await makeCounty(folder, { width: 180, height: 180, dates: 1 });
  const [found] = await findDeliveries(join(folder, 'deliveries'));
  if (found === undefined || !('delivery' in found)) throw new Error('the county has a delivery');
  // The sun stands in the south at 45°.
  const scene = { ...(await admit(found.delivery)).scene, sunElevation: 45, sunAzimuth: 180 };
  const lattice = latticeFor(scene.grid, 4551);
  // A wall of 90 m from west to east, 60 pixels from the upper edge; the model reaches beyond the scene.
  const grid = { ...crop(scene.grid, { col: -30, row: -30, width: 240, height: 240 }), epsg: 4551 };
  const data = new Float32Array(240 * 240);
  data.fill(90, 240 * 90, 240 * 93);
  const file = join(folder, 'dem.tif');
  const bands = [{ data, description: 'height' }];
  await writeCog(file, { grid, bands, nodata: null, compress: 'zstd', resampling: 'average', metadata: {} });

  const relief = await readRelief(scene, lattice, { kind: 'dem', file, geoid: 18 });
  const overview = {
    scene,
    sensor: SENSORS['jl1-gf02'],
    tile: await makeOverview(scene, lattice),
    pixels: pixelsPerCell(lattice, scene.grid),
    metres: cellMetres(lattice, scene.grid),
    classes: null,
  };
  const flags = overlookScene({ ...overview, relief }, []).mask!.quality;
  const { width, height } = overview.tile.grid;
  const shaded = Array.from({ length: height }, (_, row) => {
    const line = flags.subarray(row * width, (row + 1) * width);
    return line.reduce((sum, flag) => sum + ((flag & QUALITY.TERRAIN.bit) === 0 ? 0 : 1), 0);
  });
  // 90 m of shadow are ten cells of nine metres, north of the wall at cell 20; the foot of the wall may count either way.
  const rows = [...shaded.keys()].filter((row) => shaded[row]! > 0);
  expect(rows.length).toBeGreaterThanOrEqual(9);
  expect(rows.length).toBeLessThanOrEqual(11);
  expect(Math.max(...rows)).toBeLessThanOrEqual(20);
  expect(shaded[15]).toBe(width);
  expect(shaded[40]).toBe(0);
  const level = overlookScene({ ...overview, relief: null }, []).mask!.quality;
  expect(level.some((flag) => (flag & QUALITY.TERRAIN.bit) !== 0)).toBe(false);
});
