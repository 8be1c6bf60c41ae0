import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sunPosition } from '../../../fixtures/make/image/sun.ts';
import type { ErrorCode } from '../../../pipeline/core/error.ts';
import { findDeliveries } from '../../../pipeline/ingest/delivery.ts';
import { examine } from '../../../pipeline/ingest/door.ts';
import { openScene } from '../../../pipeline/ingest/tile.ts';
import { gsdOf } from '../../../pipeline/sensors/table.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import {
  GRID,
  HEIGHT,
  metaXml,
  rpcText,
  SCENE,
  WIDTH,
  writeFiles,
  writePlaced,
  writeRaw,
} from './deliveries.ts';

const root = await temporaryFolder();
let count = 0;

/** A new folder. */
async function place(): Promise<string> {
  count += 1;
  const folder = join(root, `d${count}`);
  await mkdir(folder);
  return folder;
}

/** The deliveries of a folder, examined. */
async function examineAll(folder: string) {
  const found = await findDeliveries(folder);
  return Promise.all(
    found.map(async (one) => {
      if ('delivery' in one) return { kind: one.delivery.kind, ...(await examine(one.delivery)) };
      throw 'error' in one ? one.error : new Error(one.archive);
    }),
  );
}

type One = Awaited<ReturnType<typeof examineAll>>[number];

/** The only delivery of a folder. */
async function examineOne(folder: string): Promise<One> {
  const all = await examineAll(folder);
  expect(all).toHaveLength(1);
  return all[0]!;
}

const codesOf = (one: One) => one.findings.map((finding) => `${finding.severity} ${finding.code}`);

/** A georeferenced multispectral delivery with metadata changed. */
async function pms(
  over: Readonly<Record<string, string | null>> = {},
  options: Parameters<typeof writePlaced>[1] & { scene?: string; xml?: string | Uint8Array } = {},
): Promise<string> {
  const folder = await place();
  const stem = `${options.scene ?? SCENE}_001_L1_MSS`;
  await writePlaced(join(folder, `${stem}.tif`), options);
  await writeFile(join(folder, `${stem}_meta.xml`), options.xml ?? metaXml(over));
  return folder;
}

async function expectRefused(folder: string, code: ErrorCode, about: RegExp = /./): Promise<void> {
  const one = await examineOne(folder);
  expect(one.scene).toBeNull();
  const errors = one.findings.filter((finding) => finding.severity === 'error');
  expect(errors.map((finding) => finding.code)).toEqual([code]);
  expect(`${errors[0]!.file} ${errors[0]!.where} ${errors[0]!.what}`).toMatch(about);
  expect(JSON.stringify(one.findings)).not.toContain(root);
}

