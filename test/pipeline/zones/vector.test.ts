import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { transformer } from '../../../pipeline/core/crs.ts';
import { seeded } from '../../../pipeline/core/random.ts';
import {
  areaOf,
  readGeoJson,
  readVectorFile,
  type VectorContent,
  type VectorOptions,
} from '../../../pipeline/zones/vector.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { type Ring, star } from './shapes.ts';

type Json = Record<string, unknown>;

const SQUARE = [
  [
    [126.0, 44.0],
    [126.01, 44.0],
    [126.01, 44.01],
    [126.0, 44.01],
    [126.0, 44.0],
  ],
];

function feature(coordinates: unknown, properties: Json = {}, more: Json = {}): Json {
  return { type: 'Feature', properties, geometry: { type: 'Polygon', coordinates }, ...more };
}

function read(features: readonly Json[], options?: VectorOptions, more: Json = {}): VectorContent {
  return readGeoJson(
    JSON.stringify({ type: 'FeatureCollection', features, ...more }),
    'parcels.geojson',
    options,
  );
}

/** Whether any two edges of a ring pass through each other, by comparing all of them. */
function crossesSomewhere(ring: Ring): boolean {
  const side = (a: Ring[0], b: Ring[0], p: Ring[0]) =>
    (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
  const edges = ring.map((a, i) => [a, ring[(i + 1) % ring.length]!] as const);
  return edges.some(([a, b]) =>
    edges.some(([c, d]) => side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0),
  );
}

/** The one finding about a single polygon. */
function findingOf(coordinates: unknown): string {
  const { features, findings } = read([feature(coordinates, { id: 'A' })]);
  expect(features).toEqual([]);
  expect(findings).toHaveLength(1);
  expect(findings[0]!.code).toBe('E_VECTOR_INVALID');
  return findings[0]!.message;
}

describe('a GeoJSON file', () => {
  test('keeps properties as they are and turns a polygon into parts', () => {
    const properties = { id: 7, 作物: '玉米', nested: { a: [1] }, name: '东地' };
    const { features, findings } = read([feature(SQUARE, properties)]);
    expect(findings).toEqual([]);
    expect(features).toMatchObject([{ id: '7', name: '东地', properties, polygon: [SQUARE] }]);
  });

  test('may be a single feature, a bare geometry, or begin with a byte order mark', () => {
    const geometry = { type: 'MultiPolygon', coordinates: [SQUARE, SQUARE] };
    for (const document of [geometry, { type: 'Feature', properties: null, geometry }]) {
      const { features } = readGeoJson(`\uFEFF${JSON.stringify(document)}`, 'x', {});
      expect(features).toMatchObject([{ id: '0', name: null, polygon: [SQUARE, SQUARE] }]);
    }
  });

  test('in another CRS is brought to longitude and latitude', () => {
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::4551' } };
    const utm = [
      [
        [516_043.9, 4_873_779],
        [516_143.9, 4_873_779],
        [516_143.9, 4_873_879],
      ],
    ];
    const [first] = read([feature(utm)], {}, { crs }).features[0]!.polygon[0]![0]!;
    const [lon, lat] = transformer(4551, 4326)(516_043.9, 4_873_779);
    expect(first).toEqual([lon, lat]);
    expect(lon).toBeCloseTo(126.2, 3);
    expect(lat).toBeCloseTo(44, 2);
  });

  test('in another CRS has the shapes that lie off the globe left out, and those beside them kept', () => {
    const crs = { type: 'name', properties: { name: 'urn:ogc:def:crs:EPSG::4551' } };
    const square = (x: number, y: number) => [
      [
        [x, y],
        [x + 100, y],
        [x + 100, y + 100],
      ],
    ];
    const far = 3e7;
    const { features, findings } = read(
      [
        feature(square(516_000, 4_873_000)),
        feature(square(far, 4_873_000)),
        feature(square(517_000, 4_870_000)),
      ],
      {},
      { crs },
    );
    expect(features.map(({ id }) => id)).toEqual(['0', '2']);
    expect(features.map(({ stored }) => stored[0]![0]![0])).toEqual([
      [516_000, 4_873_000],
      [517_000, 4_870_000],
    ]);
    expect(findings.map(({ message }) => message).join()).toContain(`position ${far}, 4873000 is not`);
  });

  test.each(['urn:ogc:def:crs:OGC:1.3:CRS84', 'EPSG:4326', 'urn:ogc:def:crs:EPSG::4490'])(
    'with crs %s is taken as it is',
    (name) => {
      const [first] = read([feature(SQUARE)], {}, { crs: { type: 'name', properties: { name } } })
        .features[0]!.polygon[0]![0]!;
      expect(first![0]).toBeCloseTo(126, 9);
      expect(first![1]).toBeCloseTo(44, 9);
    },
  );

  test('with an unknown crs is refused whole', () => {
    expect(() =>
      read([feature(SQUARE)], {}, { crs: { type: 'name', properties: { name: 'EPSG:9999' } } }),
    ).toThrow(expect.objectContaining({ code: 'E_CRS_UNKNOWN' }));
  });

  test.each([
    ['[', 'no JSON'],
    ['[]', 'no GeoJSON object'],
    ['{"type":"FeatureCollection"}', 'features is no list'],
    ['{"a":1}', 'no GeoJSON object'],
  ])('%s is refused whole: %s', (text, reason) => {
    expect(() => readGeoJson(text, 'x.geojson')).toThrow(
      expect.objectContaining({ code: 'E_VECTOR_INVALID', message: expect.stringContaining(reason) }),
    );
  });

  test('that is not there is named', async () => {
    await expect(readVectorFile('/nowhere/parcels.geojson')).rejects.toMatchObject({
      code: 'E_FILE_MISSING',
    });
  });

  test('is refused before it is read when it is larger than 50 MiB', async () => {
    const file = join(await temporaryFolder(), 'large.geojson');
    await writeFile(file, Buffer.alloc(50 * 2 ** 20 + 1, 32));
    await expect(readVectorFile(file)).rejects.toMatchObject({ code: 'E_VECTOR_INVALID' });
  });
});

describe('the id of a feature', () => {
  const two = (a: Json, b: Json, moreA: Json = {}, moreB: Json = {}) => [
    feature(SQUARE, a, moreA),
    feature(SQUARE, b, moreB),
  ];
  const ids = (content: VectorContent) => content.features.map(({ id }) => id);

  test('is the field that was named', () => {
    expect(ids(read(two({ id: 1, 编号: 'a' }, { id: 2, 编号: 'b' }), { id: '编号' }))).toEqual(['a', 'b']);
  });

  test('is its own id before any field', () => {
    expect(ids(read(two({ id: 1 }, { id: 2 }, { id: 'x' }, { id: 'y' })))).toEqual(['x', 'y']);
  });

  test('is a usual field that tells all features apart, not one that does not', () => {
    expect(ids(read(two({ code: 'maize', OBJECTID: 5 }, { code: 'maize', OBJECTID: 6 })))).toEqual([
      '5',
      '6',
    ]);
  });

  test('is its position when nothing else will do', () => {
    expect(ids(read(two({}, {})))).toEqual(['0', '1']);
    expect(ids(read(two({ id: 1 }, {})))).toEqual(['0', '1']);
  });

  test('twice, or missing, under the field that was named, is a finding', () => {
    const { features, findings } = read([...two({ k: 1 }, { k: 1 }), feature(SQUARE)], { id: 'k' });
    expect(features.map(({ id }) => id)).toEqual(['1']);
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('feature 1 (id 1)'),
      expect.stringContaining('feature 2'),
    ]);
  });
});

