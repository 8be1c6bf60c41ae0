import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

/** What the issue allows one hostile file: ten seconds, and a GiB for the whole process that reads it. */
export const LIMITS = { milliseconds: 10_000, mebibytes: 1024 } as const;

/** How one job ended. `peak` is the high-water mark of the child's resident memory during the job, in MiB. */
export type Outcome<A> =
  | { readonly kind: 'answer'; readonly answer: A; readonly milliseconds: number; readonly peak: number }
  | { readonly kind: 'crash'; readonly how: string }
  | { readonly kind: 'slow' }
  | { readonly kind: 'memory'; readonly peak: number };

interface Reply<A> {
  readonly answer: A;
  readonly milliseconds: number;
  readonly peak: number;
}

/**
 * Runs jobs in child processes, one at a time in each; a child that takes longer or more memory than LIMITS is ended and
 * replaced. `script` is a module that calls `answerJobs`. Outcomes come in the order of the jobs.
 */
export async function runBounded<J extends object, A>(
  script: URL,
  jobs: readonly J[],
  options: { children: number; onDone?: (done: number) => void },
): Promise<Outcome<A>[]> {
  const outcomes: Outcome<A>[] = new Array(jobs.length);
  let next = 0;
  let done = 0;
  const work = async () => {
    let child = await start(script);
    while (next < jobs.length) {
      const index = next++;
      const outcome = await runOne<J, A>(child, jobs[index]!);
      outcomes[index] = outcome;
      options.onDone?.(++done);
      if (outcome.kind !== 'answer') {
        child.kill('SIGKILL');
        child = await start(script);
      }
    }
    child.kill();
  };
  await Promise.all(Array.from({ length: Math.min(options.children, jobs.length) }, work));
  return outcomes;
}

/** A child that is up: the time to start Node is not the file's fault. */
function start(script: URL): Promise<ChildProcess> {
  // The heap may not hide a memory bomb by collecting late, nor end the child before the limit is seen to be passed.
  const child = fork(script, {
    execArgv: ['--max-old-space-size=900'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
  });
  return new Promise((resolve, reject) => {
    child.once('message', () => resolve(child));
    child.once('exit', (code) =>
      reject(new Error(`${script.pathname} ended with ${code} before its first job`)),
    );
  });
}

function runOne<J extends object, A>(child: ChildProcess, job: J): Promise<Outcome<A>> {
  return new Promise((resolve) => {
    const words: string[] = [];
    const onError = (chunk: Buffer) => words.push(chunk.toString());
    const finish = (outcome: Outcome<A>) => {
      clearTimeout(timer);
      clearInterval(watch);
      child.stderr?.off('data', onError);
      child.off('message', onMessage);
      child.off('exit', onExit);
      resolve(outcome);
    };
    const onMessage = (message: unknown) => {
      const reply = message as Reply<A>; // what answerJobs sends, and nothing else does
      if (reply.peak > LIMITS.mebibytes) finish({ kind: 'memory', peak: reply.peak });
      else if (reply.milliseconds > LIMITS.milliseconds) finish({ kind: 'slow' });
      else finish({ kind: 'answer', ...reply });
    };
    const onExit = (code: number | null, signal: string | null) =>
      finish({ kind: 'crash', how: `${signal ?? `exit ${code}`} ${words.join('').slice(0, 300)}`.trim() });
    child.stderr?.on('data', onError);
    child.on('message', onMessage);
    child.on('exit', onExit);
    const timer = setTimeout(() => finish({ kind: 'slow' }), LIMITS.milliseconds);
    const watch = setInterval(() => {
      const peak = peakOf(child.pid ?? 0);
      if (peak > LIMITS.mebibytes) finish({ kind: 'memory', peak });
    }, 50);
    child.send(job);
  });
}

/** The child's side: answers jobs one by one, with time and memory of each. */
export function answerJobs<J, A>(answer: (job: J) => Promise<A>): void {
  process.on('message', async (message) => {
    forgetPeak();
    const start = performance.now();
    const found = await answer(message as J); // runBounded sends what its caller gave it
    const reply: Reply<A> = {
      answer: found,
      milliseconds: performance.now() - start,
      peak: peakOf('self') || process.resourceUsage().maxRSS / 1024,
    };
    process.send?.(reply);
  });
  process.send?.('ready');
}

/** Lets Linux count the high-water mark of memory anew; elsewhere it stays that of the whole process. */
function forgetPeak(): void {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    // Not Linux: peaks are then upper bounds.
  }
}

/** High-water mark of a process's resident memory in MiB, 0 where the system does not say. */
function peakOf(process: number | 'self'): number {
  try {
    const [, kibibytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${process}/status`, 'utf8')) ?? [];
    return Number(kibibytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}