describe('a Jilin-1 multispectral delivery', () => {
  it('becomes a scene with radiance coefficients, bands by name, Beijing time as UTC, and its run', async () => {
    const one = await examineOne(await pms());
    expect(codesOf(one)).toEqual([]);
    expect(one.scene).toMatchObject({
      id: SCENE,
      run: '001',
      datetime: '2024-07-14T02:32:05.000Z',
      encoding: 'radiance',
      radiometry: 'absolute',
      bits: 12,
      nodata: 0,
      cloudPercent: null,
      sunElevation: 64,
      viewZenith: 2,
      collection: 'jl1-l1',
    });
    expect(one.scene!.bands).toMatchObject([
      { name: 'B', number: 1, gain: 0.1093, grid: null, rpc: null },
      { name: 'G', number: 2, gain: 0.1024 },
      { name: 'R', number: 3, gain: 0.0891 },
      { name: 'N', number: 4, gain: 0.0652 },
    ]);
  });

  it('comes with its panchromatic image in one folder, or each in its own', async () => {
    const together = await pms();
    for (const product of ['PAN', 'PSH']) {
      const stem = `${SCENE}_001_L1_${product}`;
      await writePlaced(join(together, `${stem}.tif`), { bands: 1 });
      await writeFile(join(together, `${stem}_meta.xml`), metaXml());
      await writeFile(join(together, `${stem}_thumb.jpg`), 'a picture');
    }
    const one = await examineOne(together);
    expect(codesOf(one)).toEqual(['note E_FILE_UNUSED', 'note E_FILE_UNUSED']);
    expect(one.files).toHaveLength(8);

    const apart = await place();
    for (const product of ['MSS', 'PAN']) {
      const stem = `${SCENE}_001_L1_${product}`;
      await mkdir(join(apart, stem));
      await writePlaced(join(apart, stem, `${stem}.tif`), { bands: product === 'MSS' ? 4 : 1 });
      await writeFile(join(apart, stem, `${stem}_meta.xml`), metaXml());
    }
    const all = await examineAll(apart);
    expect(all.map((each) => [each.kind, each.scene?.id ?? null, codesOf(each)])).toEqual([
      ['jl1-pms', SCENE, []],
      ['jl1-pan', null, ['note E_FILE_UNUSED']],
    ]);
  });

  it('may carry order numbers, an older name without level, or one run beside another', async () => {
    const folder = await place();
    const older = SCENE.replace('JL1GF02B_PMS1', 'JL1GF03B03_PMS');
    for (const [stem, satellite] of [
      [`${SCENE}_001_L1_MSS_978899`, 'JL1GF02B'],
      [`${SCENE}_002_L1_MSS_978899`, 'JL1GF02B'],
      [`${older}_003`, 'JL1GF03B03'],
    ] as const) {
      await writePlaced(join(folder, `${stem}.tif`));
      const meta = metaXml({ SatelliteID: satellite });
      await writeFile(join(folder, `${stem}_meta.xml`), meta);
    }
    const all = await examineAll(folder);
    expect(all.map((one) => [one.scene?.id, one.scene?.run, one.scene?.level, one.files.length])).toEqual([
      [SCENE, '001', 'L1', 2],
      [SCENE, '002', 'L1', 2],
      [older, '003', 'L1', 2],
    ]);
  });

  it('is read in the order its file states', async () => {
    const { scene } = await examineOne(await pms({ FUSMethod: 'R-G-B-NIR' }));
    expect(scene!.bands.map((band) => `${band.name}${band.number} ${band.gain}`)).toEqual([
      'B3 0.0891',
      'G2 0.1024',
      'R1 0.1093',
      'N4 0.0652',
    ]);
    const words = await examineOne(await pms({ FUSMethod: 'NNDiffuse' }));
    expect(words.scene!.bands.map((band) => band.number)).toEqual([1, 2, 3, 4]);
  });

  it('has as many bits as it says, and those of its satellite where it does not', async () => {
    expect((await examineOne(await pms({ DataBits: '10' }))).scene!.bits).toBe(10);
    const silent = await examineOne(await pms({ DataBits: 'θ', AbsCalibrationBias: '' }));
    expect(silent.scene!.bits).toBe(12);
    expect(codesOf(silent)).toEqual(['note E_META_ASSUMED', 'note E_META_ASSUMED']);
  });

  it('gets its sun from time and place where nobody says, and a warning where somebody says nonsense', async () => {
    const silent = await examineOne(await pms({ SolarElevation: 'θ', SolarAzimuth: '' }));
    // The generator has its own sun, after Meeus.
    const sun = sunPosition('2024-07-14T02:32:05.000Z', 125.6, 44.4);
    expect(silent.scene!.sunElevation).toBeCloseTo(sun.elevation, 1);
    expect(silent.scene!.sunAzimuth).toBeCloseTo(sun.azimuth, 1);
    expect(codesOf(silent)).toEqual(['note E_META_ASSUMED']);
    const zenith = await examineOne(await pms({ SolarElevation: '25.8' }));
    expect(codesOf(zenith)).toEqual(['warning E_SUN_CONFLICT']);
    const named = await examineOne(await pms({ SolarElevation: null, SolarZenith: '25.8' }));
    expect(named.scene!.sunElevation).toBeCloseTo(64.2, 6);
    expect(codesOf(named)).toEqual([]);
  });

  it('tells of the air over it where it knows', async () => {
    const { scene } = await examineOne(await pms({ AerosolOpticalThickness: '0.31', Ozone: '0.3' }));
    expect(scene!.atmosphere).toEqual({ aot550: 0.31, water: 2, ozone: 0.3 });
  });

  it('is read in GBK, declared or not, in UTF-8 with a mark, and in UTF-16', async () => {
    const station = Buffer.from([0xb3, 0xa4, 0xb4, 0xba]);
    const [head = '', tail = ''] = metaXml({ ReceiveStation: '@', CloudPercent: '3' }).split('@');
    const gbk = (text: string) => Buffer.concat([Buffer.from(text), station, Buffer.from(tail)]);
    for (const bytes of [
      gbk(head.replace('UTF-8', 'GBK')),
      gbk(head.replace(' encoding="UTF-8"', '')),
      gbk(head.replace('UTF-8', 'gb2312')),
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(metaXml())]),
      Buffer.concat([
        Buffer.from([0xff, 0xfe]),
        Buffer.from(metaXml().replace('UTF-8', 'UTF-16'), 'utf16le'),
      ]),
    ]) {
      const one = await examineOne(await pms({}, { xml: bytes }));
      expect(codesOf(one)).toEqual([]);
      expect(one.scene!.id).toBe(SCENE);
    }
    await expectRefused(await pms({}, { xml: gbk(head) }), 'E_META_ENCODING', /UTF-8/);
    await expectRefused(
      await pms({}, { xml: gbk(head.replace('UTF-8', 'EBCDIC')) }),
      'E_META_ENCODING',
      /EBCDIC/,
    );
  });

  it.each([
    ['a DTD', 'E_XML_UNSAFE', '<!DOCTYPE m SYSTEM "http://127.0.0.1:9/x">'],
    ['an entity', 'E_XML_UNSAFE', '&file;'],
  ] as const)('with %s in its metadata is refused', async (_what, code, text) => {
    const xml = text.startsWith('<!')
      ? metaXml().replace('<MetaData>', `${text}<MetaData>`)
      : metaXml({ Sensor: text });
    await expectRefused(await pms({}, { xml }), code, /_meta\.xml/);
  });

  it.each([
    [
      'a night scene',
      { StartTime: null, EndTime: null, CenterTime: '2024-07-14 10:32:05', SolarElevation: '-12' },
      'E_META_INVALID',
    ],
    [
      'a time of another day',
      { StartTime: null, EndTime: null, CenterTime: '2024-07-13 10:32:05' },
      'E_TIME_CONFLICT',
    ],
    [
      'a time in UTC under a name in Beijing time',
      { StartTime: null, EndTime: null, CenterTime: '2024-07-14 02:32:05' },
      'E_TIME_CONFLICT',
    ],
    ['a start after its middle', { StartTime: '2024-07-14 10:33:00' }, 'E_TIME_CONFLICT'],
    ['an end before its middle', { EndTime: '2024-07-14 10:30:00' }, 'E_TIME_CONFLICT'],
    [
      'hours between start and end',
      { StartTime: '2024-07-14 10:01:00', EndTime: '2024-07-14 12:30:00' },
      'E_TIME_CONFLICT',
    ],
    ['a day that is none', { CenterTime: '2024-02-30 10:32:05' }, 'E_META_INVALID'],
    ['another satellite than its name', { SatelliteID: 'JL1GF02A' }, 'E_META_INVALID'],
    ['a satellite nobody knows', { SatelliteID: 'XX9' }, 'E_META_INVALID'],
    ['numbers said to be stretched', { RadiometricMethod: 'Stretch' }, 'E_NOT_RADIOMETRIC'],
    ['8 bits in 16', { DataBits: '8' }, 'E_NOT_RADIOMETRIC'],
    [
      'corners a degree away',
      {
        UpperLeftLatitude: '45.4',
        UpperRightLatitude: '45.4',
        LowerLeftLatitude: '45.399',
        LowerRightLatitude: '45.399',
      },
      'E_FOOTPRINT_CONFLICT',
    ],
    [
      'latitude and longitude swapped',
      {
        UpperLeftLatitude: '25.6',
        UpperRightLatitude: '25.6',
        LowerLeftLatitude: '25.5',
        LowerRightLatitude: '25.5',
      },
      'E_FOOTPRINT_CONFLICT',
    ],
    ['a corner that is no number', { UpperLeftLatitude: 'north' }, 'E_META_INVALID'],
    ['a sun above the zenith', { SolarElevation: '100' }, 'E_META_INVALID'],
  ] as const)('with %s is refused', async (_what, over, code) => {
    await expectRefused(await pms(over), code);
  });

  it('with a time that is told twice in two ways is refused', async () => {
    const xml = metaXml({}, '<ProcessInfo><CenterTime>2024-07-14 10:40:00</CenterTime></ProcessInfo>');
    await expectRefused(await pms({}, { xml }), 'E_TIME_CONFLICT', /CenterTime/);
  });

  it('takes longitudes up to 360, misspelt names, and corners that are not all there', async () => {
    const west = { UpperLeftLongitude: '-234.40169', UpperRightLongitude: '485.6', LowerLeftLongitude: null };
    expect(codesOf(await examineOne(await pms({ LowerLeftLongitude: 'θ' })))).toEqual([]);
    await expectRefused(await pms(west), 'E_META_INVALID', /Longitude/);
    const spelt = { UpperLeftLongitude: null, UpperLeftLongtitude: '125.59831' };
    expect(codesOf(await examineOne(await pms(spelt)))).toEqual([]);
  });

  it.each([
    [
      'a camera of three bands',
      { SatelliteID: 'JL1GF03C01' },
      3,
      'JL1GF03C01_PMS_20240714103205_200341375_101_0001',
      /R, G, B of JL1GF03C01.* N$/,
    ],
    [
      'the first optical satellite',
      { SatelliteID: 'JL101A' },
      3,
      'JL101A_PMS_20240714103205_200341375_101_0001',
      /JL101A/,
    ],
    ['five bands where there should be four', {}, 5, SCENE, /5 bands/],
  ] as const)('of %s is refused: nothing can be made of it', async (_what, over, bands, scene, about) => {
    await expectRefused(await pms(over, { bands, scene }), 'E_BAND_MISSING', about);
  });

  it('with an 8-bit image is refused as reflectance', async () => {
    await expectRefused(await pms({}, { dtype: 'uint8' }), 'E_NOT_RADIOMETRIC', /8-bit/);
  });

  it('with a damaged companion is taken, and that is said', async () => {
    const folder = await pms();
    await writeFile(join(folder, `${SCENE}_001_L1_PAN.tif`), 'not a TIFF');
    expect(codesOf(await examineOne(folder))).toEqual(['note E_FILE_UNUSED', 'warning E_NOT_TIFF']);
  });
});

