import { mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { HeituError } from '../../../pipeline/core/error.ts';
import {
  gridOf,
  inspectRaster,
  memorySource,
  openRaster,
  openSource,
} from '../../../pipeline/ingest/geotiff.ts';
import { writeCog } from '../../../pipeline/write/cog.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { handMade, plainTags, type Tag } from './tiff.ts';

let folder = '';
beforeAll(async () => {
  folder = await temporaryFolder();
});

const open = (bytes: Uint8Array) => openSource(memorySource('made.tif', bytes));
const short = (tag: number, ...values: number[]): Tag => ({ tag, type: 3, values });
const doubles = (tag: number, ...values: number[]): Tag => ({ tag, type: 12, values });
const text = (tag: number, values: string): Tag => ({ tag, type: 2, values });

/** All pixels of the given bands of a hand-made file. */
async function pixels(bytes: Uint8Array, bands = [1]): Promise<number[][]> {
  const raster = await open(bytes);
  const { width, height } = raster.info;
  return (await raster.read(bands, { col: 0, row: 0, width, height })).map((band) => [...band]);
}

describe('pixels', () => {
  test('big-endian numbers are turned round', async () => {
    const block = new Uint8Array([0x01, 0x02, 0xff, 0xfe]);
    const tags = plainTags(2, 1, [short(258, 16), short(339, 2)]);
    expect(await pixels(handMade({ bigEndian: true, tags, blocks: [block] }))).toEqual([[258, -2]]);
    expect(await pixels(handMade({ tags, blocks: [block] }))).toEqual([[513, -257]]);
  });

  test('differences are summed along each row and band after the bytes are turned (predictor 2)', async () => {
    const rows = new DataView(new ArrayBuffer(16));
    // Two rows of two pixels of two bands: (10, 20) (+1, +2); (30, 40) (-1, 65535).
    [10, 20, 1, 2, 30, 40, 65535, 65535].forEach((v, i) => {
      rows.setUint16(2 * i, v, false);
    });
    const tags = plainTags(2, 2, [
      short(258, 16, 16),
      short(339, 1, 1),
      short(277, 2),
      short(259, 8),
      short(317, 2),
    ]);
    const file = handMade({ bigEndian: true, tags, blocks: [deflateSync(new Uint8Array(rows.buffer))] });
    expect(await pixels(file, [2, 1])).toEqual([
      [20, 22, 40, 39],
      [10, 11, 30, 29],
    ]);
  });

  test('float bytes are put together from their planes (predictor 3)', async () => {
    // 1.0 is 3f800000 and 2.0 is 40000000: planes 3f 40 | 80 00 | 00 00 | 00 00, then differences.
    const planes = [0x3f, 0x40, 0x80, 0x00, 0, 0, 0, 0];
    const coded = Uint8Array.from(planes, (byte, i) => byte - (i === 0 ? 0 : planes[i - 1]!));
    const tags = plainTags(2, 1, [short(258, 32), short(339, 3), short(259, 50000), short(317, 3)]);
    expect(await pixels(handMade({ tags, blocks: [zstdCompressSync(coded)] }))).toEqual([[1, 2]]);
    expect(await pixels(handMade({ bigEndian: true, tags, blocks: [zstdCompressSync(coded)] }))).toEqual([
      [1, 2],
    ]);
  });

  test('separate planes are read for the bands asked for only', async () => {
    const tags = plainTags(2, 1, [short(258, 8, 8), short(339, 1, 1), short(277, 2), short(284, 2)]);
    const file = handMade({ tags, blocks: [new Uint8Array([1, 2]), new Uint8Array([3, 4])] });
    expect(await pixels(file, [2])).toEqual([[3, 4]]);
    expect(await pixels(file, [1, 2])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('what sticks out of the image in the tiles at its edge is left out', async () => {
    const tags = plainTags(3, 2, [short(322, 2), short(323, 2)]).filter((tag) => tag.tag !== 278);
    const blocks = [new Uint8Array([1, 2, 4, 5]), new Uint8Array([3, 99, 6, 99])];
    expect(await pixels(handMade({ tags, blocks, tiled: true }))).toEqual([[1, 2, 3, 4, 5, 6]]);
  });

  test('packed samples are unpacked, every row from a whole byte', async () => {
    const tags = plainTags(3, 2, [short(258, 4)]);
    expect(await pixels(handMade({ tags, blocks: [new Uint8Array([0x12, 0x3f, 0xab, 0xcf])] }))).toEqual([
      [1, 2, 3, 10, 11, 12],
    ]);
  });

  test('half floats and 64-bit integers become numbers', async () => {
    const half = handMade({
      tags: plainTags(2, 1, [short(258, 16), short(339, 3)]),
      blocks: [bytesOf16(0x3c00, 0xfc00)],
    });
    expect(await pixels(half)).toEqual([[1, Number.NEGATIVE_INFINITY]]);
    const long = handMade({
      tags: plainTags(1, 1, [short(258, 64), short(339, 2)]),
      blocks: [new Uint8Array(new BigInt64Array([-5_000_000_000n]).buffer)],
    });
    expect(await pixels(long)).toEqual([[-5_000_000_000]]);
  });

  test('any window is the same as that part of the whole', async () => {
    const [width, height] = [70, 45];
    const data = Uint16Array.from({ length: width * height }, (_, i) => (i * 31) % 65521);
    const bytes = new Uint8Array(data.buffer);
    const strips = [0, 20, 40].map((row) =>
      deflateSync(bytes.subarray(row * width * 2, (row + 20) * width * 2)),
    );
    const raster = await open(
      handMade({
        tags: plainTags(width, height, [short(258, 16), short(259, 8), short(278, 20)]),
        blocks: strips,
      }),
    );
    for (const window of [
      { col: 0, row: 19, width: 1, height: 2 },
      { col: 69, row: 44, width: 1, height: 1 },
      { col: 3, row: 5, width: 60, height: 38 },
    ]) {
      const [part] = await raster.read([1], window);
      part!.forEach((value, i) => {
        const col = window.col + (i % window.width);
        const row = window.row + Math.floor(i / window.width);
        expect(value).toBe(data[row * width + col]);
      });
    }
    for (const window of [
      { col: -1, row: 0, width: 2, height: 2 },
      { col: 0, row: 44, width: 1, height: 2 },
      { col: 0, row: 0, width: 0, height: 1 },
    ]) {
      await expect(raster.read([1], window)).rejects.toThrow(RangeError);
    }
    await expect(raster.read([2], { col: 0, row: 0, width: 1, height: 1 })).rejects.toThrow(/no band 2/);
  });
});

describe('where and what', () => {
  const facts = async (...changes: Tag[]) =>
    (await open(handMade({ tags: plainTags(1, 1, changes), blocks: [new Uint8Array(1)] }))).info;
  const PLACE = [doubles(33550, 3, 3, 0), doubles(33922, 0, 0, 0, 500000, 4873779, 0)];
  const keys = (...words: number[]) => short(34735, 1, 1, 0, words.length / 4, ...words);

  test('scale and tie point make the transform; a point raster is moved by half a pixel', async () => {
    expect((await facts(...PLACE)).transform).toEqual([500000, 3, 0, 4873779, 0, -3]);
    expect((await facts(...PLACE, keys(1025, 0, 1, 2))).transform).toEqual([
      499998.5, 3, 0, 4873780.5, 0, -3,
    ]);
    expect(
      (await facts(doubles(33550, 3, 3, 0), doubles(33922, 10, 20, 0, 500000, 4873779, 0))).transform,
    ).toEqual([499970, 3, 0, 4873839, 0, -3]);
  });

  test('a transform that is zero, not a number or flat counts as none', async () => {
    const none = [
      [doubles(33550, 0, 0, 0), PLACE[1]!],
      [doubles(33550, Number.NaN, 3, 0), PLACE[1]!],
      [PLACE[0]!, doubles(33922, 0, 0, 0, Number.POSITIVE_INFINITY, 0, 0)],
      [doubles(34264, 1, 2, 0, 0, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
      [doubles(34264, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)],
    ];
    for (const tags of none) {
      const info = await facts(...tags);
      expect(info.transform).toBeNull();
      expect(() => gridOf(info)).toThrow(/E_CRS_UNKNOWN|no usable transform/);
    }
  });

  test('EPSG codes come from the geo keys; a user-defined system has a name only', async () => {
    expect(await facts(keys(1024, 0, 1, 1, 3072, 0, 1, 4551))).toMatchObject({ epsg: 4551 });
    expect(await facts(keys(1024, 0, 1, 2, 2048, 0, 1, 4490))).toMatchObject({ epsg: 4490 });
    const named = keys(1024, 0, 1, 1, 1026, 34737, 8, 0, 2048, 0, 1, 4490, 3072, 0, 1, 32767);
    expect(await facts(named, text(34737, 'CGCS_42|'))).toMatchObject({ epsg: null, crsName: 'CGCS_42' });
  });

  test('nodata may be a number, NaN or nonsense', async () => {
    expect((await facts(text(42113, '-9999 '))).nodata).toBe(-9999);
    expect((await facts(text(42113, 'nan'))).nodata).toBeNaN();
    expect((await facts(text(42113, 'none'))).nodata).toBeNull();
    expect((await facts()).nodata).toBeNull();
  });

  test('GDAL items mean the same written plainly or with comments, CDATA and other quotes', async () => {
    const plain = `<GDALMetadata>
  <Item name="FORMULA">(N - R)/(N + R)</Item>
  <Item name="SCALE" sample="0" role="scale">0.0001</Item>
  <Item name="D" sample="0" role="Description"> NDVI </Item>
  <Item name="Y" domain="COLOR_PROFILE">sRGB</Item>
</GDALMetadata>`;
    const expected = {
      bands: [{ description: ' NDVI ', scale: 0.0001, offset: null }],
      metadata: { FORMULA: '(N - R)/(N + R)' },
    };
    expect(await facts(text(42112, plain))).toMatchObject(expected);
    // Texts that only a parser understands.
    for (const [from, to] of [
      ['(N - R)/(N + R)', '<![CDATA[(N - R)/(N + R)]]>'],
      ['<GDALMetadata>', '<?xml version="1.0"?><GDALMetadata><!-- by hand -->'],
      ['name="D" sample="0"', "name='D' sample='0'"],
    ] as const) {
      expect(await facts(text(42112, plain.replace(from, to))), to).toMatchObject(expected);
    }
    expect((await facts(text(42112, plain.slice(0, -9)))).bands).toHaveLength(1);
  });

  test('texts in GBK are read as Chinese', async () => {
    const gbk = { tag: 305, type: 2, values: '' } as const;
    const bytes = handMade({
      tags: plainTags(1, 1, [{ ...gbk, values: 'abcd' }]),
      blocks: [new Uint8Array(1)],
    });
    const at = Buffer.from(bytes).indexOf('abcd');
    bytes.set([0xbc, 0xaa, 0xc1, 0xd6], at);
    expect((await open(bytes)).info.metadata.TIFFTAG_SOFTWARE).toBe('吉林');
  });
});

describe('what is damaged is refused, and the message says what', () => {
  test('a file that is missing, a folder, an empty file, a text', async () => {
    await expect(openRaster(join(folder, 'none.tif'))).rejects.toMatchObject({ code: 'E_FILE_MISSING' });
    await mkdir(join(folder, 'folder.tif'));
    await expect(openRaster(join(folder, 'folder.tif'))).rejects.toMatchObject({ code: 'E_NOT_TIFF' });
    await writeFile(join(folder, 'empty.tif'), '');
    await expect(openRaster(join(folder, 'empty.tif'))).rejects.toMatchObject({ code: 'E_NOT_TIFF' });
    await writeFile(join(folder, 'page.tif'), '<!doctype html><title>404</title>');
    await expect(openRaster(join(folder, 'page.tif'))).rejects.toThrow(/begins with "<!do"/);
  });

  test('a file cut short anywhere never gives pixels for what is gone', async () => {
    const path = join(folder, 'whole.tif');
    const [width, height] = [700, 600];
    const data = Int16Array.from({ length: width * height }, (_, i) => (i * 7919) % 20011);
    await writeCog(path, {
      grid: { width, height, transform: [0, 1, 0, 0, 0, -1], epsg: 4551 },
      bands: [{ data, description: 'x' }],
      nodata: null,
      compress: 'deflate',
      resampling: 'average',
      metadata: {},
    });
    const whole = await readFile(path);
    // The last four bytes are the trailer of the last block, which is no pixel.
    for (const length of [4, 100, 1000, whole.length * 0.3, whole.length * 0.9, whole.length - 5]) {
      const cut = join(folder, 'cut.tif');
      await writeFile(cut, whole);
      await truncate(cut, Math.floor(length));
      expect(await inspectRaster(cut)).toMatchObject({
        ok: false,
        error: { code: expect.stringMatching(/DAMAGED|NOT_TIFF/) },
      });
    }
  });

  test('a block that decodes to too little', async () => {
    const tags = plainTags(4, 4, [short(259, 8)]);
    const raster = await open(handMade({ tags, blocks: [deflateSync(new Uint8Array(12))] }));
    const read = raster.read([1], { col: 0, row: 0, width: 4, height: 4 });
    await expect(read).rejects.toThrow(/strip 0: 12 of 16 bytes/);
  });

  test('a block whose bits were flipped', async () => {
    const block = deflateSync(Uint8Array.from({ length: 4096 }, (_, i) => (i * i) % 251));
    block[block.length - 30]! ^= 0x10;
    const raster = await open(handMade({ tags: plainTags(64, 64, [short(259, 8)]), blocks: [block] }));
    const read = raster.read([1], { col: 0, row: 0, width: 64, height: 64 });
    await expect(read).rejects.toMatchObject({ code: 'E_TIFF_DAMAGED' });
  });

  test('a few bytes that claim to be gigabytes take no memory', async () => {
    const long = (tag: number, value: number): Tag => ({ tag, type: 4, values: [value] });
    const before = process.memoryUsage().rss;
    const bomb = plainTags(1, 1, [long(256, 14000), long(257, 14000), long(278, 14000), short(259, 8)]);
    const raster = await open(handMade({ tags: bomb, blocks: [deflateSync(new Uint8Array(10))] }));
    await expect(raster.read([1], { col: 0, row: 0, width: 9, height: 9 })).rejects.toThrow(/cannot hold/);
    const huge = plainTags(1, 1, [long(256, 2_000_000_000), short(259, 8)]);
    await expect(open(handMade({ tags: huge, blocks: [new Uint8Array(9)] }))).rejects.toMatchObject({
      code: 'E_TIFF_TOO_LARGE',
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });

  test('random damage ends in pixels or in one of our errors, never in anything else', async () => {
    const noise = Uint8Array.from({ length: 64 * 64 }, (_, i) => (i * i * 31) % 251);
    const files = [
      handMade({ tags: plainTags(64, 64, [short(259, 8)]), blocks: [deflateSync(noise)] }),
      handMade({
        tags: plainTags(64, 64, [short(259, 50000), short(317, 2)]),
        blocks: [zstdCompressSync(noise)],
      }),
      handMade({
        bigEndian: true,
        tags: plainTags(32, 64, [short(258, 16), short(259, 1)]),
        blocks: [noise],
      }),
      handMade({ tags: plainTags(64, 64, [short(259, 5)]), blocks: [noise] }),
    ];
    let state = 1;
    const below = (n: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * n);
    };
    for (let round = 0; round < 800; round++) {
      const bytes = files[round % files.length]!.slice();
      for (let i = 0; i <= below(4); i++) bytes[below(round % 2 === 0 ? 160 : bytes.length)] = below(256);
      try {
        const raster = await open(bytes);
        const { width, height } = raster.info;
        await raster.read([1], { col: 0, row: 0, width: Math.min(width, 99), height: Math.min(height, 99) });
      } catch (error) {
        expect(error).toBeInstanceOf(HeituError);
      }
    }
  });

  test('directories that point at each other end', async () => {
    const bytes = handMade({ tags: plainTags(1, 1), blocks: [new Uint8Array([7])], next: 8 });
    expect(await pixels(bytes)).toEqual([[7]]);
  });

  test('a size of zero and a tag that claims to be longer than the file', async () => {
    const none = handMade({ tags: plainTags(0, 1), blocks: [new Uint8Array(1)] });
    await expect(open(none)).rejects.toThrow(/its size is 0 × 1/);
    const bytes = handMade({ tags: plainTags(1, 1, [short(258, 8, 8, 8, 8)]), blocks: [new Uint8Array(1)] });
    const entry = Buffer.from(bytes).indexOf(Buffer.from([2, 1, 3, 0]));
    new DataView(bytes.buffer).setUint32(entry + 4, 0x7fffffff, true);
    await expect(open(bytes)).rejects.toThrow(/tag 258 claims/);
  });

  test('compressions and colours that are not read are named', async () => {
    const tags = (...changes: Tag[]) =>
      handMade({ tags: plainTags(1, 1, changes), blocks: [new Uint8Array(1)] });
    await expect(open(tags(short(259, 34712)))).rejects.toThrow(/jpeg2000/);
    await expect(open(tags(short(258, 64), short(339, 6)))).rejects.toThrow(/complex float/);
  });
});

describe('inspection', () => {
  test('counts finite values that are not nodata', async () => {
    const path = join(folder, 'float.tif');
    const values = new Float32Array([1, 2.5, -9999, Number.NaN, Number.POSITIVE_INFINITY, 4]);
    const tags = plainTags(6, 1, [short(258, 32), short(339, 3), text(42113, '-9999')]);
    await writeFile(path, handMade({ tags, blocks: [new Uint8Array(values.buffer)] }));
    expect(await inspectRaster(path)).toMatchObject({
      ok: true,
      error: null,
      dtype: 'float32',
      nodata: -9999,
      cog: false,
      bands: [{ validCount: 3, min: 1, max: 4, mean: 2.5 }],
    });
  });

  test('a raster nobody wrote a block of is counted, not read', async () => {
    const long = (tag: number, value: number): Tag => ({ tag, type: 4, values: [value] });
    const path = join(folder, 'nothing.tif');
    const bytes = handMade({
      tags: plainTags(1, 1, [long(256, 60000), long(257, 60000), long(278, 60000)]),
      blocks: [new Uint8Array(0)],
    });
    await writeFile(path, bytes);
    const start = performance.now();
    const { bands } = await inspectRaster(path);
    expect(bands).toEqual([{ name: null, validCount: 3.6e9, min: 0, max: 0, mean: 0 }]);
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

function bytesOf16(...words: number[]): Uint8Array {
  return new Uint8Array(new Uint16Array(words).buffer);
}
