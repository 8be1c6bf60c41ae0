/**
 * `npm run corpus`: every file of the TIFF corpus in child processes with a bound on time and memory, against what GDAL
 * 3.6.2 made of it; prints the table and writes docs/corpus.md. Ends with 1 when a file is wrong, crashes or is too much.
 */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Inspection } from '../../pipeline/ingest/geotiff.ts';
import { differences, type Known, readCatalog, type Tier } from './catalog.ts';
import { LIMITS, type Outcome, runBounded } from './pool.ts';

const ROOT = new URL('../../../shared/data/13-geotiff-corpus/', import.meta.url);
const PAGE = new URL('../../docs/corpus.md', import.meta.url);

const GROUPS: Readonly<Record<Tier, string>> = {
  A: 'a-must-read',
  B: 'b-should-read',
  C: 'c-may-refuse',
  M: 'malformed',
};

/** What a file came to. */
type Verdict =
  | 'equal'
  | 'refused'
  | 'refused, as GDAL does'
  | 'read, GDAL does not'
  | 'wrong'
  | 'unclear'
  | 'crash'
  | 'slow'
  | 'memory';

const BAD: readonly Verdict[] = ['wrong', 'unclear', 'crash', 'slow', 'memory'];

interface Judged {
  readonly known: Known;
  readonly verdict: Verdict;
  /** Differences, or the reason of a refusal. */
  readonly why: string;
  readonly milliseconds: number;
  readonly peak: number;
}

function judge(known: Known, outcome: Outcome<Inspection>): Judged {
  const base = { known, milliseconds: 0, peak: 0 };
  if (outcome.kind === 'crash') return { ...base, verdict: 'crash', why: outcome.how };
  if (outcome.kind === 'slow') return { ...base, verdict: 'slow', why: 'too slow' };
  if (outcome.kind === 'memory') return { ...base, verdict: 'memory', why: `${outcome.peak.toFixed(0)} MiB` };
  const { answer, milliseconds, peak } = outcome;
  const measured = { known, milliseconds, peak };
  if (answer.ok) {
    if (!known.gdal.ok) return { ...measured, verdict: 'read, GDAL does not', why: '' };
    const found = differences(answer, known);
    return { ...measured, verdict: found.length === 0 ? 'equal' : 'wrong', why: found.join('; ') };
  }
  const { code, message } = answer.error!;
  const name = known.file.split('/').at(-1)!;
  const isClear =
    /^E_(NOT_TIFF|TIFF_[A-Z_]+)$/.test(code) && message.includes(name) && !message.includes('\n');
  if (!isClear) return { ...measured, verdict: 'unclear', why: `${code}: ${message}` };
  return {
    ...measured,
    verdict: known.gdal.ok ? 'refused' : 'refused, as GDAL does',
    why: `${code} ${reasonOf(message, name)}`,
  };
}