/** Faults of coefficient lists (SAFETY.md X3): none of them may become a scene. */
const GAIN_FAULTS: readonly (readonly [what: string, over: Readonly<Record<string, string | null>>])[] = [
  ['no gains', { AbsCalibrationGain: null }],
  ['blank gains', { AbsCalibrationGain: ' ' }],
  ['θ for gains', { AbsCalibrationGain: 'θ' }],
  ['three gains', { AbsCalibrationGain: '0.1,0.1,0.1' }],
  ['five gains', { AbsCalibrationGain: '0.1,0.1,0.1,0.1,0.1' }],
  ['twenty gains', { AbsCalibrationGain: Array(20).fill('0.1').join(',') }],
  ['one gain', { AbsCalibrationGain: '0.1' }],
  ['a gain left out', { AbsCalibrationGain: '0.1,,0.1,0.1' }],
  ['a comma at the end', { AbsCalibrationGain: '0.1,0.1,0.1,0.1,' }],
  ['a gain of zero', { AbsCalibrationGain: '0.1,0,0.1,0.1' }],
  ['a gain of NaN', { AbsCalibrationGain: '0.1,NaN,0.1,0.1' }],
  ['an infinite gain', { AbsCalibrationGain: '0.1,Infinity,0.1,0.1' }],
  ['a negative gain', { AbsCalibrationGain: '0.1,-0.1,0.1,0.1' }],
  ['a gain beyond reason', { AbsCalibrationGain: '0.1,1e9,0.1,0.1' }],
  ['a gain near nothing', { AbsCalibrationGain: '0.1,1e-9,0.1,0.1' }],
  ['the gains of DN / gain', { AbsCalibrationGain: '5.851,7.153,8.368,7.474' }],
  ['a gain in hexadecimal', { AbsCalibrationGain: '0.1,0x10,0.1,0.1' }],
  ['words for gains', { AbsCalibrationGain: 'see,the,other,file' }],
  ['three biases', { AbsCalibrationBias: '0,0,0' }],
  ['a bias of NaN', { AbsCalibrationBias: '0,NaN,0,0' }],
  ['a bias beyond reason', { AbsCalibrationBias: '0,1e6,0,0' }],
  ['semicolons between', { AbsCalibrationGain: '0.1;0.1;0.1;0.1' }],
];

