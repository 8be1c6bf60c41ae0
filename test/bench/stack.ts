/**
 * `node test/bench/stack.ts [--size 1024 --dates 36 --runs 3 --lambda 10 --seed 1]`: Whittaker's smoother over a stack of
 * pixels, ours on one thread against a float64 numpy recursion over pixels and a C++ -O3 loop, where python3 with numpy and
 * g++ are installed. Times are of the loops alone; outputs are compared.
 */
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { normal, seeded } from '../../pipeline/core/random.ts';
import { type Contest, hold, type Side, tableOf } from './contest.ts';
import { type Cost, isThere, type Ran, run } from './measure.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    dates: { type: 'string', default: '36' },
    runs: { type: 'string', default: '3' },
    lambda: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
  },
});
const [size, dates] = [Number(values.size), Number(values.dates)];
const pixels = size * size;
const HERE = fileURLToPath(new URL('.', import.meta.url));
/** Largest difference in index units that counts as equal. */
const TOLERANCE = 5e-5;

const folder = await mkdtemp(join(tmpdir(), 'heitu-stack-'));
const path = (name: string) => join(folder, name);

/** A season of NDVI with noise, a fifth of the looks cloudy with weight 0. */
async function makeStack(): Promise<void> {
  const random = seeded(Number(values.seed));
  const [y, w] = await Promise.all([open(path('values.raw'), 'w'), open(path('weights.raw'), 'w')]);
  for (let date = 0; date < dates; date++) {
    const season = 0.15 + 0.7 * Math.exp(-(((date / dates - 0.5) / 0.18) ** 2));
    const noise = Float32Array.from({ length: 4096 }, () => 0.03 * normal(random));
    const plane = new Float32Array(pixels);
    const weights = new Float32Array(pixels);
    for (let i = 0; i < pixels; i++) {
      const isCloudy = random() < 0.2;
      plane[i] = season + noise[i % 4096]! - (isCloudy ? 0.3 : 0);
      weights[i] = isCloudy ? 0 : 1;
    }
    await y.write(plane);
    await w.write(weights);
  }
  await Promise.all([y.close(), w.close()]);
}

const loopCost = ({ out, peak }: Ran): Cost => {
  // The last line of our scripts and of the peers.
  const { wall, cpu } = JSON.parse(out.trim().split('\n').at(-1) ?? '') as { wall: number; cpu: number };
  return { wall, cpu, peak };
};
const side = (
  name: string,
  program: string,
  first: readonly string[],
  last: readonly string[] = [],
): Side => ({
  name,
  costOf: loopCost,
  commands: [
    {
      program,
      args: [
        ...first,
        path('values.raw'),
        path('weights.raw'),
        path(`${name}.raw`),
        ...[String(dates), String(pixels), values.lambda],
        ...last,
      ],
    },
  ],
});

async function differences(other: Side): Promise<string> {
  const [a, b] = await Promise.all(
    [path('heitu.raw'), path(`${other.name}.raw`)].map((file) => readFile(file)),
  );
  const [ours, theirs] = [a!, b!].map(
    ({ buffer, byteOffset, byteLength }) => new Float32Array(buffer, byteOffset, byteLength / 4),
  );
  let worst = 0;
  for (const [i, value] of ours!.entries()) worst = Math.max(worst, Math.abs(value - theirs![i]!));
  return worst <= TOLERANCE ? '' : `up to ${worst} apart`;
}

try {
  await makeStack();
  const loop = [join(HERE, 'stack-loop.ts')];
  const theirs: Side[] = [side('heitu float32', process.execPath, loop, ['float32'])];
  if (await isThere('python3', '-c', 'import numpy'))
    theirs.push(side('numpy float64', 'python3', [join(HERE, 'peers', 'whittaker.py')]));
  if (await isThere('g++', '--version')) {
    const program = path('whittaker');
    await run({ program: 'g++', args: ['-O3', '-o', program, join(HERE, 'peers', 'whittaker.cpp')] });
    theirs.push(side('g++ -O3', program, []));
  }
  const contest: Contest = {
    title: `Whittaker, ${dates} dates of ${size}² pixels, one thread`,
    megapixels: pixels / 1e6,
    ours: side('heitu', process.execPath, loop),
    theirs,
    differences,
  };
  const rows = await hold(contest, Number(values.runs));
  console.log(`load ${loadavg()[0]!.toFixed(1)}\n\n${tableOf(rows)}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
