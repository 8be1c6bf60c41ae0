/**
 * Where formulas run fastest: CPU time a pixel and pixels a second on each back end, transfer both ways included, for cheap to
 * heavy formulas. `node test/bench/backends.ts [--pixels N] [--rounds N]`; the table is kept in docs/performance.md.
 * Rounds go through all back ends in turn, so that what else the machine does falls on all of them; CPU seconds are
 * those of the whole process, threads and software drivers included.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { seeded } from '../../pipeline/core/random.ts';
import { formulaOf } from '../../pipeline/indices/compute.ts';
import { type Backend, openBackend } from '../../pipeline/kernels/backend.ts';
import { bandArrays, runLoops } from '../../pipeline/kernels/cpu.ts';
import { type Node, parseFormula } from '../../pipeline/kernels/formula.ts';
import { lower } from '../../pipeline/kernels/program.ts';

const { values } = parseArgs({
  options: { pixels: { type: 'string', default: '4194304' }, rounds: { type: 'string', default: '5' } },
});
const PIXELS = Number(values.pixels);
const ROUNDS = Number(values.rounds);

/** A sum of terms that no simplification shortens. */
const heavy = (terms: number): Node =>
  parseFormula(Array.from({ length: terms }, (_, i) => `exp(-${i + 1}*N)*log(${i + 1}*R)`).join(' - '));

const FORMULAS: readonly (readonly [string, Node])[] = [
  ['NDVI', formulaOf('NDVI')],
  ['EVI, with EVI2 behind it', formulaOf('EVI')],
  ['MTVI2', formulaOf('MTVI2')],
  ['kNDVI', formulaOf('kNDVI')],
  ['1 term exp · log', heavy(1)],
  ['4 terms exp · log', heavy(4)],
  ['16 terms exp · log', heavy(16)],
  ['60 terms exp · log', heavy(60)],
];

const random = seeded(1);
const bands = Object.fromEntries(
  ['B', 'G', 'R', 'N'].map((name) => [
    name,
    Float32Array.from({ length: PIXELS }, () => 0.01 + 0.5 * random()),
  ]),
);
const out = new Float32Array(PIXELS);

/** Plain loops in JavaScript, one an operation: what there is without SIMD or a device. */
const loops: Backend = {
  name: 'cpu',
  device: 'plain loops',
  fallbackReason: null,
  load: null,
  run: async (node, inputs, length, target = new Float32Array(length)) => {
    const program = lower(node);
    runLoops(program, bandArrays(program, inputs, length), target);
    return target;
  },
  close: async () => {},
};

const backends: (readonly [string, Backend])[] = [['plain loops', loops]];
for (const name of ['cpu', 'wasm', 'webgpu'] as const) {
  const backend = await openBackend(name);
  if (backend.name === name) backends.push([name, backend]);
  else console.log(`${name}: not measured (${backend.fallbackReason})`);
}

for (const [name, { device }] of backends) console.log(`${name}: ${device}`);
console.log(`${PIXELS} pixels, median of ${ROUNDS} rounds, load ${loadavg()[0]!.toFixed(1)}\n`);
console.log(
  `| formula | operations | ${backends.map(([name]) => `${name}, CPU ns/px (Mpx/s)`).join(' | ')} |`,
);
console.log(`| --- | --: | ${backends.map(() => '--:').join(' | ')} |`);
for (const [title, node] of FORMULAS) {
  const times = backends.map(() => [] as { seconds: number; cpu: number }[]);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [b, [, backend]] of backends.entries()) {
      const before = process.cpuUsage();
      const started = performance.now();
      await backend.run(node, bands, PIXELS, out);
      const seconds = (performance.now() - started) / 1000;
      const { user, system } = process.cpuUsage(before);
      // The first round compiles.
      if (round > 0) times[b]!.push({ seconds, cpu: (user + system) / 1e6 });
    }
  }
  const cells = times.map((own) => {
    const seconds = median(own.map((time) => time.seconds));
    const cpu = median(own.map((time) => time.cpu));
    return `${((1e9 * cpu) / PIXELS).toFixed(1)} (${(PIXELS / 1e6 / seconds).toFixed(0)})`;
  });
  const operations = lower(node).steps.filter((step) => step.kind === 'op').length;
  console.log(`| ${title} | ${operations} | ${cells.join(' | ')} |`);
}
for (const [, backend] of backends) await backend.close();

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}
