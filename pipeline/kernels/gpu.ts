import { HeituError } from '../core/error.ts';
import type { Operation, Program, Step } from './program.ts';

/** Something that runs programs faster than, or elsewhere than, the CPU evaluator. */
export interface Accelerator {
  readonly name: 'webgpu' | 'wasm';
  /** What it runs on, for provenance: `NVIDIA H100 PCIe`, `SwiftShader driver 5.0.0`, `WebAssembly SIMD`. */
  readonly device: string;
  /** True for a software driver: right answers, but slower than the CPU evaluator. */
  readonly isSoftware: boolean;
  readonly limits: Limits;
  /** Runs a program over arrays of one length; rejects when anything but this accelerator would have computed it. */
  run(program: Program, inputs: readonly Float32Array[]): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What a device takes at once, as it says itself; infinite where nothing but memory limits it. */
export interface Limits {
  /** Arrays a kernel may read. */
  readonly bands: number;
  /** Bytes of one array. */
  readonly bytes: number;
  /** True when a long run would freeze the screen or be killed by a watchdog, so that it has to be cut short. */
  readonly isWatched: boolean;
}

/** The part of `navigator.gpu` that is needed here; a test hands in one that fails. */
export interface GpuEntry {
  requestAdapter(): Promise<GPUAdapter | null>;
}

/** What a kernel answers where a pixel has no value: shaders need not keep NaN apart from numbers. The largest float32, negative. */
const NO_VALUE = -3.4028234663852886e38;

/** The operations as gpu.js source. Arguments are names of our own making: no text of a formula gets here. */
const PRINT: Readonly<Record<Operation, (a: string, b: string, c: string) => string>> = {
  '+': (a, b) => `${a} + ${b}`,
  '-': (a, b) => `${a} - ${b}`,
  '*': (a, b) => `${a} * ${b}`,
  '/': (a, b) => `${a} / ${b}`,
  pow: (a, b) => `Math.pow(${a}, ${b})`,
  neg: (a) => `-${a}`,
  sqrt: (a) => `Math.sqrt(${a})`,
  exp: (a) => `Math.exp(${a})`,
  log: (a) => `Math.log(${a})`,
  abs: (a) => `Math.abs(${a})`,
  min: (a, b) => `Math.min(${a}, ${b})`,
  max: (a, b) => `Math.max(${a}, ${b})`,
  ge: (a, b) => `${a} >= ${b} ? 1.0 : 0.0`,
  and: (a, b) => `${a} * ${b}`,
  or: (a, b) => `Math.max(${a}, ${b})`,
  pick: (a, b, c) => `${a} > 0.5 ? ${b} : ${c}`,
  checked: (a, b) => `${a} > 0.5 ? ${b} : (${NO_VALUE})`,
};

/**
 * Prints a program as the source of a gpu.js kernel with one array argument a band and one statement an operation.
 * N − R is `function (a0, a1) { const v0 = a0[this.thread.x]; const v1 = …; const v2 = v0 - v1; return v2; }`.
 */
export function printKernel(program: Program): string {
  const { steps } = program;
  const nameOf = (at: number): string => {
    const step = steps[at]!;
    // Brackets keep the sign of a negative constant away from the operator before it.
    return step.kind === 'number' ? `(${step.value})` : `v${at}`;
  };
  const statements = steps.flatMap((step, at) =>
    step.kind === 'number' ? [] : [`const v${at} = ${printStep(step, nameOf)};`],
  );
  const args = program.bands.map((_, i) => `a${i}`).join(', ');
  return `function (${args}) {\n${statements.join('\n')}\nreturn ${nameOf(steps.length - 1)};\n}`;
}

function printStep(step: Exclude<Step, { kind: 'number' }>, nameOf: (at: number) => string): string {
  if (step.kind === 'band') return `a${step.band}[this.thread.x]`;
  const [a, b = a, c = a] = step.args;
  return PRINT[step.op](nameOf(a!), nameOf(b!), nameOf(c!));
}

/** The WebAssembly back end of gpu.js: SIMD, and threads from 4096 pixels on. */
export async function openWasm(): Promise<Accelerator> {
  const { GPU } = await import('gpu.js');
  const gpu = new GPU({ mode: 'webasm' });
  return accelerator(gpu, {
    name: 'wasm',
    device: 'WebAssembly SIMD',
    isSoftware: false,
    limits: { bands: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY, isWatched: false },
    kernelClass: 'WebAssemblyKernel',
  });
}

/**
 * WebGPU through gpu.js, on Dawn in Node. Throws E_KERNEL_FAILED when there is no driver, no adapter or no device:
 * everything is asked for here, so that a machine without one is known before the first pixel.
 */
export async function openWebGpu(entry?: GpuEntry): Promise<Accelerator> {
  const gpuEntry = entry ?? (await loadDawn());
  const adapter = await gpuEntry.requestAdapter();
  if (adapter === null) throw failed('no adapter');
  const name = adapter.info.description || adapter.info.device || adapter.info.vendor || 'unnamed adapter';
  const isSoftware =
    adapter.info.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe|software/i.test(`${name} ${adapter.info.architecture}`);
  const { GPU } = await import('gpu.js');
  // gpu.js looks for the adapter where a browser has it. The entry is kept with it: Dawn dies with its entry, and a
  // device that outlives it takes the process along.
  const value = { requestAdapter: async () => adapter, entry: gpuEntry };
  Object.defineProperty(globalThis.navigator, 'gpu', { value, configurable: true });
  const gpu = new GPU({ mode: 'webgpu' });
  const inner = accelerator(gpu, {
    name: 'webgpu',
    device: name,
    isSoftware,
    limits: limitsOf(adapter),
    kernelClass: 'WebGPUKernel',
  });
  const close = async () => {
    await inner.close();
    await (await gpuJsContext())?.destroy();
    // Dawn lives, and keeps Node from ending, as long as something refers to it.
    Reflect.deleteProperty(globalThis.navigator, 'gpu');
  };
  try {
    await inner.run(PROBE, [Float32Array.of(1)]);
  } catch (error) {
    await close();
    throw error;
  }
  let isLost = false;
  void (await gpuJsDevice())?.lost.then(() => {
    isLost = true;
  });
  const run: Accelerator['run'] = async (program, inputs) => {
    try {
      return await inner.run(program, inputs);
    } catch (error) {
      // Of a lost device gpu.js reports what came of trying to go on without it.
      throw isLost ? failed('the device was lost') : error;
    }
  };
  return { ...inner, run, close };
}

/** Storage buffers a WebGPU device binds at least; gpu.js asks for no more (WebGPU specification, section 3.6.2). */
const STORAGE_BUFFERS = 8;

/** gpu.js asks for the largest buffers there are; one of the bindings is the result. */
function limitsOf({ limits }: GPUAdapter): Limits {
  return {
    bands: STORAGE_BUFFERS - 1,
    bytes: Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize),
    isWatched: true,
  };
}

