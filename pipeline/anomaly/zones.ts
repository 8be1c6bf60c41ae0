import { type Candidates, candidatesOf } from './candidates.ts';
import { type CauseId, type PatchFacts, type RankedCause, rankCauses, verdictOf } from './causes.ts';
import { departureOf, expectedOf } from './expected.ts';
import { dropsOf, type Event, eventsOf, factsOf, NOTHING_KNOWN, nearCloud, type Outside } from './facts.ts';
import { medianOver, type Season, SIGNALS, type Signal } from './looks.ts';
import { type Patch, patchesOf } from './patches.ts';
import { ANOMALY_RULE } from './rules.ts';
import { type Graded, leafLossOf, SEVERITIES, severityOf } from './severity.ts';
import { VISIT, type Words } from './words.ts';

/** One look at a zone. */
export interface Sighting {
  readonly day: number;
  /** Share of the zone that was clear. */
  readonly clearShare: number;
  /** Null where too little was clear to say. */
  readonly isSeen: boolean | null;
  /** Median score of the leading index, curves ending before the zone was first seen. */
  readonly z: number | null;
}

export type Confidence = 'low' | 'medium' | 'high';

/** A suspect zone with what was seen of it, for a date. */
export interface Zone {
  readonly id: number;
  readonly patch: Patch;
  readonly firstDay: number;
  /** m² on the first day. */
  readonly firstArea: number;
  readonly day: number;
  /** Index that led to it. */
  readonly led: Signal;
  /** Median drop of NDVI against the group, and median score of the leading index, on the first day. */
  readonly drop: number;
  readonly z: number;
  readonly clearShare: number;
  readonly sightings: readonly Sighting[];
  /** `established`: seen on two of its last three clear dates. */
  readonly status: 'suspected' | 'established';
  readonly confidence: Confidence;
  readonly verdict: 'rejected' | 'explained' | 'suspected';
  readonly facts: PatchFacts;
  readonly causes: readonly RankedCause[];
  /** Null where the leaf area that was expected is not known. */
  readonly severity: Graded | null;
  readonly sentence: Words;
  readonly rule: string;
}

export interface ZoneOptions {
  /** What is known from outside at the pixels of a patch on a day. */
  readonly outside?: (patch: Patch, day: number) => Outside;
  /** Points by cause from the reasons of earlier dismissals. */
  readonly priors?: Readonly<Partial<Record<CauseId, number>>>;
}

/** Zones of a tile as of one date, or why there can be none. */
export interface ZoneRun {
  readonly day: number;
  readonly status: 'ok' | 'no-clear-pixel' | 'no-earlier-look' | 'no-host';
  readonly zones: readonly Zone[];
  readonly candidates: number;
}

/** Outcome of every date of a season in order: each carries on the zones of the dates before. */
export function zonesOf(season: Season, options: ZoneOptions = {}): ZoneRun[] {
  const runs: ZoneRun[] = [];
  let zones: readonly Zone[] = [];
  for (const at of season.looks.keys()) {
    const run = zonesOn(season, at, zones, options);
    zones = run.zones;
    runs.push(run);
  }
  return runs;
}

/**
 * Zones as of look number `at`: earlier ones looked at again, and new ones where nothing was before. A zone that overlaps an
 * earlier one joins it. Source: METHODS 8.2, steps 1 to 8.
 */
export function zonesOn(
  season: Season,
  at: number,
  earlier: readonly Zone[],
  options: ZoneOptions = {},
): ZoneRun {
  const look = season.looks[at]!;
  const none = { day: look.day, zones: earlier, candidates: 0 };
  if (season.groups.members.length === 0) return { ...none, status: 'no-host' };
  if (look.ndvi.every(Number.isNaN)) return { ...none, status: 'no-clear-pixel' };
  const candidates = candidatesOf(season, at);
  if (candidates.evidence.ndvi.drops.every(({ ofGroups }) => ofGroups.size === 0))
    return { ...none, status: 'no-earlier-look' };
  const beside = nearCloud(look, season.ground.width, season.ground.height);
  const context: Context = {
    season,
    at,
    candidates,
    beside,
    options,
    scores: remembered((signal: Signal, until) => departureOf(season, signal, at, until).z),
    expectedLeaves: remembered((plane: 'mtvi2', until) => expectedOf(season, plane, at, until)),
  };
  // What was nothing on the ground is told on its day, and must not take up what comes after it.
  const followed = earlier
    .filter(({ verdict }) => verdict !== 'rejected')
    .map((zone) => followOn(zone, context));
  const patches = patchesOf(candidates.led, season.ground);
  const events = eventsOf(patches, season.ground, candidates.led);
  let id = Math.max(0, ...earlier.map((zone) => zone.id));
  let fresh = patches.map((patch, k) => begin(++id, patch, events[k]!, context));
  const joined = followed.map((zone) => {
    const own = fresh.filter((one) => isOf(one, zone, season.ground.width));
    if (own.length === 0) return zone;
    fresh = fresh.filter((one) => !own.includes(one));
    return widened(zone, own, context);
  });
  return { day: look.day, status: 'ok', zones: [...joined, ...fresh], candidates: candidates.count };
}

