import { existsSync } from 'node:fs';
import { appendFile, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCounty } from '../../fixtures/make/county.ts';
import { deliveriesIn } from '../../pipeline/store/delivery.ts';
import { openStore } from '../../pipeline/store/open.ts';
import { sceneById } from '../../pipeline/store/scene.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { heitu } from '../helpers/terminal.ts';
import { type Entry, tarOf, tgzOf, zipOf } from '../pipeline/ingest/archives.ts';

const folder = await temporaryFolder();
const workspace = join(folder, 'workspace');
const inbox = join(folder, 'inbox');
const names: string[] = [];

const ingest = (paths: readonly string[], ...more: string[]) =>
  heitu(['ingest', ...paths, '--workspace', workspace, '--settle', '0', ...more]);

/** A delivery folder of the generator as entries of an archive, its names and metadata changed where asked for. */
async function entriesOf(
  name: string,
  rename: (text: string) => string = (text) => text,
  edit: (text: string) => string = (text) => text,
): Promise<Entry[]> {
  const from = join(folder, 'county', 'deliveries', name);
  const files = await readdir(from);
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(from, file));
      const content = file.endsWith('.xml') ? Buffer.from(edit(bytes.toString('utf8'))) : bytes;
      return { name: rename(`${name}/${file}`), content };
    }),
  );
}

beforeAll(async () => {
  await makeCounty(join(folder, 'county'), { width: 64, height: 64, dates: 3 });
  names.push(...(await readdir(join(folder, 'county', 'deliveries'))).sort());
  await mkdir(inbox);
});

