/**
 * Runs in a process of its own, because the Vulkan driver is chosen by environment variables when a process starts.
 * Prints one JSON object.
 */
import { formulaOf, storedCounts } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { backendOn, openBackend } from '../../../pipeline/kernels/backend.ts';
import { openWebGpu } from '../../../pipeline/kernels/gpu.ts';
import { type StoredFormula, verifyBackends } from '../../../pipeline/kernels/verify.ts';
import { awkwardBands, storedAt } from './awkward.ts';

const ROWS: StoredFormula[] = (Object.keys(INDICES) as IndexId[]).map((id) => ({
  id,
  node: formulaOf(id),
  stored: (values) => storedCounts(id, values),
}));
const OTHERS = [
  'sqrt(N)',
  'N**2 - R',
  '-N/(R - -0.5)',
  '0.5*(2*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
  'tanh(((N - R)/(N + R))**2)',
].map((text) => storedAt(text, 0.0001));

const agreements = await verifyBackends(awkwardBands(512 * 512), [...ROWS, ...OTHERS], ['webgpu']);

const shapes: { pixels: number; ran: string; differingValues: number }[] = [];
for (const pixels of [1, 2, 63, 64, 65, 511, 4097]) {
  for (const { ran, differingValues } of await verifyBackends(awkwardBands(pixels), ROWS, ['webgpu']))
    shapes.push({ pixels, ran, differingValues });
}

const auto = await openBackend('auto');
const chosen = { name: auto.name, fallbackReason: auto.fallbackReason };
await auto.close();

const bands = awkwardBands(5000);
const cpu = await openBackend('cpu');
const truth = await cpu.run(ROWS[0]!.node, bands, 5000);
const lost = await backendOn(() => openWebGpu());
const names: string[] = [];
let wrong = 0;
for (let i = 0; i < 3; i++) {
  // The device is taken away between two runs, as a driver update or a reset does.
  if (i === 1) await loseDevice();
  const out = await lost.run(ROWS[0]!.node, bands, 5000);
  for (let k = 0; k < out.length; k++) if (!Object.is(out[k], truth[k])) wrong += 1;
  names.push(lost.name);
}
const loss = { names, wrong, fallbackReason: lost.fallbackReason };
await lost.close();

console.log(JSON.stringify({ agreements, shapes, chosen, loss }));

async function loseDevice(): Promise<void> {
  const gpuJs: Record<string, unknown> = await import('gpu.js');
  // Exported by gpu.js but not in its types.
  const context = gpuJs.WebGPUContext as { acquire(): Promise<{ device: GPUDevice }> };
  const { device } = await context.acquire();
  device.destroy();
  await device.lost;
}
