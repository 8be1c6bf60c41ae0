import { describe, expect, it } from 'vitest';
import { apply } from '../../../pipeline/core/affine.ts';
import { transformer } from '../../../pipeline/core/crs.ts';
import type { Grid, Window } from '../../../pipeline/core/grid.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import type { Rpc } from '../../../pipeline/core/rpc.ts';
import { aboveEllipsoid, type Ground, heightAt } from '../../../pipeline/geometry/ground.ts';
import { layOrtho, orthoGrid, orthoPositions } from '../../../pipeline/geometry/ortho.ts';
import { project } from '../../../pipeline/geometry/rpc.ts';
import { goldenGround, MODELS, modelOf } from './models.ts';

type Placed = Grid & { readonly epsg: number };

/** 16-bit numbers of a raw image, as a formula of the pixel: fields with edges, and noise. */
function rawNumber(col: number, row: number, band: number): number {
  const field = ((col >> 4) * 73 + (row >> 4) * 151 + band * 17) & 1023;
  const noise = Math.imul(col * 7919 + row * 104_729 + band, 2_654_435_761) >>> 24;
  return 400 + 3 * field + (noise & 63);
}

function rawPiece(
  window: Window,
  bands: number,
  isMissing: (col: number, row: number) => boolean = () => false,
) {
  const planes = Array.from({ length: bands }, (_, band) =>
    Float32Array.from({ length: window.width * window.height }, (_, i) => {
      const [col, row] = [window.col + (i % window.width), window.row + Math.floor(i / window.width)];
      return isMissing(col, row) ? Number.NaN : rawNumber(col, row, band);
    }),
  );
  return { window, planes };
}

/** Every pixel by itself in float64: transform, height, model, four neighbours. Null where one of them is missing. */
function reference(
  rpc: Rpc,
  target: Placed,
  ground: Ground,
  isMissing: (col: number, row: number) => boolean = () => false,
) {
  const toPlace = transformer(target.epsg, 4326);
  const heightOf = heightAt(ground);
  return (col: number, row: number, band: number): number | null => {
    const [lon, lat] = toPlace(...apply(target.transform, col + 0.5, row + 0.5));
    const [u, v] = project(rpc, lon, lat, heightOf(lon, lat));
    const [left, top] = [Math.floor(u - 0.5), Math.floor(v - 0.5)];
    if (Number.isNaN(u)) return null;
    const [fx, fy] = [u - 0.5 - left, v - 0.5 - top];
    let sum = 0;
    for (const [dx, dy, share] of [
      [0, 0, (1 - fx) * (1 - fy)],
      [1, 0, fx * (1 - fy)],
      [0, 1, (1 - fx) * fy],
      [1, 1, fx * fy],
    ] as const) {
      if (isMissing(left + dx, top + dy)) return null;
      sum += share * rawNumber(left + dx, top + dy, band);
    }
    return Math.floor(sum + 0.5);
  };
}

/** A piece of the orthorectified image near the middle of the model. */
function targetNear(model: (typeof MODELS)[number], pixel: number, width: number, height: number): Placed {
  const { rpc } = model;
  const [x, y] = transformer(4326, 32652)(rpc.LONG_OFF, rpc.LAT_OFF);
  const [left, top] = [Math.floor(x / pixel) * pixel, Math.ceil(y / pixel) * pixel];
  return { width, height, epsg: 32652, transform: [left, pixel, 0, top, 0, -pixel] };
}

function laid(rpc: Rpc, target: Placed, ground: Ground, isMissing?: (col: number, row: number) => boolean) {
  const positions = orthoPositions(rpc, target, ground);
  const out = [0, 1].map(() => new Uint16Array(target.width * target.height));
  layOrtho(positions, rawPiece(positions.window!, 2, isMissing), out, 0);
  return out;
}

