import { dateOf, dayNumber } from '../series/axis.ts';
import { type Curve, lastLook, processRatio, valueNear, valueOnDay } from './curve.ts';
import { type Graded, gradeOf, type Reference, referenceOf } from './grade.ts';
import { medianOf } from './indicators.ts';
import { GRADE_RULES, GRADES, GROWTH_RULE, type Grade, type PresetId } from './rules.ts';
import { cropName, type Words, words } from './words.ts';

/** A place with what grew there and what was seen of it, by year. */
export interface GrowthPlace {
  readonly id: string;
  readonly region: string | null;
  readonly areaM2: number;
  /** Cell of some ten kilometres it lies in. */
  readonly cell: string;
  readonly crops: Readonly<Record<string, string>>;
  readonly seasons: ReadonlyMap<number, Curve>;
}

export interface GrowthOptions {
  readonly year: number;
  /** The day that is asked about, days since 1970-01-01; places are graded on their latest clear look up to it. */
  readonly day: number;
  /** `auto` takes A where a place has years of the same crop, else B. */
  readonly preset: PresetId | 'auto';
  /** Name of the index that is compared, for the reasons. */
  readonly index: string;
  /** The day of an earlier year at the stage of `day`; left out, the same day of the year. */
  readonly sameStage?: (day: number, year: number) => number | null;
}

export type GrowthCode =
  | 'history'
  | 'peers'
  | 'small'
  | 'no-crop'
  | 'few-dates'
  | 'not-seen'
  | 'few-to-compare';

/** How a place stands, or why nobody can say. */
export interface Growth {
  readonly id: string;
  readonly region: string | null;
  readonly areaM2: number;
  readonly crop: string | null;
  readonly grade: Grade | null;
  readonly preset: PresetId | null;
  /** Index at the latest clear look. */
  readonly index: number | null;
  readonly delta: number | null;
  readonly z: number | null;
  readonly percentile: number | null;
  readonly gpi: number | null;
  readonly vci: number | null;
  /** Of the latest clear look up to the day. */
  readonly pixelCount: number;
  readonly clearFraction: number;
  readonly clearDates: number;
  /** Day of the latest clear look up to the day, on which the place is graded; null without one. */
  readonly seen: number | null;
  readonly reason: Words & { readonly code: GrowthCode };
}

/** Grades of all places, and what a pixel of a place is compared with on a day. */
export interface GrowthRun {
  readonly results: readonly Growth[];
  readonly referenceOn: (place: string, day: number) => Reference | null;
}

/** Compares every place, on the day it was last seen clear, with its own years or with its peers on that day (METHODS 6). */
export function growthOf(places: readonly GrowthPlace[], options: GrowthOptions): GrowthRun {
  const { year, preset } = options;
  const usable = new Map(places.map((place) => [place.id, usabilityOf(place, options)]));
  const peers = peersOf(places, usable, year);
  const history = (place: GrowthPlace, crop: string, on: number) =>
    referenceOf(GRADE_RULES.A, yearsOf(place, crop, on, options));
  const chosen = new Map<string, PresetId>();
  const referenceFor = (place: GrowthPlace, crop: string, on: number, only?: PresetId): Reference | null => {
    const wanted = only ?? preset;
    const own = wanted === 'B' ? null : history(place, crop, on);
    return own ?? (wanted === 'A' ? null : peers.valuesOn(keyOf(place, crop), on));
  };
  const results = places.map((place): Growth => {
    const use = usable.get(place.id)!;
    if (typeof use === 'string') return ungraded(place, options, use, reasonOf(use, place, options));
    const { crop, value, on } = use;
    const reference = referenceFor(place, crop, on);
    if (reference === null)
      return ungraded(place, options, 'few-to-compare', {
        code: 'few-to-compare',
        ...words.fewToCompare(crop, peers.countOf(keyOf(place, crop)), GRADE_RULES.B.least),
      });
    const graded = gradeOf(value, reference);
    const presetUsed = reference.rule.by === 'z' ? 'A' : 'B';
    chosen.set(place.id, presetUsed);
    const curve = place.seasons.get(year)!;
    const line = peers.lineOf(keyOf(place, crop));
    return {
      ...factsOf(place, options),
      crop,
      grade: graded.grade,
      preset: presetUsed,
      index: value,
      delta: graded.delta,
      z: reference.rule.by === 'z' ? graded.score : null,
      percentile: reference.rule.by === 'percentile' ? graded.score : null,
      gpi: processRatio(curve.axis, curve.values, line, on),
      vci:
        graded.indicators.n >= GROWTH_RULE.vciYears && reference.rule.by === 'z'
          ? graded.indicators.vci
          : null,
      reason: gradedReason(
        graded,
        reference.rule.by === 'z',
        value,
        crop,
        place.crops[year - 1],
        options.index,
      ),
    };
  });
  const byId = new Map(places.map((place) => [place.id, place]));
  return {
    results,
    referenceOn: (id, on) => {
      const use = usable.get(id);
      const only = chosen.get(id);
      if (use === undefined || typeof use === 'string' || only === undefined) return null;
      return referenceFor(byId.get(id)!, use.crop, on, only);
    },
  };
}

interface Usable {
  readonly crop: string;
  readonly value: number;
  /** Day of the look. */
  readonly on: number;
}

