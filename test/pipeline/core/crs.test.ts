import { describe, expect, it } from 'vitest';
import { isKnownCrs, transformBbox, transformer } from '../../../pipeline/core/crs.ts';

/**
 * Expected by PROJ 9.1.1 through GDAL 3.6.2's Python bindings, axis order x, y:
 * `osr.CoordinateTransformation(EPSG:4326, EPSG:code).TransformPoint(lon, lat)`.
 */
const FROM_PROJ: readonly (readonly [epsg: number, lon: number, lat: number, x: number, y: number])[] = [
  [4551, 126.2, 44, 516041.2398, 4873841.8182],
  [4530, 126.2, 44, 42516041.2398, 4873841.8182],
  [4550, 126.2, 44, 756664.6538, 4878803.9357],
  [4529, 126.2, 44, 41756664.6538, 4878803.9357],
  [4552, 126.2, 44, 275419.41, 4877635.8885],
  [4553, 126.2, 44, 34776.1269, 4890208.208],
  [4531, 126.2, 44, 43275419.41, 4877635.8885],
  [32651, 126.2, 44, 756561.9879, 4876852.4143],
  [32652, 126.2, 44, 275509.2422, 4875684.8343],
  [3857, 126.2, 44, 14048519.7381, 5465442.1833],
  [32633, 14.56, 45.87, 465850.09, 5079697.8839],
  [26914, -99.1, 47.9, 492526.0455, 5305190.5763],
  [4490, 126.2, 44, 126.2, 44.0],
];

describe('coordinate systems', () => {
  it.each(FROM_PROJ)('EPSG:%d puts %d, %d where PROJ puts it, to a millimetre', (epsg, lon, lat, x, y) => {
    const [ourX, ourY] = transformer(4326, epsg)(lon, lat);
    const tolerance = epsg === 4490 ? 1e-8 : 1e-3;
    expect(Math.abs(ourX - x)).toBeLessThan(tolerance);
    expect(Math.abs(ourY - y)).toBeLessThan(tolerance);
  });

  it.each(FROM_PROJ)('EPSG:%d leads back to the same longitude and latitude', (epsg, lon, lat, x, y) => {
    const [backLon, backLat] = transformer(epsg, 4326)(x, y);
    expect(Math.abs(backLon - lon)).toBeLessThan(1e-7);
    expect(Math.abs(backLat - lat)).toBeLessThan(1e-7);
  });

  it('knows no CRS that is not in the table', () => {
    expect(isKnownCrs(null)).toBe(false);
    expect(isKnownCrs(2154)).toBe(false);
    expect(() => transformer(4326, 2154)).toThrow(RangeError);
  });

  it('bounds a box by its curved edges, not by its corners alone', () => {
    const [, , , north] = transformBbox([123, 43, 129, 44], 4326, 4551);
    const cornerNorth = transformer(4326, 4551)(126, 44)[1];
    const edgeNorth = transformer(4326, 4551)(123, 44)[1];
    expect(north).toBeCloseTo(Math.max(cornerNorth, edgeNorth), 3);
  });
});
