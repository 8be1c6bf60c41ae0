import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openRaster } from '../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { realData } from '../helpers/real-data.ts';
import { heitu } from '../helpers/terminal.ts';

const folder = await temporaryFolder();
const barbellino = realData('04-s2-boa-indices-barbellino');

async function bandOf(file: string): Promise<Int16Array> {
  const raster = await openRaster(file);
  const { width, height } = raster.info;
  const [values] = await raster.read([1], { col: 0, row: 0, width, height });
  await raster.close();
  return Int16Array.from(values as Int16Array);
}

/**
 * Sentinel-2 L2A and the index products that sen2r (at e47a78d6) made of it: int16, × 10,000. sen2r clips at ±1 and
 * keeps what we refuse; everything that we publish is compared.
 */
describe.skipIf(barbellino === null)('sen2r over Barbellino', () => {
  it.each([
    ['20170703', 'NDVI'],
    ['20170703', 'MSAVI2'],
    ['20190723', 'NDVI'],
    ['20190723', 'MSAVI2'],
  ])(
    '%s: stored %s is the published count, within one where a value lies between two',
    async (date, index) => {
      const scene = join(barbellino!, `S2A2A_${date}_022_Barbellino_BOA_10.tif`);
      const ran = await heitu([
        'index',
        scene,
        '--index',
        index,
        '--bands',
        'B=2,G=3,R=4,RE1=5,RE2=6,RE3=7,N=8',
        '--scale',
        '0.0001',
        '--name',
        date,
        '--out',
        folder,
      ]);
      expect(ran.err).not.toContain('E_');
      const ours = await bandOf(join(folder, `${date}_${index}.tif`));
      const theirs = await bandOf(join(barbellino!, `S2A2A_${date}_022_Barbellino_${index}_10.tif`));
      let [same, near] = [0, 0];
      for (let i = 0; i < ours.length; i++) {
        if (ours[i] === -32_768) continue;
        const difference = Math.abs(ours[i]! - theirs[i]!);
        if (difference === 0) same += 1;
        else if (difference === 1) near += 1;
        else throw new Error(`pixel ${i}: ${ours[i]} and not ${theirs[i]}`);
      }
      console.log(`${date} ${index}: ${same} counts equal, ${near} one apart, of ${ours.length}`);
      expect(same + near).toBeGreaterThan(950);
      // A difference of one is a value within a hair of the middle between two counts.
      expect(near).toBeLessThanOrEqual(10);
    },
  );
});
