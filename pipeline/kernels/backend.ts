import { asHeituError } from '../core/error.ts';
import { type BandArrays, bandArrays, evaluate } from './cpu.ts';
import { bandsOf, type Node, parseFormula } from './formula.ts';
import { type Accelerator, type Limits, openWasm, openWebGpu } from './gpu.ts';
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
  /** The heaviest work given to the device so far; null where the CPU alone works. */
  readonly load: Load | null;
  /**
   * Computes a formula over bands of `length` pixels, into `out` when given. A fault of the device is no fault of the
   * pixels: the CPU computes them, and from then on everything. Throws E_BAND_MISSING or E_GRID_MISMATCH.
   */
  run(node: Node, bands: BandArrays, length: number, out?: Float32Array): Promise<Float32Array>;
  close(): Promise<void>;
}

/** What a device was given at once, and for how long (SAFETY K1, K4). */
export interface Load {
  readonly pieces: number;
  /** Longest wait for one piece in ms, transfer both ways included, after the first of each formula (which compiles it). */
  readonly longestMs: number;
  /** Bytes of the largest array, and of the largest that the device would take. */
  readonly largestBytes: number;
  readonly limitBytes: number;
}

/**
 * Opens a back end; one that cannot be opened is replaced by the CPU. `auto` measures: a real GPU is taken when it
 * computes `formulas` (NDVI when none are named) faster than the CPU does, transfer both ways included. A software
 * device and WebAssembly never were (docs/performance.md), so they are only run when they are asked for.
 */
export async function openBackend(
  wanted: 'auto' | BackendName,
  formulas: readonly Node[] = [CHEAP],
): Promise<Backend> {
  switch (wanted) {
    case 'cpu':
      return cpuBackend(null);
    case 'wasm':
      return backendOn(openWasm);
    case 'webgpu':
      return backendOn(openWebGpu);
    case 'auto':
      return fasterBackend(openRealGpu, formulas);
  }
}

async function openRealGpu(): Promise<Accelerator> {
  const accelerator = await openWebGpu();
  if (!accelerator.isSoftware) return accelerator;
  await accelerator.close();
  throw new Error(`only a software device (${accelerator.device})`);
}

/** A formula whose time is all transfer. */
const CHEAP = parseFormula('(N - R)/(N + R)');

/** Pixels of a trial: four blocks of 512 × 512. */
const TRIAL_PIXELS = 1 << 20;
const TRIALS = 3;

/** The accelerator where it is faster than the CPU on these formulas, else the CPU; tests hand in accelerators. */
export async function fasterBackend(
  open: () => Promise<Accelerator>,
  formulas: readonly Node[],
  pixels: number = TRIAL_PIXELS,
): Promise<Backend> {
  const backend = await backendOn(open);
  if (backend.name === 'cpu') return backend;
  const cpu = cpuBackend(null);
  const [theirs, ours] = [await trialMs(backend, formulas, pixels), await trialMs(cpu, formulas, pixels)];
  const { device, fallbackReason } = backend;
  if (fallbackReason === null && theirs < ours) return backend;
  await backend.close();
  const reason = `${device} took ${theirs.toFixed(1)} ms where the CPU takes ${ours.toFixed(1)} ms`;
  return cpuBackend(fallbackReason ?? reason);
}

