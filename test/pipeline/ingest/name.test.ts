import { describe, expect, it } from 'vitest';
import { parseDeliveryName } from '../../../pipeline/ingest/name.ts';

/** Names seen verbatim in public code, and three composed from documented patterns (JILIN1.md 2.1). */
const NAMES: readonly (readonly [
  name: string,
  datetime: string,
  level: string | null,
  product: string | null,
  role: string | null,
])[] = [
  [
    'JL1GF03B03_PMS_20210526110438_200051166_101_0013_001_L1_MSS.tif',
    '2021-05-26T03:04:38.000Z',
    'L1',
    'MSS',
    null,
  ],
  [
    'JL1GF03D13_PMS_20220706111526_200091752_102_0044_001_L1.zip',
    '2022-07-06T03:15:26.000Z',
    'L1',
    null,
    null,
  ],
  [
    'JL1KF01B_PMSR4_20220623104620_200089965_101_0018_001_L3C_PSH.tif',
    '2022-06-23T02:46:20.000Z',
    'L3C',
    'PSH',
    null,
  ],
  [
    'JL1GF02A_PMS1_20210609175921_200052417_102_0002_001_L3D_PSH_2.jpg',
    '2021-06-09T09:59:21.000Z',
    'L3D',
    'PSH',
    null,
  ],
  [
    'JL1KF02B03_PMS09_20260902120156_200535158_102_0025_001_L1_PAN_meta.xml',
    '2026-09-02T04:01:56.000Z',
    'L1',
    'PAN',
    'meta',
  ],
  ['JL1KF02B03_PMS09_20260902120156_200535158_102_001_L1_PAN', '2026-09-02T04:01:56.000Z', 'L1', 'PAN', null],
  [
    'JXGF07D03_PMS_20260622052600_200516571_101_0006_001_L1_MSS',
    '2026-06-21T21:26:00.000Z',
    'L1',
    'MSS',
    null,
  ],
  ['JL101A_PMS_20171030113628_000020767_102_0001_003.tar.gz', '2017-10-30T03:36:28.000Z', null, null, null],
  [
    'JL1GP01_PMS1_20200601101010_200012345_101_0001_001_L1_B3_rpc.txt',
    '2020-06-01T02:10:10.000Z',
    'L1',
    'B3',
    'rpc',
  ],
  [
    'JL1GF03B02_PMS_20220516095811_200084559_101_0008_001_L1_MSS_cloud.TIF',
    '2022-05-16T01:58:11.000Z',
    'L1',
    'MSS',
    'cloud',
  ],
];

describe('Jilin-1 names', () => {
  it.each(NAMES)('%s is read', (name, datetime, level, product, role) => {
    const parts = parseDeliveryName(name);
    expect(parts).toMatchObject({ datetime, level, product, role });
  });

  it.each([
    'JL1GF03B03_PMS_20210526110438_200051166_101_0013_001_L1_MSS.tif',
    'JL1GF03A_PMS_20220607132729_200087596_103_0002_001_L1',
    'JL1GF03B02_PMS_20220516095811_200084559_101_0008_001_L1_PAN.tif',
    'JL1GF03D13_PMS_20220706111526_200091752_102_0044_001_L1.zip',
    'JL1GF03B04_PMS_20210122101129_200038368_102_0001_001_L1.tif',
    'DP09_PMS_20231120152824_200213459_101_0025_001_L1',
    'JL1KF01B_PMSR4_20220623104620_200089965_101_0018_001_L3C_PSH.tif',
    'JL1KF01C_PMSL2_20231218114103_200220439_101_0022_001_L3D_PSH.tif',
    'JL1KF01A_PMS06_20230806095925_200183754_101_0009_001_L1',
    'JL1KF01A_PMS05_20220814104530_200097070_101_0017_001_L3D_PSH.tif',
    'JL1GF02A_PMS2_20230714092344_200175369_104_0004_001_L1',
    'JL1GF02A_PMS1_20210609175921_200052417_102_0002_001_L3D_PSH_2.jpg',
    'JL1GF02B_PMS2_20220711092631_200092286_102_0016_001_L3D_PSH_206212',
    'JL1KF01C_PMSL3_20250112084005_200339713_101_0039_001_L1_MSS_978899.tif',
    'JL1KF02B03_PMS09_20260902120156_200535158_102_0025_001_L1_PAN_meta.xml',
    'JL1KF02B03_PMS09_20260902120156_200535158_102_001_L1_PAN',
    'JXGF07D03_PMS_20260622052600_200516571_101_0006_001_L1_MSS',
    'JL101A_PMS_20171030113628_000020767_102_0001_003.tar.gz',
    'JL101A_PMS_20171030113628_000020767_102_0001_003_L1_PAN_meta.xml',
    'JL103B_MMS_20190101101010_000012345_101_0001_001_L1A_MSS_meta.xml',
    'JL107B_PMS1_20190101101010_200012345_101_0001_001_L1_MSS_rpc.txt',
    'JL1GP01_PMS1_20200601101010_200012345_101_0001_001_L1_B3_rpc.txt',
    'JL1GP01_PMS1_20200601101010_200012345_101_0001_001_L1C_thumb.jpg',
    'JL1GF03B02_PMS_20220516095811_200084559_101_0008_001_L1_MSS_cloud.TIF',
  ])('%s follows the grammar', (name) => {
    expect(parseDeliveryName(name)).not.toBeNull();
  });

  it('tell an order number from what the file is for', () => {
    const base = 'JL1KF01C_PMSL3_20250112084005_200339713_101_0039_001_L1_MSS';
    expect(parseDeliveryName(`${base}_978899.tif`)).toMatchObject({
      order: '978899',
      role: null,
      product: 'MSS',
    });
    expect(parseDeliveryName(`${base}_978899_meta.xml`)).toMatchObject({ order: '978899', role: 'meta' });
    expect(parseDeliveryName(`${base}_meta.xml`)).toMatchObject({ order: null, role: 'meta' });
  });

  it('name the same acquisition whatever was made of it', () => {
    const base = 'JL1GF02B_PMS2_20220711092631_200092286_102_0016';
    const ids = ['_001_L1_MSS.tif', '_001_L1_PAN.tif', '_002_L3D_PSH_206212', '_001_L1_MSS_meta.xml'].map(
      (tail) => parseDeliveryName(base + tail)?.sceneId,
    );
    expect(new Set(ids)).toEqual(new Set([base]));
  });

  it.each([
    'scene.tif',
    'JL1GF03B03_PMS_20210230110438_200051166_101_0013_001_L1_MSS.tif',
    'JL1GF03B03_PMS_20210526250438_200051166_101_0013_001_L1_MSS.tif',
    'JL1GF03B03_PMS_2021052611043_200051166_101_0013_001_L1_MSS.tif',
    '../JL1GF03B03_PMS_20210526110438_200051166_101_0013_001_L1_MSS.tif',
    '',
  ])('%s is no such name', (name) => {
    expect(parseDeliveryName(name)).toBeNull();
  });

  it('are refused in linear time however long they are', () => {
    const started = performance.now();
    parseDeliveryName(`JL1GF03B03_PMS_20210526110438_${'2'.repeat(50_000)}`);
    parseDeliveryName(`${'JL1'.repeat(20_000)}_`);
    expect(performance.now() - started).toBeLessThan(50);
  });
});