/** Whether a new zone is an earlier one that grows: it touches it, and is judged alike. A field that is cut is no pest that grows. */
function isOf(fresh: Zone, zone: Zone, width: number): boolean {
  if (fresh.patch.host.code !== zone.patch.host.code || fresh.verdict !== zone.verdict) return false;
  if (zone.verdict === 'explained' && fresh.causes[0]!.cause !== zone.causes[0]!.cause) return false;
  const own = new Set(zone.patch.pixels);
  const steps = [-1, 0, 1].flatMap((row) => [-1, 0, 1].map((column) => row * width + column));
  return fresh.patch.pixels.some((i) => steps.some((step) => own.has(i + step)));
}

interface Context {
  readonly season: Season;
  readonly at: number;
  readonly candidates: Candidates;
  readonly beside: Uint8Array;
  readonly options: ZoneOptions;
  /** Scores of an index, and leaf area expected (as MTVI2), from curves up to a day. */
  readonly scores: (signal: Signal, until: number) => Float32Array;
  readonly expectedLeaves: (plane: 'mtvi2', until: number) => Float32Array;
}

/** Zones first seen on one day share what they are compared with, so it is made once. */
function remembered<P extends string>(
  make: (plane: P, until: number) => Float32Array,
): (plane: P, until: number) => Float32Array {
  const made = new Map<string, Float32Array>();
  return (plane, until) => {
    const key = `${plane} ${until}`;
    const known = made.get(key) ?? make(plane, until);
    made.set(key, known);
    return known;
  };
}

function begin(id: number, patch: Patch, event: Event, context: Context): Zone {
  const { season, at, candidates, beside, options } = context;
  const { day } = season.looks[at]!;
  const led = leadOf(patch, candidates.led);
  const z = medianOver(candidates.evidence[led].departure.z, patch.pixels);
  const clearShare = clearShareOf(patch, season, at);
  const outside = options.outside?.(patch, day) ?? NOTHING_KNOWN;
  return settled(
    {
      id,
      patch,
      firstDay: day,
      firstArea: patch.area,
      day,
      led,
      drop: medianOver(dropsOf(candidates, patch.pixels).ndvi.relative, patch.pixels),
      z,
      clearShare,
      sightings: [{ day, clearShare, isSeen: true, z }],
      facts: factsOf(season, at, patch, candidates, beside, event, outside),
    },
    context,
  );
}

function leadOf({ pixels }: Patch, led: Uint8Array): Signal {
  const counts = SIGNALS.map((_, k) => pixels.reduce((sum, i) => sum + (led[i] === k + 1 ? 1 : 0), 0));
  return SIGNALS[counts.indexOf(Math.max(...counts))]!;
}

function clearShareOf({ pixels }: Patch, season: Season, at: number): number {
  const { ndvi } = season.looks[at]!;
  return pixels.reduce((sum, i) => sum + (Number.isNaN(ndvi[i]!) ? 0 : 1), 0) / pixels.length;
}