describe('a broken shape', () => {
  test('is named with its feature, id and place, and the rest goes on', () => {
    const bow = [
      [
        [126, 44],
        [126.02, 44.02],
        [126.02, 44],
        [126, 44.02],
        [126, 44],
      ],
    ];
    const { features, findings } = read([
      feature(SQUARE, { id: 'A' }),
      feature(bow, { id: 'B' }),
      feature(SQUARE, { id: 'C' }),
    ]);
    expect(features.map(({ id }) => id)).toEqual(['A', 'C']);
    expect(findings[0]!.message).toContain('parcels.geojson, feature 1 (id B)');
    expect(findings[0]!.message).toContain('edges cross at 126.0100000, 44.0100000');
  });

  test.each<[string, unknown, string]>([
    ['no rings', [], 'no rings'],
    [
      'two positions',
      [
        [
          [0, 0],
          [1, 1],
          [0, 0],
        ],
      ],
      'fewer than three positions',
    ],
    [
      'one position many times',
      [
        [
          [0, 0],
          [0, 0],
          [0, 0],
          [0, 0],
        ],
      ],
      'fewer than three positions',
    ],
    [
      'text for a number',
      [
        [
          [0, 0],
          ['1', 0],
          [1, 1],
          [0, 0],
        ],
      ],
      'vertex 1 is no pair of finite numbers',
    ],
    [
      'null for a number',
      [
        [
          [0, 0],
          [null, 0],
          [1, 1],
          [0, 0],
        ],
      ],
      'vertex 1 is no pair of finite numbers',
    ],
    ['no ring', ['abc'], 'no list of positions'],
    [
      'projected coordinates without crs',
      [
        [
          [516_000, 4_873_000],
          [516_100, 4_873_000],
          [516_100, 4_873_100],
        ],
      ],
      'is not longitude and latitude',
    ],
    [
      'a hole across its outer ring',
      [
        SQUARE[0],
        [
          [126.005, 44.005],
          [126.02, 44.005],
          [126.02, 44.008],
          [126.005, 44.008],
        ],
      ],
      'edges cross',
    ],
    [
      'a pinch that changes sides',
      [
        [
          [0, 0],
          [1, 1],
          [2, 2],
          [2, 0],
          [1, 1],
          [0, 2],
        ],
      ],
      'edges cross at 1.0000000, 1.0000000',
    ],
  ])('with %s is refused', (_what, coordinates, reason) => {
    expect(findingOf(coordinates)).toContain(reason);
  });

  test('of another kind, or without geometry, is refused', () => {
    const point = { type: 'Feature', properties: {}, geometry: { type: 'Point', coordinates: [126, 44] } };
    const { findings } = read([
      point,
      { type: 'Feature', properties: {}, geometry: null },
      { type: 'Feature' },
    ]);
    expect(findings.map(({ message }) => message)).toEqual([
      expect.stringContaining('Point is no polygon'),
      expect.stringContaining('no geometry'),
      expect.stringContaining('no geometry'),
    ]);
  });

  test('with more than 50 000 vertices in a ring is refused', () => {
    expect(findingOf([star(seeded(1), 126, 44, 0.01, 50_001)])).toContain('50001 vertices');
  });
});

