import { afterEach, describe, expect, test } from 'vitest';
import { formulaOf, storedCounts } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { type Backend, backendOn, openBackend } from '../../../pipeline/kernels/backend.ts';
import { evaluate } from '../../../pipeline/kernels/cpu.ts';
import { parseFormula } from '../../../pipeline/kernels/formula.ts';
import { type Accelerator, type GpuEntry, openWebGpu, printKernel } from '../../../pipeline/kernels/gpu.ts';
import { lower, type Program } from '../../../pipeline/kernels/program.ts';
import { verifyBackends } from '../../../pipeline/kernels/verify.ts';
import { awkwardBands, storedAt } from './awkward.ts';

const NDVI = parseFormula(INDICES.NDVI.formula);
const BANDS = awkwardBands(300);
const LENGTH = BANDS.N.length;

function expected(): number[] {
  const out = new Float32Array(LENGTH);
  evaluate(NDVI, BANDS, out);
  return [...out];
}

/** An accelerator that computes rightly, with parts to be replaced by faults. */
function working(): Accelerator {
  return {
    name: 'webgpu',
    device: 'planted',
    isSoftware: false,
    run: async (program: Program, inputs: readonly Float32Array[]) => {
      const out = new Float32Array(inputs[0]!.length);
      const bands = Object.fromEntries(program.bands.map((name, i) => [name, inputs[i]!]));
      evaluate(NDVI, bands, out);
      return out;
    },
    close: async () => {},
  };
}

let opened: Backend | null = null;
afterEach(async () => {
  await opened?.close();
  opened = null;
});

describe('printing a kernel', () => {
  test('NDVI becomes one statement an operation, and no text of the formula is in it', () => {
    expect(printKernel(lower(parseFormula('(N - R)/(N + R)')))).toBe(
      'function (a0, a1) {\nconst v0 = a0[this.thread.x];\nconst v1 = a1[this.thread.x];\nconst v2 = v0 - v1;\nconst v3 = v0 + v1;\nconst v4 = v2 / v3;\nreturn v4;\n}',
    );
  });

  test('a negative constant keeps its sign away from the operator before it', () => {
    expect(printKernel(lower(parseFormula('N - (1 - 3)')))).toContain('v0 - (-2)');
  });
});

describe('the WebAssembly back end', () => {
  test.each(Object.keys(INDICES) as IndexId[])(
    'computes %s with 0 values differing from the CPU, on awkward numbers too',
    async (id) => {
      const formula = { id, node: formulaOf(id), stored: (values: Float32Array) => storedCounts(id, values) };
      const [agreement] = await verifyBackends(awkwardBands(10_000), [formula], ['wasm']);
      expect(agreement).toMatchObject({
        ran: 'wasm',
        fallbackReason: null,
        differingValues: 0,
        differingCounts: 0,
      });
    },
  );

  test.each([
    'sqrt(N)',
    'N**2 - R',
    '0.5*(2*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
    '-N/(R - -0.5)',
    'abs(N)',
  ])('computes %s with 0 values differing', async (text) => {
    const [agreement] = await verifyBackends(awkwardBands(5000), [storedAt(text, 0.0001)], ['wasm']);
    expect(agreement).toMatchObject({ ran: 'wasm', differingValues: 0 });
  });

  test.each([1, 7, 4095, 4096, 5000])('rows of %i pixels follow one another on one kernel', async (n) => {
    opened = await openBackend('wasm');
    for (const length of [n, 3, n]) {
      const bands = {
        N: BANDS.N.slice(0, Math.min(length, LENGTH)),
        R: BANDS.R.slice(0, Math.min(length, LENGTH)),
      };
      const out = await opened.run(NDVI, bands, bands.N.length);
      expect([...out]).toEqual(expected().slice(0, bands.N.length));
    }
    expect(opened.name).toBe('wasm');
  });
});

describe('without a usable device', () => {
  const entries: [string, GpuEntry][] = [
    ['no adapter', { requestAdapter: async () => null }],
    ['adapter request failed', { requestAdapter: () => Promise.reject(new Error('adapter request failed')) }],
    ['no device for you', { requestAdapter: async () => adapterWithout(new Error('no device for you')) }],
  ];

  test.each(entries)('%s: the CPU runs, says so and gives the same values', async (reason, entry) => {
    opened = await backendOn(() => openWebGpu(entry));
    expect(opened.name).toBe('cpu');
    expect(opened.fallbackReason).toContain(reason);
    expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
    expect('gpu' in globalThis.navigator).toBe(false);
  });

  test('any back end asked for opens and gives the same values, whatever this machine has', async () => {
    for (const wanted of ['auto', 'webgpu', 'wasm', 'cpu'] as const) {
      const backend = await openBackend(wanted);
      try {
        const out = await backend.run(
          parseFormula('N - R'),
          { N: Float32Array.of(0.5, 0.25), R: Float32Array.of(0.25, 0.5) },
          2,
        );
        expect([...out]).toEqual([0.25, -0.25]);
        expect(backend.name === wanted || wanted === 'auto' || backend.fallbackReason !== null).toBe(true);
      } finally {
        await backend.close();
      }
    }
  });
});

