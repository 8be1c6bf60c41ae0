import type { Config } from '../config.ts';
import { HeituError } from '../core/error.ts';

/** One option of a verb: how it is written, what it takes, what it is for. */
export interface OptionRow {
  readonly kind: 'flag' | 'value';
  /** Placeholder of a value in the help: `DIR`. */
  readonly value?: string;
  readonly help: { readonly zh: string; readonly en: string };
}

/** Where a command prints and how it learns the time; a test gives its own. */
export interface Terminal {
  readonly config: Config;
  /** Results, on stdout. */
  readonly print: (line: string) => void;
  /** Messages and progress, on stderr. */
  readonly note: (line: string) => void;
  /** True when stderr is a terminal that can redraw a line. */
  readonly isInteractive: boolean;
  readonly redraw: (line: string) => void;
  readonly now: () => Date;
  /** Resolves when the person asks to stop. */
  readonly stopped: () => Promise<void>;
}

/** A parsed command line, and the terminal it came from. */
export interface Call {
  readonly terminal: Terminal;
  readonly files: readonly string[];
  readonly flag: (name: string) => boolean;
  readonly value: (name: string) => string | undefined;
}

/** One verb of `heitu`. */
export interface CommandRow {
  /** Positional arguments, for the help: `FILE…`. */
  readonly operands: string;
  readonly summary: { readonly zh: string; readonly en: string };
  readonly options: Readonly<Record<string, OptionRow>>;
  readonly examples: readonly string[];
  /** 0 done, 1 work failed, 2 the request was wrong. */
  readonly run: (call: Call) => Promise<0 | 1 | 2>;
}

/** Options of every verb. */
export const COMMON_OPTIONS = {
  json: { kind: 'flag', help: { zh: '结果以 JSON 输出到标准输出', en: 'print results as JSON on stdout' } },
  debug: { kind: 'flag', help: { zh: '出错时显示调用栈', en: 'show the stack of an error' } },
  help: { kind: 'flag', help: { zh: '显示本帮助', en: 'show this help' } },
} as const satisfies Record<string, OptionRow>;

/** Options of the verbs that work on a workspace. */
export const WORKSPACE_OPTIONS = {
  workspace: {
    kind: 'value',
    value: 'DIR',
    help: {
      zh: '工作区目录（默认 HEITU_WORKSPACE 或 ./workspace）',
      en: 'workspace folder (default HEITU_WORKSPACE or ./workspace)',
    },
  },
} as const satisfies Record<string, OptionRow>;

/** Option of the verbs that read a raster whose CRS may not be in it. */
export const EPSG_OPTION = {
  epsg: {
    kind: 'value',
    value: 'N',
    help: { zh: '影像未写明坐标系时的 EPSG 代码', en: 'EPSG code of imagery that does not name its own' },
  },
} as const satisfies Record<string, OptionRow>;

/** Exit code of an error: 2 when the request was wrong, 1 when the work failed. */
export function exitCode(error: HeituError): 1 | 2 {
  return error.family === 'asker' ? 2 : 1;
}

/** `E_CODE: what, where, what to do`, in the person's language. */
export function errorLine(error: HeituError, language: 'zh' | 'en'): string {
  return `${error.code}: ${error.in(language)}`;
}

/** At least one file, or E_USAGE. */
export function needFiles(call: Call, verb: string): readonly string[] {
  if (call.files.length === 0) throw new HeituError('E_USAGE', { what: 'no file given', where: verb });
  return call.files;
}

/** The value of an option as a number within bounds, or E_PARAMETER_INVALID naming the option. */
export function numberOption(
  call: Call,
  name: string,
  bounds: { min: number; max: number; whole?: boolean },
): number | undefined {
  const text = call.value(name);
  if (text === undefined) return undefined;
  const value = text.trim() === '' ? Number.NaN : Number(text);
  const isWhole = bounds.whole !== true || Number.isInteger(value);
  if (!(value >= bounds.min && value <= bounds.max) || !isWhole) {
    throw new HeituError('E_PARAMETER_INVALID', {
      where: `--${name}`,
      what: `${text}, expected ${bounds.min} to ${bounds.max}`,
    });
  }
  return value;
}

/** The value of an option as one of a list, or E_PARAMETER_INVALID naming the option and the list. */
export function choiceOption<T extends string>(
  call: Call,
  name: string,
  choices: readonly T[],
): T | undefined {
  const text = call.value(name);
  if (text === undefined) return undefined;
  const found = choices.find((choice) => choice === text);
  if (found === undefined)
    throw new HeituError('E_PARAMETER_INVALID', {
      where: `--${name}`,
      what: `${text}, expected ${choices.join(', ')}`,
    });
  return found;
}

/** The code that --epsg states, if it does. */
export function epsgOption(call: Call): number | undefined {
  return numberOption(call, 'epsg', { min: 1024, max: 32_767, whole: true });
}
