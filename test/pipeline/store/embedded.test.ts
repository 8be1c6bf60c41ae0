import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { embeddedSource } from '../../../pipeline/store/embedded.ts';
import { takeLock } from '../../../pipeline/store/lock.ts';
import { openStore, type Store } from '../../../pipeline/store/open.ts';
import { importPlaces, placesIn } from '../../../pipeline/store/place.ts';
import { aPlace } from './rows.ts';
import { freshWorkspace } from './stores.ts';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
/** Kills in the normal run; HEITU_TEST_KILLS asks for more. */
const KILLS = Number(process.env.HEITU_TEST_KILLS ?? 5);
const PAGE = { limit: 10_000, offset: 0 } as const;

const opened: Store[] = [];
const children: ChildProcess[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  for (const store of opened.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function workspace(): Promise<string> {
  const folder = await freshWorkspace();
  folders.push(folder);
  return folder;
}

async function open(folder: string): Promise<Store> {
  const store = await openStore({ workspace: folder, databaseUrl: null });
  opened.push(store);
  return store;
}

interface Writer {
  readonly child: ChildProcess;
  readonly acks: number[];
  readonly errors: string[];
  readonly ended: Promise<number | null>;
  /** Until it has said that `n` pairs are in, or has ended. */
  acked(n: number): Promise<void>;
}

function write(folder: string, prefix: string, first = 0, count = Number.POSITIVE_INFINITY): Writer {
  const child = spawn(process.execPath, [WRITER, folder, prefix, String(first), String(count)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  const acks: number[] = [];
  const errors: string[] = [];
  child.stderr.on('data', (data) => errors.push(String(data)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ack ')) acks.push(Number(line.slice(4)));
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  const acked = async (n: number) => {
    while (acks.length < n && !isOver) await pause(10);
  };
  return { child, acks, errors, ended, acked };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await gone;
}

function ownerOf(folder: string): number {
  return (JSON.parse(readFileSync(join(folder, 'db', 'owner.json'), 'utf8')) as { pid: number }).pid;
}

/** Pairs of a writer that are in: both of a pair or neither. */
async function pairsIn(store: Store, prefix: string): Promise<Set<number>> {
  const ids = new Set((await placesIn(store, { kind: 'parcel', ...PAGE })).items.map((row) => row.id));
  const halves = [...ids].filter((id) => id.startsWith(`${prefix}-`)).map((id) => Number(id.split('-')[1]));
  for (const i of halves)
    expect([ids.has(`${prefix}-${i}-a`), ids.has(`${prefix}-${i}-b`)]).toEqual([true, true]);
  return new Set(halves);
}

describe('the embedded database', () => {
  it('is opened once and shared: two processes write side by side and lose nothing', async () => {
    const folder = await workspace();
    const writers = [write(folder, 'one', 0, 15), write(folder, 'two', 0, 15)];
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);
    expect(writers.flatMap((writer) => writer.errors)).toEqual([]);
    const store = await open(folder);
    expect((await pairsIn(store, 'one')).size).toBe(15);
    expect((await pairsIn(store, 'two')).size).toBe(15);
  });

  it('survives two first starts at once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heitu-first-'));
    folders.push(folder);
    const writers = [write(folder, 'one', 0, 3), write(folder, 'two', 0, 3)];
    expect(await Promise.all(writers.map((writer) => writer.ended))).toEqual([0, 0]);
    expect(writers.flatMap((writer) => writer.errors)).toEqual([]);
    const store = await open(folder);
    expect((await pairsIn(store, 'one')).size + (await pairsIn(store, 'two')).size).toBe(6);
  });

  it('starts afresh after a first start that was killed halfway', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heitu-half-'));
    folders.push(folder);
    const writer = write(folder, 'one');
    while (!existsSync(join(folder, 'db', 'data', 'base'))) await pause(5);
    await kill(writer.child);
    expect(existsSync(join(folder, 'db', 'data', 'heitu.ready'))).toBe(false);
    const store = await open(folder);
    expect(await importPlaces(store, 'parcel', [aPlace('P1')], 'test')).toEqual({
      added: 1,
      updated: 0,
      unchanged: 0,
    });
  });

  it(
    `survives ${KILLS} kills at random moments, of its owner and of others: whoever is left goes on, nothing acknowledged is lost`,
    async () => {
      const folder = await workspace();
      const random = seeded(20240714);
      const done = { one: new Set<number>(), two: new Set<number>() };
      let ownersKilled = 0;
      for (let round = 0; round < KILLS; round++) {
        const writers = { one: write(folder, 'one', round * 1000), two: write(folder, 'two', round * 1000) };
        await Promise.all([writers.one.acked(1), writers.two.acked(1)]);
        await pause(200 * random());
        // Every other round the one that has the database open, else the one that does not.
        const owner = writers.one.child.pid === ownerOf(folder) ? 'one' : 'two';
        const victim = round % 2 === 0 ? owner : owner === 'one' ? 'two' : 'one';
        const left = victim === 'one' ? writers.two : writers.one;
        await kill(writers[victim].child);
        if (victim === owner) ownersKilled += 1;
        await left.acked(left.acks.length + 3);
        expect(left.errors).toEqual([]);
        expect(left.child.exitCode).toBeNull();
        await pause(50 * random());
        await kill(left.child);
        for (const name of ['one', 'two'] as const) for (const i of writers[name].acks) done[name].add(i);
      }
      const store = await open(folder);
      for (const name of ['one', 'two'] as const) {
        const found = await pairsIn(store, name);
        expect([...done[name]].filter((i) => !found.has(i))).toEqual([]);
      }
      expect(ownersKilled).toBe(Math.ceil(KILLS / 2));
      expect(done.one.size + done.two.size).toBeGreaterThanOrEqual(4 * KILLS);
    },
    60_000 + KILLS * 30_000,
  );

  it('is taken over by the next question when its owner closes, and not before', async () => {
    const folder = await workspace();
    const first = await open(folder);
    const child = write(folder, 'child');
    await child.acked(1);
    expect(ownerOf(folder)).toBe(process.pid);
    await first.close();
    await child.acked(child.acks.length + 2);
    expect(child.errors).toEqual([]);
    expect(ownerOf(folder)).toBe(child.child.pid);
    await expect(first.query({ text: 'SELECT 1', values: [] })).rejects.toMatchObject({
      code: 'E_STORE_UNAVAILABLE',
    });
  });

  it('rolls back what a killed process had begun, and lets the others go on', async () => {
    const folder = await workspace();
    const store = await open(folder);
    const socket = createConnection(join(folder, 'db', '.s.PGSQL.5432'));
    const other = new pg.Client({ host: join(folder, 'db'), user: 'postgres', database: 'postgres' });
    socket.destroy();
    await other.connect();
    await other.query(`BEGIN; INSERT INTO zone (id, product, datetime, code, name, area_m2, properties, geom)
      VALUES ('Z', 'pest', now(), 'Z', 'Z', 1, '{}', ST_Multi(ST_MakeEnvelope(126, 44, 127, 45, 4326)))`);
    const waiting = store.query({ text: 'SELECT id FROM zone', values: [] });
    other.on('error', () => {});
    (other as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
    expect(await waiting).toEqual([]);
  });

  it('keeps the event loop free while a statement runs', async () => {
    const store = await open(await workspace());
    let slowest = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      slowest = Math.max(slowest, performance.now() - last);
      last = performance.now();
    }, 5);
    const started = performance.now();
    await store.query({ text: 'SELECT sum(sqrt(n)) FROM generate_series(1, 4000000) AS n', values: [] });
    clearInterval(beat);
    const seconds = performance.now() - started;
    expect(seconds).toBeGreaterThan(200);
    expect(slowest).toBeLessThan(seconds / 2);
  });

  it('answers questions asked at once on many connections each with its own answer', async () => {
    const store = await open(await workspace());
    const asked = Array.from({ length: 200 }, (_, i) => i);
    const answers = await Promise.all(
      asked.map((i) => store.query<{ n: number }>({ text: 'SELECT $1::int AS n', values: [i] })),
    );
    expect(answers.map(([row]) => row!.n)).toEqual(asked);
  });

  it('answers the question after a failed one, and no other', async () => {
    const store = await open(await workspace());
    const client = new pg.Client({ host: join(folders[0]!, 'db'), user: 'postgres', database: 'postgres' });
    await client.connect();
    for (let i = 0; i < 20; i++) {
      await expect(client.query({ text: 'SELECT 1 / $1::int AS n', values: [0] })).rejects.toMatchObject({
        code: '22012',
      });
      await expect(client.query({ text: 'SELEC $1', values: [0] })).rejects.toMatchObject({ code: '42601' });
      expect((await client.query({ text: 'SELECT $1::int AS n', values: [i] })).rows).toEqual([{ n: i }]);
    }
    await client.end();
    expect(await store.query({ text: 'SELECT 1 AS n', values: [] })).toEqual([{ n: 1 }]);
  });

  it('is served on a socket that only its owner may use, and leaves the folder closed to others', async () => {
    const folder = await workspace();
    await open(folder);
    expect(statSync(join(folder, 'db')).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'db', '.s.PGSQL.5432')).mode & 0o777).toBe(0o600);
  });

  it('works in a folder whose path is too long for a socket', async () => {
    const base = await workspace();
    const folder = join(base, '很长的文件夹名'.repeat(6), 'workspace');
    mkdirSync(folder, { recursive: true });
    const store = await open(folder);
    const again = await open(folder);
    await importPlaces(store, 'parcel', [aPlace('P1')], 'test');
    expect((await placesIn(again, { kind: 'parcel', ...PAGE })).matched).toBe(1);
    const { socketFolder } = JSON.parse(readFileSync(join(folder, 'db', 'owner.json'), 'utf8')) as {
      socketFolder: string;
    };
    expect(socketFolder.startsWith(tmpdir())).toBe(true);
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
    folders.push(socketFolder);
  });

  it('recognises a stale socket file and a stale owner', async () => {
    const folder = await workspace();
    const stale = join(folder, 'db', '.s.PGSQL.5432');
    const server = createServer().listen(stale);
    await new Promise((resolve) => server.once('listening', resolve));
    await new Promise((resolve) => server.close(resolve));
    writeFileSync(stale, '');
    writeFileSync(join(folder, 'db', 'owner.json'), '{"pid": 1, "socketFolder": "/nowhere"}');
    const store = await open(folder);
    expect(await store.query({ text: 'SELECT 1 AS n', values: [] })).toEqual([{ n: 1 }]);
  });
});