/** Crop of a place and its latest clear look, or why there is none. */
function usabilityOf(
  place: GrowthPlace,
  { year, day }: GrowthOptions,
): Usable | 'no-crop' | 'few-dates' | 'not-seen' {
  const crop = place.crops[year];
  if (crop === undefined || crop === '') return 'no-crop';
  const curve = place.seasons.get(year);
  if (curve === undefined || curve.looks.days.length < GROWTH_RULE.leastDates) return 'few-dates';
  const last = lastLook(curve.looks, day);
  const on = curve.looks.days[last];
  return on === undefined || day - on > GROWTH_RULE.lateDays
    ? 'not-seen'
    : { crop, value: curve.looks.values[last]!, on };
}

function keyOf(place: GrowthPlace, crop: string): string {
  return `${crop}\u0000${place.cell}`;
}

/** Values of a place at the same stage of earlier years in which it grew the same crop. */
function yearsOf(place: GrowthPlace, crop: string, on: number, { year, sameStage }: GrowthOptions): number[] {
  const stage = sameStage ?? sameDayOf;
  return [...place.seasons].flatMap(([earlier, curve]) => {
    if (earlier >= year || place.crops[earlier] !== crop) return [];
    if (curve.looks.days.length < GROWTH_RULE.leastDates) return [];
    const day = stage(on, earlier);
    return (day === null ? null : valueNear(curve, day)) ?? [];
  });
}

/** The same month and day of another year; 29 February becomes 1 March. */
export function sameDayOf(day: number, year: number): number {
  const monthDay = dateOf(day).slice(5);
  return dayNumber(monthDay === '02-29' && year % 4 !== 0 ? `${year}-03-01` : `${year}-${monthDay}`);
}

/** Places of one crop in one cell, and what they were like on any day. */
function peersOf(places: readonly GrowthPlace[], usable: ReadonlyMap<string, Usable | string>, year: number) {
  const groups = new Map<string, Curve[]>();
  for (const place of places) {
    const use = usable.get(place.id);
    if (use === undefined || typeof use === 'string') continue;
    const key = keyOf(place, use.crop);
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(place.seasons.get(year)!);
  }
  const known = new Map<string, Reference | null>();
  const lines = new Map<string, Float64Array>();
  return {
    countOf: (key: string) => groups.get(key)?.length ?? 0,
    valuesOn: (key: string, day: number): Reference | null => {
      const name = `${key}\u0000${day}`;
      if (!known.has(name)) {
        const values = (groups.get(key) ?? []).flatMap((curve) => valueOnDay(curve, day) ?? []);
        known.set(name, referenceOf(GRADE_RULES.B, values));
      }
      return known.get(name)!;
    },
    /** Median of their lines, node by node. */
    lineOf: (key: string): Float64Array => {
      const curves = groups.get(key)!;
      const line =
        lines.get(key) ??
        curves[0]!.values.map((_, node) =>
          medianOf(curves.map(({ values }) => values[node]!).filter(Number.isFinite)),
        );
      lines.set(key, line);
      return line;
    },
  };
}

function factsOf(
  place: GrowthPlace,
  { year, day }: GrowthOptions,
): Pick<Growth, 'id' | 'region' | 'areaM2' | 'pixelCount' | 'clearFraction' | 'clearDates' | 'seen'> {
  const looks = place.seasons.get(year)?.looks;
  const last = looks === undefined ? -1 : lastLook(looks, day);
  return {
    id: place.id,
    region: place.region,
    areaM2: place.areaM2,
    pixelCount: last < 0 ? 0 : looks!.pixels[last]!,
    clearFraction: last < 0 ? 0 : looks!.clear[last]!,
    clearDates: looks?.days.length ?? 0,
    seen: last < 0 ? null : looks!.days[last]!,
  };
}

function ungraded(
  place: GrowthPlace,
  options: GrowthOptions,
  code: GrowthCode,
  reason: Growth['reason'],
): Growth {
  const use = usabilityOf(place, options);
  const value = typeof use === 'string' ? null : use;
  return {
    ...factsOf(place, options),
    crop: code === 'no-crop' ? null : (place.crops[options.year] ?? null),
    grade: null,
    preset: null,
    index: value?.value ?? null,
    delta: null,
    z: null,
    percentile: null,
    gpi: null,
    vci: null,
    reason,
  };
}

function reasonOf(
  code: 'no-crop' | 'few-dates' | 'not-seen',
  place: GrowthPlace,
  { year, day }: GrowthOptions,
): Growth['reason'] {
  const looks = place.seasons.get(year)?.looks;
  if (code === 'no-crop') return { code, ...words.noCrop(year) };
  const seen = looks === undefined ? -1 : lastLook(looks, day);
  if (code === 'few-dates')
    return { code, ...words.fewDates(looks?.days.length ?? 0, looks?.looked ?? 0, GROWTH_RULE.leastDates) };
  return { code, ...words.notSeen(dateOf(day), seen < 0 ? null : dateOf(looks!.days[seen]!)) };
}

function gradedReason(
  { grade, score, isGuarded, delta, indicators }: Graded,
  isHistory: boolean,
  value: number,
  crop: string,
  before: string | undefined,
  index: string,
): Growth['reason'] {
  const facts = { index, value, n: indicators.n, crop: cropName(crop), grade: GRADES[grade - 1]!, score };
  const rotated = before !== undefined && before !== crop ? cropName(before) : null;
  const text = isHistory
    ? words.history({ ...facts, mean: indicators.mean })
    : words.peers({ ...facts, median: indicators.median, rotated });
  return isGuarded
    ? { code: 'small', ...words.small(text, Math.abs(delta), GROWTH_RULE.guard) }
    : { code: isHistory ? 'history' : 'peers', ...text };
}