describe('a shape that only looks odd', () => {
  test.each<[string, number[][][]]>([
    [
      'an open ring',
      [
        [
          [126, 44],
          [126.01, 44],
          [126.01, 44.01],
        ],
      ],
    ],
    [
      'a vertex twice',
      [
        [
          [126, 44],
          [126.01, 44],
          [126.01, 44],
          [126.01, 44.01],
          [126, 44],
        ],
      ],
    ],
    [
      'a hole that touches the outer ring in a vertex',
      [
        SQUARE[0]!,
        [
          [126, 44],
          [126.005, 44.001],
          [126.001, 44.005],
          [126, 44],
        ],
      ],
    ],
    [
      'a hole that touches an edge',
      [
        SQUARE[0]!,
        [
          [126.005, 44],
          [126.008, 44.005],
          [126.002, 44.005],
        ],
      ],
    ],
    [
      'heights',
      [
        [
          [126, 44, 200],
          [126.01, 44, 201],
          [126.01, 44.01, 202],
          [126, 44, 200],
        ],
      ],
    ],
    [
      'two corners that meet in a point',
      [
        [
          [0, 0],
          [1, 1],
          [0, 2],
          [2, 2],
          [1, 1],
          [2, 0],
        ],
      ],
    ],
  ])('%s is accepted', (_what, coordinates) => {
    const { features, findings } = read([feature(coordinates)]);
    expect(findings.map(String)).toEqual([]);
    for (const ring of features[0]!.polygon[0]!) {
      expect(ring.at(-1)).toEqual(ring[0]);
      for (const position of ring) expect(position).toHaveLength(2);
    }
  });
});

