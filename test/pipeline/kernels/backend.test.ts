import { afterEach, describe, expect, test } from 'vitest';
import { storedFormula } from '../../../pipeline/indices/compute.ts';
import { INDICES, type IndexId } from '../../../pipeline/indices/table.ts';
import { type Backend, backendOn, fasterBackend, openBackend } from '../../../pipeline/kernels/backend.ts';
import { evaluate, runLoops } from '../../../pipeline/kernels/cpu.ts';
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
    limits: { bands: 7, bytes: 1 << 28, isWatched: true },
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
    expect(printKernel(lower(parseFormula('(N - R)/(N + R)'))).split('\n')).toEqual([
      'function (a0, a1) {',
      'const v0 = a0[this.thread.x];',
      'const v1 = a1[this.thread.x];',
      'const v2 = v0 - v1;',
      'const v3 = v0 + v1;',
      'const v4 = Math.abs(v3);',
      'const v6 = v4 >= (9.999999974752427e-7) ? 1.0 : 0.0;',
      'const v7 = v2 / v3;',
      'const v8 = v6 > 0.5 ? v7 : (-3.4028234663852886e+38);',
      'return v8;',
      '}',
    ]);
  });

  test('every statement is made of our own names, numbers and operations, whatever the formula says', () => {
    const WORDS =
      /^(?:\s|[vat]\d+|this\.thread\.x|const|return|function|Math\.(?:pow|sqrt|tanh|exp|log|abs|min|max)|\d+(?:\.\d+)?(?:e[+-]\d+)?|[-+*/=?:;,(){}[\]<>])*$/;
    for (const row of Object.values(INDICES))
      expect(printKernel(lower(parseFormula(row.formula)))).toMatch(WORDS);
    expect(printKernel(lower(parseFormula('min(exp(N), log(R)) + 1e-20*abs(N)**R')))).toMatch(WORDS);
    expect('const v0 = alert(1);').not.toMatch(WORDS);
  });

  test('a negative constant keeps its sign away from the operator before it', () => {
    expect(printKernel(lower(parseFormula('N - (1 - 3)')))).toContain('v0 - (-2)');
  });
});

