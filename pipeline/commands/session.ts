import { isAbsolute, resolve } from 'node:path';
import { openWorkspace, type Workspace } from '../jobs/workspace.ts';
import { openStore, type Store } from '../store/open.ts';
import type { Call } from './command.ts';

/** A workspace with its database open. */
export interface Session {
  readonly workspace: Workspace;
  readonly store: Store;
}

/** The workspace folder a call works on: `--workspace`, else the configuration's. */
export function workspaceFolder(call: Call): string {
  const given = call.value('workspace');
  if (given === undefined) return call.terminal.config.workspace;
  return isAbsolute(given) ? given : resolve(given);
}

/** Opens the workspace of a call, does the work, and closes the database whatever happened. */
export async function withSession<const T>(
  call: Call,
  work: (session: Session) => Promise<T>,
  folder = workspaceFolder(call),
): Promise<T> {
  const workspace = await openWorkspace(folder);
  const store = await openStore({ workspace: folder, databaseUrl: call.terminal.config.databaseUrl });
  try {
    return await work({ workspace, store });
  } finally {
    await store.close();
  }
}
