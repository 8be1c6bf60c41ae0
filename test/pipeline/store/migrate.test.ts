import { expect, it } from 'vitest';
import { migrate, migrations } from '../../../pipeline/store/migrate.ts';
import type { Store } from '../../../pipeline/store/open.ts';
import { onEachStore } from './stores.ts';

/** Columns, indices, constraints and functions of our schema, as the database describes them. */
async function schemaOf(store: Store): Promise<unknown[]> {
  return store.query({
    text: `
      SELECT 'column' AS what, table_name || '.' || column_name AS name, data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS is
        FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'spatial_ref_sys'
      UNION ALL SELECT 'index', indexname, replace(indexdef, current_schema() || '.', '') FROM pg_indexes WHERE schemaname = current_schema()
      UNION ALL SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = current_schema()::regnamespace AND conrelid <> 0
      UNION ALL SELECT 'function', proname, md5(prosrc) FROM pg_proc WHERE pronamespace = current_schema()::regnamespace AND proname LIKE '%observation%'
      ORDER BY 1, 2, 3`,
    values: [],
  });
}

onEachStore('migrations', (fixture) => {
  it('run twice leave the schema as it was', async () => {
    const { store } = fixture();
    const before = await schemaOf(store);
    expect(before.length).toBeGreaterThan(80);
    expect(await migrate(store)).toEqual([]);
    expect(await schemaOf(store)).toEqual(before);
  });

  it('can be replayed word for word over a finished schema', async () => {
    const { store } = fixture();
    const before = await schemaOf(store);
    for (const { text } of await migrations()) await store.query({ text, values: [] });
    expect(await schemaOf(store)).toEqual(before);
  });

  it('run at once by two connections, from nothing, give the same schema', async () => {
    const { store, another } = fixture();
    const before = await schemaOf(store);
    const tables = await store.query<{ name: string }>({
      text: `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
        AND NOT relispartition AND relname <> 'spatial_ref_sys'`,
      values: [],
    });
    await store.query({ text: `DROP TABLE ${tables.map((row) => row.name).join(', ')} CASCADE`, values: [] });
    expect(await schemaOf(store)).not.toEqual(before);
    const ran = await Promise.all([migrate(store), another().then(() => [])]);
    expect(ran.flat().length).toBeLessThanOrEqual((await migrations()).length);
    expect(await schemaOf(store)).toEqual(before);
  });

  it('refuse a database of a newer version, and one made by a step that was changed since', async () => {
    const { store } = fixture();
    await store.query({
      text: `INSERT INTO migration (name, checksum) VALUES ('9999-later.sql', 'x')`,
      values: [],
    });
    await expect(migrate(store)).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
      message: expect.stringContaining('9999-later.sql'),
    });
    await store.query({ text: `DELETE FROM migration WHERE name LIKE '9999%'`, values: [] });
    await store.query({ text: `UPDATE migration SET checksum = 'x' || checksum`, values: [] });
    await expect(migrate(store)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    await store.query({ text: 'UPDATE migration SET checksum = substr(checksum, 2)', values: [] });
    expect(await migrate(store)).toEqual([]);
  });
});

it('migrations are numbered without a gap', async () => {
  const names = (await migrations()).map((step) => step.name);
  expect(names.map((name) => Number(name.slice(0, 4)))).toEqual(names.map((_, i) => i + 1));
});