describe('an inbox of archives and folders, good and hostile', () => {
  it('is taken in one go: what is good is registered, what is not is quarantined with its reason', async () => {
    await writeFile(join(inbox, '1.zip'), zipOf(await entriesOf(names[0]!)));
    await writeFile(join(inbox, '2.tar.gz'), tgzOf(await entriesOf(names[1]!)));
    const evil = { name: '../../../evil.txt', content: 'x' };
    await writeFile(join(inbox, '3-evil.zip'), zipOf([...(await entriesOf(names[2]!)), evil]));
    await writeFile(
      join(inbox, '4-bomb.tar.gz'),
      tgzOf([{ name: 'a.tif', content: Buffer.alloc(40 * 2 ** 20) }]),
    );
    await writeFile(
      join(inbox, '5-nested.tar'),
      tarOf([{ name: 'inner.zip', content: zipOf(await entriesOf(names[2]!)) }]),
    );
    await writeFile(join(inbox, '6-cut.tar'), tarOf(await entriesOf(names[2]!)).subarray(0, 20_000));
    await writeFile(join(inbox, '7-letter.zip'), zipOf([{ name: 'letter.txt', content: 'Dear Sir' }]));
    await mkdir(join(inbox, '8-folder'));
    const last = join(folder, 'county', 'deliveries', names[2]!);
    for (const file of await readdir(last)) await copyFile(join(last, file), join(inbox, '8-folder', file));

    const ran = await ingest([inbox], '--json');
    expect(ran.code).toBe(1);
    const rows = ran.json() as {
      verdict: string;
      error: { code: string } | null;
      findings: { code: string }[];
    }[];
    expect(rows.map((row) => [row.verdict, row.error?.code ?? null])).toEqual([
      ['accepted', null],
      ['accepted', null],
      ['quarantined', 'E_ARCHIVE_UNSAFE'],
      ['quarantined', 'E_ARCHIVE_TOO_LARGE'],
      ['quarantined', 'E_ARCHIVE_NESTED'],
      ['quarantined', 'E_ARCHIVE_DAMAGED'],
      ['quarantined', 'E_FOLDER_EMPTY'],
      ['accepted', null],
    ]);
    // Nothing outside the workspace, nothing half unpacked inside.
    expect(existsSync(join(folder, 'evil.txt')) || existsSync(join(workspace, 'evil.txt'))).toBe(false);
    expect((await readdir(folder)).sort()).toEqual(['county', 'inbox', 'workspace']);
    const unpacked = await readdir(join(workspace, 'inbox', 'unpacked'));
    expect(unpacked.map((name) => name.replace(/-[0-9a-f]{12}$/, '')).sort()).toEqual(['1', '2', '7-letter']);
    expect((await readdir(join(workspace, 'quarantine'))).length).toBe(5);
  });

  it('given again changes nothing and says so', async () => {
    const ran = await ingest([inbox], '--json');
    const verdicts = ran.json().map((row) => row.verdict);
    expect(verdicts.filter((word) => word === 'duplicate')).toHaveLength(3);
    expect(verdicts.filter((word) => word === 'accepted')).toHaveLength(0);
    // The same delivery out of an archive and as a folder is the same delivery.
    const folderOfFirst = join(folder, 'county', 'deliveries', names[0]!);
    expect((await ingest([folderOfFirst], '--json')).json()[0]).toMatchObject({ verdict: 'duplicate' });
  });

  it('is shown as a table with findings and remedies, in the language of the reader', async () => {
    const english = await ingest([inbox], '--report');
    const lines = english.out.split('\n');
    expect(english.err).toBe('');
    expect(lines[0]).toMatch(/^verdict +delivery +kind +scene +acquired \(UTC\) +files$/);
    expect(lines.at(-1)).toBe('8 in all: 0 accepted, 3 duplicate, 5 quarantined');
    expect(english.out).toMatch(
      /error E_ARCHIVE_UNSAFE: archive 3-evil\.zip holds an unsafe entry: .*climbs out/,
    );
    expect(english.out).toMatch(/→ do not unpack it; ask the sender/);
    const chinese = await heitu(['ingest', inbox, '--workspace', workspace, '--report', '--settle', '0'], {
      language: 'zh',
    });
    expect(chinese.out).toContain('结论');
    expect(chinese.out).toContain('错误 E_ARCHIVE_NESTED');
    expect(chinese.out.split('\n').at(-1)).toBe('共 8：入库 0，重复 3，隔离 5');
  });

  it('is kept in the database: one row an outcome, with the checksum of every file', async () => {
    const store = await openStore({ workspace, databaseUrl: null });
    try {
      const accepted = await deliveriesIn(store, { verdict: 'accepted', limit: 99, offset: 0 });
      expect(accepted.items.map((row) => row.files.length)).toEqual([3, 3, 3]);
      expect(accepted.items.every((row) => row.kind === 'jl1-pms' && row.acquired !== null)).toBe(true);
      const quarantined = await deliveriesIn(store, { verdict: 'quarantined', limit: 99, offset: 0 });
      expect(quarantined.matched).toBe(5);
      expect(quarantined.items.every((row) => row.times >= 3)).toBe(true);
    } finally {
      await store.close();
    }
  });

  it('with a later processing run of a scene: it takes over, and the earlier one is left aside', async () => {
    const later = (text: string) => text.replaceAll('_001_L1', '_002_L1');
    const archive = join(inbox, '9-later.tar');
    await writeFile(archive, tarOf(await entriesOf(names[0]!, later)));
    // The same pixels and metadata under a later number are what was there: nothing to redo.
    expect((await ingest([archive], '--json')).json()[0]).toMatchObject({ verdict: 'duplicate' });
    const corrected = (text: string) => text.replace(/<CloudPercent>.*?</, '<CloudPercent>7<');
    await writeFile(archive, tarOf(await entriesOf(names[0]!, later, corrected)));
    const [row] = (await ingest([archive], '--json')).json();
    expect(row).toMatchObject({ verdict: 'accepted', findings: [{ code: 'E_RUN_LATER', severity: 'note' }] });
    const first = join(folder, 'county', 'deliveries', names[0]!);
    expect((await ingest([first], '--json')).json()[0]).toMatchObject({
      verdict: 'duplicate',
      findings: [{ code: 'E_RUN_OLDER', severity: 'note' }],
    });
    const store = await openStore({ workspace, databaseUrl: null });
    const id = String(row!.scene);
    const [now, before] = [await sceneById(store, id), await sceneById(store, `${id}@001`)];
    await store.close();
    expect(now).toMatchObject({ status: 'registered', scene: { run: '002', cloudPercent: 7 } });
    expect(before).toMatchObject({ status: 'retired', scene: { run: '001' } });
  });

  it('whose copy is still running is waited for', async () => {
    const target = join(folder, 'copying');
    await mkdir(target);
    const from = join(folder, 'county', 'deliveries', names[1]!);
    const files = await readdir(from);
    const image = files.find((file) => file.endsWith('.tif'))!;
    for (const file of files.filter((one) => one !== image))
      await copyFile(join(from, file), join(target, file));
    const bytes = await readFile(join(from, image));
    await writeFile(join(target, image), bytes.subarray(0, 4096));
    const copy = (async () => {
      for (let at = 4096; at < bytes.length; at += 4096) {
        await new Promise((resolve) => setTimeout(resolve, 40));
        await appendFile(join(target, image), bytes.subarray(at, at + 4096));
      }
    })();
    const ran = await heitu(['ingest', target, '--workspace', workspace, '--settle', '0.4', '--json']);
    await copy;
    expect(ran.json()[0]).toMatchObject({ verdict: 'duplicate', error: null });
  });
});
