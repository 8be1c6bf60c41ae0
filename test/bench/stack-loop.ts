/**
 * Smooths a stack of pixels (raw float32 planes) with our kernel and prints what the loop cost as JSON:
 * `node test/bench/stack-loop.ts VALUES WEIGHTS OUT DATES PIXELS LAMBDA [float64|float32]`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { axisOver } from '../../pipeline/series/axis.ts';
import { smoothStack } from '../../pipeline/series/stack.ts';

const [valuesFile, weightsFile, out, dateCount, pixelCount, lambda, precision] = process.argv.slice(2);
const [dates, pixels] = [Number(dateCount), Number(pixelCount)];
const planes = async (path: string) => {
  const { buffer, byteOffset } = await readFile(path);
  return Array.from(
    { length: dates },
    (_, i) => new Float32Array(buffer, byteOffset + 4 * i * pixels, pixels),
  );
};
const stack = {
  days: Array.from({ length: dates }, (_, i) => 10 * i),
  values: await planes(valuesFile!),
  weights: await planes(weightsFile!),
};
const options = {
  // As the peers do: no envelope, and every node has a value.
  parameters: { lambda: Number(lambda), envelope: 0.5 },
  maxGap: Number.POSITIVE_INFINITY,
  precision: precision === 'float32' ? 'float32' : 'float64',
} as const;
const [start, before] = [performance.now(), process.cpuUsage()];
const line = smoothStack('whittaker', stack, axisOver(0, 10 * (dates - 1), 10), options);
const { user, system } = process.cpuUsage(before);
const wall = (performance.now() - start) / 1000;
const bytes = new Uint8Array(4 * dates * pixels);
for (const [i, plane] of line.entries())
  bytes.set(new Uint8Array(plane.buffer, plane.byteOffset, plane.byteLength), 4 * i * pixels);
await writeFile(out!, bytes);
console.log(JSON.stringify({ wall, cpu: (user + system) / 1e6 }));