describe('coefficients that are wrong', () => {
  let scenes = 0;
  it.each(GAIN_FAULTS)('%s never make a scene', async (_what, over) => {
    const one = await examineOne(await pms(over));
    if (one.scene !== null) scenes += 1;
    const [error] = one.findings.filter((finding) => finding.severity === 'error');
    expect(error?.code).toMatch(/^E_(CALIBRATION_INVALID|META_MISSING)$/);
    expect(error?.element).toMatch(/^AbsCalibration/);
    expect(error?.file).toMatch(/_meta\.xml$/);
  });

  it('told twice with two values never make a scene, with one value they do', async () => {
    const more = (gain: string) =>
      `<ProcessInfo><AbsCalibrationGain>${gain}</AbsCalibrationGain></ProcessInfo>`;
    await expectRefused(
      await pms({}, { xml: metaXml({}, more('0.2,0.2,0.2,0.2')) }),
      'E_CALIBRATION_INVALID',
      /2 times/,
    );
    const same = await examineOne(
      await pms({}, { xml: metaXml({}, more('0.1093, 0.1024, 0.0891, 0.0652')) }),
    );
    expect(same.scene).not.toBeNull();
    console.log(`gains: scenes made from ${GAIN_FAULTS.length + 1} faults: ${scenes}`);
    expect(scenes).toBe(0);
  });
});

