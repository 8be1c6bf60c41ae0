import { expect, it } from 'vitest';
import { assetsOn } from '../../../pipeline/store/asset.ts';
import { seriesOf, valuesOn } from '../../../pipeline/store/observation.ts';
import { importPlaces } from '../../../pipeline/store/place.ts';
import { publishScene } from '../../../pipeline/store/run.ts';
import { registerScene, retireScene, sceneById } from '../../../pipeline/store/scene.ts';
import { workspaceSummary } from '../../../pipeline/store/summary.ts';
import { anObservation, aPlace, aPublication, FINGERPRINT, sceneAt } from './rows.ts';
import { onEachStore } from './stores.ts';

const SCENE = sceneAt('S1', '2024-07-14T02:32:05.000Z');
const DAY = { collection: SCENE.collection, date: '2024-07-14' } as const;
const SERIES = { placeId: 'P1', product: 'NDVI', statistic: 'mean' } as const;

onEachStore('a publication', (fixture) => {
  it('is refused when another delivery took the place of the one it was made from', async () => {
    const { store } = fixture();
    await registerScene(store, SCENE, FINGERPRINT);
    const publication = aPublication(SCENE, 'r1', ['NDVI'], [anObservation('P1')]);
    const madeFrom = SCENE.files.map((file) => ({ ...file, sha256: 'c'.repeat(64) }));
    await expect(publishScene(store, { ...publication, madeFrom })).rejects.toMatchObject({
      code: 'E_SCENE_CONFLICT',
    });
    expect(await sceneById(store, 'S1')).toMatchObject({ status: 'registered' });
    await publishScene(store, { ...publication, madeFrom: SCENE.files });
    expect(await sceneById(store, 'S1')).toMatchObject({ status: 'processed' });
  });

  it('makes the scene, its COGs and its observations visible together', async () => {
    const { store } = fixture();
    await registerScene(store, SCENE, FINGERPRINT);
    const observations = [
      anObservation('P1'),
      anObservation('P1', { statistic: 'median', value: 0.72 }),
      anObservation('P1', {
        product: 'EVI2',
        status: 'insufficient',
        value: null,
        clearFraction: 0.1,
        pixelCount: 12,
      }),
    ];
    const publication = aPublication(SCENE, 'r1', ['NDVI', 'EVI2', 'QUALITY'], observations);
    expect(await publishScene(store, publication)).toEqual({ superseded: [] });
    expect(await sceneById(store, 'S1')).toMatchObject({ status: 'processed', clearFraction: 0.9 });
    expect(await assetsOn(store, { ...DAY, product: 'QUALITY' })).toEqual([publication.assets[2]]);
    expect(await seriesOf(store, SERIES)).toEqual([
      {
        datetime: SCENE.datetime,
        date: '2024-07-14',
        collection: SCENE.collection,
        scene: 'S1',
        run: 'r1',
        status: 'ok',
        value: 0.71,
        low: null,
        high: null,
        pixelCount: 880,
        clearFraction: 0.95,
        reason: null,
      },
    ]);
    expect(await seriesOf(store, { ...SERIES, product: 'EVI2' })).toMatchObject([
      { status: 'insufficient', value: null, pixelCount: 12 },
    ]);
    expect(await seriesOf(store, { ...SERIES, collection: 'else' })).toEqual([]);
  });

  it('replaces the products it brings, leaves the others, and names the COGs nobody needs any more', async () => {
    const { store } = fixture();
    await registerScene(store, SCENE, FINGERPRINT);
    await publishScene(
      store,
      aPublication(
        SCENE,
        'r1',
        ['NDVI', 'EVI2'],
        [anObservation('P1'), anObservation('P2'), anObservation('P1', { product: 'EVI2' })],
      ),
    );
    const second = aPublication(SCENE, 'r2', ['NDVI'], [anObservation('P1', { value: 0.5 })]);
    expect(await publishScene(store, second)).toEqual({ superseded: ['cogs/S1/NDVI-r1.tif'] });
    expect(await publishScene(store, second)).toEqual({ superseded: [] });
    expect(await seriesOf(store, SERIES)).toMatchObject([{ value: 0.5, run: 'r2' }]);
    expect(await seriesOf(store, { ...SERIES, placeId: 'P2' })).toEqual([]);
    expect(await seriesOf(store, { ...SERIES, product: 'EVI2' })).toMatchObject([{ run: 'r1' }]);
    expect((await workspaceSummary(store)).counts.observations).toBe(2);
  });

  it('happens whole or not at all', async () => {
    const { store } = fixture();
    await registerScene(store, SCENE, FINGERPRINT);
    await publishScene(store, aPublication(SCENE, 'r1', ['NDVI'], [anObservation('P1')]));
    // The last row is not possible: a value where the place was not clear enough to have one.
    const rows = [anObservation('P1', { value: 0.1 }), anObservation('P2', { status: 'insufficient' })];
    await expect(publishScene(store, aPublication(SCENE, 'r2', ['NDVI'], rows))).rejects.toMatchObject({
      code: 'E_INTERNAL',
    });
    expect(await seriesOf(store, SERIES)).toMatchObject([{ value: 0.71, run: 'r1' }]);
    expect(await assetsOn(store, { ...DAY, product: 'NDVI' })).toMatchObject([
      { path: 'cogs/S1/NDVI-r1.tif' },
    ]);
  });

  it('is refused for a scene that is not there or was retired', async () => {
    const { store } = fixture();
    await expect(publishScene(store, aPublication(SCENE, 'r1', ['NDVI']))).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
    await registerScene(store, SCENE, FINGERPRINT);
    await retireScene(store, 'S1', 'test');
    await expect(publishScene(store, aPublication(SCENE, 'r1', ['NDVI']))).rejects.toMatchObject({
      code: 'E_NOT_FOUND',
    });
  });

  it('of a retired scene is not shown in a curve or on a map', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', [aPlace('P1')], 'test');
    await registerScene(store, SCENE, FINGERPRINT);
    await publishScene(store, aPublication(SCENE, 'r1', ['NDVI'], [anObservation('P1')]));
    const values = { ...DAY, kind: 'parcel', product: 'NDVI', statistic: 'mean' } as const;
    expect(await valuesOn(store, values)).toEqual([
      { placeId: 'P1', value: 0.71, clearFraction: 0.95, pixelCount: 880 },
    ]);
    await retireScene(store, 'S1', 'test');
    expect(await valuesOn(store, values)).toEqual([]);
    expect(await seriesOf(store, SERIES)).toEqual([]);
  });

  it('gives a place one value a day, from the scene that saw more of it, and keeps kinds apart', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', [aPlace('P1'), aPlace('P2')], 'test');
    await importPlaces(store, 'stand', [aPlace('T1')], 'test');
    const later = sceneAt('S2', '2024-07-14T02:35:00.000Z');
    for (const scene of [SCENE, later]) await registerScene(store, scene, FINGERPRINT);
    await publishScene(
      store,
      aPublication(
        SCENE,
        'r1',
        ['NDVI'],
        [anObservation('P1', { value: 0.3, clearFraction: 0.7 }), anObservation('T1')],
      ),
    );
    await publishScene(
      store,
      aPublication(
        later,
        'r2',
        ['NDVI'],
        [anObservation('P1', { datetime: later.datetime, value: 0.4, clearFraction: 0.8 })],
      ),
    );
    const values = { ...DAY, kind: 'parcel', product: 'NDVI', statistic: 'mean' } as const;
    expect((await valuesOn(store, values)).map((row) => [row.placeId, row.value])).toEqual([['P1', 0.4]]);
    expect((await valuesOn(store, { ...values, kind: 'stand' })).map((row) => row.placeId)).toEqual(['T1']);
    expect(await valuesOn(store, { ...values, date: '2024-07-15' })).toEqual([]);
    expect((await seriesOf(store, SERIES)).map((point) => point.value)).toEqual([0.3, 0.4]);
  });

  it('opens a partition for each new year, and keeps the instant of New Year in UTC in the new one', async () => {
    const { store } = fixture();
    const times = ['2022-12-31T23:59:59.999Z', '2023-01-01T00:00:00.000Z'];
    for (const [i, datetime] of times.entries()) {
      const scene = sceneAt(`S${i}`, datetime);
      await registerScene(store, scene, FINGERPRINT);
      await publishScene(store, aPublication(scene, `r${i}`, ['NDVI'], [anObservation('P1', { datetime })]));
    }
    const rows = await store.query({
      text: 'SELECT tableoid::regclass::text AS part FROM observation ORDER BY datetime',
      values: [],
    });
    expect(rows).toEqual([{ part: 'observation_2022' }, { part: 'observation_2023' }]);
  });

  it('of thirty scenes of one new year at once makes one partition', async () => {
    const { store } = fixture();
    const scenes = Array.from({ length: 30 }, (_, i) => sceneAt(`S${i}`, '2031-07-14T02:32:05.000Z'));
    await Promise.all(
      scenes.map(async (scene) => {
        await registerScene(store, scene, FINGERPRINT);
        await publishScene(
          store,
          aPublication(
            scene,
            `run ${scene.id}`,
            ['NDVI'],
            [anObservation('P1', { datetime: scene.datetime })],
          ),
        );
      }),
    );
    expect(await seriesOf(store, SERIES)).toHaveLength(30);
  });
});
