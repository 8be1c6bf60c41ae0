import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../../pipeline/calibrate/eigen.ts';
import { irmad, orthogonalLine } from '../../../pipeline/calibrate/irmad.ts';
import { sumMoments } from '../../../pipeline/calibrate/moments.ts';
import { ACCEPTED, normalise } from '../../../pipeline/calibrate/normalise.ts';
import { normal, seeded } from '../../../pipeline/core/random.ts';
import { openRaster } from '../../../pipeline/ingest/geotiff.ts';
import { realData } from '../../helpers/real-data.ts';

const NAMES = ['B', 'G', 'R', 'N'] as const;
const LINES = [
  { offset: -0.03, slope: 1.18 },
  { offset: -0.02, slope: 1.1 },
  { offset: -0.012, slope: 1.06 },
  { offset: 0.004, slope: 0.92 },
] as const;

/** Water, black soil, residue, maize: B, G, R, N of METHODS 3.2. */
const COVERS = [
  [0.06, 0.05, 0.035, 0.018],
  [0.05, 0.06, 0.075, 0.115],
  [0.1, 0.13, 0.17, 0.28],
  [0.03, 0.06, 0.035, 0.45],
] as const;

/** Pixels of four covers, the target so that the reference is `offset + slope · target`; a share of them is replaced. */
function pairOf(n: number, changed: number, seed = 1): { target: Float64Array[]; reference: Float64Array[] } {
  const random = seeded(seed);
  const target = NAMES.map(() => new Float64Array(n));
  const reference = NAMES.map(() => new Float64Array(n));
  for (let i = 0; i < n; i++) {
    const cover = COVERS[Math.floor(4 * random())]!;
    const other = COVERS[Math.floor(4 * random())]!;
    const bright = 1 + 0.25 * normal(random);
    const isChanged = random() < changed;
    for (const [k, { offset, slope }] of LINES.entries()) {
      const value = cover[k]! * bright * (1 + 0.08 * normal(random));
      target[k]![i] = value;
      const now = isChanged ? other[k]! * (1.4 + 0.5 * normal(random)) : value;
      reference[k]![i] = offset + slope * now + 0.002 * normal(random);
    }
  }
  return { target, reference };
}

describe('IR-MAD', () => {
  it('has the same correlations and weights whatever affine change is made to either image, to 1e-10', () => {
    const { target, reference } = pairOf(5000, 0.2);
    const plain = irmad(target, reference)!;
    const gains = [3, 0.4, 10_000, 1.7];
    const mixed = [
      target.map((band, k) => band.map((value) => gains[k]! * value + 0.1 * k)),
      // Bands mixed with each other, too.
      reference.map((band, k) => band.map((value, i) => 2 * value - 0.7 * reference[(k + 1) % 4]![i]! + 5)),
    ] as const;
    const changed = irmad(...mixed)!;
    expect(changed.iterations).toBe(plain.iterations);
    for (const [k, rho] of plain.correlations.entries())
      expect(Math.abs(changed.correlations[k]! - rho)).toBeLessThan(1e-10);
    const apart = plain.weights.reduce(
      (worst, w, i) => Math.max(worst, Math.abs(w - changed.weights[i]!)),
      0,
    );
    expect(apart).toBeLessThan(1e-8);
  });

  it('is weighted correlation where there is one band', () => {
    const { target, reference } = pairOf(4000, 0.2);
    const { correlations, weights } = irmad([target[3]!], [reference[3]!])!;
    // One more turn, by the textbook formula, with the weights of the end.
    const sum = (of: (i: number) => number) => weights.reduce((total, w, i) => total + w * of(i), 0);
    const all = sum(() => 1);
    const [x, y] = [target[3]!, reference[3]!];
    const [mx, my] = [sum((i) => x[i]!) / all, sum((i) => y[i]!) / all];
    const sxy = sum((i) => (x[i]! - mx) * (y[i]! - my));
    const r = sxy / Math.sqrt(sum((i) => (x[i]! - mx) ** 2) * sum((i) => (y[i]! - my) ** 2));
    expect(Math.abs(correlations[0]! - r)).toBeLessThan(1e-3);
    const swapped = irmad([reference[3]!], [target[3]!])!;
    expect(Math.abs(swapped.correlations[0]! - correlations[0]!)).toBeLessThan(1e-10);
  });

  it('finds nothing changed between images that differ by an affine change alone', () => {
    const { target } = pairOf(3000, 0);
    const same = target.map((band) => band.map((value) => 0.02 + 1.3 * value));
    const { correlations, weights } = irmad(target, same)!;
    for (const rho of correlations) expect(rho).toBeGreaterThan(1 - 1e-9);
    expect(Math.min(...weights)).toBeGreaterThan(0.9);
  });

  it('says so where a band is constant or repeats another', () => {
    const { target, reference } = pairOf(1000, 0);
    expect(irmad([target[0]!.map(() => 0.1), target[1]!], [reference[0]!, reference[1]!])).toBeNull();
    expect(irmad([target[0]!, target[0]!], [reference[0]!, reference[1]!])).toBeNull();
  });

  const slovenia = realData('01-s2-timeseries-slovenia');
  // test/helpers/irmad.py with numpy 2.4.6 and scipy 1.17.1 on target and reference of 2015-07-11.
  it.skipIf(slovenia === null).each([
    ['2015-08-30', [0.9826144810613426, 0.9743187528043581, 0.8096910207884505, 0.6122526289771162], 21, 33],
    ['2015-09-09', [0.9800463930595118, 0.953640957898597, 0.7797180301031563, 0.5629772038854822], 41, 36],
    ['2015-08-20', [0.8875482616762099, 0.7532613137496336, 0.6904425087995334, 0.6500343553987017], 50, 16],
  ] as const)(
    'finds on Slovenia %s what numpy and scipy find',
    async (date, correlations, iterations, pif) => {
      const read = async (day: string) => {
        const raster = await openRaster(`${slovenia}/scenes/S2_L1C_${day}_BGRN_uint16.tif`);
        const { width, height } = raster.info;
        const planes = await raster.read([1, 2, 3, 4], { col: 0, row: 0, width, height });
        await raster.close();
        return planes.map((plane) => Float64Array.from(plane as Uint16Array, (count) => count * 1e-4)); // as named
      };
      const found = irmad(await read(date), await read('2015-07-11'))!;
      for (const [k, rho] of correlations.entries())
        expect(Math.abs(found.correlations[k]! - rho)).toBeLessThan(1e-9);
      expect(found.iterations).toBe(iterations);
      expect(found.weights.filter((w) => w > 0.95)).toHaveLength(pif);
    },
  );
});

