import { expect, it } from 'vitest';
import { importPlaces, placeById, placesIn, placesWithin } from '../../../pipeline/store/place.ts';
import { aPlace, square } from './rows.ts';
import { onEachStore } from './stores.ts';

const PAGE = { limit: 10, offset: 0 } as const;

onEachStore('places', (fixture) => {
  it('are added, then left alone, then updated where they changed', async () => {
    const { store } = fixture();
    const season = { year: 2024, crop: 'maize', sowingDate: '2024-05-01', variety: '先玉335' };
    const places = [aPlace('P1', { season }), aPlace('P2'), aPlace('P3')];
    expect(await importPlaces(store, 'parcel', places, 'a.geojson')).toEqual({
      added: 3,
      updated: 0,
      unchanged: 0,
    });
    expect(await importPlaces(store, 'parcel', places, 'a.geojson')).toEqual({
      added: 0,
      updated: 0,
      unchanged: 3,
    });
    const renamed = [
      aPlace('P1', { season: { ...season, crop: 'rice' } }),
      aPlace('P2', { name: '新名' }),
      aPlace('P3'),
      aPlace('P4'),
    ];
    expect(await importPlaces(store, 'parcel', renamed, 'b.geojson')).toEqual({
      added: 1,
      updated: 2,
      unchanged: 1,
    });
    expect(await placeById(store, 'parcel', 'P1')).toEqual({
      id: 'P1',
      kind: 'parcel',
      code: 'C-P1',
      name: '地块 P1',
      areaM2: 8000,
      regionCode: '220102',
      crop: 'rice',
      properties: {},
      geometry: square(126.2, 44),
    });
    expect(await placeById(store, 'parcel', 'P2')).toMatchObject({ name: '新名', crop: null });
    expect(await placeById(store, 'stand', 'P1')).toBeNull();
  });

  it('show the crop of their latest season and keep the earlier ones', async () => {
    const { store } = fixture();
    const grown = (year: number, crop: string) =>
      aPlace('P1', { season: { year, crop, sowingDate: null, variety: null } });
    await importPlaces(store, 'parcel', [grown(2024, 'maize')], 'test');
    await importPlaces(store, 'parcel', [grown(2023, 'soybean')], 'test');
    expect((await placeById(store, 'parcel', 'P1'))!.crop).toBe('maize');
    expect(
      await store.query({ text: 'SELECT year, crop FROM place_season ORDER BY year', values: [] }),
    ).toEqual([
      { year: 2023, crop: 'soybean' },
      { year: 2024, crop: 'maize' },
    ]);
  });

  it('keep a sowing date that is no calendar day as unknown', async () => {
    const { store } = fixture();
    const season = { year: 2024, crop: 'maize', sowingDate: '五月上旬', variety: null };
    await importPlaces(store, 'parcel', [aPlace('P1', { season })], 'test');
    expect(await store.query({ text: 'SELECT sowing_date FROM place_season', values: [] })).toEqual([
      { sowing_date: null },
    ]);
  });

  it('give back the shape that was imported, to the last digit', async () => {
    const { store } = fixture();
    const outer = [
      [126.12345678901234, 44.00000000000001],
      [126.2, 44],
      [126.20000000000002, 44.1],
      [126.12345678901234, 44.00000000000001],
    ];
    const hole = [
      [126.19, 44.01],
      [126.19123456789012, 44.02],
      [126.195, 44.015],
      [126.19, 44.01],
    ];
    const coordinates = [[outer, hole], square(127, 45).coordinates[0]!];
    const places = [aPlace('P1', { geometry: { type: 'MultiPolygon', coordinates } })];
    await importPlaces(store, 'parcel', places, 'test');
    const [row] = await placesWithin(store, { kinds: ['parcel'], bbox: [126, 44, 127, 45] });
    expect(row!.geometry.coordinates).toEqual(coordinates);
  });

  it('are found by kind and box in id order, page by page', async () => {
    const { store } = fixture();
    const parcels = ['b', 'a', 'c', 'd'].map((id, i) => aPlace(id, { geometry: square(126.2 + i, 44) }));
    await importPlaces(store, 'parcel', parcels, 'test');
    await importPlaces(store, 'stand', [aPlace('forest')], 'test');
    await importPlaces(store, 'region', [aPlace('town', { geometry: square(126, 43, 9) })], 'test');
    const { matched, items } = await placesIn(store, { kind: 'parcel', limit: 2, offset: 1 });
    expect([matched, ...items.map((row) => row.id)]).toEqual([4, 'b', 'c']);
    expect(
      (await placesIn(store, { kind: 'parcel', bbox: [127, 43, 128.5, 45], ...PAGE })).items.map(
        (row) => row.id,
      ),
    ).toEqual(['a', 'c']);
    const all = await placesWithin(store, { kinds: ['parcel', 'stand'], bbox: [126, 43, 126.5, 45] });
    expect(all.map((row) => row.id)).toEqual(['b', 'forest']);
  });

  it('take any text a person can write', async () => {
    const { store } = fixture();
    const names = [
      `O'Brien "quoted" \\ back\\slash`,
      '🌽👩🏽‍🌾 玉米',
      "'); DROP TABLE place; --",
      '$1 {"a"} NULL',
      'ä'.repeat(10_000),
      '{a,"b}',
      'tab\tline\nend',
    ];
    const places = names.map((name, i) =>
      aPlace(`P${i}`, { name, code: name.slice(0, 50), properties: { [name.slice(0, 20)]: name } }),
    );
    await importPlaces(store, 'parcel', places, "it's a file");
    const { items } = await placesIn(store, { kind: 'parcel', ...PAGE });
    expect(items.map((row) => row.name)).toEqual(names);
    expect(items.map((row) => row.properties)).toEqual(places.map((place) => place.properties));
    expect(await placeById(store, 'parcel', "' OR 1 = 1 --")).toBeNull();
  });

  it('refuse a NUL character by name of the place, and keep nothing of that file', async () => {
    const { store } = fixture();
    for (const bad of [
      aPlace('P2', { name: 'a\0b' }),
      aPlace('P2', { properties: { note: ['a\0b'] } }),
      aPlace('P2\0'),
    ]) {
      const importing = importPlaces(store, 'parcel', [aPlace('P1'), bad], 'test');
      await expect(importing).rejects.toMatchObject({
        code: 'E_VECTOR_INVALID',
        message: expect.stringMatching(/place P2.*NUL/),
      });
    }
    expect((await placesIn(store, { kind: 'parcel', ...PAGE })).matched).toBe(0);
    await expect(placeById(store, 'parcel', 'P\0')).rejects.toMatchObject({ code: 'E_PARAMETER_INVALID' });
    // The letters \u0000 are text like any other, and half an emoji becomes a question mark in a box.
    const fine = aPlace('P3', { properties: { note: 'C:\\u0000', half: '\ud83c' } });
    await importPlaces(store, 'parcel', [fine], 'test');
    expect((await placeById(store, 'parcel', 'P3'))!.properties).toEqual({
      note: 'C:\\u0000',
      half: '\ufffd',
    });
  });

  it('refuse an id that comes twice or belongs to another kind, since observations go by it', async () => {
    const { store } = fixture();
    await expect(importPlaces(store, 'parcel', [aPlace('1'), aPlace('1')], 'test')).rejects.toMatchObject({
      code: 'E_VECTOR_INVALID',
    });
    await importPlaces(store, 'parcel', [aPlace('1')], 'test');
    const importing = importPlaces(store, 'stand', [aPlace('1')], 'test');
    await expect(importing).rejects.toMatchObject({
      code: 'E_VECTOR_INVALID',
      message: expect.stringContaining('already a parcel'),
    });
  });

  it('refuse a shape the database does not take, and numbers that are none', async () => {
    const { store } = fixture();
    const open = {
      type: 'MultiPolygon' as const,
      coordinates: [
        [
          [
            [126, 44],
            [127, 44],
            [127, 45],
          ],
        ],
      ],
    };
    const bad = [
      aPlace('P1', { geometry: open }),
      aPlace('P1', { geometry: { type: 'MultiPolygon', coordinates: [] } }),
      aPlace('P1', { geometry: square(Number.NaN, 44) }),
      aPlace('P1', { areaM2: Number.NaN }),
      aPlace('P1', { areaM2: -1 }),
    ];
    for (const place of bad) {
      await expect(importPlaces(store, 'parcel', [place], 'test')).rejects.toMatchObject({
        code: 'E_VECTOR_INVALID',
      });
    }
    expect((await placesIn(store, { kind: 'parcel', ...PAGE })).matched).toBe(0);
  });

  it('come in by the ten thousand, and again without a change', async () => {
    const { store } = fixture();
    const places = Array.from({ length: 10_000 }, (_, i) =>
      aPlace(`P${i}`, { geometry: square(126 + (i % 100) / 500, 44 + Math.floor(i / 100) / 500) }),
    );
    expect(await importPlaces(store, 'parcel', places, 'test')).toEqual({
      added: 10_000,
      updated: 0,
      unchanged: 0,
    });
    expect(await importPlaces(store, 'parcel', places, 'test')).toEqual({
      added: 0,
      updated: 0,
      unchanged: 10_000,
    });
  });
});