describe('a raw image with a camera model', () => {
  const stem = `${SCENE}_001_L1_MSS`;
  const raw = async (files: Readonly<Record<string, string>>, over = {}) => {
    const folder = await place();
    await writeRaw(join(folder, `${stem}.tif`));
    await writeFiles(folder, { [`${stem}_meta.xml`]: metaXml(over), ...files });
    return folder;
  };

  it('lies on the grid of the province, at the pixel it states', async () => {
    const one = await examineOne(await raw({ [`${stem}_rpc.txt`]: rpcText() }));
    expect(codesOf(one)).toEqual([]);
    const { scene } = one;
    expect(scene!.grid.epsg).toBe(4551);
    expect(scene!.grid.transform[1]).toBe(3);
    // North-up on the ground and turned by a third of a degree against the grid: some pixels more.
    expect(scene!.grid.width).toBeGreaterThanOrEqual(WIDTH);
    expect(scene!.grid.width).toBeLessThan(WIDTH + 8);
    expect(scene!.grid.height).toBeLessThan(HEIGHT + 8);
    expect(scene!.bands.every((band) => band.rpc !== null && band.grid === null)).toBe(true);
    const open = await openScene(scene!);
    const tile = await open.read({ col: 20, row: 15, width: 4, height: 4 });
    await open.close();
    expect([...tile.bands.N!]).toEqual(Array(16).fill(2300));
    expect(JSON.parse(JSON.stringify(scene))).toEqual(scene);
  });

  it('lies in its UTM zone where the province is far', async () => {
    const west = rpcText(3, [104, 30.6]);
    const corners = Object.fromEntries(
      ['UpperLeft', 'UpperRight', 'LowerRight', 'LowerLeft'].flatMap((name) => [
        [`${name}Latitude`, null],
        [`${name}Longitude`, null],
      ]),
    );
    const one = await examineOne(await raw({ [`${stem}.rpb`.replace('.rpb', '_RPC.TXT')]: west }, corners));
    expect(one.scene!.grid.epsg).toBe(32_648);
  });

  it('without one is refused, and with one that is none too', async () => {
    await expectRefused(await raw({}), 'E_DELIVERY_INCOMPLETE', /_rpc\.txt/);
    const broken = rpcText().replace(/LAT_SCALE: [\d.]+/, 'LAT_SCALE: 0');
    await expectRefused(await raw({ [`${stem}_rpc.txt`]: broken }), 'E_RPC_INVALID', /rpc\.txt/);
    await expectRefused(await raw({ [`${stem}_rpc.txt`]: 'LINE_OFF: 1' }), 'E_RPC_INVALID');
  });

  it('whose metadata speak of another size is refused', async () => {
    const one = await raw(
      { [`${stem}_rpc.txt`]: rpcText() },
      { WidthInPixels: '6000', HeightInPixels: '40' },
    );
    await expectRefused(one, 'E_META_INVALID', /6000/);
  });

  it('is not laid on pixels its model cannot have, whatever the metadata say', async () => {
    const one = await examineOne(
      await raw({ [`${stem}_rpc.txt`]: rpcText() }, { ImageRowGSD: '0.02', ImageColumnGSD: '0.02' }),
    );
    expect(codesOf(one)).toEqual(['warning E_META_ASSUMED']);
    expect(one.scene!.grid.transform[1]).toBeCloseTo(3, 0);
  });

  it('that is georeferenced is not asked for its model', async () => {
    const folder = await pms();
    await writeFile(join(folder, `${stem}_rpc.txt`), 'nonsense');
    const one = await examineOne(folder);
    expect(codesOf(one)).toEqual([]);
    expect(one.scene!.grid).toEqual(GRID);
  });

  it('takes the pixel of its satellite on that day where none is stated', () => {
    expect(gsdOf('jl1-kf', 'JL1KF01A', '2021-12-04T02:00:00Z')).toBe(1.98);
    expect(gsdOf('jl1-kf', 'JL1KF01A', '2021-12-05T02:00:00Z')).toBe(2.2);
    expect(gsdOf('jl1-kf', 'JL1KF02A', '2023-11-30T02:00:00Z')).toBe(1.96);
    expect(gsdOf('jl1-kf', 'JL1KF02A', '2023-12-01T02:00:00Z')).toBe(2.2);
    expect(gsdOf('jl1-kf', 'JL1KF01C', '2023-12-01T02:00:00Z')).toBe(2);
  });
});