describe('the search for crossings', () => {
  test('finds a crossing exactly when comparing all pairs of edges does', () => {
    let crossed = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = seeded(seed);
      const ring = star(random, 126, 44, 0.01, 60 + Math.floor(60 * random()));
      const at = Math.floor(random() * (ring.length - 3));
      const shape = seed % 3 === 0 ? ring : ring.with(at, ring[at + 2]!).with(at + 2, ring[at]!);
      const expected = crossesSomewhere(shape);
      expect(read([feature([shape])]).findings.length > 0).toBe(expected);
      crossed += expected ? 1 : 0;
    }
    expect(crossed).toBeGreaterThan(30);
    expect(crossed).toBeLessThan(170);
  });

  test('of 50 000 vertices takes well under five seconds, simple, clustered or hopelessly tangled', () => {
    const random = seeded(4);
    const simple = star(random, 126, 44, 0.01, 50_000 - 1);
    const clustered = [...star(random, 126, 44, 1e-6, 49_000), [127, 45], [127, 44]].slice(0, 49_998);
    const tangled = Array.from({ length: 49_999 }, () => [126 + random(), 44 + random()]);
    const comb = Array.from({ length: 49_999 }, (_, i) => [126 + (i % 2), 44 + i * 1e-7]);
    for (const ring of [simple, clustered, tangled, comb]) {
      const started = performance.now();
      read([feature([ring])]);
      expect(performance.now() - started).toBeLessThan(5000);
    }
  });
});

test.each<[string, number[][], number]>([
  // ST_Area of the same polygons as geography, PostGIS 3.6.2.
  ['a square of 89 ha', SQUARE[0]!, 891114.9300432205],
  [
    'a triangle with edges of 2 km',
    [
      [126.2, 43.9],
      [126.21, 43.91],
      [126.19, 43.93],
      [126.2, 43.9],
    ],
    1784932.237545967,
  ],
  [
    'a triangle of 2 ha',
    [
      [126.2, 43.9],
      [126.203, 43.9015],
      [126.2011, 43.9022],
      [126.2, 43.9],
    ],
    22092.966003537178,
  ],
  [
    'a triangle in the south',
    [
      [-60, -12],
      [-59.99, -12],
      [-60, -11.98],
      [-60, -12],
    ],
    1204705.2227067947,
  ],
])('the area of %s is what PostGIS says, to 1e-7', (_what, ring, expected) => {
  expect(Math.abs(areaOf([[ring]]) / expected - 1)).toBeLessThan(1e-7);
  expect(Math.abs(areaOf([[ring.toReversed()]]) / expected - 1)).toBeLessThan(1e-7);
});

test('a hole is taken out of the area', () => {
  const hole = SQUARE[0]!.map(([x, y]) => [126.002 + (x! - 126) / 2, 44.002 + (y! - 44) / 2]);
  expect(areaOf([[SQUARE[0]!, hole]]) / areaOf([SQUARE])).toBeCloseTo(0.75, 5);
});
