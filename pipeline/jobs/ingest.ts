import { appendFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { asHeituError, HeituError } from '../core/error.ts';
import type { Scene } from '../core/scene.ts';
import { type Delivery, findDeliveries } from '../ingest/delivery.ts';
import type { Description } from '../ingest/describe.ts';
import { admit } from '../ingest/door.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import type { Store } from '../store/open.ts';
import { registerScene } from '../store/scene.ts';
import { latticeFor } from '../warp/lattice.ts';
import { keepLattice, type Workspace, writeWhole } from './workspace.ts';

/** What the door said about one delivery. */
export interface IngestRow {
  readonly file: string;
  readonly verdict: 'accepted' | 'duplicate' | 'quarantined';
  readonly scene: Scene | null;
  readonly error: HeituError | null;
}

export interface IngestOptions {
  readonly store: Store;
  readonly workspace: Workspace;
  /** Descriptions given as flags or by file, for imagery that nothing beside it describes. */
  readonly descriptions?: readonly Description[];
  readonly now: () => Date;
  readonly onRow?: (row: IngestRow) => void;
}

/** Takes every delivery under the paths through the door; a bad one is quarantined with its reason and the rest goes on. */
export async function ingestPaths(
  paths: readonly string[],
  options: IngestOptions,
): Promise<{ rows: IngestRow[]; workspace: Workspace }> {
  let { workspace } = options;
  const rows: IngestRow[] = [];
  const record = async (row: IngestRow) => {
    rows.push(row);
    await logRow(row, workspace, options.now());
    options.onRow?.(row);
  };
  for (const path of paths) {
    let found: Awaited<ReturnType<typeof findDeliveries>>;
    try {
      found = await findDeliveries(path, options.descriptions);
    } catch (error) {
      await record({
        file: path,
        verdict: 'quarantined',
        scene: null,
        error: asHeituError(error, 'E_FILE_MISSING', path),
      });
      continue;
    }
    for (const one of found) {
      if ('error' in one) {
        await record({ file: one.file, verdict: 'quarantined', scene: null, error: one.error });
        continue;
      }
      const row = await ingestOne(one.delivery, options.store);
      if (row.scene !== null && row.verdict === 'accepted' && workspace.lattice === null) {
        workspace = await keepLattice(
          workspace,
          latticeFor(row.scene.grid, SENSORS[row.scene.sensor as SensorId].analysisEpsg),
        );
      }
      await record(row);
    }
  }
  return { rows, workspace };
}

async function ingestOne(delivery: Delivery, store: Store): Promise<IngestRow> {
  const file = join(delivery.folder, delivery.image);
  try {
    const { scene, fingerprint } = await admit(delivery);
    const outcome = await registerScene(store, scene, fingerprint);
    return { file, verdict: outcome === 'registered' ? 'accepted' : 'duplicate', scene, error: null };
  } catch (error) {
    // The database being away is no fault of the delivery: that ends the run instead of filling the quarantine.
    if (error instanceof HeituError && error.family !== 'input') throw error;
    return { file, verdict: 'quarantined', scene: null, error: asHeituError(error, 'E_TIFF_DAMAGED', file) };
  }
}

/** One line a delivery in log/ingest.jsonl, and a file with the reason in quarantine/; the delivery itself stays where it is. */
async function logRow(row: IngestRow, workspace: Workspace, now: Date): Promise<void> {
  const line = {
    time: now.toISOString(),
    event: 'Scene:Ingest:Done',
    file: row.file,
    verdict: row.verdict,
    scene: row.scene?.id ?? null,
    error: row.error === null ? null : { code: row.error.code, message: row.error.message },
  };
  await appendFile(join(workspace.folder, 'log', 'ingest.jsonl'), `${JSON.stringify(line)}\n`);
  if (row.error !== null) {
    await writeWhole(
      join(workspace.folder, 'quarantine', `${basename(row.file)}.json`),
      `${JSON.stringify(line, null, 2)}\n`,
    );
  }
}