describe('the WebAssembly back end', () => {
  test.each(Object.keys(INDICES) as IndexId[])(
    'computes %s with 0 values differing from the CPU, on awkward numbers too',
    async (id) => {
      const { backends, agreements } = await verifyBackends(
        [awkwardBands(10_000)],
        [storedFormula(id)],
        ['wasm', 'cpu'],
      );
      expect(backends.map(({ ran }) => ran)).toEqual(['wasm', 'cpu']);
      for (const agreement of agreements)
        expect(agreement).toMatchObject({
          isCompared: true,
          differingValues: 0,
          differingCounts: 0,
          isWithin: true,
        });
      expect(agreements[0]!.valid).toBeGreaterThan(500);
    },
  );

  test.each([
    'sqrt(N)',
    'N**2 - R',
    '0.5*(2*N + 1 - ((2*N + 1)**2 - 8*(N - R))**0.5)',
    '-N/(R - -0.5)',
    'abs(N)',
    'tanh(N)',
    'exp(-N)*log(R)',
    'N**1.5',
  ])('computes %s with 0 values differing', async (text) => {
    const { agreements } = await verifyBackends([awkwardBands(5000)], [storedAt(text, 0.0001)], ['wasm']);
    expect(agreements[0]).toMatchObject({ isCompared: true, differingValues: 0 });
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

  test('verification counts what really differs, and what is more than the row allows', async () => {
    const off = {
      ...working(),
      run: async (p: Program, i: readonly Float32Array[]) =>
        (await working().run(p, i)).map((x) => x + 2 ** -15),
    };
    const tiles = [
      { N: Float32Array.of(0.45, 0.3), R: Float32Array.of(0.035, 0.3) },
      { N: Float32Array.of(0, 0.3), R: Float32Array.of(0, 0.2) },
    ];
    const verify = (scale: number) =>
      verifyBackends(tiles, [storedAt(INDICES.NDVI.formula, scale)], ['webgpu'], () =>
        backendOn(async () => off),
      );
    // 0.8556701 + 0.0000305 is stored as 8557 either way, 0 + 0.0000305 as 0, and 0/0 as nothing.
    const fine = await verify(0.0001);
    expect(fine.backends[0]).toMatchObject({ ran: 'webgpu', device: 'planted', fallbackReason: null });
    expect(fine.agreements[0]).toMatchObject({
      isCompared: true,
      pixels: 4,
      valid: 3,
      differingValues: 3,
      differingCounts: 0,
      largestDifference: 0,
      isWithin: true,
    });
    // A GPU may be a count off where a value lies between two, and no more.
    expect((await verify(0.00004)).agreements[0]).toMatchObject({
      differingCounts: 3,
      largestDifference: 1,
      isWithin: true,
    });
    expect((await verify(0.00001)).agreements[0]).toMatchObject({ largestDifference: 3, isWithin: false });
  });

  test('a value on one side only is more than any row allows', async () => {
    // Takes the canaries for what they are and then loses a pixel.
    const blind = {
      ...working(),
      run: async (p: Program, i: readonly Float32Array[]) =>
        (await working().run(p, i)).map((x, at) => (at === 1 ? Number.NaN : x)),
    };
    const tile = { N: Float32Array.of(0.45, 0.3), R: Float32Array.of(0.035, 0.2) };
    const { agreements } = await verifyBackends(
      [tile],
      [storedAt(INDICES.NDVI.formula, 0.0001)],
      ['webgpu'],
      () => backendOn(async () => blind),
    );
    expect(agreements[0]).toMatchObject({ differingValidity: 1, largestDifference: 0, isWithin: false });
  });

  test('what another back end computed proves nothing, and verification says so', async () => {
    const lost = { ...working(), run: () => Promise.reject(new Error('lost')) };
    const { backends, agreements } = await verifyBackends(
      [BANDS],
      [storedAt(INDICES.NDVI.formula, 0.0001)],
      ['webgpu', 'cpu'],
      (name) => (name === 'cpu' ? openBackend('cpu') : backendOn(async () => lost)),
    );
    expect(backends[0]).toMatchObject({ wanted: 'webgpu', ran: 'cpu', fallbackReason: 'lost' });
    expect(agreements.map(({ isCompared }) => isCompared)).toEqual([false, true]);
  });
});

describe('the back end chosen by measurement', () => {
  const slow = parseFormula(Array.from({ length: 12 }, (_, i) => `exp(-${i + 1}*N)*log(R)`).join(' - '));

  /** Remembers what it once computed for a kernel of a length, as a device would that takes no time. */
  function instant(): Accelerator {
    const known = new Map<string, Float32Array>();
    return {
      ...working(),
      run: async (program, inputs) => {
        const key = `${program.steps.length} ${inputs[0]!.length} ${inputs[0]![0]} ${inputs[0]!.at(-4)}`;
        const found = known.get(key) ?? new Float32Array(inputs[0]!.length);
        if (!known.has(key)) runLoops(program, inputs, found);
        known.set(key, found);
        return found;
      },
    };
  }

  test('is the GPU for work that it does faster, and computes as the CPU does', async () => {
    opened = await fasterBackend(async () => instant(), [slow], 1 << 16);
    expect(opened.name).toBe('webgpu');
    expect(opened.fallbackReason).toBeNull();
    expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
  });

  test('is the CPU where the transfer alone takes longer, and the reason holds both times', async () => {
    let isClosed = false;
    const late: Accelerator = {
      ...instant(),
      run: async (program, inputs) => {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return instant().run(program, inputs);
      },
      close: async () => {
        isClosed = true;
      },
    };
    opened = await fasterBackend(async () => late, [NDVI], 1 << 16);
    expect(opened.name).toBe('cpu');
    expect(opened.fallbackReason).toMatch(/^planted took \d+\.\d ms where the CPU takes \d+\.\d ms$/);
    expect(isClosed).toBe(true);
  });

  test('is the CPU when the device breaks in the trial', async () => {
    opened = await fasterBackend(
      async () => ({ ...working(), run: () => Promise.reject(new Error('lost')) }),
      [NDVI],
    );
    expect(opened.name).toBe('cpu');
    expect(opened.fallbackReason).toBe('lost');
  });
});

describe('pieces', () => {
  const many = { N: new Float32Array(2_000_000).fill(0.45), R: new Float32Array(2_000_000).fill(0.035) };

  /** Records how much it is given, and takes as long as it is told. */
  function timed(
    ms: (pixels: number) => number,
    limits: Accelerator['limits'],
    sizes: number[],
  ): Accelerator {
    return {
      ...working(),
      limits,
      run: async (p, inputs) => {
        sizes.push(inputs[0]!.length);
        const until = performance.now() + ms(inputs[0]!.length);
        const out = await working().run(p, inputs);
        while (performance.now() < until);
        return out;
      },
    };
  }

  test('of a quick device grow to a block of 512 × 512, and never beyond half of what it takes', async () => {
    for (const [bytes, most] of [
      [1 << 28, 1 << 18],
      [1 << 20, (1 << 17) - 3],
    ] as const) {
      const sizes: number[] = [];
      opened = await backendOn(async () => timed(() => 0, { bands: 7, bytes, isWatched: true }, sizes));
      await opened.run(NDVI, many, many.N.length);
      expect(Math.max(...sizes)).toBe(most + 3);
      expect(opened.load!.largestBytes / opened.load!.limitBytes).toBeLessThanOrEqual(0.5);
      await opened.close();
    }
    opened = null;
  });

  test('of a slow device shrink until none takes long', async () => {
    const sizes: number[] = [];
    // 5 ms for a thousand pixels: the first piece of 32,768 takes 160 ms.
    opened = await backendOn(async () =>
      timed((pixels) => pixels / 200, { bands: 7, bytes: 1 << 28, isWatched: true }, sizes),
    );
    const few = { N: many.N.subarray(0, 200_000), R: many.R.subarray(0, 200_000) };
    await opened.run(NDVI, few, 200_000);
    expect(sizes.length).toBeGreaterThan(8);
    // By their size and not by the clock: a busy machine makes every piece take longer, and then they get smaller still.
    expect(Math.max(...sizes.slice(3))).toBeLessThan(17_000);
    expect(opened.load!.longestMs).toBeGreaterThan(0);
  });

  test('a formula of more bands than the device binds is computed by the CPU, without giving the device up', async () => {
    const sizes: number[] = [];
    opened = await backendOn(async () =>
      timed(() => 0, { bands: 1, bytes: 1 << 28, isWatched: true }, sizes),
    );
    expect([...(await opened.run(NDVI, BANDS, LENGTH))]).toEqual(expected());
    expect(sizes).toEqual([]);
    expect(opened.name).toBe('webgpu');
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
