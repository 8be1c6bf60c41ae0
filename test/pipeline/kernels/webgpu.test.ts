import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INDICES } from '../../../pipeline/indices/table.ts';
import type { Load } from '../../../pipeline/kernels/backend.ts';
import type { Verification } from '../../../pipeline/kernels/verify.ts';

/** What the child process reports. */
interface Report {
  readonly verification: Verification;
  readonly shapes: readonly {
    readonly pixels: number;
    readonly formula: string;
    readonly isCompared: boolean;
    readonly differingCounts: number;
  }[];
  readonly chosen: { readonly name: string; readonly fallbackReason: string | null };
  readonly faults: readonly {
    readonly fault: string;
    readonly names: readonly string[];
    readonly wrong: number;
    readonly fallbackReason: string | null;
  }[];
  readonly load: Load;
}

/** Formulas in which every operation is exact, so that equality of stored counts is owed; the others have a tolerance. */
const isExact = (formula: string) => !formula.includes('exp');

let folder: string | null = null;
let report: Report | null = null;
let whyNot = '';

beforeAll(async () => {
  try {
    folder = await mkdtemp(join(tmpdir(), 'heitu-vulkan-'));
    await unpackDriver(folder);
  } catch (error) {
    // The packaged driver is for x64 Linux; where it cannot even be unpacked there is nothing to compare.
    whyNot = error instanceof Error ? error.message : String(error);
    console.log(`skipped: no software WebGPU here (${whyNot.slice(0, 300)})`);
    return;
  }
  report = await runChild(folder);
  const reason = report.verification.backends[0]!.fallbackReason ?? '';
  if (!/no adapter|is not installed/.test(reason)) return;
  whyNot = reason;
  console.log(`skipped: the packaged driver does not start here (${reason})`);
}, 120_000);

afterAll(async () => {
  if (folder !== null) await rm(folder, { recursive: true, force: true });
});

/** The SwiftShader Vulkan driver comes inside the packaged Chromium, as a tar under Brotli. */
async function unpackDriver(target: string): Promise<void> {
  // Its own entry is not exported by name, so the package is found through its main file.
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const root = main.slice(
    0,
    main.lastIndexOf(join('@sparticuz', 'chromium')) + join('@sparticuz', 'chromium').length,
  );
  const tar = brotliDecompressSync(await readFile(join(root, 'bin', 'swiftshader.tar.br')));
  const child = execFile('tar', ['-x', '-C', target]);
  const ended = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`tar ended with ${code}`))));
  });
  child.stdin!.end(tar);
  await ended;
}

async function runChild(driver: string): Promise<Report> {
  const script = join(dirname(new URL(import.meta.url).pathname), 'webgpu-child.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [script], {
    env: {
      ...process.env,
      VK_ICD_FILENAMES: join(driver, 'vk_swiftshader_icd.json'),
      LD_LIBRARY_PATH: driver,
      NODE_OPTIONS: '',
    },
    timeout: 100_000,
  });
  return JSON.parse(stdout.trim().split('\n').at(-1)!);
}

describe('WebGPU on a software driver', () => {
  test('equals the CPU: 0 stored counts of exact formulas differ, on awkward numbers too', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    const { backends, agreements } = report.verification;
    for (const row of agreements) {
      console.log(
        `${row.formula}: ${row.differingValues} of ${row.pixels} float32 values and ${row.differingCounts} stored counts differ (${backends[0]!.device})`,
      );
    }
    const exact = report.verification.agreements.filter((row) => isExact(row.formula));
    expect(exact).toHaveLength(Object.keys(INDICES).length + 4);
    for (const row of exact) {
      expect(row).toMatchObject({ isCompared: true, differingCounts: 0 });
      // A device may take results below 2⁻¹²⁶ for zero, which the awkward numbers make a few of; no count ever sees it.
      expect(row.differingValues, row.formula).toBeLessThanOrEqual(10);
    }
  });

  test('exp and log, which no row of the table uses, differ in few stored counts and little', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    const rows = report.verification.agreements.filter(({ formula }) => !isExact(formula));
    expect(rows).toHaveLength(1);
    for (const row of rows) {
      expect(row.isCompared).toBe(true);
      expect(row.largestDifference).toBeLessThanOrEqual(1);
      expect(row.differingCounts / row.pixels).toBeLessThan(0.01);
    }
  });

  test('tiles of 1 × 1 and 1 × N pixels equal the CPU', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    expect(report.shapes).toHaveLength(7 * Object.keys(INDICES).length);
    expect(report.shapes.filter((shape) => !shape.isCompared || shape.differingCounts !== 0)).toEqual([]);
  });

  test('is not chosen by itself, because a software driver is slower than the CPU evaluator', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    expect(report.chosen.name).toBe('cpu');
    expect(report.chosen.fallbackReason).toContain('software device');
  });

  test('five planted faults leave the same values from the CPU, and each says what happened', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    for (const { fault, names, wrong, fallbackReason } of report.faults)
      console.log(`${fault}: ran ${names.join(', ')}; ${wrong} wrong values; ${fallbackReason}`);
    expect(report.faults.map(({ wrong }) => wrong)).toEqual([0, 0, 0, 0, 0]);
    const [absent, ...others] = report.faults;
    expect(absent!.names).toEqual(['cpu', 'cpu', 'cpu']);
    for (const { fault, names } of others) expect(names, fault).toEqual(['webgpu', 'cpu', 'cpu']);
    const reasons = report.faults.map(({ fallbackReason }) => fallbackReason);
    expect(reasons[0]).toBe('no adapter');
    expect(reasons[1]).toContain('WGSL');
    expect(reasons[2]).toMatch(/\w{3}/);
    expect(reasons.slice(3)).toEqual(['the device was lost', 'the device was lost']);
    for (const reason of reasons) expect(reason).not.toContain('\n');
  });

  test('no array is half of what the device takes, and no piece of a heavy formula runs for 200 ms', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    const { pieces, longestMs, largestBytes, limitBytes } = report.load;
    console.log(
      `${pieces} pieces, longest ${longestMs.toFixed(0)} ms, largest array ${largestBytes} of ${limitBytes} bytes`,
    );
    expect(largestBytes / limitBytes).toBeLessThan(0.5);
    expect(pieces).toBeGreaterThan(6);
    // A software device waits for a core like everybody else: on a machine with other work that is no dispatch time.
    const crowd = Math.max(1, loadavg()[0]! / availableParallelism());
    expect(longestMs).toBeLessThan(200 * crowd);
  });
});
