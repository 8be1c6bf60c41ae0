/** `heitu <verb>`: finds the row of the verb, parses its options, runs it, and turns what it threw into one line. */
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { asHeituError, HeituError } from '../core/error.ts';
import { VERSION } from '../version.ts';
import {
  type Call,
  COMMON_OPTIONS,
  type CommandRow,
  errorLine,
  exitCode,
  type OptionRow,
  type Terminal,
} from './command.ts';
import { helpOf, overview } from './help.ts';
import { allCommands, VERBS } from './table.ts';

/** Runs one command line and returns its exit code. */
export async function main(argv: readonly string[], terminal: Terminal): Promise<number> {
  const language = terminal.config.language;
  const isDebug = argv.includes('--debug');
  try {
    const { verb, rest } = splitVerb(argv, VERBS);
    if (verb === null) {
      if (rest.includes('--version')) terminal.print(VERSION);
      else terminal.print(overview(await allCommands(), language));
      return rest.length === 0 || rest.includes('--help') || rest.includes('--version') ? 0 : 2;
    }
    const load = Object.hasOwn(VERBS, verb) ? VERBS[verb] : undefined;
    if (load === undefined) throw new HeituError('E_USAGE', { what: `no verb ${verb}`, where: '' });
    const row = await load();
    const call = parse(verb, row, rest, terminal);
    if (call.flag('help')) {
      terminal.print(helpOf(verb, row, language));
      return 0;
    }
    return await row.run(call);
  } catch (thrown) {
    const error = asHeituError(thrown, 'E_INTERNAL');
    terminal.note(errorLine(error, language));
    if (isDebug && thrown instanceof Error) terminal.note(String(thrown.stack));
    return exitCode(error);
  }
}

/** Verbs of two words (`parcels import`) are rows of their own. */
function splitVerb(argv: readonly string[], verbs: object): { verb: string | null; rest: string[] } {
  const [first, second] = argv;
  if (first === undefined || first.startsWith('-')) return { verb: null, rest: [...argv] };
  const two = `${first} ${second ?? ''}`;
  return Object.hasOwn(verbs, two)
    ? { verb: two, rest: argv.slice(2) }
    : { verb: first, rest: argv.slice(1) };
}

function parse(verb: string, row: CommandRow, rest: readonly string[], terminal: Terminal): Call {
  const rows: Record<string, OptionRow> = { ...COMMON_OPTIONS, ...row.options };
  const options = Object.fromEntries(
    Object.entries(rows).map(([name, option]) => [
      name,
      { type: option.kind === 'flag' ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...rest],
      options,
      allowPositionals: true,
      strict: true,
    });
    return {
      terminal,
      files: positionals,
      flag: (name) => values[name] === true,
      value: (name) => {
        const value = values[name];
        return typeof value === 'string' ? value : undefined;
      },
    };
  } catch (cause) {
    throw new HeituError('E_USAGE', {
      what: cause instanceof Error ? cause.message.split('. ')[0]! : 'bad options',
      where: verb,
      cause,
    });
  }
}

/** The real terminal. */
function processTerminal(): Terminal {
  const isInteractive = process.stderr.isTTY === true;
  return {
    config: readConfig(),
    print: (line) => process.stdout.write(`${line}\n`),
    note: (line) => process.stderr.write(`${line}\n`),
    isInteractive,
    redraw: (line) =>
      process.stderr.write(`\r\u001b[2K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`),
    now: () => new Date(),
    stopped: () =>
      new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      }),
  };
}

/** Runs the command line of this process. */
export async function runProcess(): Promise<void> {
  // A reader that closes early (`heitu … | head`) is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
  });
  process.exitCode = await main(process.argv.slice(2), processTerminal());
}