describe('GP01 and GP02', () => {
  const scene = 'JL1GP01_PMS1_20240714103205_200341375_101_0001';
  const gains = Array.from({ length: 20 }, (_, i) => (0.05 + i / 1000).toFixed(3));
  const own = {
    SatelliteID: 'JL1GP01',
    AbsCalibrationGain: gains.join(','),
    AbsCalibrationBias: null,
    ImageRowGSD: '5',
  };

  async function gp(
    numbers: readonly number[],
    over: Readonly<Record<string, string | null>> = {},
    describe_: (n: number) => string = (n) => `B${n}`,
  ) {
    const folder = await place();
    for (const n of numbers) {
      // 10 m from B7 on.
      const half = {
        ...GRID,
        width: WIDTH / 2,
        height: HEIGHT / 2,
        transform: [468_000, 6, 0, 4_918_500, 0, -6],
      };
      await writePlaced(join(folder, `${scene}_001_L1_B${n}.tif`), {
        bands: 1,
        value: 400 + n,
        descriptions: [describe_(n)],
        ...(n > 6 ? { grid: half } : {}),
      });
      await writeFile(join(folder, `${scene}_001_L1_B${n}_rpc.txt`), rpcText());
    }
    await writeFile(join(folder, `${scene}_001_L1_meta.xml`), metaXml({ ...own, ...over }));
    return folder;
  }

  it('make one scene of their band files, with the gain of each band at its own place of twenty', async () => {
    const one = await examineOne(await gp([0, 1, 3, 4, 5, 6, 7, 9, 19]));
    expect(one.kind).toBe('jl1-gp');
    expect(one.scene!.bands.map((band) => [band.name, band.file.slice(-6), band.gain])).toEqual([
      ['B', 'B3.tif', 0.053],
      ['G', 'B4.tif', 0.054],
      ['R', 'B5.tif', 0.055],
      ['N', 'B6.tif', 0.056],
    ]);
    expect(codesOf(one)).toEqual(['note E_META_ASSUMED', 'note E_FILE_UNUSED']);
    expect(one.files).toHaveLength(19);
    expect(one.scene!.collection).toBe('jl1-l1');
  });

  it('name other bands by the wavelength of their description, on their own coarser grid', async () => {
    const nm = { 3: 490, 4: 555, 5: 665, 6: 830, 7: 705, 8: 740, 9: 783, 10: 443 } as Record<number, number>;
    const one = await examineOne(await gp([3, 4, 5, 6, 7, 8, 9, 10], {}, (n) => `B${n}(${nm[n]})`));
    expect(one.scene!.bands.map((band) => `${band.name} ${band.file.slice(-7, -4)}`)).toEqual([
      'B _B3',
      'G _B4',
      'R _B5',
      'N _B6',
      'A B10',
      'RE1 _B7',
      'RE2 _B8',
      'RE3 _B9',
    ]);
    const edge = one.scene!.bands.find((band) => band.name === 'RE1')!;
    expect(edge).toMatchObject({
      gain: 0.057,
      grid: { width: WIDTH / 2, transform: [468_000, 6, 0, 4_918_500, 0, -6] },
    });
    expect(one.scene!.grid).toEqual(GRID);
    const open = await openScene(one.scene!);
    const tile = await open.read({ col: 8, row: 8, width: 2, height: 2 });
    await open.close();
    expect([...tile.bands.RE1!]).toEqual([407, 407, 407, 407]);
  });

  it('raw, carry a camera model each', async () => {
    const folder = await gp([3, 4, 5, 6]);
    for (const n of [3, 4, 5, 6]) await writeRaw(join(folder, `${scene}_001_L1_B${n}.tif`), 1);
    const one = await examineOne(folder);
    expect(one.scene!.bands.every((band) => band.rpc !== null)).toBe(true);
    expect(one.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['without near infrared', [3, 4, 5], {}, (n: number) => `B${n}`, 'E_BAND_MISSING'],
    [
      'with nineteen gains',
      [3, 4, 5, 6],
      { AbsCalibrationGain: gains.slice(1).join(',') },
      (n: number) => `B${n}`,
      'E_CALIBRATION_INVALID',
    ],
    [
      'with four gains',
      [3, 4, 5, 6],
      { AbsCalibrationGain: '0.1,0.1,0.1,0.1' },
      (n: number) => `B${n}`,
      'E_CALIBRATION_INVALID',
    ],
    ['whose band calls itself another', [3, 4, 5, 6], {}, (n: number) => `B${n + 1}(500)`, 'E_META_INVALID'],
    [
      'whose red is near infrared',
      [3, 4, 5, 6],
      {},
      (n: number) => `B${n}(${n === 5 ? 800 : [0, 0, 0, 490, 555, 0, 830][n]})`,
      'E_META_INVALID',
    ],
  ] as const)('%s are refused', async (_what, numbers, over, describe_, code) => {
    await expectRefused(await gp(numbers, over, describe_), code);
  });

  it('with bands of two moments are refused', async () => {
    const folder = await gp([3, 4, 5, 6]);
    const extra =
      '<BAND_B3><CenterTime>2024-07-14 10:32:05</CenterTime></BAND_B3><BAND_B6><CenterTime>2024-07-14 11:02:05</CenterTime></BAND_B6>';
    await writeFile(join(folder, `${scene}_001_L1_meta.xml`), metaXml(own, extra));
    await expectRefused(folder, 'E_TIME_CONFLICT', /a band at/);
  });

  it('super-resolved (L1C) come as one image of four bands', async () => {
    const folder = await place();
    await writePlaced(join(folder, `${scene}_001_L1C.tif`));
    await writeFile(
      join(folder, `${scene}_001_L1C_meta.xml`),
      metaXml({ ...own, FUSMethod: 'B-G-R-NIR', Bands: '4' }),
    );
    const { scene: made } = await examineOne(folder);
    expect(made).toMatchObject({ level: 'L1C', sensor: 'jl1-gp', collection: 'jl1-l1c' });
    expect(made!.bands.map((band) => band.gain)).toEqual([0.053, 0.054, 0.055, 0.056]);
  });

  it('released as reflectance speak through the tags of the image', async () => {
    const folder = await place();
    const nm = [490, 555, 665, 830, 705];
    const metadata = {
      units: 'reflectance',
      acquisition_time: '2024-07-14 10:32:05',
      source_product: `${scene}_001_L1`,
    };
    const image = { bands: 5, dtype: 'int16', nodata: -28_672, value: 1234, metadata } as const;
    // Not by position: near infrared comes first.
    const numbers = [6, 3, 4, 5, 7];
    const wave = [830, 490, 555, 665, 705];
    await writePlaced(join(folder, 'patch_0001.tif'), {
      ...image,
      descriptions: numbers.map((n, i) => `B${n}(${wave[i]})`),
    });
    const one = await examineOne(folder);
    expect(one.kind).toBe('jl1-gp-release');
    expect(one.scene).toMatchObject({
      id: 'patch_0001',
      encoding: 'boa',
      nodata: -28_672,
      datetime: '2024-07-14T02:32:05.000Z',
    });
    expect(one.scene!.bands.map((band) => `${band.name}${band.number} ${band.gain}`)).toEqual([
      'B2 0.0001',
      'G3 0.0001',
      'R4 0.0001',
      'N1 0.0001',
      'RE15 0.0001',
    ]);
    const wrong = await place();
    await writePlaced(join(wrong, 'a.tif'), {
      ...image,
      descriptions: [3, 4, 5, 6, 6].map((n, i) => `B${n}(${nm[i]})`),
    });
    await expectRefused(wrong, 'E_META_INVALID', /one name/);
    const late = await place();
    await writePlaced(join(late, 'a.tif'), {
      ...image,
      metadata: { ...metadata, acquisition_time: '2023-07-14 10:32:05' },
      descriptions: [3, 4, 5, 6, 7].map((n, i) => `B${n}(${nm[i]})`),
    });
    await expectRefused(late, 'E_TIME_CONFLICT', /source product/);
  });
});

describe('imagery for the eye', () => {
  const stem = `${SCENE}_001_L3D_PSH_206212`;
  const psh = async (
    description?: Readonly<Record<string, unknown>>,
    dtype: 'uint8' | 'uint16' = 'uint8',
  ) => {
    const folder = await place();
    await writePlaced(join(folder, `${stem}.tif`), { bands: 4, dtype });
    await writeFile(join(folder, `${stem}_meta.xml`), metaXml());
    if (description !== undefined) await writeFile(join(folder, 'heitu.json'), JSON.stringify(description));
    return folder;
  };
  const described = {
    collection: 'psh',
    sensor: 'generic-bgrn',
    files: '*',
    datetime: '2024-07-14T02:32:05Z',
    scale: 1,
  };

  it('is refused as reflectance, 8-bit or 16-bit, by its name or by a description', async () => {
    await expectRefused(await psh(), 'E_NOT_RADIOMETRIC', /pan-sharpened/);
    await expectRefused(await psh(undefined, 'uint16'), 'E_NOT_RADIOMETRIC', /pan-sharpened/);
    await expectRefused(await psh({ ...described, encoding: 'boa' }, 'uint16'), 'E_NOT_RADIOMETRIC');
  });

  it('is taken where it is described as relative', async () => {
    const one = await examineOne(await psh({ ...described, encoding: 'relative' }));
    expect(one).toMatchObject({
      kind: 'described',
      scene: { radiometry: 'relative', encoding: 'relative', bits: 8 },
    });
  });

  it('with 8 bits is refused as reflectance under any name', async () => {
    const folder = await place();
    await writePlaced(join(folder, 'picture.tif'), { dtype: 'uint8' });
    await writeFile(join(folder, 'heitu.json'), JSON.stringify({ ...described, encoding: 'toa' }));
    await expectRefused(folder, 'E_NOT_RADIOMETRIC', /8-bit/);
  });
});

describe('fingerprints', () => {
  it('are of what pixels and numbers come from: a thumbnail changes none, a gain or a camera model does', async () => {
    const folder = await pms();
    const before = (await examineOne(folder)).fingerprint;
    await writeFile(join(folder, `${SCENE}_001_L1_MSS_thumb.jpg`), 'a picture');
    const thumb = await examineOne(folder);
    expect(thumb.fingerprint).toBe(before);
    expect(thumb.files.map((file) => file.name)).toHaveLength(3);
    const other = await pms({ AbsCalibrationGain: '0.1094,0.1024,0.0891,0.0652' });
    expect((await examineOne(other)).fingerprint).not.toBe(before);

    const raw = await place();
    const stem = `${SCENE}_001_L1_MSS`;
    await writeRaw(join(raw, `${stem}.tif`));
    await writeFiles(raw, { [`${stem}_meta.xml`]: metaXml(), [`${stem}_rpc.txt`]: rpcText() });
    const first = (await examineOne(raw)).fingerprint;
    await writeFile(join(raw, `${stem}_rpc.txt`), rpcText().replace('HEIGHT_OFF: 190', 'HEIGHT_OFF: 191'));
    expect((await examineOne(raw)).fingerprint).not.toBe(first);
  });

  it('are made of nothing that moved away meanwhile: the delivery is incomplete', async () => {
    const folder = await pms();
    const [found] = await findDeliveries(folder);
    if (found === undefined || !('delivery' in found)) throw new Error('nothing found');
    const elsewhere = await place();
    for (const name of (await readdir(folder)).filter((one) => one.endsWith('.tif')))
      await copyFile(join(folder, name), join(elsewhere, name));
    const one = await examine({ ...found.delivery, folder: elsewhere });
    expect(one.findings.map((finding) => finding.code)).toEqual(['E_DELIVERY_INCOMPLETE']);
  });
});
