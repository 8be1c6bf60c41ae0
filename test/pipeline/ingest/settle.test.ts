import { appendFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { settle } from '../../../pipeline/ingest/settle.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

const folder = await temporaryFolder();
const now = () => new Date();

async function fresh(name: string, ageMs = 0) {
  await writeFile(join(folder, name), 'half');
  const time = new Date(Date.now() - ageMs);
  await utimes(join(folder, name), time, time);
  return { folder, image: name, files: [name] };
}

/** Milliseconds a promise takes. */
async function timed(work: Promise<void>): Promise<number> {
  const started = performance.now();
  await work;
  return performance.now() - started;
}

it('files that have not changed for long are not waited for', async () => {
  const old = await fresh('old.tif', 60_000);
  expect(await timed(settle(old, { stillMs: 5000, mostMs: 60_000, now }))).toBeLessThan(1000);
});

it('a file that is still being copied is waited for until it lies still', async () => {
  const delivery = await fresh('growing.tif');
  let size = 4;
  const copy = setInterval(() => {
    size += 4;
    void appendFile(join(folder, 'growing.tif'), 'more');
  }, 30);
  setTimeout(() => clearInterval(copy), 400);
  const waited = await timed(settle(delivery, { stillMs: 150, mostMs: 60_000, now }));
  expect(waited).toBeGreaterThan(400);
  expect(size).toBeGreaterThan(8);
});

it('a copy that never ends is given up with a reason', async () => {
  const delivery = await fresh('endless.tif');
  const copy = setInterval(() => void appendFile(join(folder, 'endless.tif'), 'more'), 20);
  const work = settle(delivery, { stillMs: 100, mostMs: 300, now });
  await expect(work).rejects.toMatchObject({ code: 'E_DELIVERY_UNSETTLED' });
  await expect(work).rejects.toThrow(/endless\.tif.*growing/);
  clearInterval(copy);
});

it('the name of an unfinished copy is enough', async () => {
  const delivery = await fresh('scene.tif', 60_000);
  const more = { ...delivery, files: ['scene.tif', 'scene.tif.part'] };
  await expect(settle(more, { stillMs: 100, mostMs: 300, now })).rejects.toThrow(/unfinished/);
});
