import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Inspection } from '../../pipeline/ingest/geotiff.ts';
import { type Outcome, runBounded } from '../corpus/pool.ts';
import { temporaryFolder } from '../helpers/folders.ts';
import { realData } from '../helpers/real-data.ts';
import { heitu } from '../helpers/terminal.ts';
import { ownCogs } from './cogs.ts';
import { corpusFiles, fuzz } from './fuzz.ts';
import { type Hostile, writeHostile } from './hostile.ts';

const folder = await temporaryFolder();
const files = writeHostile(folder);
const outcomes = await runBounded<{ path: string }, Inspection>(
  new URL('../corpus/child.ts', import.meta.url),
  files.map(({ name }) => ({ path: join(folder, name) })),
  { children: 2 },
);
const byName = new Map<string, Outcome<Inspection>>(files.map(({ name }, i) => [name, outcomes[i]!]));

function inspected({ name }: Hostile): Inspection {
  const outcome = byName.get(name)!;
  if (outcome.kind !== 'answer') throw new Error(`${name}: ${outcome.kind}`);
  return outcome.answer;
}

describe('a hostile file', () => {
  it('never crashes the reader, takes ten seconds of it or a GiB', () => {
    expect(files.length).toBeGreaterThan(100);
    const bad = files.filter(({ name }) => byName.get(name)!.kind !== 'answer');
    expect(bad.map(({ name }) => `${name}: ${byName.get(name)!.kind}`)).toEqual([]);
  });

  it('of the resource layer is refused or read in less than 512 MiB', () => {
    const peaks = files
      .filter(({ layer }) => layer === 'resource')
      .map(({ name }) => byName.get(name)!)
      .map((outcome) => (outcome.kind === 'answer' ? outcome.peak : Infinity));
    expect(peaks.length).toBeGreaterThan(10);
    expect(Math.max(...peaks)).toBeLessThan(512);
  });

  it('that must be refused is, and says which file and why in one line', () => {
    for (const file of files.filter(({ duty }) => duty === 'refuse')) {
      const { ok, error } = inspected(file);
      expect(ok, file.name).toBe(false);
      expect(error?.code, file.name).toMatch(/^E_(NOT_TIFF|TIFF_(DAMAGED|UNSUPPORTED|TOO_LARGE))$/);
      expect(error?.message, file.name).toContain(file.name);
      expect(error?.message, file.name).not.toMatch(/\n|\bat .*:\d+/);
    }
  });

  it('without a place on earth that can be trusted has no transform, or no CRS that is known', () => {
    for (const file of files.filter(({ duty }) => duty === 'refuse to place')) {
      const { ok, transform, epsg } = inspected(file);
      expect(ok, file.name).toBe(true);
      expect(transform === null || epsg !== 4551, file.name).toBe(true);
    }
  });

  it('that is honest is read', () => {
    for (const file of files.filter(({ duty }) => duty === 'read')) {
      expect(inspected(file).error, file.name).toBeNull();
      expect(inspected(file).bands?.[0]?.max, file.name).toBeGreaterThan(200);
    }
  });

  it('brings nothing of another file or of the machine into its metadata', async () => {
    const ran = await heitu(['inspect', '--json', join(folder, 'metadata-with-a-file.tif')]);
    expect(ran.out).not.toContain('root:');
  });
});

describe('a batch of hostile and honest files', () => {
  it('goes on to its end: an output for every file taken, one line for every other, and nothing left over', async () => {
    const out = join(folder, 'out');
    mkdirSync(out);
    const ran = await heitu([
      ...['index', '--json', '--index', 'NDVI', '--bands', 'B=1,G=2,R=3,N=4', '--out', out],
      ...files.map(({ name }) => join(folder, name)),
    ]);
    const lines = ran.json();
    expect(lines).toHaveLength(files.length);
    const taken = lines.filter(({ ok }) => ok === true).map(({ file }) => String(file));
    const stems = taken.map((path) => path.split('/').at(-1)!).sort();
    expect(readdirSync(out).sort()).toEqual(stems);
    for (const { name, duty } of files) {
      const isTaken = existsSync(join(out, name.replace(/\.tif$/, '_NDVI.tif')));
      if (duty !== 'either') expect(isTaken, name).toBe(duty === 'read');
    }
    const notes = ran.err.split('\n').filter((line) => line.startsWith('E_'));
    expect(notes).toHaveLength(files.length - taken.length);
    // A name or a text from a file may not write a line of its own.
    expect(ran.err).not.toContain('\u001b]0;');
  }, 120_000);
});

describe('damage', () => {
  it('of 300 kinds, drawn from a seed, is read or refused by name', async () => {
    const own = await ownCogs(folder);
    const start = realData('13-geotiff-corpus') === null ? own : [...corpusFiles(), ...own];
    const { counts, failures } = await fuzz(start, { seed: 20_240_715, count: 300 });
    expect(failures).toEqual([]);
    expect(counts.read).toBeGreaterThan(20);
    expect(counts.refused).toBeGreaterThan(20);
  }, 120_000);
});