/** Looks at an earlier zone again. */
function followOn(zone: Zone, context: Context): Zone {
  const { season, at } = context;
  const { day } = season.looks[at]!;
  const clearShare = clearShareOf(zone.patch, season, at);
  const isClear = clearShare >= ANOMALY_RULE.clearShare;
  // Curves that went on past the first sighting would take the damage for the norm.
  const until = zone.firstDay - ANOMALY_RULE.settleDays;
  const z = isClear ? medianOver(context.scores(zone.led, until), zone.patch.pixels) : null;
  const isSeen = z === null ? null : z <= ANOMALY_RULE.z;
  const next = { ...zone, day, sightings: [...zone.sightings, { day, clearShare, isSeen, z }] };
  return { ...next, ...standingOf(next) };
}

/**
 * An earlier zone and new ones that belong to it, as one. What it fell by stays as on its first day: later the neighbours have
 * ripened, and the curve knows the damage.
 */
function widened(zone: Zone, fresh: readonly Zone[], context: Context): Zone {
  const { pixel } = context.season.ground;
  const pixels = Int32Array.from(new Set([zone, ...fresh].flatMap(({ patch }) => [...patch.pixels]))).sort();
  const area = pixels.length * pixel ** 2;
  const last = zone.sightings.at(-1)!; // followOn has just added one
  const sightings = [...zone.sightings.slice(0, -1), { ...last, isSeen: true }];
  const facts = {
    ...zone.facts,
    sightings: sightings.filter(({ isSeen }) => isSeen === true).length,
    growth: area / zone.firstArea,
  };
  return settled({ ...zone, patch: { ...zone.patch, pixels, area }, sightings, facts }, context);
}

type Seen = Omit<Zone, 'status' | 'confidence' | 'verdict' | 'causes' | 'severity' | 'sentence' | 'rule'>;

/** Weighs causes and severity of a zone on the date of the context. */
function settled(seen: Seen, context: Context): Zone {
  const { season, at, options } = context;
  const { patch, facts } = seen;
  const causes = rankCauses(facts, options.priors);
  const until = seen.firstDay - ANOMALY_RULE.settleDays;
  const expected = medianOver(context.expectedLeaves('mtvi2', until), patch.pixels);
  const loss = leafLossOf(medianOver(season.looks[at]!.mtvi2, patch.pixels), expected);
  const severity = Number.isNaN(loss) ? null : severityOf(loss, patch.host.kind);
  const zone = { ...seen, causes, severity, verdict: verdictOf(causes), rule: ANOMALY_RULE.version };
  return { ...zone, ...standingOf(zone), sentence: sentenceOf(zone) };
}

/** Status and confidence rise with repeats; a crop map that is not sure keeps a zone suspected (METHODS 8.4). */
export function standingOf({
  sightings,
  causes,
}: Pick<Zone, 'sightings' | 'causes'>): Pick<Zone, 'status' | 'confidence'> {
  const { seen, of } = ANOMALY_RULE.persistence;
  const clear = sightings.filter(({ isSeen }) => isSeen !== null);
  const recent = clear.slice(-of).filter(({ isSeen }) => isSeen === true).length;
  const isDoubtful = causes.some(({ cause, isMet }) => cause === 'wrong-host' && isMet);
  if (recent < seen || isDoubtful) return { status: 'suspected', confidence: 'low' };
  return { status: 'established', confidence: recent > seen ? 'high' : 'medium' };
}

function sentenceOf({
  patch,
  drop,
  z,
  severity,
  causes,
}: Pick<Zone, 'patch' | 'drop' | 'z' | 'severity' | 'causes'>): Words {
  const mu = ((patch.area * 15) / 10000).toFixed(1);
  const size = Math.abs(drop).toFixed(2);
  const score = `z ${z.toFixed(1)}`;
  const { title } = causes[0]!; // all causes are ranked, always
  const grade = severity === null ? null : SEVERITIES[severity.severity];
  const isHouse = severity?.rule.isHouse === true;
  const zh = grade === null ? '程度未知' : `${grade.zh}（${isHouse ? '内部分级' : severity?.rule.standard}）`;
  const en =
    grade === null ? 'severity unknown' : `${grade.en} (${isHouse ? 'house cuts' : severity?.rule.standard})`;
  return {
    zh: `植被异常 ${mu} 亩：NDVI 比同类邻地多降 ${size}（${score}），${zh}；可能原因：${title.zh}；${VISIT.zh}`,
    en: `vegetation anomaly, ${mu} mu: NDVI fell by ${size} more than its neighbours' (${score}), ${en}; likely ${title.en}; ${VISIT.en}`,
  };
}
