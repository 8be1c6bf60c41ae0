import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** What running something cost: seconds by the clock, seconds of all cores, and resident memory of the process tree. */
export interface Cost {
  readonly wall: number;
  readonly cpu: number;
  /** Highest sum over the tree, in MiB, looked at every 20 ms. */
  readonly peak: number;
}

export interface Ran extends Cost {
  readonly out: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

/** Environment of the peers: used as well as they can be. */
const WELL_USED = { GDAL_NUM_THREADS: 'ALL_CPUS', GDAL_CACHEMAX: '512', OTB_LOGGER_LEVEL: 'WARNING' };

/** Runs a command to its end; the shell's own clock counts the CPU time of all its children. Throws when it fails. */
export function run({ program, args }: Command): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$0" "$@"', program, ...args], {
      env: { ...process.env, ...WELL_USED },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let peak = 0;
    const watch = setInterval(() => {
      peak = Math.max(peak, treeMemory(child.pid ?? 0));
    }, 20);
    const out: string[] = [];
    const err: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => {
      clearInterval(watch);
      const words = err.join('');
      const times = /([\d.]+) ([\d.]+) ([\d.]+)\s*$/.exec(words);
      if (code !== 0 || times === null) {
        reject(new Error(`${program} ${args.join(' ')} ended with ${code}: ${words.slice(-600)}`));
        return;
      }
      const [wall, user, system] = times.slice(1).map(Number) as [number, number, number];
      resolve({ wall, cpu: user + system, peak, out: out.join('') });
    });
  });
}

/** One command after the other: times add up, memory does not. */
export async function runAll(commands: readonly Command[]): Promise<Ran> {
  let [wall, cpu, peak, out] = [0, 0, 0, ''];
  for (const command of commands) {
    const one = await run(command);
    wall += one.wall;
    cpu += one.cpu;
    peak = Math.max(peak, one.peak);
    out += one.out;
  }
  return { wall, cpu, peak, out };
}

/** Resident memory of a process and all under it, in MiB; 0 where there is no /proc. */
function treeMemory(root: number): number {
  try {
    const parents = new Map<number, number>();
    const sizes = new Map<number, number>();
    for (const name of readdirSync('/proc')) {
      if (!/^\d+$/.test(name)) continue;
      const stat = read(`/proc/${name}/stat`);
      // The name in brackets may hold anything; what follows the last bracket is in columns.
      const columns = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      parents.set(Number(name), Number(columns[1]));
      sizes.set(Number(name), Number(columns[21]) * 4096);
    }
    let bytes = 0;
    for (const [pid, size] of sizes) {
      let at: number | undefined = pid;
      while (at !== undefined && at !== root && at > 1) at = parents.get(at);
      if (at === root) bytes += size;
    }
    return bytes / 2 ** 20;
  } catch {
    return 0;
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ') 0 0';
  }
}

/** The middle of an odd number of values, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return sorted.length % 2 === 1 ? sorted[Math.floor(half)]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** True when a program can be started. */
export async function isThere(program: string, ...args: string[]): Promise<boolean> {
  return await run({ program, args }).then(
    () => true,
    () => false,
  );
}
