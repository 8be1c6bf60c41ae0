import type { Terminal } from '../../pipeline/commands/command.ts';
import { main } from '../../pipeline/commands/main.ts';

/** What a command line printed and how it ended. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Lines of stdout read as JSON. */
  readonly json: () => Record<string, unknown>[];
}

/** Runs `heitu` in this process with a terminal that keeps what it is told. */
export async function heitu(argv: readonly string[], config: Partial<Terminal['config']> = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(argv, {
    config: { workspace: 'workspace', databaseUrl: null, language: 'en', ...config },
    print: (line) => out.push(line),
    note: (line) => err.push(line),
    isInteractive: false,
    redraw: () => undefined,
    now: () => new Date(),
    stopped: async () => undefined,
  });
  return {
    code,
    out: out.join('\n'),
    err: err.join('\n'),
    json: () => out.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