/** Compares all pixels of a target with the reference. */
function compare(out: readonly Uint16Array[], target: Placed, expected: ReturnType<typeof reference>) {
  let [worst, unequal, count, other] = [0, 0, 0, 0];
  for (let row = 0; row < target.height; row++) {
    for (let col = 0; col < target.width; col++) {
      for (const [band, plane] of out.entries()) {
        const is = plane[row * target.width + col]!;
        const should = expected(col, row, band) ?? 0;
        count += 1;
        if ((is === 0) !== (should === 0)) other += 1;
        else {
          worst = Math.max(worst, Math.abs(is - should));
          unequal += is === should ? 0 : 1;
        }
      }
    }
  }
  return { worst, unequal: unequal / count, other };
}

describe('orthorectified pixels against exact float64 interpolation', () => {
  it.each(MODELS)('agree to one count, on one height: $name', (model) => {
    const rpc = modelOf(model);
    const target = targetNear(model, 3, 150, 130);
    const { worst, unequal, other } = compare(laid(rpc, target, 200), target, reference(rpc, target, 200));
    expect(worst).toBeLessThanOrEqual(1);
    expect(unequal).toBeLessThan(0.02);
    expect(other).toBe(0);
  });

  it.each(MODELS)('agree to two counts on a terrain model in another CRS: $name', (model) => {
    const rpc = modelOf(model);
    const { values } = goldenGround();
    // Rough ground, so that neighbours differ by hundreds of metres: steep edges between its cells are the hard part.
    const random = seeded(5);
    const [x, y] = transformer(4326, 4551)(model.rpc.LONG_OFF, model.rpc.LAT_OFF);
    const grid = {
      width: 130,
      height: 130,
      epsg: 4551,
      transform: [x - 1000, 30, 2, y + 1200, 3, -30],
    } as const;
    const ground = { grid, values: values.map((value) => value + 40 * random()) };
    const target = targetNear(model, 3, 150, 130);
    const { worst, unequal, other } = compare(
      laid(rpc, target, ground),
      target,
      reference(rpc, target, ground),
    );
    expect(worst).toBeLessThanOrEqual(2);
    expect(unequal).toBeLessThan(0.02);
    expect(other).toBe(0);
  });

  it('agree on a target that is rotated itself', () => {
    const rpc = modelOf(MODELS[0]!);
    const plain = targetNear(MODELS[0]!, 5, 140, 120);
    const [cos, sin] = [5 * Math.cos(0.2), 5 * Math.sin(0.2)];
    const [x, , , y] = plain.transform;
    const target: Placed = { ...plain, transform: [x, cos, sin, y, sin, -cos] };
    const { worst, unequal, other } = compare(laid(rpc, target, 350), target, reference(rpc, target, 350));
    expect(worst).toBeLessThanOrEqual(1);
    expect(unequal).toBeLessThan(0.02);
    expect(other).toBe(0);
  });

  it('have no value where one of the four pixels they are made of has none', () => {
    const rpc = modelOf(MODELS[0]!);
    const target = targetNear(MODELS[0]!, 5, 100, 100);
    const hole = (col: number, row: number) => (col * 7 + row * 3) % 41 === 0;
    const out = laid(rpc, target, 350, hole);
    const { worst, other } = compare(out, target, reference(rpc, target, 350, hole));
    expect(worst).toBeLessThanOrEqual(1);
    expect(other).toBe(0);
    const missing = out[0]!.filter((value) => value === 0).length / out[0]!.length;
    expect(missing).toBeGreaterThan(0.06);
    expect(missing).toBeLessThan(0.12);
  });
});

