import { expect, it } from 'vitest';
import { assetsOn } from '../../../pipeline/store/asset.ts';
import { seriesOf, valuesOn } from '../../../pipeline/store/observation.ts';
import { importPlaces } from '../../../pipeline/store/place.ts';
import { publishScene, publishSeason } from '../../../pipeline/store/run.ts';
import {
  datesOf,
  registerScene,
  retireScene,
  sceneById,
  scenesIn,
  unprocessedScenes,
} from '../../../pipeline/store/scene.ts';
import { looksAt, regionNames, seasonPlaces, sourcesOf } from '../../../pipeline/store/season.ts';
import { workspaceSummary } from '../../../pipeline/store/summary.ts';
import { anObservation, aPlace, aPublication, FINGERPRINT, sceneAt } from './rows.ts';
import { onEachStore } from './stores.ts';

const SCENE = sceneAt('S1', '2024-07-14T02:32:05.000Z');
const ITEM = sceneAt('growth-2024-07-14', SCENE.datetime, { collection: 'season', bands: [], files: [] });
const REASON = { code: 'peers', zh: '低于同伴', en: 'below its peers' };
const GRADE = { placeId: 'P1', product: 'GROWTH', statistic: 'grade' };

function anItem(run: string, value: number | null) {
  const row = anObservation('P1', {
    ...GRADE,
    status: value === null ? 'insufficient' : 'ok',
    value,
    reason: REASON,
  });
  return { ...aPublication(ITEM, run, ['GROWTH'], [row]), item: ITEM };
}

onEachStore('a season product', (fixture) => {
  it('is shown like any other product, in a collection of its own, with the reason of every value', async () => {
    const { store } = fixture();
    await importPlaces(store, 'parcel', [aPlace('P1')], 'test');
    await registerScene(store, SCENE, FINGERPRINT);
    await publishScene(store, aPublication(SCENE, 'r1', ['NDVI'], [anObservation('P1')]));
    await publishSeason(store, anItem('g1', 2));
    const day = { collection: 'season', product: 'GROWTH', date: '2024-07-14' };
    expect(await assetsOn(store, day)).toMatchObject([{ path: 'cogs/growth-2024-07-14/GROWTH-g1.tif' }]);
    expect(await datesOf(store, { collection: 'season', product: 'GROWTH' })).toMatchObject([
      { date: '2024-07-14', scenes: ['growth-2024-07-14'] },
    ]);
    expect(await valuesOn(store, { ...day, kind: 'parcel', statistic: 'grade' })).toMatchObject([
      { placeId: 'P1', value: 2 },
    ]);
    expect(await seriesOf(store, GRADE)).toMatchObject([{ value: 2, reason: REASON, run: 'g1' }]);
    const { counts, collections } = await workspaceSummary(store);
    expect(counts).toMatchObject({ scenes: 1, observations: 2 });
    expect(collections.map(({ id, products }) => [id, products])).toEqual([
      ['jl1-l1', ['NDVI']],
      ['season', ['GROWTH']],
    ]);
  });

  it('is no scene: it is neither listed nor processed as one, but can be looked up and retired', async () => {
    const { store } = fixture();
    await publishSeason(store, anItem('g1', 2));
    expect(await scenesIn(store, { limit: 10, offset: 0 })).toEqual({ matched: 0, items: [] });
    expect(await unprocessedScenes(store)).toEqual([]);
    expect(await sceneById(store, ITEM.id)).toMatchObject({ derived: true, status: 'processed' });
    await retireScene(store, ITEM.id, 'wrong crops');
    expect(await seriesOf(store, GRADE)).toEqual([]);
  });

  it('gives way to the next run of the same name, and names the map that nobody needs any more', async () => {
    const { store } = fixture();
    await publishSeason(store, anItem('g1', 2));
    expect(await publishSeason(store, anItem('g2', null))).toEqual({
      superseded: ['cogs/growth-2024-07-14/GROWTH-g1.tif'],
    });
    expect(await seriesOf(store, GRADE)).toMatchObject([{ value: null, status: 'insufficient', run: 'g2' }]);
  });

  it('does not take the name of a delivered scene', async () => {
    const { store } = fixture();
    await registerScene(store, { ...ITEM, collection: 'jl1-l1' }, FINGERPRINT);
    await expect(publishSeason(store, anItem('g1', 2))).rejects.toMatchObject({ code: 'E_SCENE_CONFLICT' });
    expect(await seriesOf(store, GRADE)).toEqual([]);
  });

  it('is made of what scenes saw of places, by region and year, and never of other season products', async () => {
    const { store } = fixture();
    const season = (year: number, crop: string) => ({ year, crop, sowingDate: null, variety: null });
    await importPlaces(store, 'region', [aPlace('R1', { code: '220102', name: '松禾镇' })], 'test');
    await importPlaces(
      store,
      'parcel',
      [aPlace('P1', { season: season(2023, 'rice') }), aPlace('P2')],
      'test',
    );
    await importPlaces(store, 'parcel', [aPlace('P1', { season: season(2024, 'maize') })], 'test');
    await importPlaces(store, 'parcel', [aPlace('P3', { regionCode: '990000' })], 'test');
    const places = await seasonPlaces(store, { kind: 'parcel', region: '2201' });
    expect(places.map(({ id, crops }) => [id, crops])).toEqual([
      ['P1', { 2023: 'rice', 2024: 'maize' }],
      ['P2', {}],
    ]);
    expect(places[0]!.lon).toBeCloseTo(126.2005, 4);
    expect(places[0]!.lat).toBeCloseTo(44.0005, 4);
    expect(await regionNames(store)).toEqual(new Map([['220102', '松禾镇']]));
    await registerScene(store, SCENE, FINGERPRINT);
    await publishScene(store, aPublication(SCENE, 'r1', ['NDVI'], [anObservation('P1')]));
    await publishSeason(store, anItem('g1', 2));
    const ndvi = { product: 'NDVI', from: '2024-07-14', to: '2024-07-14' };
    const found = await sourcesOf(store, { ...ndvi, collection: null });
    expect(found).toMatchObject([
      { scene: { id: 'S1' }, run: 'r1', asset: { product: 'NDVI', bytes: 1234 } },
    ]);
    expect(await sourcesOf(store, { ...ndvi, product: 'GROWTH', collection: null })).toEqual([]);
    const asked = { ...ndvi, places: ['P1', 'P2'], statistic: 'mean', collections: ['jl1-l1'] };
    expect(await looksAt(store, asked)).toEqual([
      { placeId: 'P1', date: '2024-07-14', value: 0.71, pixelCount: 880, clearFraction: 0.95 },
    ]);
    expect(await looksAt(store, { ...asked, to: '2024-07-13', from: '2024-07-01' })).toEqual([]);
  });
});
