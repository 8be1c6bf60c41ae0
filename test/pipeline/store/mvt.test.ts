import { VectorTile } from '@mapbox/vector-tile';
import { PbfReader } from 'pbf';
import { expect, it } from 'vitest';
import { mvtTile, tileOfOurs, tileOfServer } from '../../../pipeline/store/mvt.ts';
import { importPlaces, type PlaceInput } from '../../../pipeline/store/place.ts';
import { aPlace, square } from './rows.ts';
import { onEachStore } from './stores.ts';

interface Decoded {
  readonly properties: Readonly<Record<string, unknown>>;
  readonly rings: readonly (readonly (readonly [number, number])[])[];
}

/** Layer names, and the features of the only layer by id. */
function decode(bytes: Uint8Array): {
  layers: string[];
  extent: number;
  version: number;
  features: Map<string, Decoded>;
} {
  const { layers } = new VectorTile(new PbfReader(bytes));
  const [layer] = Object.values(layers);
  const features = new Map<string, Decoded>();
  for (let i = 0; i < (layer?.length ?? 0); i++) {
    const feature = layer!.feature(i);
    const rings = feature.loadGeometry().map((ring) => ring.map((point) => [point.x, point.y] as const));
    features.set(String(feature.properties.id), { properties: { ...feature.properties }, rings });
  }
  return { layers: Object.keys(layers), extent: layer?.extent ?? 0, version: layer?.version ?? 0, features };
}

/** Column and row of the tile that holds a position. */
function tileAt(z: number, lon: number, lat: number) {
  const n = 2 ** z;
  const north = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
  return { z, x: Math.floor(((lon + 180) / 360) * n), y: Math.floor(((1 - north) / 2) * n) };
}

/**
 * Largest distance in units from a corner of one shape to the outline of the other, both ways. Corners made by the cut
 * at the buffer's edge do not count: PostGIS rounds and then cuts, we cut and then round.
 */
function apart(a: Decoded, b: Decoded): number {
  const isCut = (point: readonly number[]) => point.some((n) => n === -64 || n === 4160);
  const from = (one: Decoded, other: Decoded) => {
    const corners = one.rings.flat().filter((point) => !isCut(point));
    return Math.max(
      0,
      ...corners.map((point) => Math.min(...other.rings.map((ring) => toRing(point, ring)))),
    );
  };
  return Math.max(from(a, b), from(b, a));
}

function toRing([px, py]: readonly [number, number], ring: readonly (readonly [number, number])[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 1; i < ring.length; i++) {
    const [[ax, ay], [bx, by]] = [ring[i - 1]!, ring[i]!];
    const length = (bx - ax) ** 2 + (by - ay) ** 2;
    const t =
      length === 0 ? 0 : Math.min(1, Math.max(0, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / length));
    nearest = Math.min(nearest, Math.hypot(px - ax - t * (bx - ax), py - ay - t * (by - ay)));
  }
  return nearest;
}

/** Twice the signed area; positive for an outer ring, which runs clockwise on a screen (MVT 2.1, 4.3.4.4). */
function winding(ring: readonly (readonly [number, number])[]): number {
  return ring.reduce(
    (sum, [x, y], i) => sum + x * ring[(i + 1) % ring.length]![1] - ring[(i + 1) % ring.length]![0] * y,
    0,
  );
}

/** In square units, holes taken off; the same shape may be cut into one ring or into an outer ring and a hole. */
function areaOf({ rings }: Decoded): number {
  return rings.reduce((sum, ring) => sum + winding(ring) / 2, 0);
}

function outlineOf({ rings }: Decoded): number {
  const length = (ring: Decoded['rings'][number]) =>
    ring.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - ring[i]![0], y - ring[i]![1]), 0);
  return rings.reduce((sum, ring) => sum + length(ring), 0);
}

const SEASON = { year: 2024, crop: 'maize', sowingDate: null, variety: null };

/** Slanted strips across a tile's edge, one with a hole, one in two pieces, one round with many corners. */
function parcels(): PlaceInput[] {
  const strips = Array.from({ length: 12 }, (_, i) => {
    const [x, y] = [126.19 + i * 0.0013, 44.003 + i * 0.0004];
    const ring = [
      [x, y],
      [x + 0.0011, y + 0.0001],
      [x + 0.0012, y + 0.004],
      [x + 0.0001, y + 0.0039],
      [x, y],
    ];
    return aPlace(`strip ${i}`, {
      geometry: { type: 'MultiPolygon', coordinates: [[ring]] },
      areaM2: 39_600,
      season: SEASON,
    });
  });
  const hole = square(126.195, 44.012, 0.004).coordinates[0]![0]!;
  const inner = square(126.196, 44.013, 0.002).coordinates[0]![0]!.toReversed();
  const round = Array.from({ length: 181 }, (_, i) => {
    const angle = ((i % 180) * Math.PI) / 90;
    return [126.205 + 0.002 * Math.cos(angle), 44.014 + 0.0014 * Math.sin(angle)];
  });
  const pieces = [
    square(126.2, 43.998, 0.001).coordinates[0]!,
    square(126.203, 43.998, 0.001).coordinates[0]!,
  ];
  return [
    ...strips,
    aPlace('hole', { geometry: { type: 'MultiPolygon', coordinates: [[hole, inner]] }, areaM2: 106_000 }),
    aPlace('round', { geometry: { type: 'MultiPolygon', coordinates: [[round]] }, areaM2: 78_000 }),
    aPlace('pieces', { geometry: { type: 'MultiPolygon', coordinates: pieces }, areaM2: 17_800 }),
  ];
}