describe('a device that fails while working', () => {
  const faults: [string, Partial<Accelerator>, string][] = [
    ['rejects', { run: () => Promise.reject(new Error('shader rejected')) }, 'shader rejected'],
    [
      'drops the work and answers zeros',
      { run: async (_, inputs) => new Float32Array(inputs[0]!.length) },
      'a known pixel came back as 0',
    ],
    [
      'takes 0/0 for a number',
      { run: async (p, i) => (await working().run(p, i)).map((x) => (Number.isNaN(x) ? 0 : x)) },
      'a known pixel',
    ],
    [
      'answers too few values',
      { run: async (p, i) => (await working().run(p, i)).subarray(1) },
      'values came back',
    ],
    [
      'never answers',
      { run: () => new Promise(() => {}), close: () => new Promise(() => {}) },
      'no answer within 50 ms',
    ],
  ];

  test.each(faults)(
    'one that %s: the CPU gives the same values, and provenance says so',
    async (_what, fault, reason) => {
      opened = await backendOn(async () => ({ ...working(), ...fault }), 50);
      expect(opened.name).toBe('webgpu');
      expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
      expect(opened.name).toBe('cpu');
      expect(opened.fallbackReason).toContain(reason);
      expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
    },
  );

  test('one that fails at the third call has given and gives the same values', async () => {
    let calls = 0;
    const good = working();
    opened = await backendOn(async () => ({
      ...good,
      run: (p, i) => (++calls < 3 ? good.run(p, i) : Promise.reject(new Error('lost'))),
    }));
    const names: string[] = [];
    for (let i = 0; i < 4; i++) {
      expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
      names.push(opened.name);
    }
    expect(names).toEqual(['webgpu', 'webgpu', 'cpu', 'cpu']);
  });

  test('a missing band is the caller’s fault and no reason to give the device up', async () => {
    opened = await backendOn(async () => working());
    await expect(opened.run(NDVI, { N: BANDS.N }, LENGTH)).rejects.toMatchObject({ code: 'E_BAND_MISSING' });
    expect(opened.name).toBe('webgpu');
  });
});

describe('any back end', () => {
  test('writes into the array it is given, and runs started together do not disturb each other', async () => {
    opened = await openBackend('wasm');
    const out = new Float32Array(LENGTH);
    const [first, second] = await Promise.all([
      opened.run(NDVI, BANDS, LENGTH, out),
      opened.run(NDVI, { N: BANDS.N.subarray(0, 5), R: BANDS.R.subarray(0, 5) }, 5),
    ]);
    expect(first).toBe(out);
    expect([...out]).toEqual(expected());
    expect([...second]).toEqual(expected().slice(0, 5));
  });

  test('verification counts what really differs', async () => {
    const off = {
      ...working(),
      run: async (p: Program, i: readonly Float32Array[]) =>
        (await working().run(p, i)).map((x) => x + 2 ** -15),
    };
    const bands = { N: Float32Array.of(0.45, 0.3), R: Float32Array.of(0.035, 0.3) };
    const [row] = await verifyBackends(bands, [storedAt(INDICES.NDVI.formula, 0.0001)], ['webgpu'], () =>
      backendOn(async () => off),
    );
    // 0.8556701 + 0.0000305 is stored as 8557 either way, 0 + 0.0000305 as 0.
    expect(row).toMatchObject({
      ran: 'webgpu',
      pixels: 2,
      differingValues: 2,
      differingCounts: 0,
      largestDifference: 0,
    });
    const [other] = await verifyBackends(bands, [storedAt(INDICES.NDVI.formula, 0.00004)], ['webgpu'], () =>
      backendOn(async () => off),
    );
    expect(other).toMatchObject({ differingValues: 2, differingCounts: 2, largestDifference: 1 });
  });
});

function adapterWithout(error: Error): GPUAdapter {
  const adapter = {
    info: { description: 'planted', isFallbackAdapter: false },
    limits: {},
    requestDevice: () => Promise.reject(error),
  };
  // Only what is asked of an adapter before its device.
  return adapter as unknown as GPUAdapter;
}
