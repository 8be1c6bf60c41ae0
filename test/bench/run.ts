/**
 * `npm run bench [-- --size 2048 --runs 3 --parcels 2000 --blobs 3000 --tiles 120 --only index,six,calibrated,ortho,zonal,polygons,tiles --fit
 * 1024,2048 --keep FOLDER]`: makes its inputs from a seed, runs ours and what is installed of the others in turn, checks that
 * the outputs agree, and prints medians. The full size of the issue: --size 8192 --parcels 20000 --blobs 50000 --tiles 600.
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { hold, type Row, tableOf } from './contest.ts';
import {
  calibrationContest,
  findPeers,
  floorSide,
  indexContest,
  makeScenes,
  polygonContest,
  type Sizes,
  tileContest,
  zonalContest,
} from './contests.ts';
import { orthoContest } from './ortho.ts';

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '2048' },
    runs: { type: 'string', default: '3' },
    parcels: { type: 'string', default: '2000' },
    blobs: { type: 'string', default: '3000' },
    tiles: { type: 'string', default: '120' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: 'index,six,calibrated,ortho,zonal,polygons,tiles' },
    fit: { type: 'string' },
    keep: { type: 'string' },
  },
});
const sizes: Sizes = {
  size: Number(values.size),
  parcels: Number(values.parcels),
  blobs: Number(values.blobs),
  tiles: Number(values.tiles),
  seed: Number(values.seed),
};
const runs = Number(values.runs);
const only = new Set(values.only.split(','));
const rows: Row[] = [];

function show(more: readonly Row[]): void {
  rows.push(...more);
  for (const row of more)
    console.log(
      [
        row.title,
        row.side,
        `${row.wall.toFixed(2)} s`,
        `${row.cpu.toFixed(2)} s CPU`,
        `${row.peak.toFixed(0)} MiB`,
      ]
        .concat([
          row.rate,
          row.wallRatio && `wall × ${row.wallRatio}`,
          row.cpuRatio && `CPU × ${row.cpuRatio}`,
        ])
        .concat(row.agreement)
        .filter((cell) => cell !== '')
        .join('  '),
    );
}

const folder = values.keep ?? (await mkdtemp(join(tmpdir(), 'heitu-bench-')));
await mkdir(folder, { recursive: true });
try {
  const peers = await findPeers();
  const machine = `${availableParallelism()} cores (${cpus()[0]?.model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}`;
  console.log(`${machine}; load ${loadavg()[0]!.toFixed(1)}`);
  console.log(`installed: ${Object.entries(peers).map(([name, is]) => `${name} ${is ? 'yes' : 'no'}`)}`);
  const { strips, blocks } = await makeScenes(folder, sizes, peers);
  const ndvi = { indices: ['NDVI'], size: sizes.size, peers } as const;
  const output = join(folder, 'ours', 'bench_NDVI.tif');
  if (only.has('index')) {
    for (const [scene, from] of [
      [strips, 'strips'],
      [blocks, 'deflate'],
    ] as const) {
      if (scene === null) continue;
      for (const codec of from === 'strips' ? (['zstd'] as const) : (['zstd', 'deflate'] as const)) {
        const contest = await indexContest(folder, scene, `NDVI, ${from} to ${codec}`, { ...ndvi, codec });
        const floor = floorSide(scene, output);
        show(
          await hold(
            {
              ...contest,
              theirs: [floor, ...contest.theirs],
              differences: (side) =>
                side === floor ? Promise.resolve('no output') : contest.differences(side),
            },
            runs,
          ),
        );
      }
    }
  }
  if (only.has('six')) {
    const six = ['NDVI', 'EVI2', 'GNDVI', 'SAVI', 'OSAVI', 'NDWI'] as const;
    show(
      await hold(
        await indexContest(folder, strips, 'six indices from DN', {
          indices: six,
          codec: 'zstd',
          size: sizes.size,
          peers,
        }),
        runs,
      ),
    );
  }
  if (only.has('calibrated')) show(await hold(await calibrationContest(folder, strips, sizes.size), runs));
  if (only.has('ortho')) show(await hold(await orthoContest(folder, strips, sizes.size, peers), runs));
  if (only.has('zonal') || only.has('tiles')) {
    // A COG of the scene's NDVI, whoever was run before.
    const cog = await indexContest(folder, strips, '', { ...ndvi, codec: 'deflate' });
    await hold({ ...cog, theirs: [] }, 1);
    if (only.has('zonal')) show(await hold(await zonalContest(folder, output, sizes, peers), runs));
    if (only.has('tiles')) show(await hold(await tileContest(folder, output, sizes, peers), runs));
  }
  if (only.has('polygons')) {
    show(await hold(await polygonContest(folder, sizes, peers), runs));
  }
  for (const size of values.fit?.split(',').map(Number) ?? []) {
    const scene = await makeScenes(folder, { ...sizes, size }, { ...peers, gdal: false });
    const contest = await indexContest(folder, scene.strips, `NDVI of ${size}²`, {
      ...ndvi,
      size,
      codec: 'zstd',
    });
    show(await hold({ ...contest, theirs: [] }, runs));
    await rm(scene.strips);
  }
  console.log(`\n${machine}; load ${loadavg()[0]!.toFixed(1)}\n\n${tableOf(rows)}`);
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}