describe('normalisation to a reference', () => {
  const large = pairOf(400_000, 0.2);

  it('recovers offset and slope to 1 % with a fifth of the pixels replaced, and is accepted', () => {
    const { target, reference } = large;
    const result = normalise(NAMES, target, reference);
    expect(result.refusals).toEqual([]);
    expect(result.normalised).toBe(true);
    expect(result.covers).toBe(4);
    expect(result.pifCount).toBeGreaterThan(ACCEPTED.fewestPixels);
    for (const [k, { offset, slope }] of LINES.entries()) {
      const band = result.bands[k]!;
      expect(Math.abs(band.slope / slope - 1), band.name).toBeLessThan(0.01);
      expect(Math.abs(band.offset - offset), band.name).toBeLessThan(0.001);
      expect(band.rmse).toBeLessThan(0.005);
      expect(band.r2).toBeGreaterThan(0.99);
    }
  });

  it('is refused for too few pixels, one cover, a wrong slope or an image of something else, each by name', () => {
    const few = pairOf(5000, 0.2);
    expect(normalise(NAMES, few.target, few.reference).refusals).toEqual(['pixels']);
    const { target, reference } = large;
    const steep = reference.map((band) => band.map((value) => 2.5 * value));
    expect(normalise(NAMES, target, steep).refusals).toContain('slope');
    expect(normalise(['A', 'B', 'C', 'D'], target, reference).refusals).toEqual(['covers']);
    const other = pairOf(400_000, 0.2, 2).reference;
    const wrong = normalise(NAMES, target, other);
    expect(wrong.normalised).toBe(false);
    expect(wrong.refusals).toContain('r2');
    const constant = target.map((band) => band.map(() => 0.1));
    expect(normalise(NAMES, constant, reference)).toMatchObject({
      normalised: false,
      refusals: ['singular'],
    });
    const none = NAMES.map(() => new Float32Array(0));
    expect(normalise(NAMES, none, none)).toMatchObject({ normalised: false, pifCount: 0 });
  });
});

describe('moments', () => {
  it('have the same bits in whatever pieces the pixels come', () => {
    const { target } = pairOf(10_000, 0);
    const weights = Float64Array.from({ length: 10_000 }, (_, i) => (i % 7) / 7);
    const whole = sumMoments(4);
    whole.add(target, weights);
    const pieces = sumMoments(4);
    for (let at = 0, step = 1; at < 10_000; at += step, step = 1 + ((7 * step) % 1013)) {
      pieces.add(
        target.map((band) => band.subarray(at, at + step)),
        weights.subarray(at, at + step),
      );
    }
    expect(pieces.finish()).toEqual(whole.finish());
  });

  it('are weighted mean and covariance, about any centre', () => {
    const sum = sumMoments(2, [100, -3]);
    sum.add([Float64Array.of(1, 2, 4), Float64Array.of(2, 2, 5)], Float64Array.of(1, 2, 1));
    const { weight, mean, covariance } = sum.finish();
    expect(weight).toBe(4);
    expect(mean[0]).toBeCloseTo(2.25, 12);
    expect(mean[1]).toBeCloseTo(2.75, 12);
    expect(covariance[0]![0]).toBeCloseTo(1.1875, 9);
    expect(covariance[0]![1]).toBeCloseTo(1.3125, 9);
    expect(covariance[1]![1]).toBeCloseTo(1.6875, 9);
  });
});

describe('orthogonal regression', () => {
  it('is the line itself for points on one, rising or falling, and treats both axes alike', () => {
    const line = (x: readonly number[], y: readonly number[]) => {
      const sum = sumMoments(2);
      sum.add([x, y]);
      return orthogonalLine(sum.finish());
    };
    const x = [0, 1, 2, 5];
    for (const slope of [0.5, -2]) {
      const found = line(
        x,
        x.map((value) => 3 + slope * value),
      );
      expect(found.slope).toBeCloseTo(slope, 12);
      expect(found.offset).toBeCloseTo(3, 12);
    }
    const y = [0.3, 0.8, 2.4, 4.6];
    expect(line(x, y).slope * line(y, x).slope).toBeCloseTo(1, 12);
  });
});

describe('symmetric eigenvalues', () => {
  it('are those of a matrix that is known (1, 2 and 4 turned), with vectors of length 1', () => {
    const m = [
      [2, -1, 0],
      [-1, 3, -1],
      [0, -1, 2],
    ];
    const { values, vectors } = symmetricEigen(m);
    for (const [k, value] of [4, 2, 1].entries()) {
      expect(values[k]).toBeCloseTo(value, 13);
      const v = vectors[k]!;
      expect(Math.hypot(...v)).toBeCloseTo(1, 13);
      for (const [i, row] of m.entries())
        expect(row.reduce((sum, entry, j) => sum + entry * v[j]!, 0)).toBeCloseTo(value * v[i]!, 12);
    }
  });
});
