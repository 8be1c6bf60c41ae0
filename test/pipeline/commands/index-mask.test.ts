import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeCounty } from '../../../fixtures/make/county.ts';
import { isClear } from '../../../pipeline/core/quality.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { calibrateImage, maskImage } from '../../../pipeline/jobs/calibrate.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';

// Two blocks a side and no multiple of a cell, so that cells are cut by blocks and by the edge.
const WIDTH = 700;
const HEIGHT = 610;
const folder = await temporaryFolder();

async function countsOf(file: string): Promise<Int16Array> {
  const raster = await openRaster(file);
  const [plane] = await raster.read([1], { col: 0, row: 0, width: WIDTH, height: HEIGHT });
  await raster.close();
  return plane as Int16Array; // an index is stored as int16
}

it('index --mask takes out the pixels of hidden cells, in one thread and in two, and changes no other', async () => {
  await makeCounty(folder, { width: WIDTH, height: HEIGHT, dates: 6 });
  const home = join(folder, 'deliveries');
  // The second of six dates is a third under cloud.
  const [, cloudy] = (await readdir(home)).sort();
  const image = join(home, cloudy!, `${cloudy}_MSS.tif`);
  const out = join(folder, 'out');
  const index = async (name: string, ...more: string[]) => {
    const options = ['--calibrate', 'boa', '--index', 'NDVI', '--name', name, '--out', out, ...more];
    const ran = await heitu(['index', image, ...options]);
    expect([ran.code, ran.err]).toEqual([0, expect.not.stringMatching(/E_[A-Z]/)]);
    const file = (await readdir(out)).find((one) => one.startsWith(name) && one.endsWith('NDVI.tif'));
    return countsOf(join(out, file!));
  };
  const plain = await index('plain');
  const one = await index('one', '--mask', '--threads', '1');
  const two = await index('two', '--mask', '--threads', '2');
  expect(two).toEqual(one);

  const calibrated = await calibrateImage(image, 'boa', undefined);
  const { pixels, grid, quality } = (await maskImage(calibrated))!;
  const own = calibrated.scene.grid.transform;
  const left = Math.round((own[0] - grid.transform[0]) / 3);
  const top = Math.round((grid.transform[3] - own[3]) / 3);
  let hidden = 0;
  for (let row = 0; row < HEIGHT; row++) {
    for (let col = 0; col < WIDTH; col++) {
      const cell = Math.floor((top + row) / pixels) * grid.width + Math.floor((left + col) / pixels);
      const i = row * WIDTH + col;
      const isHidden = !isClear(quality[cell]!);
      hidden += Number(isHidden);
      if (one[i] !== (isHidden ? -32768 : plain[i])) throw new Error(`pixel ${col}, ${row} is ${one[i]}`);
    }
  }
  expect(hidden / (WIDTH * HEIGHT)).toBeGreaterThan(0.2);
  expect(hidden / (WIDTH * HEIGHT)).toBeLessThan(0.9);
});

it('index --mask without --calibrate is refused with what to do', async () => {
  const ran = await heitu(['index', 'scene.tif', '--mask', '--bands', 'R=3,N=4', '--out', folder]);
  expect(ran.code).not.toBe(0);
  expect(ran.err).toContain('--mask needs --calibrate');
});
