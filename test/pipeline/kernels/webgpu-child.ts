/**
 * Runs in a process of its own, because the Vulkan driver is chosen by environment variables when a process starts.
 * Prints one JSON object.
 */
import { create, globals } from 'webgpu';
import { formulaOf, storedFormula } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { backendOn, openBackend } from '../../../pipeline/kernels/backend.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import { openWebGpu } from '../../../pipeline/kernels/gpu.ts';
import { verifyBackends } from '../../../pipeline/kernels/verify.ts';
import { awkwardBands, storedAt } from './awkward.ts';

Object.assign(globalThis, globals);

const IDS = Object.keys(INDICES) as IndexId[];
const ROWS = IDS.map(storedFormula);
const OTHERS = [
  'sqrt(N)',
  'N**2 - R',
  '-N/(R - -0.5)',
  '0.5*(2*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
  'exp(-N)*log(R)',
].map((text) => storedAt(text, 0.0001));

const verification = await verifyBackends([awkwardBands(512 * 512)], [...ROWS, ...OTHERS], ['webgpu']);

const exact = ROWS.filter(({ tolerance }) => tolerance === 0);
const shapes: { pixels: number; formula: string; isCompared: boolean; differingCounts: number }[] = [];
for (const pixels of [1, 2, 63, 64, 65, 511, 4097]) {
  const { agreements } = await verifyBackends([awkwardBands(pixels)], exact, ['webgpu']);
  for (const { formula, isCompared, differingCounts } of agreements)
    shapes.push({ pixels, formula, isCompared, differingCounts });
}

const auto = await openBackend('auto');
const chosen = { name: auto.name, fallbackReason: auto.fallbackReason };
await auto.close();

/** What goes wrong with a device that worked when it was opened. */
const FAULTS: Readonly<Record<string, (device: GPUDevice) => void>> = {
  'no adapter': () => {},
  'shader rejected': (device) => {
    const create = device.createShaderModule.bind(device);
    device.createShaderModule = () => create({ code: 'fn main() { this is no WGSL }' });
  },
  'out of memory': (device) => {
    const create = device.createBuffer.bind(device);
    device.createBuffer = (wanted) => create({ ...wanted, size: device.limits.maxBufferSize + 4 });
  },
  'device lost between runs': (device) => device.destroy(),
  'device lost while running': (device) => {
    const submit = device.queue.submit.bind(device.queue);
    let runs = 0;
    device.queue.submit = (commands) => {
      submit(commands);
      if (++runs === 2) device.destroy();
    };
  },
};

const PIXELS = 300_000;
const NDVI = formulaOf('NDVI');
const bands = awkwardBands(PIXELS);
const cpu = await openBackend('cpu');
const truth = await cpu.run(NDVI, bands, PIXELS);
const faults: { fault: string; names: string[]; wrong: number; fallbackReason: string | null }[] = [];
for (const [fault, plant] of Object.entries(FAULTS)) {
  let device: GPUDevice | null = null;
  const dawn = create([]);
  const entry = {
    requestAdapter: async () => {
      const adapter = fault === 'no adapter' ? null : await dawn.requestAdapter();
      if (adapter === null) return null;
      const request = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (wanted) => {
        device = await request(wanted);
        return device;
      };
      return adapter;
    },
  };
  const backend = await backendOn(() => openWebGpu(entry));
  const names = [backend.name];
  if (device !== null) plant(device);
  let wrong = 0;
  for (let i = 0; i < 2; i++) {
    const out = await backend.run(NDVI, bands, PIXELS);
    for (let k = 0; k < PIXELS; k++) if (!Object.is(out[k], truth[k])) wrong += 1;
    names.push(backend.name);
  }
  faults.push({ fault, names, wrong, fallbackReason: backend.fallbackReason });
  await backend.close();
}

// A long formula over more pixels than fit into one piece.
const long = await backendOn(() => openWebGpu());
const many = awkwardBands(3_000_000);
const heavy = parseFormula(Array.from({ length: 40 }, (_, i) => `exp(-${i + 1}*N)*exp(-R)`).join(' - '));
for (const node of [NDVI, heavy, heavy]) await long.run(node, many, 3_000_000);
const load = long.load;
await long.close();

console.log(JSON.stringify({ verification, shapes, chosen, faults, load }));
