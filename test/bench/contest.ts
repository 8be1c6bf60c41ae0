import { type Command, type Cost, median, type Ran, runAll } from './measure.ts';

/** One side of a contest. */
export interface Side {
  readonly name: string;
  readonly commands: readonly Command[];
  /** Where the commands say themselves what their loop cost, without start-up. */
  readonly costOf?: (ran: Ran) => Cost;
}

/** The same work done by us and by others, in turn. */
export interface Contest {
  readonly title: string;
  /** Millions of pixels of the input, for the rate; null where pixels are not what is counted. */
  readonly megapixels: number | null;
  readonly ours: Side;
  readonly theirs: readonly Side[];
  /** What differs between our output and theirs, as words; empty when they agree. */
  readonly differences: (theirs: Side) => Promise<string>;
  /** Takes away what was set up for it outside the bench's folder. */
  readonly close?: () => Promise<void>;
}

export interface Row {
  readonly title: string;
  readonly side: string;
  readonly runs: number;
  readonly wall: number;
  readonly cpu: number;
  readonly peak: number;
  readonly rate: string;
  /** Their time over ours; empty for our own row. */
  readonly wallRatio: string;
  readonly cpuRatio: string;
  readonly agreement: string;
}

/** Runs all sides in turn, `runs` times, and compares the outputs of the last round. */
export async function hold(contest: Contest, runs: number): Promise<Row[]> {
  try {
    return await holdOpen(contest, runs);
  } finally {
    await contest.close?.();
  }
}

async function holdOpen(contest: Contest, runs: number): Promise<Row[]> {
  const sides = [contest.ours, ...contest.theirs];
  const costs = new Map<Side, Cost[]>(sides.map((side) => [side, []]));
  const failed = new Map<Side, string>();
  for (let round = 0; round < runs; round++) {
    for (const side of sides) {
      if (failed.has(side)) continue;
      try {
        const ran = await runAll(side.commands);
        costs.get(side)!.push(side.costOf?.(ran) ?? ran);
      } catch (error) {
        // A peer that fails is a row that says so; a failure of ours ends the bench.
        if (side === contest.ours) throw error;
        failed.set(side, error instanceof Error ? error.message.slice(-200) : String(error));
      }
    }
  }
  const middle = (side: Side, what: keyof Cost) => median(costs.get(side)!.map((cost) => cost[what]));
  const rows: Row[] = [];
  for (const side of sides) {
    const why = failed.get(side);
    if (why !== undefined) {
      rows.push({ ...EMPTY, title: contest.title, side: side.name, agreement: `failed: ${why}` });
      continue;
    }
    const [wall, cpu] = [middle(side, 'wall'), middle(side, 'cpu')];
    const isOurs = side === contest.ours;
    rows.push({
      title: contest.title,
      side: side.name,
      runs: costs.get(side)!.length,
      wall,
      cpu,
      peak: Math.max(...costs.get(side)!.map((cost) => cost.peak)),
      rate: contest.megapixels === null ? '' : `${(contest.megapixels / wall).toFixed(1)} Mpx/s`,
      wallRatio: isOurs ? '' : (wall / middle(contest.ours, 'wall')).toFixed(2),
      cpuRatio: isOurs ? '' : (cpu / middle(contest.ours, 'cpu')).toFixed(2),
      agreement: isOurs ? '' : (await contest.differences(side)) || 'equal',
    });
  }
  return rows;
}

const EMPTY: Row = {
  title: '',
  side: '',
  runs: 0,
  wall: Number.NaN,
  cpu: Number.NaN,
  peak: Number.NaN,
  rate: '',
  wallRatio: '',
  cpuRatio: '',
  agreement: '',
};

/** The rows as a table for a page or a terminal. */
export function tableOf(rows: readonly Row[]): string {
  const head = ['work', 'by', 'wall s', 'CPU s', 'peak MiB', 'rate', 'wall × ours', 'CPU × ours', 'outputs'];
  const number = (value: number, digits: number) => (Number.isNaN(value) ? '–' : value.toFixed(digits));
  const lines = rows.map((row) => [
    row.title,
    row.side,
    number(row.wall, 2),
    number(row.cpu, 2),
    number(row.peak, 0),
    row.rate,
    row.wallRatio,
    row.cpuRatio,
    row.agreement,
  ]);
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '/')).join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i < 2 || i === 8 ? '---' : '---:'))), ...lines.map(line)].join(
    '\n',
  );
}