onEachStore('vector tiles', (fixture) => {
  it('hold the shapes of their square with their properties, in one layer named as the collection', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', parcels(), 'test');
    await importPlaces(
      store,
      'stand',
      [aPlace('forest', { geometry: square(126.2, 44.005, 0.004) })],
      'test',
    );
    const tile = decode(await mvtTile(store, { kind: 'parcel', ...tileAt(14, 126.2, 44.005) }));
    expect([tile.layers, tile.extent, tile.version]).toEqual([['parcels'], 4096, 2]);
    expect(tile.features.get('strip 5')!.properties).toEqual({
      id: 'strip 5',
      code: 'C-strip 5',
      name: '地块 strip 5',
      crop: 'maize',
      kind: 'parcel',
      areaMu: 59.4,
    });
    expect(tile.features.get('round')?.properties ?? {}).not.toHaveProperty('crop');
    expect(tile.features.has('forest')).toBe(false);
    const stands = decode(await mvtTile(store, { kind: 'stand', ...tileAt(14, 126.2, 44.005) }));
    expect([stands.layers, [...stands.features.keys()]]).toEqual([['stands'], ['forest']]);
  });

  it('are where the shapes are: a square of 0.001 degrees is found at its corners', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', [aPlace('P1', { geometry: square(126.2, 44) })], 'test');
    const address = tileAt(14, 126.2003, 44.0003);
    const { rings } = decode(await mvtTile(store, { kind: 'parcel', ...address })).features.get('P1')!;
    const place = (lon: number, lat: number) => {
      const n = 2 ** address.z * 4096;
      const north = Math.asinh(Math.tan((lat * Math.PI) / 180)) / Math.PI;
      return [((lon + 180) / 360) * n - address.x * 4096, ((1 - north) / 2) * n - address.y * 4096] as const;
    };
    const [west, south] = place(126.2, 44);
    const [east, north] = place(126.201, 44.001);
    expect(Math.abs(Math.min(...rings[0]!.map(([x]) => x)) - west)).toBeLessThanOrEqual(1);
    expect(Math.abs(Math.max(...rings[0]!.map(([x]) => x)) - east)).toBeLessThanOrEqual(1);
    expect(Math.abs(Math.min(...rings[0]!.map(([, y]) => y)) - north)).toBeLessThanOrEqual(1);
    expect(Math.abs(Math.max(...rings[0]!.map(([, y]) => y)) - south)).toBeLessThanOrEqual(1);
    expect(winding(rings[0]!)).toBeGreaterThan(0);
  });

  it('are empty, not missing, where nothing is', async () => {
    const { store } = fixture();
    expect((await mvtTile(store, { kind: 'parcel', z: 14, x: 0, y: 0 })).length).toBe(0);
    expect((await mvtTile(store, { kind: 'zone', z: 0, x: 0, y: 0 })).length).toBe(0);
  });

  it('grow simpler towards the overview and leave out what is smaller than a quarter pixel', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', parcels(), 'test');
    await importPlaces(
      store,
      'region',
      [aPlace('county', { geometry: square(125.5, 43.5, 1), areaM2: 8.9e9 })],
      'test',
    );
    const corners = async (z: number) =>
      decode(await mvtTile(store, { kind: 'parcel', ...tileAt(z, 126.205, 44.014) }))
        .features.get('round')
        ?.rings.flat().length;
    const [z16, z13, z11] = [await corners(15), await corners(13), await corners(11)];
    expect(z16).toBeGreaterThan(z13!);
    expect(z13).toBeGreaterThan(z11!);
    const world = tileAt(5, 126.2, 44);
    expect(decode(await mvtTile(store, { kind: 'parcel', ...world })).features.size).toBe(0);
    expect(decode(await mvtTile(store, { kind: 'region', ...world })).features.size).toBe(1);
  });

  it('come out the same from PostGIS and from our own maker, to within a unit', async (context) => {
    const { store } = fixture();
    if (!store.hasMvt) return context.skip('this database has no ST_AsMVT');
    await importPlaces(store, 'parcel', parcels(), 'test');
    let compared = 0;
    for (const z of [10, 11, 12, 13, 14, 15, 16, 17]) {
      for (const [lon, lat] of [
        [126.2, 44.005],
        [126.197, 44.014],
        [126.205, 44.014],
        [126.2035, 43.9985],
      ] as const) {
        const address = { kind: 'parcel', ...tileAt(z, lon, lat) } as const;
        const [theirs, ours] = [
          decode(await tileOfServer(store, address)),
          decode(await tileOfOurs(store, address)),
        ];
        expect([...ours.features.keys()]).toEqual([...theirs.features.keys()]);
        expect([ours.layers, ours.extent, ours.version]).toEqual([
          theirs.layers,
          theirs.extent,
          theirs.version,
        ]);
        for (const [id, feature] of theirs.features) {
          const twin = ours.features.get(id)!;
          expect(twin.properties).toEqual(feature.properties);
          expect(apart(twin, feature), `${id} at zoom ${z}`).toBeLessThanOrEqual(1);
          expect(Math.abs(areaOf(twin) - areaOf(feature))).toBeLessThanOrEqual(outlineOf(feature));
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(80);
  });
});