describe('a database that cannot be opened', () => {
  it('is reported, and the lock is free again', async () => {
    const folder = await workspace();
    rmSync(join(folder, 'db', 'data', 'global'), { recursive: true });
    await expect(open(folder)).rejects.toMatchObject({ code: 'E_STORE_UNAVAILABLE' });
    const lock = takeLock(join(folder, 'db', 'lock'));
    expect(lock).not.toBeNull();
    lock!.release();
  });
});

describe('the lock', () => {
  it('held by a process that does not answer is reported with its number, after some patience', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heitu-held-'));
    folders.push(folder);
    mkdirSync(join(folder, 'db'));
    const lock = takeLock(join(folder, 'db', 'lock'));
    writeFileSync(
      join(folder, 'db', 'owner.json'),
      JSON.stringify({ pid: 4711, socketFolder: join(folder, 'db') }),
    );
    const source = await embeddedSource(folder, 300);
    await expect(source.locate()).rejects.toMatchObject({
      code: 'E_STORE_LOCKED',
      message: expect.stringContaining('4711'),
    });
    lock!.release();
  });

  it('is held by one at a time, in this process too, and is free again when it is given back', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'heitu-lock-'));
    folders.push(folder);
    const lock = takeLock(join(folder, 'lock'));
    expect(lock).not.toBeNull();
    expect(takeLock(join(folder, 'lock'))).toBeNull();
    lock!.release();
    const again = takeLock(join(folder, 'lock'));
    expect(again).not.toBeNull();
    again!.release();
  });
});
