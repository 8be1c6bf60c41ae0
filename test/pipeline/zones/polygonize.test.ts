import { describe, expect, test } from 'vitest';
import { newPolygonizer } from '../../../pipeline/zones/polygonize.ts';
import { signedArea, type TracedArea } from '../../../pipeline/zones/trace.ts';
import { areasOf, drawn, type Mask, ringsArea, speckled } from './masks.ts';

const SEEDS = Array.from({ length: 24 }, (_, i) => i + 1);

/** Masks of every kind of awkwardness: salt and pepper, larger areas with specks, two to five classes. */
function masks(): Mask[] {
  return SEEDS.map((seed) =>
    speckled(seed, 7 + (seed % 23), 5 + ((seed * 5) % 19), 2 + (seed % 4), 1 + (seed % 4)),
  );
}

const ringsOf = (area: TracedArea) => area.parts.map((rings) => rings.map((ring) => [...ring].join(' ')));

describe('areas of a class raster', () => {
  test.each<[string, Mask, [value: number, pixels: number, rings: number][]]>([
    ['a single pixel', drawn('000', '010', '000'), [[1, 1, 1]]],
    ['a full raster', drawn('222', '222'), [[2, 6, 1]]],
    ['an empty raster', drawn('000', '000'), []],
    ['a ring', drawn('111', '101', '111'), [[1, 8, 2]]],
    [
      'a ring with an island',
      drawn('11111', '10001', '10301', '10001', '11111'),
      [
        [3, 1, 1],
        [1, 16, 2],
      ],
    ],
    [
      'classes side by side',
      drawn('112', '132'),
      [
        [1, 3, 1],
        [3, 1, 1],
        [2, 2, 1],
      ],
    ],
  ])('%s', (_what, mask, expected) => {
    const found = areasOf(mask).map(({ value, pixels, parts }) => [value, pixels, parts.flat().length]);
    expect(found.sort()).toEqual([...expected].sort());
  });

  test('a pixel is told as its four corners, clockwise on the image', () => {
    expect(ringsOf(areasOf(drawn('00', '01'))[0]!)).toEqual([['2 2 1 2 1 1 2 1 2 2']]);
  });

  test('an area that touches itself with a corner has a hole there, not a ring that crosses itself', () => {
    const [area] = areasOf(drawn('111', '101', '110'));
    expect(area!.parts).toHaveLength(1);
    const [outer, hole] = area!.parts[0]!;
    expect([signedArea(outer!), signedArea(hole!)]).toEqual([8, -1]);
  });

  test('pixels that share a corner only are two areas of one part with 4, and one area of two parts with 8', () => {
    const mask = drawn('10', '01');
    expect(areasOf(mask).map(({ pixels, parts }) => [pixels, parts.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(areasOf(mask, { connectivity: 8 }).map(({ pixels, parts }) => [pixels, parts.length])).toEqual([
      [2, 2],
    ]);
  });

  test('two classes may cross in one corner, each connected with 8', () => {
    const areas = areasOf(drawn('12', '21'), { connectivity: 8 });
    expect(areas.map(({ value, pixels }) => [value, pixels]).sort()).toEqual([
      [1, 2],
      [2, 2],
    ]);
  });

  test('nodata is a class like any other where none is named', () => {
    expect(areasOf(drawn('00', '01'), { nodata: null }).map(({ value }) => value)).toEqual([0, 1]);
  });

  test.each([4, 8] as const)(
    'rings enclose as many pixels as there are, and every pixel is in one area (%i)',
    (connectivity) => {
      for (const mask of masks()) {
        const areas = areasOf(mask, { connectivity, nodata: null });
        for (const area of areas) expect(ringsArea(area)).toBe(area.pixels);
        expect(areas.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(mask.width * mask.height);
      }
    },
  );

  test('every part has one outer ring, first, and no ring meets a corner twice', () => {
    for (const mask of masks()) {
      for (const { parts } of areasOf(mask, { connectivity: 8, nodata: null })) {
        for (const rings of parts) {
          expect(rings.map((ring) => Math.sign(signedArea(ring)))).toEqual(
            rings.map((_, i) => (i === 0 ? 1 : -1)),
          );
          for (const ring of rings) {
            const corners = Array.from(
              { length: ring.length / 2 },
              (_, i) => `${ring[2 * i]} ${ring[2 * i + 1]}`,
            );
            expect(corners.at(-1)).toBe(corners[0]);
            expect(new Set(corners).size).toBe(corners.length - 1);
          }
        }
      }
    }
  });

  test.each([1, 2, 3, 7])('%i rows at a time make no difference', (rows) => {
    for (const mask of masks()) {
      for (const options of [
        {},
        { connectivity: 8 },
        { tolerance: 1.2 },
        { small: 'merge', leastPixels: 4 },
      ] as const) {
        expect(areasOf(mask, { ...options, rows })).toEqual(areasOf(mask, options));
      }
    }
  });

  test.each<[string, (mask: Mask) => Mask, (x: number, y: number, mask: Mask) => [number, number], boolean]>([
    ['turning by a quarter', turned, (x, y, { height }) => [height - y, x], false],
    ['mirroring', mirrored, (x, y, { width }) => [width - x, y], true],
  ])('%s the raster does the same to its areas', (_what, move, corner, isMirrored) => {
    for (const mask of masks()) {
      for (const connectivity of [4, 8] as const) {
        const before = areasOf(mask, { connectivity, nodata: null }).map((area) =>
          fingerprint(area, (x, y) => corner(x, y, mask), isMirrored),
        );
        const after = areasOf(move(mask), { connectivity, nodata: null }).map((area) =>
          fingerprint(area, (x, y) => [x, y], false),
        );
        expect(after.sort()).toEqual(before.sort());
      }
    }
  });

  test('an area is told with the row after its last, not at the end', () => {
    const told: number[] = [];
    const polygonizer = newPolygonizer({
      width: 2,
      nodata: 0,
      connectivity: 4,
      leastPixels: 0,
      small: 'drop',
      tolerance: 0,
      onArea: ({ value }) => told.push(value),
    });
    polygonizer.addRows(Int16Array.of(1, 2), 1);
    polygonizer.addRows(Int16Array.of(0, 2), 1);
    expect(told).toEqual([1]);
    polygonizer.finish();
    expect(told).toEqual([1, 2]);
  });

  test('what was told leaves no trace in what comes later', () => {
    const block = speckled(5, 40, 30, 3, 3);
    const twice = new Int16Array(2 * block.data.length + 40);
    twice.set(block.data);
    twice.set(block.data, block.data.length + 40);
    const single = areasOf(block).map((area) => fingerprint(area, (x, y) => [x, y % 31], false));
    const double = areasOf({ width: 40, height: 61, data: twice }).map((area) =>
      fingerprint(area, (x, y) => [x, y % 31], false),
    );
    expect(double.sort()).toEqual([...single, ...single].sort());
  });
});

describe('small areas', () => {
  test('are left out', () => {
    const found = areasOf(drawn('1100', '1103', '0000'), { leastPixels: 2 });
    expect(found.map(({ value, pixels }) => [value, pixels])).toEqual([[1, 4]]);
  });

  test('go to the largest area beside them, and areas of one class that meet become one', () => {
    const found = areasOf(drawn('11311', '11211', '22222'), { leastPixels: 2, small: 'merge' });
    expect(found.map(({ value, pixels }) => [value, pixels]).sort()).toEqual([
      [1, 4],
      [1, 4],
      [2, 7],
    ]);
    const joined = areasOf(drawn('11311', '11311'), { leastPixels: 3, small: 'merge' });
    expect(joined.map(({ value, pixels, parts }) => [value, pixels, parts.flat().length])).toEqual([
      [1, 10, 1],
    ]);
  });

  test('fill the hole they were', () => {
    const [area] = areasOf(drawn('111', '121', '111'), { leastPixels: 2, small: 'merge' });
    expect([area!.pixels, area!.parts.flat().length, ringsArea(area!)]).toEqual([9, 1, 9]);
  });

  test('stay where nothing is beside them', () => {
    expect(areasOf(drawn('000', '010'), { leastPixels: 5, small: 'merge' })).toHaveLength(1);
  });

  test('are gone, and no pixel with them', () => {
    for (const mask of masks()) {
      const areas = areasOf(mask, { leastPixels: 4, small: 'merge', nodata: null });
      expect(areas.every(({ pixels }) => pixels >= 4)).toBe(true);
      expect(areas.reduce((sum, area) => sum + ringsArea(area), 0)).toBe(mask.width * mask.height);
    }
  });
});

describe('straightened borders', () => {
  const tolerances = [0.75, 1.5, 3];

  test.each(tolerances)('are the same on both sides (tolerance %f)', (tolerance) => {
    for (const mask of masks()) {
      const areas = areasOf(mask, { tolerance, nodata: null });
      const edges = areas.flatMap((area) => area.parts.flat().flatMap(edgesOf));
      expect(new Set(edges).size).toBe(edges.length);
      const known = new Set(edges);
      const unmatched = edges.filter((edge) => !known.has(edge.split(' to ').reverse().join(' to ')));
      // Only the rim of the raster has one side: what is left is one ring around everything.
      const rim = unmatched.reduce((sum, edge) => {
        const [x0, y0, x1, y1] = edge.split(/ (?:to )?/).map(Number) as [number, number, number, number];
        return sum + (x0 * y1 - x1 * y0) / 2;
      }, 0);
      expect(rim).toBeCloseTo(
        areas.reduce((sum, area) => sum + ringsArea(area), 0),
        9,
      );
    }
  });

  test.each(tolerances)('change an area by no more than %f times its perimeter', (tolerance) => {
    for (const mask of masks()) {
      for (const area of areasOf(mask, { nodata: null, tolerance })) {
        const perimeter = area.parts
          .flat()
          .flatMap(lengthsOf)
          .reduce((sum, length) => sum + length, 0);
        expect(Math.abs(ringsArea(area) - area.pixels)).toBeLessThanOrEqual(tolerance * perimeter);
      }
    }
  });

  test('have fewer vertices: a staircase becomes a line', () => {
    const size = 40;
    const data = Int16Array.from({ length: size * size }, (_, i) =>
      i % size <= Math.floor(i / size) ? 1 : 2,
    );
    const count = (areas: TracedArea[]) =>
      areas.flatMap(({ parts }) => parts.flat()).reduce((sum, ring) => sum + ring.length / 2 - 1, 0);
    const mask = { width: size, height: size, data };
    expect(count(areasOf(mask))).toBeGreaterThan(2 * size);
    expect(count(areasOf(mask, { tolerance: 1 }))).toBeLessThanOrEqual(10);
  });

  test('never fold an area flat: two long neighbours between the same two nodes keep their width', () => {
    const areas = areasOf(drawn('1111111', '1222221', '1111111'), { tolerance: 10 });
    for (const area of areas) expect(ringsArea(area)).toBeGreaterThan(0);
    expect(areas.map(({ value }) => value).sort()).toEqual([1, 2]);
  });
});

function turned({ width, height, data }: Mask): Mask {
  // Pixel (x, y) goes to (height − 1 − y, x).
  const out = new Int16Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[x * height + height - 1 - y] = data[y * width + x]!;
  return { width: height, height: width, data: out };
}

function mirrored({ width, height, data }: Mask): Mask {
  const out = new Int16Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) out[y * width + width - 1 - x] = data[y * width + x]!;
  return { width, height, data: out };
}

/** Class, size and every unit step of the border of an area, after its corners were moved. */
function fingerprint(
  area: TracedArea,
  move: (x: number, y: number) => [number, number],
  isMirrored: boolean,
): string {
  const steps = area.parts.flat().flatMap((ring) => {
    const found: string[] = [];
    for (let i = 0; i + 3 < ring.length; i += 2) {
      const [x0, y0, x1, y1] = [ring[i]!, ring[i + 1]!, ring[i + 2]!, ring[i + 3]!];
      const n = Math.abs(x1 - x0) + Math.abs(y1 - y0);
      for (let k = 0; k < n; k++) {
        const a = move(x0 + ((x1 - x0) / n) * k, y0 + ((y1 - y0) / n) * k);
        const b = move(x0 + ((x1 - x0) / n) * (k + 1), y0 + ((y1 - y0) / n) * (k + 1));
        found.push(isMirrored ? `${b} ${a}` : `${a} ${b}`);
      }
    }
    return found;
  });
  return `${area.value} ${area.pixels} ${area.parts.length} ${area.parts.flat().length} ${steps.sort().join(' ')}`;
}

function edgesOf(ring: Int32Array): string[] {
  return Array.from(
    { length: ring.length / 2 - 1 },
    (_, i) => `${ring[2 * i]} ${ring[2 * i + 1]} to ${ring[2 * i + 2]} ${ring[2 * i + 3]}`,
  );
}

function lengthsOf(ring: Int32Array): number[] {
  return Array.from({ length: ring.length / 2 - 1 }, (_, i) =>
    Math.hypot(ring[2 * i + 2]! - ring[2 * i]!, ring[2 * i + 3]! - ring[2 * i + 1]!),
  );
}
