import { spawnSync } from 'node:child_process';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sweepTemporaries, temporaryName } from '../../../pipeline/write/atomic.ts';
import { temporaryFolder } from '../../helpers/folders.ts';

const folder = await temporaryFolder();

it('removes what a killed process left, and nothing of a running one, of another machine or of a person', async () => {
  const own = temporaryName('ndvi.tif');
  const { pid: dead } = spawnSync(process.execPath, ['-e', '']);
  const left = own.replace(`-${process.pid}-`, `-${dead}-`);
  const elsewhere = left.replace('.ndvi.tif.', '.ndvi.tif.other');
  for (const name of [own, left, elsewhere, 'ndvi.tif', 'notes.tmp']) await writeFile(join(folder, name), '');
  await sweepTemporaries(folder);
  expect((await readdir(folder)).sort()).toEqual([own, elsewhere, 'ndvi.tif', 'notes.tmp'].sort());
  await sweepTemporaries(join(folder, 'nowhere'));
});
