import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../pipeline/core/random.ts';
import { INDICES } from '../../../pipeline/indices/table.ts';
import { temporaryFolder } from '../../helpers/folders.ts';
import { heitu } from '../../helpers/terminal.ts';
import { handMade, plainTags, type Tag } from '../ingest/tiff.ts';

const folder = await temporaryFolder();
const WIDTH = 120;
const HEIGHT = 90;

/** Ten bands of 12-bit numbers one after the other, with fill, saturation and black among them. */
async function aScene(name: string, bands: number): Promise<string> {
  const short = (tag: number, ...values: number[]): Tag => ({ tag, type: 3, values });
  const random = seeded(5);
  const blocks = Array.from({ length: bands }, () => {
    const samples = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) =>
      i < 8 ? [0, 1, 65_535, 4095][i % 4]! : Math.round(random() * 6000),
    );
    return new Uint8Array(samples.buffer);
  });
  const tags = plainTags(WIDTH, HEIGHT, [
    short(258, ...new Array<number>(bands).fill(16)),
    short(277, bands),
    short(339, ...new Array<number>(bands).fill(1)),
    short(284, 2),
  ]);
  const path = join(folder, name);
  await writeFile(path, handMade({ tags, blocks }));
  return path;
}

const ten = await aScene('ten.tif', 10);
const four = await aScene('four.tif', 4);
const TEN = 'B=1,G=2,R=3,RE1=4,RE2=5,RE3=6,N=7,N2=8,S1=9,S2=10';

describe('heitu verify', () => {
  it('finds no stored count that differs between loops, SIMD and WebAssembly, in any formula of the table', async () => {
    const ran = await heitu(['verify', ten, '--bands', TEN, '--backends', 'cpu,wasm', '--json']);
    expect(ran.code).toBe(0);
    const [report] = ran.json() as unknown as [
      {
        ok: boolean;
        agreements: Record<string, unknown>[];
        skipped: unknown[];
        backends: Record<string, unknown>[];
      },
    ];
    expect(report).toMatchObject({ ok: true, width: WIDTH, height: HEIGHT, skipped: [] });
    expect(report.backends.map(({ wanted, ran: name }) => [wanted, name])).toEqual([
      ['cpu', 'cpu'],
      ['wasm', 'wasm'],
    ]);
    expect(report.agreements).toHaveLength(2 * Object.keys(INDICES).length);
    for (const one of report.agreements)
      expect(one).toMatchObject({
        isCompared: true,
        pixels: WIDTH * HEIGHT,
        differingValues: 0,
        isWithin: true,
      });
    expect(report.agreements.every(({ valid }) => Number(valid) > 1000)).toBe(true);
  });

  it('names what the bands cannot make instead of passing over it', async () => {
    const ran = await heitu(['verify', four, '--bands', 'B=1,G=2,R=3,N=4', '--backends', 'wasm']);
    expect(ran.code).toBe(0);
    const lines = ran.out.split('\n');
    expect(lines[0]).toMatch(/^index +valid pixels +wasm$/);
    expect(lines).toContain('NDREI: not checked, there is no band RE1');
    expect(lines).toContain('AWEInsh: not checked, there is no band S1, S2');
    expect(lines.filter((line) => line.includes('not checked'))).toHaveLength(16);
    expect(lines.find((line) => line.startsWith('NDVI '))).toMatch(/^NDVI +\d+ +0$/);
  });

  it('says that a back end is not to be had, and why, or which device it ran on', async () => {
    const ran = await heitu([
      'verify',
      four,
      '--bands',
      'R=3,N=4',
      '--index',
      'NDVI',
      '--backends',
      'webgpu',
    ]);
    const line = ran.out.split('\n').find((one) => one.startsWith('webgpu:'))!;
    // What this machine has decides which; silence would be neither.
    expect(line).toMatch(
      /^webgpu: (NOT COMPARED, cpu ran instead \(.{5,}\)|.+; longest piece \d+ ms, largest array .+)$/,
    );
    const cell = ran.out.split('\n').find((one) => one.startsWith('NDVI '))!;
    expect(cell.trimEnd().endsWith('–')).toBe(line.includes('NOT COMPARED'));
  });

  it.each([
    [['verify'], 'E_USAGE', 2],
    [['verify', four, ten, '--bands', 'N=1'], 'E_USAGE', 2],
    [['verify', four], 'E_BAND_MISSING', 1],
    [['verify', four, '--bands', 'S1=1,S2=2', '--index', 'NDVI'], 'E_BAND_MISSING', 1],
    [['verify', four, '--bands', 'N=9,R=1'], 'E_BAND_MISSING', 1],
    [['verify', four, '--bands', 'N=1,R=2', '--backends', 'cuda'], 'E_PARAMETER_INVALID', 2],
    [['verify', four, '--bands', 'N=1,R=2', '--index', 'NDV'], 'E_INDEX_UNKNOWN', 2],
    [['verify', join(folder, 'none.tif'), '--bands', 'N=1,R=2'], 'E_FILE_MISSING', 1],
  ])('%j is refused with %s', async (argv, code, exit) => {
    const ran = await heitu(argv);
    expect(ran.err).toContain(`${code}: `);
    expect(ran.code).toBe(exit);
    expect(ran.out).toBe('');
  });
});