/** The smallest program there is: it makes the device be created now. */
const PROBE: Program = {
  bands: ['N'],
  steps: [
    { kind: 'band', band: 0 },
    { kind: 'op', op: '+', args: [0, 0] },
  ],
};

async function loadDawn(): Promise<GpuEntry> {
  if (process.platform === 'linux' && !isLoadable('libvulkan.so.1'))
    throw failed('libvulkan.so.1 is not installed');
  const { create, globals } = await import('webgpu');
  Object.assign(globalThis, globals);
  return create([]);
}

/** Dawn prints a warning of its own when the Vulkan loader is missing, so that is asked of the linker first. */
function isLoadable(library: string): boolean {
  try {
    process.dlopen({ exports: {} }, library);
    return true;
  } catch (error) {
    return !String(error).includes('cannot open shared object file');
  }
}

/** What gpu.js exports and its types leave out: the one device that all its kernels share. */
interface GpuJsContext {
  acquire(): Promise<{ readonly device: GPUDevice }>;
  destroy(): Promise<void>;
}

async function gpuJsContext(): Promise<GpuJsContext | undefined> {
  const module: Record<string, unknown> = await import('gpu.js');
  return module.WebGPUContext as GpuJsContext | undefined;
}

async function gpuJsDevice(): Promise<GPUDevice | undefined> {
  return (await (await gpuJsContext())?.acquire())?.device;
}

interface GpuJs {
  createKernel(source: string, settings: object): unknown;
  destroy(): Promise<void>;
}

/** What a gpu.js kernel offers and its types leave out. */
interface Kernel {
  (...inputs: readonly Float32Array[]): Float32Array | Promise<Float32Array>;
  setOutput(output: readonly number[]): unknown;
  readonly kernel: {
    readonly constructor: { readonly name: string };
    readonly fallbackReason?: string | null;
    readonly context?: { readonly isLost?: boolean };
  };
}

type Facts = Pick<Accelerator, 'name' | 'device' | 'isSoftware' | 'limits'> & {
  readonly kernelClass: string;
};

function accelerator(gpu: GpuJs, facts: Facts): Accelerator {
  const { kernelClass, ...rest } = facts;
  const kernels = new Map<string, Kernel>();
  const kernelFor = (source: string, count: number): Kernel => {
    const known = kernels.get(source);
    if (known !== undefined) return known;
    const settings = {
      output: [1],
      precision: 'single',
      asyncMode: true,
      dynamicOutput: true,
      dynamicArguments: true,
      argumentTypes: new Array<string>(count).fill('Array'),
    };
    // The published types know neither of async kernels nor of the class behind one.
    const kernel = gpu.createKernel(source, settings) as Kernel;
    kernels.set(source, kernel);
    return kernel;
  };
  return {
    ...rest,
    async run(program, inputs) {
      const kernel = kernelFor(printKernel(program), inputs.length);
      kernel.setOutput([inputs[0]!.length]);
      const out = await kernel(...inputs);
      // gpu.js goes over to its plain JavaScript back end on its own, with a warning only.
      const ran = kernel.kernel.constructor.name;
      if (ran !== kernelClass)
        throw failed(`${ran} ran instead (${kernel.kernel.fallbackReason ?? 'no reason given'})`);
      if (kernel.kernel.context?.isLost === true) throw failed('the device was lost');
      for (let i = 0; i < out.length; i++) if (out[i] === NO_VALUE) out[i] = Number.NaN;
      return out;
    },
    close: () => gpu.destroy(),
  };
}

function failed(what: string): HeituError {
  return new HeituError('E_KERNEL_FAILED', { where: 'webgpu', what });
}
