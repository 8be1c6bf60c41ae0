import { describe, expect, it } from 'vitest';
import { cropRow } from '../../../pipeline/models/crops.ts';
import {
  casaTemperature,
  daily,
  fparCasa,
  fparEcLue,
  fparLinear,
  grainOf,
  lightUseYield,
  vpmTemperature,
  vpmWater,
} from '../../../pipeline/models/light-use.ts';
import {
  PAR_SHARE,
  radiationOfRange,
  radiationOfSunshine,
  sunOf,
} from '../../../pipeline/models/radiation.ts';
import type { FilledWeather } from '../../../pipeline/models/weather.ts';

// FAO-56 examples 8 and 9 print 32.2 and 11.7; all values recomputed in numpy 2.4 (METHODS 7.2.1).
describe('radiation after FAO-56', () => {
  it.each([
    [-20, 246, 32.194, 11.6656],
    [43.88, 121, 37.0048, 13.9866],
    [43.88, 172, 41.9181, 15.2845],
    [43.88, 196, 40.6617, 14.9619],
    [43.88, 213, 38.4384, 14.4031],
    [43.88, 244, 31.9781, 12.986],
    [43.88, 273, 24.2821, 11.4968],
  ])(
    'at %f° on day %i is %f MJ m-2 outside the atmosphere, %f h of possible sunshine',
    (latitude, day, ra, hours) => {
      expect(sunOf(latitude, day).ra).toBeCloseTo(ra, 3);
      expect(sunOf(latitude, day).hours).toBeCloseTo(hours, 3);
    },
  );

  it('comes from sunshine, or from the range of temperature where nobody counted hours', () => {
    const sun = sunOf(43.88, 196);
    expect(radiationOfSunshine(sun, 8)).toBeCloseTo(21.0362, 3);
    expect(PAR_SHARE * radiationOfSunshine(sun, 8)).toBeCloseTo(10.0974, 3);
    expect(radiationOfRange(sun, 30, 19)).toBeCloseTo(21.5775, 3);
  });

  it('does not fail where the sun does not set', () => {
    expect(sunOf(80, 172).hours).toBe(24);
    expect(sunOf(80, 355).ra).toBeCloseTo(0, 10);
  });
});

// numpy 2.4 on the printed equations (METHODS 7.2.2 to 7.2.6).
describe('the parts of the light-use chain', () => {
  it.each([
    [0.2, 0.02193382, 0.16847059, 0.09520221, 0.08],
    [0.5, 0.10148235, 0.50341176, 0.30244706, 0.452],
    [0.7, 0.24290196, 0.72670588, 0.48480392, 0.7],
    [0.85, 0.59645098, 0.89417647, 0.74531373, 0.886],
    [0.9, 0.95, 0.95, 0.95, 0.948],
  ])('absorb light at an NDVI of %f', (ndvi, ratio, twin, mean, linear) => {
    const casa = fparCasa(ndvi, 0.05, 0.9);
    expect(casa.ratio).toBeCloseTo(ratio, 8);
    expect(casa.ndvi).toBeCloseTo(twin, 8);
    expect(casa.mean).toBeCloseTo(mean, 8);
    expect(fparEcLue(ndvi)).toBeCloseTo(linear, 8);
  });

  it('never absorb less than nothing or more than 95 %', () => {
    expect(fparLinear(-0.3)).toBe(0);
    expect(fparLinear(0.99)).toBe(0.95);
  });

  it.each([
    [25, 25, 0.9875, 0.99122355],
    [20, 25, 0.9875, 0.85418348],
    [15, 25, 0.9875, 0.58923942],
    [30, 25, 0.9875, 0.92007467],
    [23, 23, 0.9955, 0.99122355],
  ])('slow down at %f °C where %f is best, after CASA', (mean, best, first, second) => {
    expect(casaTemperature(mean, best).first).toBeCloseTo(first, 8);
    expect(casaTemperature(mean, best).second).toBeCloseTo(second, 8);
  });

  it.each([
    [10, 0],
    [15, 0.49401198],
    [20, 0.81395349],
    [28, 1],
    [35, 0.86898396],
    [48, 0],
    [5, 0],
  ])('slow down maize at %f °C to %f, after VPM', (mean, factor) => {
    expect(vpmTemperature(mean, { min: 10, best: 28, max: 48 })).toBeCloseTo(factor, 8);
  });

  it('dry out with LSWI', () => {
    expect(vpmWater(0.2, 0.4)).toBeCloseTo(0.85714286, 8);
    expect(vpmWater(-0.1, 0.4)).toBeCloseTo(0.64285714, 8);
  });

  it.each([
    [800, 0.45, 0.85, 0.5, 0.14, 8785.53],
    [650, 0.45, 0.85, 0.5, 0.145, 7179.987],
    [260, 0.45, 0.85, 0.42, 0.13, 2370.881],
  ])('make grain of %f g C', (net, carbon, aboveGround, harvestIndex, moisture, grain) => {
    expect(grainOf(net, { carbon, aboveGround, harvestIndex }, moisture)).toBeCloseTo(grain, 2);
  });
});

