import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inspectRaster, openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { realData } from '../../helpers/real-data.ts';
import { needGdal } from '../write/gdal.ts';
import { handMade, plainTags } from './tiff.ts';

const folder = await temporaryFolder();
const corpus = realData('13-geotiff-corpus');

/**
 * Pixels that GDAL's mask band leaves: `GetRasterBand(1).GetMaskBand().ReadAsArray()`, how many are not 0 (GDAL 3.6.2,
 * python3-gdal), of every file of the corpus that has a mask, and of some with alpha bands of either kind.
 */
const LEFT_BY_GDAL = [
  ['a-must-read/gdal__test3_with_1mask_1bit.tif', 'mask', 100],
  ['a-must-read/gdal__test3_with_mask_1bit_and_ovr.tif', 'mask', 100],
  ['a-must-read/geotools__3_mid.tiff', 'mask', 180_293],
  ['a-must-read/geotools__external2.tif', 'sidecar mask', 184],
  ['a-must-read/geotools__masked2cog.tif', 'mask', 20_738],
  ['a-must-read/geotools__test2.tif', 'mask', 184],
  ['b-should-read/geotools__masked3.tif', 'mask', 440],
  ['b-should-read/rasterio__goes.tif', 'mask', 230_052],
  ['a-must-read/gdal__bug4468.tif', 'alpha', 840],
  ['a-must-read/gdal__expected_TILES.tif', 'alpha', 2731],
  ['a-must-read/gdal__rgba.tif', 'alpha', 100],
  ['a-must-read/gdal__rgba_with_alpha_0_and_255.tif', 'alpha', 3],
  ['a-must-read/gdal__stefan_full_greyalpha_uint16_LZW_predictor_2.tif', 'alpha', 12_520],
  ['a-must-read/gdal__unstable_rpc_with_dem_blank_output.tif', 'alpha', 0],
  ['a-must-read/geotools__1_left_alpha_nm.tiff', 'alpha', 197_943],
  ['a-must-read/libtiffnet__strike-separate.tif', 'alpha', 31_615],
  ['a-must-read/pillow__tiff_strip_planar_16bit_RGBa.tiff', 'alpha', 3999],
  ['a-must-read/riotiler__clp.tif', 'alpha', 42_906],
  ['a-must-read/riotiler__cog_uint8_rgba.tif', 'alpha', 49_152],
  ['b-should-read/imagetiff__usda_naip_256_webp_z3.tif', 'alpha', 40_810],
] as const;

describe.skipIf(corpus === null)('the mask of a file', () => {
  it.each(LEFT_BY_GDAL)('%s (%s) leaves the %i pixels that it leaves in GDAL', async (file, kind, count) => {
    const found = await inspectRaster(join(corpus!, file));
    expect(found.mask).toEqual({ kind, validCount: count });
  });

  it('does not change the statistics of its bands, which are those of stored values', async () => {
    const found = await inspectRaster(join(corpus!, 'a-must-read/gdal__test3_with_1mask_1bit.tif'));
    expect(found.bands!.map((band) => band.validCount)).toEqual([400, 400, 400]);
  });

  it('is the same pixel by pixel as in GDAL, and at an overview', async (context) => {
    needGdal(context);
    const path = join(corpus!, 'a-must-read/gdal__test3_with_mask_1bit_and_ovr.tif');
    const raster = await openRaster(path);
    const [overview] = raster.info.overviews;
    const full = await raster.readValidity([1], { col: 0, row: 0, width: 20, height: 20 });
    const half = await raster.readValidity([1], { col: 0, row: 0, ...overview! }, 1);
    await raster.close();
    expect([...full!]).toEqual(maskByGdal(path));
    expect([...half!]).toEqual(maskByGdal(path, ['-ovr', '0']));
  });

  it('of another kind of code than is read makes the question for valid pixels fail, not the pixels', async () => {
    const path = join(folder, 'fax-mask.tif');
    const bytes = readFileSync(join(corpus!, 'a-must-read/gdal__test3_with_1mask_1bit.tif'));
    setInSecondDirectory(bytes, 259, 4);
    writeFileSync(path, bytes);
    const raster = await openRaster(path);
    const window = { col: 0, row: 0, width: 20, height: 20 };
    expect((await raster.read([1], window))[0]).toHaveLength(400);
    await expect(raster.readValidity([1], window)).rejects.toMatchObject({ code: 'E_TIFF_UNSUPPORTED' });
    await raster.close();
    const found = await inspectRaster(path);
    expect(found).toMatchObject({ ok: true, mask: { kind: 'mask', validCount: null } });
    expect(found.notes).toEqual(['its mask cannot be read: ccitt-g4']);
  });

  it('in a file beside it (.msk) counts as one inside does', async (context) => {
    needGdal(context);
    const path = join(folder, 'beside.tif');
    const from = join(corpus!, 'a-must-read/gdal__test3_with_1mask_1bit.tif');
    const config = ['--config', 'GDAL_TIFF_INTERNAL_MASK', 'NO'];
    execFileSync('gdal_translate', ['-q', ...config, from, path]);
    const found = await inspectRaster(path);
    expect(found.mask).toEqual({ kind: 'sidecar mask', validCount: 100 });
    const raster = await openRaster(path);
    const valid = await raster.readValidity([2], { col: 0, row: 0, width: 20, height: 20 });
    await raster.close();
    expect([...valid!]).toEqual(maskByGdal(from));
  });

  it('in a file beside it that has another size is not used, and told of', async () => {
    const path = join(folder, 'small.tif');
    writeFileSync(path, handMade({ tags: plainTags(3, 2), blocks: [new Uint8Array(6)] }));
    writeFileSync(`${path}.msk`, handMade({ tags: plainTags(2, 2), blocks: [new Uint8Array(4)] }));
    writeFileSync(`${path}.ovr`, 'anything');
    const found = await inspectRaster(path);
    expect(found.mask).toBeNull();
    expect(found.notes.join('\n')).toMatch(
      /small\.tif\.ovr is not used.*\n.*small\.tif\.msk has another size/,
    );
  });
});