/** Shortest of a few runs of all formulas over made-up reflectance, after one that compiles them and finds the pieces. */
async function trialMs(backend: Backend, formulas: readonly Node[], pixels: number): Promise<number> {
  const names = [...new Set(formulas.flatMap(bandsOf))];
  const bands = Object.fromEntries(
    names.map((name, i) => [
      name,
      Float32Array.from({ length: pixels }, (_, at) => 0.05 + 0.06 * i + 1e-7 * at),
    ]),
  );
  const out = new Float32Array(pixels);
  const times: number[] = [];
  for (let trial = 0; trial <= TRIALS; trial++) {
    const started = performance.now();
    for (const node of formulas) await backend.run(node, bands, pixels, out);
    times.push(performance.now() - started);
  }
  return Math.min(...times.slice(1));
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
  const load = { pieces: 0, longestMs: 0, largestBytes: 0, limitBytes: accelerator.limits.bytes };
  const sizes = new WeakMap<Node, PieceSize>();
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
    get load() {
      return { ...load };
    },
    run(node, bands, length, out = new Float32Array(length)) {
      const program = lower(node);
      const work = async () => {
        const inputs = bandArrays(program, bands, length);
        if (accelerator !== null && isWorthSending(program, accelerator.limits)) {
          try {
            const size = sizes.get(node) ?? firstPiece(accelerator.limits);
            sizes.set(node, size);
            await runInPieces({ accelerator, node, inputs, out, timeoutMs, size, load });
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
    load: null,
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

/** Most pixels sent at once, 4 MiB an array, and to a watched device: a block of 512 × 512, and as little as is worth a trip. */
const MOST_PIXELS = 1 << 20;
const MOST_WATCHED = 1 << 18;
const FEWEST_PIXELS = 1 << 12;

/** A watched device gets pieces of between these, so that none comes near the 200 ms after which a desktop stutters. */
const SHORT_MS = 15;
const LONG_MS = 50;

/** Pixels in the next piece of a formula, and whether its kernel is compiled. */
interface PieceSize {
  pixels: number;
  isCompiled: boolean;
}

/** An unknown device begins with little; no array is larger than half of what it takes. */
function firstPiece(limits: Limits): PieceSize {
  const most = mostPixels(limits);
  return { pixels: limits.isWatched ? Math.min(most, 1 << 15) : most, isCompiled: false };
}

function mostPixels({ bytes, isWatched }: Limits): number {
  return Math.min(
    isWatched ? MOST_WATCHED : MOST_PIXELS,
    Math.floor(bytes / 2 / Float32Array.BYTES_PER_ELEMENT) - CANARIES.length,
  );
}

/** Doubles the piece after a short run and halves it after a long one. The first run compiles, and says nothing. */
function learn(size: PieceSize, ms: number, limits: Limits): void {
  if (size.isCompiled && limits.isWatched) {
    if (ms > LONG_MS) size.pixels = Math.max(FEWEST_PIXELS, size.pixels >> 1);
    else if (ms < SHORT_MS) size.pixels = Math.min(mostPixels(limits), size.pixels << 1);
  }
  size.isCompiled = true;
}

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

function isWorthSending(program: Program, limits: Limits): boolean {
  return (
    program.bands.length > 0 &&
    program.bands.length <= limits.bands &&
    mostPixels(limits) > 0 &&
    program.steps.at(-1)!.kind === 'op'
  );
}

interface Work {
  readonly accelerator: Accelerator;
  readonly node: Node;
  readonly inputs: readonly Float32Array[];
  readonly out: Float32Array;
  readonly timeoutMs: number;
  readonly size: PieceSize;
  readonly load: { -readonly [K in keyof Load]: Load[K] };
}

async function runInPieces({ accelerator, node, inputs, out, timeoutMs, size, load }: Work): Promise<void> {
  const program = lower(node);
  const known = canaryAnswers(node);
  for (let start = 0; start < out.length; ) {
    const n = Math.min(size.pixels, out.length - start);
    const piece = inputs.map((input, band) => {
      const values = new Float32Array(n + CANARIES.length);
      values.set(input.subarray(start, start + n));
      CANARIES.forEach((canary, i) => {
        values[n + i] = canary(band);
      });
      return values;
    });
    const started = performance.now();
    const answer = await withTimeout(accelerator.run(program, piece), timeoutMs);
    const ms = performance.now() - started;
    if (answer.length !== n + CANARIES.length)
      throw new Error(`${answer.length} values came back, not ${n + CANARIES.length}`);
    known.forEach((value, i) => {
      if (!isSameAnswer(answer[n + i]!, value))
        throw new Error(`a known pixel came back as ${answer[n + i]}, not ${value}`);
    });
    out.set(answer.subarray(0, n), start);
    start += n;
    load.pieces += 1;
    load.largestBytes = Math.max(load.largestBytes, answer.byteLength);
    if (size.isCompiled) load.longestMs = Math.max(load.longestMs, ms);
    learn(size, ms, accelerator.limits);
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

/** One line: a driver may answer with the whole shader, or with an error that has no text at all. */
function reasonOf(error: unknown): string {
  const text = asHeituError(error, 'E_KERNEL_FAILED').details.what ?? '';
  const [first = ''] = text.trim().split('\n');
  return first.slice(0, 200) || 'the device gave no reason';
}
