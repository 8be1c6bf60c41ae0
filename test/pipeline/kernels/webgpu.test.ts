import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { INDICES } from '../../../pipeline/indices/table.ts';
import type { Agreement } from '../../../pipeline/kernels/verify.ts';

/** What the child process reports. */
interface Report {
  readonly agreements: readonly Agreement[];
  readonly shapes: readonly {
    readonly pixels: number;
    readonly ran: string;
    readonly differingValues: number;
  }[];
  readonly chosen: { readonly name: string; readonly fallbackReason: string | null };
  readonly loss: {
    readonly names: readonly string[];
    readonly wrong: number;
    readonly fallbackReason: string | null;
  };
}

/** Formulas in which every operation is exact, so that equality of stored counts is owed; the others have a tolerance. */
const isExact = (formula: string) => !formula.includes('tanh');

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
  const reason = report.agreements[0]!.fallbackReason ?? '';
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
  test('equals the CPU: 0 float32 values of the published indices and 0 stored counts of exact formulas differ', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    for (const row of report.agreements) {
      console.log(
        `${row.formula}: ${row.differingValues} of ${row.pixels} float32 values and ${row.differingCounts} stored counts differ (${row.device})`,
      );
    }
    const exact = report.agreements.filter((row) => isExact(row.formula));
    expect(exact).toHaveLength(Object.keys(INDICES).length + 4);
    for (const row of exact) {
      // A device may take results below 2⁻¹²⁶ for zero; in the published rows none comes up, and no count ever sees it.
      const differingValues = Object.hasOwn(INDICES, row.formula) ? 0 : row.differingValues;
      expect(row).toMatchObject({ ran: 'webgpu', fallbackReason: null, differingValues, differingCounts: 0 });
      expect(row.differingValues).toBeLessThanOrEqual(10);
    }
  });

  test('tanh differs by at most one stored count', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    const [row] = report.agreements.filter(({ formula }) => !isExact(formula));
    expect(row!.ran).toBe('webgpu');
    expect(row!.largestDifference).toBeLessThanOrEqual(1);
  });

  test('tiles of 1 × 1 and 1 × N pixels equal the CPU', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    expect(report.shapes.filter((shape) => shape.ran !== 'webgpu' || shape.differingValues !== 0)).toEqual(
      [],
    );
  });

  test('is not chosen by itself, because a software driver is slower than the CPU evaluator', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    expect(report.chosen.name).toBe('cpu');
    expect(report.chosen.fallbackReason).toContain('software device');
  });

  test('a device lost between two runs leaves the same values, from the CPU', (context) => {
    if (report === null || whyNot !== '') return context.skip(whyNot);
    expect(report.loss).toMatchObject({ names: ['webgpu', 'cpu', 'cpu'], wrong: 0 });
    expect(report.loss.fallbackReason).toMatch(/lost/);
  });
});
