/**
 * `npm run fuzz [-- --seed N --count N]`: reads damaged copies of the corpus and of our own COGs in child processes; ends
 * with 1 when one crashes, hangs for 10 s, takes more than 1 GiB, or gets an error that does not name the file.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { ownCogs } from './cogs.ts';
import { corpusFiles, fuzz } from './fuzz.ts';

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, count: { type: 'string', default: '10000' } },
});
const [seed, count] = [Number(values.seed), Number(values.count)];
const folder = await mkdtemp(join(tmpdir(), 'heitu-fuzz-'));
try {
  const own = await ownCogs(folder);
  const corpus = existsSync(new URL('../../../shared/data/13-geotiff-corpus/catalog.json', import.meta.url));
  if (!corpus) console.log('without the corpus: ../shared/data/13-geotiff-corpus is not there');
  // Our own files are few; they get a tenth of the mutations all the same.
  const others = corpus ? corpusFiles() : [];
  const repeated = own.flatMap((path) =>
    Array<string>(Math.max(1, Math.round(others.length / 36))).fill(path),
  );
  const started = performance.now();
  const { counts, failures, slowest, peak } = await fuzz([...others, ...repeated], {
    seed,
    count,
    onDone: (done) => {
      if (done % 1000 === 0) console.log(`${done} of ${count}`);
    },
  });
  for (const { path, seed: own, how } of failures) console.log(`${basename(path)} seed ${own}: ${how}`);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `seed ${seed}, ${count} mutations in ${seconds} s: ${counts.read} read, ${counts.refused} refused by name; ` +
      `${counts.unclear} unclear, ${counts.crash} crashed, ${counts.slow} slower than 10 s, ${counts.memory} over 1 GiB; ` +
      `slowest ${(slowest / 1000).toFixed(1)} s, most memory ${peak.toFixed(0)} MiB`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
