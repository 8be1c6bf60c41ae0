import { createHash } from 'node:crypto';
import type { ErrorCode } from '../core/error.ts';
import type { Bbox } from '../core/grid.ts';
import type { SceneFile } from '../core/scene.ts';
import type { Instant } from '../core/time.ts';
import type { Store } from './open.ts';
import { every, sql } from './sql.ts';
import { inBox, inSpan, type Page, pageOf, type Span } from './where.ts';

export const VERDICTS = ['accepted', 'duplicate', 'quarantined'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One thing that was said of a delivery. */
export interface StoredFinding {
  readonly code: ErrorCode;
  readonly severity: 'note' | 'warning' | 'error';
  readonly file: string;
  readonly element: string | null;
  readonly what: string;
  readonly where: string | null;
}

/** What is to be kept of one delivery at the door. */
export interface DeliveryInput {
  readonly name: string;
  readonly folder: string;
  /** Null when no kind recognised it. */
  readonly kind: string | null;
  readonly verdict: Verdict;
  readonly sceneId: string | null;
  readonly findings: readonly StoredFinding[];
  readonly files: readonly SceneFile[];
}

/** A delivery as kept. */
export interface DeliveryRow extends Omit<DeliveryInput, 'folder'> {
  readonly id: string;
  /** When it was first brought with this outcome, and when last. */
  readonly receivedAt: Instant;
  readonly checkedAt: Instant;
  /** How often. */
  readonly times: number;
  /** Imaging time and box of its scene; null without one. */
  readonly acquired: Instant | null;
  readonly bbox: Bbox | null;
}

/** Keeps what the door said; the same delivery with the same outcome is the same row. Gives its id. */
export async function recordDelivery(store: Store, delivery: DeliveryInput, at: Instant): Promise<string> {
  const { name, folder, kind, verdict, sceneId, findings, files } = delivery;
  const sums = files.map((file) => file.sha256).sort();
  const errors = findings.filter((one) => one.severity === 'error').map(({ code, what }) => [code, what]);
  const id = createHash('sha256')
    .update(JSON.stringify([name, verdict, sums, errors]))
    .digest('hex')
    .slice(0, 20);
  await store.query(sql`
    INSERT INTO delivery (id, name, folder, kind, verdict, scene_id, findings, files, received_at, checked_at)
    VALUES (${id}, ${name}, ${folder}, ${kind}, ${verdict}, ${sceneId}, ${JSON.stringify(findings)}::jsonb,
      ${JSON.stringify(files)}::jsonb, ${at}, ${at})
    ON CONFLICT (id) DO UPDATE SET folder = excluded.folder, findings = excluded.findings,
      checked_at = greatest(delivery.checked_at, excluded.checked_at), times = delivery.times + 1`);
  return id;
}

export interface DeliveryFilter extends Span, Page {
  readonly verdict?: Verdict;
  /** Of the scene that was made; deliveries without one are left out. */
  readonly bbox?: Bbox;
}

const ROWS = sql`delivery d LEFT JOIN scene s ON s.id = d.scene_id`;
const COLUMNS = sql`d.id, d.name, d.kind, d.verdict, d.scene_id AS "sceneId", d.findings, d.files,
  d.received_at AS "receivedAt", d.checked_at AS "checkedAt", d.times, s.datetime AS acquired,
  s.document->'bbox' AS bbox`;

/** Deliveries by the time they were received, latest first, and how many there are in all. */
export async function deliveriesIn(
  store: Store,
  filter: DeliveryFilter,
): Promise<{ matched: number; items: DeliveryRow[] }> {
  const where = every([
    filter.verdict === undefined ? null : sql`d.verdict = ${filter.verdict}`,
    inBox(sql`s.geom`, filter.bbox),
    inSpan(sql`d.received_at`, filter),
  ]);
  const [count] = await store.query<{ matched: number }>(
    sql`SELECT count(*) AS matched FROM ${ROWS} WHERE ${where}`,
  );
  const items = await store.query<DeliveryRow>(
    sql`SELECT ${COLUMNS} FROM ${ROWS} WHERE ${where} ORDER BY d.received_at DESC, d.id ${pageOf(filter)}`,
  );
  return { matched: count!.matched, items };
}

/** One delivery; null when there is none. */
export async function deliveryById(store: Store, id: string): Promise<DeliveryRow | null> {
  const [row] = await store.query<DeliveryRow>(sql`SELECT ${COLUMNS} FROM ${ROWS} WHERE d.id = ${id}`);
  return row ?? null;
}
