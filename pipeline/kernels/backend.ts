import { asHeituError } from '../core/error.ts';
import { type BandArrays, bandArrays, evaluate } from './cpu.ts';
import { bandsOf, type Node } from './formula.ts';
import { type Accelerator, openWasm, openWebGpu } from './gpu.ts';
import { lower, type Program } from './program.ts';

/** Where formulas can run. */
export const BACKENDS = ['webgpu', 'wasm', 'cpu'] as const;

export type BackendName = (typeof BACKENDS)[number];

/** Runs formulas over bands. What it says about itself is what really ran, now and after a fault. */
export interface Backend {
  readonly name: BackendName;
  /** The device in words, for provenance. */
  readonly device: string;
  /** Why another back end than the one asked for is running; null when it is the one. */
  readonly fallbackReason: string | null;
  /**
   * Computes a formula over bands of `length` pixels, into `out` when given. A fault of the device is no fault of the
   * pixels: the CPU computes them, and from then on everything. Throws E_BAND_MISSING or E_GRID_MISMATCH.
   */
  run(node: Node, bands: BandArrays, length: number, out?: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/**
 * Opens a back end. `auto` takes WebGPU when a real device answers and else the CPU, which for these memory-bound
 * formulas is faster than a software device or WebAssembly. One that cannot be opened is replaced by the CPU.
 */
export async function openBackend(wanted: 'auto' | BackendName): Promise<Backend> {
  switch (wanted) {
    case 'cpu':
      return cpuBackend(null);
    case 'wasm':
      return backendOn(openWasm);
    case 'webgpu':
      return backendOn(openWebGpu);
    case 'auto':
      return backendOn(openRealGpu);
  }
}

async function openRealGpu(): Promise<Accelerator> {
  const accelerator = await openWebGpu();
  if (!accelerator.isSoftware) return accelerator;
  await accelerator.close();
  throw new Error(`only a software device (${accelerator.device})`);
}

/** A back end on an accelerator with the CPU behind it; tests hand in accelerators that fail. */
export async function backendOn(
  open: () => Promise<Accelerator>,
  timeoutMs: number = RUN_TIMEOUT_MS,
): Promise<Backend> {
  let accelerator: Accelerator | null;
  let reason: string | null = null;
  try {
    accelerator = await open();
  } catch (error) {
    return cpuBackend(reasonOf(error));
  }
  const giveUp = async (error: unknown): Promise<void> => {
    const broken = accelerator;
    accelerator = null;
    reason = reasonOf(error);
    // A broken device may never answer a request to close either.
    await withTimeout(Promise.resolve(broken?.close()), CLOSE_TIMEOUT_MS).catch(() => {});
  };
  // One run at a time: gpu.js kernels carry the size of the current run.
  let queue: Promise<unknown> = Promise.resolve();
  return {
    get name() {
      return accelerator?.name ?? 'cpu';
    },
    get device() {
      return accelerator?.device ?? CPU_DEVICE;
    },
    get fallbackReason() {
      return reason;
    },
    run(node, bands, length, out = new Float32Array(length)) {
      const program = lower(node);
      const work = async () => {
        const inputs = bandArrays(program, bands, length);
        if (accelerator !== null && isWorthSending(program)) {
          try {
            await runInPieces(accelerator, node, inputs, out, timeoutMs);
            return out;
          } catch (error) {
            await giveUp(error);
          }
        }
        evaluate(node, bands, out);
        return out;
      };
      const result = queue.then(work);
      queue = result.catch(() => {});
      return result;
    },
    async close() {
      await queue;
      await accelerator?.close();
      accelerator = null;
    },
  };
}

const CPU_DEVICE = `${process.arch}, ${process.release.name} ${process.version}`;

function cpuBackend(fallbackReason: string | null): Backend {
  return {
    name: 'cpu',
    device: CPU_DEVICE,
    fallbackReason,
    async run(node, bands, length, out = new Float32Array(length)) {
      evaluate(node, bands, out);
      return out;
    },
    close: async () => {},
  };
}

/** Longest wait for one piece; a driver that hangs is left behind after it. */
const RUN_TIMEOUT_MS = 60_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Pixels sent at once: 4 MiB an array, far under half of the smallest limit WebGPU allows (128 MiB). */
const PIECE = 1 << 20;

/**
 * Pixels whose answer is known, sent along with every piece: an ordinary one, all zeros, and no number. A device that
 * drops work answers with zeros, and one that takes 0/0 for a number would publish it; both must show here.
 */
const CANARIES: readonly ((band: number) => number)[] = [
  (band) => 0.3 + 0.17 * band,
  () => 0,
  () => Number.NaN,
];

/** Largest difference to the CPU that is arithmetic and not a fault: a thousand float32 steps. */
const CANARY_TOLERANCE = 2 ** -14;

function isWorthSending(program: Program): boolean {
  return program.bands.length > 0 && program.steps.at(-1)!.kind === 'op';
}

async function runInPieces(
  accelerator: Accelerator,
  node: Node,
  inputs: readonly Float32Array[],
  out: Float32Array,
  timeoutMs: number,
): Promise<void> {
  const program = lower(node);
  const known = canaryAnswers(node);
  for (let start = 0; start < out.length; start += PIECE) {
    const n = Math.min(PIECE, out.length - start);
    const piece = inputs.map((input, band) => {
      const values = new Float32Array(n + CANARIES.length);
      values.set(input.subarray(start, start + n));
      CANARIES.forEach((canary, i) => {
        values[n + i] = canary(band);
      });
      return values;
    });
    const answer = await withTimeout(accelerator.run(program, piece), timeoutMs);
    if (answer.length !== n + CANARIES.length)
      throw new Error(`${answer.length} values came back, not ${n + CANARIES.length}`);
    known.forEach((value, i) => {
      if (!isSameAnswer(answer[n + i]!, value))
        throw new Error(`a known pixel came back as ${answer[n + i]}, not ${value}`);
    });
    out.set(answer.subarray(0, n), start);
  }
}

function canaryAnswers(node: Node): Float32Array {
  const bands = bandsOf(node).map(
    (name, band) => [name, Float32Array.from(CANARIES, (canary) => canary(band))] as const,
  );
  const answers = new Float32Array(CANARIES.length);
  evaluate(node, Object.fromEntries(bands), answers);
  return answers;
}

/** Infinity and "no number" count as one answer: either becomes UNDEFINED. */
function isSameAnswer(value: number, known: number): boolean {
  if (!Number.isFinite(known)) return !Number.isFinite(value);
  return Math.abs(value - known) <= CANARY_TOLERANCE * Math.max(1, Math.abs(known));
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: unknown): string {
  return asHeituError(error, 'E_KERNEL_FAILED').details.what ?? 'no reason given';
}