/** Growing season of Changchun as METHODS 7.2.6 assumes it: monthly temperature, about 7.7 h of sunshine, even rain. */
function changchun(first: number, last: number, rain: number): FilledWeather {
  const months = [
    [151, 15.5],
    [181, 21],
    [212, 23.5],
    [243, 22],
    [400, 16],
  ] as const;
  const doys = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const of = (value: (doy: number) => number) => Float64Array.from(doys, value);
  const temperature = of((doy) => months.find(([end]) => doy <= end)![1]);
  return {
    first: 0,
    temperature,
    tmax: temperature.map((t) => t + 6),
    tmin: temperature.map((t) => t - 6),
    radiation: of((doy) => radiationOfSunshine(sunOf(43.88, doy), 7.7)),
    rain: of(() => rain),
    notes: [],
  };
}

/** Double-logistic NDVI of maize with its peak of 0.85. */
function maizeNdvi(first: number, last: number): Float64Array {
  const rise = (doy: number, at: number, rate: number) => 1 / (1 + Math.exp(-rate * (doy - at)));
  return Float64Array.from({ length: last - first + 1 }, (_, i) => {
    const doy = first + i;
    return 0.15 + 0.7 * (rise(doy, 165, 0.1) + 1 - rise(doy, 262, 0.09) - 1);
  });
}

describe('a season of light', () => {
  const maize = cropRow('maize').lightUse!;
  const [first, last] = maize.season;
  const run = (rain: number) =>
    lightUseYield(maizeNdvi(first, last), changchun(first, last, rain), 43.88, first, maize, 0.14);

  it('in Changchun gives maize the plausible 7.8 t/ha of the run in METHODS, within its ± 15 %', () => {
    // PAR 1264, absorbed 758 MJ m-2, 7785 kg/ha there, with a constant water factor of 0.85.
    const found = run(4);
    expect(Math.abs(found.par / 1264 - 1)).toBeLessThan(0.15);
    expect(found.absorbed / found.par).toBeCloseTo(758 / 1264, 1);
    expect(Math.abs((found.grain * 0.85) / found.waterFactor / 7785 - 1)).toBeLessThan(0.15);
    expect(found.net).toBeCloseTo(found.gross / 2, 10);
  });

  it('without rain gives less, and less of it as grain', () => {
    const [wet, dry] = [run(6), run(0.3)];
    expect(dry.waterFactor).toBeLessThan(0.6);
    expect(wet.waterFactor).toBeGreaterThan(0.9);
    expect(dry.grain / dry.net).toBeLessThan(0.95 * (wet.grain / wet.net));
  });

  it('does not dry out a flooded field', () => {
    const rice = cropRow('rice').lightUse!;
    const [from, to] = rice.season;
    const ndvi = maizeNdvi(from, to);
    expect(lightUseYield(ndvi, changchun(from, to, 0), 43.88, from, rice, 0.145).waterFactor).toBe(1);
  });
});

describe('a value a day', () => {
  it('lies on straight lines between the dates, whatever their order, and stays level outside', () => {
    expect([...daily([14, 10], [0.8, 0.4], 9, 7)]).toEqual([
      0.4,
      0.4,
      0.5,
      expect.closeTo(0.6),
      expect.closeTo(0.7),
      0.8,
      0.8,
    ]);
  });
});
