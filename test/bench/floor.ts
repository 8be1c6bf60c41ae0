/**
 * The floor of `heitu index`: inflate all of the input's blocks and encode all of the output's blocks on all cores, nothing
 * else, with the output's codec and settings. Arguments: input, output. Prints {wall, cpu} of that work alone.
 */
import { availableParallelism } from 'node:os';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { constants, deflateSync, inflateSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { readStructure } from '../../pipeline/ingest/geotiff-directory.ts';
import { readLayout } from '../../pipeline/ingest/geotiff-layout.ts';
import { fileSource } from '../../pipeline/ingest/geotiff-source.ts';

interface Share {
  readonly input: string;
  readonly output: string;
  readonly part: number;
  readonly parts: number;
}

const DEFLATE = 8;
const ZSTD = 50_000;

async function work({ input, output, part, parts }: Share): Promise<void> {
  const outputs: { raw: Uint8Array; compression: number }[] = [];
  for await (const { bytes, compression } of blocksOf(output, part, parts)) {
    outputs.push({ raw: unpack(bytes, compression), compression });
  }
  // All threads start together, when all have prepared what they are to encode.
  const started = new Promise((resolve) => parentPort!.once('message', resolve));
  parentPort!.postMessage('ready');
  await started;
  for await (const { bytes, compression } of blocksOf(input, part, parts)) unpack(bytes, compression);
  for (const { raw, compression } of outputs) pack(raw, compression);
  parentPort!.postMessage('done');
}

async function* blocksOf(path: string, part: number, parts: number) {
  const source = await fileSource(path);
  const structure = await readStructure(source);
  for (const directory of structure.directories) {
    const { offsets, sizes, compression } = await readLayout(source, directory);
    for (let i = part; i < offsets.length; i += parts) {
      if (offsets[i] === 0 || sizes[i] === 0) continue;
      yield { bytes: await source.read(offsets[i]!, sizes[i]!), compression };
    }
  }
  await source.close();
}

function unpack(bytes: Uint8Array, compression: number): Uint8Array {
  if (compression === DEFLATE) return inflateSync(bytes, { chunkSize: 2 ** 22 });
  return compression === ZSTD ? zstdDecompressSync(bytes, { chunkSize: 2 ** 22 }) : bytes;
}

/** As pipeline/write/block.ts compresses blocks of differences. */
function pack(raw: Uint8Array, compression: number): Uint8Array {
  const chunkSize = raw.length + (raw.length >> 8) + 1024;
  if (compression === DEFLATE)
    return deflateSync(raw, { chunkSize, level: 6, memLevel: 9, strategy: constants.Z_RLE });
  return zstdCompressSync(raw, { chunkSize, params: { [constants.ZSTD_c_compressionLevel]: 1 } });
}

if (isMainThread) {
  const [input, output] = process.argv.slice(2);
  const parts = availableParallelism();
  const workers = Array.from(
    { length: parts },
    (_, part) => new Worker(new URL(import.meta.url), { workerData: { input, output, part, parts } }),
  );
  const next = () =>
    Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  await next();
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  const done = next();
  for (const worker of workers) worker.postMessage('start');
  await done;
  const used = process.cpuUsage(cpu);
  console.log(
    JSON.stringify({ wall: (performance.now() - wall) / 1000, cpu: (used.user + used.system) / 1e6 }),
  );
  await Promise.all(workers.map((worker) => worker.terminate()));
} else {
  await work(workerData as Share); // what the main thread above gives it
}
