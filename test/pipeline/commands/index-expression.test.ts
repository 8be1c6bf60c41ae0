import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectRaster, openRaster, type TypedArray } from '../../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';
import { madePixels, madeTiff } from '../jobs/imagery.ts';

const folder = await temporaryFolder();
const [WIDTH, HEIGHT] = [700, 600];
const scene = join(folder, 'scene.tif');
await writeFile(
  scene,
  madeTiff(madePixels(WIDTH, HEIGHT), WIDTH, HEIGHT, { block: [256, 256], deflate: true, predictor: 2 }),
);
const BANDS = ['--bands', 'B=1,G=2,R=3,N=4', '--scale', '0.0001'];

async function pixelsOf(file: string): Promise<TypedArray> {
  const raster = await openRaster(file);
  const [values] = await raster.read([1], { col: 0, row: 0, width: WIDTH, height: HEIGHT });
  await raster.close();
  return values!;
}

describe('heitu index --expression', () => {
  it('gives for the formula of NDVI the counts of NDVI, beside it or alone', async () => {
    const both = ['--index', 'NDVI', '--expression', 'mine=(N-R)/(N+R)'];
    const ran = await heitu(['index', scene, ...BANDS, ...both, '--out', join(folder, 'both'), '--json']);
    expect(ran.err).not.toContain('E_');
    expect(ran.json().map(({ index }) => index)).toEqual(['NDVI', 'mine']);
    const [named, mine] = [
      await pixelsOf(join(folder, 'both', 'scene_NDVI.tif')),
      await pixelsOf(join(folder, 'both', 'scene_mine.tif')),
    ];
    expect(mine).toBeInstanceOf(Int16Array);
    // The row of the table keeps −1 … 1 only; what is beyond is a value of an expression.
    let compared = 0;
    for (let i = 0; i < named.length; i++) {
      if (named[i] === -32_768) continue;
      compared += 1;
      if (mine[i] !== named[i]) throw new Error(`pixel ${i}: ${mine[i]} and not ${named[i]}`);
    }
    expect(compared).toBeGreaterThan((WIDTH * HEIGHT) / 2);
    const alone = await heitu([
      'index',
      scene,
      ...BANDS,
      '--expression',
      'mine=(N-R)/(N+R)',
      '--out',
      join(folder, 'alone'),
      '--json',
    ]);
    expect(alone.json().map(({ index }) => index)).toEqual(['mine']);
  });

  it('stores by the scale or as the float32 that was asked for, each a valid COG of its own dtype', async () => {
    const out = join(folder, 'stored');
    const text = 'ratio=N/R@0.001; exact=N/R@float32; plain=N-R';
    const ran = await heitu(['index', scene, ...BANDS, '--expression', text, '--out', out, '--threads', '2']);
    expect(ran.err).not.toContain('E_');
    const [ratio, exact] = [
      await pixelsOf(join(out, 'scene_ratio.tif')),
      await pixelsOf(join(out, 'scene_exact.tif')),
    ];
    let compared = 0;
    for (let i = 0; i < ratio.length; i++) {
      if (ratio[i] === -32_768) continue;
      compared += 1;
      expect(Math.abs(Number(ratio[i]) - 1000 * Number(exact[i]))).toBeLessThanOrEqual(0.5 + 1e-3);
    }
    expect(compared).toBeGreaterThan((WIDTH * HEIGHT) / 2);
    const facts = await Promise.all(
      ['ratio', 'exact', 'plain'].map((name) => inspectRaster(join(out, `scene_${name}.tif`))),
    );
    expect(facts.map(({ dtype }) => dtype)).toEqual(['int16', 'float32', 'int16']);
    expect(facts.every(({ cog, overviews }) => cog && overviews !== null)).toBe(true);
    const whole = await openRaster(join(out, 'scene_exact.tif'));
    expect(Number.isNaN(whole.info.nodata)).toBe(true);
    expect(whole.info.bands[0]).toMatchObject({ description: 'exact' });
    expect(whole.info.metadata).toMatchObject({ FORMULA: 'N/R' });
    await whole.close();
  });

  it('says what another name of an index is called here', async () => {
    const ran = await heitu(['index', scene, ...BANDS, '--index', 'MSAVI', '--out', folder]);
    expect(ran.code).toBe(2);
    expect(ran.err).toContain('E_INDEX_UNKNOWN: no such index: MSAVI (here it is MSAVI2)');
  });

  it.each([
    ['NDVI=N-R', 'E_PARAMETER_INVALID', 2],
    ['../x=N-R', 'E_PARAMETER_INVALID', 2],
    ['x=process.exit(1)', 'E_FORMULA_SYNTAX', 2],
    ['x=N-RE1', 'E_BAND_MISSING', 1],
  ])('%s is refused with %s, and nothing is written', async (text, code, exit) => {
    const ran = await heitu([
      'index',
      scene,
      ...BANDS,
      '--expression',
      text,
      '--out',
      join(folder, 'refused'),
    ]);
    expect(ran.err).toContain(`${code}: `);
    expect(ran.code).toBe(exit);
    await expect(openRaster(join(folder, 'refused', 'scene_x.tif'))).rejects.toMatchObject({
      code: 'E_FILE_MISSING',
    });
  });
});
