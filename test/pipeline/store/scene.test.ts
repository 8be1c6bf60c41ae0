import { expect, it } from 'vitest';
import { assetsOn } from '../../../pipeline/store/asset.ts';
import { seriesOf } from '../../../pipeline/store/observation.ts';
import { importPlaces } from '../../../pipeline/store/place.ts';
import { publishScene } from '../../../pipeline/store/run.ts';
import {
  datesOf,
  knownScene,
  registerScene,
  retireScene,
  sceneById,
  scenesBefore,
  scenesIn,
  unprocessedScenes,
} from '../../../pipeline/store/scene.ts';
import { workspaceSummary } from '../../../pipeline/store/summary.ts';
import { anObservation, aPlace, aPublication, FINGERPRINT, sceneAt, square } from './rows.ts';
import { onEachStore } from './stores.ts';

onEachStore('scenes', (fixture) => {
  it('are registered once: the same delivery again changes nothing, another one under the same id is refused', async () => {
    const { store } = fixture();
    const scene = sceneAt('S1', '2024-07-14T02:32:05.000Z');
    expect(await registerScene(store, scene, FINGERPRINT)).toBe('registered');
    expect(await registerScene(store, scene, FINGERPRINT)).toBe('unchanged');
    await expect(registerScene(store, scene, 'e'.repeat(64))).rejects.toMatchObject({
      code: 'E_SCENE_CONFLICT',
    });
    expect(await knownScene(store, 'S1')).toEqual({ id: 'S1', fingerprint: FINGERPRINT });
    expect(await knownScene(store, 'S2')).toBeNull();
    expect(await sceneById(store, 'S1')).toEqual({
      scene,
      status: 'registered',
      clearFraction: null,
      fingerprint: FINGERPRINT,
      derived: false,
    });
    expect(await unprocessedScenes(store)).toHaveLength(1);
  });

  it('are compared with those before them: newest first, of the same collection and ground, none that was retired', async () => {
    const { store } = fixture();
    const days = ['2024-07-01', '2024-07-05', '2024-07-09', '2024-07-14', '2024-07-20'];
    for (const day of days) await registerScene(store, sceneAt(day, `${day}T02:32:05.000Z`), FINGERPRINT);
    const now = sceneAt('2024-07-14', '2024-07-14T02:32:05.000Z');
    await registerScene(store, { ...now, id: 'other', collection: 'other', datetime: days[0]! }, FINGERPRINT);
    await retireScene(store, '2024-07-05', 'wrong gains');
    expect((await scenesBefore(store, now, 6)).map(({ id }) => id)).toEqual(['2024-07-09', '2024-07-01']);
    expect((await scenesBefore(store, now, 1)).map(({ id }) => id)).toEqual(['2024-07-09']);
    const [west, south, east, north] = now.bbox;
    const away = [west + 3, south, east + 3, north] as const;
    expect(await scenesBefore(store, { ...now, bbox: away }, 6)).toEqual([]);
  });

  it('are registered once by twenty at a time', async () => {
    const { store } = fixture();
    const scene = sceneAt('S1', '2024-07-14T02:32:05.000Z');
    const said = await Promise.all(
      Array.from({ length: 20 }, () => registerScene(store, scene, FINGERPRINT)),
    );
    expect(said.filter((word) => word === 'registered')).toHaveLength(1);
  });

  it('make room for a corrected delivery when they are retired, and their results go with them', async () => {
    const { store } = fixture();
    const scene = sceneAt('S1', '2024-07-14T02:32:05.000Z');
    await registerScene(store, scene, FINGERPRINT);
    await publishScene(store, aPublication(scene, 'r1', ['NDVI'], [anObservation('P1')]));
    expect(await retireScene(store, 'S1', 'wrong gains')).toBe(true);
    expect(await retireScene(store, 'S9', 'wrong gains')).toBe(false);
    expect(await datesOf(store, {})).toEqual([]);
    expect(await registerScene(store, scene, FINGERPRINT)).toBe('unchanged');
    expect(await registerScene(store, { ...scene, level: 'L3' }, 'e'.repeat(64))).toBe('registered');
    expect(await sceneById(store, 'S1')).toMatchObject({
      scene: { level: 'L3' },
      status: 'registered',
      clearFraction: null,
    });
    expect((await workspaceSummary(store)).counts.observations).toBe(0);
    expect(
      await assetsOn(store, { collection: scene.collection, product: 'NDVI', date: '2024-07-14' }),
    ).toEqual([]);
  });

  it('of a later processing run take the place of an earlier one, whose products are served no more', async () => {
    const { store } = fixture();
    const at = '2024-07-14T02:32:05.000Z';
    const run = (number: string) => sceneAt('S1', at, { run: number, level: `L${number}` });
    const sum = (digit: string) => digit.repeat(64);
    expect(await registerScene(store, run('001'), sum('1'))).toBe('registered');
    await publishScene(store, aPublication(run('001'), 'r1', ['NDVI'], [anObservation('P1')]));
    expect(await registerScene(store, run('002'), sum('2'))).toBe('superseding');
    expect(await sceneById(store, 'S1')).toMatchObject({
      scene: { run: '002' },
      status: 'registered',
      clearFraction: null,
    });
    const aside = await sceneById(store, 'S1@001');
    expect(aside).toMatchObject({
      scene: { id: 'S1@001', run: '001' },
      status: 'retired',
      clearFraction: 0.9,
    });
    const [{ reason } = { reason: '' }] = await store.query<{ reason: string }>({
      text: `SELECT retire_reason AS reason FROM scene WHERE id = 'S1@001'`,
      values: [],
    });
    expect(reason).toBe('superseded by run 002');
    const collection = run('001').collection;
    expect(await assetsOn(store, { collection, product: 'NDVI', date: '2024-07-14' })).toEqual([]);
    expect(await seriesOf(store, { placeId: 'P1', product: 'NDVI', statistic: 'mean' })).toEqual([]);
    expect(await unprocessedScenes(store)).toHaveLength(1);

    // The new one is published beside it, and an earlier run that comes late changes nothing.
    await publishScene(
      store,
      aPublication(run('002'), 'r2', ['NDVI'], [anObservation('P1', { value: 0.5 })]),
    );
    expect(await registerScene(store, run('001'), sum('1'))).toBe('older');
    expect(await registerScene(store, run('002'), sum('2'))).toBe('unchanged');
    const series = await seriesOf(store, { placeId: 'P1', product: 'NDVI', statistic: 'mean' });
    expect(series.map((point) => [point.scene, point.run, point.value])).toEqual([['S1', 'r2', 0.5]]);
    // Numbers are compared as numbers.
    expect(await registerScene(store, run('010'), sum('3'))).toBe('superseding');
    expect(await registerScene(store, run('9'), sum('4'))).toBe('older');
    // The same run with other content is a conflict, as is one whose run is not told.
    await expect(registerScene(store, run('010'), sum('5'))).rejects.toMatchObject({
      code: 'E_SCENE_CONFLICT',
    });
    await expect(registerScene(store, sceneAt('S1', at), sum('6'))).rejects.toMatchObject({
      code: 'E_SCENE_CONFLICT',
    });
  });

  it('that were set aside, came back by hand and are superseded again keep both names', async () => {
    const { store } = fixture();
    const run = (number: string) => sceneAt('S1', '2024-07-14T02:32:05.000Z', { run: number });
    await registerScene(store, run('001'), '1'.repeat(64));
    await registerScene(store, run('002'), '2'.repeat(64));
    await retireScene(store, 'S1', 'worse than before');
    expect(await registerScene(store, run('001'), '1'.repeat(64))).toBe('registered');
    expect(await registerScene(store, run('003'), '3'.repeat(64))).toBe('superseding');
    const { items } = await scenesIn(store, { limit: 9, offset: 0 });
    expect(items.map((row) => row.scene.id)).toEqual(['S1', 'S1@001', 'S1@001-2']);
  });

  it('are found by box, collection and time, page by page', async () => {
    const { store } = fixture();
    for (const day of [10, 11, 12, 13])
      await registerScene(store, sceneAt(`S${day}`, `2024-07-${day}T02:00:00.000Z`), FINGERPRINT);
    await registerScene(
      store,
      sceneAt('other', '2024-07-12T03:00:00.000Z', { collection: 'else' }),
      FINGERPRINT,
    );
    const ids = async (filter: Partial<Parameters<typeof scenesIn>[1]>) => {
      const { matched, items } = await scenesIn(store, { limit: 10, offset: 0, ...filter });
      return [matched, ...items.map((row) => row.scene.id)];
    };
    expect(await ids({})).toEqual([5, 'S10', 'S11', 'S12', 'other', 'S13']);
    expect(await ids({ limit: 2, offset: 1 })).toEqual([5, 'S11', 'S12']);
    expect(await ids({ collection: 'else' })).toEqual([1, 'other']);
    expect(await ids({ from: '2024-07-11', to: '2024-07-12T02:00:00Z' })).toEqual([2, 'S11', 'S12']);
    expect(await ids({ bbox: [126.205, 44.005, 127, 45] })).toHaveLength(6);
    expect(await ids({ bbox: [126.22, 44, 127, 45] })).toEqual([0]);
    // A box from 179 E across the antimeridian to 127 E takes in the scene; one to 126 E ends before it.
    expect((await ids({ bbox: [179, 40, 127, 50] }))[0]).toBe(5);
    expect((await ids({ bbox: [179, 40, 126, 50] }))[0]).toBe(0);
    await expect(ids({ bbox: [126, 45, 127, 44] })).rejects.toMatchObject({ code: 'E_PARAMETER_INVALID' });
    await expect(ids({ from: '2024-02-30' })).rejects.toMatchObject({ code: 'E_PARAMETER_INVALID' });
  });

  it('belong to the Beijing calendar day: 00:30 there is the evening before in UTC', async () => {
    const { store } = fixture();
    // 23:59:59 on 14 July, then 00:00:00 and 12:00 on 15 July in Beijing.
    const times = ['2024-07-14T15:59:59.000Z', '2024-07-14T16:00:00.000Z', '2024-07-15T04:00:00.000Z'];
    for (const [i, datetime] of times.entries()) {
      const scene = sceneAt(`S${i}`, datetime);
      await registerScene(store, scene, FINGERPRINT);
      await publishScene(store, aPublication(scene, `r${i}`, ['NDVI']));
    }
    const collection = sceneAt('S0', times[0]!).collection;
    expect(await datesOf(store, {})).toEqual([
      { date: '2024-07-14', datetime: times[0], collection, scenes: ['S0'], clearFraction: 0.9 },
      { date: '2024-07-15', datetime: times[1], collection, scenes: ['S1', 'S2'], clearFraction: 0.9 },
    ]);
    const assets = await assetsOn(store, { collection, product: 'NDVI', date: '2024-07-15' });
    expect(assets.map((asset) => asset.sceneId)).toEqual(['S1', 'S2']);
    expect(
      (await scenesIn(store, { from: '2024-07-15', to: '2024-07-15', limit: 9, offset: 0 })).matched,
    ).toBe(2);
  });

  it('give the days of a product and of a place, with how clear the place was', async () => {
    const { store } = fixture();
    await importPlaces(
      store,
      'parcel',
      [aPlace('inside'), aPlace('outside', { geometry: square(127, 45) })],
      'test',
    );
    const scene = sceneAt('S1', '2024-07-14T02:32:05.000Z');
    await registerScene(store, scene, FINGERPRINT);
    expect(await datesOf(store, {})).toEqual([]);
    await publishScene(
      store,
      aPublication(scene, 'r1', ['NDVI'], [anObservation('inside', { clearFraction: 0.25 })]),
    );
    expect(await datesOf(store, { product: 'NDVI', placeId: 'inside' })).toMatchObject([
      { date: '2024-07-14', clearFraction: 0.25 },
    ]);
    expect(await datesOf(store, { product: 'EVI2' })).toEqual([]);
    expect(await datesOf(store, { placeId: 'outside' })).toEqual([]);
    expect(await datesOf(store, { bbox: [127, 45, 128, 46] })).toEqual([]);
  });

  it('put the clearest first where they overlap, then the one seen closest to nadir', async () => {
    const { store } = fixture();
    const rows = [
      ['cloudy', 0.4, 1],
      ['oblique', 0.9, -20],
      ['nadir', 0.9, 2],
    ] as const;
    for (const [id, clearFraction, viewZenith] of rows) {
      const scene = sceneAt(id, '2024-07-14T02:32:05.000Z', { viewZenith });
      await registerScene(store, scene, FINGERPRINT);
      await publishScene(store, { ...aPublication(scene, id, ['NDVI']), clearFraction });
    }
    const assets = await assetsOn(store, { collection: 'jl1-l1', product: 'NDVI', date: '2024-07-14' });
    expect(assets.map((asset) => asset.sceneId)).toEqual(['nadir', 'oblique', 'cloudy']);
  });

  it('are summed up: counts, extent, collections, and whether any of it is simulated', async () => {
    const { store } = fixture();
    expect(await workspaceSummary(store)).toEqual({
      counts: { scenes: 0, parcels: 0, stands: 0, zones: 0, observations: 0 },
      bbox: null,
      collections: [],
      simulated: false,
    });
    await importPlaces(store, 'stand', [aPlace('T1')], 'test');
    const around = async () => (await workspaceSummary(store)).bbox?.map((n) => Number(n.toFixed(9)));
    expect(await around()).toEqual([126.2, 44, 126.201, 44.001]);
    const real = sceneAt('S1', '2024-07-14T02:32:05.000Z', { simulated: false });
    await registerScene(store, real, FINGERPRINT);
    await publishScene(store, aPublication(real, 'r1', ['NDVI'], [anObservation('T1')]));
    const summary = await workspaceSummary(store);
    expect(summary.counts).toEqual({ scenes: 1, parcels: 0, stands: 1, zones: 0, observations: 1 });
    expect(await around()).toEqual([126.2, 44, 126.21, 44.01]);
    expect(summary.simulated).toBe(false);
    expect(summary.collections).toEqual([
      {
        id: 'jl1-l1',
        sensor: 'jl1-gf02',
        from: real.datetime,
        to: real.datetime,
        sceneCount: 1,
        products: ['NDVI'],
      },
    ]);
    await registerScene(store, sceneAt('S2', '2024-07-15T02:32:05.000Z'), FINGERPRINT);
    expect((await workspaceSummary(store)).simulated).toBe(true);
  });
});
