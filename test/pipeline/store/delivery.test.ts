import { expect, it } from 'vitest';
import { deliveriesIn, deliveryById, recordDelivery } from '../../../pipeline/store/delivery.ts';
import { migrations } from '../../../pipeline/store/migrate.ts';
import { registerScene, sceneById } from '../../../pipeline/store/scene.ts';
import { FINGERPRINT, sceneAt } from './rows.ts';
import { onEachStore } from './stores.ts';

const FINDING = {
  code: 'E_TIME_CONFLICT',
  severity: 'error',
  file: 'a_meta.xml',
  element: 'CenterTime',
  what: 'time 2023, but the name says 2024',
  where: null,
} as const;

const delivery = (over: Partial<Parameters<typeof recordDelivery>[1]> = {}) => ({
  name: 'a.tif',
  folder: '/inbox',
  kind: 'jl1-pms',
  verdict: 'accepted' as const,
  sceneId: 'S1',
  findings: [],
  files: [{ name: 'a.tif', bytes: 4_100_000_000, sha256: 'a'.repeat(64) }],
  ...over,
});

onEachStore('deliveries', (fixture) => {
  it('are kept once for each outcome, with when they came first and last', async () => {
    const { store } = fixture();
    await registerScene(store, sceneAt('S1', '2024-07-14T02:32:05.000Z'), FINGERPRINT);
    const first = await recordDelivery(store, delivery(), '2024-07-15T01:00:00.000Z');
    const again = delivery({ verdict: 'duplicate' });
    const second = await recordDelivery(store, again, '2024-07-16T01:00:00.000Z');
    expect(await recordDelivery(store, again, '2024-07-17T01:00:00.000Z')).toBe(second);
    const bad = delivery({
      verdict: 'quarantined',
      sceneId: null,
      findings: [FINDING],
      kind: null,
      files: [],
    });
    await recordDelivery(store, bad, '2024-07-18T01:00:00.000Z');
    const { matched, items } = await deliveriesIn(store, { limit: 9, offset: 0 });
    expect(matched).toBe(3);
    expect(
      items.map((row) => [row.verdict, row.receivedAt.slice(8, 10), row.checkedAt.slice(8, 10), row.times]),
    ).toEqual([
      ['quarantined', '18', '18', 1],
      ['duplicate', '16', '17', 2],
      ['accepted', '15', '15', 1],
    ]);
    expect(await deliveryById(store, first)).toEqual({
      id: first,
      name: 'a.tif',
      kind: 'jl1-pms',
      verdict: 'accepted',
      sceneId: 'S1',
      findings: [],
      files: delivery().files,
      receivedAt: '2024-07-15T01:00:00.000Z',
      checkedAt: '2024-07-15T01:00:00.000Z',
      times: 1,
      acquired: '2024-07-14T02:32:05.000Z',
      bbox: [126.2, 44, 126.21, 44.01],
    });
    expect(await deliveryById(store, 'nothing')).toBeNull();
  });

  it('are found by verdict, by the time they came, by the place of their scene, page by page', async () => {
    const { store } = fixture();
    await registerScene(store, sceneAt('S1', '2024-07-14T02:32:05.000Z'), FINGERPRINT);
    await recordDelivery(store, delivery(), '2024-07-15T01:00:00.000Z');
    const bad = delivery({ verdict: 'quarantined', sceneId: null, findings: [FINDING] });
    await recordDelivery(store, bad, '2024-07-18T01:00:00.000Z');
    const ids = async (filter: Partial<Parameters<typeof deliveriesIn>[1]>) =>
      (await deliveriesIn(store, { limit: 9, offset: 0, ...filter })).items.map((row) => row.verdict);
    expect(await ids({ verdict: 'accepted' })).toEqual(['accepted']);
    expect(await ids({ verdict: 'duplicate' })).toEqual([]);
    expect(await ids({ from: '2024-07-16' })).toEqual(['quarantined']);
    expect(await ids({ to: '2024-07-15' })).toEqual(['accepted']);
    expect(await ids({ bbox: [126, 43, 127, 45] })).toEqual(['accepted']);
    expect(await ids({ bbox: [10, 43, 11, 45] })).toEqual([]);
    expect(await ids({ limit: 1, offset: 1 })).toEqual(['accepted']);
  });

  it('whose scene is superseded go with it', async () => {
    const { store } = fixture();
    const run = (number: string) => sceneAt('S1', '2024-07-14T02:32:05.000Z', { run: number });
    await registerScene(store, run('001'), '1'.repeat(64));
    const id = await recordDelivery(store, delivery(), '2024-07-15T01:00:00.000Z');
    await registerScene(store, run('002'), '2'.repeat(64));
    expect((await deliveryById(store, id))!.sceneId).toBe('S1@001');
  });

  it('of before: stored scenes get the fields they lacked, and their run out of the name of their file', async () => {
    const { store } = fixture();
    const image = 'JL1GF02B_PMS1_20240714103205_200240714_101_0001_003_L1_MSS.tif';
    const scene = sceneAt('S1', '2024-07-14T02:32:05.000Z', {
      files: [{ name: image, bytes: 1, sha256: 'a'.repeat(64) }],
      run: '003',
    });
    await registerScene(store, scene, FINGERPRINT);
    await store.query({
      text: `UPDATE scene SET document = (document - 'run' - 'atmosphere' - 'elevation' - 'classification')
        || jsonb_build_object('bands', (SELECT jsonb_agg(band - 'grid' - 'rpc') FROM jsonb_array_elements(document->'bands') AS band))`,
      values: [],
    });
    expect((await sceneById(store, 'S1'))!.scene.bands[0]).not.toHaveProperty('rpc');
    const step = (await migrations()).find((one) => one.name === '0002-deliveries.sql')!;
    await store.query({ text: step.text, values: [] });
    expect((await sceneById(store, 'S1'))!.scene).toEqual(scene);
  });
});
