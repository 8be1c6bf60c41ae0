import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { HeituError } from '../core/error.ts';
import type { Lattice } from '../warp/lattice.ts';
import { writeAtomically } from '../write/atomic.ts';

/** The folders of a workspace, made when missing. */
const FOLDERS = ['cogs', 'inbox', 'quarantine', 'exports', 'log'] as const;

const stateSchema = z.strictObject({
  lattice: z
    .strictObject({
      epsg: z.number().int(),
      originX: z.number(),
      originY: z.number(),
      pixelWidth: z.number(),
      pixelHeight: z.number(),
    })
    .nullable(),
});

/** A workspace folder and the one thing it remembers outside the database: its analysis grid. */
export interface Workspace {
  readonly folder: string;
  readonly lattice: Lattice | null;
}

/** Opens a workspace, making its folders; throws E_WRITE_FAILED where that is not possible. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of FOLDERS) await mkdir(join(folder, name), { recursive: true });
  } catch (cause) {
    throw new HeituError('E_WRITE_FAILED', {
      where: folder,
      what: cause instanceof Error ? cause.message : String(cause),
      cause,
    });
  }
  const text = await readFile(join(folder, 'workspace.json'), 'utf8').catch(() => null);
  if (text === null) return { folder, lattice: null };
  const parsed = stateSchema.safeParse(parseJson(text));
  if (!parsed.success)
    throw new HeituError('E_META_INVALID', {
      where: join(folder, 'workspace.json'),
      what: 'not a workspace description',
    });
  return { folder, lattice: parsed.data.lattice };
}

/** Fixes the analysis grid of a workspace; the first scene does this once. */
export async function keepLattice(workspace: Workspace, lattice: Lattice): Promise<Workspace> {
  await writeWhole(join(workspace.folder, 'workspace.json'), `${JSON.stringify({ lattice }, null, 2)}\n`);
  return { ...workspace, lattice };
}

/** Writes a text file whole or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  await writeAtomically(path, [Buffer.from(text)]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