/** The reason in a message without the file's name and the numbers that differ from file to file. */
function reasonOf(message: string, name: string): string {
  const about = message.slice(message.indexOf(name) + name.length).split('; ')[0]!;
  return about
    .replace(
      /^ (uses an encoding that is not read|is damaged or truncated|declares a size beyond the limit): /,
      '',
    )
    .replace(/^ is not a TIFF file \((.*)\)$/, '$1')
    .replace(/it begins with (bytes [0-9a-f ]+|"[^"]*")/, 'it begins with other bytes')
    .replace(/^(strip|tile) \d+/, 'a block')
    .replace(/\b\d{2,}/g, 'n');
}

function count(judged: readonly Judged[], tier: Tier, ...verdicts: Verdict[]): number {
  return judged.filter(({ known, verdict }) => known.tier === tier && verdicts.includes(verdict)).length;
}

function resultTable(judged: readonly Judged[]): string {
  const head = [
    'group',
    'files',
    'read, equal to GDAL',
    'clear refusal',
    'clear refusal where GDAL fails too',
    'read where GDAL fails',
    'wrong',
    'unclear error',
    'crash',
    `slower than ${LIMITS.milliseconds / 1000} s`,
    'over 1 GiB',
    'slowest',
    'most memory',
  ];
  const rows = (Object.keys(GROUPS) as Tier[]).map((tier) => {
    const own = judged.filter(({ known }) => known.tier === tier);
    return [
      GROUPS[tier],
      own.length,
      count(own, tier, 'equal'),
      count(own, tier, 'refused'),
      count(own, tier, 'refused, as GDAL does'),
      count(own, tier, 'read, GDAL does not'),
      count(own, tier, 'wrong'),
      count(own, tier, 'unclear'),
      count(own, tier, 'crash'),
      count(own, tier, 'slow'),
      count(own, tier, 'memory'),
      `${(Math.max(...own.map((one) => one.milliseconds)) / 1000).toFixed(1)} s`,
      `${Math.max(...own.map((one) => one.peak)).toFixed(0)} MiB`,
    ];
  });
  return markdown(head, rows);
}

function refusalTable(judged: readonly Judged[]): string {
  const reasons = new Map<string, number[]>();
  const tiers = Object.keys(GROUPS) as Tier[];
  for (const { known, verdict, why } of judged) {
    if (!verdict.startsWith('refused')) continue;
    const counts = reasons.get(why) ?? tiers.map(() => 0);
    counts[tiers.indexOf(known.tier)]! += 1;
    reasons.set(why, counts);
  }
  const rows = [...reasons].sort(([a], [b]) => (a < b ? -1 : 1)).map(([why, counts]) => [why, ...counts]);
  return markdown(['reason', ...Object.values(GROUPS)], rows);
}

function listed(judged: readonly Judged[], verdict: Verdict): string {
  const own = judged.filter((one) => one.verdict === verdict);
  return own.length === 0
    ? 'None.'
    : own.map(({ known, why }) => `* \`${known.file}\`${why === '' ? '' : `: ${why}`}`).join('\n');
}

function markdown(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => String(cell).replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

function pageOf(judged: readonly Judged[]): string {
  return `# The TIFF corpus

Written by \`npm run corpus\`; do not edit.

${judged.length} files that other TIFF readers are tested with, against what GDAL 3.6.2 made of each of them: size, dtype,
transform and nodata, and over the first 16 bands the count of valid pixels, their minimum and maximum, and their mean, all
to 1e-6. Every file is read to its last pixel in a child process, which may take
${LIMITS.milliseconds / 1000} s and 1 GiB (high-water mark of the whole process, Node included).

${resultTable(judged)}

## Refusals by reason

Each names the file, what is wrong with it and what can be done. Numbers are written as \`n\`.

${refusalTable(judged)}

## Read where GDAL gives an error

${listed(judged, 'read, GDAL does not')}

## Must-read files that are refused

${listed(
  judged.filter(({ known }) => known.tier === 'A'),
  'refused',
)}

## Wrong, unclear, crashed, slow or large

${BAD.map((verdict) => `${verdict}: ${listed(judged, verdict)}`).join('\n')}
`;
}

if (!existsSync(new URL('catalog.json', ROOT))) {
  console.log('skipped: ../shared/data/13-geotiff-corpus is not there');
} else {
  const root = fileURLToPath(ROOT);
  const catalog = readCatalog(root);
  const outcomes = await runBounded<{ path: string }, Inspection>(
    new URL('child.ts', import.meta.url),
    catalog.map(({ file }) => ({ path: fileURLToPath(new URL(encodeURI(file), ROOT)) })),
    { children: Math.min(4, availableParallelism()) },
  );
  const judged = catalog.map((known, i) => judge(known, outcomes[i]!));
  await writeFile(PAGE, pageOf(judged));
  console.log(resultTable(judged));
  for (const { known, verdict, why } of judged)
    if (BAD.includes(verdict)) console.log(`${verdict}  ${known.file}: ${why}`);
  process.exitCode = judged.some(({ verdict }) => BAD.includes(verdict)) ? 1 : 0;
}
