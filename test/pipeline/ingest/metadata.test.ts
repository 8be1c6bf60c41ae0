import { describe, expect, it } from 'vitest';
import { parseMetadata } from '../../../pipeline/ingest/metadata.ts';

const WRITTEN = `<?xml version="1.0" encoding="UTF-8"?>
<MetaData>
  <ProductInfo>
    <SatelliteID>JL1GF03B03</SatelliteID><Sensor>PMS</Sensor><SceneID>X</SceneID><ProductLevel>L1</ProductLevel>
    <CenterTime>2021-05-26 11:04:38.250</CenterTime>
    <CloudPercent>θ</CloudPercent>
    <SolarAzimuth>141.5</SolarAzimuth><SolarElevation>63.25</SolarElevation><SatelliteElevation>85</SatelliteElevation>
    <DataBits>12</DataBits>
  </ProductInfo>
  <ProcessInfo>
    <AbsCalibrationGain>0.1424, 0.1177,0.1194,0.1135</AbsCalibrationGain>
    <AbsCalibrationBias>0,0,0,0</AbsCalibrationBias>
  </ProcessInfo>
</MetaData>`;

describe('Jilin-1 metadata', () => {
  it('tells time in UTC, geometry, bit depth and one coefficient a band', () => {
    expect(parseMetadata(WRITTEN, 'a_meta.xml')).toMatchObject({
      satellite: 'JL1GF03B03',
      sensor: 'PMS',
      sceneId: 'X',
      level: 'L1',
      datetime: '2021-05-26T03:04:38.000Z',
      dataBits: 12,
      cloudPercent: null,
      sunElevation: 63.25,
      sunAzimuth: 141.5,
      viewZenith: 5,
      viewAzimuth: null,
      gain: [0.1424, 0.1177, 0.1194, 0.1135],
      bias: [0, 0, 0, 0],
      encoding: 'radiance',
      simulated: false,
    });
  });

  it('is found by local name under any parent, with any prefix and case', () => {
    const moved =
      '<a:x xmlns:a="u"><a:SOLARELEVATION>30</a:SOLARELEVATION><y><databits>10</databits></y></a:x>';
    expect(parseMetadata(moved, 'b.xml')).toMatchObject({ sunElevation: 30, dataBits: 10 });
  });

  it.each([
    ['a DTD', '<!DOCTYPE m [<!ENTITY a "x">]><MetaData><Sensor>&a;</Sensor></MetaData>', /DTD/],
    ['text that is not XML', 'PK\u0003\u0004', /.*/],
    ['an unclosed element', '<MetaData><Sensor>PMS', /.*/],
    [
      'a sun below the ground by more than it can be',
      WRITTEN.replace('63.25', '-163'),
      /SolarElevation = -163/,
    ],
    ['a gain that is no number', WRITTEN.replace('0.1177', 'NaN'), /AbsCalibrationGain/],
    ['a gain left out of its list', WRITTEN.replace('0.1177', ''), /AbsCalibrationGain/],
    ['a day that does not exist', WRITTEN.replace('2021-05-26', '2021-02-30'), /time 2021-02-30/],
    ['nesting without end', '<a>'.repeat(100) + '</a>'.repeat(100), /nested|deep|Maximum/i],
  ])('refuses %s', (_what, xml, reason) => {
    expect(() => parseMetadata(xml, 'c_meta.xml')).toThrow(reason);
    expect(() => parseMetadata(xml, 'c_meta.xml')).toThrow(/c_meta.xml/);
  });

  it('does not resolve entities', () => {
    const read = parseMetadata('<MetaData><Sensor>&lt;b&gt;</Sensor></MetaData>', 'd.xml');
    expect(read.sensor).toBe('&lt;b&gt;');
  });
});
