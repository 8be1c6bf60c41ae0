/**
 * `node test/bench/forest.ts [--pixels 4194304 --trees 100 --runs 3 --threads 2 --seed 1 --python python3]`: six bands of pixels
 * classified by a forest, ours in threads against scikit-learn's own forest of the same rows on as many cores, and
 * against a plain C++ -O3 loop over our trees, where those are installed. Times are of the classifying alone.
 */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { normal, seeded } from '../../pipeline/core/random.ts';
import { type Contest, hold, type Side, tableOf } from './contest.ts';
import { type Cost, isThere, type Ran, run } from './measure.ts';

const { values } = parseArgs({
  options: {
    pixels: { type: 'string', default: String(8192 * 512) },
    trees: { type: 'string', default: '100' },
    runs: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    seed: { type: 'string', default: '1' },
    python: { type: 'string', default: 'python3' },
  },
});
const [FEATURES, CLASSES, ROWS] = [6, 6, 3000];
/** Share of pixels two forests of the same rows, grown from different samples, may name differently. */
const TOLERANCE = 0.02;
const HERE = fileURLToPath(new URL('.', import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'heitu-forest-'));
const path = (name: string) => join(folder, name);

/** Six covers with spectra of their own and noise that makes them overlap. */
async function makeInputs(): Promise<void> {
  const random = seeded(Number(values.seed));
  const centres = Array.from({ length: CLASSES }, () =>
    Array.from({ length: FEATURES }, () => 0.1 + 0.5 * random()),
  );
  const labels = Uint8Array.from({ length: ROWS }, () => Math.floor(random() * CLASSES));
  const rows = Float32Array.from(
    { length: ROWS * FEATURES },
    (_, i) => centres[labels[Math.floor(i / FEATURES)]!]![i % FEATURES]! + 0.08 * normal(random),
  );
  await writeFile(path('labels.raw'), labels);
  await writeFile(path('rows.raw'), rows);
  const pixels = Number(values.pixels);
  const cover = Uint8Array.from({ length: pixels }, () => Math.floor(random() * CLASSES));
  const file = await open(path('pixels.raw'), 'w');
  for (let f = 0; f < FEATURES; f++)
    await file.write(Float32Array.from(cover, (k) => centres[k]![f]! + 0.08 * normal(random)));
  await file.close();
}

const loopCost = ({ out, peak }: Ran): Cost => {
  // The last line of our script and of the peers.
  const { wall, cpu } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { wall: number; cpu: number };
  return { wall, cpu, peak };
};
const side = (name: string, program: string, args: readonly string[]): Side => ({
  name,
  costOf: loopCost,
  commands: [{ program, args }],
});
const inputs = (name: string) => [
  ...['rows.raw', 'labels.raw', 'pixels.raw', `${name}.raw`].map(path),
  ...[String(FEATURES), String(CLASSES), values.trees, values.threads],
];

async function differences({ name }: Side): Promise<string> {
  const [ours, theirs] = await Promise.all(['heitu', name].map((one) => readFile(path(`${one}.raw`))));
  let apart = 0;
  for (const [i, value] of ours!.entries()) if (value !== theirs![i]) apart++;
  const share = apart / ours!.length;
  // The C++ loop walks our trees: sums in the same order, so every pixel must be the same.
  const words = `${(100 * share).toFixed(3)} % of pixels differ`;
  if (name === 'g++ -O3') return apart === 0 ? '' : words;
  return share <= TOLERANCE ? `own trees: ${words}` : words;
}

try {
  await makeInputs();
  const theirs: Side[] = [];
  if (await isThere(values.python, '-c', 'import sklearn'))
    theirs.push(
      side('scikit-learn', values.python, [
        join(HERE, 'peers', 'sklearn_forest.py'),
        ...inputs('scikit-learn'),
      ]),
    );
  if (await isThere('g++', '--version')) {
    const program = path('forest');
    await run({
      program: 'g++',
      args: ['-O3', '-pthread', '-o', program, join(HERE, 'peers', 'forest.cpp')],
    });
    theirs.push(
      side('g++ -O3', program, [...['forest.raw', 'pixels.raw', 'g++ -O3.raw'].map(path), values.threads]),
    );
  }
  const contest: Contest = {
    title: `${values.trees} trees, ${FEATURES} features, ${values.threads} threads`,
    megapixels: Number(values.pixels) / 1e6,
    ours: side('heitu', process.execPath, [
      join(HERE, 'forest-loop.ts'),
      ...inputs('heitu'),
      path('forest.raw'),
    ]),
    theirs,
    differences,
  };
  const rows = await hold(contest, Number(values.runs));
  console.log(`load ${loadavg()[0]!.toFixed(1)}\n\n${tableOf(rows)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
