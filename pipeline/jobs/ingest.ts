import { appendFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { asHeituError, type HeituError } from '../core/error.ts';
import type { Scene, SceneFile } from '../core/scene.ts';
import { sweepPartials, unpackArchive, unpackedFolder } from '../ingest/archive.ts';
import { type Delivery, type Found, findDeliveries } from '../ingest/delivery.ts';
import type { Description } from '../ingest/describe.ts';
import { examine } from '../ingest/door.ts';
import { errorOf, type Finding, findingOf, remark } from '../ingest/finding.ts';
import type { DeliveryKindId } from '../ingest/kinds.ts';
import { settle } from '../ingest/settle.ts';
import { SENSORS, type SensorId } from '../sensors/table.ts';
import { recordDelivery, type Verdict } from '../store/delivery.ts';
import type { Store } from '../store/open.ts';
import { registerScene, sceneById } from '../store/scene.ts';
import { latticeFor } from '../warp/lattice.ts';
import { keepLattice, type Workspace, writeWhole } from './workspace.ts';

/** What the door said about one delivery. */
export interface IngestRow {
  readonly file: string;
  /** Null when no kind recognised it. */
  readonly kind: DeliveryKindId | null;
  readonly verdict: Verdict;
  readonly scene: Scene | null;
  /** The first finding that kept it out; null when none did. */
  readonly error: HeituError | null;
  readonly findings: readonly Finding[];
  readonly files: readonly SceneFile[];
}

export interface IngestOptions {
  readonly store: Store;
  readonly workspace: Workspace;
  /** Descriptions given as flags or by file, for imagery that nothing beside it describes. */
  readonly descriptions?: readonly Description[];
  /** How long files must not have changed before they are read, ms; left out, they are taken as they are. */
  readonly stillMs?: number;
  readonly now: () => Date;
  readonly onRow?: (row: IngestRow) => void;
}

/** Half an hour: a scene of 4 GB over a slow line. */
const LONGEST_WAIT_MS = 30 * 60_000;

/** Takes every delivery under the paths through the door; a bad one is quarantined with its reason and the rest goes on. */
export async function ingestPaths(
  paths: readonly string[],
  options: IngestOptions,
): Promise<{ rows: IngestRow[]; workspace: Workspace }> {
  let { workspace } = options;
  const rows: IngestRow[] = [];
  const record = async (row: IngestRow) => {
    rows.push(row);
    await keepRow(row, options, workspace);
    options.onRow?.(row);
  };
  const take = async (delivery: Delivery) => {
    const row = await ingestOne(delivery, options);
    if (row.scene !== null && row.verdict === 'accepted' && workspace.lattice === null) {
      workspace = await keepLattice(
        workspace,
        latticeFor(row.scene.grid, SENSORS[row.scene.sensor as SensorId].analysisEpsg),
      );
    }
    await record(row);
  };
  await sweepPartials(unpackedRoot(workspace), options.now());
  for (const path of paths) {
    const found = await findAll(path, options);
    for (const one of found) {
      if ('error' in one) await record(refused(one.file, one.error));
      else if ('delivery' in one) await take(one.delivery);
      else {
        for (const inside of await unpack(one.archive, options)) {
          if ('error' in inside) await record(refused(inside.file, inside.error));
          else if ('delivery' in inside) await take(inside.delivery);
        }
      }
    }
  }
  return { rows, workspace };
}

/** What is under a path, or why nothing is. */
async function findAll(path: string, options: IngestOptions): Promise<Found[]> {
  try {
    return await findDeliveries(path, options.descriptions);
  } catch (error) {
    return [{ error: asHeituError(error, 'E_FILE_MISSING', path), file: path }];
  }
}

function unpackedRoot({ folder }: Workspace): string {
  return join(folder, 'inbox', 'unpacked');
}

/** The deliveries inside an archive, unpacked into the workspace by its checksum; the archive itself stays where it is. */
async function unpack(archive: string, options: IngestOptions): Promise<Found[]> {
  try {
    const name = basename(archive);
    await settle({ folder: dirname(archive), image: name, files: [name] }, patience(options));
    const folder = await unpackedFolder(archive, unpackedRoot(options.workspace));
    await unpackArchive(archive, folder);
    return await findDeliveries(folder, options.descriptions);
  } catch (thrown) {
    const error = asHeituError(thrown, 'E_ARCHIVE_DAMAGED', archive);
    // A full disk is no fault of the archive: that ends the run instead of filling the quarantine.
    if (error.family !== 'input') throw error;
    return [{ error, file: archive }];
  }
}

function patience({ stillMs = 0, now }: IngestOptions) {
  return { stillMs, mostMs: LONGEST_WAIT_MS, now };
}

function refused(file: string, error: HeituError): IngestRow {
  const name = basename(file);
  const findings = [findingOf(error, { folder: dirname(file), image: name, files: [name] })];
  return { file, kind: null, verdict: 'quarantined', scene: null, error, findings, files: [] };
}

async function ingestOne(delivery: Delivery, options: IngestOptions): Promise<IngestRow> {
  const { store } = options;
  const { folder, image, kind } = delivery;
  const file = join(folder, image);
  const common = { file, kind };
  try {
    await settle(delivery, patience(options));
    const { scene, fingerprint, findings, files } = await examine(delivery);
    const wrong = findings.find((one) => one.severity === 'error');
    if (wrong !== undefined)
      return {
        ...common,
        verdict: 'quarantined',
        scene: null,
        error: placed(wrong, folder),
        findings,
        files,
      };
    if (scene === null || fingerprint === null)
      return { ...common, verdict: 'accepted', scene: null, error: null, findings, files };
    const known = await sceneById(store, scene.id);
    const outcome = await registerScene(store, scene, fingerprint);
    const run = known?.scene.run ?? '';
    const said = {
      registered: [],
      unchanged: [],
      superseding: [remark('E_RUN_LATER', 'note', { file: image, what: `run ${run}` })],
      older: [remark('E_RUN_OLDER', 'note', { file: image, what: `${scene.run}; run ${run} is here` })],
    }[outcome];
    const isTaken = outcome === 'registered' || outcome === 'superseding';
    const verdict = isTaken ? 'accepted' : 'duplicate';
    return { ...common, verdict, scene, error: null, findings: [...findings, ...said], files };
  } catch (thrown) {
    const error = asHeituError(thrown, 'E_TIFF_DAMAGED', file);
    // The database being away is no fault of the delivery: that ends the run instead of filling the quarantine.
    if (error.family !== 'input') throw error;
    return {
      ...common,
      verdict: 'quarantined',
      scene: null,
      error,
      findings: [findingOf(error, delivery)],
      files: [],
    };
  }
}

/** The finding as an error for this machine's terminal: with the whole path. */
function placed(finding: Finding, folder: string): HeituError {
  return errorOf({ ...finding, file: join(folder, finding.file) });
}

/**
 * A row in the database, a line in log/ingest.jsonl, and a file with the reason in quarantine/; the delivery itself stays
 * where it is.
 */
async function keepRow(row: IngestRow, { store, now }: IngestOptions, workspace: Workspace): Promise<void> {
  const time = now().toISOString();
  const { file, kind, verdict, findings, files } = row;
  const sceneId = row.scene?.id ?? null;
  const name = basename(file);
  const id = await recordDelivery(
    store,
    { name, folder: dirname(file), kind, verdict, sceneId, findings, files },
    time,
  );
  const line = {
    time,
    event: 'Scene:Ingest:Done',
    delivery: id,
    file,
    kind,
    verdict,
    scene: sceneId,
    findings,
    error: row.error === null ? null : { code: row.error.code, message: row.error.message },
  };
  await appendFile(join(workspace.folder, 'log', 'ingest.jsonl'), `${JSON.stringify(line)}\n`);
  if (row.error !== null) {
    await writeWhole(
      join(workspace.folder, 'quarantine', `${name}.json`),
      `${JSON.stringify({ ...line, files }, null, 2)}\n`,
    );
  }
}
