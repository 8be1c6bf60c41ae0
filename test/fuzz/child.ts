/** A child of `npm run fuzz`: damages one file by its seed, writes it down, and reads it. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seeded } from '../../pipeline/core/random.ts';
import { answerJobs } from '../corpus/pool.ts';
import { mutate } from './mutate.ts';
import { type Probe, probe } from './probe.ts';

/** A file to be damaged, and the seed of the damage. */
export interface FuzzJob {
  readonly path: string;
  readonly seed: number;
}

const mutant = join(tmpdir(), `heitu-fuzz-${process.pid}.tif`);
process.on('exit', () => rmSync(mutant, { force: true }));
process.on('SIGTERM', () => process.exit(0));

answerJobs(async ({ path, seed }: FuzzJob): Promise<Probe> => {
  writeFileSync(mutant, mutate(readFileSync(path), seeded(seed)).bytes);
  return await probe(mutant);
});