describe('an alpha band', () => {
  const path = join(folder, 'four.tif');
  const pixels = Uint8Array.from({ length: 24 }, (_, i) => (i % 4 === 3 && i > 8 ? 0 : 10 + i));
  const tags = plainTags(3, 2, [
    { tag: 258, type: 3, values: [8, 8, 8, 8] },
    { tag: 277, type: 3, values: [4] },
    { tag: 338, type: 3, values: [2] },
  ]);
  writeFileSync(path, handMade({ tags, blocks: [pixels] }));
  const window = { col: 0, row: 0, width: 3, height: 2 };

  it('says which pixels of the other bands are there', async () => {
    const raster = await openRaster(path);
    expect(raster.info).toMatchObject({ alpha: 4, validity: 'alpha' });
    expect([...(await raster.readValidity([1, 2, 3], window))!]).toEqual([1, 1, 0, 0, 0, 0]);
    await raster.close();
  });

  it('that is read as a measurement masks nothing: near infrared in a file that calls it alpha', async () => {
    const raster = await openRaster(path);
    expect(await raster.readValidity([3, 4], window)).toBeNull();
    await raster.close();
  });

  it('is not there in a file that tags none', async () => {
    const plain = join(folder, 'plain.tif');
    writeFileSync(plain, handMade({ tags: plainTags(3, 2), blocks: [new Uint8Array(6)] }));
    const raster = await openRaster(plain);
    expect(raster.info).toMatchObject({ alpha: null, validity: null });
    expect(await raster.readValidity([1], window)).toBeNull();
    await raster.close();
  });
});

/** The mask band as GDAL gives it, 1 where it is not 0. */
function maskByGdal(path: string, more: readonly string[] = []): number[] {
  const out = join(folder, 'mask.xyz');
  execFileSync('gdal_translate', ['-q', '-b', 'mask', ...more, '-of', 'XYZ', path, out]);
  const lines = readFileSync(out, 'utf8').trim().split('\n');
  return lines.map((line) => (Number(line.split(' ')[2]) === 0 ? 0 : 1));
}

/** Changes the first number of a tag in the second directory of a classic little-endian TIFF. */
function setInSecondDirectory(bytes: Buffer, tag: number, value: number): void {
  const first = bytes.readUInt32LE(4);
  const second = bytes.readUInt32LE(first + 2 + 12 * bytes.readUInt16LE(first));
  for (let i = 0; i < bytes.readUInt16LE(second); i++) {
    const at = second + 2 + 12 * i;
    if (bytes.readUInt16LE(at) !== tag) continue;
    bytes.writeUInt16LE(value, at + 8);
    return;
  }
  throw new RangeError(`there is no tag ${tag}`);
}
