import { basename, dirname } from 'node:path';
import { type Finding, sayFinding } from '../ingest/finding.ts';
import { type DeliveryKind, KINDS } from '../ingest/kinds.ts';
import type { IngestRow } from '../jobs/ingest.ts';

type Language = 'zh' | 'en';

const WORDS = {
  head: {
    zh: ['结论', '交付', '类型', '影像', '成像时间 (UTC)', '文件数'],
    en: ['verdict', 'delivery', 'kind', 'scene', 'acquired (UTC)', 'files'],
  },
  verdict: {
    zh: { accepted: '入库', duplicate: '重复', quarantined: '隔离' },
    en: { accepted: 'accepted', duplicate: 'duplicate', quarantined: 'quarantined' },
  },
  severity: {
    zh: { note: '说明', warning: '注意', error: '错误' },
    en: { note: 'note', warning: 'warning', error: 'error' },
  },
  element: { zh: '元素', en: 'element' },
  total: {
    zh: (n: Counts) => `共 ${n.all}：入库 ${n.accepted}，重复 ${n.duplicate}，隔离 ${n.quarantined}`,
    en: (n: Counts) =>
      `${n.all} in all: ${n.accepted} accepted, ${n.duplicate} duplicate, ${n.quarantined} quarantined`,
  },
} as const;

type Counts = Readonly<Record<IngestRow['verdict'] | 'all', number>>;

/** The verdicts as a table: one line a delivery, below it one line a finding with its remedy, and the counts at the end. */
export function reportTable(rows: readonly IngestRow[], language: Language): string[] {
  const cells = rows.map((row) => [
    WORDS.verdict[language][row.verdict],
    nameOf(row),
    row.kind === null ? '–' : titleOf(row.kind, language),
    row.scene?.id ?? '–',
    row.scene?.datetime.slice(0, 19) ?? '–',
    String(row.files.length),
  ]);
  const all = [[...WORDS.head[language]], ...cells];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((line) => widthOf(line[column]!))));
  const line = (texts: readonly string[]) =>
    texts
      .map((text, column) => text + ' '.repeat(widths[column]! - widthOf(text)))
      .join('  ')
      .trimEnd();
  const count = (verdict: IngestRow['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  return [
    line(all[0]!),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.flatMap((row, i) => [
      line(cells[i]!),
      ...row.findings.flatMap((finding) => findingLines(finding, language)),
    ]),
    WORDS.total[language]({
      all: rows.length,
      accepted: count('accepted'),
      duplicate: count('duplicate'),
      quarantined: count('quarantined'),
    }),
  ];
}

/** A delivery with the words of its findings in both languages, for programs. */
export function reportJson(row: IngestRow) {
  return {
    file: row.file,
    kind: row.kind,
    verdict: row.verdict,
    scene: row.scene?.id ?? null,
    datetime: row.scene?.datetime ?? null,
    error: row.error === null ? null : { code: row.error.code, message: row.error.message },
    findings: row.findings.map((finding) => ({
      code: finding.code,
      severity: finding.severity,
      file: finding.file,
      element: finding.element,
      ...bothLanguages(finding),
    })),
    files: row.files,
  };
}

function bothLanguages(finding: Finding) {
  const [zh, en] = [sayFinding(finding, 'zh'), sayFinding(finding, 'en')];
  return { message: { zh: zh.message, en: en.message }, remedy: { zh: zh.remedy, en: en.remedy } };
}

function findingLines(finding: Finding, language: Language): string[] {
  const { message, remedy } = sayFinding(finding, language);
  const word = WORDS.severity[language][finding.severity];
  const element = finding.element === null ? '' : ` [${WORDS.element[language]} ${finding.element}]`;
  return [`    ${word} ${finding.code}${element}: ${message}`, `      → ${remedy}`];
}

function titleOf(id: keyof typeof KINDS, language: Language): string {
  const kind: DeliveryKind = KINDS[id];
  return kind.title[language];
}

/** Products of many files go by their folder's name. */
function nameOf({ file }: IngestRow): string {
  return /\.(xml|txt)$/i.test(file) ? basename(dirname(file)) : basename(file);
}

/** Columns a text takes on a terminal: Chinese characters and their punctuation take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const sign of text)
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60]/u.test(sign)
      ? 2
      : 1;
  return width;
}