describe('orthorectification', () => {
  const IDENTITY = {
    width: 3,
    height: 2,
    row: (row: number, us: Float64Array, vs: Float64Array) => {
      for (let i = 0; i < 3; i++) [us[i], vs[i]] = [i + 0.5, row + 0.5];
    },
    window: { col: 0, row: 0, width: 3, height: 2 },
  };

  it('needs no neighbour where a pixel lies on a pixel', () => {
    const piece = { window: IDENTITY.window, planes: [Float32Array.of(5, 6, 7, Number.NaN, 9, 10)] };
    const out = new Uint16Array(6);
    layOrtho(IDENTITY, piece, [out], 0);
    expect([...out]).toEqual([5, 6, 7, 0, 9, 10]);
  });

  it('keeps a value that looks like nodata a value', () => {
    const piece = { window: IDENTITY.window, planes: [Float32Array.of(0, 1, 2, 3, 4, Number.NaN)] };
    const [zero, top] = [new Uint16Array(6), new Uint16Array(6)];
    layOrtho(IDENTITY, piece, [zero], 0);
    expect([...zero]).toEqual([1, 1, 2, 3, 4, 0]);
    layOrtho(IDENTITY, piece, [top], 4);
    expect([...top]).toEqual([0, 1, 2, 3, 3, 4]);
  });

  it('reads no more of the raw image than lies under the target', () => {
    const rpc = modelOf(MODELS[0]!);
    const target = targetNear(MODELS[0]!, 5, 512, 512);
    const { window } = orthoPositions(rpc, target, 300);
    // A square turned by 11.5 degrees needs a box 1.18 times as wide.
    expect(window!.width).toBeLessThan(512 * 1.18 + 30);
    expect(window!.height).toBeLessThan(512 * 1.18 + 30);
  });

  it('has nothing to lay where no height is known', () => {
    const rpc = modelOf(MODELS[0]!);
    const target = targetNear(MODELS[0]!, 5, 20, 20);
    const { grid, values } = goldenGround();
    const positions = orthoPositions(rpc, target, { grid, values: values.map(() => Number.NaN) });
    expect(positions.window).toBeNull();
    const us = new Float64Array(20);
    positions.row(3, us, new Float64Array(20));
    expect(us.every(Number.isNaN)).toBe(true);
  });

  it('takes a grid around the image with pixel corners at multiples of the pixel', () => {
    const rpc = modelOf(MODELS[0]!);
    const [width, height] = MODELS[0]!.size as [number, number];
    const grid = orthoGrid(rpc, { width, height }, 5, 32652);
    // 40 km turned by 11.5 degrees, and by the 1.9 degrees that north is off grid north here, lie in a box of 47 to 48 km.
    expect(grid.width * 5).toBeGreaterThan(46_000);
    expect(grid.width * 5).toBeLessThan(49_000);
    expect(grid.transform[0] % 5).toBe(0);
    expect(grid.transform[3] % 5).toBe(0);
    const positions = orthoPositions(rpc, grid, rpc.heightOffset);
    const { window } = positions;
    expect(window!.col).toBeLessThan(0);
    expect(window!.col + window!.width).toBeGreaterThan(width);
    expect(orthoGrid(rpc, { width, height }, 5, 4326).transform[1]).toBeCloseTo(5 / 111_319.49, 9);
    expect(() => orthoGrid(rpc, { width, height }, 1e-4, 32652)).toThrow(/E_RPC|would take/);
    expect(() => orthoGrid(rpc, { width, height }, 5, 2154)).toThrow(/EPSG:2154/);
  });
});

describe('heights', () => {
  it('rise from sea level to the ellipsoid by a number or by a geoid of its own grid', () => {
    const sea = {
      grid: { width: 3, height: 2, epsg: 32652, transform: [300_000, 100, 0, 4_870_000, 0, -100] },
      values: new Float32Array(6).fill(200),
    } as const;
    expect([...aboveEllipsoid(sea, 20).values]).toEqual([220, 220, 220, 220, 220, 220]);
    const [lon, lat] = transformer(32652, 4326)(300_150, 4_869_900);
    // A geoid that rises by 1 m every hundredth of a degree to the east, 18 m at the middle of the heights.
    const geoid = {
      grid: { width: 4, height: 4, epsg: 4326, transform: [lon - 0.02, 0.01, 0, lat + 0.02, 0, -0.01] },
      values: Float32Array.from({ length: 16 }, (_, i) => 16.5 + (i % 4)),
    } as const;
    const { values } = aboveEllipsoid(sea, geoid);
    expect((values[1]! + values[4]!) / 2).toBeCloseTo(218, 3);
    // 100 m are an eighth of that here.
    expect(values[1]! - values[0]!).toBeCloseTo(100 / 80_200 / 0.01, 2);
  });
});
